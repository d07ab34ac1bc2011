"""Names: what a model can be asked by, hop by hop along its relations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rowsmith.cli.stubs import values

Spelled = Callable[[Any], str]
"""How the module at hand names a model's class."""


def filters(model: Any, hops: int, spelled: Spelled) -> Iterator[tuple[str, str]]:
    """Every keyword of filter() and the values that it takes; `hops` relations away at most."""
    meta = model._meta
    seen: set[str] = set()
    for name, field in [*meta.names.items(), ("pk", meta.pk)]:
        for suffix, value in _lookups(name, field, spelled):
            if name + suffix not in seen:
                seen.add(name + suffix)
                yield name + suffix, value
        target = _target(field, name)
        if target is not None and hops:
            for inner, value in filters(target, hops - 1, spelled):
                if f"{name}__{inner}" not in seen:
                    seen.add(f"{name}__{inner}")
                    yield f"{name}__{inner}", value


def _lookups(name: str, field: Any, spelled: Spelled) -> Iterator[tuple[str, str]]:
    if not field.is_relation:
        yield from values.lookups(field, field.null)
    elif name == getattr(field, "attname", None) and name != field.name:
        yield from values.lookups(field.target_field, field.null)
    else:
        target = field.related_model
        yield from values.of_relation(spelled(target), target._meta.pk)


def _target(field: Any, name: str) -> Any:
    """The model that a name leads on to."""
    if not field.is_relation or (name == getattr(field, "attname", None) and name != field.name):
        return None
    return field.related_model


def readable(model: Any, hops: int) -> Iterator[tuple[str, str]]:
    """Every name of values() and order_by(), and what its value is read as."""
    meta = model._meta
    for name, field in [*meta.names.items(), ("pk", meta.pk)]:
        target = _target(field, name)
        if target is None:
            yield name, _nullable(field)
            for transform, held in () if field.is_relation else values.transforms(field):
                yield f"{name}__{transform}", f"{held} | None" if field.null else held
            continue
        yield name, _optional(values.read(target._meta.pk), _may_miss(field))
        if hops:
            for inner, held in readable(target, hops - 1):
                yield f"{name}__{inner}", _optional(held, _may_miss(field))


def selectable(model: Any, hops: int) -> Iterator[str]:
    """Every name of select_related()."""
    meta = model._meta
    for name, field in meta.names.items():
        target = _target(field, name)
        if target is None or field.many_to_many or field.one_to_many:
            continue
        yield name
        if hops:
            for inner in selectable(target, hops - 1):
                yield f"{name}__{inner}"


def loadable(model: Any, hops: int) -> Iterator[str]:
    """Every name of only() and defer()."""
    meta = model._meta
    yield "pk"
    for field in meta.concrete_fields:
        yield field.name
        if field.attname != field.name:
            yield field.attname
    for name in selectable(model, 0) if hops else ():
        for inner in loadable(meta.names[name].related_model, hops - 1):
            yield f"{name}__{inner}"


def _may_miss(field: Any) -> bool:
    return bool(field.null or field.one_to_many or field.many_to_many or getattr(field, "auto_created", False))


def _nullable(field: Any) -> str:
    return _optional(values.read(field), field.null)


def _optional(held: str, null: bool) -> str:
    return held if not null or held == "Any" or held.endswith("| None") else f"{held} | None"
