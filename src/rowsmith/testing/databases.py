"""Databases for tests: made beside those of the program, and dropped when the tests are through."""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rowsmith import config
from rowsmith.config import DEFAULT_DB_ALIAS, Configuration, DatabaseSettings
from rowsmith.db import Connection, connections
from rowsmith.db.router import router
from rowsmith.exceptions import ImproperlyConfigured
from rowsmith.execution.editor import SchemaEditor
from rowsmith.execution.schema import create_tables
from rowsmith.metadata.registry import apps
from rowsmith.metadata.tables import in_dependency_order, with_linking_tables
from rowsmith.migrations.executor import migrate_all
from rowsmith.migrations.loader import MigrationLoader
from rowsmith.migrations.places import migrations_module
from rowsmith.records import replace

PREFIX = "test_"
IN_MEMORY = ":memory:"


class TestDatabases:
    """The databases that are there for tests, and the configuration that was in force before.

    made:    per alias, the settings under which its database was made; aliases of the same database are left out.
    clones:  how many copies of each there are.
    """

    __test__ = False

    def __init__(
        self,
        before: Configuration,
        during: Configuration,
        made: Mapping[str, DatabaseSettings],
        migrate: bool | None,
    ) -> None:
        self.before = before
        self.during = during
        self.made = made
        self.templates: dict[str, str] = {}
        self.clones = 0
        self._migrate = migrate

    def migrates(self, alias: str) -> bool:
        """Are the tables of a database made by migrations?"""
        return bool(self.made[alias].test.get("MIGRATE", True)) if self._migrate is None else self._migrate

    def use(self) -> None:
        """Put the configuration of the tests in force, with all tables there."""
        self._install(self.during)

    def _install(self, configuration: Configuration) -> None:
        config.install(configuration)
        # A copy of a template has its tables; a database in memory is a new one each time.
        for alias in self.made:
            if alias not in self.templates:
                _make_tables(alias, self.migrates(alias))

    def use_clone(self, number: int) -> None:
        """Go on with the copies of that number, counted from 1: one for each process that runs tests."""
        if not 1 <= number <= self.clones:
            raise ValueError(f"There are {self.clones} clones, so there is none with the number {number}.")
        databases = {
            alias: replace(settings, name=_clone_name(settings, number))
            for alias, settings in self.during.databases.items()
        }
        self._install(replace(self.during, databases=databases))


def setup_test_databases(
    aliases: Iterable[str] | None = None,
    *,
    keepdb: bool = False,
    suffix: str = "",
    parallel: int = 0,
    migrate: bool | None = None,
    rebuild: bool = False,
) -> TestDatabases:
    """Make a database for tests in place of each configured one, with the tables of all models, and use them.

    A database is called `test_<NAME>`, or as `TEST = {"NAME": ...}` of its settings says; on SQLite it is in memory
    unless it has a name there. Aliases with a MIRROR use the database of another alias.

    aliases:   which ones to make; all by default. The others cannot be used while these are.
    keepdb:    leave databases that are there from another time as they are, apart from tables that are missing; on
               PostgreSQL they are copied from a template that stays, and is made anew when the models have changed.
    suffix:    added to each name, such as that of a worker beside others.
    parallel:  make so many copies of each as well; see `TestDatabases.use_clone`.
    migrate:   make tables by migrations, where there are any; None goes by `TEST = {"MIGRATE": ...}`, or else True.
    rebuild:   make templates anew, whatever is there.
    """
    before = config.current()
    for module in before.models:
        importlib.import_module(module)
    chosen = list(before.databases) if aliases is None else list(aliases)
    databases = _test_settings(before, chosen, suffix)
    made: dict[str, DatabaseSettings] = {}
    for alias in _in_order(before, chosen):
        settings = databases[alias]
        if settings.engine and not any(place_of(settings) == place_of(other) for other in made.values()):
            made[alias] = settings
    during = replace(before, databases=databases)
    found = TestDatabases(before, during, made, migrate)
    copied = keepdb or bool(suffix)
    try:
        for alias, settings in made.items():
            if settings.engine == "sqlite":
                if not keepdb:
                    _drop(settings)
            else:
                with _maintenance(settings) as server:
                    _make(server, found, alias, copied, rebuild, found.migrates(alias))
        found.use()
        if parallel:
            connections.close_all()
            for number in range(1, parallel + 1):
                for settings in made.values():
                    _clone(settings, number)
            found.clones = parallel
            found.use()
    except BaseException:
        teardown_test_databases(found, keepdb=keepdb)
        raise
    return found


