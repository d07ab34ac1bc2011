"""Rows: what lookups mean on several columns at once, such as a key of several."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rowsmith.expressions.base import Resolved
from rowsmith.expressions.combinable import Shaped
from rowsmith.lookups.base import Given, Lookup, Unfit, preparer
from rowsmith.lookups.comparison import Compare, Exact, In, IsNull, OutOfRange
from rowsmith.sql import expressions as sql
from rowsmith.sql import predicates as p
from rowsmith.sql.predicates import Predicate
from rowsmith.sql.types import Type, Unknown

LOOKUPS = frozenset({"exact", "gt", "gte", "lt", "lte", "in", "isnull"})
"""The names of the lookups that rows offer."""


def members_of(left: Resolved) -> tuple[Any, ...]:
    """The fields of a row's values; None for each where they are not known."""
    assert isinstance(left.node, sql.Row)
    field = getattr(left.field, "key", left.field)
    members: tuple[Any, ...] = getattr(field, "members", ())
    return members if len(members) == len(left.node.items) else (None,) * len(left.node.items)


def singles(left: Resolved) -> list[Resolved]:
    """Each value of a row by itself."""
    assert isinstance(left.node, sql.Row)
    return [Resolved(node, member) for node, member in zip(left.node.items, members_of(left), strict=True)]


class _Part:
    """One value of a sequence on the right; implements `lookups.base.Given`."""

    def __init__(self, given: Given, prepare: Callable[[Any], Any], place: int) -> None:
        self._given = given
        self._prepare = prepare
        self._place = place
        self.value = prepare(given.value)[place]

    def unfit(self) -> None:
        self._given.unfit()

    def slot(self, prepare: Callable[[Any], Any] | None, type_: Type) -> sql.Parameter:
        whole, place = self._prepare, self._place

        def prepared(value: Any) -> Any:
            part = whole(value)[place]
            return part if prepare is None or part is None else prepare(part)

        return self._given.slot(prepared, type_)

    def slots(self, prepare: Callable[[Any], Any] | None, type_: Type) -> sql.ListParameter:
        raise NotImplementedError("A value of a key is no list.")


def plain(kind: type[Lookup], left: Resolved, given: Given) -> Predicate:
    """The condition of a lookup on a row against a plain value."""
    node = left.node
    assert isinstance(node, sql.Row)
    if issubclass(kind, IsNull):
        if not isinstance(given.value, bool):
            raise ValueError(f"The value of an isnull lookup must be True or False, not {given.value!r}.")
        return absent(node) if given.value else p.all_known(node)
    if issubclass(kind, In):
        return _among(left, given)
    assert issubclass(kind, Compare)
    prepare = _checked(left)
    parts = [_Part(given, prepare, place) for place, _ in enumerate(node.items)]
    pairs = list(zip(singles(left), parts, strict=True))
    if kind is Exact:
        return p.conjunction([Exact.plain(single, part) for single, part in pairs])
    try:
        slots = [part.slot(_bounded(single), single.node.type) for single, part in pairs]
    except Unfit:
        return _one_by_one(kind, pairs)
    return p.Comparison(kind.operator, node, sql.Row(tuple(slots)))


def _one_by_one(kind: type[Compare], pairs: list[tuple[Resolved, _Part]]) -> Predicate:
    """A comparison of which some value is beyond what its column can hold."""
    from_here = kind
    strict = {"gte": "gt", "lte": "lt"}.get(kind.lookup_name, kind.lookup_name)
    between = next(c for c in Compare.__subclasses__() if c.lookup_name == strict)
    (single, part), *others = reversed(pairs)
    predicate = from_here.plain(single, part)
    for single, part in others:
        same = p.conjunction([Exact.plain(single, part), predicate])
        predicate = p.disjunction([between.plain(single, part), same])
    return predicate


def absent(node: sql.Row) -> Predicate:
    """Some value of the row is NULL, so that it names nothing."""
    return p.disjunction([p.IsNull(item) for item in node.items])


def _bounded(single: Resolved) -> Callable[[Any], Any] | None:
    bounds = getattr(single.field, "integer_range", None)
    return None if bounds is None else OutOfRange(lambda value: value, bounds)


def _checked(left: Resolved) -> Callable[[Any], Any]:
    """What makes the values of a row of what the caller gave; ValueError when it is no such thing."""
    prepare = preparer(left.field)
    assert isinstance(left.node, sql.Row)
    size = len(left.node.items)
    if prepare is not None:
        return prepare

    def sequence(value: Any) -> Any:
        if not isinstance(value, list | tuple) or len(value) != size:
            raise ValueError(f"A row of {size} values is compared with a tuple of as many, not with {value!r}.")
        return value

    return sequence


def _among(left: Resolved, given: Given) -> Predicate:
    """`in` with a list of tuples, or of instances where a relation is on the left."""
    if not isinstance(given.value, Iterable) or isinstance(given.value, str):
        raise TypeError(f"The value of an in lookup must be iterable, not {given.value!r}.")
    prepare = _checked(left)
    bounds = [getattr(single.field, "integer_range", None) for single in singles(left)]

    def possible(row: Any) -> bool:
        return all(
            part is not None and (limit is None or not isinstance(part, int) or limit[0] <= part <= limit[1])
            for part, limit in zip(row, bounds, strict=True)
        )

    def prepared(values: Iterable[Any]) -> list[Any]:
        rows = []
        for item in values:
            if isinstance(item, Shaped) or (
                isinstance(item, list | tuple) and any(isinstance(part, Shaped) for part in item)
            ):
                raise ValueError(f"An in lookup of several columns takes plain values, not expressions: {item!r}.")
            row = None if item is None else prepare(item)
            if row is not None and possible(row):
                rows.append(row)
        if not rows:
            raise Unfit
        return rows

    node = left.node
    assert isinstance(node, sql.Row)
    try:
        return p.InList(node, given.slots(prepared, Unknown()))
    except Unfit:
        nullable = any(not isinstance(item, sql.Column) or item.nullable for item in node.items)
        if nullable and any(value is not None for value in given.value):
            # No row is among them; but of a row without a value nobody knows.
            return p.Comparison("<>", node, node)
        return p.NEVER


def expression(kind: type[Lookup], left: Resolved, right: Resolved) -> Predicate:
    """The condition of a lookup on a row against another row, or that of a query."""
    if issubclass(kind, In) and isinstance(right.node, sql.Subselect):
        return p.InSelect(left.node, right.node.query)
    if not issubclass(kind, Compare):
        raise ValueError(f"The lookup {kind.lookup_name!r} does not compare several columns with an expression.")
    size, other = len(sql.items_of(left.node)), right.node
    if isinstance(other, sql.Row) and len(other.items) != size:
        raise ValueError(f"A row of {size} values cannot be compared with one of {len(other.items)}.")
    if not isinstance(other, sql.Row | sql.Subselect | sql.Outer | sql.Literal):
        raise ValueError(f"A row of {size} values can only be compared with another row, not with a single value.")
    if isinstance(other, sql.Literal):
        # A query without rows has no value.
        return p.Comparison("<>", left.node, left.node)
    return p.equal(left.node, other) if kind is Exact else p.Comparison(kind.operator, left.node, other)


def of_expressions(kind: type[Lookup], left: Resolved, right: list[Resolved]) -> Predicate:
    """The condition against a row of which some values are expressions."""
    row = Resolved(sql.Row(tuple(item.node for item in right)))
    return expression(kind, left, row)
