"""Attributes: what a model class shows of its columns, to be compared, sorted by and computed with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from rowsmith.expressions.combinable import Combinable, Shaped
from rowsmith.expressions.names import F
from rowsmith.expressions.q import Q

A = TypeVar("A", contravariant=True)
V = TypeVar("V", covariant=True)


class Attribute(F, Generic[A, V]):
    """A column or relation of a model by its name, as `Author.name`: an F whose comparisons are conditions.

    For checkers it knows which values it takes (`A`) and which it has (`V`). What it is compared with may be an
    expression or a queryset too. As in a filter, `!=` is the opposite of `==` and holds where there is NULL.

    field:  the field that it belongs to.
    """

    __slots__ = ("field",)

    def __init__(self, name: str, field: Any = None) -> None:
        super().__init__(name)
        self.field = field

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.field)

    # Comparisons

    def lookup(self, name: str, value: Any) -> Q:
        """The condition of any lookup, such as one that you registered."""
        return Q((f"{self.name}__{name}", value))

    def __eq__(self, other: A | Shaped) -> Q:  # type: ignore[override]
        return Q((self.name, other))

    def __ne__(self, other: A | Shaped) -> Q:  # type: ignore[override]
        return ~Q((self.name, other))

    # Two attributes are never told apart by comparing them.
    __hash__ = object.__hash__

    def __lt__(self, other: A | Shaped) -> Q:
        return self.lookup("lt", other)

    def __le__(self, other: A | Shaped) -> Q:
        return self.lookup("lte", other)

    def __gt__(self, other: A | Shaped) -> Q:
        return self.lookup("gt", other)

    def __ge__(self, other: A | Shaped) -> Q:
        return self.lookup("gte", other)

    def in_(self, values: Iterable[A] | Shaped) -> Q:
        """Equal to one of `values`, or to one of the values of a queryset."""
        return self.lookup("in", values)

    def range(self, low: A | Shaped, high: A | Shaped) -> Q:
        """From `low` to `high`, both included."""
        return self.lookup("range", (low, high))

    def isnull(self, value: bool = True) -> Q:
        """Without a value; with one when `value` is False."""
        return self.lookup("isnull", value)

    # Texts

    def iexact(self: Attribute[Any, str | None], other: str | Shaped | None) -> Q:
        """Equal but for case."""
        return self.lookup("iexact", other)

    def contains(self: Attribute[Any, str | None], part: str | Shaped) -> Q:
        return self.lookup("contains", part)

    def icontains(self: Attribute[Any, str | None], part: str | Shaped) -> Q:
        return self.lookup("icontains", part)

    def startswith(self: Attribute[Any, str | None], part: str | Shaped) -> Q:
        return self.lookup("startswith", part)

    def istartswith(self: Attribute[Any, str | None], part: str | Shaped) -> Q:
        return self.lookup("istartswith", part)

    def endswith(self: Attribute[Any, str | None], part: str | Shaped) -> Q:
        return self.lookup("endswith", part)

    def iendswith(self: Attribute[Any, str | None], part: str | Shaped) -> Q:
        return self.lookup("iendswith", part)

    def regex(self: Attribute[Any, str | None], pattern: str | Shaped) -> Q:
        return self.lookup("regex", pattern)

    def iregex(self: Attribute[Any, str | None], pattern: str | Shaped) -> Q:
        return self.lookup("iregex", pattern)

    # Parts of dates and times

    def _part(self, name: str) -> Attribute[Any, Any]:
        return Attribute(f"{self.name}__{name}", self.field)

    @property
    def year(self: Attribute[Any, dt.date | None]) -> Attribute[int, int]:
        return self._part("year")

    @property
    def month(self: Attribute[Any, dt.date | None]) -> Attribute[int, int]:
        return self._part("month")

    @property
    def day(self: Attribute[Any, dt.date | None]) -> Attribute[int, int]:
        return self._part("day")

    @property
    def quarter(self: Attribute[Any, dt.date | None]) -> Attribute[int, int]:
        return self._part("quarter")

    @property
    def week_day(self: Attribute[Any, dt.date | None]) -> Attribute[int, int]:
        """From 1 for Sunday to 7."""
        return self._part("week_day")

    @property
    def iso_week_day(self: Attribute[Any, dt.date | None]) -> Attribute[int, int]:
        """From 1 for Monday to 7."""
        return self._part("iso_week_day")

    @property
    def date(self: Attribute[Any, dt.datetime | None]) -> Attribute[dt.date, dt.date]:
        return self._part("date")

    @property
    def time(self: Attribute[Any, dt.datetime | None]) -> Attribute[dt.time, dt.time]:
        return self._part("time")

    @property
    def hour(self: Attribute[Any, dt.datetime | None] | Attribute[Any, dt.time | None]) -> Attribute[int, int]:
        return self._part("hour")

    @property
    def minute(self: Attribute[Any, dt.datetime | None] | Attribute[Any, dt.time | None]) -> Attribute[int, int]:
        return self._part("minute")

    @property
    def second(self: Attribute[Any, dt.datetime | None] | Attribute[Any, dt.time | None]) -> Attribute[int, int]:
        return self._part("second")


def name_of(given: Any) -> Any:
    """The name that an attribute stands for where names are asked for; anything else as it is."""
    return given.name if isinstance(given, Attribute) else given


def is_computed(given: Any) -> bool:
    """Whether it is an expression, and more than the name of an attribute."""
    return isinstance(given, Combinable) and not isinstance(given, Attribute)


class Relation(Attribute[A, V]):
    """A relation to one row: compared with instances, with their keys, or with querysets of either."""

    __slots__ = ()

    def __eq__(self, other: Any) -> Q:  # type: ignore[override]
        return super().__eq__(other)

    def __ne__(self, other: Any) -> Q:  # type: ignore[override]
        return super().__ne__(other)

    __hash__ = object.__hash__

    def in_(self, values: Any) -> Q:
        """One of `values`, or of the rows of a queryset."""
        return super().in_(values)
