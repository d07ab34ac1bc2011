"""Managers: a model's doors to its rows, with the methods of the queryset they open."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import FunctionType
from typing import Any, ClassVar, Self

from rowsmith.queryset.queryset import QuerySet

_counter = itertools.count(1)


class BaseManager:
    """What any manager has; its class decides which querysets it opens."""

    auto_created = False
    use_in_migrations = False
    _queryset_class: ClassVar[type[QuerySet]] = QuerySet

    def __init__(self) -> None:
        self.creation_counter = next(_counter)
        self.model: Any = None
        self.name: Any = None
        self._db: str | None = None
        self._hints: dict[str, Any] = {}

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.name}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return id(self)

    def contribute_to_class(self, cls: Any, name: str) -> None:
        """Become the manager `name` of a model."""
        self.name = self.name or name
        self.model = cls
        cls._meta.add_manager(self)
        cls._install_managers()

    @classmethod
    def from_queryset(cls, queryset_class: type[QuerySet], class_name: str | None = None) -> type[Self]:
        """A subclass of this manager class that opens querysets of `queryset_class` and has their methods."""
        name = class_name or f"{cls.__name__}From{queryset_class.__name__}"
        body = {"_queryset_class": queryset_class, **_forwarding(cls, queryset_class)}
        return type(name, (cls,), body)

    def db_manager(self, using: str | None = None, hints: dict[str, Any] | None = None) -> Self:
        """This manager on another database."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._db = using or self._db
        other._hints = hints or self._hints
        return other

    @property
    def db(self) -> str:
        """The alias of the database that this manager uses now."""
        alias: str = self.get_queryset().db
        return alias

    def get_queryset(self) -> Any:
        """The queryset that every method of this manager starts from; the one thing to override."""
        return self._queryset_class(self.model, None, self._db)

    def all(self) -> Any:
        """Every row."""
        return self.get_queryset()

    def __aiter__(self) -> Any:
        raise TypeError(f"{type(self).__name__} is not iterable; write: async for row in {self.name}.all()")

    def __iter__(self) -> Any:
        raise TypeError(
            f"{type(self).__name__!r} object is not iterable; write: for row in {self.name}.all()"
        )


def _forwarding(manager_class: type, queryset_class: type) -> dict[str, Callable[..., Any]]:
    """Methods that call the same method of the manager's queryset, for all that a manager is to have."""
    methods: dict[str, Callable[..., Any]] = {}
    for name in dir(queryset_class):
        method = getattr(queryset_class, name)
        if not isinstance(method, FunctionType):
            continue
        only = getattr(method, "queryset_only", None)
        if hasattr(manager_class, name) or only or (only is None and name.startswith("_")) or name in _SHAPED:
            continue
        methods[name] = _forward(name, method)
    return methods


_SHAPED = frozenset({"fingerprint", "nested", "selecting", "sql_with_params"})


def _forward(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    def forwarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.get_queryset(), name)(*args, **kwargs)

    forwarded.__name__ = name
    forwarded.__qualname__ = f"Manager.{name}"
    forwarded.__doc__ = method.__doc__
    return forwarded


class Manager(BaseManager.from_queryset(QuerySet, "Manager")):  # type: ignore[misc]
    """A model's door to its rows."""


QuerySet.managers = Manager
