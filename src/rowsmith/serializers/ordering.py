"""The order of models in a dump: each after those whose natural keys it refers to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rowsmith.migrations.places import registry


def sort_dependencies(models: Iterable[Any]) -> list[Any]:
    """The models, each after those that have to be loaded before it.

    raises:  RuntimeError when some have to be loaded before each other.
    """
    waiting = list(models)
    needs = {model: _needed(model) & set(waiting) for model in waiting}
    ordered: list[Any] = []
    while waiting:
        free = [model for model in waiting if not needs[model] - set(ordered)]
        if not free:
            names = ", ".join(sorted(model._meta.label for model in waiting))
            raise RuntimeError(
                f"Can't resolve dependencies for {names}: their natural keys refer to each other. Dump without natural "
                "keys, or shorten natural_key.dependencies."
            )
        ordered.extend(free)
        waiting = [model for model in waiting if model not in free]
    return ordered


def _needed(model: Any) -> set[Any]:
    """The models that a natural key depends on, or that are referred to by theirs."""
    own = getattr(getattr(model, "natural_key", None), "dependencies", ())
    found = {registry().get_model(label) for label in own}
    fields = [field for field in model._meta.fields if field.remote_field is not None]
    fields += [field for field in model._meta.many_to_many if field.remote_field.through._meta.auto_created]
    for field in fields:
        other = field.remote_field.model
        if hasattr(other, "natural_key") and other is not model:
            found.add(other)
    return found
