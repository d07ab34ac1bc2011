"""Variants: what a model would be with other fields, as far as its table goes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

from rowsmith.fields.related import RECURSIVE


class Variant:
    """Stands for a model's class whose definition differs in some fields, indexes or constraints.

    It has options and nothing else: no class is defined, nothing is registered, and the model does not change.

    fields:  the fields, and the names of those that belong to no model yet.
    """

    def __init__(self, model: Any, fields: Iterable[tuple[str, Any]], **changes: Any) -> None:
        # Not by copy(), which takes options for a reference to their model.
        self._meta = meta = object.__new__(type(model._meta))
        meta.__dict__.update(model._meta.__dict__)
        self.__name__ = model.__name__
        meta.model = meta.concrete_model = self
        meta.heirs, meta.groups, meta.waiting = [], {}, []
        meta.local_fields, meta.pk = [], None
        for name, value in changes.items():
            setattr(meta, name, value)
        relations = []
        for place, (name, field) in enumerate(fields):
            twin = self._attach(field, name, model)
            twin.creation_counter = place  # columns stay in their order
            meta.add_field(twin)
            if twin.generated:
                twin.output_field = copy.copy(twin.output_field)
                twin.output_field.set_attributes_from_name(name)
                twin.output_field.model = self
            if twin.forward and "model" not in field.__dict__:
                relations.append(twin)
        meta.expire()
        for act in meta.waiting:
            act()
        meta.waiting = None
        for relation in relations:
            relation._settle()

    def _attach(self, field: Any, name: str, model: Any) -> Any:
        twin = copy.deepcopy(field)
        if "model" in field.__dict__:
            # What a key of several columns has made of it stays.
            for attribute in ("attname", "column", "concrete"):
                setattr(twin, attribute, getattr(field, attribute))
        else:
            twin.set_attributes_from_name(name)
        twin.model = self
        rel = twin.remote_field
        if rel is not None and isinstance(rel.model, str):
            meta = model._meta
            target = rel.model if rel.model != RECURSIVE else meta.label
            rel.model = meta.apps.get_model(target if "." in target else f"{meta.app_label}.{target}")
        return twin

    def _when_finished(self, act: Callable[[], None]) -> None:
        waiting = self._meta.waiting
        if waiting is None:
            act()
        else:
            waiting.append(act)

    def _install_field(self, field: Any) -> None:
        """Instances there are none."""


def fields_of(model: Any) -> list[tuple[str, Any]]:
    return [(field.name, field) for field in model._meta.local_fields]


def with_field(model: Any, field: Any) -> Any:
    """The model with one more field."""
    return Variant(model, [*fields_of(model), (field.name, field)])


def without_field(model: Any, field: Any) -> Any:
    """The model without a field, and without what names it."""
    meta = model._meta
    gone = {field.name, *(member.name for member in _own_columns(field, meta))}
    return Variant(
        model,
        [(name, kept) for name, kept in fields_of(model) if name not in gone],
        unique_together=tuple(names for names in meta.unique_together if not gone & set(names)),
        indexes=[index for index in meta.indexes if not gone & {name for name, _ in index.fields_orders}],
        constraints=[item for item in meta.constraints if not gone & set(getattr(item, "fields", ()))],
    )


def with_other_field(model: Any, old: Any, new: Any) -> Any:
    """The model with `new` in the place of `old`, which may have another name."""
    meta = model._meta
    gone = {member.name for member in _own_columns(old, meta)}
    fields = [
        (new.name, new) if field is old else (name, field) for name, field in fields_of(model) if name not in gone
    ]
    if old.name == new.name:
        return Variant(model, fields)

    def now(name: str) -> str:
        return str(new.name) if name == old.name else name

    indexes, constraints = [], []
    for index in meta.indexes:
        twin = copy.copy(index)
        twin.fields_orders = [(now(name), order) for name, order in index.fields_orders]
        indexes.append(twin)
    for constraint in meta.constraints:
        other = copy.copy(constraint)
        if hasattr(other, "fields"):
            other.fields = tuple(now(name) for name in other.fields)
        constraints.append(other)
    together = tuple(tuple(now(name) for name in names) for names in meta.unique_together)
    return Variant(model, fields, unique_together=together, indexes=indexes, constraints=constraints)


def _own_columns(field: Any, meta: Any) -> list[Any]:
    """The columns that a relation to a key of several has of its own."""
    return [one for one in meta.local_fields if getattr(one, "relation", None) is field]
