"""Nesting: a planned SELECT takes its place inside another query, with aliases, slots and outer names put right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rowsmith.query.resolver import Resolver
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


def embedded(tree: Select, values: Sequence[Any], scope: Resolver) -> Select:
    """`tree` as part of the query that `scope` resolves: its values take the scope's slots."""
    prefix = _PREFIXES[depth(tree)]
    renamed = {alias: f"{prefix}{number}" for number, alias in enumerate(own_sources(tree))}
    slots = scope.slots
    places = slots.place_prepared(len(values))

    def change(node: Node) -> Node | None:
        match node:
            case sql.Column() if node.alias in renamed:
                return replace(node, alias=renamed[node.alias])
            case sql.Reference() if node.alias in renamed:
                return replace(node, alias=renamed[node.alias])
            case Table() if node.alias in renamed:
                return replace(node, alias=renamed[node.alias])
            case Derived() if node.alias in renamed:
                return Derived(rewrite(node.query, change), renamed[node.alias])
            case sql.Parameter() | sql.ListParameter():
                return replace(node, slot=places[node.slot])
            case _:
                return None

    inner = rewrite(tree, change)

    def resolve_outer(node: Node) -> Node | None:
        resolved: sql.Expression | None = node.name.resolve(scope).node if isinstance(node, sql.Outer) else None
        return resolved

    return rewrite(inner, resolve_outer)
