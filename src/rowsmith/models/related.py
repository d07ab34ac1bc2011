"""Related managers: the rows on the many side of a relation, as seen from one instance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rowsmith import bridge
from rowsmith.db.router import router
from rowsmith.db.transactions import Atomic
from rowsmith.execution.fetch_modes import FETCH_ONE, noticed
from rowsmith.signals import m2m_changed


class Related:
    """What both kinds of related managers do: rows within the relation, and the awaitable twins.

    What they keep has names with an underscore, so that it hides no method of the manager they are built on.
    """

    instance: Any
    model: Any
    _db: str | None
    _accessor: str

    def __call__(self, *, manager: str) -> Any:
        """The same relation through another manager of the related model."""
        found = getattr(self.model, manager)
        return type(self)._with_manager(type(found))(self.instance)  # type: ignore[attr-defined]

    def _alias(self) -> str:
        return self._db or router.db_for_write(self._written, instance=self.instance)

    @property
    def _written(self) -> Any:
        """The model whose rows hold the relation."""
        return self.model

    def _prefetched(self) -> list[Any] | None:
        held = self.instance._prefetched
        return None if held is None else held.get(self._accessor)

    def _forget_prefetched(self) -> None:
        if self.instance._prefetched is not None:
            self.instance._prefetched.pop(self._accessor, None)

    def get_queryset(self) -> Any:
        """The related rows; those that were prefetched, when they were."""
        found = self._prefetched()
        queryset = self._rows()
        if found is not None:
            queryset._result_cache = found
        else:
            label = f"{type(self.instance).__name__}.{self._accessor}"
            noticed(label, f".prefetch_related({self._accessor!r})", self.instance)
        return queryset

    def _unrestricted(self) -> Any:
        """The manager's own rows, on the database of the instance."""
        queryset = super().get_queryset()  # type: ignore[misc]
        mode = self.instance._fetch_mode
        if mode is not FETCH_ONE:
            queryset = queryset.fetch_mode(mode)
        if router.active and self._db is None:
            queryset = queryset.all()
            queryset._hints = {**(queryset._hints or {}), "instance": self.instance}
            return queryset
        alias = self._db or self.instance._database
        return queryset.using(alias) if alias is not None and queryset._db is None else queryset

    def _rows(self) -> Any:
        raise NotImplementedError

    def _check(self, objs: Iterable[Any]) -> None:
        for obj in objs:
            if not isinstance(obj, self.model):
                raise TypeError(
                    f"'{self.model._meta.object_name}' instance expected, got {obj!r}."
                )

    # What the two kinds of relations do in their own ways; the awaitable twins are the same for both.
    add: Callable[..., None]
    create: Callable[..., Any]
    get_or_create: Callable[..., tuple[Any, bool]]
    update_or_create: Callable[..., tuple[Any, bool]]
    set: Callable[..., None]

    async def aadd(self, *objs: Any, **options: Any) -> None:
        """As `add`."""
        await bridge.run(self.add, *objs, **options)

    async def acreate(self, **kwargs: Any) -> Any:
        """As `create`."""
        return await bridge.run(self.create, **kwargs)

    async def aget_or_create(self, defaults: Mapping[str, Any] | None = None, **kwargs: Any) -> tuple[Any, bool]:
        """As `get_or_create`."""
        return await bridge.run(self.get_or_create, defaults, **kwargs)

    async def aupdate_or_create(self, *args: Any, **kwargs: Any) -> tuple[Any, bool]:
        """As `update_or_create`."""
        return await bridge.run(self.update_or_create, *args, **kwargs)

    async def aset(self, objs: Iterable[Any], **options: Any) -> None:
        """As `set`."""
        await bridge.run(self.set, objs, **options)


class Removing:
    """The awaitable twins of what only relations that may be empty can do."""

    remove: Callable[..., None]
    clear: Callable[..., None]

    async def aremove(self, *objs: Any, **options: Any) -> None:
        """As `remove`."""
        await bridge.run(self.remove, *objs, **options)

    async def aclear(self, **options: Any) -> None:
        """As `clear`."""
        await bridge.run(self.clear, **options)


# Rows that refer to the instance


