"""Opening SQLite databases: what users expect of an embedded one is on, and all of it can be changed."""

from __future__ import annotations

import importlib
import re
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from rowsmith import bridge
from rowsmith.config import DatabaseSettings
from rowsmith.drivers.base import OnConnect, RawConnection
from rowsmith.drivers.sqlite.connection import DirectConnection
from rowsmith.drivers.sqlite.errors import mapped
from rowsmith.exceptions import (
    ForeignKeyViolation,
    ImproperlyConfigured,
    NotSupportedError,
    did_you_mean,
)

_OLDEST = (3, 37, 0)
_MODES = ("DEFERRED", "IMMEDIATE", "EXCLUSIVE")
_PRAGMAS: Mapping[str, Any] = {
    "journal_mode": "WAL",
    "synchronous": "NORMAL",
    "foreign_keys": True,
    "cache_size": None,
    "mmap_size": None,
    "temp_store": None,
    "busy_timeout": None,
    "journal_size_limit": None,
    "wal_autocheckpoint": None,
    "recursive_triggers": None,
    "secure_delete": None,
    "automatic_index": None,
    "trusted_schema": None,
}
"""The pragmas that may be given as options, with what holds when they are not."""
_OPTIONS = frozenset({"timeout", "transaction_mode", "init_command", "cached_statements", "uri", *_PRAGMAS})
_WORD = re.compile(r"-?\w+")


class Driver:
    """One SQLite database, in a file or in memory."""

    vendor = "sqlite"
    needs_care = False
    loop_bound = False
    procedures = False
    atomic_without_autocommit = False

    def __init__(self, settings: DatabaseSettings) -> None:
        if settings.pooling != "session":
            raise ImproperlyConfigured(
                f"POOLING of the SQLite database {settings.alias!r} is {settings.pooling!r}, which is for PostgreSQL."
            )
        self.settings = settings
        self.statement_timeout = settings.statement_timeout
        self.shared = _is_in_memory(settings.name)
        options = dict(settings.options)
        for name in options:
            if name not in _OPTIONS:
                raise ImproperlyConfigured(
                    f"Unknown option {name!r} for the SQLite database {settings.alias!r}."
                    f"{did_you_mean(name, _OPTIONS)} Options: {', '.join(sorted(_OPTIONS))}."
                )
        self._timeout = _seconds(options.get("timeout", 5.0))
        self._uri = _truth(options.get("uri", settings.name.startswith("file:")))
        self._cached_statements = int(options.get("cached_statements", 1024))
        self._init_command = options.get("init_command")
        mode = str(options.get("transaction_mode") or "IMMEDIATE").upper()
        if mode not in _MODES:
            raise ImproperlyConfigured(
                f"transaction_mode of the SQLite database {settings.alias!r} is {mode!r}; "
                f"write one of {', '.join(_MODES)}."
            )
        self._begin = f"BEGIN {mode}"
        self._pragmas = [
            (name, _word(name, value))
            for name, value in {**_PRAGMAS, **{k: v for k, v in options.items() if k in _PRAGMAS}}.items()
            if value is not None and not (self.shared and name == "journal_mode")
        ]
        self._single: RawConnection | None = None
        self._single_lock = threading.Lock()

    def connect(self, on_connect: Sequence[OnConnect]) -> RawConnection:
        if self.shared:
            return self._shared_connection(on_connect)
        return self._direct(self._open(on_connect))

    def connect_async(self, on_connect: Sequence[OnConnect]) -> RawConnection:
        if self.shared:
            return self._shared_connection(on_connect)
        worker = _worker_module()
        thread = worker.Worker(f"rowsmith-sqlite-{self.settings.alias}")
        opened: list[sqlite3.Connection] = []
        try:
            bridge.wait(thread.call(lambda: opened.append(self._open(on_connect))))
        except BaseException:
            # Cancelled while the thread opens it: closing has to wait until it is there.
            thread.stop(partial(_close_each, opened))
            raise
        connection: RawConnection = worker.WorkerConnection(self._direct(opened[0]), thread)
        return connection

    def checks_constraints(self, raw: Any) -> bool:
        return bool(raw.fetch("PRAGMA foreign_keys", (), list) == [(1,)])

    def check_statement(self, sql: str) -> None:
        """Everything works."""

    def disable_constraint_checks(self, raw: Any) -> bool:
        if not self.checks_constraints(raw):
            return False
        # Inside of a transaction SQLite ignores this.
        raw.command("PRAGMA foreign_keys = OFF")
        return not self.checks_constraints(raw)

    def enable_constraint_checks(self, raw: Any) -> None:
        raw.command("PRAGMA foreign_keys = ON")

    def check_constraints(self, raw: Any, tables: Sequence[str]) -> None:
        wanted = set(tables)
        for table, row, parent, _ in raw.fetch("PRAGMA foreign_key_check", (), list):
            if not wanted or table in wanted:
                error = ForeignKeyViolation(
                    f"The row {row} of table {table!r} refers to a row of {parent!r} that does not exist."
                )
                error.table = table
                raise error

    def _direct(self, native: sqlite3.Connection) -> DirectConnection:
        return DirectConnection(native, self._begin, self.statement_timeout)

    def _shared_connection(self, on_connect: Sequence[OnConnect]) -> RawConnection:
        with self._single_lock:
            if self._single is None or self._single.is_broken():
                self._single = SharedConnection(self._direct(self._open(on_connect)), self.settings.alias)
            return self._single

    def _open(self, on_connect: Sequence[OnConnect]) -> sqlite3.Connection:
        if sqlite3.sqlite_version_info < _OLDEST:
            raise NotSupportedError(
                f"rowsmith needs SQLite {'.'.join(map(str, _OLDEST))} or newer; "
                f"this Python has {sqlite3.sqlite_version}."
            )
        try:
            native = sqlite3.connect(
                self.settings.name,
                timeout=self._timeout,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=self._cached_statements,
                uri=self._uri,
            )
        except sqlite3.Error as error:
            raise mapped(error) from error
        try:
            for name, value in self._pragmas:
                self._set(native, name, value)
            for prepare in on_connect:
                prepare(native)
            if self._init_command:
                native.executescript(self._init_command)
        except sqlite3.Error as error:
            native.close()
            raise mapped(error) from error
        return native

    def _set(self, native: sqlite3.Connection, name: str, value: str) -> None:
        if name != "journal_mode":
            native.execute(f"PRAGMA {name} = {value}")
            return
        # Changing the journal needs the file for a moment, and SQLite does not wait its timeout for that.
        patience = time.monotonic() + self._timeout
        while native.execute("PRAGMA journal_mode").fetchone()[0].upper() != value.upper():
            try:
                native.execute(f"PRAGMA journal_mode = {value}")
                return
            except sqlite3.OperationalError as error:
                if "readonly" in str(error):
                    return
                if time.monotonic() > patience:
                    raise
                time.sleep(0.01)


