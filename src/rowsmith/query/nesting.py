"""Nesting: a planned SELECT takes its place inside another query, with aliases, slots and outer names put right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from rowsmith.exceptions import NotSupportedError
from rowsmith.query.aliases import renamed
from rowsmith.query.resolver import Resolver
from rowsmith.records import replace
from rowsmith.sql import expressions as sql
from rowsmith.sql import predicates as p
from rowsmith.sql.computed import has_window
from rowsmith.sql.nodes import Node, rewrite
from rowsmith.sql.select import Query

Q = TypeVar("Q", bound=Query)


def embedded(tree: Q, values: Sequence[Any], scope: Resolver) -> Q:
    """`tree` as part of the query that `scope` resolves: its values take the scope's slots."""
    inner = renamed(tree, scope.slots.place_prepared(len(values)))

    def resolve_outer(node: Node) -> Node | None:
        if isinstance(node, p.Comparison) and isinstance(node.right, sql.Outer):
            right = resolve_outer(node.right)
            assert isinstance(right, sql.Expression)
            return _compared(node, rewrite(node.left, resolve_outer), right)
        if not isinstance(node, sql.Outer):
            return None
        resolved: sql.Expression = node.name.resolve(scope).node
        if has_window(resolved):
            name = getattr(node.name, "name", node.name)
            raise NotSupportedError(f"Referencing outer query window expression is not supported: {name}.")
        return resolved

    return rewrite(inner, resolve_outer)


def _compared(node: p.Comparison, left: sql.Expression, right: sql.Expression) -> p.Predicate:
    """A comparison with what an outer name turned out to be: of as many columns, or not at all."""
    rows = isinstance(left, sql.Row), isinstance(right, sql.Row)
    if any(rows) and len(sql.items_of(left)) != len(sql.items_of(right)) and not isinstance(right, sql.Outer):
        raise ValueError(
            f"An OuterRef of {len(sql.items_of(right))} columns cannot be compared with {len(sql.items_of(left))}: "
            "name a key of as many columns, or one of the fields that it consists of."
        )
    return p.equal(left, right) if node.operator == "=" else replace(node, left=left, right=right)
