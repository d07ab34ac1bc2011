"""Expression: what every part that users compose a query of can do, and what it may ask while it is resolved."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from uuid import UUID

from rowsmith.records import Record, replace
from rowsmith.sql import expressions as sql
from rowsmith.sql import types
from rowsmith.sql.predicates import Predicate

if TYPE_CHECKING:
    from rowsmith.expressions.ordering import OrderBy
    from rowsmith.expressions.q import Q


class Resolved(Record):
    """A SQL expression and the field that prepares and reads its values; None when only its type is known."""

    node: sql.Expression
    field: Any = None


class Scope(Protocol):
    """What an expression may ask while it is resolved.

    summarizing:  whether values of a whole query are resolved, so that aggregates of annotations are allowed.
    """

    summarizing: bool

    def name(self, path: str) -> Resolved:
        """What a path of names, such as `author__name`, stands for."""

    def value(self, value: Any, type_: types.Type, *, cast: bool = False) -> sql.Expression:
        """The place of a plain value that varies from call to call."""

    def condition(self, q: Q) -> Predicate:
        """What a Q demands of a row."""

    def subquery(self, queryset: Any, *, exists: bool = False) -> tuple[Any, Any]:
        """The SELECT of a queryset nested in this one, and the field of its single column."""

    def field_for(self, type_: types.Type) -> Any:
        """The plainest field that holds `type_`."""

    def type_of(self, field: Any) -> types.Type:
        """The SQL type of a field instance, such as an output_field."""


class Shaped:
    """What takes part in a query's shape by a structure of its own, not just by its Python type."""

    __slots__ = ()

    def fingerprint(self, values: list[Any]) -> Hashable:
        """All of this that can change the SQL; plain values are appended to `values` in the order of resolution."""
        raise NotImplementedError


def kind_of(value: Any, values: list[Any]) -> Hashable:
    """What of `value` can change the SQL: its structure when it is an expression, else its type."""
    if isinstance(value, Shaped):
        return value.fingerprint(values)
    if isinstance(value, list | tuple | set | frozenset):
        if any(isinstance(item, Shaped) for item in value):
            return (list, *[kind_of(item, values) for item in value])
        values.append(value)
        return list
    if value is True or value is False:
        # The value of isnull changes the SQL, so truth values are part of the shape.
        values.append(value)
        return value
    values.append(value)
    return type(value)  # type: ignore[return-value]  # mypy looks at the __hash__ of its instances


class Combinable(Shaped):
    """Arithmetic and bit operations between expressions and plain values."""

    __slots__ = ()

    def _combine(self, other: Any, operator: str, *, reverse: bool = False) -> CombinedExpression:
        if reverse:
            return CombinedExpression(as_expression(other), operator, self)
        return CombinedExpression(self, operator, as_expression(other))

    def __add__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "+")

    def __radd__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "+", reverse=True)

    def __sub__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "-")

    def __rsub__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "-", reverse=True)

    def __mul__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "*")

    def __rmul__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "*", reverse=True)

    def __truediv__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "/")

    def __rtruediv__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "/", reverse=True)

    def __mod__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "%")

    def __rmod__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "%", reverse=True)

    def __pow__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "^")

    def __rpow__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "^", reverse=True)

    def __neg__(self) -> CombinedExpression:
        return self._combine(-1, "*")

    def bitand(self, other: Any) -> CombinedExpression:
        """The bits set in both."""
        return self._combine(other, "&")

    def bitor(self, other: Any) -> CombinedExpression:
        """The bits set in either."""
        return self._combine(other, "|")

    def bitxor(self, other: Any) -> CombinedExpression:
        """The bits set in exactly one."""
        return self._combine(other, "#")

    def bitleftshift(self, other: Any) -> CombinedExpression:
        """The bits moved up by `other` places."""
        return self._combine(other, "<<")

    def bitrightshift(self, other: Any) -> CombinedExpression:
        """The bits moved down by `other` places."""
        return self._combine(other, ">>")

    def _condition(self) -> Q:
        q_class: type[Q] = Combinable.conditions
        return q_class(self)

    conditions: ClassVar[Any] = None
    """The class Q, which is defined above this one."""

    def __and__(self, other: Any) -> Q:
        return self._condition().__and__(other)

    def __or__(self, other: Any) -> Q:
        return self._condition().__or__(other)

    def __xor__(self, other: Any) -> Q:
        return self._condition().__xor__(other)

    def resolve(self, scope: Scope) -> Resolved:
        """The SQL of this expression, with names turned into columns by `scope`."""
        raise NotImplementedError

    def resolve_expression(self, query: Scope, *_: Any, **__: Any) -> Resolved:
        """The documented name of `resolve`; its presence tells an expression from a plain value."""
        return self.resolve(query)


