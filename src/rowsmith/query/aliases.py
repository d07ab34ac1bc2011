"""Aliases: the names that tables have in a subquery, which no query around it may use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from rowsmith.records import replace
from rowsmith.sql import expressions as sql
from rowsmith.sql.nodes import Node, rewrite, walk
from rowsmith.sql.select import Combination, Derived, Query, Select, Table

Q = TypeVar("Q", bound=Query)

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


def own_sources(tree: Query) -> list[str]:
    """The aliases that a query itself brings into scope, in each of its parts, not those of its subqueries."""
    if isinstance(tree, Combination):
        return list(dict.fromkeys(alias for query in tree.queries for alias in own_sources(query)))
    assert isinstance(tree, Select)
    sources = [tree.source, *(join.source for join in tree.joins)]
    return [source.alias for source in sources if isinstance(source, Table | Derived)]


def renamed(tree: Q, places: Sequence[int] | None = None) -> Q:
    """`tree` with aliases that no query around it uses; with `places`, its slots are moved there."""
    prefix = _PREFIXES[depth(tree)]
    aliases = {alias: f"{prefix}{number}" for number, alias in enumerate(own_sources(tree))}

    def change(node: Node) -> Node | None:
        match node:
            case sql.Column() | sql.Reference() | Table() if node.alias in aliases:
                return replace(node, alias=aliases[node.alias])
            case Derived() if node.alias in aliases:
                return replace(node, query=rewrite(node.query, change), alias=aliases[node.alias])
            case sql.Parameter() | sql.ListParameter() if places is not None:
                return replace(node, slot=places[node.slot])
            case _:
                return None

    return rewrite(tree, change)


def placed(tree: Q, places: Sequence[int]) -> Q:
    """`tree` with its slots moved to `places`."""
    if list(places) == list(range(len(places))):
        return tree

    def change(node: Node) -> Node | None:
        if isinstance(node, sql.Parameter | sql.ListParameter):
            return replace(node, slot=places[node.slot])
        return None

    return rewrite(tree, change)
