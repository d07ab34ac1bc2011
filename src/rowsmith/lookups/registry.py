"""Registry: which lookups and transforms a field offers, by its SQL type and by what users registered on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from rowsmith.expressions.registration import RegisterLookup
from rowsmith.expressions.transforms import Transform
from rowsmith.lookups import comparison, text
from rowsmith.lookups.base import Lookup
from rowsmith.lookups.dates import DATES, INSTANTS, TIMES
from rowsmith.sql import types

LOOKUPS: dict[str, type[Lookup]] = {kind.lookup_name: kind for kind in (*comparison.LOOKUPS, *text.LOOKUPS)}
"""The lookups of every type."""

_BY_TYPE: Mapping[type[types.Type], Mapping[str, type[Transform]]] = {
    types.Date: DATES,
    types.Time: TIMES,
    types.DateTime: INSTANTS,
}
_NONE: Mapping[str, Any] = MappingProxyType({})

RELATED = frozenset({"exact", "in", "gt", "gte", "lt", "lte", "isnull", "range"})
"""The lookups that a relation offers on its key."""


def transforms_of(type_: types.Type) -> Mapping[str, type[Transform]]:
    """The transforms that a type offers, whichever field holds it."""
    return _BY_TYPE.get(type(type_), _NONE)


def find_lookup(field: Any, name: str) -> Any:
    """The lookup that `name` means on `field`, or None."""
    own, field = _own(field).get(name) if _is_value(field) else None, _as_value(field)
    if own is not None:
        return own
    if getattr(field, "is_relation", False):
        return LOOKUPS.get(name) if name in RELATED else _own(field).get(name)
    found = getattr(field, "get_lookup", LOOKUPS.get)
    return found(name)


def find_transform(field: Any, type_: types.Type, name: str) -> Any:
    """What makes the transform that `name` means on a value of `field`; None when there is none."""
    field = _as_value(field)
    if getattr(field, "is_relation", False):
        return None
    found = getattr(field, "get_transform", transforms_of(type_).get)
    return found(name)


def _is_value(field: Any) -> bool:
    """Whether a relation is not asked for itself, which takes instances too, but is the value of an expression."""
    return getattr(field, "is_relation", False) and not hasattr(field, "relation")


def _as_value(field: Any) -> Any:
    """The key that an expression has the value of, where the field is a relation to it."""
    while _is_value(field):
        field = field.target_field
    return field


def _own(field: Any) -> Mapping[str, Any]:
    """What users registered on a relation, or on a class of relations."""
    relation = getattr(field, "relation", field)
    found: dict[str, Any] = {}
    for base in reversed(type(relation).__mro__):
        if RegisterLookup not in base.__bases__:
            found.update(vars(base).get("class_lookups", {}))
    return {**found, **vars(relation).get("instance_lookups", {})}


def names_for(field: Any, type_: types.Type) -> Iterator[str]:
    """Every lookup and transform of a field, for messages."""
    field = _as_value(field)
    if getattr(field, "is_relation", False):
        yield from sorted({*RELATED, *_own(field)})
        return
    offered = getattr(field, "get_lookups", None)
    yield from sorted(offered() if offered is not None else {*LOOKUPS, *transforms_of(type_)})
