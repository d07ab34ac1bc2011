"""Emptying: all rows of all models gone, and the tables still there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rowsmith.db import connections
from rowsmith.execution.schema import existing_tables
from rowsmith.metadata.registry import Apps, apps
from rowsmith.metadata.tables import with_linking_tables


def empty_tables(
    alias: str, *, reset_sequences: bool = False, registry: Apps = apps, labels: Iterable[str] | None = None
) -> None:
    """Delete all rows of all models of a registry that have a table in a database; of all apps, or of those named."""
    connection = connections[alias]
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for statement in emptying_statements(connection, reset_sequences, registry, labels):
            cursor.execute(statement)


def emptying_statements(
    connection: Any, reset_sequences: bool, registry: Apps, labels: Iterable[str] | None = None
) -> list[str]:
    """What deletes all rows of all models that have a table there."""
    present = existing_tables(connection)
    chosen = None if labels is None else frozenset(labels)
    models = [
        model
        for model in with_linking_tables(registry.get_models(include_auto_created=True))
        if chosen is None or model._meta.app_label in chosen
    ]
    tables = [model._meta.db_table for model in models if model._meta.db_table.strip('"') in present]
    if not tables:
        return []
    definitions = connection.dialect.definitions()
    reset_sequences = reset_sequences and definitions.sequences_table in (None, *present)
    statements: list[str] = definitions.empty_tables(tuple(tables), reset_sequences)
    return statements
