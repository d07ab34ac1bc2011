"""Singles: expressions that take single values, and refuse keys of several columns."""

from __future__ import annotations

from typing import Any

from rowsmith.sql import expressions as sql


def single(node: sql.Expression, around: Any) -> sql.Expression:
    """A node of one value; ValueError for a key of several columns."""
    if isinstance(node, sql.Row):
        raise ValueError(
            f"{type(around).__name__} expression does not support composite primary keys: it takes single values, "
            "such as the fields that the key consists of."
        )
    return node
