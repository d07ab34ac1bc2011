"""Emptying: databases as they were before a test committed something."""

from __future__ import annotations

from rowsmith.db import connections
from rowsmith.execution.schema import existing_tables
from rowsmith.metadata.registry import apps
from rowsmith.metadata.tables import with_linking_tables


def empty_tables(alias: str, *, reset_sequences: bool = False) -> None:
    """Delete all rows of all models that have a table in a database."""
    connection = connections[alias]
    present = existing_tables(connection)
    models = with_linking_tables(apps.get_models(include_auto_created=True))
    tables = [model._meta.db_table for model in models if model._meta.db_table.strip('"') in present]
    if not tables:
        return
    definitions = connection.dialect.definitions()
    reset_sequences = reset_sequences and definitions.sequences_table in (None, *present)
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for statement in definitions.empty_tables(tuple(tables), reset_sequences):
            cursor.execute(statement)