class Expression(Combinable):
    """An expression with an optional `output_field`; equal to another when built from the same arguments."""

    output_field: Any = None
    conditional: ClassVar[bool] = False
    orderings: ClassVar[Any] = None
    """The class OrderBy, which is defined above this one."""

    def asc(self, *, nulls_first: bool | None = None, nulls_last: bool | None = None) -> OrderBy:
        """A sort key, smallest first."""
        key: OrderBy = Expression.orderings(self, nulls_first=nulls_first, nulls_last=nulls_last)
        return key

    def desc(self, *, nulls_first: bool | None = None, nulls_last: bool | None = None) -> OrderBy:
        """A sort key, largest first."""
        key: OrderBy = Expression.orderings(
            self, descending=True, nulls_first=nulls_first, nulls_last=nulls_last
        )
        return key

    def empty_value(self) -> Any:
        """What aggregate() answers for this expression where there are no rows."""
        return None

    def _identity(self) -> tuple[Hashable, list[Any]]:
        values: list[Any] = []
        return self.fingerprint(values), values

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Expression):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity()[0])

    def _field_key(self) -> Hashable:
        """The part of the fingerprint that `output_field` is; fields compare by what they were built from."""
        field = self.output_field
        return None if field is None else (type(field), *map(repr, field.deconstruct()[1:]))

    def _typed(self, node: sql.Expression, scope: Scope, inferred: Any = None) -> Resolved:
        """`node` with the field that was asked for, or else the inferred one."""
        return Resolved(node, self.output_field or inferred or scope.field_for(node.type))


_TYPES: dict[type, types.Type] = {
    bool: types.Boolean(),
    int: types.Integer(),
    float: types.Float(),
    str: types.Text(),
    bytes: types.Binary(),
    Decimal: types.Decimal(),
    date: types.Date(),
    time: types.Time(),
    datetime: types.DateTime(),
    timedelta: types.Duration(),
    UUID: types.Uuid(),
}


def type_of_value(value: Any) -> types.Type:
    """The SQL type of a plain Python value; Unknown for None and what has none."""
    for kind in type(value).__mro__:
        found = _TYPES.get(kind)
        if found is not None:
            return found
    return types.Unknown()


class Value(Expression):
    """A plain value as an expression; `output_field` says what it is where its type does not."""

    __slots__ = ("output_field", "value")

    def __init__(self, value: Any, output_field: Any = None) -> None:
        self.value = value
        self.output_field = output_field

    def __repr__(self) -> str:
        return f"Value({self.value!r})"

    def fingerprint(self, values: list[Any]) -> Hashable:
        values.append(self.value)
        return (Value, type(self.value), self._field_key())

    def resolve(self, scope: Scope) -> Resolved:
        if self.output_field is not None:
            type_ = scope.type_of(self.output_field)
            return Resolved(scope.value(self.value, type_, cast=True), self.output_field)
        type_ = type_of_value(self.value)
        return Resolved(scope.value(self.value, type_, cast=True), scope.field_for(type_))


def as_expression(value: Any) -> Combinable:
    """`value` itself when it is an expression, else a Value of it."""
    return value if isinstance(value, Combinable) else Value(value)


_NUMBERS = (types.Integer, types.Serial, types.Float, types.Decimal)
_MOMENTS = (types.DateTime, types.Date, types.Time)


