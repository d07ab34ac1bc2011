"""One transaction for a whole test: for its fixtures, its threads and its event loops alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from threading import get_ident
from typing import Any

from rowsmith import bridge, transaction
from rowsmith.db import Connection, connections
from rowsmith.db.instrumentation import observers
from rowsmith.db.session import Holder, Session, would_block
from rowsmith.db.transactions import Atomic
from rowsmith.exceptions import TransactionManagementError
from rowsmith.testing.databases import place_of


class TestBlock(Atomic):
    """The block around a test, or around the tests of a class, in which a durable block may stand."""

    __test__ = False

    _from_testcase = True


class SharedSession(Session):
    """A session that any thread and any task may use, over a connection that blocks whoever uses it.

    Blocking an event loop for the time of a statement matters to a service, and not to a test. Atomic blocks of two
    tasks or threads at once would undo each other's savepoints, so that is refused.
    """

    __slots__ = ("_openers",)

    def _remember_owner(self) -> None:
        self._owner = get_ident()
        self._openers: list[Any] = []

    def _check_owner(self) -> None:
        if self.closed:
            raise TransactionManagementError(
                f"The test that had the transaction on {self.alias!r} has ended. Wait in the test for the threads and "
                "tasks that it starts."
            )
        error = would_block(self.alias)
        if error is not None:
            raise error

    def enter(self, savepoint: bool, from_testcase: bool) -> None:
        here = bridge.current_task() or get_ident()
        if self._openers and self._openers[-1] not in (None, here):
            raise TransactionManagementError(
                f"Two tasks or threads have atomic blocks on {self.alias!r} open at once, and all code of this test "
                "shares one connection. Let the test commit: use the fixture transactional_db, or "
                "@pytest.mark.rowsmith(transaction=True)."
            )
        super().enter(savepoint, from_testcase)
        self._openers.append(None if from_testcase else here)

    def exit(self, failed: bool) -> None:
        self._openers.pop()
        super().exit(failed)


class _Everywhere:
    """In place of a connection's context variable: the session of the test, unless code has opened one of its own."""

    def __init__(self, variable: ContextVar[Session | None], session: Session) -> None:
        self._variable = variable
        self._session = session

    def get(self) -> Session | None:
        return self._variable.get() or self._session

    def set(self, session: Session | None) -> None:
        self._variable.set(session)


@contextmanager
def shared_transaction(aliases: Iterable[str]) -> Iterator[None]:
    """Have all code use one transaction on each of these databases, which is rolled back at the end.

    Constraints that would have been checked by the commit are checked before that.
    """
    with ExitStack() as stack:
        held: dict[tuple[Any, ...], str] = {}
        for alias in sorted(aliases):
            connection = connections[alias]
            twin = held.setdefault(place_of(connection.settings), alias)
            if twin == alias:
                stack.enter_context(_leased(connection))
            else:
                stack.enter_context(_borrowed(connection, connections[twin]))
        yield
        for alias in held.values():
            if not transaction.get_rollback(alias):
                connections[alias].check_constraints()


@contextmanager
def _leased(connection: Connection) -> Iterator[None]:
    variable, pool = connection._session, connection._pool
    raw = pool.acquire()
    session = SharedSession(connection.alias, pool, raw, True, connection._session_command)
    session.pinned = True
    raw.holder = Holder("the transaction of a test")
    connection._session = _Everywhere(variable, session)  # type: ignore[assignment]
    block = TestBlock(connection.alias, savepoint=True, durable=False)
    try:
        block._enter(None)
        try:
            yield
        finally:
            session.needs_rollback = True
            del session.blocks[1:]  # of tasks that did not come to their end
            session._openers[1:] = []
            block._exit(False)
    finally:
        connection._session = variable
        session.end()


@contextmanager
def _borrowed(connection: Connection, other: Connection) -> Iterator[None]:
    """Have another alias of the same database use the same transaction."""
    variable = connection._session
    session = other._session.get()
    assert session is not None
    connection._session = _Everywhere(variable, session)  # type: ignore[assignment]
    try:
        yield
    finally:
        connection._session = variable


@contextmanager
def refused_databases(refused: Iterable[str], explain: Callable[[str], Exception]) -> Iterator[None]:
    """Let every statement to one of these databases raise what `explain(alias)` returns, wherever it comes from."""
    out_of_bounds = frozenset(refused)

    def refuse(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        alias = context["connection"].alias
        if alias in out_of_bounds:
            raise explain(alias)
        return execute(sql, params, many, context)

    if not out_of_bounds:
        yield
        return
    observers.append(refuse)
    connections.note_watchers()
    try:
        yield
    finally:
        observers.remove(refuse)
        connections.note_watchers()
