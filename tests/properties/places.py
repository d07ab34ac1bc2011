"""The database under both libraries: a SQLite file or a database of a PostgreSQL server, and how to look into it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class Place:
    """One empty database."""

    vendor: str
    url: str
    version: str

    def django_settings(self) -> dict[str, Any]:
        raise NotImplementedError

    def tables(self, cursor: Any) -> list[str]:
        raise NotImplementedError

    def columns(self, cursor: Any, table: str) -> list[str]:
        raise NotImplementedError

    def stored(self, column: str) -> str:
        """The SQL that shows what is stored, which a library's own cursor may convert."""
        raise NotImplementedError

    def before_writing(self, cursor: Any) -> None:
        """Put back what a transaction that was undone left changed."""

    def comparable(self, answer: Any) -> Any:
        """A normalised answer without what the two libraries read differently from this database."""
        return answer


class SqliteFile(Place):
    vendor = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"
        self.version = f"SQLite {sqlite3.sqlite_version}"

    def django_settings(self) -> dict[str, Any]:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(self.path)}

    def tables(self, cursor: Any) -> list[str]:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'shop%' ORDER BY 1")
        return [name for (name,) in cursor.fetchall()]

    def columns(self, cursor: Any, table: str) -> list[str]:
        cursor.execute(f"SELECT name FROM pragma_table_info('{table}')")
        return [name for (name,) in cursor.fetchall()]

    def stored(self, column: str) -> str:
        return f'quote("{column}")'


class PostgresqlDatabase(Place):
    vendor = "postgresql"

    def __init__(self, url: str) -> None:
        self.url = url
        self.version = "PostgreSQL"

    def django_settings(self) -> dict[str, Any]:
        parts = urlsplit(self.url)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path[1:],
            "USER": parts.username,
            "PASSWORD": parts.password or "",
            "HOST": parts.hostname,
            "PORT": parts.port,
        }

    def tables(self, cursor: Any) -> list[str]:
        cursor.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'shop%' ORDER BY 1")
        return [name for (name,) in cursor.fetchall()]

    def columns(self, cursor: Any, table: str) -> list[str]:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns "
            f"WHERE table_name = '{table}' ORDER BY ordinal_position"
        )
        return [name for (name,) in cursor.fetchall()]

    def stored(self, column: str) -> str:
        return f"COALESCE(quote_literal(\"{column}\"::text), 'NULL')"

    def comparable(self, answer: Any) -> Any:
        # Django leaves a sum of bigints as the Decimal, a sign as the float, and a truncated date inside of another
        # function as the moment that the driver makes of it, with no zone; here they are as on SQLite. And the last
        # digit of a computed float that is stored depends on how its operands were written.
        match answer:
            case str() if match := re.fullmatch(r"<(?:Decimal|float) (-?\d+)>", answer):
                return int(match[1])
            case str() if match := re.fullmatch(r"<datetime ([\d-]+)T00:00:00(?:\+00:00)?>", answer):
                return f"<date {match[1]}>"
            case str() if answer.startswith("<datetime "):
                return answer.replace("+00:00", "")
            case str() if "." in answer:
                return re.sub(r"\d+\.\d{10,}", lambda number: f"{float(number[0]):.12g}", answer).replace("'-0'", "'0'")
            case list():
                return [self.comparable(item) for item in answer]
            case tuple():
                return tuple(map(self.comparable, answer))
            case dict():
                return {key: self.comparable(value) for key, value in answer.items()}
        return answer

    def before_writing(self, cursor: Any) -> None:
        # Sequences go on even when a transaction is undone, and new rows would get other keys on each side.
        for table in self.tables(cursor):
            for key in {"id", "number"}.intersection(self.columns(cursor, table)):
                following = f"(SELECT coalesce(max({key}), 0) + 1 FROM {table})"
                cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', '{key}'), {following})")


@contextlib.contextmanager
def sqlite() -> Iterator[Place]:
    """A file that lives as long as the block."""
    folder = Path(tempfile.mkdtemp(prefix="rowsmith-differential-"))
    try:
        yield SqliteFile(folder / "shop.db")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def postgresql(server: str | None = None) -> Iterator[Place]:
    """A database that lives as long as the block, on the server with this URL or on one started for it."""
    import psycopg

    from tests import servers

    with contextlib.ExitStack() as stack:
        server = server or stack.enter_context(servers.postgresql())
        name = f"shop_{os.getpid()}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        try:
            yield PostgresqlDatabase(urlsplit(server)._replace(path=f"/{name}").geturl())
        finally:
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
