"""Registry: which lookups and transforms a field offers, by its SQL type and by what users registered on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rowsmith.lookups import comparison, text
from rowsmith.lookups.base import Lookup, Transform
from rowsmith.lookups.dates import DATE_PARTS, TIME_PARTS, DateOf, Part, TimeOf
from rowsmith.sql import types

LOOKUPS: dict[str, Lookup] = {kind.lookup_name: kind() for kind in (*comparison.LOOKUPS, *text.LOOKUPS)}
"""The lookups of every type."""

_DATES: dict[str, Transform] = {name: Part(name) for name in DATE_PARTS}
_TIMES: dict[str, Transform] = {name: Part(name) for name in TIME_PARTS}

TRANSFORMS: dict[type[types.Type], dict[str, Transform]] = {
    types.Date: _DATES,
    types.Time: _TIMES,
    types.DateTime: {**_DATES, **_TIMES, "date": DateOf(), "time": TimeOf()},
}
"""The transforms of each type."""

RELATED = frozenset({"exact", "in", "gt", "gte", "lt", "lte", "isnull", "range"})
"""The lookups that a relation offers on its key."""


def find_lookup(field: Any, name: str) -> Lookup | None:
    """The lookup that `name` means on `field`, or None."""
    if getattr(field, "is_relation", False) and name not in RELATED:
        return None
    return LOOKUPS.get(name)


def find_transform(type_: types.Type, name: str) -> Transform | None:
    """The transform that `name` means on a value of `type_`, or None."""
    return TRANSFORMS.get(type(type_), {}).get(name)


def names_for(field: Any, type_: types.Type) -> Iterator[str]:
    """Every lookup and transform of a field, for messages."""
    if getattr(field, "is_relation", False):
        yield from sorted(RELATED)
        return
    yield from sorted({*LOOKUPS, *TRANSFORMS.get(type(type_), {})})
