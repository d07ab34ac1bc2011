"""Nesting: a planned SELECT takes its place inside another query, with aliases, slots and outer names put right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rowsmith.query.resolver import Resolver
from rowsmith.records import replace
from rowsmith.sql import expressions as sql
from rowsmith.sql.nodes import Node, rewrite, walk
from rowsmith.sql.select import Derived, Select, Table

_PREFIXES = "UVWXYZABCDEFGHIJKLMNOPQRS"


def depth(tree: Node) -> int:
    """How many levels of subqueries stand in a tree, by the prefixes that their aliases were given."""
    deepest = 0
    for node in walk(tree):
        if isinstance(node, Table | Derived):
            prefix, number = node.alias[:1], node.alias[1:]
            if number.isdigit() and prefix in _PREFIXES:
                deepest = max(deepest, _PREFIXES.index(prefix) + 1)
    return deepest


def own_sources(tree: Select) -> list[str]:
    """The aliases that a SELECT itself brings into scope, not those of its subqueries."""
    sources = [tree.source, *(join.source for join in tree.joins)]
    return [source.alias for source in sources if isinstance(source, Table | Derived)]


def renamed(tree: Select, places: Sequence[int] | None = None) -> Select:
    """`tree` with aliases that no query around it uses; with `places`, its slots are moved there."""
    prefix = _PREFIXES[depth(tree)]
    aliases = {alias: f"{prefix}{number}" for number, alias in enumerate(own_sources(tree))}

    def change(node: Node) -> Node | None:
        match node:
            case sql.Column() | sql.Reference() | Table() if node.alias in aliases:
                return replace(node, alias=aliases[node.alias])
            case Derived() if node.alias in aliases:
                return Derived(rewrite(node.query, change), aliases[node.alias])
            case sql.Parameter() | sql.ListParameter() if places is not None:
                return replace(node, slot=places[node.slot])
            case _:
                return None

    return rewrite(tree, change)


def embedded(tree: Select, values: Sequence[Any], scope: Resolver) -> Select:
    """`tree` as part of the query that `scope` resolves: its values take the scope's slots."""
    inner = renamed(tree, scope.slots.place_prepared(len(values)))

    def resolve_outer(node: Node) -> Node | None:
        resolved: sql.Expression | None = (
            node.name.resolve(scope).node if isinstance(node, sql.Outer) else None
        )
        return resolved

    return rewrite(inner, resolve_outer)