def arithmetic_type(operator: str, left: types.Type, right: types.Type) -> types.Type | None:
    """The type of `left operator right`; None when the operands do not say."""
    if isinstance(left, types.Unknown) or isinstance(right, types.Unknown):
        return right if isinstance(left, types.Unknown) else left
    if isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS):
        if isinstance(left, types.Decimal) or isinstance(right, types.Decimal):
            return types.Decimal()
        if isinstance(left, types.Float) or isinstance(right, types.Float):
            return types.Float()
        return types.Integer(64)
    if isinstance(left, _MOMENTS) and isinstance(right, types.Duration) and operator in "+-":
        return types.DateTime() if isinstance(left, types.Date) else left
    if isinstance(left, types.Duration) and isinstance(right, _MOMENTS) and operator == "+":
        return types.DateTime() if isinstance(right, types.Date) else right
    if isinstance(left, _MOMENTS) and type(left) is type(right) and operator == "-":
        return types.Duration()
    return left if type(left) is type(right) else None


class CombinedExpression(Expression):
    """Two operands and an operator."""

    __slots__ = ("connector", "lhs", "output_field", "rhs")

    def __init__(self, lhs: Combinable, connector: str, rhs: Combinable, output_field: Any = None) -> None:
        self.lhs = lhs
        self.connector = connector
        self.rhs = rhs
        self.output_field = output_field

    def __repr__(self) -> str:
        return f"{self.lhs!r} {self.connector} {self.rhs!r}"

    def fingerprint(self, values: list[Any]) -> Hashable:
        # A long sum leans to the left; its operands are listed flat so that neither this nor hashing recurses.
        operands: list[Combinable] = []
        operators: list[Hashable] = []
        node: Combinable = self
        while isinstance(node, CombinedExpression):
            operands.append(node.rhs)
            operators.append((node.connector, node._field_key()))
            node = node.lhs
        keys = [node.fingerprint(values)]
        keys += [operand.fingerprint(values) for operand in reversed(operands)]
        return (CombinedExpression, tuple(operators), tuple(keys))

    def resolve(self, scope: Scope) -> Resolved:
        from_left: list[CombinedExpression] = []
        node: Combinable = self
        while isinstance(node, CombinedExpression):
            from_left.append(node)
            node = node.lhs
        left = node.resolve(scope)
        for combined in reversed(from_left):
            left = combined._apply(left, combined.rhs.resolve(scope), scope)
        return left

    def _apply(self, left: Resolved, right: Resolved, scope: Scope) -> Resolved:
        type_ = arithmetic_type(self.connector, left.node.type, right.node.type)
        if self.output_field is not None:
            type_ = scope.type_of(self.output_field)
        node = sql.Arithmetic(self.connector, left.node, right.node, type=type_ or types.Unknown())
        if self.output_field is not None:
            return Resolved(node, self.output_field)
        if type_ is None:
            return Resolved(node, MixedTypes(left.node.type, self.connector, right.node.type))
        same = left.field if left.node.type == type_ else right.field if right.node.type == type_ else None
        return Resolved(node, same or scope.field_for(type_))


class MixedTypes(Record):
    """Stands for the field of an expression whose operands do not say what it is; an error once it is needed."""

    left: types.Type
    operator: str
    right: types.Type

    def __str__(self) -> str:
        return (
            f"the type of {type(self.left).__name__} {self.operator} {type(self.right).__name__} is not known. "
            "Wrap it in ExpressionWrapper(..., output_field=...)."
        )


class ExpressionWrapper(Expression):
    """An expression whose Python type is told by `output_field`; its SQL stays as it is."""

    __slots__ = ("expression", "output_field")

    def __init__(self, expression: Any, output_field: Any) -> None:
        self.expression = as_condition_or_expression(expression)
        self.output_field = output_field

    def __repr__(self) -> str:
        return f"ExpressionWrapper({self.expression!r})"

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (ExpressionWrapper, self._field_key(), self.expression.fingerprint(values))

    def resolve(self, scope: Scope) -> Resolved:
        inner = self.expression.resolve(scope)
        node = inner.node
        type_ = scope.type_of(self.output_field)
        if isinstance(node, sql.Typed) and type_ != node.type:
            node = replace(node, type=type_)
        return Resolved(node, self.output_field)


def as_condition_or_expression(value: Any) -> Any:
    """`value` when it is an expression or a Q, else a Value of it."""
    return value if isinstance(value, Shaped) else Value(value)
