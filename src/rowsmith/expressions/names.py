"""Names as expressions: F for this query's, OuterRef for the enclosing query's."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.q import NegatedExpression
from rowsmith.sql import expressions as sql


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

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (F, self.name)

    def resolve(self, scope: Scope) -> Resolved:
        return scope.name(self.name)

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """The import path and the arguments that build this F again."""
        return "rowsmith.models.F", (self.name,), {}


class OuterRef(F):
    """A name of the query that this one will be nested in; an F or an OuterRef inside is one level further out."""

    __slots__ = ()

    name: Any

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (OuterRef, self.name.fingerprint(values) if isinstance(self.name, F) else self.name)

    def resolve(self, scope: Scope) -> Resolved:
        # OuterRef(OuterRef("x")) is resolved one level further out, as OuterRef("x").
        inner = self.name if isinstance(self.name, F) else F(self.name)
        return Resolved(sql.Outer(inner))
