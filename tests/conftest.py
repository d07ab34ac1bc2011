"""Fixtures that let one behaviour suite run on every database, called by threads and by tasks."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import rowsmith
from rowsmith import config
from rowsmith.db import Connection, connections
from tests import servers, worlds
from tests.worlds import WORLDS, World

pytest_plugins = ["tests.features"]

ON_CI = os.environ.get("CI") == "true"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "only(*vendors): runs on these databases alone")
    config.addinivalue_line("markers", "plain: runs in the worlds of threads alone")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that asks for a database runs in each world that it can run in."""
    if "world" not in metafunc.fixturenames:
        return
    vendors = {name for marker in metafunc.definition.iter_markers("only") for name in marker.args}
    plain = metafunc.definition.get_closest_marker("plain") is not None
    needs_loop = inspect.iscoroutinefunction(metafunc.function)
    chosen = [
        world
        for world in WORLDS
        if (not vendors or world.vendor in vendors)
        and not (needs_loop and not world.is_async)
        and not (plain and world.is_async)
    ]
    metafunc.parametrize("world", chosen, ids=[world.id for world in chosen], indirect=True, scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """In the world of an event loop the test runs there, whichever way it is spelled."""
    world = pyfuncitem.funcargs.get("world")
    runner = pyfuncitem.funcargs.get("_runner")
    if not isinstance(world, World) or not world.is_async or runner is None:
        return None
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    worlds.run(runner, pyfuncitem.obj, arguments)
    return True


# --- databases ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The URL of a PostgreSQL server; without one the test is skipped, or fails where all must be there."""
    with contextlib.ExitStack() as stack:
        try:
            url = stack.enter_context(servers.postgresql())
        except servers.ServerMissing as missing:
            if ON_CI:
                pytest.fail(str(missing))
            pytest.skip(str(missing))
        yield url


@pytest.fixture(scope="session")
def _runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="session")
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, _runner: Any
) -> Iterator[World]:
    """The database and the way to call it; configured for as long as tests of this world run."""
    world: World = request.param
    if world.vendor == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'tests.db'}"
    else:
        url = request.getfixturevalue("postgresql_url")
    _Tables.current = _Tables(url)
    yield world
    _Tables.current.drop_all()
    config.install(None)


@pytest.fixture
def database(world: World) -> Iterator[Connection]:
    """The connection of the world, configured and clean; put back in order after the test."""
    tables = _Tables.current
    tables.configure()
    yield connections["default"]
    tables.configure()


@pytest.fixture
def tables(database: Connection) -> Iterator[Callable[..., None]]:
    """`tables(Author, Book)`: their tables and those of their many-to-many fields are there, and empty."""
    yield _Tables.current.provide


class _Tables:
    """The tables of one database that tests have asked for. They stay for the next test, which finds them
    empty."""

    current: _Tables

    def __init__(self, url: str) -> None:
        self.url = url
        self._made: dict[str, type] = {}
        self._configuration: Any = None

    def configure(self) -> None:
        """Put the world's configuration in force again when a test has changed it."""
        if self._configuration is None or config.current() is not self._configuration:
            self._configuration = rowsmith_configure(self.url)

    def provide(self, *models: type) -> None:
        wanted = {table: model for model in models for table, model in _tables_of(model)}
        stale = [model for table, model in self._made.items() if wanted.get(table, model) is not model]
        if stale:
            self._drop(list(self._made.values()))
            self._made.clear()
        kept = [table for table in wanted if table in self._made]
        missing = [model for model in models if model._meta.db_table not in self._made]  # type: ignore[attr-defined]
        if kept:
            _empty(kept)
        if missing:
            rowsmith.create_tables(*missing)  # type: ignore[attr-defined]
            self._made.update(wanted)

    def drop_all(self) -> None:
        if self._made:
            self.configure()
            self._drop(list(self._made.values()))

    def _drop(self, models: list[type]) -> None:
        connection = connections["default"]
        with connection.schema_editor(creates_only=True) as editor:
            for model in models:
                editor.drop_documents(model)
        cascade = " CASCADE" if connection.vendor == "postgresql" else ""
        with connection.constraint_checks_disabled(), connection.cursor() as cursor:
            for model in models:
                table = connection.ops.quote_name(model._meta.db_table)  # type: ignore[attr-defined]
                cursor.execute(f"DROP TABLE IF EXISTS {table}{cascade}")


def rowsmith_configure(url: str) -> config.Configuration:
    return config.configure(url)


def _tables_of(model: Any) -> Iterator[tuple[str, type]]:
    yield model._meta.db_table, model
    for field in model._meta.local_many_to_many:
        through = field.remote_field.through
        if through._meta.auto_created:
            yield through._meta.db_table, through


def _empty(tables: list[str]) -> None:
    connection = connections["default"]
    names = [connection.ops.quote_name(table) for table in tables]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {', '.join(names)} RESTART IDENTITY CASCADE")
            return
        with connection.constraint_checks_disabled():
            for name in names:
                cursor.execute(f"DELETE FROM {name}")
            cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")
            if cursor.fetchone():
                cursor.execute("DELETE FROM sqlite_sequence")


@pytest.fixture
def unconfigured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No configuration, no environment and no file above the working directory that has one."""
    for name in list(os.environ):
        if name.startswith("DATABASE_URL"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    config.install(None)
    yield
    config.install(None)
