"""Rebuilding: making the documents of all rows anew, for when something was written around the database's triggers."""

from __future__ import annotations

from typing import Any

from rowsmith import bridge
from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.db import connections
from rowsmith.sql.search import RebuildDocuments


def rebuild(model: Any, using: str = DEFAULT_DB_ALIAS) -> None:
    """Make the documents of all rows of a model anew, in one transaction."""
    with connections[using].schema_editor() as editor:
        for index in model._meta.concrete_model._meta.indexes:
            if index.searched:
                editor.run(RebuildDocuments(index.documents(model._meta.concrete_model)))


async def arebuild(model: Any, using: str = DEFAULT_DB_ALIAS) -> None:
    """The awaitable twin of `rebuild`."""
    await bridge.run(rebuild, model, using)