class SharedConnection:
    """The one connection to a database in memory: called directly by threads, through its worker by tasks."""

    def __init__(self, direct: DirectConnection, alias: str) -> None:
        self._direct = direct
        self._alias = alias
        self._waiting: Any = None
        self.native = direct.native
        self.opened_at = direct.opened_at
        self.returned_at = direct.returned_at
        self.era = 0
        self.holder: Any = None
        self.text = ""
        self.usual_limit = direct.usual_limit

    def _side(self) -> Any:
        if bridge.running_loop() is None or not bridge.inside():
            return self._direct
        return self._worker_side()

    def _worker_side(self) -> Any:
        if self._waiting is None:
            worker = _worker_module()
            thread = worker.Worker(f"rowsmith-sqlite-{self._alias}")
            self._waiting = worker.WorkerConnection(self._direct, thread)
        return self._waiting

    def fetch(self, text: Any, parameters: Any, consume: Any) -> Any:
        return self._side().fetch(text, parameters, consume)

    async def afetch(self, text: Any, parameters: Any, consume: Any) -> Any:
        return await self._worker_side().afetch(text, parameters, consume)

    def execute(self, text: Any, parameters: Any) -> Any:
        return self._side().execute(text, parameters)

    def execute_many(self, text: Any, rows: Any) -> Any:
        return self._side().execute_many(text, rows)

    def stream(self, text: Any, parameters: Any, chunk_size: Any) -> Any:
        return self._side().stream(text, parameters, chunk_size)

    def query(self, sql: Any, parameters: Any) -> Any:
        return self._side().query(sql, parameters)

    def query_many(self, sql: Any, rows: Any) -> Any:
        return self._side().query_many(sql, rows)

    def limited(self, seconds: float) -> Any:
        return self._side().limited(seconds)

    def command(self, text: str) -> None:
        self._side().command(text)

    def begin(self) -> None:
        self._side().begin()

    def commit(self) -> None:
        self._side().commit()

    def rollback(self) -> None:
        self._side().rollback()

    def is_idle(self) -> bool:
        return self._direct.is_idle()

    def is_broken(self) -> bool:
        return self._direct.is_broken()

    def ping(self) -> bool:
        return self._direct.ping()

    def close(self) -> None:
        self.abandon()

    def abandon(self) -> None:
        if self._waiting is not None:
            self._waiting.abandon()
        else:
            self._direct.close()


def _close_each(opened: Sequence[sqlite3.Connection]) -> None:
    for native in opened:
        native.close()


def _worker_module() -> Any:
    """The side for event loops, imported when there is one: asyncio would double the library's import
    time."""
    return importlib.import_module("rowsmith.drivers.sqlite.worker")


def _is_in_memory(name: str) -> bool:
    return name == ":memory:" or name.startswith("file::memory:") or "mode=memory" in name


def _seconds(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ImproperlyConfigured(f"The SQLite option 'timeout' is a number of seconds, not {value!r}.") from None


def _truth(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).lower() in ("1", "true", "yes", "on")


def _word(name: str, value: Any) -> str:
    """A pragma's value as it may stand in its text: one word or number."""
    text = "ON" if value is True else "OFF" if value is False else str(value)
    if not _WORD.fullmatch(text):
        raise ImproperlyConfigured(f"The SQLite option {name!r} is one word or number, not {value!r}.")
    return text
