"""Existence: a condition on many related rows below a NOT, as a subquery that tells whether any of them meets it."""

from __future__ import annotations

from typing import Any, Protocol

from rowsmith.expressions.base import Resolved
from rowsmith.expressions.combinable import Combinable
from rowsmith.expressions.names import F, OuterRef
from rowsmith.query.aliases import renamed
from rowsmith.query.joining import join_tree, present
from rowsmith.query.paths import Path, trimmed
from rowsmith.query.query import Joined
from rowsmith.query.slots import Constants, Slots
from rowsmith.sql import expressions as sql
from rowsmith.sql import predicates as p
from rowsmith.sql import types
from rowsmith.sql.predicates import Predicate
from rowsmith.sql.select import Output, Select


class Outer(Protocol):
    """What is asked of the resolver of the query around the subquery, and of the subquery's own."""

    options: Any
    start: str
    joins: list[Joined]
    reuse: set[str] | None

    def inner(self) -> Outer: ...
    def with_slots(self, slots: Slots) -> Any: ...
    def follow(self, steps: tuple[Any, ...]) -> str: ...
    def column(self, alias: str, field: Any) -> sql.Expression: ...
    def comparable(self, path: Path) -> Any: ...
    def compare(self, left: Resolved, names: tuple[str, ...], value: Any, path: str) -> Predicate: ...


def related_exists(outer: Outer, path: Path, name: str, value: Any) -> Predicate:
    """Whether any related row meets the condition: NOT of it means that none does."""
    inner = outer.inner()
    steps, field = trimmed(path)
    column = inner.column(inner.follow(steps), field)
    left = Resolved(column, outer.comparable(path))
    predicate = inner.compare(left, path.rest, bound(value, outer), name)
    return p.Exists(renamed(_correlated(outer, inner, path, predicate)))


class _Outside(Combinable):
    """A name below a NOT, resolved against the outer query."""

    __slots__ = ("expression", "scope")

    def __init__(self, expression: Combinable, scope: Any) -> None:
        self.expression = expression
        self.scope = scope

    def resolve(self, scope: Any) -> Resolved:
        return self.expression.resolve(self.scope)


def bound(value: Any, outer: Outer) -> Any:
    """A value below a NOT: a name alone means the outer row, names within an expression the inner one."""
    if isinstance(value, F) and not isinstance(value, OuterRef):
        return _Outside(value, outer)
    if isinstance(value, Combinable):
        # The joins of the outer query are made all the same, and repeat its rows.
        value.resolve(outer.with_slots(Constants()))
    elif isinstance(value, list | tuple) and any(isinstance(item, Combinable) for item in value):
        return [bound(item, outer) for item in value]
    return value


def _correlated(outer: Outer, inner: Outer, path: Path, predicate: Predicate) -> Select:
    """SELECT 1 from the inner tables where the predicate holds and the row belongs to the outer one."""
    joins = inner.joins
    first = next(index for index, step in enumerate(path.steps) if step.multiple)
    way = path.steps[: first + 1]
    # The join that the first multi-valued step made, unless it was trimmed away.
    head = joins[len(way)] if len(joins) > len(way) else None
    if head is not None and head.alias in present(joins, predicate) and _stands_alone(joins, head, predicate):
        start, ties = head, _ties_to_head(outer, inner, head, way)
    else:
        start = joins[0]
        key = outer.options.pk
        ties = [p.equal(inner.column(start.alias, key), outer.column(outer.start, key))]
    where = p.conjunction([predicate, *ties])
    source, rest = join_tree([start, *joins[joins.index(start) + 1 :]], where)
    return Select((Output(sql.Literal(1, type=types.Integer())),), source, rest, where)


def _stands_alone(joins: list[Joined], head: Joined, predicate: Predicate) -> bool:
    """Whether nothing but the joins needs the way to `head`, so that it can be left out."""
    position = joins.index(head)
    if p.aliases_in(predicate) & {joined.alias for joined in joins[:position]}:
        return False
    below = {head.alias}
    for joined in joins[position + 1 :]:
        if joined.parent not in below:
            return False
        below.add(joined.alias)
    return True


def _ties_to_head(outer: Outer, inner: Outer, head: Joined, way: tuple[Any, ...]) -> list[Predicate]:
    """What ties the first multi-valued table of the subquery to the row of the outer query."""
    ties: list[Predicate] = []
    for (source, _), (_, target) in zip(way[-1].pairs, head.pairs, strict=True):
        steps, field = trimmed(Path(way[:-1], source, None, ()))
        there = outer.column(outer.follow(steps), field)
        ties.append(p.Comparison("=", sql.Column(head.alias, target), there))
    shared = _shared(outer, head, way)
    if shared is not None and shared == _first_alias(inner.joins, head):
        # As in Django, only the first join of a relation is known again below a NOT.
        key = way[-1].model._meta.pk
        ties.append(p.equal(inner.column(head.alias, key), outer.column(shared, key)))
    return ties


def _shared(outer: Outer, head: Joined, way: tuple[Any, ...]) -> str | None:
    """The alias under which the same call already joined the relation, so that both speak of one row."""
    alias = outer.start
    for step in way[:-1]:
        pairs = tuple((source.column, target.column) for source, target in step.pairs)
        alias = next((j.alias for j in outer.joins if j.parent == alias and j.pairs == pairs), "")
    shared = (
        j.alias for j in reversed(outer.joins) if j.parent == alias and j.like(head) and j.alias in (outer.reuse or ())
    )
    return next(shared, None)


def _first_alias(joins: list[Joined], head: Joined) -> str:
    """The alias that a table has where it is joined for the first time."""
    position = joins.index(head)
    return head.table if head.table not in {j.table for j in joins[:position]} else f"T{position + 1}"
