"""Expressions of PostgreSQL: an array made of the rows of a queryset."""

from __future__ import annotations

from typing import Any

from rowsmith.expressions.base import Resolved, Scope
from rowsmith.expressions.subqueries import Subquery
from rowsmith.postgres.fields.arrays import ArrayField
from rowsmith.sql import expressions as sql
from rowsmith.sql import types


class ArraySubquery(Subquery):
    """What a queryset of one column yields, as an array; without rows an empty one."""

    def resolve(self, scope: Scope) -> Resolved:
        query, base = scope.subquery(_InOrder(self.queryset))
        field: Any = self.output_field or (ArrayField(base, null=True) if base is not None else None)
        type_ = scope.type_of(field) if field is not None else types.Array(types.Unknown())
        rows = sql.ArrayItems((), type=type_) if query is None else sql.ArrayRows(query, type=type_)
        return Resolved(rows, field)


class _InOrder:
    """A queryset whose rows keep their order inside another query."""

    def __init__(self, queryset: Any) -> None:
        self.queryset = queryset

    def __getattr__(self, name: str) -> Any:
        return getattr(self.queryset, name)

    def nested(self, exists: bool) -> Any:
        return self.queryset.nested(exists, in_order=True)
