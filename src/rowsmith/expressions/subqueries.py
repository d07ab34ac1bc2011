"""Subquery and Exists: a queryset inside another."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.q import NegatedExpression
from rowsmith.sql import expressions as sql
from rowsmith.sql import predicates, types
from rowsmith.sql.select import Select


class Subquery(Expression):
    """The single value that a queryset of one column yields."""

    def __init__(self, queryset: Any, output_field: Any = None) -> None:
        self.queryset = getattr(queryset, "query", queryset) if not hasattr(queryset, "fingerprint") else queryset
        self.output_field = output_field

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (type(self), self.queryset.fingerprint(values), self._field_key())

    def resolve(self, scope: Scope) -> Resolved:
        query, field = scope.subquery(self.queryset)
        field = self.output_field or field
        type_ = scope.type_of(field) if field is not None else types.Unknown()
        if self.output_field is None and isinstance(type_, types.Json) and isinstance(query, Select):
            # The field of a document also stands for a part of one, which comes in another form.
            type_ = query.outputs[0].expression.type
        if query is None:
            return Resolved(sql.Literal(None, type=type_), field)
        return Resolved(sql.Subselect(query, type=type_), field)


class Exists(Subquery):
    """Whether a queryset has any row."""

    conditional = True

    def __invert__(self) -> NegatedExpression:
        return NegatedExpression(self)

    def resolve(self, scope: Scope) -> Resolved:
        query, _ = scope.subquery(self.queryset, exists=True)
        predicate = predicates.NEVER if query is None else predicates.Exists(query)
        return Resolved(sql.Truth(predicate), scope.field_for(types.Boolean()))
