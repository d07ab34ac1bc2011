"""Retrying: a function as one transaction, run again where the database says that it may succeed the next time."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from rowsmith import bridge
from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.db.connection import Connection
from rowsmith.db.handler import connections
from rowsmith.db.session import call_back
from rowsmith.db.transactions import Atomic
from rowsmith.exceptions import (
    CommitUnknown,
    ConnectionLost,
    DeadlockDetected,
    NotSupportedError,
    SerializationFailure,
    TransactionManagementError,
)
from rowsmith.imports import Later

if TYPE_CHECKING:
    import asyncio
    import inspect
else:
    asyncio, inspect = Later("asyncio"), Later("inspect")

P = ParamSpec("P")
T = TypeVar("T")

_RETRIED = (SerializationFailure, DeadlockDetected, ConnectionLost)

FIRST_DELAY, LONGEST_DELAY = 0.01, 1.0
"""Seconds to wait at most before the second attempt, and before any; in between they double."""


class _Attempts:
    """What one call of `run` may still do, and what it found out.

    exactly_once:  a commit whose answer was lost is looked up afterwards.
    """

    def __init__(
        self, using: str | None, retries: int, deadline: float | None, isolation: str | None, exactly_once: bool
    ) -> None:
        if retries < 0:
            raise ValueError(f"retries is how often to try again, 0 or more, not {retries!r}.")
        self.connection: Connection = connections[DEFAULT_DB_ALIAS if using is None else using]
        self.block = Atomic(using, savepoint=False, durable=True, isolation=isolation)
        self.exactly_once = exactly_once
        self._left = retries
        self._delay = FIRST_DELAY
        self._end = None if deadline is None else time.monotonic() + deadline
        self._transaction: str | None = None
        session = self.connection._session.get()
        if session is not None and session.in_block_of_code:
            raise TransactionManagementError(
                "transaction.run() is a whole transaction, which may have to begin anew; it cannot stand inside of "
                "an atomic block. Call the function itself, or run() outside."
            )
        if exactly_once and self.connection.dialect.transaction_id_query is None:
            raise NotSupportedError(
                f"{self.connection.vendor} does not tell what became of a transaction: exactly_once needs PostgreSQL."
            )

    def settled(self, error: CommitUnknown) -> bool:
        """Whether a transaction was kept whose commit was not answered; then what waited for that is called."""
        if not self.was_committed(error):
            return False
        for callback, robust in error.callbacks:
            call_back(callback, robust)
        return True

    def delay_after(self, error: Exception) -> float:
        """How long to wait before the next attempt; the error again where there is none."""
        if self._left == 0 or isinstance(error, CommitUnknown):
            raise error
        # Jitter over the whole time, so that those who met do not meet again.
        delay = random.uniform(0, self._delay)
        if self._end is not None and time.monotonic() + delay >= self._end:
            raise error
        self._left -= 1
        self._delay = min(2 * self._delay, LONGEST_DELAY)
        return delay

    def remember(self) -> None:
        """Ask for the number of this transaction, while it is open; None when it wrote nothing."""
        if self.exactly_once:
            query = self.connection.dialect.transaction_id_query
            [[self._transaction]] = self.connection.fetch(query, (), list)

    def was_committed(self, error: CommitUnknown) -> bool:
        """What became of a transaction whose commit was not answered; the error again where nobody knows."""
        if not self.exactly_once:
            raise error
        if self._transaction is None:
            return True  # it wrote nothing, so that its end makes no difference
        wait = FIRST_DELAY
        while True:
            status = self._status()
            if status in ("committed", "aborted"):
                return status == "committed"
            if status is None or (self._end is not None and time.monotonic() + wait >= self._end):
                raise error
            # The server has not noticed yet that nobody listens.
            bridge.wait(asyncio.sleep(wait)) if bridge.inside() else time.sleep(wait)
            wait = min(2 * wait, LONGEST_DELAY)

    def _status(self) -> str | None:
        query = self.connection.dialect.transaction_status_query
        for last in (False, False, True):
            try:
                [[status]] = self.connection.fetch(query, (self._transaction,), list)
            except ConnectionLost:
                if last:
                    raise
            else:
                return None if status is None else str(status)
        return None


def run(
    func: Callable[P, T],
    /,
    *args: Any,
    using: str | None = None,
    retries: int = 5,
    deadline: float | None = None,
    isolation: str | None = None,
    exactly_once: bool = False,
    **kwargs: Any,
) -> T:
    """Call `func(*args, **kwargs)` as one transaction, and again when it could not be placed among the others.

    It begins anew after SerializationFailure, DeadlockDetected, and ConnectionLost before the commit was sent, with a
    random wait that grows. So `func` may run several times: what it does outside of the database belongs into
    `on_commit()`. Other errors leave at once.

    retries:       how often to begin anew, after which the last error leaves.
    deadline:      seconds after which no further attempt begins.
    isolation:     as of `atomic()`.
    exactly_once:  look up what became of a commit whose answer was lost (PostgreSQL), instead of raising
                   CommitUnknown; it costs a statement in each transaction.
    """
    if inspect.iscoroutinefunction(func):
        raise TypeError(f"{func!r} has to be awaited. Write: await transaction.arun(func).")
    attempts = _Attempts(using, retries, deadline, isolation, exactly_once)
    while True:
        done = False
        try:
            with attempts.block:
                result = func(*args, **kwargs)
                attempts.remember()
                done = True
            return result
        except CommitUnknown as error:
            if not done:
                raise  # the commit of a transaction inside of it, on another database
            if attempts.settled(error):
                return result
            delay = attempts.delay_after(ConnectionLost(str(error)))
        except _RETRIED as error:
            delay = attempts.delay_after(error)
        bridge.wait(asyncio.sleep(delay)) if bridge.inside() else time.sleep(delay)


async def arun(
    func: Callable[P, Awaitable[T]],
    /,
    *args: Any,
    using: str | None = None,
    retries: int = 5,
    deadline: float | None = None,
    isolation: str | None = None,
    exactly_once: bool = False,
    **kwargs: Any,
) -> T:
    """As `run`, for coroutine functions."""
    attempts = _Attempts(using, retries, deadline, isolation, exactly_once)
    while True:
        done = False
        try:
            async with attempts.block:
                result = await func(*args, **kwargs)
                await bridge.run(attempts.remember)
                done = True
            return result
        except CommitUnknown as error:
            if not done:
                raise
            if await bridge.run(attempts.settled, error):
                return result
            delay = attempts.delay_after(ConnectionLost(str(error)))
        except _RETRIED as error:
            delay = attempts.delay_after(error)
        await asyncio.sleep(delay)
