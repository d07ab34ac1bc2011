"""Extract: one number out of a date, a time or an instant."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import tzinfo
from typing import Any, ClassVar

from rowsmith.expressions.transforms import Transform
from rowsmith.functions.results import field_name
from rowsmith.functions.zones import checked_zone, zone_of
from rowsmith.sql import expressions as sql
from rowsmith.sql import types

DATE_PARTS = ("year", "iso_year", "quarter", "month", "week", "day", "week_day", "iso_week_day")
TIME_PARTS = ("hour", "minute", "second")

_OFFERED: dict[type[types.Type], tuple[str, ...]] = {
    types.Date: DATE_PARTS,
    types.Time: TIME_PARTS,
    types.DateTime: (*DATE_PARTS, *TIME_PARTS),
    types.Duration: ("day", *TIME_PARTS),
}


class Extract(Transform):
    """The part of a moment that `lookup_name` says, as clocks in `tzinfo` or in the current zone show it."""

    lookup_name: ClassVar[Any] = None
    result = types.Integer()
    constructor: ClassVar[Mapping[str, str]] = {"lookup_name": "part"}

    def __init__(
        self, expression: Any, lookup_name: str | None = None, tzinfo: tzinfo | None = None, **options: Any
    ) -> None:
        self.part = self.lookup_name or lookup_name
        if self.part is None:
            raise ValueError("lookup_name must be provided: write Extract('published', 'year').")
        if self.part not in _OFFERED[types.DateTime]:
            raise ValueError(
                f"There is no part {self.part!r} of a moment; there are {', '.join(_OFFERED[types.DateTime])}."
            )
        self.tzinfo = checked_zone(tzinfo)
        super().__init__(expression, **options)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.expressions[0]!r}, {self.part!r})"

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (super().fingerprint(values), self.part, self.tzinfo)

    def call(self, arguments: tuple[sql.Expression, ...], type_: types.Type) -> sql.Expression:
        [operand] = arguments
        part = self.part
        offered = _OFFERED.get(type(operand.type))
        kind = field_name(operand.type)
        if offered is None:
            raise ValueError(
                f"{self!r}: Extract input expression must be DateField, DateTimeField, TimeField or DurationField, "
                f"not {kind}."
            )
        if part not in offered:
            raise ValueError(f"{self!r}: {kind} has no {part}; it has {', '.join(offered)}.")
        if self.tzinfo is not None and not isinstance(operand.type, types.DateTime):
            raise ValueError(f"{self!r}: tzinfo can only be used with DateTimeField, not with {kind}.")
        return sql.DatePart(part, operand, zone_of(operand, self.tzinfo), type=type_)


class ExtractYear(Extract):
    """The year."""

    lookup_name = "year"


class ExtractIsoYear(Extract):
    """The year that the ISO week belongs to."""

    lookup_name = "iso_year"


class ExtractQuarter(Extract):
    """The quarter, from 1 to 4."""

    lookup_name = "quarter"


class ExtractMonth(Extract):
    """The month, from 1 to 12."""

    lookup_name = "month"


class ExtractDay(Extract):
    """The day of the month."""

    lookup_name = "day"


class ExtractWeek(Extract):
    """The ISO week, from 1 to 53."""

    lookup_name = "week"


class ExtractWeekDay(Extract):
    """The day of the week, from Sunday, 1, to Saturday, 7."""

    lookup_name = "week_day"


class ExtractIsoWeekDay(Extract):
    """The day of the week, from Monday, 1, to Sunday, 7."""

    lookup_name = "iso_week_day"


class ExtractHour(Extract):
    """The hour."""

    lookup_name = "hour"


class ExtractMinute(Extract):
    """The minute."""

    lookup_name = "minute"


class ExtractSecond(Extract):
    """The second, without its fraction."""

    lookup_name = "second"
