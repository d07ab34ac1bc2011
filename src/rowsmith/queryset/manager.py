"""Managers: a model's doors to its rows, with the methods of the queryset they open."""

from __future__ import annotations

import functools
import itertools
import sys
from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, overload

from rowsmith.queryset.generic import M
from rowsmith.queryset.queryset import QuerySet

Owner = TypeVar("Owner")

_counter = itertools.count(1)


class BaseManager(Generic[M]):
    """What any manager has; its class decides which querysets it opens."""

    if TYPE_CHECKING:
        # The manager that a model has unless it says otherwise; its kind of rows is told by the class it is asked of.
        @overload
        def __get__(self, instance: None, owner: type[Owner]) -> Manager[Owner]: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> Any: ...
        def __get__(self, instance: object | None, owner: Any) -> Any: ...

    else:

        def __class_getitem__(cls, of: Any) -> type[Self]:
            """The class itself: what it is generic in counts for checkers alone."""
            return cls

    auto_created = False
    use_in_migrations = False
    _queryset_class: ClassVar[type[QuerySet[Any]]] = QuerySet

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

    def __init_subclass__(cls, **options: Any) -> None:
        """Have a constructor of the user's own remember what it was called with, for `deconstruct`."""
        super().__init_subclass__(**options)
        init = cls.__dict__.get("__init__")
        if init is not None and not cls.__module__.startswith("rowsmith."):

            @functools.wraps(init)
            def remembering(self: Any, *args: Any, **kwargs: Any) -> None:
                self.__dict__.setdefault("_constructor_args", (args, kwargs))
                init(self, *args, **kwargs)

            cls.__init__ = remembering  # type: ignore[method-assign]

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """The import path and the arguments that make an equal manager; for migrations.

        raises:  ValueError when its class cannot be imported by its name.
        """
        kind: Any = self._queryset_class if getattr(self, "_built_with_as_manager", False) else type(self)
        found: Any = sys.modules.get(kind.__module__)
        for name in kind.__qualname__.split("."):
            found = getattr(found, name, None)
        if found is not kind:
            raise ValueError(
                f"The manager {self.name!r} cannot be written into a migration: there is no {kind.__qualname__} in "
                f"{kind.__module__}. Define its class at the top of a module: class Manager("
                "models.Manager.from_queryset(QuerySet)): ..."
            )
        path = f"{kind.__module__}.{kind.__qualname__}"
        if kind is Manager:
            path = "rowsmith.models.Manager"
        if kind is not type(self):
            path += ".as_manager"
        args, kwargs = self.__dict__.get("_constructor_args", ((), {}))
        return path, tuple(args), dict(kwargs)

    def contribute_to_class(self, cls: Any, name: str) -> None:
        """Become the manager `name` of a model."""
        self.name = self.name or name
        self.model = cls
        cls._meta.add_manager(self)
        cls._install_managers()

    @classmethod
    def from_queryset(cls, queryset_class: type[QuerySet[Any]], class_name: str | None = None) -> type[Self]:
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

    def get_queryset(self) -> QuerySet[M]:
        """The queryset that every method of this manager starts from; the one thing to override."""
        return self._queryset_class(self.model, None, self._db, self._hints or None)

    def all(self) -> QuerySet[M]:
        """Every row."""
        return self.get_queryset()

    if not TYPE_CHECKING:
        # Checkers find out by themselves that there is no iteration.

        def __aiter__(self) -> Any:
            raise TypeError(f"{type(self).__name__} is not iterable; write: async for row in {self.name}.all()")

        def __iter__(self) -> Any:
            raise TypeError(
                f"{type(self).__name__!r} object is not iterable; write: for row in {self.name}.all()"
            )


def _forwarding(manager_class: type, queryset_class: type) -> dict[str, Callable[..., Any]]:
    """Methods that call the same method of the manager's queryset, for all that a manager is to have."""
    names = forwarded_names(manager_class, queryset_class)
    return {name: _forward(name, getattr(queryset_class, name)) for name in names}


def forwarded_names(manager_class: type, queryset_class: type) -> list[str]:
    """The methods of a queryset class that a manager class does not have, and is to have."""
    names: list[str] = []
    for name in dir(queryset_class):
        method = getattr(queryset_class, name)
        if not isinstance(method, FunctionType):
            continue
        only = getattr(method, "queryset_only", None)
        if hasattr(manager_class, name) or only or (only is None and name.startswith("_")) or name in _SHAPED:
            continue
        names.append(name)
    return names


_SHAPED = frozenset({"fingerprint", "nested", "selecting", "sql_with_params"})


def _forward(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    def forwarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.get_queryset(), name)(*args, **kwargs)

    forwarded.__name__ = name
    forwarded.__qualname__ = f"Manager.{name}"
    forwarded.__doc__ = method.__doc__
    return forwarded


if TYPE_CHECKING:
    from rowsmith.queryset.manager_methods import ManagerMethods

    class Manager(ManagerMethods[M], BaseManager[M]):
        """A model's door to its rows."""

        @overload  # type: ignore[override]
        def __get__(self, instance: None, owner: Any) -> Self: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> Any: ...
        def __get__(self, instance: object | None, owner: Any) -> Any: ...

else:

    class Manager(BaseManager.from_queryset(QuerySet, "Manager")):
        """A model's door to its rows."""


QuerySet.managers = Manager
