"""Computed: whether an expression or a condition is computed over the rows of a group or of a window."""

from __future__ import annotations

from collections.abc import Iterator

from rowsmith.sql.expressions import Aggregate
from rowsmith.sql.nodes import Node, parts
from rowsmith.sql.select import Query
from rowsmith.sql.windows import Window


def own_parts(node: Node) -> Iterator[Node]:
    """`node` and what stands below it, parents first, but not what stands in its subqueries."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        if not isinstance(current, Query):
            pending.extend(reversed(list(parts(current))))


def has_aggregate(node: Node) -> bool:
    """Whether a part of it is computed over groups."""
    return any(isinstance(part, Aggregate) for part in own_parts(node))


def has_window(node: Node) -> bool:
    """Whether a part of it is computed over a window."""
    return any(isinstance(part, Window) for part in own_parts(node))
