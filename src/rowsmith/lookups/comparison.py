"""Comparisons: exact, gt, gte, lt, lte, range, in, isnull."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import ceil, isfinite
from typing import Any, ClassVar

from rowsmith.exceptions import EmptyResultSet
from rowsmith.expressions.base import Resolved
from rowsmith.expressions.combinable import Shaped
from rowsmith.lookups.base import Given, Lookup, Unfit, preparer, processed
from rowsmith.sql import predicates as p
from rowsmith.sql.expressions import Column, Expression
from rowsmith.sql.predicates import Predicate
from rowsmith.sql.types import Integer, Type


class OutOfRange:
    """Prepares whole numbers for a column of limited range; those that no row can hold need another SQL."""

    def __init__(self, prepare: Callable[[Any], Any], bounds: tuple[int, int]) -> None:
        self.prepare = prepare
        self.low, self.high = bounds

    def __call__(self, value: Any) -> Any:
        if type(value) is int and self.low <= value <= self.high:
            return value
        value = self.prepare(value)
        if isinstance(value, int) and not self.low <= value <= self.high:
            raise Unfit
        return value


class RoundingUp(OutOfRange):
    """The same, with fractions rounded up."""

    def __call__(self, value: Any) -> Any:
        if type(value) is int and self.low <= value <= self.high:
            return value
        return super().__call__(ceil(value) if isinstance(value, float) and isfinite(value) else value)


_WIDEST = (-(2**63), 2**63 - 1)


def _bounds(left: Resolved) -> tuple[int, int] | None:
    """The whole numbers that the left side may be: a sum of numbers may be larger than each of them can."""
    bounds: tuple[int, int] | None = getattr(left.field, "integer_range", None)
    return bounds if bounds is None or _is_stored(left.node) else _WIDEST


def _type(node: Expression) -> Type:
    """The type of what the left side is compared with."""
    if isinstance(node.type, Integer) and not _is_stored(node):
        return Integer(64)
    return node.type


def _is_stored(node: Expression) -> bool:
    return isinstance(node, Column) and not node.computed


def _ranged(left: Resolved) -> Callable[[Any], Any] | None:
    prepare = preparer(left.field)
    bounds = _bounds(left)
    return prepare if bounds is None or prepare is None else OutOfRange(prepare, bounds)


class Compare(Lookup):
    """One comparison operator.

    below, above:  the answer for a number smaller, or larger, than everything that the column can hold.
    """

    operator: ClassVar[str]
    below: ClassVar[Predicate] = p.NEVER
    above: ClassVar[Predicate] = p.NEVER
    rounds_up: ClassVar[bool] = False
    """Whether a whole number is compared with the next one up from a fraction: `n < 3.5` is `n < 4`."""

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        prepare = _ranged(left)
        if cls.rounds_up and isinstance(prepare, OutOfRange):
            prepare = RoundingUp(prepare.prepare, (prepare.low, prepare.high))
        try:
            slot = given.slot(prepare, _type(left.node))
        except Unfit:
            assert isinstance(prepare, OutOfRange)
            value = prepare.prepare(given.value)
            return cls.beyond(left.node, below=value < prepare.low)
        return p.Comparison(cls.operator, left.node, slot)

    @classmethod
    def beyond(cls, operand: Expression, *, below: bool) -> Predicate:
        """The condition against a value below, or above, all that a row can hold."""
        answer = cls.below if below else cls.above
        # A row whose column is NULL answers neither yes nor no.
        if not _is_stored(operand):
            return p.Comparison("<>" if answer == p.NEVER else "=", operand, operand)
        return answer if answer == p.NEVER else p.Not(p.IsNull(operand))

    @classmethod
    def expression(cls, left: Resolved, right: Resolved) -> Predicate:
        return p.Comparison(cls.operator, left.node, right.node)


class Exact(Compare):
    lookup_name = "exact"
    operator = "="


class GreaterThan(Compare):
    lookup_name = "gt"
    operator = ">"
    below = p.ALWAYS


class GreaterThanOrEqual(Compare):
    lookup_name = "gte"
    operator = ">="
    below = p.ALWAYS
    rounds_up = True


class LessThan(Compare):
    lookup_name = "lt"
    operator = "<"
    above = p.ALWAYS
    rounds_up = True


class LessThanOrEqual(Compare):
    lookup_name = "lte"
    operator = "<="
    above = p.ALWAYS


class IsNull(Lookup):
    """`isnull=True` or `isnull=False`; the value is part of the query's shape."""

    lookup_name = "isnull"

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        if not isinstance(given.value, bool):
            raise ValueError(f"The value of an isnull lookup must be True or False, not {given.value!r}.")
        return p.IsNull(left.node) if given.value else p.Not(p.IsNull(left.node))

    @classmethod
    def expression(cls, left: Resolved, right: Resolved) -> Predicate:
        raise ValueError("The value of an isnull lookup must be True or False, not an expression.")

    def get_prep_lookup(self) -> Any:
        return self.rhs

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        if not isinstance(self.rhs, bool):
            raise ValueError(f"The value of an isnull lookup must be True or False, not {self.rhs!r}.")
        found = p.IsNull(processed(self.process_lhs(compiler, connection), self.lhs).node)
        result: tuple[str, Any] = compiler.fragment(found if self.rhs else p.Not(found))
        return result


