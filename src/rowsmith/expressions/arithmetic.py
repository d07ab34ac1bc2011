"""Arithmetic: two operands and an operator, and the type of what comes out."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.combinable import Combinable
from rowsmith.expressions.singles import single
from rowsmith.records import Record
from rowsmith.sql import expressions as sql
from rowsmith.sql import types

_NUMBERS = (types.Integer, types.Serial, types.Float, types.Decimal)
_MOMENTS = (types.DateTime, types.Date, types.Time)


def arithmetic_type(operator: str, left: types.Type, right: types.Type) -> types.Type | None:
    """The type of `left operator right`; None when the operands do not say."""
    if isinstance(left, types.Unknown) or isinstance(right, types.Unknown):
        return right if isinstance(left, types.Unknown) else left
    if isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS):
        if isinstance(left, types.Decimal) or isinstance(right, types.Decimal):
            # An exact number beside an inexact one: only the caller knows which is meant.
            return None if isinstance(left, types.Float) or isinstance(right, types.Float) else types.Decimal()
        if isinstance(left, types.Float) or isinstance(right, types.Float):
            return types.Float()
        return types.Integer(64)
    if isinstance(left, _MOMENTS) and isinstance(right, types.Duration) and operator in "+-":
        return types.DateTime() if isinstance(left, types.Date) else left
    if isinstance(left, types.Duration) and isinstance(right, _MOMENTS) and operator == "+":
        return types.DateTime() if isinstance(right, types.Date) else right
    if isinstance(left, _MOMENTS) and type(left) is type(right) and operator == "-":
        return types.Duration()
    return left if isinstance(left, types.Duration) and isinstance(right, types.Duration) and operator in "+-" else None


class CombinedExpression(Expression):
    """Two operands and an operator."""

    __slots__ = ("connector", "lhs", "output_field", "rhs")

    def __init__(self, lhs: Combinable, connector: str, rhs: Combinable, output_field: Any = None) -> None:
        self.lhs = lhs
        self.connector = connector
        self.rhs = rhs
        self.output_field = output_field

    def get_source_expressions(self) -> list[Any]:
        return [self.lhs, self.rhs]

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        self.lhs, self.rhs = expressions

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
        single(left.node, self)
        single(right.node, self)
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


Combinable.combined = CombinedExpression
