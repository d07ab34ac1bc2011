"""Schema: making and dropping tables of models, without migrations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rowsmith import bridge
from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.db import Connection, connections
from rowsmith.db.router import router
from rowsmith.db.transactions import atomic
from rowsmith.execution.checking import has_table, raise_errors
from rowsmith.execution.constants import text_of
from rowsmith.metadata.registry import apps
from rowsmith.metadata.tables import TableMaker, in_dependency_order, with_linking_tables
from rowsmith.sql.ddl import Definition, DropTable


class SchemaEditor:
    """Changes the tables of one database, in one transaction.

    collect_sql:  gather the statements in `collected_sql` and run none.
    atomic:       keep all of it or nothing.
    """

    def __init__(self, connection: Any, collect_sql: bool = False, atomic: bool = True) -> None:
        self.connection = connection
        self.collect_sql = collect_sql
        self.atomic_migration = atomic
        self.collected_sql: list[str] = []
        self.deferred_sql: list[str] = []
        self.definitions = connection.dialect.definitions()
        self.maker = TableMaker(
            connection,
            lambda model, item: text_of(connection.dialect, model, item),
            connection.server_features,
            inline_references=self.definitions.inline_references,
            pattern_indexes=self.definitions.pattern_indexes,
        )
        self._block: Any = None

    def __enter__(self) -> SchemaEditor:
        if self.atomic_migration and not self.collect_sql:
            self._block = atomic(self.connection.alias)
            self._block.__enter__()
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        try:
            if kind is None:
                self.flush()
        except BaseException as failure:
            if self._block is not None:
                self._block.__exit__(type(failure), failure, failure.__traceback__)
            raise
        if self._block is not None:
            self._block.__exit__(kind, error, traceback)

    def flush(self) -> None:
        """Run what had to wait for other tables."""
        waiting, self.deferred_sql = self.deferred_sql, []
        for text in waiting:
            self.execute(text)

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> None:
        """Run one statement, or gather it; parameters are written as `%s`."""
        if self.collect_sql:
            self.collected_sql.append(sql + ";")
        elif params:
            with self.connection.cursor() as cursor:
                cursor.execute(sql, params)
        else:
            self.connection.execute(sql, ())

    def quote_name(self, name: str) -> str:
        return str(self.connection.dialect.quote_name(name))

    def run(self, definition: Definition) -> None:
        for text in self.definitions.statements(definition):
            self.execute(text)

    def create_model(self, model: Any) -> None:
        """Create the model's table, its indexes, and the linking tables of its many-to-many fields."""
        for each in with_linking_tables([model]):
            self.create_table(each)

    def create_table(self, model: Any) -> None:
        """Create the table of one model alone; foreign keys and indexes may follow at the end."""
        table = self.maker.table(model)
        self.run(table.create)
        for index in table.indexes:
            self.deferred_sql.extend(self.definitions.statements(index))
        for reference in table.references:
            self.deferred_sql.extend(self.definitions.statements(reference))

    def delete_model(self, model: Any) -> None:
        """Drop the model's table and the linking tables of its many-to-many fields."""
        for each in reversed(with_linking_tables([model])):
            self.run(DropTable(each._meta.db_table, cascade=True))


Connection.schema_editor_class = SchemaEditor


def create_tables(*models: Any, if_not_exists: bool = False, using: str = DEFAULT_DB_ALIAS) -> None:
    """Create the tables of the given models, or of all models that are defined, in one transaction.

    Left out are models that require another database, by `required_db_features` or `required_db_vendor`; and of all
    models those that a router does not allow there.

    if_not_exists:  leave tables alone that are there already, whatever they look like.
    raises:         CheckFailed when the definitions have mistakes, before anything is created.
    """
    connection = connections[using]
    chosen = models or apps.get_models(include_auto_created=True)
    raise_errors(chosen, using)
    wanted = in_dependency_order(
        model
        for model in with_linking_tables(chosen)
        if has_table(model, connection) and (models or router.allow_migrate_model(using, model))
    )
    with SchemaEditor(connection) as editor:
        present = existing_tables(connection) if if_not_exists else frozenset()
        for model in wanted:
            if model._meta.db_table.strip('"') not in present:
                editor.create_table(model)


def drop_tables(*models: Any, using: str = DEFAULT_DB_ALIAS) -> None:
    """Drop the tables of the given models, or of all models that are defined, as far as they exist."""
    connection = connections[using]
    wanted = in_dependency_order(with_linking_tables(models or apps.get_models(include_auto_created=True)))
    with SchemaEditor(connection) as editor:
        for model in reversed(wanted):
            editor.run(DropTable(model._meta.db_table, if_exists=True, cascade=True))


async def acreate_tables(*models: Any, if_not_exists: bool = False, using: str = DEFAULT_DB_ALIAS) -> None:
    """The awaitable twin of `create_tables`."""
    await bridge.run(create_tables, *models, if_not_exists=if_not_exists, using=using)


async def adrop_tables(*models: Any, using: str = DEFAULT_DB_ALIAS) -> None:
    """The awaitable twin of `drop_tables`."""
    await bridge.run(drop_tables, *models, using=using)


def existing_tables(connection: Any) -> frozenset[str]:
    """The names of the tables that the current search path reaches."""
    query = connection.dialect.definitions().tables_query
    return frozenset(connection.fetch(query, (), lambda rows: [row[0] for row in rows]))
