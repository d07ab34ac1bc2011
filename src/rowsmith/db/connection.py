"""A connection as the floors above see it: one database, shared by all, leasing raw ones a statement."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from contextvars import ContextVar
from datetime import UTC, tzinfo
from functools import cached_property
from typing import Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rowsmith import bridge, config
from rowsmith.config import DatabaseSettings, SettingsDict
from rowsmith.db import limits, registry
from rowsmith.db.cursor import Cursor
from rowsmith.db.instrumentation import Watch, Wrapper
from rowsmith.db.instrumentation import logger as sql_logger
from rowsmith.db.pool import Pool, PoolFigures, SharedPool
from rowsmith.db.session import Holder, LoopSession, Session, would_block
from rowsmith.drivers.base import RawConnection, Result, Row
from rowsmith.exceptions import (
    ImproperlyConfigured,
    InterfaceError,
    NotSupportedError,
    TransactionManagementError,
)
from rowsmith.records import replace
from rowsmith.signals import connection_created

T = TypeVar("T")

_running_loop = bridge.running_loop


class Operations:
    """What `connection.ops` offers to code that writes SQL itself."""

    def __init__(self, dialect: Any) -> None:
        self._dialect = dialect

    def quote_name(self, name: str) -> str:
        quoted: str = self._dialect.quote_name(name)
        return quoted


class Connection:
    """One database of the configuration.

    Every method is plain code: called by a thread it uses the blocking driver, and below `aio.run` or an
    awaitable twin the driver of the event loop. Outside of `atomic` a raw connection is leased for each
    statement; inside, the block's own is used.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        options = config.current()
        if not settings.engine:
            raise ImproperlyConfigured(
                f"The database {settings.alias!r} is configured as an empty mapping, so it cannot be used. "
                "Give it an ENGINE and a NAME, or let a router answer for every model."
            )
        if settings.time_zone and not options.use_tz:
            raise ImproperlyConfigured(
                f"The database {settings.alias!r} has a TIME_ZONE, which means nothing with use_tz=False."
            )
        self.settings = settings
        self.alias = settings.alias
        self.settings_dict: SettingsDict = settings.as_dict()
        # Datetimes without a zone are meant as clocks in the program's zone show them.
        zoned = settings if options.use_tz else replace(settings, time_zone=options.time_zone)
        self.dialect, self._driver = registry.make(zoned, use_tz=options.use_tz, zone=_zone(zoned))
        self.vendor: str = self._driver.vendor
        self.features = self.dialect.features
        self.supports_procedures: bool = self._driver.procedures
        self.atomic_without_autocommit: bool = self._driver.atomic_without_autocommit
        self.ops = Operations(self.dialect)
        # What is compiled for this connection is kept under this object, and holds as long as it stays.
        self.epoch: object = object()
        self._on_connect = self.dialect.on_connect
        self._session: ContextVar[Session | None] = ContextVar(f"rowsmith_{self.alias}", default=None)
        self._watch = Watch(
            self.alias, echo=options.echo, slow=options.slow_query, exposed=options.log_parameters
        )
        self._watch.logging = options.debug or options.echo or sql_logger.isEnabledFor(10)
        # Is there anything beside running it to be done with a statement?
        self._note_watchers()
        self._pool = self._make_pool(self._driver.connect)
        self._loop_pools: dict[Any, Pool] = {}
        self._last_loop: Any = None
        self._last_pool = self._pool

    def __repr__(self) -> str:
        return f"<Connection {self.alias!r} to {config.masked_url(self.settings)}>"

    @cached_property
    def server_features(self) -> Any:
        """What the server that answers can do, where that depends on its version; it is asked once."""
        query = self.dialect.version_query
        if query is None:
            return self.features
        return self.dialect.features_of(self.fetch(query, (), lambda rows: [row[0] for row in rows])[0])

    # --- statements of the library, with the placeholders of the dialect ---

    def fetch(self, text: str, parameters: Sequence[Any], consume: Callable[[Iterable[Row]], T]) -> T:
        """Run a statement and return what `consume` makes of its rows; it must not keep the iterable."""
        if self._special:
            result: T = self._watched(text, parameters, False, lambda s, t, p: s.fetch(t, p, consume))
            return result
        session = self._session.get()
        if session is not None:
            return session.fetch(text, parameters, consume)
        loop = _running_loop()
        pool = self._pool if loop is None else self._waiting_pool(loop)
        raw = pool.take() or pool.acquire()
        raw.text = text
        try:
            result = raw.fetch(text, parameters, consume)
        except BaseException:
            pool.release_after_error(raw)
            raise
        pool.release(raw)
        return result

    async def afetch(self, text: str, parameters: Sequence[Any], consume: Callable[[Iterable[Row]], T]) -> T:
        """As `fetch`, from a coroutine and without the bridge."""
        if self._special:
            return await bridge.run(self.fetch, text, parameters, consume)
        session = self._session.get()
        if session is not None:
            return await session.afetch(text, parameters, consume)
        pool = self._pool_of(_running_loop())
        raw = pool.take()
        if raw is None:
            raw = await pool.aacquire()
        raw.text = text
        try:
            result = await raw.afetch(text, parameters, consume)
        except BaseException:
            pool.release_after_error(raw)
            raise
        pool.release(raw)
        return result

    def execute(self, text: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement that returns no rows, and return how many rows it changed."""
        if self._special:
            changed: int = self._watched(text, parameters, False, lambda s, t, p: s.execute(t, p))
            return changed
        session = self._session.get()
        if session is not None:
            return session.execute(text, parameters)
        loop = _running_loop()
        pool = self._pool if loop is None else self._waiting_pool(loop)
        raw = pool.take() or pool.acquire()
        raw.text = text
        try:
            result = raw.execute(text, parameters)
        except BaseException:
            pool.release_after_error(raw)
            raise
        pool.release(raw)
        return result

    def execute_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run a statement once for each row of values, and return how many rows were changed in all."""
        changed: int = self._watched(text, rows, True, lambda s, t, p: s.execute_many(t, p))
        return changed

    def stream(self, text: str, parameters: Sequence[Any], chunk_size: int) -> Generator[list[Row], None, None]:
        """The rows of a statement in lists of at most `chunk_size`, without ever holding more than one list.

        Outside of `atomic` the stream leases a connection until it is read to its end or closed.
        """
        session = self._current_session()
        if session is None and self._driver.shared:
            # There is only one connection, which the reader of the stream may need between two chunks; and
            # the rows are in this process's memory anyhow.
            rows: list[Row] = self.fetch(text, parameters, list)
            for start in range(0, len(rows), chunk_size):
                yield rows[start : start + chunk_size]
            return
        if self.settings.disable_server_side_cursors:
            rows = self.fetch(text, parameters, list)
            for start in range(0, len(rows), chunk_size):
                yield rows[start : start + chunk_size]
            return
        if session is not None:
            chunks = session.stream(text, parameters, chunk_size)
            yield from self._opened(chunks, text, parameters)
            return
        pool = self._pool_here()
        raw = pool.acquire()
        raw.text = text
        raw.holder = Holder("a stream of rows")
        try:
            chunks = _in_time(raw, raw.stream(text, parameters, chunk_size))
            yield from self._opened(chunks, text, parameters)
        except BaseException:
            raw.holder = None
            pool.release_after_error(raw)
            raise
        raw.holder = None
        pool.release(raw)

    def _opened(
        self, chunks: Generator[list[Row], None, None], text: str, parameters: Sequence[Any]
    ) -> Generator[list[Row], None, None]:
        """The chunks of a stream whose opening was shown to whoever watches."""
        try:
            if self._watch.is_active():
                first = self._shown(text, parameters, False, lambda *_: next(chunks, None))
            else:
                first = next(chunks, None)
            if first is not None:
                yield first
                yield from chunks
        finally:
            chunks.close()

    # --- statements of users, with %s ---

    def cursor(self) -> Cursor:
        """A cursor for statements written by hand; also a context manager."""
        return Cursor(self)

    def query(self, sql: str, params: Sequence[Any] | Mapping[str, Any] | None, cursor: Cursor | None = None) -> Result:
        self._driver.check_statement(sql)
        result: Result = self._watched(sql, params, False, lambda s, t, p: s.query(t, p), cursor)
        return result

    def query_many(
        self, sql: str, rows: Iterable[Sequence[Any] | Mapping[str, Any]], cursor: Cursor | None = None
    ) -> Result:
        self._driver.check_statement(sql)
        result: Result = self._watched(sql, rows, True, lambda s, t, p: s.query_many(t, p), cursor)
        return result

    # --- the way of a statement that is watched ---

    def _watched(
        self,
        text: str,
        parameters: Any,
        many: bool,
        send: Callable[[Any, str, Any], Any],
        cursor: Cursor | None = None,
    ) -> Any:
        """Lease, show the statement to wrappers and log when there are any, and send it."""
        with self._leased(text) as target:

            def sent(text: str, parameters: Any) -> Any:
                if isinstance(target, Session):
                    return target.in_time(send, text, parameters)
                return limits.run(target, send, target, text, parameters)

            if not self._watch.is_active():
                return sent(text, parameters)
            return self._shown(text, parameters, many, sent, cursor)

    def _shown(
        self,
        text: str,
        parameters: Any,
        many: bool,
        send: Callable[[str, Any], Any],
        cursor: Cursor | None = None,
    ) -> Any:
        outcome: list[Any] = []

        def execute(sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
            outcome[:] = [send(sql, params)]
            return outcome[0]

        context = {"connection": self, "cursor": cursor}
        self._watch.run(execute, text, parameters, many, context)
        if not outcome:
            raise InterfaceError("An execute wrapper neither called execute() nor raised, so there is no result.")
        return outcome[0]

    @contextmanager
    def _leased(self, text: str) -> Iterator[Any]:
        """Where a statement is to run: the session of this context, or a raw connection of its own."""
        session = self._current_session()
        if session is not None:
            yield session
            return
        pool = self._pool_here()
        raw = pool.acquire()
        raw.text = text
        try:
            yield raw
        except BaseException:
            pool.release_after_error(raw)
            raise
        pool.release(raw)

    # --- pools ---

    def _make_pool(self, connect: Callable[[Sequence[Any]], RawConnection]) -> Pool:
        def open_one() -> RawConnection:
            raw = connect(self._on_connect)
            if connection_created.has_listeners():
                self._announce(raw)
            return raw

        if self._driver.shared:
            return SharedPool(self.alias, config.PoolSettings(max_size=1, timeout=self.settings.pool.timeout), open_one)
        return Pool(self.alias, self.settings.pool, open_one, self._driver.needs_care)

    def _announce(self, raw: RawConnection) -> None:
        """Send `connection_created`; statements of its receivers run on the connection that is new."""
        before = self._session.get()
        session = self._session_on(raw, self._pool, autocommit=True)
        session.pinned = True
        self._session.set(session)
        try:
            connection_created.send(sender=type(self), connection=self)
        except BaseException:
            raw.abandon()
            raise
        finally:
            session.closed = True
            self._session.set(before)

    def _pool_here(self) -> Pool:
        loop = _running_loop()
        return self._pool if loop is None else self._waiting_pool(loop)

    def _waiting_pool(self, loop: Any) -> Pool:
        """The pool for plain code that runs below the bridge; elsewhere on a loop it would block."""
        if not bridge.inside():
            error = would_block(self.alias)
            if error is not None:
                raise error
            return self._pool
        return self._pool_of(loop)

    def _pool_of(self, loop: Any) -> Pool:
        """The pool for tasks of `loop`."""
        if loop is self._last_loop:
            return self._last_pool
        if self._driver.shared:
            pool = self._pool
        else:
            key = loop if self._driver.loop_bound else None
            found = self._loop_pools.get(key)
            if found is None:
                self._drop_closed_loops()
                found = self._loop_pools[key] = self._make_pool(self._driver.connect_async)
            pool = found
        self._last_loop, self._last_pool = loop, pool
        return pool

    def _drop_closed_loops(self) -> None:
        """End the connections of event loops that were closed without saying so."""
        for loop in list(self._loop_pools):
            if loop is not None and loop.is_closed():
                self._loop_pools.pop(loop).close()

    def _pools(self) -> list[Pool]:
        return [self._pool, *self._loop_pools.values()]

    @property
    def figures(self) -> PoolFigures:
        """The figures of the pool that a statement here and now would use."""
        loop = _running_loop()
        return (self._pool if loop is None else self._pool_of(loop)).figures

    # --- sessions ---

    def _current_session(self) -> Session | None:
        session = self._session.get()
        if session is None and not self.settings.autocommit:
            session = self._open_session(autocommit=False, what="a session without autocommit")
        return session

    def _open_session(self, *, autocommit: bool, what: str, site: Any = None) -> Session:
        """Lease a raw connection for this context until the session ends."""
        pool = self._pool_here()
        raw = pool.acquire()
        session = self._session_on(raw, pool, autocommit)
        raw.holder = Holder(what, site)
        self._session.set(session)
        return session

    def _session_on(self, raw: RawConnection, pool: Pool, autocommit: bool) -> Session:
        kind = Session if _running_loop() is None or not bridge.inside() else LoopSession
        return kind(self.alias, pool, raw, autocommit, self._session_command)

    def _close_session(self, session: Session) -> None:
        session.end()
        if self._session.get() is session:
            self._session.set(None)

    def _session_command(self, raw: RawConnection, text: str) -> None:
        """Savepoints are statements like others to whoever watches."""
        if self._watch.is_active():
            self._shown(text, None, False, lambda t, _: raw.command(t))
        else:
            raw.command(text)

    @property
    def in_atomic_block(self) -> bool:
        session = self._session.get()
        return session is not None and not session.closed and bool(session.blocks)

    @property
    def needs_rollback(self) -> bool:
        session = self._session.get()
        return session is not None and session.needs_rollback

    def get_autocommit(self) -> bool:
        session = self._session.get()
        if session is None:
            return self.settings.autocommit
        return session.autocommit and not session.blocks

    def set_autocommit(self, autocommit: bool) -> None:
        """Have statements commit by themselves, or only by `commit()`; for this thread or task."""
        self._check_not_in_block("set_autocommit()")
        session = self._session.get()
        if autocommit and session is not None:
            session.commit()
            self._close_session(session)
        elif not autocommit and session is None:
            self._open_session(autocommit=False, what="a session without autocommit")

    def commit(self) -> None:
        """Commit what was done since the last commit; only with autocommit off."""
        self._check_not_in_block("commit()")
        session = self._session.get()
        if session is not None:
            session.commit()
            session.run_callbacks()

    def rollback(self) -> None:
        """Undo what was done since the last commit; only with autocommit off."""
        self._check_not_in_block("rollback()")
        session = self._session.get()
        if session is not None:
            session.rollback()

    def _check_not_in_block(self, what: str) -> None:
        if self.in_atomic_block:
            raise TransactionManagementError(
                f"{what} is not allowed inside an atomic block: the block itself commits at its end, or "
                "rolls back. To undo it without an exception, write: transaction.set_rollback(True)."
            )

    @contextmanager
    def lease(self) -> Iterator[None]:
        """Have every statement of this block run on one and the same raw connection, without a transaction.

        For what belongs to a session of the database: temporary tables, SET, PRAGMA, advisory locks.
        """
        if self.settings.pooling == "transaction" and not self.in_atomic_block:
            raise NotSupportedError(
                f"The pooler before {self.alias!r} keeps a connection of the server for one transaction only, so there "
                "is none to be leased for longer. Write: with transaction.atomic()."
            )
        with self._pinned():
            yield

    @contextmanager
    def _pinned(self) -> Iterator[None]:
        if self._session.get() is not None:
            yield
            return
        session = self._open_session(autocommit=True, what="lease")
        session.pinned = True
        try:
            yield
        finally:
            self._close_session(session)

    # --- constraints ---

    def check_constraints(self, table_names: Sequence[str] | None = None) -> None:
        """Raise IntegrityError when a row refers to one that does not exist; now instead of at the commit."""
        with self._pinned():
            session = self._current_session()
            assert session is not None
            self._driver.check_constraints(session, table_names or ())

    @contextmanager
    def constraint_checks_disabled(self) -> Iterator[bool]:
        """Do not check foreign keys in this block, where the database can do that: see
        `check_constraints`. Tells whether they are unchecked now."""
        with self._pinned():
            session = self._current_session()
            assert session is not None
            disabled = self._driver.disable_constraint_checks(session)
            try:
                yield disabled or not self._driver.checks_constraints(session)
            finally:
                if disabled:
                    self._driver.enable_constraint_checks(session)

    # --- watching ---

    @contextmanager
    def execute_wrapper(self, wrapper: Wrapper) -> Iterator[None]:
        """Call `wrapper(execute, sql, params, many, context)` around every statement of this block."""
        with self._watch.wrapped(wrapper):
            self._note_watchers()
            try:
                yield
            finally:
                self._note_watchers(leaving=1)

    @property
    def execute_wrappers(self) -> list[Wrapper]:
        return self._watch.wrappers

    @property
    def force_debug_cursor(self) -> bool:
        return self._watch.logging

    @force_debug_cursor.setter
    def force_debug_cursor(self, value: bool) -> None:
        self._watch.logging = value
        self._note_watchers()

    @property
    def queries_log(self) -> Any:
        return self._watch.log

    @property
    def queries(self) -> list[dict[str, str]]:
        """What was sent while logging was on: `debug=True`, or `force_debug_cursor`."""
        return list(self._watch.log)

    def _note_watchers(self, leaving: int = 0) -> None:
        self._special = (
            self._watch.is_active(leaving)
            or not self.settings.autocommit
            or limits.active.count > 0
            or self._driver.statement_timeout is not None
        )

    # --- connections as such ---

    def ensure_connection(self) -> None:
        """Open a connection if none is open yet."""
        if self._session.get() is None:
            pool = self._pool_here()
            pool.release(pool.acquire())

    def is_usable(self) -> bool:
        """Does a connection answer?"""
        session = self._session.get()
        if session is not None:
            return session.raw.ping()
        pool = self._pool_here()
        raw = pool.acquire()
        try:
            alive = raw.ping()
        except BaseException:
            pool.release_after_error(raw)
            raise
        pool.release_after_error(raw)
        return alive

    def close(self) -> None:
        """Close the connections that lie idle; those in use close when they come back. A later use opens
        new ones.

        A database in memory stays: closing it would lose what is in it.
        """
        session = self._session.get()
        if session is not None and not session.closed:
            session.needs_rollback = bool(session.blocks)
            session.raw.abandon()
            if not session.blocks:
                self._close_session(session)
        if not self._driver.shared:
            for pool in self._pools():
                pool.close()

    def shut_down(self) -> None:
        """Close everything for good, a database in memory too."""
        for pool in self._pools():
            pool.close()
        self._loop_pools.clear()
        self._last_loop = None
        self._last_pool = self._pool

    def open_pools(self) -> None:
        """Open the pool's `min_size` connections now."""
        self._pool_here().open_minimum()

    def forget(self) -> None:
        """After a fork: leave every connection to the parent process."""
        for pool in self._pools():
            pool.forget()

    # What makes and drops tables of models, set by the floor that knows them.
    schema_editor_class: ClassVar[Callable[..., Any] | None] = None

    def schema_editor(self, **options: Any) -> Any:
        """An editor of this database's tables, to be used as a context manager."""
        maker = type(self).schema_editor_class
        if maker is None:
            raise NotSupportedError("Import rowsmith.models before you ask for a schema editor.")
        return maker(self, **options)

    def copy(self, alias: str | None = None) -> Connection:
        """Another connection with the same settings and a pool of its own."""
        settings = self.settings
        if alias is not None:
            settings = replace(settings, alias=alias)
        return Connection(settings)


def _in_time(raw: RawConnection, chunks: Generator[list[Row], None, None]) -> Generator[list[Row], None, None]:
    """The chunks of a stream, each within the limits that hold where it is asked for."""
    with closing(chunks):
        while (chunk := limits.run(raw, next, chunks, None)) is not None:
            yield chunk


def _zone(settings: DatabaseSettings) -> tzinfo:
    if not settings.time_zone or settings.time_zone == "UTC":
        return UTC
    try:
        return ZoneInfo(settings.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ImproperlyConfigured(
            f"TIME_ZONE of the database {settings.alias!r} is {settings.time_zone!r}, which is no known time zone."
        ) from error
