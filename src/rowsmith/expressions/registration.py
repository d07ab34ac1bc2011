"""Registration: what may follow a name after a double underscore, on classes and on single objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from rowsmith.expressions.protocol import changed, on_change


class ClassOrInstance:
    """A method that can be called on a class or on one of its instances, and is told which."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    def __get__(self, instance: Any, owner: type) -> Callable[..., Any]:
        bound: Callable[..., Any] = self.function.__get__(owner if instance is None else instance)
        return bound


class RegisterLookup:
    """Lookups and transforms by name: those of an instance first, then those of its class, most derived first."""

    class_lookups: Mapping[str, Any] = MappingProxyType({})

    @classmethod
    def get_class_lookups(cls) -> Mapping[str, Any]:
        """Every lookup and transform of the class."""
        return _class_lookups(cls)

    @ClassOrInstance
    def get_lookups(self_or_class: Any) -> dict[str, Any]:
        """Every lookup and transform of a class, or of an instance, by name."""
        if isinstance(self_or_class, type):
            return dict(_class_lookups(self_or_class))
        own = vars(self_or_class).get("instance_lookups", {})
        return {**self_or_class._built_in_lookups(), **_class_lookups(type(self_or_class)), **own}

    def _built_in_lookups(self) -> Mapping[str, Any]:
        """What an instance offers by what it holds."""
        return {}

    def find_registered(self, name: str) -> Any:
        """The lookup or transform of a name, or None."""
        own = vars(self).get("instance_lookups")
        if own is not None and name in own:
            return own[name]
        found = _class_lookups(type(self)).get(name)
        return found if found is not None else self._built_in_lookups().get(name)

    def get_lookup(self, name: str) -> Any:
        """The lookup of a name; None when there is none."""
        found = self.find_registered(name)
        if found is None:
            field = getattr(self, "output_field", None)
            return field.get_lookup(name) if field is not None else None
        return None if is_transform(found) else found

    def get_transform(self, name: str) -> Any:
        """The transform of a name, as what makes one of an operand; None when there is none."""
        found = self.find_registered(name)
        if found is None:
            field = getattr(self, "output_field", None)
            return field.get_transform(name) if field is not None else None
        return found if is_transform(found) else None

    @ClassOrInstance
    def register_lookup(self_or_class: Any, lookup: Any, lookup_name: str | None = None) -> Any:
        """Offer a lookup or a transform under its own or another name; answers with it, to be used as a decorator."""
        name = lookup_name if lookup_name is not None else getattr(lookup, "lookup_name", None)
        if not isinstance(name, str) or not name or "__" in name:
            raise ValueError(
                f"{lookup!r} cannot be registered as {name!r}: set lookup_name to a name without double underscores."
            )
        attribute = "class_lookups" if isinstance(self_or_class, type) else "instance_lookups"
        registered = {**vars(self_or_class).get(attribute, {}), name: lookup}
        setattr(self_or_class, attribute, registered)
        changed()
        return lookup

    @ClassOrInstance
    def _unregister_lookup(self_or_class: Any, lookup: Any, lookup_name: str | None = None) -> None:
        """Take a registration back."""
        attribute = "class_lookups" if isinstance(self_or_class, type) else "instance_lookups"
        registered = dict(vars(self_or_class).get(attribute, {}))
        del registered[lookup_name if lookup_name is not None else lookup.lookup_name]
        setattr(self_or_class, attribute, registered)
        changed()


def is_transform(registered: Any) -> bool:
    """Whether what was registered makes another operand, and not a condition."""
    return hasattr(registered, "bilateral")


_merged: dict[Any, Mapping[str, Any]] = {}
"""What classes offer, until something is registered."""


def _class_lookups(cls: type[Any]) -> Mapping[str, Any]:
    found = _merged.get(cls)
    if found is None:
        names: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            names.update(vars(base).get("class_lookups", {}))
        found = _merged[cls] = MappingProxyType(names)
    return found


on_change.append(_merged.clear)
