"""Descriptors: the class attributes through which related instances and managers are reached."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from rowsmith.db.router import router
from rowsmith.exceptions import LazyLoadInAsync, ObjectDoesNotExist, SynchronousOnlyOperation
from rowsmith.execution.fetch_modes import FETCH_ONE
from rowsmith.execution.prefetch import prefetch_related_objects
from rowsmith.expressions.attributes import Relation
from rowsmith.metadata.deferred import load
from rowsmith.models import related


class Missing:
    """The type of `MISSING`, which stands in a relation's cache until something was loaded or assigned."""

    def __repr__(self) -> str:
        return "<not loaded>"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING = Missing()
NO_PENDING: frozenset[str] = frozenset()


class GeneratedColumn:
    """What reading a generated column finds where the instance has no value of it: one that is loaded now.

    It only has `__get__`, so that a value that the instance holds comes first.
    """

    def __init__(self, field: Any) -> None:
        self.field = field

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self.field.attribute
        return load(instance, instance.__class__, self.field.attname)


class ForwardRelation(Relation[Any, Any]):
    """The related instance of a foreign key or one-to-one field; of the class, an expression.

    The instance is kept in the flat attribute `field.cache_name`, which every writer may set directly; reading checks
    it against the present key, because storing the key triggers nothing.
    """

    def __init__(self, field: Any) -> None:
        super().__init__(field.name, field)
        self.cache_name: str = field.cache_name
        self.attname: str = field.attname
        self.leads_to_parent: bool = field.remote_field.parent_link
        # Columns that nothing makes refer to a row: that there is none was found out, and stays.
        self.may_lead_nowhere: bool = not hasattr(field, "db_constraint")

    @cached_property
    def RelatedObjectDoesNotExist(self) -> type[Exception]:
        return missing_error(self.field.related_model, self.field.model, self.field.name)

    @cached_property
    def _key(self) -> str:
        """The attribute of the related instance that our key repeats."""
        return str(self.field.target_field.key_attname)

    def is_cached(self, instance: Any) -> bool:
        return self.cached(instance) is not MISSING

    def cached(self, instance: Any) -> Any:
        """The cached instance or None, or MISSING when nothing valid is cached."""
        related = getattr(instance, self.cache_name)
        if related is MISSING:
            return MISSING
        key = getattr(instance, self.attname)
        if self.cache_name in instance._pending:
            # Assigned while it had no key of its own; it stays until another key is stored.
            return related if key is None else MISSING
        if related is None:
            return None if key is None or self.may_lead_nowhere else MISSING
        there = getattr(related, self._key)
        # A deleted instance has lost its key and is still the one that was meant.
        return related if there == key or (there is None and key is not None) else MISSING

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        related = self.cached(instance)
        if related is MISSING:
            if getattr(instance, self.attname) is not None:
                if self.leads_to_parent and self._holds_parent(instance):
                    self._keep(instance, parent_of(instance, self.field.related_model))
                else:
                    instance._fetch_mode.fetch(self, instance)
                related = self.cached(instance)
            else:
                related = None
        if related is None and not self.field.null:
            raise self.RelatedObjectDoesNotExist(f"{self.field.model.__name__} has no {self.field.name}.")
        return related

    def _holds_parent(self, instance: Any) -> bool:
        """Whether all that the row of the parent holds is loaded, as part of the child."""
        held = instance.__dict__
        options = self.field.related_model._meta
        whole = all(name in held for name in options.columns)
        return whole and bool(getattr(instance, self._key) == getattr(instance, self.attname))

    # What fetch modes ask

    @property
    def label(self) -> str:
        return f"{self.field.model.__name__}.{self.field.name}"

    @property
    def remedy(self) -> str:
        return f".select_related({self.field.name!r})"

    def load_one(self, instance: Any) -> None:
        """Fetch the related instance of one whose key is known, and cache it."""
        field = self.field
        key = getattr(instance, self.attname)
        rows = rows_for(field.related_model, instance)
        try:
            related_instance = rows.get(**{field.target_field.name: key})
        except SynchronousOnlyOperation as error:
            raise blocked(instance, field.name) from error
        self._keep(instance, related_instance)

    def _keep(self, instance: Any, related_instance: Any) -> None:
        setattr(instance, self.cache_name, related_instance)
        if instance._pending:
            instance._pending -= {self.cache_name}
        remote = self.field.remote_field
        if remote.one_to_one and not remote.hidden:
            setattr(related_instance, remote.cache_name, instance)

    def load_all(self, instances: Sequence[Any]) -> None:
        """The same for many instances with one query."""
        try:
            prefetch_related_objects(instances, self.field.name)
        except SynchronousOnlyOperation as error:
            raise blocked(instances[0], self.field.name) from error

    def __set__(self, instance: Any, value: Any) -> None:
        field = self.field
        if value is None:
            previous = getattr(instance, self.cache_name)
            if field.one_to_one and previous is not MISSING and previous is not None:
                setattr(previous, field.remote_field.cache_name, None)
            setattr(instance, self.attname, None)
            setattr(instance, self.cache_name, None)
            if instance._pending:
                instance._pending -= {self.cache_name}
            return
        model = field.related_model
        if not isinstance(value, model._meta.concrete_model):
            raise ValueError(
                f"Cannot assign {value!r}: {instance.__class__.__name__}.{field.name} must be a "
                f"{model.__name__} instance."
            )
        if (instance._database != value._database or router.active) and not router.relate(instance, value):
            raise ValueError(
                f"Cannot assign {value!r}: it is in the database {value._state.db!r}, the "
                f"{instance.__class__.__name__} in {instance._state.db!r}, and no router allows the relation."
            )
        key = getattr(value, self._key)
        setattr(instance, self.attname, key)
        if self.leads_to_parent:
            take_over_keys(instance, field, value)
        setattr(instance, self.cache_name, value)
        if key is None:
            instance._pending |= {self.cache_name}
        elif instance._pending:
            instance._pending -= {self.cache_name}
        if field.one_to_one and not field.remote_field.hidden:
            setattr(value, field.remote_field.cache_name, instance)

    def __reduce__(self) -> Any:
        return getattr, (self.field.model, self.field.name)


