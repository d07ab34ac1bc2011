"""A SQLite connection used on the thread that calls it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from datetime import time as day_time
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from rowsmith.drivers.base import Result, Row
from rowsmith.drivers.placeholders import bound
from rowsmith.drivers.sqlite.errors import BINDING_ERRORS, mapped
from rowsmith.drivers.watchdog import watchdog
from rowsmith.exceptions import OperationalError

T = TypeVar("T")


class DirectConnection:
    """One `sqlite3` connection; statements run at once, on the caller's thread."""

    __slots__ = ("_begin", "_cursor", "era", "holder", "native", "opened_at", "returned_at", "text", "usual_limit")

    def __init__(self, native: sqlite3.Connection, begin: str, usual_limit: float | None = None) -> None:
        self.native = native
        # For statements without rows, which leave nothing open on it.
        self._cursor = native.cursor()
        self.opened_at = self.returned_at = time.monotonic()
        self.era = 0
        self.holder: Any = None
        self.text = ""
        self.usual_limit = usual_limit
        self._begin = begin

    def fetch(self, text: str, parameters: Sequence[Any], consume: Callable[[Iterable[Row]], T]) -> T:
        try:
            cursor = self.native.execute(text, parameters)
        except BINDING_ERRORS as error:
            raise mapped(error) from error
        try:
            # SQLite computes rows while they are read, so reading can fail too.
            return consume(cursor)
        except sqlite3.Error as error:
            raise mapped(error) from error

    async def afetch(self, text: str, parameters: Sequence[Any], consume: Callable[[Iterable[Row]], T]) -> T:
        return self.fetch(text, parameters, consume)

    def execute(self, text: str, parameters: Sequence[Any]) -> int:
        cursor = self._cursor
        try:
            cursor.execute(text, parameters)
        except BINDING_ERRORS as error:
            raise mapped(error) from error
        count = cursor.rowcount
        if cursor.description is not None:
            self._cursor = self.native.cursor()
        return count

    def execute_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        try:
            return self.native.executemany(text, rows).rowcount
        except BINDING_ERRORS as error:
            raise mapped(error) from error

    def stream(self, text: str, parameters: Sequence[Any], chunk_size: int) -> Generator[list[Row], None, None]:
        try:
            cursor = self.native.execute(text, parameters)
            try:
                while chunk := cursor.fetchmany(chunk_size):
                    yield chunk
            finally:
                if not self.is_broken():  # it may have been closed while the stream lay half read
                    cursor.close()
        except BINDING_ERRORS as error:
            raise mapped(error) from error

    def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None) -> Result:
        try:
            if parameters is None:
                cursor = self.native.execute(sql)
            else:
                text, values = bound(sql, parameters)
                cursor = self.native.execute(text, [adapted(value) for value in values])
            rows = cursor.fetchall() if cursor.description is not None else None
        except BINDING_ERRORS as error:
            raise mapped(error) from error
        return Result(cursor.description, rows, cursor.rowcount, cursor.lastrowid)

    def query_many(self, sql: str, rows: Iterable[Sequence[Any] | Mapping[str, Any]]) -> Result:
        text = ""
        values = []
        for row in rows:
            text, bound_row = bound(sql, row)
            values.append([adapted(value) for value in bound_row])
        if not values:
            return Result(None, None, 0)
        try:
            cursor = self.native.executemany(text, values)
        except BINDING_ERRORS as error:
            raise mapped(error) from error
        return Result(None, None, cursor.rowcount, cursor.lastrowid)

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        # A wait for a lock cannot be interrupted, but be shortened.
        (usual,) = self.native.execute("PRAGMA busy_timeout").fetchone()
        self.command(f"PRAGMA busy_timeout = {min(usual, max(int(seconds * 1000), 1))}")
        try:
            with watchdog.guard(seconds, self.native.interrupt):
                yield
        finally:
            if not self.is_broken():
                self.command(f"PRAGMA busy_timeout = {usual}")

    def run_limited(self, seconds: float, func: Callable[..., T], *args: Any) -> T:
        """Call `func` within `limited`."""
        with self.limited(seconds):
            return func(*args)

    def command(self, text: str) -> None:
        try:
            self.native.execute(text)
        except BINDING_ERRORS as error:
            raise mapped(error) from error

    def begin(self) -> None:
        self.command(self._begin)

    def commit(self) -> None:
        self.command("COMMIT")

    def rollback(self) -> None:
        # SQLite ends a transaction by itself after some errors, such as a full disk.
        if self.native.in_transaction:
            self.command("ROLLBACK")

    def is_idle(self) -> bool:
        try:
            return not self.native.in_transaction
        except sqlite3.ProgrammingError:
            return False

    def is_broken(self) -> bool:
        try:
            self.native.total_changes  # noqa: B018  the cheapest thing that a closed connection refuses
        except sqlite3.ProgrammingError:
            return True
        return False

    def ping(self) -> bool:
        try:
            self.command("SELECT 1")
        except OperationalError:
            return False
        return True

    def close(self) -> None:
        self.native.close()

    def abandon(self) -> None:
        self.native.close()


def adapted(value: Any) -> Any:
    """A value of a user's statement in the form in which fields store it."""
    match value:
        case None | str() | int() | float() | bytes():
            return value
        case datetime():
            if value.tzinfo is not None:
                value = value.astimezone(UTC).replace(tzinfo=None)
            return value.isoformat(" ")
        case date() | day_time():
            return value.isoformat()
        case Decimal():
            return str(value)
        case UUID():
            return value.hex
        case timedelta():
            return value // timedelta(microseconds=1)
        case _:
            return value
