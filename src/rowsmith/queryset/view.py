"""View: what a queryset asks, to be printed, pickled and handed to another queryset."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from typing import Any

from rowsmith.query.query import Query
from rowsmith.query.shape import Shape, Values


class QueryView:
    """What a queryset asks, for printing, pickling and handing to another queryset."""

    def __init__(self, queryset: Any) -> None:
        self._queryset = queryset
        self._shape = queryset._shape
        self._values = queryset._values

    def __reduce__(self) -> Any:
        return _restored, (type(self._queryset), self._shape.query, self._values)

    def __str__(self) -> str:
        return shown(*self.sql_with_params())

    def sql_with_params(self) -> tuple[str, Sequence[Any]]:
        """The statement, in the placeholder style of the queryset's database, and its parameters."""
        statement: tuple[str, Sequence[Any]] = self._queryset.sql_with_params()
        return statement

    def fingerprint(self, values: list[Any]) -> Hashable:
        key: Hashable = self._queryset.fingerprint(values)
        return key

    def nested(self, exists: bool, *, in_order: bool = False) -> tuple[Query, Values]:
        found: tuple[Query, Values] = self._queryset.nested(exists, in_order=in_order)
        return found

    @property
    def repeatable(self) -> bool:
        return bool(self._queryset.repeatable)


def _restored(kind: Any, query: Query, values: Values) -> QueryView:
    """The query that was pickled. Its rows come as dicts when they were anything but instances."""
    queryset = kind(query.options.model)
    if query.chosen is not None:
        query = query.but(form="dict")
    return QueryView(queryset._with(Shape(query, tuple, False), values))


def shown(text: str, parameters: Sequence[Any]) -> str:
    """SQL with its parameters written in, for reading only: values are not quoted for any database."""
    values = iter(parameters)

    def value(match: re.Match[str]) -> str:
        chosen = parameters[int(match[1]) - 1] if match[1] else next(values)
        return str(chosen)

    return re.sub(r"\?|\$(\d+)", value, text)
