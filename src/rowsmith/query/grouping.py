"""Grouping: the GROUP BY of a query: what was asked for, and what else the result needs one value of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rowsmith.exceptions import FieldError
from rowsmith.query.query import Chosen, Joined, Query
from rowsmith.sql import expressions as sql
from rowsmith.sql.computed import has_aggregate, has_window
from rowsmith.sql.nodes import Node, parts
from rowsmith.sql.predicates import ALWAYS, Predicate
from rowsmith.sql.select import Output


def groups_of(chosen: Iterable[Chosen]) -> tuple[sql.Expression, ...]:
    """What values() groups by once an aggregate joins it."""
    nodes: list[sql.Expression] = []
    for item in chosen:
        if isinstance(item.node, sql.Spelled) and item.node.grouped is not None:
            nodes += [item.node.arguments[place] for place in item.node.grouped]
        elif not has_aggregate(item.node):
            nodes += sql.items_of(item.node)
    return tuple(nodes)


def group_keys(
    query: Query,
    joins: Iterable[Joined],
    outputs: Iterable[Output],
    ordering: Iterable[sql.Ordering],
    having: Predicate = ALWAYS,
) -> tuple[sql.Expression, ...]:
    """The GROUP BY of a query for these outputs, in this order; empty without groups.

    joins:  the query's tables, and those that its outputs add.
    """
    if query.grouping is None:
        return ()
    keys: list[sql.Expression]
    own: str | None = None
    if query.grouping == "model":
        keys = [sql.Column(query.base, key.column, type=key.sql_type) for key in query.options.pk_fields]
        # Databases know the key of a table to determine its row, but not that of a query's result.
        own = query.base if query.of_table else None
    else:
        # A constant has one value in every group; rows grouped by nothing else are one group, even without rows.
        keys = [key for key in dict.fromkeys(query.grouping) if not isinstance(key, sql.Parameter | sql.Literal)]
        if any(map(has_window, keys)):
            raise FieldError(
                "Rows cannot be grouped by a window, which is computed after the groups. Ask for the windows with "
                "values() in a queryset of its own, and group its rows in Python or in a common table."
            )
    aliases = frozenset(joined.alias for joined in joins)
    needed = [output.expression for output in outputs]
    if query.ordering is not None:
        needed += [key.expression for key in ordering]
    for expression in (*needed, having):
        for found in _varying(expression, keys, aliases, own):
            if found not in keys:
                keys.append(found)
    return tuple(keys)


def _varying(
    node: Node, keys: list[sql.Expression], aliases: frozenset[str], own: str | None
) -> Iterator[sql.Expression]:
    """The parts of `node` that may have several values within a group unless it is grouped by them, too.

    own:  the table whose key is grouped by: its columns have one value.
    """
    if node in keys:
        return
    if isinstance(node, sql.Spelled) and node.grouped is not None:
        for place in node.grouped:
            yield from _varying(node.arguments[place], keys, aliases, own)
        return
    columns = [column for column in _columns(node, keys) if column.alias in aliases and column.alias != own]
    if not columns:
        return
    if isinstance(node, sql.Expression) and not has_aggregate(node) and not has_window(node):
        yield node
    else:
        yield from columns


def _columns(node: Node, keys: list[sql.Expression]) -> Iterator[sql.Column]:
    """The columns below `node` outside of aggregates and of what is grouped by already."""
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, sql.Column):
            yield current
        elif not isinstance(current, sql.Aggregate) and current not in keys:
            pending.extend(reversed(list(parts(current))))
