"""Nesting: a planned SELECT takes its place inside another query, with aliases, slots and outer names put right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from rowsmith.exceptions import NotSupportedError
from rowsmith.query.aliases import renamed
from rowsmith.query.resolver import Resolver
from rowsmith.sql import expressions as sql
from rowsmith.sql.computed import has_window
from rowsmith.sql.nodes import Node, rewrite
from rowsmith.sql.select import Query

Q = TypeVar("Q", bound=Query)


def embedded(tree: Q, values: Sequence[Any], scope: Resolver) -> Q:
    """`tree` as part of the query that `scope` resolves: its values take the scope's slots."""
    inner = renamed(tree, scope.slots.place_prepared(len(values)))

    def resolve_outer(node: Node) -> Node | None:
        if not isinstance(node, sql.Outer):
            return None
        resolved: sql.Expression = node.name.resolve(scope).node
        if has_window(resolved):
            name = getattr(node.name, "name", node.name)
            raise NotSupportedError(f"Referencing outer query window expression is not supported: {name}.")
        return resolved

    return rewrite(inner, resolve_outer)