def teardown_test_databases(found: TestDatabases, *, keepdb: bool = False) -> None:
    """Drop what `setup_test_databases` made, unless it is kept, and put the configuration in force that was before."""
    config.install(found.before)
    if keepdb:
        return
    for alias, settings in found.made.items():
        for name in (settings.name, *(_clone_name(settings, number + 1) for number in range(found.clones))):
            _drop(replace(settings, name=name))
        if alias in found.templates:
            _drop_template(settings, found.templates[alias])


# Settings


def _test_settings(before: Configuration, chosen: list[str], suffix: str) -> dict[str, DatabaseSettings]:
    found = {}
    mirrors = {settings.test.get("MIRROR") for settings in before.databases.values()}
    for alias, settings in before.databases.items():
        mirrored = settings.test.get("MIRROR")
        source = before.database(mirrored) if mirrored else settings
        if alias not in chosen or not source.engine:
            found[alias] = DatabaseSettings(alias)
            continue
        name = _test_name(source, suffix, source.alias in mirrors)
        found[alias] = replace(source, alias=alias, name=name, test=settings.test)
    return found


def _test_name(settings: DatabaseSettings, suffix: str, mirrored: bool) -> str:
    name = settings.test.get("NAME")
    ending = f"_{suffix}" if suffix else ""
    if settings.engine == "sqlite":
        if name in (None, IN_MEMORY):
            # By name, so that a mirror finds it.
            return f"file:test_{settings.alias}?mode=memory&cache=shared" if mirrored else IN_MEMORY
        root, extension = os.path.splitext(os.fspath(name))
        return f"{root}{ending}{extension}"
    return f"{name or PREFIX + settings.name}{ending}"


def _clone_name(settings: DatabaseSettings, number: int) -> str:
    if _in_memory(settings):
        return settings.name
    root, extension = os.path.splitext(settings.name) if settings.engine == "sqlite" else (settings.name, "")
    return f"{root}_{number}{extension}"


def _in_memory(settings: DatabaseSettings) -> bool:
    return settings.name == IN_MEMORY or "mode=memory" in settings.name


def place_of(settings: DatabaseSettings) -> tuple[Any, ...]:
    """What two aliases have in common exactly when they are the same database."""
    own = settings.alias if settings.name == IN_MEMORY else None
    return settings.engine, settings.host, settings.port, settings.name, own


def _in_order(before: Configuration, chosen: list[str]) -> list[str]:
    """The aliases to make, each after those that it depends on; mirrors make none."""
    ordered: list[str] = []

    def add(alias: str, way: tuple[str, ...]) -> None:
        if alias in way:
            raise ImproperlyConfigured(
                f"The test databases depend on each other in a circle: {' -> '.join((*way, alias))}. Change "
                "TEST['DEPENDENCIES'] of one of them."
            )
        if alias in ordered or alias not in chosen:
            return
        test = before.database(alias).test
        needed = test.get("DEPENDENCIES", () if alias == DEFAULT_DB_ALIAS else (DEFAULT_DB_ALIAS,))
        for other in needed:
            before.database(other)  # or it says what exists
            add(other, (*way, alias))
        if not test.get("MIRROR"):
            ordered.append(alias)

    for alias in chosen:
        add(alias, ())
    return ordered


# Making and dropping