class ReverseOneToOne:
    """The single instance whose one-to-one field refers to this one."""

    def __init__(self, rel: Any) -> None:
        self.related = rel
        self.cache_name: str = rel.cache_name

    @cached_property
    def RelatedObjectDoesNotExist(self) -> type[Exception]:
        return missing_error(self.related.related_model, self.related.model, self.related.name)

    def is_cached(self, instance: Any) -> bool:
        return getattr(instance, self.cache_name) is not MISSING

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        found = getattr(instance, self.cache_name)
        if found is MISSING:
            key = getattr(instance, self.related.field.target_field.key_attname)
            if key is None or not instance._is_pk_set():
                found = None
            else:
                instance._fetch_mode.fetch(self, instance)
                found = getattr(instance, self.cache_name)
        if found is None:
            raise self.RelatedObjectDoesNotExist(
                f"{instance.__class__.__name__} has no {self.related.get_accessor_name()}."
            )
        return found

    # What fetch modes ask

    @property
    def label(self) -> str:
        return f"{self.related.model.__name__}.{self.related.get_accessor_name()}"

    @property
    def remedy(self) -> str:
        return f".select_related({self.related.get_accessor_name()!r})"

    def load_one(self, instance: Any) -> None:
        """Fetch the instance that refers to this one, and cache it; None when there is none."""
        field = self.related.field
        key = getattr(instance, field.target_field.key_attname)
        try:
            found = rows_for(self.related.related_model, instance).get(**{field.name: key})
        except self.related.related_model.DoesNotExist:
            found = None
        except SynchronousOnlyOperation as error:
            raise blocked(instance, str(self.related.get_accessor_name())) from error
        else:
            setattr(found, field.cache_name, instance)
        setattr(instance, self.cache_name, found)

    def load_all(self, instances: Sequence[Any]) -> None:
        """The same for many instances with one query."""
        name = str(self.related.get_accessor_name())
        try:
            prefetch_related_objects(instances, name)
        except SynchronousOnlyOperation as error:
            raise blocked(instances[0], name) from error

    def __set__(self, instance: Any, value: Any) -> None:
        field = self.related.field
        if value is None:
            previous = getattr(instance, self.cache_name)
            if previous is not MISSING and previous is not None:
                setattr(instance, self.cache_name, MISSING)
                setattr(previous, field.name, None)
            return
        model = self.related.related_model
        if not isinstance(value, model):
            raise ValueError(
                f"Cannot assign {value!r}: {instance.__class__.__name__}.{self.related.get_accessor_name()} must be a "
                f"{model.__name__} instance."
            )
        setattr(value, field.name, instance)

    def __reduce__(self) -> Any:
        return getattr, (self.related.model, self.related.get_accessor_name())


