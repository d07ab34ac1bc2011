"""Columns of common tables and of lateral queries, by the name of the table."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from rowsmith.expressions.base import Expression, Resolved, Scope


class TableColumn(Expression):
    """A column of a table that stands in the query under a name, as `cte.col.depth`."""

    def __init__(self, table: str, column: str, key: Hashable) -> None:
        self.table = table
        self.column = column
        self.key = key

    def __repr__(self) -> str:
        return f"{self.table}.col.{self.column}"

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (TableColumn, self.table, self.column, self.key)

    def resolve(self, scope: Scope) -> Resolved:
        return scope.named_column(self.table, self.column)


class Columns:
    """The columns of a table as attributes: `cte.col.depth`."""

    def __init__(self, table: str, names: tuple[str, ...], key: Hashable) -> None:
        self._table = table
        self._names = names
        self._key = key

    def __getattr__(self, name: str) -> TableColumn:
        if name.startswith("__") or name not in self._names:
            raise AttributeError(
                f"{self._table!r} has no column {name!r}. Its columns are: {', '.join(self._names)}."
            )
        return TableColumn(self._table, name, self._key)

    def __getitem__(self, name: str) -> TableColumn:
        """A column whose name is no identifier."""
        return self.__getattr__(name)

    def __dir__(self) -> list[str]:
        return list(self._names)
