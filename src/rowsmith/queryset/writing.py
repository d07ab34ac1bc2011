"""Writing: the methods of a queryset that create, change and delete rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.db.transactions import Atomic
from rowsmith.exceptions import FieldDoesNotExist, FieldError, IntegrityError, NotSupportedError, did_you_mean
from rowsmith.execution import cascade, writing
from rowsmith.execution.places import take_places
from rowsmith.metadata.ancestry import key_of
from rowsmith.query.combining import uncombined
from rowsmith.query.paths import SEPARATOR
from rowsmith.query.query import Query
from rowsmith.query.writes import update_field
from rowsmith.queryset.generic import M, R
from rowsmith.queryset.reading import Reading
from rowsmith.sql.modify import Conflict


class Writing(Reading[M, R]):
    """What a queryset can do to its rows."""

    __slots__ = ()

    # One row

    def create(self, **kwargs: Any) -> M:
        """Make an instance and insert its row."""
        instance = self.model(**kwargs)
        instance.save(force_insert=True, using=self._db_for_write)
        return instance  # type: ignore[no-any-return]

    def _extracted(self, kwargs: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
        """What a new row is created with: the conditions that name fields, and the defaults."""
        params = {name: value for name, value in kwargs.items() if SEPARATOR not in name}
        params.update(defaults)
        self._check_fields(params)
        return params

    def _check_fields(self, names: Iterable[Any]) -> None:
        """Raise FieldError for names that a new row cannot be given values for."""
        meta = self.model._meta
        known = {"pk", *meta.fields_map, *meta.property_names}
        unknown = sorted(repr(name) for name in names if name not in known)
        if unknown:
            raise FieldError(
                f"Invalid field name(s) for model {meta.object_name}: {', '.join(unknown)}."
                f"{did_you_mean(unknown[0][1:-1], known)} It has: {', '.join(sorted(known))}."
            )

    def get_or_create(self, defaults: Mapping[str, Any] | None = None, **kwargs: Any) -> tuple[M, bool]:
        """The row that meets the conditions, created with `defaults` when there is none; and whether it was."""
        if defaults:
            self._check_fields(defaults)
        # What may have to be written is looked for where it would be.
        rows = self.using(self._db_for_write)
        try:
            return rows.get(**kwargs), False  # type: ignore[return-value]  # rows are instances here
        except self.model.DoesNotExist:
            pass
        params = self._extracted(kwargs, defaults or {})
        try:
            with Atomic(rows.db, savepoint=True, durable=False):
                return rows.create(**_called(params)), True
        except IntegrityError:
            try:
                return rows.get(**kwargs), False  # type: ignore[return-value]  # rows are instances here
            except self.model.DoesNotExist:
                pass
            raise

    def update_or_create(
        self,
        defaults: Mapping[str, Any] | None = None,
        create_defaults: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> tuple[M, bool]:
        """The row that meets the conditions with `defaults` set, or made with `create_defaults`; and whether it was."""
        update_defaults = defaults or {}
        creating = update_defaults if create_defaults is None else create_defaults
        self._extracted(kwargs, creating)
        alias = self._db_for_write
        with Atomic(alias, savepoint=False, durable=False):
            instance, created = self.using(alias).select_for_update().get_or_create(creating, **kwargs)
            if created:
                return instance, created
            self._extracted({}, update_defaults)
            for name, value in _called(update_defaults).items():
                setattr(instance, name, value)
            instance.save(using=alias, **self._update_fields(update_defaults))  # type: ignore[attr-defined]
        return instance, False

    def _update_fields(self, defaults: Mapping[str, Any]) -> dict[str, Any]:
        """Limit the save of update_or_create() to what changed, when only concrete fields did."""
        meta = self.model._meta
        names = set(defaults)
        concrete = {f.name for f in meta.concrete_fields} | {f.attname for f in meta.concrete_fields}
        keys = {"pk", *(name for f in meta.key_fields for name in (f.name, f.attname))}
        if not names <= concrete - keys or not names:
            return {} if names else {"update_fields": ()}
        names |= {f.name for f in meta.concrete_fields if getattr(f, "auto_now", False)}
        return {"update_fields": names}

    # Many rows

    def _instances(self, operation: str, objs: Iterable[Any]) -> list[Any]:
        """The objects as a list, once it is sure that they are instances of this model."""
        instances = list(objs)
        wanted = self.model._meta.concrete_model
        for kind in set(map(type, instances)):
            if not hasattr(kind, "_meta") or kind._meta.concrete_model is not wanted:
                wrong = next(instance for instance in instances if type(instance) is kind)
                raise TypeError(
                    f"{operation}() takes instances of {self.model._meta.object_name}, not {wrong!r}."
                )
        return instances

    def bulk_create(
        self,
        objs: Iterable[Any],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Sequence[str] | None = None,
        unique_fields: Sequence[str] | None = None,
    ) -> list[M]:
        """Insert many instances with few statements; the list, with keys where the database tells them."""
        _check_batch_size(batch_size)
        if self.model._meta.links:
            parents = ", ".join(parent.__name__ for parent, _ in self.model._meta.links)
            raise ValueError(
                f"Can't bulk create {self.model._meta.object_name}, a multi-table inherited model: each row needs the "
                f"key of its row of {parents}. Save the instances one by one, in one transaction."
            )
        conflict = self._conflict(ignore_conflicts, update_conflicts, update_fields, unique_fields)
        instances = self._instances("bulk_create", objs)
        if not instances:
            return instances
        meta = self.model._meta
        for instance in instances:
            if instance._pending:
                instance._take_over_keys()
        alias = self._db_for_write
        if meta.order_with_respect_to is not None:
            take_places(meta, instances, alias, keep=True)
        groups = writing.insertable(meta, instances)
        # Rows that bring their key go first, so that the database does not hand out the same one.
        ordered = sorted(groups.items(), key=lambda item: meta.pk.column is not None and meta.pk not in item[0])
        with Atomic(alias, savepoint=False, durable=False):
            for fields, group in ordered:
                writing.bulk_insert(
                    meta, group, fields, alias, batch_size, conflict, returning=not ignore_conflicts
                )
        keep = alias != DEFAULT_DB_ALIAS
        for instance in instances:
            instance._adding = False
            if keep:
                instance._database = alias
        return instances

    def _conflict(
        self,
        ignore: bool,
        update: bool,
        update_fields: Sequence[str] | None,
        unique_fields: Sequence[str] | None,
    ) -> Conflict | None:
        """What bulk_create() does about rows that are there already."""
        meta = self.model._meta
        if ignore and update:
            raise ValueError("ignore_conflicts and update_conflicts are mutually exclusive.")
        if ignore:
            return Conflict()
        if not update:
            return None
        if not update_fields:
            raise ValueError(
                "Fields that will be updated when a row insertion fails on conflicts must be provided."
            )
        if not unique_fields:
            raise ValueError("Unique fields that can trigger the upsert must be provided.")
        targets = [field for name in unique_fields for field in _columns(meta, name)]
        changed = [field for name in update_fields for field in _columns(meta, name) if not field.generated]
        if any(not f.concrete or f.many_to_many for f in targets):
            raise ValueError("bulk_create() can only be used with concrete fields in unique_fields.")
        if any(not f.concrete or f.many_to_many for f in changed):
            raise ValueError("bulk_create() can only be used with concrete fields in update_fields.")
        if any(f in meta.pk_fields for f in changed):
            raise ValueError("bulk_create() cannot be used with primary keys in update_fields.")
        return Conflict(tuple(f.column for f in targets), tuple(f.column for f in changed))

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        """Write the named fields of many instances with few statements; how many rows matched."""
        _check_batch_size(batch_size)
        names = list(fields)
        if not names:
            raise ValueError("Field names must be given to bulk_update().")
        meta = self.model._meta
        chosen = tuple(field for name in names for field in _columns(meta, name))
        if any(not f.concrete or f.many_to_many for f in chosen):
            raise ValueError("bulk_update() can only be used with concrete fields.")
        if any(f in meta.key_fields for f in chosen):
            raise ValueError("bulk_update() cannot be used with primary key fields.")
        instances = self._instances("bulk_update", objs)
        chosen = tuple(field for field in chosen if not field.generated)
        if any(not instance._is_pk_set() for instance in instances):
            raise ValueError("All bulk_update() objects must have a primary key set.")
        if not instances or not chosen:
            return 0
        for instance in instances:
            if instance._pending:
                instance._take_over_keys()
        alias = self._db_for_write
        matched = [0]
        with Atomic(alias, savepoint=False, durable=False):
            for owner, fields in _by_table(meta, chosen).items():
                matched.append(writing.bulk_update(owner._meta, instances, fields, alias, batch_size))
        return max(matched)

    def update(self, **changes: Any) -> int:
        """Set fields of all rows with one statement; how many rows matched."""
        query = self._shape.query
        uncombined(query, "update")
        _check_changeable(query, "update")
        if query.sliced:
            raise TypeError("Cannot update a query once a slice has been taken.")
        if query.distinct_on:
            raise TypeError("Cannot call update() after .distinct(*fields).")
        self._result_cache = None
        if not changes:
            return 0
        for name in changes:
            if SEPARATOR in name and name not in self.model._meta.fields_map:
                raise FieldDoesNotExist(
                    f"{self.model._meta.object_name} has no field named {name!r}; "
                    "update() sets fields of the model itself."
                )
        meta = self.model._meta
        if meta.generated_names:
            # The database computes them, whatever is said.
            changes = {name: value for name, value in changes.items() if name not in meta.generated_names}
            if not changes:
                return 0
        if meta.links:
            fields = {name: update_field(meta, name) for name in changes}
            if any(field.model is not meta.concrete_model for field in fields.values()):
                return self._update_tables(fields, changes)
        return writing.update_query(self._shape, self._values, changes, self._db_for_write)

    def _update_tables(self, fields: Mapping[str, Any], changes: Mapping[str, Any]) -> int:
        """Set fields of which some are inherited: one statement for each table."""
        meta, alias = self.model._meta, self._db_for_write
        tables = {
            owner: {name: value for name, value in changes.items() if fields[name] in chosen}
            for owner, chosen in _by_table(meta, tuple(fields.values())).items()
        }
        rows = self.order_by().select_related(None)
        if len(tables) == 1:
            [(ancestor, its)] = tables.items()
            keys = rows.values_list(*meta.tables[ancestor])
            return int(ancestor._base_manager.using(alias).filter(pk__in=keys).update(**its))
        # What one statement sets may decide which rows the next one finds, so these are told by their keys.
        found: dict[Any, list[Any]] = {}
        with Atomic(alias, savepoint=False, durable=False):
            names = dict.fromkeys(name for table in (meta.concrete_model, *tables) for name in meta.tables[table])
            for row in rows.using(alias).values(*names):
                for table in {meta.concrete_model: None, **tables}:
                    found.setdefault(table, []).append(key_of([row[name] for name in meta.tables[table]]))
            for table, its in tables.items() if found else ():
                part = self if table is meta.concrete_model else table._base_manager.using(alias)
                part.filter(pk__in=found[table]).update(**its)
        return len(set(found.get(meta.concrete_model, ())))

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete all rows and what depends on them; how many rows in all, and of each model."""
        query = self._shape.query
        uncombined(query, "delete")
        _check_changeable(query, "delete")
        if query.sliced:
            raise TypeError("Cannot use 'limit' or 'offset' with delete().")
        if query.distinct_on:
            raise TypeError("Cannot call delete() after .distinct(*fields).")
        if query.chosen is not None:
            raise TypeError("Cannot call delete() after .values() or .values_list()")
        self._result_cache = None
        if query.empty:
            return 0, {}
        alias = self._db_for_write
        return cascade.delete_queryset(self.order_by().select_related(None).using(alias), alias, self)

    delete.queryset_only = True  # type: ignore[attr-defined]

    def _delete_rows(self, alias: str) -> int:
        """DELETE the rows themselves, whatever refers to them."""
        if self._shape.query.empty:
            return 0
        return writing.delete_query(self._shape, self._values, alias)

    @property
    def _own_table_only(self) -> bool:
        """Whether the condition looks at no other table."""
        query = self._shape.query
        return len(query.joins) == 1 and not query.annotations and not query.looks_elsewhere


