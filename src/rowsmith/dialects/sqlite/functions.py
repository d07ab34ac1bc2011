"""Functions that SQLite lacks, in Python, with the meaning that the other databases give them."""

from __future__ import annotations

import random
import re
import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rowsmith.dialects.sqlite import aggregates, numbers, trigrams, vectors
from rowsmith.dialects.sqlite import texts as text_functions
from rowsmith.dialects.sqlite.accents import unaccent
from rowsmith.keys import uuid7

if TYPE_CHECKING:
    from sqlite3 import Connection

_compile = lru_cache(maxsize=256)(re.compile)
_zone = lru_cache(maxsize=64)(ZoneInfo)


def _moment(text: str) -> datetime | date | time:
    if len(text) == 10:
        return date.fromisoformat(text)
    if text[4:5] == "-":
        return datetime.fromisoformat(text)
    return time.fromisoformat(text)


def _seen_in(text: str, zone: str | None) -> datetime | date | time:
    """The moment that `text` stores, as clocks in `zone` show it; None leaves it as it is stored."""
    moment = _moment(text)
    if zone is None or not isinstance(moment, datetime):
        return moment
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(_fixed(zone) or _zone(zone)).replace(tzinfo=None)


def _fixed(zone: str) -> timezone | None:
    """The zone that a name such as +02:00 stands for, or None when it is the name of a place."""
    match = re.fullmatch(r"(?:UTC)?([+-])(\d\d):?(\d\d)(?::?(\d\d))?", zone)
    if match is None:
        return None
    sign, hours, minutes, seconds = match.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds or 0))
    return timezone(offset if sign == "+" else -offset)


def regexp(pattern: str | None, text: Any) -> bool | None:
    """`text REGEXP pattern`, by Python's `re`; NULL never matches."""
    if pattern is None or text is None:
        return None
    return _compile(pattern).search(str(text)) is not None


def part(name: str, text: str | None, zone: str | None) -> int | None:
    """One number out of a stored date, time or instant."""
    if text is None:
        return None
    moment: Any = _seen_in(text, zone)
    match name:
        case "week":
            return int(moment.isocalendar().week)
        case "iso_year":
            return int(moment.isocalendar().year)
        case "week_day":
            return int(moment.isoweekday() % 7 + 1)
        case "iso_week_day":
            return int(moment.isoweekday())
        case "quarter":
            return int((moment.month - 1) // 3 + 1)
        case _:
            return int(getattr(moment, name))


def date_of(text: str | None, zone: str | None) -> str | None:
    """The calendar day of an instant seen in `zone`."""
    if text is None:
        return None
    moment = _seen_in(text, zone)
    return (moment.date() if isinstance(moment, datetime) else moment).isoformat()


def time_of(text: str | None, zone: str | None) -> str | None:
    """The time of day of an instant seen in `zone`."""
    if text is None:
        return None
    moment = _seen_in(text, zone)
    return (moment.time() if isinstance(moment, datetime) else moment).isoformat()


def local(text: str, zone: str) -> str:
    """An instant in UTC as clocks in `zone` show it."""
    moment = _seen_in(text, zone)
    return moment.isoformat(" ") if isinstance(moment, datetime) else text


def truncate(kind: str, text: str | None, zone: str | None, form: str) -> str | None:
    """The start of the period in which a moment lies, as seen in `zone`: a date, a time or an instant."""
    if text is None:
        return None
    moment: Any = _seen_in(text, zone)
    if isinstance(moment, time):
        cut: time = moment.replace(**_SHORT[kind])
        return cut.isoformat()
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    start = _start(kind, moment)
    if form == "instant" and zone is not None:
        return _instant(kind, text, zone, moment - start, start).isoformat(" ")
    part = start.date() if form == "date" else start.time() if form == "time" else start
    return part.isoformat().replace("T", " ")


def _start(kind: str, moment: datetime) -> datetime:
    """The first moment of the period, on the same clock."""
    if kind in _SHORT:
        cut: datetime = moment.replace(**_SHORT[kind])
        return cut
    start = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == "week":
        return start - timedelta(days=start.weekday())
    if kind == "day":
        return start
    month = {"year": 1, "quarter": (start.month - 1) // 3 * 3 + 1}.get(kind, start.month)
    return start.replace(month=month, day=1)


def _instant(kind: str, text: str, zone: str, since: timedelta, start: datetime) -> datetime:
    """The instant of a start that clocks in `zone` show, in UTC."""
    if kind in _SHORT:
        # Within an hour no clock is changed: an hour that a clock shows twice is two hours.
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)) - since
    return start.replace(tzinfo=_fixed(zone) or _zone(zone)).astimezone(UTC).replace(tzinfo=None)


