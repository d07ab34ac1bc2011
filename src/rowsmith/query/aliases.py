"""Aliases: the names that tables have in a subquery, which no query around it may use."""

from __future__ import annotations

from collections.abc import Sequence

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
