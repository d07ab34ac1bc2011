"""Date transforms: the parts of dates, times and instants, and the year as a range that an index can serve."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any, ClassVar

from rowsmith import config, timezone
from rowsmith.expressions.base import Resolved
from rowsmith.lookups.base import Given, Lookup, Transform
from rowsmith.sql import expressions as sql
from rowsmith.sql import predicates as p
from rowsmith.sql import types
from rowsmith.sql.predicates import Predicate


def zone_name() -> str:
    """The current time zone, as a database knows it."""
    return timezone.get_current_timezone_name()


def zone_of(operand: sql.Expression) -> sql.Expression | None:
    """The zone in which an instant is read as a day and a time of day; None where there is nothing to convert."""
    if isinstance(operand.type, types.DateTime) and config.current().use_tz:
        return sql.Ambient(zone_name, type=types.Text())
    return None


class Part(Transform):
    """One number out of a date, a time or an instant."""

    def __init__(self, name: str) -> None:
        self.name = name

    def apply(self, operand: Resolved, field_for: Callable[[types.Type], Any]) -> Resolved:
        node = sql.DatePart(self.name, operand.node, zone_of(operand.node))
        return Resolved(node, field_for(types.Integer()))

    def lookup(self, name: str) -> Lookup | None:
        if self.name in ("year", "iso_year") and name in YearLookup.forms:
            return YearLookup(name, iso=self.name == "iso_year")
        return None


class DateOf(Transform):
    """The calendar day of an instant."""

    def apply(self, operand: Resolved, field_for: Callable[[types.Type], Any]) -> Resolved:
        node = sql.DateOf(operand.node, zone_of(operand.node), type=types.Date())
        return Resolved(node, field_for(types.Date()))


class TimeOf(Transform):
    """The time of day of an instant."""

    def apply(self, operand: Resolved, field_for: Callable[[types.Type], Any]) -> Resolved:
        node = sql.DateOf(operand.node, zone_of(operand.node), time=True, type=types.Time())
        return Resolved(node, field_for(types.Time()))


class YearLookup(Lookup):
    """`year` and `iso_year` compared with a number: a range of the column itself, so that an index can serve it."""

    forms: ClassVar[frozenset[str]] = frozenset({"exact", "gt", "gte", "lt", "lte"})

    def __init__(self, name: str, *, iso: bool) -> None:
        self.name = name
        self.iso = iso

    def bound(self, operand: sql.Expression, *, last: bool) -> Callable[[Any], Any]:
        """What turns a year into the first, or the last, moment of it."""
        instants = isinstance(operand.type, types.DateTime)
        iso = self.iso

        def moment(value: Any) -> Any:
            try:
                year = int(value)
                if iso:
                    day = date.fromisocalendar(year, 1, 1)
                    if last:
                        day = date.fromordinal(date.fromisocalendar(year + 1, 1, 1).toordinal() - 1)
                else:
                    day = date(year, 12, 31) if last else date(year, 1, 1)
            except TypeError:
                raise TypeError(f"A year must be a number, not {value!r}.") from None
            if not instants:
                return day
            at = datetime.combine(day, time.max if last else time.min)
            return timezone.make_aware(at) if config.current().use_tz else at

        return moment

    def plain(self, left: Resolved, given: Given) -> Predicate:
        part = left.node
        assert isinstance(part, sql.DatePart)
        operand = part.operand
        type_ = operand.type
        match self.name:
            case "exact":
                first = given.slot(self.bound(operand, last=False), type_)
                return p.Between(operand, first, given.slot(self.bound(operand, last=True), type_))
            case "gt":
                return p.Comparison(">", operand, given.slot(self.bound(operand, last=True), type_))
            case "gte":
                return p.Comparison(">=", operand, given.slot(self.bound(operand, last=False), type_))
            case "lt":
                return p.Comparison("<", operand, given.slot(self.bound(operand, last=False), type_))
            case _:
                return p.Comparison("<=", operand, given.slot(self.bound(operand, last=True), type_))


DATE_PARTS = ("year", "iso_year", "quarter", "month", "week", "day", "week_day", "iso_week_day")
TIME_PARTS = ("hour", "minute", "second")
