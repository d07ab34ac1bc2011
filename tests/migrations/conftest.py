"""Fixtures of the migrations suite: a database without tables of ours, and a history to write in it."""

from __future__ import annotations

from typing import Any

import pytest

from rowsmith.db import connections
from rowsmith.migrations import Migration
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
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
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
