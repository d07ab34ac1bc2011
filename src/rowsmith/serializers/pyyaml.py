"""YAML, with PyYAML: `pip install pyyaml`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from decimal import Decimal
from typing import IO, Any

import yaml

from rowsmith.serializers import base


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes what YAML has no form for as text, and every value where it stands."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(Decimal, lambda dumper, value: dumper.represent_str(str(value)))
_Dumper.add_representer(time, lambda dumper, value: dumper.represent_str(value.isoformat()))


class Serializer(base.Serializer):
    """Writes a sequence of mappings. Options: those of `yaml.dump`."""

    def write(self, records: Iterator[base.Record]) -> None:
        told = {"allow_unicode": True, "sort_keys": False, **self.options}
        yaml.dump(list(records), self.stream, Dumper=_Dumper, **told)


def Deserializer(stream_or_string: IO[Any] | str | bytes, **options: Any) -> Iterator[base.DeserializedObject]:
    """The objects of a sequence of mappings."""
    return base.objects_of(_records(stream_or_string), **options)


def _records(stream_or_string: IO[Any] | str | bytes) -> Iterator[Any]:
    try:
        records = yaml.load(stream_or_string, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise base.DeserializationError(f"This is no YAML: {error}") from error
    if records is not None and not isinstance(records, list):
        raise base.DeserializationError(f"A sequence of records was expected, not {records!r:.200}.")
    yield from records or ()