def _make(server: Connection, found: TestDatabases, alias: str, copied: bool, rebuild: bool, migrate: bool) -> None:
    """Make a database on a server: empty, or with all tables as a copy of a template."""
    settings = found.made[alias]
    test = settings.test
    options = {"charset": test.get("CHARSET"), "collation": test.get("COLLATION"), "template": test.get("TEMPLATE")}
    definitions = server.dialect.definitions()
    if copied:
        template = found.templates[alias] = f"{settings.test.get('NAME') or PREFIX + _base(found, alias)}_template"
        # Whoever comes first makes the template; the others wait for that.
        with server.lease():
            server.fetch("SELECT pg_advisory_lock(hashtext($1))", (template,), list)
            _make_template(server, found, alias, template, options, rebuild, migrate)
            server.execute(definitions.drop_database(settings.name))
            server.execute(definitions.create_database(settings.name, template))
    else:
        server.execute(definitions.drop_database(settings.name))
        server.execute(definitions.create_database(settings.name, **options))


def _base(found: TestDatabases, alias: str) -> str:
    return found.before.database(alias).name


def _make_template(
    server: Connection,
    found: TestDatabases,
    alias: str,
    template: str,
    options: Mapping[str, Any],
    rebuild: bool,
    migrate: bool,
) -> None:
    """Have a template that has the tables of today's models; its comment says of which ones it is."""
    definitions = server.dialect.definitions()
    settings = replace(found.made[alias], name=template)
    config.install(replace(found.during, databases={**found.during.databases, alias: settings}))
    wanted = _fingerprint(alias, server)
    query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1"
    if not rebuild and server.fetch(query, (template,), list) == [(wanted,)]:
        return
    server.execute(definitions.drop_database(template))
    server.execute(definitions.create_database(template, **options))
    _make_tables(alias, migrate)
    connections.close_all()
    server.execute(definitions.comment_on_database(template, wanted))


def _fingerprint(alias: str, server: Connection) -> str:
    """What tells the tables of today's models, and the migrations that make them, from others."""
    editor = SchemaEditor(server, collect_sql=True, creates_only=True)
    with editor:
        for model in in_dependency_order(with_linking_tables(apps.get_models(include_auto_created=True))):
            if router.allow_migrate_model(alias, model):
                editor.create_table(model)
    told = hashlib.sha256("\n".join(editor.collected_sql).encode())
    for label, name in sorted(MigrationLoader(None).disk_migrations):
        module = importlib.import_module(f"{migrations_module(label)}.{name}")
        told.update(Path(module.__file__ or "").read_bytes())
    return told.hexdigest()


def _make_tables(alias: str, migrate: bool) -> None:
    """Make the tables of all models: by migrations where their apps have any, unless told otherwise."""
    if migrate:
        migrate_all(alias, create_others=True)
    else:
        create_tables(using=alias, if_not_exists=True)


@contextmanager
def _maintenance(settings: DatabaseSettings) -> Iterator[Connection]:
    """A connection to the server itself, from which databases are made and dropped."""
    server = Connection(replace(settings, name="postgres", pooling="session", statement_timeout=None))
    try:
        yield server
    finally:
        server.shut_down()


def _clone(settings: DatabaseSettings, number: int) -> None:
    """Copy a database with its tables; nobody may be connected to it."""
    name = _clone_name(settings, number)
    if settings.engine == "sqlite":
        if not _in_memory(settings):
            _drop(replace(settings, name=name))
            shutil.copyfile(settings.name, name)
        return
    with _maintenance(settings) as server:
        definitions = server.dialect.definitions()
        server.execute(definitions.drop_database(name))
        server.execute(definitions.create_database(name, settings.name))


def _drop(settings: DatabaseSettings) -> None:
    if settings.engine == "sqlite":
        for ending in ("", "-wal", "-shm") if not _in_memory(settings) else ():
            Path(settings.name + ending).unlink(missing_ok=True)
        return
    with _maintenance(settings) as server:
        server.execute(server.dialect.definitions().drop_database(settings.name))


def _drop_template(settings: DatabaseSettings, template: str) -> None:
    """Drop a template, unless others still make databases of it."""
    with _maintenance(settings) as server, server.lease():
        server.fetch("SELECT pg_advisory_lock(hashtext($1))", (template,), list)
        start = template.removesuffix("template")
        names = server.fetch("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", (start,), list)
        if names == [(template,)]:
            server.execute(server.dialect.definitions().drop_database(template))
