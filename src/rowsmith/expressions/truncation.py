"""Truncation: a moment cut down to the start of a period, for dates() and datetimes()."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, tzinfo
from typing import Any

from rowsmith import config, timezone
from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.names import F
from rowsmith.sql import expressions as sql
from rowsmith.sql import types

DAY_KINDS = ("year", "month", "week", "day")
MOMENT_KINDS = (*DAY_KINDS, "hour", "minute", "second")


class LocalMoments:
    """Reads instants that were truncated in a zone, and so come back without one."""

    def __init__(self, zone: tzinfo | None) -> None:
        self.zone = zone

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> datetime | None:
        """The instant in the zone in which it was truncated."""
        if value is None:
            return None
        moment: datetime = datetime.fromisoformat(value) if isinstance(value, str) else value
        if not config.current().use_tz:
            return moment.replace(tzinfo=None)
        return moment.replace(tzinfo=self.zone or timezone.get_current_timezone())


class Truncated(Expression):
    """The start of the period `kind` in which the moments of a field lie.

    whole_days:  the result is a day, not an instant.
    zone:        where days begin; the current zone when None.
    """

    def __init__(self, name: str, kind: str, *, whole_days: bool, zone: tzinfo | None = None) -> None:
        self.name = name
        self.kind = kind
        self.whole_days = whole_days
        self.zone = zone

    def __repr__(self) -> str:
        return f"Truncated({self.name!r}, {self.kind!r})"

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (Truncated, self.name, self.kind, self.whole_days, str(self.zone))

    def resolve(self, scope: Scope) -> Resolved:
        operand = F(self.name).resolve(scope).node
        allowed = (types.Date, types.DateTime) if self.whole_days else (types.DateTime,)
        if not isinstance(operand.type, allowed):
            wanted = "DateField or DateTimeField" if self.whole_days else "DateTimeField"
            raise ValueError(f"{self.name!r} cannot be truncated to {self.kind}: it is not a {wanted}.")
        zone: sql.Expression | None = None
        if isinstance(operand.type, types.DateTime) and config.current().use_tz:
            name = None if self.zone is None else str(self.zone)
            zone = sql.Ambient(lambda: name or timezone.get_current_timezone_name(), type=types.Text())
        if self.whole_days:
            node = sql.Truncate(self.kind, operand, zone, type=types.Date())
            return Resolved(node, scope.field_for(types.Date()))
        return Resolved(sql.Truncate(self.kind, operand, zone), LocalMoments(self.zone))
