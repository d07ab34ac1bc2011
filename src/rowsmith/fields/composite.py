"""Composite: several columns that are one key, and the attributes through which instances show them as a tuple."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any

from rowsmith.fields.base import Field, G, S
from rowsmith.fields.defaults import NOT_PROVIDED, DatabaseDefault
from rowsmith.fields.numbers import referring_type
from rowsmith.sql import types


class Composite:
    """What keys of several columns have in common.

    members:  the concrete fields, in the order of the key's values.
    """

    name: Any
    members: tuple[Any, ...]

    def checked(self, value: Any) -> Sequence[Any]:
        """`value`, when it is as many values as the key has; else ValueError."""
        if not isinstance(value, list | tuple):
            raise ValueError(f"{self._described} must be a tuple or a list of {len(self.members)}, not {value!r}.")
        if len(value) != len(self.members):
            raise ValueError(f"{self._described} must have {len(self.members)} elements, not {len(value)}: {value!r}.")
        return value

    @property
    def _described(self) -> str:
        names = ", ".join(member.name for member in self.members)
        return f"The value of {self.name!r}, which consists of {names},"

    def get_prep_value(self, value: Any) -> Any:
        if value is None:
            return None
        parts = zip(self.members, self.checked(value), strict=True)
        return tuple([None if part is None else prepared_part(member, part) for member, part in parts])

    def to_python(self, value: Any) -> Any:
        if value is None:
            return None
        parts = zip(self.members, self.checked(value), strict=True)
        return tuple([member.to_python(part) for member, part in parts])

    @cached_property
    def read(self) -> Callable[[Any], tuple[Any, ...]]:
        """The values that an instance holds, whatever they are."""
        names = [member.attname for member in self.members]
        if len(names) == 1:
            [name] = names
            return lambda instance: (getattr(instance, name),)
        return attrgetter(*names)

    def store(self, instance: Any, value: Any) -> None:
        """Set the values of an instance; None for all of them when `value` is None."""
        values = (None,) * len(self.members) if value is None else self.checked(value)
        for member, part in zip(self.members, values, strict=True):
            setattr(instance, member.attname, part)


def prepared_part(member: Any, value: Any) -> Any:
    """One value of a key; an instance stands for its own key where a member is a relation."""
    if hasattr(value, "_meta") and member.is_relation:
        value = getattr(value, member.target_field.attname)
    return member.get_prep_value(value)


def is_whole(values: Sequence[Any]) -> bool:
    """Whether every value of a key is known."""
    return not any(value is None or isinstance(value, DatabaseDefault) for value in values)


class _Whole(property):
    """A key of several columns as one attribute: a tuple, or None while any of its values is missing."""

    def __init__(self, key: Composite) -> None:
        def get(instance: Any) -> Any:
            values = key.read(instance)
            return values if is_whole(values) else None

        super().__init__(get, key.store)


class FieldGroup(Composite):
    """Columns of a model that relations refer to together, without being its key.

    It has a name that no keyword can be mistaken for, and an attribute of that name on the model.
    """

    concrete = False
    column = None
    is_relation = False
    forward = False
    many_to_many = False
    generated = False
    primary_key = False
    null = False
    unique = False
    integer_range = None
    sql_type = types.Unknown()

    def __init__(self, members: Sequence[Any]) -> None:
        self.members = tuple(members)
        self.model = self.members[0].model
        self.name = self.attname = self.key_attname = "".join(f"{member.attname}+" for member in self.members)

    def install(self) -> None:
        """Give the model the attribute, and queries the name."""
        self.model._meta.groups.setdefault(self.name, self)
        self.model._meta.expire()
        setattr(self.model, self.attname, _Whole(self))


class _PrimaryKey(property):
    """`obj.pk` of a model whose key consists of several columns, and of models that inherit from it."""

    def __init__(self) -> None:
        super().__init__(_key_of, _store_key)


def _key_of(instance: Any) -> Any:
    key = instance._meta.pk
    return key.read(instance) if isinstance(key, Composite) else getattr(instance, key.attname)


def _store_key(instance: Any, value: Any) -> None:
    key = instance._meta.pk
    if isinstance(key, Composite):
        key.store(instance, value)
    else:
        setattr(instance, key.attname, value)


class CompositePrimaryKey(Composite, Field[Any, Any]):
    """A primary key of several columns, which are fields of the model; always called `pk`."""

    key_attname = "pk+"

    def __init__(self, *names: str, **options: Any) -> None:
        if len(names) < 2:
            raise ValueError("CompositePrimaryKey must name at least two fields; one alone takes primary_key=True.")
        if not all(isinstance(name, str) for name in names):
            raise ValueError(f"CompositePrimaryKey takes names of fields, not {names!r}.")
        if len(set(names)) != len(names):
            raise ValueError(f"CompositePrimaryKey names a field twice: {', '.join(names)}.")
        if options.get("default", NOT_PROVIDED) is not NOT_PROVIDED:
            raise ValueError("CompositePrimaryKey cannot have a default; its fields can have defaults of their own.")
        if options.get("db_default", NOT_PROVIDED) is not NOT_PROVIDED:
            raise ValueError("CompositePrimaryKey cannot have a db_default; its fields can have their own.")
        if options.get("db_column") is not None:
            raise ValueError("CompositePrimaryKey has no column of its own that db_column could name.")
        if not options.setdefault("primary_key", True):
            raise ValueError("CompositePrimaryKey must be the primary key.")
        if not options.setdefault("blank", True):
            raise ValueError("CompositePrimaryKey must be blank, as its fields are filled in one by one.")
        options["editable"] = False
        super().__init__(**options)
        self.field_names = names

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False) -> None:
        if name != "pk":
            raise ValueError(f"CompositePrimaryKey must be named 'pk', not {name!r}.")
        super().contribute_to_class(cls, name, private_only)
        cls.pk = _PrimaryKey()
        setattr(cls, self.key_attname, _Whole(self))

    def get_attname_column(self) -> tuple[str, str | None]:
        return self.get_attname(), None

    @property
    def members(self) -> tuple[Any, ...]:  # type: ignore[override]
        return tuple(self.model._meta.pk_fields)

    @cached_property
    def sql_type(self) -> types.Type:
        return types.Unknown()

    @property
    def _described(self) -> str:
        names = ", ".join(member.name for member in self.members)
        return f"The key of {self.model._meta.object_name}, ({names}),"

    def has_default(self) -> bool:
        return all(member.has_default() or member.has_db_default() for member in self.members)

    def pre_save(self, instance: Any, add: bool) -> Any:
        return self.read(instance)

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, _, keywords = super().deconstruct()
        return name, path, list(self.field_names), keywords


class ReferringColumn(Field[S, G]):
    """A column that holds what a field of another model does."""

    target_field: Any

    @cached_property
    def sql_type(self) -> types.Type:
        return referring_type(self.target_field.sql_type)

    @property
    def prep_types(self) -> frozenset[type]:  # type: ignore[override]
        prep_types: frozenset[type] = self.target_field.prep_types
        return prep_types

    @property
    def integer_range(self) -> Any:  # type: ignore[override]
        return self.target_field.integer_range


class KeyPart(ReferringColumn[Any, Any]):
    """One column of a foreign key of several: it holds what `target`, a member of the other model's key, does."""

    empty_strings_allowed = False

    def __init__(self, relation: Any, target: Any, place: int) -> None:
        super().__init__(null=relation.null, blank=True, editable=False, serialize=False)
        self.relation = relation
        self.target = target
        self.place = place
        # Right behind the relation, so that the columns of a table come in the order of its fields.
        self.creation_counter = relation.creation_counter + (place + 1) / 1000
        self.auto_created = True
        if relation.has_default():
            self.default = self._default

    @property
    def target_field(self) -> Any:
        return self.target

    def _default(self) -> Any:
        value = self.relation.get_default()
        return None if value is None else value[self.place]

    def to_python(self, value: Any) -> Any:
        return self.target_field.to_python(value)

    def get_prep_value(self, value: Any) -> Any:
        return prepared_part(self.target_field, value)


class RelationKey(Composite):
    """The columns of a model by which a relation refers to several columns of another."""

    def __init__(self, relation: Any) -> None:
        self.relation = relation
        self.name = relation.name

    @property
    def members(self) -> tuple[Any, ...]:  # type: ignore[override]
        return tuple(self.relation.local_related_fields)

    @property
    def released(self) -> tuple[Any, ...]:
        """The columns that become NULL when the relation does: its own, or where it has none, those that may."""
        own = tuple(f for f in self.members if isinstance(f, KeyPart) and f.relation is self.relation)
        return own or tuple(f for f in self.members if f.null)

    def store(self, instance: Any, value: Any) -> None:
        if value is not None:
            super().store(instance, value)
            return
        for member in self.released:
            setattr(instance, member.attname, None)

    def install(self) -> None:
        """Give the model the attribute that shows the key."""
        setattr(self.relation.model, self.relation.attname, _Whole(self))
