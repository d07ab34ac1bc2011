"""Time zones: the current one, which each context may change, and moving datetimes between zones."""

from __future__ import annotations

import contextlib
import zoneinfo
from contextvars import ContextVar, Token
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any

from rowsmith import config

__all__ = [
    "activate",
    "deactivate",
    "get_current_timezone",
    "get_current_timezone_name",
    "get_default_timezone",
    "get_default_timezone_name",
    "get_fixed_timezone",
    "is_aware",
    "is_naive",
    "localdate",
    "localtime",
    "make_aware",
    "make_naive",
    "now",
    "override",
    "use_tz",
    "utc",
]

utc = UTC

_active: ContextVar[tzinfo | None] = ContextVar("rowsmith_timezone", default=None)
_zones: dict[str, tzinfo] = {"UTC": utc}


def use_tz() -> bool:
    """Whether datetimes are aware; the option `use_tz`."""
    return config.current().use_tz


def zone_named(name: str) -> tzinfo:
    """The zone of that name; ValueError when there is none."""
    zone = _zones.get(name)
    if zone is None:
        try:
            zone = _zones[name] = zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"There is no time zone named {name!r}; names look like 'Europe/Zurich'.") from error
    return zone


def get_default_timezone() -> tzinfo:
    """The zone of the option `time_zone`."""
    return zone_named(config.current().time_zone)


def get_default_timezone_name() -> str:
    return name_of(get_default_timezone())


def get_current_timezone() -> tzinfo:
    """The zone activated in this context, else the default one."""
    return _active.get() or get_default_timezone()


def get_current_timezone_name() -> str:
    return name_of(get_current_timezone())


def get_fixed_timezone(offset: timedelta | int) -> timezone:
    """A zone that is always `offset` from UTC: a timedelta, or minutes."""
    minutes = int(offset.total_seconds() // 60) if isinstance(offset, timedelta) else offset
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return timezone(timedelta(minutes=minutes), f"{sign}{hours:02d}{rest:02d}")


def activate(zone: tzinfo | str) -> None:
    """Make `zone` the current one in this context."""
    _active.set(_zone(zone))


def deactivate() -> None:
    """Go back to the default zone in this context."""
    _active.set(None)


class override(contextlib.ContextDecorator):
    """Make `zone` the current one for a block or a function; None means the default zone."""

    def __init__(self, zone: tzinfo | str | None) -> None:
        self._zone = None if zone is None else _zone(zone)
        self._tokens: list[Token[tzinfo | None]] = []

    def __enter__(self) -> None:
        self._tokens.append(_active.set(self._zone))

    def __exit__(self, *error: Any) -> None:
        _active.reset(self._tokens.pop())


def now() -> datetime:
    """The current instant, aware in UTC; naive in the default zone when `use_tz` is off."""
    if use_tz():
        return datetime.now(utc)
    return datetime.now(get_default_timezone()).replace(tzinfo=None)


def is_aware(value: datetime) -> bool:
    return value.utcoffset() is not None


def is_naive(value: datetime) -> bool:
    return value.utcoffset() is None


def localtime(value: datetime | None = None, timezone: tzinfo | None = None) -> datetime:
    """The same instant in `timezone` (else the current zone); now when no value is given."""
    if value is None:
        value = datetime.now(utc)
    if is_naive(value):
        raise ValueError("localtime() cannot be applied to a naive datetime; use make_aware() first.")
    return value.astimezone(timezone or get_current_timezone())


def localdate(value: datetime | None = None, timezone: tzinfo | None = None) -> date:
    """The day on which the instant falls in `timezone` (else the current zone)."""
    return localtime(value, timezone).date()


def make_aware(value: datetime, timezone: tzinfo | None = None) -> datetime:
    """Read a naive datetime as wall time in `timezone` (else the current zone)."""
    if is_aware(value):
        raise ValueError(f"make_aware expects a naive datetime, got {value}.")
    return value.replace(tzinfo=timezone or get_current_timezone())


def make_naive(value: datetime, timezone: tzinfo | None = None) -> datetime:
    """The wall time in `timezone` (else the current zone) of an aware datetime."""
    if is_naive(value):
        raise ValueError("make_naive() cannot be applied to a naive datetime.")
    return value.astimezone(timezone or get_current_timezone()).replace(tzinfo=None)


def _zone(zone: tzinfo | str) -> tzinfo:
    if isinstance(zone, tzinfo):
        return zone
    if isinstance(zone, str):
        return zone_named(zone)
    raise ValueError(f"{zone!r} is not a time zone: give a tzinfo or a name such as 'Europe/Zurich'.")


def name_of(zone: tzinfo) -> str:
    """The name by which a database knows a zone: of a place, or a distance from UTC."""
    return str(zone) if isinstance(zone, zoneinfo.ZoneInfo) else zone.tzname(None) or str(zone)
