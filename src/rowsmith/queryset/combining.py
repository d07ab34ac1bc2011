"""Combining: the methods that make one queryset of several, or of a queryset and the tables that it reads."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any, Self

from rowsmith.query import common, steps
from rowsmith.query.combining import combine
from rowsmith.query.query import Query
from rowsmith.query.slots import Slots
from rowsmith.queryset.generic import M, R
from rowsmith.queryset.refining import Refining


class Combining(Refining[M, R]):
    """What querysets can become together."""

    __slots__ = ()

    def __and__(self, other: Any) -> Self:
        rows: Self = self._combined(other, "AND")
        return rows

    def __or__(self, other: Any) -> Self:
        rows: Self = self._combined(other, "OR")
        return rows

    def __xor__(self, other: Any) -> Self:
        rows: Self = self._combined(other, "XOR")
        return rows

    def _combined(self, other: Any, connector: str) -> Any:
        if not isinstance(other, Combining):
            return NotImplemented
        empty, other_empty = self._shape.query.nothing, other._shape.query.nothing
        if empty or other_empty:
            if self.model is not other.model:
                raise TypeError("Cannot combine queries on two different base models.")
            if connector == "AND":
                return self if empty else other
            return (other if empty else self).all()
        if connector != "AND":
            left, right = self._by_key_if_sliced(), other._by_key_if_sliced()
        else:
            left, right = self, other
        shape, values = right._shape, right._values
        key = ("combined", connector, shape) if shape.kept else None
        return left._step(key, values, steps.combined, shape.query, len(values), connector)

    def union(self, *other_qs: Any, all: bool = False) -> Self:
        """The rows of any of these querysets, each row once unless `all`."""
        parts = [queryset for queryset in (self, *other_qs) if not _is_nothing(queryset)]
        if not parts:
            return self.all()
        first, *others = parts
        return first._combined_by("union", others, all)  # type: ignore[no-any-return]

    def intersection(self, *other_qs: Any) -> Self:
        """The rows that are in all of these querysets."""
        empty = next((queryset for queryset in (self, *other_qs) if _is_nothing(queryset)), None)
        return empty.all() if empty is not None else self._combined_by("intersection", other_qs, False)

    def difference(self, *other_qs: Any) -> Self:
        """The rows that are in none of the other querysets."""
        if _is_nothing(self):
            return self.all()
        others = [queryset for queryset in other_qs if not _is_nothing(queryset)]
        return self._combined_by("difference", others, False)

    def _combined_by(self, call: str, others: Sequence[Any], all: bool) -> Self:
        for other in others:
            if not isinstance(other, Combining):
                raise TypeError(f"{call}() takes querysets, not {other!r}.")
        shapes = [other._shape for other in others]
        raw = [value for other in others for value in other._values]
        key = (call, all, *shapes) if builtins.all(shape.kept for shape in shapes) else None
        parts = [(other._shape.query, len(other._values)) for other in others]
        whole = self._step(key, raw, combine, call, parts, all)
        # What all rows of one part are known to have, those of the others may not.
        whole._known = None
        return whole

    def with_cte(self, *tables: Any) -> Self:
        """Define common tables, so that this query and those inside it can read them."""
        found: Self = self
        for table in tables:
            if not hasattr(table, "definition"):
                raise TypeError(f"with_cte() takes CTE objects, not {table!r}.")
            key, values = table.definition()
            base = (table._shape.query, len(table._queryset._values))
            step = None if table._step is None else (table._step._shape.query, len(table._step._values))
            found = found._step(None if key is None else ("with", key), values, _defining(table, base, step))
        return found

    def _by_key_if_sliced(self) -> Combining[Any]:
        """This queryset in a form that can be combined: the rows of a slice are told by their keys."""
        if not self._shape.query.sliced:
            return self
        rows: Combining[Any] = self.model._base_manager.using(self._db).filter(pk__in=self.values("pk"))
        return rows


def _defining(table: Any, base: tuple[Query, int], step: tuple[Query, int] | None) -> Callable[[Query, Slots], Query]:
    name, all, materialized = table.name, table._all, table.materialized
    return lambda q, s: common.defined(q, s, name, base, step, all, materialized)


def _is_nothing(queryset: Any) -> bool:
    """Whether none() was called."""
    return isinstance(queryset, Combining) and queryset._shape.query.nothing
