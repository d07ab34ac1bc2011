"""JSON lines: one record a line, written and read line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any

from rowsmith.serializers import base
from rowsmith.serializers.json import JSONEncoder


class Serializer(base.Serializer):
    """Writes a line for each record. Options: those of `json.dumps` that keep it one line."""

    def write(self, records: Iterator[base.Record]) -> None:
        told = {"cls": JSONEncoder, "ensure_ascii": False, "separators": (",", ": "), **self.options, "indent": None}
        for record in records:
            self.stream.write(json.dumps(record, **told) + "\n")


def Deserializer(stream_or_string: IO[Any] | str | bytes, **options: Any) -> Iterator[base.DeserializedObject]:
    """The objects of lines; the next line is read when the object of the one before has been taken."""
    return base.objects_of(_records(stream_or_string), **options)


def _records(stream_or_string: IO[Any] | str | bytes) -> Iterator[Any]:
    text = stream_or_string.decode() if isinstance(stream_or_string, bytes) else stream_or_string
    for number, line in enumerate(text.split("\n") if isinstance(text, str) else text, 1):
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except ValueError as error:
            raise base.DeserializationError(f"Line {number} is no JSON: {error}") from error
