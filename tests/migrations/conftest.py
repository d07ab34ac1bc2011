"""Fixtures of the migrations suite: a database without tables of ours, and a history to write in it."""

from __future__ import annotations

import importlib
import io
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from rowsmith.db import connections
from rowsmith.management import call_command
from rowsmith.metadata.registry import Apps, isolated
from rowsmith.migrations import Migration
from rowsmith.migrations.loader import forget_modules
from rowsmith.migrations.state import ProjectState


class History:
    """Operations carried out one after another on one app, and undone again."""

    def __init__(self, connection: Any, app_label: str = "shop") -> None:
        self.connection = connection
        self.app_label = app_label
        self.state = ProjectState()
        self.done: list[tuple[Migration, ProjectState]] = []

    def __call__(self, *operations: Any, atomic: bool = True) -> None:
        kind = type("Migration", (Migration,), {"operations": list(operations), "atomic": atomic})
        migration = kind(f"{len(self.done) + 1:04}", self.app_label)
        before = self.state
        with self.connection.schema_editor(atomic=atomic) as editor:
            self.state = migration.apply(before, editor)
        self.done.append((migration, before))

    def undo(self) -> None:
        migration, before = self.done.pop()
        with self.connection.schema_editor(atomic=migration.atomic) as editor:
            migration.unapply(before, editor)
        self.state = before

    def sql(self, *operations: Any) -> list[str]:
        """The statements of operations, which are not run."""
        migration = type("Migration", (Migration,), {"operations": list(operations)})("shown", self.app_label)
        with self.connection.schema_editor(collect_sql=True) as editor:
            migration.apply(self.state, editor)
        return list(editor.collected_sql)

    def model(self, name: str) -> Any:
        return self.state.apps.get_model(self.app_label, name)


def empty(connection: Any) -> None:
    """Drop whatever tables there are."""
    definitions = connection.dialect.definitions()
    if connection.vendor == "postgresql":
        query = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'"
    else:
        # Virtual tables first: those that they keep their data in cannot be dropped alone.
        query = (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
            "ORDER BY sql NOT LIKE 'CREATE VIRTUAL%'"
        )
    with connection.constraint_checks_disabled():
        for (name,) in connection.fetch(query, (), list):
            connection.execute(definitions.drop_table(name, True, True), ())


@pytest.fixture
def bare(database, tables):
    """The connection, to a database without tables."""
    from tests.conftest import _Tables

    _Tables.current.drop_all()
    _Tables.current._made.clear()
    connection = connections["default"]
    empty(connection)
    yield connection
    empty(connections["default"])


@pytest.fixture
def history(bare):
    return History(bare)


class Project:
    """A package of apps on disk, whose models and migrations are read anew whenever they change."""

    count = 0

    def __init__(self, folder: Path) -> None:
        Project.count += 1
        self.name = f"project_{Project.count}"
        self.root = folder / self.name
        self.root.mkdir()
        (self.root / "__init__.py").write_text("")
        self.apps: list[str] = []

    def models(self, text: str, app: str = "shop") -> Apps:
        """Define the models of an app as `text` says, in the place of those that it had."""
        self.write(f"{app}/models.py", f"from rowsmith import models\n\n{textwrap.dedent(text)}")
        if app not in self.apps:
            self.apps.append(app)
        return self.reload()

    def write(self, path: str, text: str) -> Path:
        """Write a file, in packages that are made where they are missing."""
        place = self.root / path
        for parent in reversed([one for one in place.parents if one.is_relative_to(self.root)]):
            parent.mkdir(exist_ok=True)
            (parent / "__init__.py").touch()
        place.write_text(textwrap.dedent(text))
        return place

    def reload(self) -> Apps:
        """Read everything anew, into another registry."""
        for name in [one for one in sys.modules if one == self.name or one.startswith(f"{self.name}.")]:
            del sys.modules[name]
        importlib.invalidate_caches()
        registry = Apps()
        isolated.set(registry)
        for app in self.apps:
            importlib.import_module(f"{self.name}.{app}.models")
        return registry

    def model(self, name: str, app: str = "shop") -> Any:
        return isolated.get().get_model(app, name)

    def files(self, app: str = "shop") -> list[str]:
        return sorted(path.stem for path in (self.root / app / "migrations").glob("[0-9a-z]*.py"))

    def text(self, name: str, app: str = "shop") -> str:
        return (self.root / app / "migrations" / f"{name}.py").read_text()

    def migration(self, name: str, body: str, app: str = "shop") -> None:
        """Write a migration by hand; `body` is what stands in its class."""
        lines = textwrap.indent(textwrap.dedent(body).strip(), "    ")
        self.write(
            f"{app}/migrations/{name}.py",
            f"from rowsmith import migrations, models\n\n\nclass Migration(migrations.Migration):\n{lines}\n",
        )
        forget_modules(f"{self.name}.{app}.migrations")

    def call(self, command: str, /, *args: Any, **options: Any) -> str:
        """What a command writes; what it writes as errors is kept in `errors`."""
        out, errors = io.StringIO(), io.StringIO()
        try:
            call_command(command, *args, stdout=out, stderr=errors, **options)
        finally:
            self.errors = errors.getvalue()
            self.written = out.getvalue()
        return out.getvalue()

    def make(self, *args: Any, **options: Any) -> str:
        """Write the migrations of all apps."""
        return self.call("makemigrations", *(args or self.apps), interactive=False, **options)

    def migrate(self, *args: Any, **options: Any) -> str:
        return self.call("migrate", *args, **options)


@pytest.fixture
def project(bare, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    isolated.set(Apps())
    found = Project(tmp_path)
    yield found
    isolated.set(None)
    for name in [one for one in sys.modules if one == found.name or one.startswith(f"{found.name}.")]:
        del sys.modules[name]
