"""QuerySet: a chainable question about the rows of a model, answered when it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from rowsmith import bridge
from rowsmith.execution.explaining import explain
from rowsmith.execution.raw import Parameters
from rowsmith.expressions.combinable import Shaped
from rowsmith.queryset.generic import M, R
from rowsmith.queryset.raw import RawQuerySet
from rowsmith.queryset.writing import Writing


class QuerySet(Writing[M, R]):
    """Refine it, then iterate, index or ask; every asking method has an awaitable twin whose name begins with `a`.

    The twins run the very same methods, so an override of one serves both callers.
    """

    __slots__ = ()

    @classmethod
    def as_manager(cls) -> Self:
        """A manager whose querysets are of this class, with its methods."""
        manager = QuerySet.managers.from_queryset(cls)()
        manager._built_with_as_manager = True
        return manager  # type: ignore[no-any-return]  # has every method of the querysets

    as_manager.__func__.queryset_only = True  # type: ignore[attr-defined]
    managers: Any = None
    """The class Manager, which is defined above this one."""

    def raw(
        self,
        raw_query: str,
        params: Parameters = (),
        translations: Mapping[str, str] | None = None,
        using: str | None = None,
    ) -> RawQuerySet[M]:
        """Instances from a statement of your own; nothing that was asked of this queryset is part of it.

        params:        values for its `%s` or `%(name)s`.
        translations:  names of fields by the names of columns that have other ones.
        """
        return RawQuerySet(raw_query, self.model, params, translations, using or self._db)

    def explain(self, *, format: str | None = None, **options: Any) -> str:
        """How the database would answer this query, in its own words.

        format, options:  those of the database; ValueError for what it does not have.
        """
        return explain(self._shape, self._values, self.db, format, options)

    async def aexplain(self, *, format: str | None = None, **options: Any) -> str:
        """As `explain`."""
        return await bridge.run(self.explain, format=format, **options)

    async def acreate(self, **kwargs: Any) -> M:
        """As `create`."""
        return await bridge.run(self.create, **kwargs)

    async def aget_or_create(
        self, defaults: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> tuple[M, bool]:
        """As `get_or_create`."""
        return await bridge.run(self.get_or_create, defaults, **kwargs)

    async def aupdate_or_create(
        self,
        defaults: Mapping[str, Any] | None = None,
        create_defaults: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> tuple[M, bool]:
        """As `update_or_create`."""
        return await bridge.run(self.update_or_create, defaults, create_defaults, **kwargs)

    async def abulk_create(
        self,
        objs: Iterable[Any],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Sequence[str] | None = None,
        unique_fields: Sequence[str] | None = None,
    ) -> list[M]:
        """As `bulk_create`."""
        return await bridge.run(
            self.bulk_create,
            objs,
            batch_size,
            ignore_conflicts,
            update_conflicts,
            update_fields,
            unique_fields,
        )

    async def abulk_update(
        self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None
    ) -> int:
        """As `bulk_update`."""
        return await bridge.run(self.bulk_update, objs, fields, batch_size)

    async def aupdate(self, **changes: Any) -> int:
        """As `update`."""
        return await bridge.run(self.update, **changes)

    async def adelete(self) -> tuple[int, dict[str, int]]:
        """As `delete`."""
        return await bridge.run(self.delete)

    adelete.queryset_only = True  # type: ignore[attr-defined]

    async def afirst(self) -> R | None:
        """As `first`."""
        return await bridge.run(self.first)

    async def alast(self) -> R | None:
        """As `last`."""
        return await bridge.run(self.last)

    async def alatest(self, *fields: str | Shaped) -> R:
        """As `latest`."""
        return await bridge.run(self.latest, *fields)

    async def aearliest(self, *fields: str | Shaped) -> R:
        """As `earliest`."""
        return await bridge.run(self.earliest, *fields)

    async def acount(self) -> int:
        """As `count`."""
        return await bridge.run(self.count)

    async def aexists(self) -> bool:
        """As `exists`."""
        return await bridge.run(self.exists)

    async def acontains(self, obj: Any) -> bool:
        """As `contains`."""
        return await bridge.run(self.contains, obj)

    async def ain_bulk(self, id_list: Any = None, *, field_name: str = "pk") -> dict[Any, R]:
        """As `in_bulk`."""
        return await bridge.run(self.in_bulk, id_list, field_name=field_name)

    async def aaggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """As `aggregate`."""
        return await bridge.run(self.aggregate, *args, **kwargs)


class _EmptyType(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, QuerySet) and instance._shape.query.empty


class EmptyQuerySet(metaclass=_EmptyType):
    """What querysets without rows, such as `none()`, are instances of."""
