"""PostgreSQL connections: one class for threads, one for event loops, the same outside."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.pq import ConnStatus, TransactionStatus

from rowsmith import bridge
from rowsmith.drivers.base import Result, Row
from rowsmith.drivers.postgresql.errors import DRIVER_ERRORS, mapped
from rowsmith.drivers.watchdog import watchdog
from rowsmith.exceptions import Error, QueryCanceled

T = TypeVar("T")

_IDLE = TransactionStatus.IDLE
_BAD = ConnStatus.BAD
_HELD_ROWS = 500
"""A cursor keeps its last result; past this many rows it is replaced, so that idle connections hold
nothing large."""
_PATIENCE = 2.0
"""Seconds to try to reach a server that is to end a statement."""


class _Connection:
    """What both kinds share; it is written in terms of the few calls that wait."""

    native: Any

    def __init__(self, native: Any, begin: str, usual_limit: float | None = None) -> None:
        self.native = native
        self.usual_limit = usual_limit
        self.opened_at = self.returned_at = time.monotonic()
        self.era = 0
        self.holder: Any = None
        self.text = ""
        self._begin = begin
        self._streams = 0
        self._cursor = self._make_cursor()

    def _make_cursor(self) -> Any:
        raise NotImplementedError

    def _run(self, text: str, parameters: Sequence[Any] | None) -> Any:
        """Send a statement without preparing it, and return a cursor of its own with the result."""
        raise NotImplementedError

    def _may_wait(self) -> bool:
        raise NotImplementedError

    def _ours(self, error: Exception) -> Error:
        return mapped(error, broken=self.native.pgconn.status == _BAD)

    def stream(self, text: str, parameters: Sequence[Any], chunk_size: int) -> Generator[list[Row], None, None]:
        own_transaction = self.is_idle()
        if own_transaction:
            # A server-side cursor lives in a transaction.
            self.command("BEGIN")
        name = f"rowsmith_{self._streams}"
        self._streams += 1
        read_to_its_end = False
        try:
            self._run(f"DECLARE {name} NO SCROLL CURSOR FOR {text}", parameters or None)
            more = f"FETCH FORWARD {chunk_size} FROM {name}"
            while chunk := self._rows(self._run(more, None)):
                yield chunk
                if len(chunk) < chunk_size:
                    break
            read_to_its_end = True
        finally:
            self._streams -= 1
            # Left by the garbage collector on an event loop, it cannot wait; the pool then sees that it
            # is not idle.
            if self._may_wait() and not self.is_broken():
                if own_transaction:
                    # What was read may have called functions that write.
                    self.command("COMMIT" if read_to_its_end else "ROLLBACK")
                elif self.native.pgconn.transaction_status == TransactionStatus.INTRANS:
                    self.command(f"CLOSE {name}")

    def _rows(self, cursor: Any) -> list[Row]:
        raise NotImplementedError

    def command(self, text: str) -> None:
        self._run(text, None)

    def begin(self) -> None:
        self._run(self._begin, None)

    def commit(self) -> None:
        self._run("COMMIT", None)

    def rollback(self) -> None:
        self._run("ROLLBACK", None)

    def is_idle(self) -> bool:
        pgconn = self.native.pgconn
        return bool(pgconn.status != _BAD and pgconn.transaction_status == _IDLE)

    def is_broken(self) -> bool:
        return bool(self.native.pgconn.status == _BAD)

    def ping(self) -> bool:
        try:
            self._run("SELECT 1", None)
        except Error:
            return False
        return True

    def close(self) -> None:
        self.abandon()

    def abandon(self) -> asyncio.Future[None] | None:
        # Closing needs no answer from the server, so it is the same for both kinds and never waits.
        self.native.pgconn.finish()
        return None


class SyncConnection(_Connection):
    """One psycopg connection, used by threads."""

    native: psycopg.Connection[Row]

    def limited(self, seconds: float) -> AbstractContextManager[None]:
        return watchdog.guard(seconds, self._stop_statement)

    def _stop_statement(self) -> None:
        try:
            self.native.cancel_safe(timeout=_PATIENCE)
        except psycopg.Error:
            # The server cannot be reached, so it will not answer the statement either. The descriptor stays open for
            # the thread that waits on it, which hears that the line is dead.
            with socket.socket(fileno=os.dup(self.native.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)

    def _make_cursor(self) -> Any:
        return psycopg.RawCursor(self.native)

    def _may_wait(self) -> bool:
        return True

    def fetch(self, text: str, parameters: Sequence[Any], consume: Callable[[Iterable[Row]], T]) -> T:
        cursor = self._cursor
        try:
            rows = cursor.execute(text, parameters or None).fetchall()
        except DRIVER_ERRORS as error:
            raise self._ours(error) from error
        if len(rows) > _HELD_ROWS:
            self._cursor = self._make_cursor()
        return consume(rows)

    async def afetch(self, text: str, parameters: Sequence[Any], consume: Callable[[Iterable[Row]], T]) -> T:
        return self.fetch(text, parameters, consume)

    def execute(self, text: str, parameters: Sequence[Any]) -> int:
        try:
            return self._cursor.execute(text, parameters or None).rowcount  # type: ignore[no-any-return]
        except DRIVER_ERRORS as error:
            raise self._ours(error) from error

    def execute_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        cursor = psycopg.RawCursor(self.native)
        try:
            cursor.executemany(text, rows)
        except DRIVER_ERRORS as error:
            raise self._ours(error) from error
        return cursor.rowcount

    def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None) -> Result:
        cursor = psycopg.Cursor(self.native)
        try:
            cursor.execute(sql, parameters)
            rows = cursor.fetchall() if cursor.description is not None else None
        except DRIVER_ERRORS as error:
            raise self._ours(error) from error
        return Result(cursor.description, rows, cursor.rowcount)

    def query_many(self, sql: str, rows: Iterable[Sequence[Any] | Mapping[str, Any]]) -> Result:
        cursor = psycopg.Cursor(self.native)
        try:
            cursor.executemany(sql, rows)
        except DRIVER_ERRORS as error:
            raise self._ours(error) from error
        return Result(None, None, cursor.rowcount)

    def _run(self, text: str, parameters: Sequence[Any] | None) -> Any:
        cursor = psycopg.RawCursor(self.native)
        try:
            return cursor.execute(text, parameters, prepare=False)
        except DRIVER_ERRORS as error:
            raise self._ours(error) from error

    def _rows(self, cursor: Any) -> list[Row]:
        return cursor.fetchall()  # type: ignore[no-any-return]


class LoopConnection(_Connection):
    """One psycopg connection that belongs to an event loop."""

    native: psycopg.AsyncConnection[Row]
    _closing: asyncio.Task[None]
    _limit: float | None = None

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        self._limit = seconds
        try:
            yield
        finally:
            self._limit = None

    def _make_cursor(self) -> Any:
        return psycopg.AsyncRawCursor(self.native)

    def abandon(self) -> asyncio.Future[None] | None:
        if self.native.lock.locked() and bridge.running_loop() is not None:
            # Another task's statement is under way. The loop watches its socket; closed now, the next
            # connection could get the same descriptor, and the two would disturb each other.
            self._closing = asyncio.get_running_loop().create_task(self._abandon_when_free())
            return self._closing
        return super().abandon()

    async def _abandon_when_free(self) -> None:
        try:
            async with self.native.lock:
                pass
        finally:
            super().abandon()

    def _may_wait(self) -> bool:
        return bridge.inside()

    def _wait(self, awaitable: Awaitable[T]) -> T:
        try:
            return bridge.wait(awaitable if self._limit is None else _within(self._limit, awaitable))
        except DRIVER_ERRORS as error:
            raise self._ours(error) from error

    async def _fetched(self, text: str, parameters: Sequence[Any]) -> list[Row]:
        cursor = self._cursor
        await cursor.execute(text, parameters or None)
        rows: list[Row] = await cursor.fetchall()
        if len(rows) > _HELD_ROWS:
            self._cursor = self._make_cursor()
        return rows

    def fetch(self, text: str, parameters: Sequence[Any], consume: Callable[[Iterable[Row]], T]) -> T:
        return consume(self._wait(self._fetched(text, parameters)))

    async def afetch(self, text: str, parameters: Sequence[Any], consume: Callable[[Iterable[Row]], T]) -> T:
        # As `_fetched`, without a coroutine of its own: this is the way of every awaited read.
        cursor = self._cursor
        try:
            await cursor.execute(text, parameters or None)
            rows = await cursor.fetchall()
        except DRIVER_ERRORS as error:
            raise self._ours(error) from error
        if len(rows) > _HELD_ROWS:
            self._cursor = self._make_cursor()
        return consume(rows)

    def execute(self, text: str, parameters: Sequence[Any]) -> int:
        cursor = self._cursor
        self._wait(cursor.execute(text, parameters or None))
        return cursor.rowcount  # type: ignore[no-any-return]

    def execute_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        cursor = psycopg.AsyncRawCursor(self.native)
        self._wait(cursor.executemany(text, rows))
        return cursor.rowcount

    def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None) -> Result:
        cursor = psycopg.AsyncCursor(self.native)
        self._wait(cursor.execute(sql, parameters))
        rows = self._wait(cursor.fetchall()) if cursor.description is not None else None
        return Result(cursor.description, rows, cursor.rowcount)

    def query_many(self, sql: str, rows: Iterable[Sequence[Any] | Mapping[str, Any]]) -> Result:
        cursor = psycopg.AsyncCursor(self.native)
        self._wait(cursor.executemany(sql, rows))
        return Result(None, None, cursor.rowcount)

    def _run(self, text: str, parameters: Sequence[Any] | None) -> Any:
        cursor = psycopg.AsyncRawCursor(self.native)
        self._wait(cursor.execute(text, parameters, prepare=False))
        return cursor

    def _rows(self, cursor: Any) -> list[Row]:
        return self._wait(cursor.fetchall())


async def _within(seconds: float, awaitable: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await awaitable
    except TimeoutError as error:
        raise QueryCanceled(f"The statement took longer than {seconds:.3g} s.") from error