class Range(Lookup):
    """`range=(low, high)`, both included."""

    lookup_name = "range"

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        prepare = preparer(left.field) or (lambda value: value)
        bounds = _bounds(left)

        def bound(index: int) -> Callable[[Any], Any]:
            def prepared(value: Any) -> Any:
                pair = tuple(value)
                if len(pair) != 2:
                    raise ValueError(f"A range takes two values, low and high, not {len(pair)}.")
                result = prepare(pair[index])
                if bounds is not None and isinstance(result, int):
                    # A bound that no row can reach excludes no more than the last one that a row can.
                    if (index == 0 and result > bounds[1]) or (index == 1 and result < bounds[0]):
                        raise Unfit
                    result = min(max(result, bounds[0]), bounds[1])
                return result

            return prepared

        try:
            low, high = (given.slot(bound(index), _type(left.node)) for index in (0, 1))
        except Unfit:
            return p.NEVER
        return p.Between(left.node, low, high)

    @classmethod
    def expressions(cls, left: Resolved, bounds: list[Resolved]) -> Predicate:
        """The condition between two expressions."""
        if len(bounds) != 2:
            raise ValueError(f"A range takes two values, low and high, not {len(bounds)}.")
        return p.Between(left.node, bounds[0].node, bounds[1].node)

    def get_prep_lookup(self) -> Any:
        return _prepared_items(self)

    def process_rhs(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        low, high = self.rhs
        return "%s AND %s", (low, high)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return _written(self, "BETWEEN", compiler, connection)


class In(Lookup):
    """`in=[...]`: equal to one of any number of values, or to one row of a queryset."""

    lookup_name = "in"

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        if not isinstance(given.value, Iterable):
            raise TypeError(f"The value of an in lookup must be iterable, not {given.value!r}.")
        try:
            return p.InList(left.node, given.slots(cls.preparer(left), _type(left.node)))
        except Unfit:
            known = any(value is not None for value in given.value)
            if known and not (isinstance(left.node, Column) and not left.node.nullable):
                # No row is among these numbers; but of a row without a value nobody knows.
                return p.Comparison("<>", left.node, left.node)
            return p.NEVER

    @classmethod
    def preparer(cls, left: Resolved) -> Callable[[Iterable[Any]], list[Any]]:
        """What turns the caller's values into prepared ones: NULLs and numbers that no row can hold are left out."""
        prepare = preparer(left.field)
        bounds = _bounds(left)
        unchanged: frozenset[type] = getattr(left.field, "prep_types", frozenset())

        def prepared(values: Iterable[Any]) -> list[Any]:
            items = values if isinstance(values, list | tuple) else list(values)
            kinds = set(map(type, items))
            if any(issubclass(kind, Shaped) for kind in kinds):
                raise Unfit
            if prepare is None or kinds <= unchanged:
                result = list(items)
            else:
                result = [prepare(item) for item in items if item is not None]
            if bounds is not None and result and (min(result) < bounds[0] or max(result) > bounds[1]):
                result = [item for item in result if bounds[0] <= item <= bounds[1]]
            if not result:
                raise Unfit
            return result

        return prepared

    @classmethod
    def expression(cls, left: Resolved, right: Resolved) -> Predicate:
        return cls.expressions(left, [right])

    @classmethod
    def expressions(cls, left: Resolved, choices: list[Resolved]) -> Predicate:
        """The condition against a few expressions."""
        return p.InExpressions(left.node, tuple(choice.node for choice in choices)) if choices else p.NEVER

    def get_prep_lookup(self) -> Any:
        return _prepared_items(self)

    def process_rhs(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        if not self.rhs_is_direct_value():
            return super().process_rhs(compiler, connection)
        values = tuple([value for value in self.rhs if value is not None])
        if not values:
            raise EmptyResultSet
        return f"({', '.join(['%s'] * len(values))})", values

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return _written(self, "IN", compiler, connection)


def _prepared_items(lookup: Lookup) -> Any:
    """The values on the right, each as the field on the left wants it."""
    prepare = preparer(getattr(lookup.lhs, "output_field", None))
    if not lookup.prepare_rhs or prepare is None or not lookup.rhs_is_direct_value():
        return lookup.rhs
    return [value if value is None or isinstance(value, Shaped) else prepare(value) for value in lookup.rhs]


def _written(lookup: Lookup, operator: str, compiler: Any, connection: Any) -> tuple[str, Any]:
    """The two sides of a lookup of the user's, as they were processed, around an operator."""
    left, left_parameters = lookup.process_lhs(compiler, connection)
    right, right_parameters = lookup.process_rhs(compiler, connection)
    return f"{left} {operator} {right}", (*left_parameters, *right_parameters)


LOOKUPS = (Exact, GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual, IsNull, Range, In)
