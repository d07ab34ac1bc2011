"""Naming: annotate() gives a relation a name of its own, and a condition on the rows that hang on it."""

from __future__ import annotations

from typing import Any

from rowsmith.exceptions import FieldError
from rowsmith.expressions.base import Resolved
from rowsmith.expressions.filtered import FilteredRelation
from rowsmith.query.paths import SEPARATOR, parse, trimmed
from rowsmith.query.query import OWN, FilteredJoin, Joined
from rowsmith.query.related import RelatedKey
from rowsmith.query.resolver import Resolver
from rowsmith.records import replace
from rowsmith.sql import predicates as p
from rowsmith.sql.predicates import Predicate


def filtered_join(scope: Resolver, name: str, wanted: FilteredRelation) -> FilteredJoin:
    """Join a relation under `name`; its tables stay out of the query until something asks for them."""
    if name in scope.filtered:
        raise ValueError(f"{name!r} is the name of another FilteredRelation already.")
    first, *rest = wanted.relation_name.split(SEPARATOR)
    outer = scope.filtered.get(first)
    start = scope if outer is None else scope.at(outer.alias, outer.options)
    path = start.parse(wanted.relation_name if outer is None else SEPARATOR.join(rest))
    if path.rest:
        raise ValueError(f"FilteredRelation's relation_name cannot contain lookups (got {wanted.relation_name!r}).")
    if path.relation is None:
        raise FieldError(f"FilteredRelation's relation_name must name a relation, not {wanted.relation_name!r}.")
    relation = path.relation
    own = len(relation.steps)
    before = len(scope.joins)
    alias = start.follow(path.steps[:-own])
    options = path.steps[-1].model._meta
    # First, so that the tables that it asks for stand before the one that it is a condition of.
    condition = _Condition(scope, wanted.relation_name, relation, options).condition(wanted.condition)
    scope.joins[before:] = [replace(joined, dormant=True) for joined in scope.joins[before:]]
    for step in path.steps[-own:]:
        meta = step.model._meta
        pairs = tuple((source.column, target.column) for source, target in step.pairs)
        joined = Joined(
            "",
            meta.db_table,
            meta,
            alias,
            pairs,
            step.multiple,
            step.nullable or step.multiple,
            condition if step is path.steps[-1] else p.ALWAYS,
            filtered=name,
            dormant=True,
        )
        alias = scope.join_again(joined, alias)
    return FilteredJoin(name, alias, options, relation)


class _Condition(Resolver):
    """The scope of a FilteredRelation's condition, in which names below the relation are columns of that very join."""

    def __init__(self, scope: Resolver, prefix: str, relation: Any, options: Any) -> None:
        self.__dict__.update(scope.__dict__)
        self._prefix = prefix
        self._relation = relation
        self._there = scope.at(OWN, options)

    def _below(self, path: Any) -> tuple[str, ...] | None:
        """The names behind the relation; None for a name that does not lead through it."""
        if not isinstance(path, str) or not f"{path}{SEPARATOR}".startswith(f"{self._prefix}{SEPARATOR}"):
            return None
        rest = tuple(path.split(SEPARATOR)[len(self._prefix.split(SEPARATOR)) :])
        if self._is_field(rest) and trimmed(parse(self._there.options, SEPARATOR.join(rest)))[0]:
            raise ValueError(
                "FilteredRelation's condition doesn't support nested relations deeper than the relation_name "
                f"(got {path!r} for {self._prefix!r}). Name the deeper relation by a FilteredRelation of its own."
            )
        return rest

    def _is_field(self, names: tuple[str, ...]) -> bool:
        return bool(names) and (names[0] == "pk" or names[0] in self._there.options.names)

    def name(self, path: str) -> Resolved:
        rest = self._below(path)
        return super().name(path) if rest is None else self._there.name(SEPARATOR.join(rest or ("pk",)))

    def lookup(self, name: str, value: Any, negated: bool = False, within_not: bool = False) -> Predicate:
        rest = self._below(name)
        if rest is None:
            return super().lookup(name, value, negated, within_not)
        if self._is_field(rest):
            path = parse(self._there.options, SEPARATOR.join(rest))
            left, names = Resolved(self._there.field_at(path).node, self._there.comparable(path)), path.rest
        else:
            key = self._there.options.pk
            left, names = Resolved(self.column(OWN, key), RelatedKey(self._relation, key)), rest
        return self.against(left, names, value, name, negated)
