"""CTE and Lateral: queries under a name, which other queries read and join as tables."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Self

from rowsmith.expressions.common import Columns
from rowsmith.expressions.q import Q
from rowsmith.query.common import columns_of, joined_lateral, joined_table, rows_of_table
from rowsmith.query.query import NamedColumn
from rowsmith.query.shape import Shape, cache
from rowsmith.queryset.kinds import call_key
from rowsmith.queryset.refining import Refining


class _Table:
    """A queryset as a table: its columns can be named in the querysets that it is joined to."""

    _kind = ""

    def __init__(self, queryset: Any, name: str) -> None:
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"A table is named by an identifier, such as 'tree', not by {name!r}.")
        self.name = name
        self._queryset: Refining = _as_queryset(queryset)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {', '.join(dir(self.col))}>"

    @property
    def _shape(self) -> Shape:
        return self._queryset._shape

    @property
    def _columns(self) -> tuple[NamedColumn, ...]:
        shape = self._shape
        columns: tuple[NamedColumn, ...] | None = shape.compiled.get("columns")
        if columns is None:
            columns = shape.compiled["columns"] = columns_of(shape.query)
        return columns

    @property
    def col(self) -> Columns:
        """The columns as expressions: `tree.col.depth`."""
        names = tuple(name for column in self._columns for name in column.names)
        return Columns(self.name, names, self._shape)


class CTE(_Table):
    """A common table expression: a query that others read by name once `with_cte()` has given it to them.

    name:          what it is called in SQL.
    materialized:  whether the database runs it once and keeps the rows (True), or merges it into the query (False).
    """

    def __init__(self, queryset: Any, name: str = "cte", *, materialized: bool | None = None) -> None:
        super().__init__(queryset, name)
        self.materialized = materialized
        self._step: Refining | None = None
        self._all = False

    @classmethod
    def recursive(
        cls,
        queryset: Any,
        step: Callable[[Self], Any],
        name: str = "cte",
        *,
        all: bool = False,
        materialized: bool | None = None,
    ) -> Self:
        """A table that begins with the rows of `queryset`, and grows by `step` until that finds no more.

        step:  called with this table; the queryset that makes the next rows out of the last ones, by `join()`.
        all:   keep rows that are alike; otherwise each row comes once, and a cycle of them comes to its end.
        """
        table = cls(queryset, name, materialized=materialized)
        table._step = _as_queryset(step(table))
        table._all = all
        return table

    def queryset(self) -> Any:
        """All rows of the table: instances if it is made of instances, else dicts or tuples, as those it is made of."""
        shape = self._shape
        key: Hashable = ("rows of table", self.name)
        child = shape.children.get(key)
        if child is None:
            child = Shape(rows_of_table(self._queryset.model._meta, shape.query, self.name), tuple, shape.kept)
            if shape.kept:
                child = cache.keep(shape, key, child)
        rows = self._queryset.model._default_manager.get_queryset()
        return rows._with(child, ())

    def join(self, queryset: Any, *conditions: Q, outer: bool = False, **lookups: Any) -> Any:
        """The rows of `queryset`, each with the rows of this table that meet the conditions beside it.

        lookups:  as those of filter(), with columns of the table as values: `parent=tree.col.id`.
        outer:    keep rows that find none.
        """
        rows = _as_queryset(queryset)
        condition = Q(*conditions, **lookups)
        kinds, raw = call_key("join", (condition,), {})
        key = ("join table", self.name, self._shape, outer, kinds) if self._shape.kept else None
        columns = self._columns
        return rows._step(key, raw, joined_table, self.name, columns, condition, outer)

    def definition(self) -> tuple[Hashable, list[Any]]:
        """All of it that can change the SQL of a query that defines it, and its values; for with_cte()."""
        shape, step = self._shape, self._step
        values = [*self._queryset._values, *(step._values if step is not None else ())]
        if not shape.kept or (step is not None and not step._shape.kept):
            return None, values
        return (self.name, shape, None if step is None else step._shape, self._all, self.materialized), values


class Lateral(_Table):
    """A query that is asked anew for each row that it is joined to, which it names by OuterRef (PostgreSQL)."""

    def __init__(self, queryset: Any, name: str = "lateral") -> None:
        super().__init__(queryset, name)

    def join(self, queryset: Any, *, outer: bool = False) -> Any:
        """The rows of `queryset`, each with the rows beside it that this query finds for it.

        outer:  keep rows for which it finds none.
        """
        rows, below = _as_queryset(queryset), self._queryset
        shape, values = below._shape, below._values
        key = ("join lateral", self.name, shape, outer) if shape.kept else None
        return rows._step(key, values, joined_lateral, self.name, shape.query, values, shape.kept, outer)


def _as_queryset(rows: Any) -> Refining:
    """`rows` as a queryset: a model and a manager stand for all of their rows."""
    if hasattr(rows, "_default_manager"):
        rows = rows._default_manager
    if hasattr(rows, "get_queryset"):
        rows = rows.get_queryset()
    if not isinstance(rows, Refining):
        raise TypeError(f"A table is made of a queryset, a manager or a model, not of {rows!r}.")
    return rows