class ReverseMany:
    """The manager of the instances whose foreign key refers to this one."""

    def __init__(self, rel: Any) -> None:
        self.rel = rel
        self.field = rel.field

    @cached_property
    def related_manager_cls(self) -> Any:
        return related.reverse_manager(self.rel)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        return self.related_manager_cls(instance)

    def __set__(self, instance: Any, value: Any) -> None:
        raise TypeError(
            "Direct assignment to the reverse side of a related set is prohibited. "
            f"Use {self.rel.get_accessor_name()}.set() instead."
        )


class ManyToMany:
    """The manager of the instances linked to this one, from either side."""

    def __init__(self, rel: Any, reverse: bool) -> None:
        self.rel = rel
        self.field = rel.field
        self.reverse = reverse

    @property
    def through(self) -> Any:
        """The model of the linking table."""
        return self.rel.through

    @cached_property
    def related_manager_cls(self) -> Any:
        return related.many_to_many_manager(self.rel, self.reverse)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        return self.related_manager_cls(instance)

    def __set__(self, instance: Any, value: Any) -> None:
        side, name = ("reverse", self.rel.get_accessor_name()) if self.reverse else ("forward", self.field.name)
        raise TypeError(
            f"Direct assignment to the {side} side of a many-to-many set is prohibited. Use {name}.set() instead."
        )


class ManagerDescriptor:
    """Gives each class its own copy of a manager, and instances none."""

    def __init__(self, name: str) -> None:
        self.manager_name = name

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is not None:
            raise AttributeError(f"Manager isn't accessible via {owner.__name__} instances")
        meta = owner._meta
        if meta.abstract:
            raise AttributeError(f"Manager isn't available; {meta.object_name} is abstract")
        if meta.swapped:
            raise AttributeError(f"Manager isn't available; '{meta.label}' has been swapped for '{meta.swapped}'")
        return meta.managers_map[self.manager_name]


def take_over_keys(instance: Any, link: Any, parent: Any) -> None:
    """Give a child the keys of the parent that was assigned to it, and of that one's own ancestors."""
    keys = [field for model in parent._meta.tables for field in model._meta.pk_fields]
    for field in (*keys, *link.foreign_related_fields):
        setattr(instance, field.attname, getattr(parent, field.attname))


def parent_of(instance: Any, model: Any) -> Any:
    """The instance of a parent, made of what a child holds."""
    held = instance.__dict__
    columns = list(model._meta.columns)
    parent = model.from_db(instance._database, columns, [held[name] for name in columns])
    parent._adding = instance._adding
    return parent


def rows_for(model: Any, instance: Any) -> Any:
    """The rows of `model` where a relation of `instance` finds its own, to be loaded as `instance` was."""
    rows = model._base_manager.get_queryset()
    if router.active:
        rows._hints = {"instance": instance}
    else:
        rows._db = instance._state.db
    return rows if instance._fetch_mode is FETCH_ONE else rows.fetch_mode(instance._fetch_mode)


def blocked(instance: Any, name: str) -> LazyLoadInAsync:
    """The error for a relation that would have to be fetched where that blocks an event loop."""
    variable = instance._meta.model_name
    return LazyLoadInAsync(
        f"{variable}.{name} is not loaded, and loading it here would block the event loop. "
        f"Add .select_related({name!r}) to the query, or write: await {variable}.aload({name!r})."
    )


def missing_error(wanted: Any, owner: Any, name: str) -> type[Exception]:
    """The class of errors that tell that `owner`'s relation `name` leads to nothing."""
    base = getattr(wanted, "DoesNotExist", ObjectDoesNotExist)
    return type(
        "RelatedObjectDoesNotExist",
        (base, AttributeError),
        {
            "__module__": owner.__module__,
            "__qualname__": f"{owner.__qualname__}.{name}.RelatedObjectDoesNotExist",
        },
    )