class Referring(Related):
    """The rows whose foreign key refers to the instance."""

    _rel: Any

    def __init__(self, instance: Any) -> None:
        super().__init__()
        self.instance = instance
        self.model = self._rel.related_model
        self._field = self._rel.field
        self._accessor = self._rel.get_accessor_name()
        key = getattr(instance, self._field.target_field.key_attname)
        if not instance._is_pk_set() or key is None:
            raise ValueError(
                f"{instance!r} instance needs to have a primary key value before this relationship can be used."
            )

    @property
    def core_filters(self) -> dict[str, Any]:
        return {self._field.name: self.instance}

    def _rows(self) -> Any:
        queryset = self._unrestricted().filter(**self.core_filters)
        queryset._known = (self._field.cache_name, self.instance)
        return queryset

    def add(self, *objs: Any, bulk: bool = True) -> None:
        """Make rows refer to the instance: with one UPDATE, or with `bulk=False` by saving each."""
        self._forget_prefetched()
        self._check(objs)
        alias = self._alias()
        if bulk:
            for obj in objs:
                if obj._adding or obj._state.db != alias:
                    raise ValueError(
                        f"{obj!r} instance isn't saved. Use bulk=False or save the object first."
                    )
        for obj in objs:
            setattr(obj, self._field.name, self.instance)
        if bulk:
            keys = [obj.pk for obj in objs]
            self.model._base_manager.using(alias).filter(pk__in=keys).update(**{self._field.name: self.instance})
            return
        with Atomic(alias, savepoint=False, durable=False):
            for obj in objs:
                obj.save()

    def create(self, **kwargs: Any) -> Any:
        """A new row that refers to the instance."""
        self._forget_prefetched()
        return self._unrestricted().using(self._alias()).create(**{**kwargs, self._field.name: self.instance})

    def get_or_create(self, defaults: Mapping[str, Any] | None = None, **kwargs: Any) -> tuple[Any, bool]:
        """As of any queryset, within the relation."""
        self._forget_prefetched()
        found: tuple[Any, bool] = self._rows().get_or_create(defaults, **{**kwargs, self._field.name: self.instance})
        return found

    def update_or_create(
        self,
        defaults: Mapping[str, Any] | None = None,
        create_defaults: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> tuple[Any, bool]:
        """As of any queryset, within the relation."""
        self._forget_prefetched()
        values = {**kwargs, self._field.name: self.instance}
        found: tuple[Any, bool] = self._rows().update_or_create(defaults, create_defaults, **values)
        return found

    def set(self, objs: Iterable[Any], *, bulk: bool = True, clear: bool = False) -> None:
        """Make `objs` the related rows; rows that cannot be without the relation stay."""
        wanted = tuple(objs)
        if not self._field.null:
            self.add(*wanted, bulk=bulk)
            return
        with Atomic(self._alias(), savepoint=False, durable=False):
            if clear:
                self.clear(bulk=bulk)  # type: ignore[attr-defined]
                self.add(*wanted, bulk=bulk)
                return
            present = set(self._rows().using(self._alias()))
            self.remove(*(obj for obj in present if obj not in wanted), bulk=bulk)  # type: ignore[attr-defined]
            self.add(*(obj for obj in wanted if obj not in present), bulk=bulk)


class NullableReferring(Removing, Referring):
    """The same, where rows can do without the relation."""

    def remove(self, *objs: Any, bulk: bool = True) -> None:
        """Take rows out of the relation; DoesNotExist for one that is not in it."""
        if not objs:
            return
        self._forget_prefetched()
        self._check(objs)
        key = getattr(self.instance, self._field.target_field.key_attname)
        for obj in objs:
            if getattr(obj, self._field.attname) != key:
                raise self._field.remote_field.model.DoesNotExist(f"{obj!r} is not related to {self.instance!r}.")
        self._release(self._rows().filter(pk__in=[obj.pk for obj in objs]), bulk)

    def clear(self, *, bulk: bool = True) -> None:
        """Take all rows out of the relation."""
        self._forget_prefetched()
        self._release(self._rows(), bulk)

    def _release(self, rows: Any, bulk: bool) -> None:
        alias = self._alias()
        rows = rows.using(alias)
        if bulk:
            rows.update(**{self._field.name: None})
            return
        with Atomic(alias, savepoint=False, durable=False):
            for obj in rows:
                setattr(obj, self._field.name, None)
                obj.save(update_fields=[self._field.name])


def reverse_manager(rel: Any) -> Any:
    """The class of managers for the rows that refer by `rel`, built on the related model's default manager."""
    base = NullableReferring if rel.field.null else Referring
    return _built(base, type(rel.related_model._default_manager), {"_rel": rel})


def _built(base: type, manager_class: type, attributes: dict[str, Any]) -> Any:
    def with_manager(other: type) -> Any:
        return _built(base, other, attributes)

    body = {**attributes, "_with_manager": staticmethod(with_manager)}
    return type("RelatedManager", (base, manager_class), body)


# Rows linked to the instance


class Linked(Removing, Related):
    """The rows that a linking table links to the instance.

    _rel:      the many-to-many relation.
    _reverse:  whether the instance is on the side that does not declare it.
    """

    _rel: Any
    _reverse: bool
    # Whether links are read from a file, which receivers of signals are told.
    _raw = False

    def __init__(self, instance: Any) -> None:
        super().__init__()
        field = self._rel.field
        self.instance = instance
        self.through = self._rel.through
        self.symmetrical = self._rel.symmetrical
        if self._reverse:
            self.model = field.model
            self._accessor = self._rel.get_accessor_name()
            self._source, self._target = field.m2m_target_field, field.m2m_source_field
        else:
            self.model = self._rel.model
            self._accessor = field.name
            self._source, self._target = field.m2m_source_field, field.m2m_target_field
        key = getattr(instance, self._source.target_field.key_attname)
        if not instance._is_pk_set() or key is None:
            raise ValueError(
                f"{instance!r} needs to have a value for field \"{self._source.target_field.name}\" before this "
                "many-to-many relationship can be used."
            )
        self._key = key

    def _rows(self) -> Any:
        step = (self._rel if not self._reverse else self._rel.field).steps[0]
        return self._unrestricted()._linked_to(step, self._source, self._key)

    def _links(self, alias: str) -> Any:
        """The rows of the linking table that belong to the instance."""
        return self.through._base_manager.using(alias).filter(**{self._source.attname: self._key})

    @property
    def _written(self) -> Any:
        return self.through

    def _keys(self, objs: Iterable[Any]) -> list[Any]:
        """The keys that objects and keys stand for, each once, in order."""
        attname = self._target.target_field.key_attname
        keys: dict[Any, None] = {}
        for obj in objs:
            if isinstance(obj, self.model):
                if (obj._database != self.instance._database or router.active) and not router.allow_relation(
                    obj, self.instance
                ):
                    raise ValueError(
                        f'Cannot add {obj!r}: instance is on database "{self.instance._state.db}", '
                        f'value is on database "{obj._state.db}".'
                    )
                key = getattr(obj, attname)
                if key is None:
                    raise ValueError(
                        f"Cannot add {obj!r}: the value for field \"{self._target.name}\" is None; save it first."
                    )
                keys[key] = None
            elif hasattr(obj, "_meta"):
                raise TypeError(f"'{self.model._meta.object_name}' instance expected, got {obj!r}.")
            else:
                keys[self._target.get_prep_value(obj)] = None
        return list(keys)

    def add(self, *objs: Any, through_defaults: Mapping[str, Any] | None = None) -> None:
        """Link objects, or the objects with these keys; links that are there already stay as they are."""
        self._forget_prefetched()
        alias = self._alias()
        with Atomic(alias, savepoint=False, durable=False):
            self._link(self._source, self._target, objs, alias, through_defaults)
            if self.symmetrical:
                self._link(self._target, self._source, objs, alias, through_defaults)

    def _link(
        self, source: Any, target: Any, objs: Iterable[Any], alias: str, defaults: Mapping[str, Any] | None
    ) -> None:
        keys = self._keys(objs)
        if not keys:
            return
        values = {name: value() if callable(value) else value for name, value in (defaults or {}).items()}
        rows = self.through._default_manager.using(alias)
        announced = m2m_changed.receivers and (self._reverse or source is self._source)
        plain = self.through._meta.auto_created is not False and not announced
        if plain:
            # The link is unique, so the database itself leaves out those that are there.
            rows.bulk_create(
                [self.through(**{source.attname: self._key, target.attname: key}) for key in keys],
                ignore_conflicts=True,
            )
            return
        present = set(
            rows.filter(**{source.attname: self._key, f"{target.attname}__in": keys}).values_list(
                target.attname, flat=True
            )
        )
        new = [key for key in keys if key not in present]
        self._announce("pre_add", set(new), alias, announced)
        rows.bulk_create(
            [self.through(**values, **{source.attname: self._key, target.attname: key}) for key in new],
            ignore_conflicts=self.through._meta.auto_created is not False,
        )
        self._announce("post_add", set(new), alias, announced)

    def _announce(self, action: str, keys: set[Any] | None, alias: str, wanted: Any = True) -> None:
        if wanted and m2m_changed.receivers:
            m2m_changed.send(
                sender=self.through,
                action=action,
                instance=self.instance,
                reverse=self._reverse,
                model=self.model,
                pk_set=keys,
                using=alias,
                raw=self._raw,
            )

    def create(self, *, through_defaults: Mapping[str, Any] | None = None, **kwargs: Any) -> Any:
        """A new row, linked to the instance."""
        alias = self._alias()
        with Atomic(alias, savepoint=True, durable=False):
            created = self._unrestricted().using(alias).create(**kwargs)
            self.add(created, through_defaults=through_defaults)
        return created

    def get_or_create(
        self,
        defaults: Mapping[str, Any] | None = None,
        *,
        through_defaults: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> tuple[Any, bool]:
        """As of any queryset; a row that was created is linked."""
        alias = self._alias()
        rows = self._rows().using(alias)
        try:
            return rows.get(**kwargs), False
        except self.model.DoesNotExist:
            pass
        # A transaction is only for what is written: rows are found more often than made.
        with Atomic(alias, savepoint=True, durable=False):
            found, created = rows.get_or_create(defaults, **kwargs)
            if created:
                self.add(found, through_defaults=through_defaults)
        return found, created

    def update_or_create(
        self,
        defaults: Mapping[str, Any] | None = None,
        create_defaults: Mapping[str, Any] | None = None,
        *,
        through_defaults: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> tuple[Any, bool]:
        """As of any queryset; a row that was created is linked."""
        alias = self._alias()
        with Atomic(alias, savepoint=False, durable=False):
            found, created = self._rows().using(alias).update_or_create(defaults, create_defaults, **kwargs)
            if created:
                self.add(found, through_defaults=through_defaults)
        return found, created

    def remove(self, *objs: Any) -> None:
        """Take links away, duplicates included."""
        if not objs:
            return
        self._forget_prefetched()
        alias = self._alias()
        keys = self._keys(objs)
        with Atomic(alias, savepoint=False, durable=False):
            self._announce("pre_remove", set(keys), alias)
            self._links(alias).filter(**{f"{self._target.attname}__in": keys}).delete()
            if self.symmetrical:
                self._mirrored(alias).filter(**{f"{self._source.attname}__in": keys}).delete()
            self._announce("post_remove", set(keys), alias)

    def _mirrored(self, alias: str) -> Any:
        return self.through._base_manager.using(alias).filter(**{self._target.attname: self._key})

    def clear(self) -> None:
        """Take all links away."""
        self._forget_prefetched()
        alias = self._alias()
        with Atomic(alias, savepoint=False, durable=False):
            self._announce("pre_clear", None, alias)
            self._links(alias).delete()
            if self.symmetrical:
                self._mirrored(alias).delete()
            self._announce("post_clear", None, alias)

    def set(
        self, objs: Iterable[Any], *, clear: bool = False, through_defaults: Mapping[str, Any] | None = None
    ) -> None:
        """Make `objs` the linked rows: only links that differ are written, unless `clear` takes all away first."""
        wanted = tuple(objs)
        alias = self._alias()
        with Atomic(alias, savepoint=False, durable=False):
            if clear:
                self.clear()
                self.add(*wanted, through_defaults=through_defaults)
                return
            present = set(self._links(alias).values_list(self._target.attname, flat=True))
            keys = self._keys(wanted)
            self.remove(*(present - set(keys)))
            self.add(*(key for key in keys if key not in present), through_defaults=through_defaults)


def many_to_many_manager(rel: Any, reverse: bool) -> Any:
    """The class of managers for one side of a many-to-many relation, built on the other side's default manager."""
    model = rel.field.model if reverse else rel.model
    return _built(Linked, type(model._default_manager), {"_rel": rel, "_reverse": reverse})
