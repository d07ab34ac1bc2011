"""Transactions: `atomic` and what belongs to it, for plain code and for coroutines."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, overload

from rowsmith import bridge
from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.db.connection import Connection
from rowsmith.db.handler import connections
from rowsmith.db.session import Session, call_back
from rowsmith.deprecation import discourage
from rowsmith.exceptions import NotSupportedError, TransactionManagementError
from rowsmith.imports import Later

if TYPE_CHECKING:
    import inspect
else:
    inspect = Later("inspect")

F = TypeVar("F", bound=Callable[..., Any])

_LEVELS = ("read uncommitted", "read committed", "repeatable read", "serializable")


def _connection(using: str | None) -> Connection:
    return connections[DEFAULT_DB_ALIAS if using is None else using]


class Atomic:
    """A block whose changes are kept together or not at all: a context manager and decorator in both worlds.

    It has no state of its own, so that one object may be entered again while it is open.
    """

    _from_testcase = False

    def __init__(self, using: str | None, savepoint: bool, durable: bool, isolation: str | None = None) -> None:
        self.using = using
        self.savepoint = savepoint
        self.durable = durable
        self.isolation = None if isolation is None else _level(isolation)

    def __enter__(self) -> None:
        self._enter(sys._getframe(1))

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self._exit(kind is not None)

    async def __aenter__(self) -> None:
        await bridge.run(self._enter, sys._getframe(1))

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        await bridge.run(self._exit, kind is not None)

    def __call__(self, func: F) -> F:
        if inspect.iscoroutinefunction(func):

            @wraps(func)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                async with self:
                    return await func(*args, **kwargs)

            return awaited  # type: ignore[return-value]

        @wraps(func)
        def called(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return called  # type: ignore[return-value]

    def _enter(self, site: Any) -> None:
        connection = _connection(self.using)
        session = connection._current_session()
        if session is None:
            session = connection._open_session(autocommit=True, what="atomic", site=site)
            try:
                session.enter(self.savepoint, self._from_testcase)
                if self.isolation is not None:
                    _isolate(connection, session, self.isolation)
            except BaseException:
                connection._close_session(session)
                raise
            return
        if self.isolation is not None and (session.in_block_of_code or not session.blocks):
            raise TransactionManagementError(
                f"isolation={self.isolation!r} belongs to the outermost atomic block: a transaction that has begun "
                "keeps its level."
            )
        if self.durable and session.in_block_of_code:
            raise RuntimeError("A durable atomic block cannot be nested within another atomic block.")
        if not session.autocommit and not connection.atomic_without_autocommit:
            raise TransactionManagementError(
                f"{connection.vendor} cannot use atomic() while autocommit is off. Turn it on before: "
                "transaction.set_autocommit(True)."
            )
        session.enter(self.savepoint, self._from_testcase)

    def _exit(self, failed: bool) -> None:
        connection = _connection(self.using)
        session = connection._session.get()
        if session is None or not session.blocks:
            raise TransactionManagementError(
                "An atomic block ends that is not open here: its database was configured anew inside of "
                "it, or it was entered in another context."
            )
        outermost = len(session.blocks) == 1 and session.autocommit
        try:
            session.exit(failed)
        finally:
            if outermost and not session.pinned:
                connection._close_session(session)
        if outermost:
            session.run_callbacks()


@overload
def atomic(using: F) -> F: ...


@overload
def atomic(
    using: str | None = None, savepoint: bool = True, durable: bool = False, *, isolation: str | None = None
) -> Atomic: ...


def atomic(
    using: Any = None, savepoint: bool = True, durable: bool = False, *, isolation: str | None = None
) -> Any:
    """Keep what a block or function does in the database together: all of it, or after an exception nothing.

    Works as `with atomic():`, `async with atomic():`, `@atomic` and `@atomic(...)` on functions of both
    kinds.

    using:      alias of the database.
    savepoint:  whether a nested block can be undone by itself; without, its failure undoes the block around it.
    durable:    raise RuntimeError unless this is the outermost block, whose end is a commit.
    isolation:  "read committed", "repeatable read" or "serializable", for an outermost block; a database that has but
                one level, such as SQLite, has the last one.
    """
    if callable(using):
        return Atomic(None, savepoint, durable, isolation)(using)
    return Atomic(using, savepoint, durable, isolation)


def _isolate(connection: Connection, session: Session, level: str) -> None:
    """Set the level of the transaction that has just begun, where the database has several."""
    levels = connection.features.isolation_levels
    if levels:
        if level not in levels:
            known = ", ".join(levels)
            raise NotSupportedError(f"{connection.vendor} has no isolation level {level!r}; it has: {known}.")
        session.command(f"SET TRANSACTION ISOLATION LEVEL {level.upper()}")


def _level(isolation: str) -> str:
    level = isolation.lower().replace("_", " ")
    if level not in _LEVELS:
        raise ValueError(f"isolation is one of {', '.join(map(repr, _LEVELS))}, not {isolation!r}.")
    return level


def on_commit(func: Callable[[], Any], using: str | None = None, robust: bool = False) -> None:
    """Call `func()` once the outermost transaction has committed; at once when there is none.

    func:    takes no arguments; bind them with functools.partial. A coroutine function is awaited in
    transactions
             of coroutines.
    robust:  log an Exception from it (logger `rowsmith.db`) and go on, instead of letting it out.
    """
    if not callable(func):
        raise TypeError("on_commit() takes a function to call, as in: on_commit(partial(send, order)).")
    connection = _connection(using)
    session = connection._current_session()
    if session is not None and session.blocks:
        if session.closed:
            session._check_owner()
        session.callbacks.append((func, robust))
    elif session is not None and not session.autocommit:
        raise TransactionManagementError("on_commit() means nothing while autocommit is off: use atomic().")
    else:
        call_back(func, robust)


def get_autocommit(using: str | None = None) -> bool:
    """Does every statement commit by itself here?"""
    return _connection(using).get_autocommit()


def set_autocommit(autocommit: bool, using: str | None = None) -> None:
    """Have statements commit by themselves, or only by `commit()`."""
    _connection(using).set_autocommit(autocommit)


def commit(using: str | None = None) -> None:
    """Commit, with autocommit off."""
    _connection(using).commit()


def rollback(using: str | None = None) -> None:
    """Undo everything since the last commit, with autocommit off."""
    _connection(using).rollback()


def savepoint_create(using: str | None = None) -> str | None:
    """Make a savepoint and return its id; None in autocommit mode, where there is nothing to return to."""
    session = _transaction(using)
    return None if session is None else session.savepoint()


def savepoint(using: str | None = None) -> str | None:
    """The older name of `savepoint_create`."""
    discourage("savepoint() leaves in 2.0; write savepoint_create().")
    return savepoint_create(using)


def savepoint_commit(sid: str | None, using: str | None = None) -> None:
    """Release a savepoint: what was done since then can no longer be undone by itself."""
    session = _transaction(using)
    if session is not None and sid is not None:
        session.savepoint_commit(sid)


def savepoint_rollback(sid: str | None, using: str | None = None) -> None:
    """Undo what was done since the savepoint; callbacks registered since then go with it."""
    session = _transaction(using)
    if session is not None and sid is not None:
        session.savepoint_rollback(sid)


def clean_savepoints(using: str | None = None) -> None:
    """Begin counting savepoint ids anew."""
    session = _transaction(using)
    if session is not None:
        session.clean_savepoints()


def _transaction(using: str | None) -> Session | None:
    """The session in which savepoints can be made, if there is one."""
    session = _connection(using)._current_session()
    return session if session is not None and (session.blocks or not session.autocommit) else None


def _open_block(using: str | None, what: str) -> Session:
    session = _connection(using)._session.get()
    if session is None or not session.blocks:
        raise TransactionManagementError(
            f"{what} reads or sets the flag of an atomic block, and none is open here. Write it inside: with atomic()."
        )
    return session


def get_rollback(using: str | None = None) -> bool:
    """Will the innermost atomic block be rolled back at its end?"""
    return _open_block(using, "get_rollback()").needs_rollback


def set_rollback(rollback: bool, using: str | None = None) -> None:
    """Have the innermost atomic block rolled back at its end, or keep it although a statement failed.

    False is right only after the failure itself was undone, by rolling back to a savepoint.
    """
    _open_block(using, "set_rollback()").needs_rollback = rollback


class mark_for_rollback_on_error:
    """Have the atomic block around rolled back when this code raises, even if the error is caught in
    between."""

    def __init__(self, using: str | None = None) -> None:
        self._using = using

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if kind is not None:
            session = _connection(self._using)._session.get()
            if session is not None and session.blocks:
                session.needs_rollback = True


def non_atomic_requests(using: Any = None) -> Any:
    """Exempt a request handler from ATOMIC_REQUESTS: on one database, or the default; bare or called."""
    if callable(using):
        return _exempt(using, DEFAULT_DB_ALIAS)
    alias = DEFAULT_DB_ALIAS if using is None else using
    return lambda func: _exempt(func, alias)


def _exempt(func: F, alias: str) -> F:
    exempt: frozenset[str] = getattr(func, "_non_atomic_requests", frozenset())
    func._non_atomic_requests = exempt | {alias}  # type: ignore[attr-defined]
    return func
