"""Explaining: how the database would answer a query."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rowsmith.db.handler import connections
from rowsmith.execution.reading import rows_of
from rowsmith.query.shape import Shape, Values


def explain(shape: Shape, values: Values, alias: str, format: str | None, options: Mapping[str, Any]) -> str:
    """The database's plan for the rows of a shape, one line for each row that it returned.

    raises:  ValueError for a format or an option that the database does not have.
    """
    connection = connections[alias]
    command = connection.dialect.explain(format, options)
    if shape.query.empty:
        return ""  # it would not be asked
    compiled = rows_of(shape, connection)
    rows = connection.fetch(f"{command} {compiled.text}", compiled.bind(values), list)
    return "\n".join(" ".join(map(_text, row)) for row in rows)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
