"""Nesting: a planned SELECT takes its place inside another query, with aliases, slots and outer names put right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from rowsmith.query.aliases import renamed
from rowsmith.query.resolver import Resolver
from rowsmith.sql import expressions as sql
from rowsmith.sql.nodes import Node, rewrite
from rowsmith.sql.select import Query

Q = TypeVar("Q", bound=Query)


def embedded(tree: Q, values: Sequence[Any], scope: Resolver) -> Q:
    """`tree` as part of the query that `scope` resolves: its values take the scope's slots."""
    inner = renamed(tree, scope.slots.place_prepared(len(values)))

    def resolve_outer(node: Node) -> Node | None:
        resolved: sql.Expression | None = node.name.resolve(scope).node if isinstance(node, sql.Outer) else None
        return resolved

    return rewrite(inner, resolve_outer)
