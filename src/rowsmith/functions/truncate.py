"""Trunc: a moment cut down to the start of its year, month, day, hour or the like."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, tzinfo
from typing import Any, ClassVar

from rowsmith import config, timezone
from rowsmith.expressions.base import Resolved, Scope
from rowsmith.expressions.transforms import Transform
from rowsmith.functions.results import field_name
from rowsmith.functions.zones import checked_zone, zone_of
from rowsmith.sql import expressions as sql
from rowsmith.sql import types

DAY_KINDS = ("year", "quarter", "month", "week", "day")
TIME_KINDS = ("hour", "minute", "second")
_MOMENTS = (types.Date, types.Time, types.DateTime)


class InZone:
    """A field of instants that are read in one zone; None for the current one."""

    def __init__(self, field: Any, zone: tzinfo | None) -> None:
        self.field = field
        self.zone = zone

    def __getattr__(self, name: str) -> Any:
        return getattr(self.field, name)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> datetime | None:
        """The same instant in the zone."""
        moment: datetime | None = value
        convert = getattr(self.field, "from_db_value", None)
        if convert is not None:
            moment = convert(value, expression, connection)
        if moment is None or moment.tzinfo is None:
            return moment
        return moment.astimezone(self.zone or timezone.get_current_timezone())


class TruncBase(Transform):
    """A moment with what is smaller than `kind` set to its start, as seen in `tzinfo` or in the current zone."""

    kind: str

    def __init__(self, expression: Any, output_field: Any = None, tzinfo: tzinfo | None = None, **options: Any) -> None:
        super().__init__(expression, output_field=output_field, **options)
        self.tzinfo = checked_zone(tzinfo)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.expressions[0]!r}, {self.kind!r})"

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (super().fingerprint(values), self.kind, self.tzinfo)

    def resolve(self, scope: Scope) -> Resolved:
        [operand] = [expression.resolve(scope) for expression in self.expressions]
        node = operand.node
        wanted = scope.type_of(self.output_field) if self.output_field is not None else self.result or node.type
        self._check(node.type, wanted)
        inferred = operand.field if wanted == node.type else scope.field_for(wanted)
        field = self.output_field or inferred
        if isinstance(wanted, types.DateTime) and config.current().use_tz:
            field = InZone(field, self.tzinfo)
        return Resolved(self.start(node, wanted), field)

    def start(self, operand: sql.Expression, type_: types.Type) -> sql.Expression:
        """The moment at which the period begins, in the SQL tree."""
        return sql.Truncate(self.kind, operand, zone_of(operand, self.tzinfo), type=type_)

    def _check(self, given: types.Type, wanted: types.Type) -> None:
        """Raise for what has no such period, or cannot become what is wanted."""
        if not isinstance(given, _MOMENTS):
            raise TypeError(
                f"{self!r}: {field_name(given)} cannot be truncated; only dates, times and instants can be."
            )
        if not isinstance(wanted, _MOMENTS):
            raise ValueError(
                f"{self!r}: output_field must be DateField, TimeField or DateTimeField, not {field_name(wanted)}."
            )
        if self.tzinfo is not None and not isinstance(given, types.DateTime):
            raise ValueError(f"{self!r}: tzinfo can only be used with DateTimeField, not with {field_name(given)}.")
        if not isinstance(given, types.DateTime) and type(given) is not type(wanted):
            raise ValueError(f"{self!r}: cannot truncate {field_name(given)} to {field_name(wanted)}.")
        missing = {types.Date: (*TIME_KINDS, "time"), types.Time: (*DAY_KINDS, "date")}.get(type(wanted), ())
        if self.kind in missing:
            raise ValueError(f"{self!r}: cannot truncate {field_name(wanted)} to its {self.kind}.")


class Trunc(TruncBase):
    """The start of the period `kind`: year, quarter, month, week (from Monday), day, hour, minute or second."""

    def __init__(
        self, expression: Any, kind: str, output_field: Any = None, tzinfo: tzinfo | None = None, **options: Any
    ) -> None:
        if kind not in (*DAY_KINDS, *TIME_KINDS):
            raise ValueError(f"'kind' must be one of {', '.join((*DAY_KINDS, *TIME_KINDS))}, not {kind!r}.")
        self.kind = kind
        super().__init__(expression, output_field, tzinfo, **options)


class TruncYear(TruncBase):
    """The start of the year."""

    kind = "year"


class TruncQuarter(TruncBase):
    """The start of the quarter."""

    kind = "quarter"


class TruncMonth(TruncBase):
    """The start of the month."""

    kind = "month"


class TruncWeek(TruncBase):
    """The start of the week, a Monday."""

    kind = "week"


class TruncDay(TruncBase):
    """The start of the day."""

    kind = "day"


class TruncHour(TruncBase):
    """The start of the hour."""

    kind = "hour"


class TruncMinute(TruncBase):
    """The start of the minute."""

    kind = "minute"


class TruncSecond(TruncBase):
    """The start of the second."""

    kind = "second"


class TruncDate(TruncBase):
    """The calendar day of an instant."""

    kind = "date"
    lookup_name: ClassVar[str] = "date"
    result = types.Date()

    def start(self, operand: sql.Expression, type_: types.Type) -> sql.Expression:
        return sql.DateOf(operand, zone_of(operand, self.tzinfo), type=type_)


class TruncTime(TruncBase):
    """The time of day of an instant."""

    kind = "time"
    lookup_name: ClassVar[str] = "time"
    result = types.Time()

    def start(self, operand: sql.Expression, type_: types.Type) -> sql.Expression:
        return sql.DateOf(operand, zone_of(operand, self.tzinfo), time=True, type=type_)