def _check_changeable(query: Query, action: str) -> None:
    if not query.of_table:
        raise NotSupportedError(
            f"Cannot {action} rows of the common table {query.joins[0].table!r}, which are results of a query. "
            f"Write Model.objects.filter(pk__in=<its keys>).{action}(...)."
        )


def _by_table(meta: Any, fields: tuple[Any, ...]) -> dict[Any, tuple[Any, ...]]:
    """Fields by the model in whose table they are, the model's own first."""
    if not meta.links:
        return {meta.concrete_model: fields}
    owners = sorted({field.model for field in fields}, key=meta.model.__mro__.index)
    return {owner: tuple(field for field in fields if field.model is owner) for owner in owners}


def _called(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value() if callable(value) else value for name, value in values.items()}


def _check_batch_size(size: Any) -> None:
    if size is not None and not isinstance(size, int):
        raise TypeError(f"The batch size must be a whole number, not {size!r}.")
    if size is not None and size <= 0:
        raise ValueError("Batch size must be a positive integer.")


def _columns(meta: Any, name: str) -> tuple[Any, ...]:
    """The field of that name; of a key or a relation of several columns, the fields that hold it."""
    field = meta.pk if name == "pk" else meta.get_field(name)
    members: tuple[Any, ...] | None = getattr(field, "members", None)
    return (field,) if members is None else members
