"""Records as they are: lists of dicts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rowsmith.serializers import base


class Serializer(base.Serializer):
    """Gives the records themselves."""

    internal_use_only = True

    def write(self, records: Iterator[base.Record]) -> None:
        self.objects = list(records)

    def getvalue(self) -> list[base.Record]:
        return self.objects


def Deserializer(object_list: Iterable[Any], **options: Any) -> Iterator[base.DeserializedObject]:
    """The objects of records."""
    return base.objects_of(object_list, **options)
