"""Names as expressions: F for this query's, OuterRef for the enclosing query's."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from rowsmith.exceptions import NotSupportedError
from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.common import TableColumn
from rowsmith.expressions.q import NegatedExpression
from rowsmith.expressions.settled import Settled
from rowsmith.sql import expressions as sql
from rowsmith.sql import types


class F(Expression):
    """A field, a path over relations, a transform or an annotation, by its name."""

    __slots__ = ("name",)

    name: str

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name})"

    def __invert__(self) -> NegatedExpression:
        return NegatedExpression(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name,)

    # A name can be sliced, but there is nothing in it to go through.
    __iter__ = None

    def __getitem__(self, subscript: int | slice) -> Sliced:
        return Sliced(self, subscript)

    def resolve_expression(self, query: Any = None, allow_joins: bool = True, *_: Any, **__: Any) -> Any:
        return Settled(self.resolve(query if allow_joins else query.without_joins()), self)

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (F, self.name)

    def resolve(self, scope: Scope) -> Resolved:
        return scope.name(self.name)

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """The import path and the arguments that build this F again."""
        return "rowsmith.models.F", (self.name,), {}


class Sliced(F):
    """A part of a text or an array: what stands from one place up to another, or at a single one; places count from 0.

    length:  how many characters or elements; None for all of the rest.
    """

    __slots__ = ("expression", "length", "start")

    def __init__(self, expression: F, subscript: int | slice) -> None:
        if isinstance(subscript, int):
            subscript = slice(subscript, subscript + 1 if subscript >= 0 else None)
        elif not isinstance(subscript, slice):
            raise TypeError(f"F({expression.name!r})[...] takes a number or a slice, not {subscript!r}.")
        if subscript.step is not None:
            raise ValueError("A slice of a text takes no step.")
        start, stop = subscript.start or 0, subscript.stop
        if start < 0 or (stop is not None and stop < 0):
            raise ValueError("Negative indexing is not supported: nobody knows where a text ends before it is read.")
        if stop is not None and stop < start:
            raise ValueError(f"The slice [{start}:{stop}] ends before it starts.")
        super().__init__(expression.name)
        self.expression = expression
        self.start = start
        self.length = None if stop is None else stop - start

    def __repr__(self) -> str:
        end = "" if self.length is None else self.start + self.length
        return f"{self.expression!r}[{self.start}:{end}]"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.deconstruct()[1]

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        stop = None if self.length is None else self.start + self.length
        return "rowsmith.models.expressions.Sliced", (self.expression, slice(self.start, stop)), {}

    def fingerprint(self, values: list[Any]) -> Hashable:
        key = (Sliced, self.expression.fingerprint(values), self.length is None)
        values.append(self.start)
        if self.length is not None:
            values.append(self.length)
        return key

    def resolve(self, scope: Scope) -> Resolved:
        operand = self.expression.resolve(scope)
        if isinstance(operand.node.type, types.Array):
            first = scope.value(self.start, types.Integer())
            last = None if self.length is None else scope.value(self.length, types.Integer())
            one: sql.Expression = sql.Literal(1, type=types.Integer())
            part = sql.Subscript(
                operand.node,
                _sum(first, one),
                None if last is None else _sum(first, last),
                type=operand.node.type,
                part=True,
            )
            return Resolved(part, operand.field)
        if not isinstance(operand.node.type, types.Text | types.Varchar):
            kind = type(operand.field).__name__
            raise NotSupportedError(f"{self!r}: a {kind} does not support slicing; texts and arrays do.")
        places = [scope.value(self.start + 1, types.Integer())]
        if self.length is not None:
            places.append(scope.value(self.length, types.Integer()))
        return Resolved(sql.Function("SUBSTR", (operand.node, *places), type=types.Text()), operand.field)


def _sum(one: sql.Expression, other: sql.Expression) -> sql.Expression:
    return sql.Arithmetic("+", one, other, type=types.Integer())


class OuterRef(F):
    """A name of the query that this one will be nested in; an F or an OuterRef inside is one level further out.

    A column of a table that the outer query reads, such as `tree.col.depth`, stands for itself.
    """

    __slots__ = ()

    name: Any

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (OuterRef, self.name.fingerprint(values) if isinstance(self.name, F | TableColumn) else self.name)

    def resolve(self, scope: Scope) -> Resolved:
        # OuterRef(OuterRef("x")) is resolved one level further out, as OuterRef("x").
        inner = self.name if isinstance(self.name, F | TableColumn) else F(self.name)
        return Resolved(sql.Outer(inner))
