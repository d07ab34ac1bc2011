"""Joining: the FROM of a query, with inner joins wherever an outer one would only add rows that are filtered out."""

from __future__ import annotations

from rowsmith.query.query import OWN, Joined
from rowsmith.records import replace
from rowsmith.sql import expressions as sql
from rowsmith.sql import predicates as p
from rowsmith.sql.nodes import Node, rewrite
from rowsmith.sql.predicates import Predicate
from rowsmith.sql.select import Derived, Join, Source, Table

STRICT_FUNCTIONS = frozenset({"UPPER", "LOWER", "LENGTH", "ABS", "TRIM", "LTRIM", "RTRIM", "REPLACE", "SUBSTR"})
"""Functions whose result is NULL as soon as one argument is."""


def present(joins: list[Joined], where: Predicate) -> frozenset[str]:
    """The aliases of tables that have a row wherever `where` holds: where it looks at one, all its parents have one."""
    by_alias = {joined.alias: joined for joined in joins}
    found: set[str] = set()
    for alias in p.rejected_aliases(where, STRICT_FUNCTIONS):
        current = by_alias.get(alias)
        while current is not None and current.alias not in found:
            found.add(current.alias)
            current = by_alias.get(current.parent) if current.parent is not None else None
    return frozenset(found)


def of_alias(condition: Predicate, alias: str) -> Predicate:
    """The condition of a join with the columns of its own table under the table's alias."""
    if condition == p.ALWAYS:
        return condition

    def change(node: Node) -> Node | None:
        return replace(node, alias=alias) if isinstance(node, sql.Column) and node.alias == OWN else None

    return rewrite(condition, change)


def join_tree(joins: list[Joined], where: Predicate) -> tuple[Source, tuple[Join, ...]]:
    """The FROM of a query: an outer join stays one only where its missing rows could still be asked for."""
    start, *others = [joined for joined in joins if not joined.dormant]
    there = present(joins, where)
    outer: set[str] = set()
    result = []
    for joined in others:
        missing = (joined.optional or joined.parent in outer) and joined.alias not in there
        if missing:
            outer.add(joined.alias)
        assert joined.parent is not None
        condition = p.conjunction(
            [
                *(
                    p.Comparison("=", sql.Column(joined.parent, source), sql.Column(joined.alias, target))
                    for source, target in joined.pairs
                ),
                of_alias(joined.condition, joined.alias),
            ]
        )
        result.append(Join(_source(joined), condition, outer=missing))
    return _source(start), tuple(result)


def _source(joined: Joined) -> Source:
    if joined.source is not None:
        return Derived(joined.source, joined.alias, lateral=True)
    return Table(joined.table, joined.alias, common=joined.common)
