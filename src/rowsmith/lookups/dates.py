"""Date transforms: the parts of dates, times and instants, and the year as a range that an index can serve."""

from __future__ import annotations

from collections.abc import Callable
from datetime import MAXYEAR, MINYEAR, date, datetime, time, timedelta
from typing import Any, ClassVar

from rowsmith import config, timezone
from rowsmith.expressions.base import Resolved
from rowsmith.lookups.base import Given, Lookup, Transform, Unfit
from rowsmith.lookups.comparison import (
    Compare,
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    LessThan,
    LessThanOrEqual,
)
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


def year_of(value: Any) -> int:
    """A caller's year as a number, whatever its size; ValueError or TypeError for what is none."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"A year must be a number, not {value!r}.") from None


class YearLookup(Lookup):
    """`year` and `iso_year` compared with a number: a range of the column itself, so that an index can serve it."""

    forms: ClassVar[dict[str, type[Compare]]] = {
        kind.lookup_name: kind for kind in (Exact, GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual)
    }

    def __init__(self, name: str, *, iso: bool) -> None:
        self.name = name
        self.iso = iso

    def bound(self, operand: sql.Expression, *, last: bool) -> Callable[[Any], Any]:
        """What turns a year into the first, or the last, moment of it."""
        instants = isinstance(operand.type, types.DateTime)
        iso = self.iso

        def moment(value: Any) -> Any:
            year = year_of(value)
            if not MINYEAR <= year <= MAXYEAR:
                raise Unfit
            if not iso:
                day = date(year, 12, 31) if last else date(year, 1, 1)
            elif not last:
                day = date.fromisocalendar(year, 1, 1)
            elif year == MAXYEAR:
                day = date.max
            else:
                day = date.fromisocalendar(year + 1, 1, 1) - timedelta(days=1)
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
        lookup = self.forms[self.name]
        try:
            if lookup is Exact:
                first = given.slot(self.bound(operand, last=False), type_)
                return p.Between(operand, first, given.slot(self.bound(operand, last=True), type_))
            bound = self.bound(operand, last=lookup in (GreaterThan, LessThanOrEqual))
            return p.Comparison(lookup.operator, operand, given.slot(bound, type_))
        except Unfit:
            return lookup.beyond(operand, below=year_of(given.value) < MINYEAR)


DATE_PARTS = ("year", "iso_year", "quarter", "month", "week", "day", "week_day", "iso_week_day")
TIME_PARTS = ("hour", "minute", "second")
