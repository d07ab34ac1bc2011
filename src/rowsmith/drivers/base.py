"""What every driver offers: how to open a raw connection, and what a raw connection can do."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from rowsmith.records import Record

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

Row = tuple[Any, ...]
OnConnect = Callable[[Any], None]


class Result(Record):
    """What a statement of a user's own cursor left behind."""

    description: Any
    rows: list[Row] | None
    rowcount: int
    lastrowid: Any = None


class RawConnection(Protocol):
    """One open connection of a client library.

    Every method is plain code. On the connections of an event loop they wait through the bridge; only
    `afetch` is a coroutine, for reads that go without it. Errors leave as those of `rowsmith.exceptions`,
    the driver's as cause.
    """

    opened_at: float
    returned_at: float
    era: int
    """Which of the pool's eras this connection was last known to work in."""
    holder: Any
    """Who leases this connection for longer than a statement; its str() is for messages."""
    text: str
    """The statement sent last, for messages."""
    usual_limit: float | None
    """Seconds that a statement may take where nothing else is said; None when the server itself sees to that."""

    @property
    def native(self) -> Any:
        """The client library's own connection."""

    def fetch(self, text: str, parameters: Sequence[Any], consume: Callable[[Iterable[Row]], T]) -> T: ...

    async def afetch(self, text: str, parameters: Sequence[Any], consume: Callable[[Iterable[Row]], T]) -> T: ...

    def execute(self, text: str, parameters: Sequence[Any]) -> int: ...

    def execute_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int: ...

    def stream(self, text: str, parameters: Sequence[Any], chunk_size: int) -> Generator[list[Row], None, None]: ...

    def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None) -> Result:
        """Run a user's statement with %s placeholders, and keep everything it returns."""

    def query_many(self, sql: str, rows: Iterable[Sequence[Any] | Mapping[str, Any]]) -> Result: ...

    def limited(self, seconds: float) -> AbstractContextManager[None]:
        """A block in which statements, and what they wait for, end with QueryCanceled or LockTimeout after so long."""

    def command(self, text: str) -> None:
        """Run a statement without parameters or rows, such as SAVEPOINT."""

    def begin(self) -> None: ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def is_idle(self) -> bool:
        """Is the connection open, with no statement running and no transaction open?"""

    def is_broken(self) -> bool:
        """Is the connection closed, or in a state that only closing can end?"""

    def ping(self) -> bool:
        """Ask the server for a sign of life; False when there is none."""

    def close(self) -> None: ...

    def abandon(self) -> asyncio.Future[None] | None:
        """Close without waiting, from any thread or task, in whatever state the connection is.

        Closed at once, or else when the future is done: another task's statement may still have the connection.
        """


class Driver(Protocol):
    """How to open connections to one database."""

    vendor: str
    needs_care: bool
    """Can connections break or grow stale while they lie idle, so that the pool has to look after them?"""
    loop_bound: bool
    """Does a connection of an event loop belong to that loop alone?"""
    shared: bool
    """Is there one single connection for everybody, as for a database in memory?"""
    procedures: bool
    """Does the database have stored procedures?"""
    atomic_without_autocommit: bool
    """May an atomic block be opened while autocommit is off?"""

    statement_timeout: float | None
    """Seconds that a statement may take, when it is not the server who sees to that."""

    def check_statement(self, sql: str) -> None:
        """Raise NotSupportedError for a statement of the user's that cannot work on a connection of this database."""

    def connect(self, on_connect: Sequence[OnConnect]) -> RawConnection: ...

    def connect_async(self, on_connect: Sequence[OnConnect]) -> RawConnection:
        """Open a connection for the running event loop; plain code that waits through the bridge."""

    def checks_constraints(self, raw: Any) -> bool:
        """Whether foreign keys are checked on this connection now."""

    def disable_constraint_checks(self, raw: Any) -> bool:
        """Have foreign keys not checked on this connection from now on; False when they were not, or still are."""

    def enable_constraint_checks(self, raw: Any) -> None: ...

    def check_constraints(self, raw: Any, tables: Sequence[str]) -> None:
        """Raise IntegrityError when a row breaks a foreign key; in all tables when none are named."""
