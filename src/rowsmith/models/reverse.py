"""Reverse: how a model names, for type checkers, an accessor that a relation of another model gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self, TypeVar
    from uuid import UUID

    from rowsmith.queryset.manager import Manager

    T = TypeVar("T")

    class RelatedManager(Manager[T]):
        """The rows on the many side of a relation, as seen from one instance.

        Objects can be told by their keys where a linking table holds the relation. `bulk` is for foreign keys,
        `through_defaults` for linking tables.
        """

        def __get__(self, instance: object | None, owner: Any) -> Self: ...  # type: ignore[override]
        def add(
            self, *objs: T | int | str | UUID, bulk: bool = ..., through_defaults: Mapping[str, Any] | None = ...
        ) -> None: ...
        async def aadd(
            self, *objs: T | int | str | UUID, bulk: bool = ..., through_defaults: Mapping[str, Any] | None = ...
        ) -> None: ...
        def remove(self, *objs: T | int | str | UUID, bulk: bool = ...) -> None: ...
        async def aremove(self, *objs: T | int | str | UUID, bulk: bool = ...) -> None: ...
        def clear(self, *, bulk: bool = ...) -> None: ...
        async def aclear(self, *, bulk: bool = ...) -> None: ...
        def set(
            self,
            objs: Iterable[T | int | str | UUID],
            *,
            bulk: bool = ...,
            clear: bool = ...,
            through_defaults: Mapping[str, Any] | None = ...,
        ) -> None: ...
        async def aset(
            self,
            objs: Iterable[T | int | str | UUID],
            *,
            bulk: bool = ...,
            clear: bool = ...,
            through_defaults: Mapping[str, Any] | None = ...,
        ) -> None: ...

    Reverse = RelatedManager

else:

    class Reverse:
        """`books: models.Reverse["Book"]` in a class body tells checkers that its instances have `books`.

        The accessor itself is made by the relation, with or without this. A relation to one is declared by its
        model alone: `restaurant: "Restaurant"`.
        """

        declares_accessor = True

        def __class_getitem__(cls, model: Any) -> type[Reverse]:
            return cls
