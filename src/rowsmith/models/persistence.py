"""Persistence: saving, deleting and reloading an instance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from rowsmith import bridge
from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.db.router import router
from rowsmith.exceptions import did_you_mean
from rowsmith.execution import cascade, writing
from rowsmith.execution.places import take_places
from rowsmith.fields.defaults import DatabaseDefault
from rowsmith.signals import post_save, pre_save


class Persistence:
    """What a model instance can do with its row."""

    _meta: ClassVar[Any]
    _adding: bool
    _database: str | None
    _pending: frozenset[str]
    _prefetched: dict[str, Any] | None

    def save(
        self,
        *args: Any,
        force_insert: bool | tuple[type, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Insert or update the row of this instance.

        force_insert:   never update a row that has this key already.
        force_update:   never insert; NotUpdated when there is no row.
        update_fields:  the names of the fields to write; all that are loaded when None.
        """
        if args:
            raise TypeError("save() takes keyword arguments only: save(force_insert=True), not save(True).")
        cls: Any = self.__class__
        if (
            # The usual case: a row that is there, all of it loaded, nobody listening.
            using is None
            and update_fields is None
            and not (force_insert or force_update or self._adding or self._pending)
            and not (pre_save.receivers or post_save.receivers)
            and type(self) is cls  # not with deferred columns
            and not router.active
            and writing.overwrite(self, cls._meta, self._database or DEFAULT_DB_ALIAS)
        ):
            return
        self._save(force_insert, force_update, using, update_fields)

    async def asave(
        self,
        *args: Any,
        force_insert: bool | tuple[type, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """As `save`, which it calls, so that an override of it serves both."""
        await bridge.run(
            self.save,
            *args,
            force_insert=force_insert,
            force_update=force_update,
            using=using,
            update_fields=update_fields,
        )

    def save_base(
        self,
        raw: bool = False,
        force_insert: bool | tuple[type, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """What `save` does, without an override of it.

        raw:  write the row of the model's own table just as it is, as when rows are loaded from a file: without those
              of its parents, and without values that fields set themselves.
        """
        self._save(force_insert, force_update, using, update_fields, raw)

    def _save(
        self: Any,
        force_insert: bool | tuple[type, ...],
        force_update: bool,
        using: str | None,
        update_fields: Iterable[str] | None,
        raw: bool = False,
    ) -> None:
        cls = self.__class__
        meta = cls._meta
        if self._pending:
            self._take_over_keys()
        ancestors = () if isinstance(force_insert, bool) else _inserted_ancestors(cls, force_insert)
        if force_insert and (force_update or update_fields):
            raise ValueError("Cannot force both insert and updating in model saving.")
        # Without routers the answer is known, and asking for it would be a tenth of an insert.
        alias: str = using or (router.db_for_write(cls, instance=self) if router.active else "")
        alias = alias or self._database or DEFAULT_DB_ALIAS
        names: frozenset[str] | None = None
        if update_fields is not None:
            names = frozenset(update_fields)
            if not names:
                return
            _check_update_fields(meta, names)
            if meta.row_relations:
                named = [relation for relation in meta.row_relations if relation.name in names]
                names |= {field.attname for relation in named for field in relation.members}
        elif type(self) is not cls and not self._adding and not force_insert:
            # Columns that were never loaded have no value to write.
            held = self.__dict__
            loaded = frozenset(f.name for f in meta.saved_fields if f.attname in held)
            if len(loaded) < len(meta.saved_fields) and alias == (self._database or DEFAULT_DB_ALIAS):
                names = loaded
        if pre_save.receivers and not meta.auto_created:
            pre_save.send(sender=cls, instance=self, raw=raw, using=alias, update_fields=names)
        if raw:
            inserted = self._write(meta.concrete_model._meta, alias, bool(force_insert), force_update, names, raw=True)
        elif meta.links:
            with writing.in_one_transaction(alias):
                inserted = self._write_tables(
                    meta.concrete_model._meta, alias, bool(force_insert), ancestors, force_update, names
                )
        else:
            inserted = self._write(meta, alias, bool(force_insert), force_update, names)
        if alias != DEFAULT_DB_ALIAS or self._database is not None:
            self._database = alias
        self._adding = False
        if post_save.receivers and not meta.auto_created:
            post_save.send(
                sender=cls, instance=self, created=inserted, update_fields=names, raw=raw, using=alias
            )

    def _take_over_keys(self: Any) -> None:
        """Copy the keys of related instances that were saved after they were assigned."""
        meta = self._meta
        for field in (*meta.concrete_fields, *meta.row_relations):
            if not field.is_relation or field.cache_name not in self._pending:
                continue
            key = getattr(getattr(self, field.cache_name), field.target_field.key_attname)
            if getattr(self, field.attname) is None:
                if key is None:
                    raise ValueError(
                        f"save() prohibited to prevent data loss due to unsaved related object '{field.name}'. "
                        f"Save it first: {meta.model_name}.{field.name}.save()."
                    )
                setattr(self, field.attname, key)
            self._pending -= {field.cache_name}

    def _write_tables(
        self: Any,
        meta: Any,
        alias: str,
        force_insert: bool,
        ancestors: tuple[type, ...],
        force_update: bool,
        names: frozenset[str] | None,
    ) -> bool:
        """Send the rows of a model with parents, from the farthest ancestor to its own; whether that was inserted.

        ancestors:  those whose rows are to be inserted, too, whether or not there are any.
        """
        inserted: dict[Any, bool] = {}

        def write(options: Any, force: bool) -> bool:
            for parent, link in options.links:
                key = link.target_field.key_attname
                if getattr(self, key) is None and getattr(self, link.attname) is not None:
                    setattr(self, key, getattr(self, link.attname))
                if parent not in inserted:
                    inserted[parent] = write(parent._meta, parent in ancestors)
                setattr(self, link.attname, getattr(self, key))
                # The instance of the parent, if there is one, holds what is there no more.
                _forget(self, link)
                # A row whose parent's row is new is new as well.
                force |= inserted[parent]
            return bool(self._write(options, alias, force, force_update and options is meta, names))

        return write(meta, force_insert)

    def _write(
        self: Any,
        meta: Any,
        alias: str,
        force_insert: bool,
        force_update: bool,
        names: frozenset[str] | None,
        raw: bool = False,
    ) -> bool:
        """Send the row of one table; whether it was inserted."""
        key = meta.pk
        value = getattr(self, key.attname if key.column is not None else key.key_attname)
        if value is None and key.column is not None:
            value = key.get_default() if key.has_default() else None
            if value is not None:
                setattr(self, key.attname, value)
        unset = value is None or isinstance(value, DatabaseDefault)
        if unset and (force_update or names is not None):
            raise ValueError("Cannot force an update in save() with no primary key.")
        if not unset and not force_insert:
            fresh = self._adding and not raw and (key.has_default() or key.has_db_default())
            if not fresh or force_update or names is not None:
                fields = writable(meta, names)
                if self._update(meta, fields, alias, names, raw):
                    return False
                if force_update or names is not None:
                    raise self.NotUpdated(
                        "Save with update_fields did not affect any rows."
                        if names is not None
                        else "Forced update did not affect any rows."
                    )
        if meta.order_with_respect_to is not None and not raw:
            take_places(meta, [self], alias, keep=False)
        writing.insert(self, meta, insertable(self, meta, unset and key.column is not None), alias, raw)
        return True

    def _update(
        self: Any, meta: Any, fields: tuple[Any, ...], alias: str, names: frozenset[str] | None, raw: bool
    ) -> bool:
        """Update the row; whether there is one."""
        if names is not None and not fields:
            # None of the names is a column of this table.
            return True
        if fields and not meta.select_on_save:
            return writing.update(self, meta, fields, alias, raw)
        rows = (self.__class__ if meta is self._meta else meta.model)._base_manager.using(alias)
        exists: bool = rows.filter(pk=getattr(self, meta.pk.attname)).exists()
        if fields and exists:
            return writing.update(self, meta, fields, alias, raw)
        return exists

    def delete(self: Any, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete the row and what depends on it; how many rows in all, and of each model."""
        if not self._is_pk_set():
            raise ValueError(
                f"{self._meta.object_name} object can't be deleted because its {self._meta.pk.attname} attribute is "
                "set to None."
            )
        alias = using or router.db_for_write(self.__class__, instance=self)
        return cascade.delete_instances(self.__class__, [self], alias, keep_parents=keep_parents)

    async def adelete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """As `delete`, which it calls."""
        return await bridge.run(self.delete, using=using, keep_parents=keep_parents)

    def refresh_from_db(
        self: Any, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        """Load the values of this instance's columns again.

        fields:         names to load; all that were loaded before when None.
        from_queryset:  where to load from, instead of the base manager.
        """
        meta = self._meta
        names = None if fields is None else list(fields)
        if names is not None:
            names = self._forget_prefetched(names)
            if not names:
                return
        source = self.__class__._base_manager.get_queryset() if from_queryset is None else from_queryset
        alias = using or self._state.db
        if alias is not None and from_queryset is None:
            source = source.using(alias)
        deferred = self.get_deferred_fields()
        source = source.filter(pk=self.pk)
        if names is not None:
            source = source.only(*names)
        elif deferred:
            source = source.only(*(f.attname for f in meta.concrete_fields if f.attname not in deferred))
        loaded = source.get()
        missing = loaded.get_deferred_fields()
        wanted = None if names is None else set(names)
        for field in meta.concrete_fields:
            name = field.attname
            if name in missing or (wanted is not None and not {field.name, name} & wanted and field in meta.pk_fields):
                continue
            setattr(self, name, getattr(loaded, name))
            if field.is_relation:
                _forget(self, field)
                if loaded.__dict__.get(field.cache_name) is not None:
                    setattr(self, field.cache_name, getattr(loaded, field.cache_name))
        for relation in meta.row_relations:
            if wanted is None or relation.name in wanted:
                _forget(self, relation)
        if names is None:
            for rel in meta.related_objects:
                if rel.one_to_one:
                    self.__dict__.pop(rel.cache_name, None)
            self._prefetched = None
        self._database = loaded._database

    async def arefresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        """As `refresh_from_db`, which it calls."""
        await bridge.run(self.refresh_from_db, using=using, fields=fields, from_queryset=from_queryset)

    def _forget_prefetched(self: Any, names: list[str]) -> list[str]:
        """The names that are columns; prefetched relations among the others are forgotten."""
        columns = []
        for name in names:
            if "__" in name:
                raise ValueError(
                    f"Found '__' in fields argument. Relations and transforms are not allowed in fields: {name!r}."
                )
            if self._prefetched is not None and name in self._prefetched:
                del self._prefetched[name]
                continue
            if name in {f.name for f in self._meta.many_to_many} or name in self._relations_to_many():
                continue
            columns.append(name)
        return columns

    def _relations_to_many(self: Any) -> set[str]:
        return {rel.get_accessor_name() for rel in self._meta.related_objects if rel.multiple}

    def _get_next_or_previous_by_FIELD(self: Any, field: Any, is_next: bool, **conditions: Any) -> Any:
        """The instance next to this one by a date field; rows of the same date come in key order."""
        if not self._is_pk_set():
            raise ValueError("get_next/get_previous cannot be used on unsaved objects.")
        operator, order = ("gt", "") if is_next else ("lt", "-")
        value = getattr(self, field.attname)
        rows = self.__class__._default_manager.using(self._state.db).filter(**conditions)
        same = rows.filter(**{field.name: value, f"pk__{operator}": self.pk})
        found = same.order_by(f"{order}pk").first()
        if found is None:
            later = rows.filter(**{f"{field.name}__{operator}": value})
            found = later.order_by(f"{order}{field.name}", f"{order}pk").first()
        if found is None:
            raise self.DoesNotExist(f"{self._meta.object_name} matching query does not exist.")
        return found


def _forget(instance: Any, field: Any) -> None:
    if field.cache_name in instance.__dict__:
        delattr(instance, field.cache_name)


def _check_update_fields(meta: Any, names: frozenset[str]) -> None:
    known = {name for f in meta.concrete_fields if f not in meta.key_fields for name in (f.name, f.attname)}
    known |= {f.name for f in meta.fields if f.forward and f.column is None}
    unknown = sorted(names - known)
    if unknown:
        raise ValueError(
            "The following fields do not exist in this model, are m2m fields, primary keys, or are non-concrete "
            f"fields: {', '.join(unknown)}.{did_you_mean(unknown[0], known)}"
        )


def _inserted_ancestors(cls: Any, force_insert: Any) -> tuple[type, ...]:
    """The ancestors whose rows `force_insert`, a tuple, wants to be inserted; TypeError for what it cannot be."""
    if not isinstance(force_insert, tuple):
        raise TypeError(f"force_insert must be a bool or tuple of parent classes, not {force_insert!r}.")
    for member in force_insert:
        if not (isinstance(member, type) and isinstance(member, type(cls))):
            raise TypeError(f"Invalid force_insert member. {member!r} must be a model subclass.")
        if not issubclass(cls, member):
            raise TypeError(
                f"Invalid force_insert member. {member.__qualname__} must be a base of {cls.__qualname__}."
            )
    return tuple(parent for parent in cls._meta.all_parents if issubclass(parent, force_insert))


def writable(meta: Any, names: frozenset[str] | None) -> tuple[Any, ...]:
    """The fields that an UPDATE sets: all but the key, or those among `names`."""
    if names is None:
        return meta.plain_fields  # type: ignore[no-any-return]
    return tuple(f for f in meta.plain_fields if f.name in names or f.attname in names)


def insertable(instance: Any, meta: Any, unset: bool) -> tuple[Any, ...]:
    """The fields that an INSERT names: not those that the database fills in."""
    fields: tuple[Any, ...] = meta.plain_fields if unset else meta.written_fields
    if meta.has_db_defaults:
        return tuple(f for f in fields if not isinstance(getattr(instance, f.attname), DatabaseDefault))
    return fields
