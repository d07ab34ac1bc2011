"""Comparison and conversion: choosing among values, and turning one into another type."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

from rowsmith.expressions.base import Resolved, Scope
from rowsmith.expressions.func import Func
from rowsmith.functions.results import OfOneKind
from rowsmith.sql import expressions as sql
from rowsmith.sql import types


class Cast(Func):
    """The value turned into the type of `output_field` by the database."""

    arity = 1

    def __init__(self, expression: Any, output_field: Any) -> None:
        super().__init__(expression, output_field=output_field)

    def call(self, arguments: tuple[sql.Expression, ...], type_: types.Type) -> sql.Expression:
        return sql.Cast(arguments[0], type=type_)


class Coalesce(OfOneKind):
    """The first argument that is not NULL."""


class Greatest(OfOneKind):
    """The largest argument. PostgreSQL passes over NULLs; in SQLite one of them makes the result NULL."""


class Least(OfOneKind):
    """The smallest argument. PostgreSQL passes over NULLs; in SQLite one of them makes the result NULL."""


class NullIf(OfOneKind):
    """NULL where both are equal, else the first."""

    arity = 2


_COLLATION = re.compile(r"[\w-]+")


class Collate(Func):
    """The text, compared and sorted by the rules of a collation."""

    arity = 1

    def __init__(self, expression: Any, collation: str) -> None:
        if not isinstance(collation, str) or _COLLATION.fullmatch(collation) is None:
            raise ValueError(f"Invalid collation name: {collation!r}. It consists of letters, digits, '_' and '-'.")
        super().__init__(expression)
        self.collation = collation

    def __repr__(self) -> str:
        return f"Collate({self.expressions[0]!r}, {self.collation!r})"

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (super().fingerprint(values), self.collation)

    def resolve(self, scope: Scope) -> Resolved:
        operand = self.expressions[0].resolve(scope)
        return Resolved(sql.Collated(operand.node, collation=self.collation, type=operand.node.type), operand.field)
