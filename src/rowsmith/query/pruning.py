"""Pruning: what a question about a query does not need of it, such as joins for annotations that nothing reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rowsmith.query.query import Joined, Query
from rowsmith.sql import expressions as sql
from rowsmith.sql import predicates as p
from rowsmith.sql.computed import has_aggregate, has_window
from rowsmith.sql.nodes import Node


def pruned(query: Query, read: Iterable[Node] = ()) -> Query:
    """`query` without the joins and the groups that change neither which rows it has nor what `read` is worth.

    read:  the expressions that are asked of its rows.
    """
    if query.sliced or query.distinct or query.combined is not None or query.grouping not in (None, "model"):
        return query
    grouped = query.grouping == "model"
    nodes = (query.where, *read, *[node for _, node in splitting(query)])
    if any(has_window(node) or (grouped and has_aggregate(node)) for node in nodes):
        return query
    needed = frozenset[str]().union(*map(p.aliases_in, nodes))
    joins = _needed_joins(query, needed, grouped)
    if grouped and not any(joined.multiple for joined in joins):
        return query.but(joins=joins, grouping=None)
    return query.but(joins=joins)


def splitting(query: Query) -> Iterator[tuple[str, sql.Expression]]:
    """The annotations that make several groups of one instance: those of relations to many that are no aggregates."""
    if query.grouping != "model":
        return
    several: set[str | None] = set()
    for joined in query.joins:
        if joined.multiple or joined.parent in several:
            several.add(joined.alias)
    for name, annotation in query.annotations.items():
        node = annotation.node
        if annotation.selected and not has_aggregate(node) and not several.isdisjoint(p.aliases_in(node)):
            yield name, node


def _needed_joins(query: Query, needed: frozenset[str], grouped: bool) -> tuple[Joined, ...]:
    """The joins that are read, lead to one that is, or could change which rows there are."""
    base, *others = query.joins
    kept: set[str | None] = {base.alias}
    for joined in reversed(others):
        # An outer join to one row at most keeps the rows as they are; to several, as long as they are grouped.
        changes = not joined.optional or (joined.multiple and not grouped)
        if joined.alias in needed or joined.alias in kept or changes:
            kept |= {joined.alias, joined.parent} | p.aliases_in(joined.condition)
            kept |= p.aliases_in(joined.source) if joined.source is not None else frozenset()
    return (base, *[joined for joined in others if joined.alias in kept])
