"""Test cases: classes for `unittest` whose tests leave nothing behind in the databases."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import inspect
import logging
import sys
import unittest
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, Literal

from rowsmith import bridge, transaction
from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.db import connections
from rowsmith.db.session import call_back
from rowsmith.db.transactions import Atomic
from rowsmith.exceptions import did_you_mean
from rowsmith.execution.emptying import empty_tables
from rowsmith.serializers.fixtures import load_fixtures
from rowsmith.testing.shared import TestBlock
from rowsmith.testing.snapshots import restore, snapshot
from rowsmith.testing.statements import CaptureQueriesContext

logger = logging.getLogger("rowsmith.testing")


class DatabaseOperationForbidden(AssertionError):
    """A test asked a database that its class does not name in `databases`."""


class TransactionTestCase(unittest.TestCase):
    """Tests that commit; afterwards the tables of all models are emptied.

    A class with coroutines among its tests runs as a whole on one event loop, over the async drivers: `setUp` and plain
    tests too, so that all of them see the same transaction.

    databases:        the aliases that tests may use, or "__all__"; a query to another one fails the test.
    reset_sequences:  whether keys begin at 1 again in each test.
    fixtures:         names of fixtures to load into each of these databases before each test.
    serialized_rollback:  have the rows that were there before the class back after each test.
    available_apps:   labels of the apps whose tables are emptied; None for all.
    """

    databases: ClassVar[Iterable[str] | Literal["__all__"]] = (DEFAULT_DB_ALIAS,)
    reset_sequences: ClassVar[bool] = False
    fixtures: ClassVar[Iterable[str]] = ()
    serialized_rollback: ClassVar[bool] = False
    available_apps: ClassVar[Iterable[str] | None] = None
    _before: ClassVar[dict[str, str]] = {}
    _runner: ClassVar[asyncio.Runner | None] = None

    # The loop of a class with coroutines

    @classmethod
    def _has_coroutines(cls) -> bool:
        return any(inspect.iscoroutinefunction(getattr(cls, name, None)) for name in dir(cls))

    @classmethod
    def _do(cls, function: Callable[..., Any], *args: Any) -> Any:
        """Call plain code or a coroutine function, on the loop of the class if it has one."""
        if cls._runner is None:
            return function(*args)

        async def main() -> Any:
            for alias in connections:
                # The transaction goes on in another task of the same loop.
                session = connections[alias]._session.get()
                if session is not None:
                    session._owner = bridge.current_task()
            if inspect.iscoroutinefunction(function):
                return await function(*args)
            return await bridge.run(function, *args)

        return cls._runner.run(main())

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        if cls._has_coroutines():
            cls._runner = asyncio.Runner()
        try:
            cls._check_aliases()
            cls._do(cls._begin_class)
        except BaseException:
            cls._close_loop()
            raise

    @classmethod
    def tearDownClass(cls) -> None:
        try:
            cls._do(cls._end_class)
        finally:
            cls._close_loop()
        super().tearDownClass()

    @classmethod
    def _close_loop(cls) -> None:
        if cls._runner is not None:
            cls._runner.close()
            cls._runner = None

    def _callSetUp(self) -> None:
        self._do(self.setUp)

    def _callTestMethod(self, method: Callable[[], Any]) -> None:
        self._do(method)

    def _callTearDown(self) -> None:
        self._do(self.tearDown)

    def _callCleanup(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self._do(lambda: function(*args, **kwargs))

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        """Run the test between what prepares the databases for it and what clears up after it."""
        if result is None:
            return super().run(result)
        method = getattr(self, self._testMethodName)
        if getattr(type(self), "__unittest_skip__", False) or getattr(method, "__unittest_skip__", False):
            return super().run(result)
        with contextlib.ExitStack() as stack:
            try:
                self._do(self._begin_test)
                for alias in set(connections) - self._aliases():
                    stack.enter_context(connections[alias].execute_wrapper(_forbidden(alias, type(self))))
            except Exception:
                result.startTest(self)
                result.addError(self, sys.exc_info())
                result.stopTest(self)
                return result
            try:
                super().run(result)
            finally:
                stack.close()
                try:
                    self._do(self._end_test)
                except Exception:
                    result.addError(self, sys.exc_info())
        return result

    # Databases

    @classmethod
    def _aliases(cls) -> set[str]:
        return set(connections) if cls.databases == "__all__" else set(cls.databases)

    @classmethod
    def _check_aliases(cls) -> None:
        for alias in cls._aliases() - set(connections):
            raise ValueError(
                f"{cls.__qualname__}.databases names {alias!r}, which is not configured."
                f"{did_you_mean(alias, connections)}"
            )

    @classmethod
    def _begin_class(cls) -> None:
        """What comes before all tests."""
        cls._before = {alias: snapshot(alias) for alias in cls._aliases()} if cls.serialized_rollback else {}

    @classmethod
    def _load_fixtures(cls) -> None:
        for alias in sorted(cls._aliases()) if cls.fixtures else ():
            load_fixtures(*cls.fixtures, using=alias)

    @classmethod
    def _end_class(cls) -> None:
        """What comes after all tests."""

    def _begin_test(self) -> None:
        if self.reset_sequences:
            self._empty()
        self._load_fixtures()

    def _end_test(self) -> None:
        self._empty()

    def _empty(self) -> None:
        for alias in self._aliases():
            empty_tables(alias, reset_sequences=self.reset_sequences, labels=self.available_apps)
            if alias in self._before:
                restore(alias, self._before[alias])

    # Assertions

    def assertNumQueries(
        self,
        num: int,
        func: Callable[..., Any] | None = None,
        *args: Any,
        using: str = DEFAULT_DB_ALIAS,
        **kwargs: Any,
    ) -> Any:
        """A block, or a call of `func`, sends exactly `num` statements; otherwise they are listed."""
        context = self._counted(num, using)
        if func is None:
            return context
        with context:
            func(*args, **kwargs)
        return None

    @contextlib.contextmanager
    def _counted(self, num: int, using: str) -> Iterator[CaptureQueriesContext]:
        with CaptureQueriesContext(connections[using]) as captured:
            yield captured
        sent = [query["sql"] for query in captured.captured_queries]
        listed = "\n".join(f"{number}. {sql}" for number, sql in enumerate(sent, 1))
        self.assertEqual(
            len(sent), num, f"{len(sent)} queries executed, {num} expected\nCaptured queries were:\n{listed}"
        )

    def assertQuerySetEqual(
        self,
        qs: Any,
        values: Any,
        transform: Callable[[Any], Any] | None = None,
        ordered: bool = True,
        msg: str | None = None,
    ) -> None:
        """The rows of a queryset, each as `transform` makes it, are `values`."""
        wanted = list(values)
        found = list(qs) if transform is None else [transform(row) for row in qs]
        if not ordered:
            self.assertCountEqual(found, wanted, msg)
            return
        if len(wanted) > 1 and hasattr(qs, "ordered") and not qs.ordered:
            raise ValueError(
                "Trying to compare non-ordered queryset against more than one value: order it, or say ordered=False."
            )
        self.assertEqual(found, wanted, msg)

    @classmethod
    @contextlib.contextmanager
    def captureOnCommitCallbacks(
        cls, *, using: str = DEFAULT_DB_ALIAS, execute: bool = False
    ) -> Iterator[list[Callable[[], Any]]]:
        """The functions that a block gives to `on_commit()`; called at its end when `execute` is True."""
        callbacks: list[Callable[[], Any]] = []
        session = connections[using]._session.get()
        done = 0 if session is None else len(session.callbacks)
        yield callbacks
        while session is not None and done < len(session.callbacks):
            # Those that are called may have more to be done.
            callback, robust = session.callbacks[done]
            done += 1
            callbacks.append(callback)
            if execute:
                call_back(callback, robust)


class TestCase(TransactionTestCase):
    """Tests inside of a transaction that is rolled back; what `setUpTestData` made is there in each of them."""

    _class_blocks: ClassVar[dict[str, Atomic]] = {}

    @classmethod
    def setUpTestData(cls) -> None:
        """Make the rows that all tests of the class start from. Attributes set here are copied for each test."""

    @classmethod
    def _begin_class(cls) -> None:
        cls._class_blocks = _enter(cls._aliases())
        before = dict(vars(cls))
        try:
            cls._load_fixtures()
            cls.setUpTestData()
        except BaseException:
            _roll_back(cls._class_blocks)
            raise
        for name, value in list(vars(cls).items()):
            if value is not before.get(name):
                setattr(cls, name, _PerTest(name, value))

    @classmethod
    def _end_class(cls) -> None:
        _roll_back(cls._class_blocks)

    def _begin_test(self) -> None:
        self._blocks = _enter(self._aliases())

    def _end_test(self) -> None:
        try:
            for alias in self._blocks:
                if not transaction.get_rollback(alias):
                    connections[alias].check_constraints()
        finally:
            _roll_back(self._blocks)


TestCase.__test__ = False  # type: ignore[attr-defined]
TransactionTestCase.__test__ = False  # type: ignore[attr-defined]


class _PerTest:
    """An attribute of the class, of which each test gets a copy of its own when it first asks."""

    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self.value = value

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return self.value
        # Objects that refer to one another still do so among the copies.
        memo = instance.__dict__.setdefault("_copies", {})
        value = instance.__dict__[self.name] = copy.deepcopy(self.value, memo)
        return value


def _enter(aliases: Iterable[str]) -> dict[str, Atomic]:
    blocks: dict[str, Atomic] = {}
    for alias in sorted(aliases):
        block = TestBlock(alias, savepoint=True, durable=False)
        block._enter(None)
        blocks[alias] = block
    return blocks


def _roll_back(blocks: dict[str, Atomic]) -> None:
    for alias, block in reversed(blocks.items()):
        transaction.set_rollback(True, alias)
        block._exit(False)


def _forbidden(alias: str, case: type) -> Callable[..., Any]:
    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        raise DatabaseOperationForbidden(
            f"A test of {case.__qualname__} asked the database {alias!r}: {sql}\nAdd {alias!r} to "
            f"{case.__qualname__}.databases."
        )

    return refuse
