"""Zones: the time zone in which an instant is seen as a day and a time of day."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from rowsmith import config, timezone
from rowsmith.records import Record
from rowsmith.sql import expressions as sql
from rowsmith.sql import types


class Named(Record):
    """Tells one zone's name; equal to another that tells the same."""

    name: str

    def __call__(self) -> str:
        return self.name


def current_zone() -> str:
    """The current time zone, as a database knows it."""
    return timezone.get_current_timezone_name()


def zone_of(operand: sql.Expression, zone: tzinfo | None = None) -> sql.Expression | None:
    """Where an instant is seen: in `zone`, else in the current one at each run; None where nothing is converted."""
    if not isinstance(operand.type, types.DateTime) or not config.current().use_tz:
        return None
    source = current_zone if zone is None else Named(timezone.name_of(zone))
    return sql.Ambient(source, type=types.Text())


def checked_zone(zone: Any) -> tzinfo | None:
    """`zone` when it is a tzinfo or None; ValueError for anything else."""
    if zone is not None and not isinstance(zone, tzinfo):
        raise ValueError(f"tzinfo must be a time zone such as zoneinfo.ZoneInfo('Europe/Zurich'), not {zone!r}.")
    return zone
