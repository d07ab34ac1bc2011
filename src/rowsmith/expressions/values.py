"""Values: plain values as expressions, and expressions that are told what they hold."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.combinable import Combinable, Shaped
from rowsmith.records import replace
from rowsmith.sql import expressions as sql
from rowsmith.sql import types

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

    __slots__ = ("given_field", "value")

    allowed_default = True
    constructor = {"output_field": "given_field"}

    def __init__(self, value: Any, output_field: Any = None) -> None:
        self.value = value
        self.given_field = output_field

    @property
    def output_field(self) -> Any:
        """The field that was given, else the plainest one for such a value; None where there is none."""
        if self.given_field is not None:
            return self.given_field
        return Expression.field_of_type(types.Varchar() if isinstance(self.value, str) else type_of_value(self.value))

    def __repr__(self) -> str:
        return f"Value({self.value!r})"

    def fingerprint(self, values: list[Any]) -> Hashable:
        values.append(self.value)
        return (Value, type(self.value), None if self.given_field is None else self._field_key())

    def resolve(self, scope: Scope) -> Resolved:
        if self.given_field is not None:
            type_ = scope.type_of(self.given_field)
            node = scope.value(self.value, type_, cast=True)
            if self.value is None and isinstance(type_, types.Json):
                # NULL is said by None alone; a Value that is told to be a document is the document null.
                node = sql.JsonNull(type=type_)
            return Resolved(node, self.given_field)
        type_ = type_of_value(self.value)
        return Resolved(scope.value(self.value, type_, cast=True), scope.field_for(type_))


class ExpressionWrapper(Expression):
    """An expression whose Python type is told by `output_field`; its SQL stays as it is."""

    __slots__ = ("expression", "output_field")

    def __init__(self, expression: Any, output_field: Any) -> None:
        self.expression = as_condition_or_expression(expression)
        self.output_field = output_field

    def get_source_expressions(self) -> list[Any]:
        return [self.expression]

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        [self.expression] = expressions

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


Combinable.valued = Value
