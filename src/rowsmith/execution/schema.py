"""Schema: making and dropping tables of models, without migrations."""

from __future__ import annotations

from typing import Any

from rowsmith import bridge
from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.db import connections
from rowsmith.db.router import router
from rowsmith.execution.checking import has_table, raise_errors
from rowsmith.execution.editor import SchemaEditor
from rowsmith.metadata.registry import apps
from rowsmith.metadata.tables import in_dependency_order, with_linking_tables
from rowsmith.sql.ddl import DropTable
from rowsmith.sql.types import Serial


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
    with SchemaEditor(connection, creates_only=True) as editor:
        present = existing_tables(connection) if if_not_exists else frozenset()
        for model in wanted:
            if model._meta.db_table.strip('"') not in present:
                editor.create_table(model)


def drop_tables(*models: Any, using: str = DEFAULT_DB_ALIAS) -> None:
    """Drop the tables of the given models, or of all models that are defined, as far as they exist."""
    connection = connections[using]
    wanted = in_dependency_order(with_linking_tables(models or apps.get_models(include_auto_created=True)))
    with SchemaEditor(connection, creates_only=True) as editor:
        for model in reversed(wanted):
            editor.drop_documents(model)
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


def sequence_resets(*models: Any, using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """The statements after which the keys that the database counts go on behind those that were given by hand."""
    definitions = connections[using].dialect.definitions()
    return [
        statement
        for model in with_linking_tables(models)
        for field in model._meta.local_concrete_fields
        if isinstance(field.sql_type, Serial)
        for statement in definitions.advance_counter(model._meta.db_table, field.column)
    ]
