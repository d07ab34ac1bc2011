"""Dates: the transforms of dates, times and instants, and the year as a range that an index can serve."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import MAXYEAR, MINYEAR, date, datetime, time, timedelta
from typing import Any

from rowsmith import config, timezone
from rowsmith.expressions.base import Resolved
from rowsmith.expressions.transforms import Transform
from rowsmith.functions.extract import (
    ExtractDay,
    ExtractHour,
    ExtractIsoWeekDay,
    ExtractIsoYear,
    ExtractMinute,
    ExtractMonth,
    ExtractQuarter,
    ExtractSecond,
    ExtractWeek,
    ExtractWeekDay,
    ExtractYear,
)
from rowsmith.functions.truncate import TruncDate, TruncTime
from rowsmith.lookups.base import Given, Unfit
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


def year_of(value: Any) -> int:
    """A caller's year as a number, whatever its size; ValueError or TypeError for what is none."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"A year must be a number, not {value!r}.") from None


class YearLookup(Compare):
    """`year` and `iso_year` compared with a number: a range of the column itself, so that an index can serve it."""

    @staticmethod
    def bound(part: sql.DatePart, *, last: bool) -> Callable[[Any], Any]:
        """What turns a year into the first, or the last, moment of it."""
        instants = isinstance(part.operand.type, types.DateTime)
        iso = part.part == "iso_year"

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

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        part = left.node
        assert isinstance(part, sql.DatePart)
        operand = part.operand
        try:
            if issubclass(cls, Exact):
                first = given.slot(cls.bound(part, last=False), operand.type)
                return p.Between(operand, first, given.slot(cls.bound(part, last=True), operand.type))
            bound = cls.bound(part, last=issubclass(cls, GreaterThan | LessThanOrEqual))
            return p.Comparison(cls.operator, operand, given.slot(bound, operand.type))
        except Unfit:
            return cls.beyond(operand, below=year_of(given.value) < MINYEAR)


class YearExact(YearLookup, Exact):
    pass


class YearGt(YearLookup, GreaterThan):
    pass


class YearGte(YearLookup, GreaterThanOrEqual):
    pass


class YearLt(YearLookup, LessThan):
    pass


class YearLte(YearLookup, LessThanOrEqual):
    pass


YEARS = {kind.lookup_name: kind for kind in (YearExact, YearGt, YearGte, YearLt, YearLte)}
ExtractYear.class_lookups = YEARS
ExtractIsoYear.class_lookups = YEARS

DATES: Mapping[str, type[Transform]] = {
    str(kind.lookup_name): kind
    for kind in (
        ExtractYear, ExtractIsoYear, ExtractQuarter, ExtractMonth, ExtractWeek, ExtractDay, ExtractWeekDay,
        ExtractIsoWeekDay,
    )
}  # fmt: skip
TIMES: Mapping[str, type[Transform]] = {
    str(kind.lookup_name): kind for kind in (ExtractHour, ExtractMinute, ExtractSecond)
}
INSTANTS: Mapping[str, type[Transform]] = {**DATES, **TIMES, "date": TruncDate, "time": TruncTime}