_SHORT: dict[str, dict[str, Any]] = {
    "hour": {"minute": 0, "second": 0, "microsecond": 0},
    "minute": {"second": 0, "microsecond": 0},
    "second": {"microsecond": 0},
}


def shift(operator: str, text: Any, microseconds: int | None) -> str | None:
    """A date, time or instant moved by a duration; a date becomes an instant, as in the other databases."""
    if text is None or microseconds is None:
        return None
    moment = _moment(text)
    delta = timedelta(microseconds=microseconds)
    if isinstance(moment, time):
        start = datetime.combine(date.min + timedelta(days=1), moment)
        return (start + delta if operator == "+" else start - delta).time().isoformat()
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    return str(moment + delta if operator == "+" else moment - delta)


def shift_by(microseconds: int | None, text: Any) -> str | None:
    """`duration + moment`."""
    return shift("+", text, microseconds)


def elapsed(later: str | None, earlier: str | None) -> int | None:
    """The microseconds from `earlier` to `later`."""
    if later is None or earlier is None:
        return None
    a, b = _moment(later), _moment(earlier)
    if isinstance(a, time) and isinstance(b, time):
        a, b = datetime.combine(date.min, a), datetime.combine(date.min, b)
    elif not (isinstance(a, datetime) and isinstance(b, datetime)):
        a, b = (m if isinstance(m, datetime) else datetime.combine(m, time()) for m in (a, b))  # type: ignore[arg-type]
    return (a - b) // timedelta(microseconds=1)


def xor(a: int | None, b: int | None) -> int | None:
    """Bitwise exclusive or."""
    return None if a is None or b is None else a ^ b


def instant(text: Any) -> str | None:
    """A date or an instant, in one of the usual forms, as SQLite keeps instants here."""
    if text is None:
        return None
    moment = _moment(str(text))
    if isinstance(moment, time):
        raise ValueError(f"{text!r} is a time of day, not an instant.")
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(" ")


_FUNCTIONS = (
    ("REGEXP", 2, regexp),
    ("ROWSMITH_PART", 3, part),
    ("ROWSMITH_DATE", 2, date_of),
    ("ROWSMITH_TIME", 2, time_of),
    ("ROWSMITH_INSTANT", 1, instant),
    ("ROWSMITH_LOCAL", 2, local),
    ("ROWSMITH_TRUNC", 4, truncate),
    ("ROWSMITH_SHIFT", 3, shift),
    ("ROWSMITH_SHIFT_BY", 2, shift_by),
    ("ROWSMITH_ELAPSED", 2, elapsed),
    ("ROWSMITH_XOR", 2, xor),
    *text_functions.FUNCTIONS,
    *trigrams.FUNCTIONS,
    *vectors.FUNCTIONS,
    ("ROWSMITH_UNACCENT", 1, unaccent),
)
# Functions that answer differently each time.
_CHANGING: list[tuple[str, int, Any]] = [
    ("RAND", 0, random.random),
    ("ROWSMITH_UUID4", 0, lambda: uuid.uuid4().hex),
    ("ROWSMITH_UUID7", 0, lambda: uuid7().hex),
]


def register(connection: Connection) -> None:
    """Make every function of this module known to one raw connection."""
    functions: tuple[tuple[str, int, Any], ...] = (*_FUNCTIONS, *numbers.missing(connection))
    for name, arity, function in functions:
        connection.create_function(name, arity, function, deterministic=True)
    aggregates.register(connection)
    for name, arity, changing in _CHANGING:
        connection.create_function(name, arity, changing)
