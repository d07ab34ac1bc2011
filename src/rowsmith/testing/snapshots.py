"""Snapshots: what is in a database, to be put back later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rowsmith import serializers
from rowsmith.db import connections
from rowsmith.db.transactions import Atomic
from rowsmith.execution.schema import existing_tables, sequence_resets
from rowsmith.migrations.places import registry
from rowsmith.serializers.ordering import sort_dependencies


def _models(alias: str) -> list[Any]:
    present = existing_tables(connections[alias])
    return sort_dependencies(
        model
        for model in registry().get_models()
        if not model._meta.proxy and model._meta.db_table.strip('"') in present
    )


def snapshot(alias: str) -> str:
    """All rows of all models as text."""

    def rows() -> Iterator[Any]:
        for model in _models(alias):
            yield from model._base_manager.using(alias).order_by("pk").iterator()

    text: str = serializers.serialize("jsonl", rows())
    return text


def restore(alias: str, text: str) -> None:
    """Write the rows of a snapshot into tables that are empty."""
    connection = connections[alias]
    with connection.constraint_checks_disabled(), Atomic(alias, savepoint=True, durable=False):
        for obj in serializers.deserialize("jsonl", text, using=alias):
            obj.save(using=alias)
        for statement in sequence_resets(*_models(alias), using=alias):
            connection.execute(statement)
