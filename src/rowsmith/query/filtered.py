"""Filtered: what names mean that begin with a FilteredRelation, whose rows are joined on a condition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from rowsmith.expressions.base import Resolved
from rowsmith.query.aliases import renamed
from rowsmith.query.existence import Outer as Around
from rowsmith.query.existence import bound, related_exists
from rowsmith.query.joining import join_tree, of_alias, present
from rowsmith.query.paths import SEPARATOR
from rowsmith.query.query import FilteredJoin, Joined
from rowsmith.query.related import RelatedKey
from rowsmith.records import replace
from rowsmith.sql import expressions as sql
from rowsmith.sql import predicates as p
from rowsmith.sql import types
from rowsmith.sql.nodes import Node, rewrite
from rowsmith.sql.predicates import Predicate, aliases_in
from rowsmith.sql.select import Output, Select


class Outer(Around, Protocol):
    """What is asked of the resolver."""

    filtered: Mapping[str, FilteredJoin]

    def join_again(self, wanted: Joined, parent: str) -> str: ...
    def wake(self, alias: str) -> None: ...
    def at(self, alias: str, options: Any) -> Any: ...
    def against(self, left: Resolved, names: tuple[str, ...], value: Any, name: str, negated: bool) -> Predicate: ...
    def over(self, joins: list[Joined]) -> Any: ...


def awake(scope: Outer, path: str) -> tuple[FilteredJoin, tuple[str, ...]]:
    """The filtered relation that a name begins with, and the rest of it; from here on the query needs its tables.

    As other relations to many, it is joined anew for the conditions of a later filter().
    """
    first, *rest = path.split(SEPARATOR)
    found = scope.filtered[first]
    aliases: dict[str, str] = {}
    for joined in _way(scope.joins, found.alias):
        if joined.dormant:
            scope.wake(joined.alias)
            if scope.reuse is not None:
                scope.reuse.add(joined.alias)
        elif scope.reuse is not None:
            wanted = replace(joined, condition=_moved(joined.condition, aliases))
            alias = scope.join_again(wanted, aliases.get(joined.parent or "", joined.parent or ""))
            if alias != joined.alias:
                aliases[joined.alias] = alias
    return replace(found, alias=aliases.get(found.alias, found.alias)), tuple(rest)


def _moved(condition: Predicate, aliases: Mapping[str, str]) -> Predicate:
    """A condition on tables under other aliases."""

    def change(node: Node) -> Node | None:
        if isinstance(node, sql.Column) and node.alias in aliases:
            return replace(node, alias=aliases[node.alias])
        return None

    return rewrite(condition, change) if aliases else condition


def _way(joins: list[Joined], alias: str | None) -> list[Joined]:
    """The joins from the model's own table to `alias`."""
    by_alias = {joined.alias: joined for joined in joins}
    way: list[Joined] = []
    while alias is not None:
        way.append(by_alias[alias])
        alias = by_alias[alias].parent
    return way[-2::-1]


def _needed(joins: list[Joined], way: list[Joined]) -> list[Joined]:
    """The joins of `way` and those that their conditions look at, from the model's own table on."""
    wanted = {joined.alias for joined in way} | {joins[0].alias}
    for joined in reversed(joins):
        if joined.alias in wanted:
            wanted |= {joined.parent or joined.alias} | aliases_in(joined.condition)
    return [joined for joined in joins if joined.alias in wanted]


def filtered_name(scope: Outer, path: str) -> Resolved:
    """What a name that begins with a filtered relation stands for; the relation alone for the key of its row."""
    found, rest = awake(scope, path)
    resolved: Resolved = scope.at(found.alias, found.options).name(SEPARATOR.join(rest or ("pk",)))
    return resolved


def filtered_lookup(scope: Outer, path: str, value: Any, negated: bool, within_not: bool) -> Predicate:
    """A condition on a filtered relation; below a NOT, one on many rows becomes a subquery of its own."""
    found = scope.filtered[path.split(SEPARATOR)[0]]
    way = _way(scope.joins, found.alias)
    if within_not and any(joined.multiple for joined in way):
        return _exists(scope, found, way, value, path)
    found, rest = awake(scope, path)
    there = scope.at(found.alias, found.options)
    if _is_field(found, rest):
        inside = there.parse(SEPARATOR.join(rest))
        if within_not and inside.multiple:
            return related_exists(there, inside, path, bound(value, scope))
    left, names = _operand(there, found, rest)
    return scope.against(left, names, value, path, negated)


def _is_field(found: FilteredJoin, names: tuple[str, ...]) -> bool:
    return bool(names) and (names[0] == "pk" or names[0] in found.options.names)


def _operand(there: Any, found: FilteredJoin, names: tuple[str, ...]) -> tuple[Resolved, tuple[str, ...]]:
    """The column that names below the relation lead to, and the transforms and the lookup behind it."""
    if not _is_field(found, names):
        key = found.options.pk
        return Resolved(there.column(there.start, key), RelatedKey(found.relation, key)), names
    path = there.parse(SEPARATOR.join(names))
    return Resolved(there.field_at(path).node, there.comparable(path)), path.rest


def _exists(scope: Outer, found: FilteredJoin, way: list[Joined], value: Any, path: str) -> Predicate:
    """Whether any row that hangs on the relation meets the condition, or no row where the condition asks for that."""
    base = scope.joins[0]
    needed = _needed(scope.joins, way)
    aliases = {joined.alias: f"_{number}" for number, joined in enumerate(needed)}
    joins = [
        replace(
            joined,
            alias=aliases[joined.alias],
            parent=aliases.get(joined.parent or ""),
            condition=_moved(joined.condition, aliases),
            dormant=False,
        )
        for joined in needed
    ]
    inner = scope.over(joins)
    there = inner.at(aliases[found.alias], found.options)
    left, names = _operand(there, found, tuple(path.split(SEPARATOR)[1:]))
    # Names in the value mean the row outside.
    predicate = scope.against(left, names, value, path, False)
    tables, head = inner.joins, joins[needed.index(way[0])]
    conditions = p.conjunction(joined.condition for joined in tables)
    alone = len(needed) == len(way) + 1 and tables[0].alias not in aliases_in(p.conjunction([predicate, conditions]))
    if alone and head.alias in present(tables, predicate):
        # Without the table of the model, which would only be a way to this one.
        tables, predicate = tables[1:], p.conjunction([predicate, of_alias(head.condition, head.alias)])
    if tables[0] is head:
        ties = [(sql.Column(head.alias, target), sql.Column(base.alias, source)) for source, target in head.pairs]
    else:
        keys = [key.column for key in base.options.pk_fields]
        ties = [(sql.Column(joins[0].alias, key), sql.Column(base.alias, key)) for key in keys]
    where = p.conjunction([predicate, *(p.Comparison("=", inside, outside) for inside, outside in ties)])
    source, others = join_tree(tables, where)
    return p.Exists(renamed(Select((Output(sql.Literal(1, type=types.Integer())),), source, others, where)))
