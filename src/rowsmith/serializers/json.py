"""JSON: one array of all records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, Any
from uuid import UUID

from rowsmith.serializers import base


class JSONEncoder(json.JSONEncoder):
    """JSON with dates and times in ISO 8601, to the millisecond; decimals and UUIDs are text."""

    def default(self, o: Any) -> Any:
        match o:
            case datetime():
                return _in_milliseconds(o.isoformat(), o.microsecond).replace("+00:00", "Z")
            case date():
                return o.isoformat()
            case time():
                if o.tzinfo is not None:
                    raise ValueError(f"JSON has no form for a time of day in a time zone, {o!r}.")
                return _in_milliseconds(o.isoformat(), o.microsecond)
            case timedelta():
                return iso_duration(o)
            case Decimal() | UUID():
                return str(o)
            case _:
                return super().default(o)


def _in_milliseconds(text: str, microsecond: int) -> str:
    if not microsecond:
        return text
    head, _, tail = text.partition(".")
    return f"{head}.{tail[:3]}{tail[6:]}"


def iso_duration(value: timedelta) -> str:
    """A duration in ISO 8601, such as P1DT02H00M03.400000S."""
    sign, value = ("-", -value) if value < timedelta(0) else ("", value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = f".{value.microseconds:06d}" if value.microseconds else ""
    return f"{sign}P{value.days}DT{hours:02d}H{minutes:02d}M{seconds:02d}{parts}S"


class Serializer(base.Serializer):
    """Writes an array. Options: those of `json.dumps`, such as `indent` and `cls`."""

    def write(self, records: Iterator[base.Record]) -> None:
        told = {"cls": JSONEncoder, "ensure_ascii": False, **self.options}
        indented = told.get("indent") is not None
        opening, between, closing = ("[\n", ",\n", "\n]\n") if indented else ("[", ", ", "]\n")
        self.stream.write(opening)
        for number, record in enumerate(records):
            if number:
                self.stream.write(between)
            self.stream.write(json.dumps(record, **told))
        self.stream.write(closing)


def Deserializer(stream_or_string: IO[Any] | str | bytes, **options: Any) -> Iterator[base.DeserializedObject]:
    """The objects of an array of records."""
    return base.objects_of(_records(stream_or_string), **options)


def _records(stream_or_string: IO[Any] | str | bytes) -> Iterator[Any]:
    text = stream_or_string if isinstance(stream_or_string, str | bytes) else stream_or_string.read()
    try:
        records = json.loads(text)
    except ValueError as error:
        raise base.DeserializationError(f"This is no JSON: {error}") from error
    if not isinstance(records, list):
        raise base.DeserializationError(f"An array of records was expected, not {records!r:.200}.")
    yield from records
