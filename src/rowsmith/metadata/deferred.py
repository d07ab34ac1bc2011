"""Deferred columns: the class of instances that miss some, until they have them all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rowsmith.exceptions import LazyLoadInAsync, SynchronousOnlyOperation


def deferred_class(model: Any) -> Any:
    """The subclass of `model` for instances that lack columns: reading one loads it.

    It shows itself as the model everywhere but in `type()`, and an instance goes back to the model itself as soon as
    it has all its columns.
    """
    found = model.__dict__.get("_deferred_class")
    if found is None:
        namespace = {
            "__module__": model.__module__,
            "__qualname__": model.__qualname__,
            "__doc__": model.__doc__,
            "__class__": property(lambda self: model),
            "__getattr__": _loading(model),
            "__reduce__": model.__reduce__,
        }
        metaclass = type(model)
        # The plain constructor of types: this is no model to be defined, only another way to read one.
        found = type.__new__(metaclass, model.__name__, (model,), namespace)
        type.__setattr__(model, "_deferred_class", found)
    return found


def _loading(model: Any) -> Any:
    inherited = getattr(model, "__getattr__", None) if _defines(model, "__getattr__") else None

    def __getattr__(self: Any, name: str) -> Any:
        if name not in model._meta.columns:
            if inherited is not None:
                return inherited(self, name)
            # A property or relation may have raised AttributeError; asking again shows its own error.
            return object.__getattribute__(self, name)
        return load(self, model, name)

    return __getattr__


def load(instance: Any, model: Any, name: str) -> Any:
    """The value of a column that an instance lacks, from now on kept by it."""
    if instance._adding:
        raise AttributeError(f"{model.__name__} has no value for {name!r}, and is not saved so as to load it.")
    held = instance.__dict__
    link = model._meta.repeated.get(name)
    if link is None:
        instance._fetch_mode.fetch(_DeferredColumn(model, name), instance)
    else:
        # An ancestor's key, which the link to it repeats.
        held[name] = getattr(instance, link)
    if name not in held:
        raise AttributeError(f"refresh_from_db() of {model.__name__} did not load {name!r}.")
    if type(instance) is not model and all(column in held for column in model._meta.columns):
        complete(instance, model)
    return held[name]


class _DeferredColumn:
    """A column that instances may lack; implements `execution.fetch_modes.Absent`."""

    def __init__(self, model: Any, name: str) -> None:
        self.model = model
        self.name = name

    @property
    def label(self) -> str:
        return f"{self.model.__name__}.{self.name}"

    @property
    def remedy(self) -> str:
        return f".only() with {self.name!r}"

    def is_cached(self, instance: Any) -> bool:
        return self.name in instance.__dict__

    def load_one(self, instance: Any) -> None:
        try:
            instance.refresh_from_db(fields=[self.name])
        except SynchronousOnlyOperation as error:
            raise self._blocked() from error

    def load_all(self, instances: Sequence[Any]) -> None:
        rows = self.model._base_manager.using(instances[0]._state.db).order_by()
        keys = [instance.pk for instance in instances]
        try:
            values = dict(rows.filter(pk__in=keys).values_list("pk", self.name))
        except SynchronousOnlyOperation as error:
            raise self._blocked() from error
        for instance in instances:
            if instance.pk in values:
                setattr(instance, self.name, values[instance.pk])

    def _blocked(self) -> LazyLoadInAsync:
        variable = self.model._meta.model_name
        return LazyLoadInAsync(
            f"{variable}.{self.name} is deferred, and loading it here would block the event loop. "
            f"Leave it out of defer(), or write: await {variable}.aload({self.name!r})."
        )


# The setter of `object`: deferred classes hide it behind a property of that name.
_set_class = object.__dict__["__class__"].__set__


def complete(instance: Any, model: Any) -> None:
    """Make an instance that has all its columns an ordinary one."""
    _set_class(instance, model)


def defer(instance: Any, model: Any) -> None:
    """Make an instance that lacks columns load them when they are asked for."""
    _set_class(instance, deferred_class(model))


def _defines(model: Any, name: str) -> bool:
    return any(name in base.__dict__ for base in model.__mro__)
