"""Relation fields to one row: foreign keys and one-to-one fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, overload

from rowsmith.exceptions import FieldDoesNotExist, FieldError, ValidationError
from rowsmith.expressions.attributes import Relation
from rowsmith.fields.base import Field, G, S
from rowsmith.fields.composite import FieldGroup, KeyPart, ReferringColumn, RelationKey
from rowsmith.fields.on_delete import OnDelete
from rowsmith.fields.relation import ForeignObjectRel, ManyToOneRel, OneToOneRel, Step
from rowsmith.sql import types

RECURSIVE = "self"

M = TypeVar("M")


class RelatedField(Field[S, G]):
    """A field that refers to a model; the model may be named before it exists."""

    one_to_many = False
    one_to_one = False
    many_to_many = False
    many_to_one = False

    @property
    def related_model(self) -> Any:
        """The model referred to; FieldError while nobody has defined it."""
        target = self.remote_field.model
        if isinstance(target, str):
            here = f"{self.model._meta.label}.{self.name}" if "model" in self.__dict__ else "This relation"
            raise FieldError(
                f"{here} refers to {target!r}, which is not defined. Define that model, import the module that does, "
                "or correct the name."
            )
        return target

    @property
    def is_resolved(self) -> bool:
        return not isinstance(self.remote_field.model, str)

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        meta = cls._meta
        if meta.abstract:
            return
        rel = self.remote_field
        names = {"class": cls.__name__.lower(), "model_name": meta.model_name, "app_label": meta.app_label}
        related_name = rel.related_name or meta.default_related_name
        if related_name:
            rel.related_name = related_name % names
        if rel.related_query_name:
            rel.related_query_name = rel.related_query_name % names
        cls._when_defined(rel.model, self._resolve)

    def _resolve(self, target: Any) -> None:
        """Called with the target model as soon as both ends are defined, and again when it is redefined."""
        self.remote_field.model = target
        self.model._meta.expire()
        target._meta.add_reverse(self.remote_field)
        self.model._install_reverse(self)

    def related_query_name(self) -> str:
        rel = self.remote_field
        return str(rel.related_query_name or rel.related_name or self.model._meta.model_name)

    @cached_property
    def cache_name(self) -> str:
        """The attribute of an instance that holds the related one."""
        return f"_cached_{self.name}"

    def get_cache_name(self) -> str:
        return self.cache_name

    def get_limit_choices_to(self) -> Any:
        limit = self.remote_field.limit_choices_to
        return limit() if callable(limit) else limit

    def is_cached(self, instance: Any) -> bool:
        return self.cache_name in instance.__dict__

    def _deconstruct_relation(self, keywords: dict[str, Any]) -> None:
        rel = self.remote_field
        target = rel.model
        keywords["to"] = target.lower() if isinstance(target, str) else target._meta.label_lower
        if not getattr(self, "swappable", True):
            keywords["swappable"] = False
        for option in ("related_name", "related_query_name"):
            if getattr(rel, option) is not None:
                keywords[option] = getattr(rel, option)
        if rel.limit_choices_to:
            keywords["limit_choices_to"] = rel.limit_choices_to


class ForeignObject(RelatedField[S, G]):
    """A join over columns that other fields hold: no column, constraint or index of its own."""

    many_to_one = True
    forward = True
    rel_class: ClassVar[type[ForeignObjectRel]] = ForeignObjectRel

    def __init__(
        self,
        to: Any,
        on_delete: OnDelete,
        from_fields: Any,
        to_fields: Any,
        rel: Any = None,
        related_name: str | None = None,
        related_query_name: str | None = None,
        limit_choices_to: Any = None,
        parent_link: bool = False,
        swappable: bool = True,
        **options: Any,
    ) -> None:
        to = checked_target(type(self).__name__, to)
        if rel is None:
            rel = self.rel_class(
                self,
                to,
                related_name=related_name,
                related_query_name=related_query_name,
                limit_choices_to=limit_choices_to,
                parent_link=parent_link,
                on_delete=on_delete,
            )
        super().__init__(rel=rel, **options)
        self.from_fields = from_fields
        self.to_fields = to_fields
        self.swappable = swappable

    def get_attname(self) -> str:
        # A name that no keyword can be mistaken for: the columns have names of their own.
        return f"{self.name}+"

    def get_attname_column(self) -> tuple[str, str | None]:
        return self.get_attname(), None

    def _resolve(self, target: Any) -> None:
        super()._resolve(target)
        target._when_finished(self._settle)

    def _settle(self) -> None:
        """Called once both models have all their fields."""
        if self.column is None:
            self.local_key.install()
            self.model._when_finished(self._install_target)

    def _install_target(self) -> None:
        try:
            target = self.target_field
        except FieldDoesNotExist:
            # A check tells of it.
            return
        if isinstance(target, FieldGroup):
            target.install()

    @cached_property
    def local_key(self) -> RelationKey:
        """The columns here, as one value."""
        return RelationKey(self)

    @property
    def members(self) -> tuple[Any, ...]:
        return self.local_related_fields if self.column is None else (self,)

    @cached_property
    def target_field(self) -> Any:
        """What the columns here refer to: a field of the related model, its key, or several of its columns."""
        there = self.foreign_related_fields
        key = self.related_model._meta.pk
        if tuple(key.members) == there:
            return key
        return there[0] if len(there) == 1 else FieldGroup(there)

    @cached_property
    def sql_type(self) -> types.Type:
        return types.Unknown()

    def get_prep_value(self, value: Any) -> Any:
        return self.target_field.get_prep_value(value)

    def to_python(self, value: Any) -> Any:
        return self.target_field.to_python(value)

    @cached_property
    def related_fields(self) -> tuple[tuple[Any, Any], ...]:
        """The pairs of equal fields: (field here, field of the related model)."""
        here, there = self.model._meta, self.related_model._meta
        pairs = []
        for source, target in zip(self.from_fields, self.to_fields, strict=True):
            pairs.append(
                (
                    self if source == RECURSIVE else here.get_field(source),
                    there.pk if target is None else there.get_field(target),
                )
            )
        return tuple(pairs)

    @property
    def local_related_fields(self) -> tuple[Any, ...]:
        return tuple(here for here, _ in self.related_fields)

    @property
    def foreign_related_fields(self) -> tuple[Any, ...]:
        return tuple(there for _, there in self.related_fields)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The join from this model to the related one."""
        nullable = self.null or any(field.null for field in self.local_related_fields)
        pairs = self.related_fields
        return (
            Step(self.related_model, pairs, False, nullable, self, self._stands_for_parts, self._stands_for_key),
        )

    # Nobody makes sure that there is a row of this key.
    _stands_for_parts: bool = True
    _stands_for_key: bool = False

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        keywords["on_delete"] = self.remote_field.on_delete
        keywords["from_fields"] = self.from_fields
        keywords["to_fields"] = self.to_fields
        if self.remote_field.parent_link:
            keywords["parent_link"] = True
        self._deconstruct_relation(keywords)
        return name, path, args, keywords


class ForeignKey(ReferringColumn[S, G], ForeignObject[S, G]):
    """Many rows here to one there: a column `<name>_id` that holds the other row's key."""

    rel_class = ManyToOneRel
    empty_strings_allowed = False
    default_error_messages = {
        "invalid": "There is no %(model)s whose %(field)s is %(value)r.",
    }
    description = "Foreign Key (type determined by related field)"
    db_constraint: bool
    shared_fields: tuple[str | None, ...] | None

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: Any) -> Relation[S, G]: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> G: ...
        def __get__(self, instance: object | None, owner: Any) -> Any: ...
        @overload
        def __init__(
            self: ForeignKey[M, M],
            to: type[M],
            on_delete: OnDelete,
            *args: Any,
            null: Literal[False] = ...,
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(
            self: ForeignKey[M | None, M | None],
            to: type[M],
            on_delete: OnDelete,
            *args: Any,
            null: Literal[True],
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(self: ForeignKey[Any, Any], to: str, on_delete: OnDelete, *args: Any, **options: Any) -> None: ...
        @overload
        def __init__(self, to: Any, on_delete: OnDelete, *args: Any, **options: Any) -> None: ...
        def __init__(self, to: Any, on_delete: OnDelete, *args: Any, **options: Any) -> None: ...

    else:

        def __init__(
            self,
            to: Any,
            on_delete: OnDelete,
            related_name: str | None = None,
            related_query_name: str | None = None,
            limit_choices_to: Any = None,
            parent_link: bool = False,
            to_field: str | None = None,
            db_constraint: bool = True,
            from_fields: Sequence[str | None] | None = None,
            **options: Any,
        ) -> None:
            if not isinstance(on_delete, OnDelete):
                raise TypeError(
                    f"on_delete must be one of CASCADE, PROTECT, RESTRICT, SET_NULL, SET_DEFAULT, SET(...), "
                    f"DO_NOTHING, DB_CASCADE, DB_SET_NULL and DB_SET_DEFAULT, not {on_delete!r}."
                )
            to = checked_target(type(self).__name__, to)
            rel = self.rel_class(
                self,
                to,
                field_name=to_field,
                related_name=related_name,
                related_query_name=related_query_name,
                limit_choices_to=limit_choices_to,
                parent_link=parent_link,
                on_delete=on_delete,
            )
            options.setdefault("db_index", True)
            super().__init__(to, on_delete, from_fields=[RECURSIVE], to_fields=[to_field], rel=rel, **options)
            self.db_constraint = db_constraint
            self.shared_fields = None if from_fields is None else tuple(from_fields)

    def get_attname(self) -> str:
        return f"{self.name}_id"

    def _settle(self) -> None:
        """Take a column for each member of the other model's key, where that key consists of several."""
        if self.column is None:
            self._give_columns_back()
        members = () if self.remote_field.field_name is not None else self.related_model._meta.pk.members
        label = f"{self.model._meta.label}.{self.name}"
        if len(members) < 2:
            if self.shared_fields is not None:
                raise ValueError(
                    f"{label} has from_fields, but the key that it refers to is a single column; "
                    "leave from_fields out, and name the column by db_column."
                )
            return
        if self.db_column is not None:
            raise ValueError(f"{label} has several columns, so db_column cannot name it; from_fields can name fields.")
        names = self.shared_fields or (None,) * len(members)
        if len(names) != len(members):
            raise ValueError(
                f"{label} refers to a key of {len(members)} columns, so from_fields must have {len(members)} items: "
                "the name of a field that holds the value, or None for a column of the relation's own."
            )
        self._forget_columns()
        self.column, self.concrete = None, False
        self.to_fields = [member.name for member in members]
        self.from_fields = [
            name if name is not None else f"{self.name}_{member.attname}"
            for name, member in zip(names, members, strict=True)
        ]
        for place, member in enumerate(members):
            if names[place] is None:
                self._own_column(self.from_fields[place], member, place)
        self.model._meta.expire()
        # A key of which this relation is a part has other members from now on.
        getattr(self.model._meta.pk, "__dict__", {}).pop("read", None)
        super()._settle()
        self.model._install_field(self)

    @property
    def _stands_for_key(self) -> bool:  # type: ignore[override]
        """Whether the columns here are read in the stead of the key that they name, which they then always hold."""
        # Where one column of several is NULL, the others name no row.
        return len(self.from_fields) == 1 or not any(field.null for field in self.local_related_fields)

    _stands_for_parts = _stands_for_key

    def _own_column(self, name: str, member: Any, place: int) -> None:
        KeyPart(self, member, place).contribute_to_class(self.model, name)

    def _give_columns_back(self) -> None:
        """Be a field of one column again: the other model was defined anew, perhaps with another key."""
        local = self.model._meta.local_fields
        local[:] = [field for field in local if not (isinstance(field, KeyPart) and field.relation is self)]
        self.__dict__.pop("local_key", None)
        self._forget_columns()
        self.from_fields, self.to_fields = [RECURSIVE], [self.remote_field.field_name]
        self.column, self.concrete = self.get_attname_column()[1], True
        if self.attname in self.model.__dict__:
            delattr(self.model, self.attname)
        self.model._meta.expire()
        self.model._install_field(self)

    def _forget_columns(self) -> None:
        for name in ("related_fields", "steps", "sql_type", "target_field"):
            self.__dict__.pop(name, None)
            self.remote_field.__dict__.pop(name, None)

    def get_attname_column(self) -> tuple[str, str | None]:
        attname = self.get_attname()
        return attname, self.db_column or attname

    @property
    def target_field(self) -> Any:
        """The field of the related model whose values this column holds; its key where there are several."""
        pairs = self.related_fields
        return pairs[0][1] if len(pairs) == 1 else self.related_model._meta.pk

    def db_type(self, connection: Any) -> str | None:
        return self.target_field.rel_db_type(connection)  # type: ignore[no-any-return]

    def get_default(self) -> Any:
        """The default key; the key of the instance when the default is one."""
        default = super().get_default()
        target = self.remote_field.model
        if not isinstance(target, str) and isinstance(default, target):
            return getattr(default, self.target_field.key_attname)
        return default

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if value is None or (value == "" and self.target_field.empty_strings_allowed is False):
            return None
        return self.target_field.get_db_prep_save(value, connection)

    def validate(self, value: Any, model_instance: Any) -> None:
        if self.remote_field.parent_link:
            return
        super().validate(value, model_instance)
        if value is None:
            return
        manager = self.related_model._base_manager
        alias = model_instance._state.db if model_instance is not None else None
        rows = manager.using(alias) if alias else manager.all()
        rows = rows.filter(**{self.target_field.name: value})
        limit = self.get_limit_choices_to()
        if limit:
            rows = rows.filter(**limit) if isinstance(limit, Mapping) else rows.filter(limit)
        if not rows.exists():
            params = {
                "model": self.related_model._meta.verbose_name,
                "pk": value,
                "field": self.target_field.name,
                "value": value,
            }
            raise ValidationError(self.error_messages["invalid"], code="invalid", params=params)

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        del keywords["from_fields"], keywords["to_fields"]
        if keywords.pop("db_index", False) is False:
            keywords["db_index"] = False
        if not self.db_constraint:
            keywords["db_constraint"] = False
        if self.shared_fields is not None:
            keywords["from_fields"] = self.shared_fields
        if self.remote_field.field_name is not None:
            keywords["to_field"] = self.remote_field.field_name
        return name, path, args, keywords


class OneToOneField(ForeignKey[S, G]):
    """A foreign key that is unique, with a single instance at the other end."""

    many_to_one = False
    one_to_one = True
    rel_class = OneToOneRel
    description = "One-to-one relationship"

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: OneToOneField[M, M],
            to: type[M],
            on_delete: OnDelete,
            *args: Any,
            null: Literal[False] = ...,
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(
            self: OneToOneField[M | None, M | None],
            to: type[M],
            on_delete: OnDelete,
            *args: Any,
            null: Literal[True],
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(
            self: OneToOneField[Any, Any], to: str, on_delete: OnDelete, *args: Any, **options: Any
        ) -> None: ...
        @overload
        def __init__(self, to: Any, on_delete: OnDelete, *args: Any, **options: Any) -> None: ...
        def __init__(self, to: Any, on_delete: OnDelete, *args: Any, **options: Any) -> None: ...

    else:

        def __init__(self, to: Any, on_delete: OnDelete, to_field: str | None = None, **options: Any) -> None:
            options["unique"] = True
            super().__init__(to, on_delete, to_field=to_field, **options)

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        keywords.pop("unique", None)
        return name, path, args, keywords


def checked_target(kind: str, to: Any) -> Any:
    """`to`, when it is a model or reads as the name of one; else TypeError."""
    if isinstance(to, str):
        if to == RECURSIVE or (to and to.count(".") <= 1):
            return to
    elif isinstance(to, type) and hasattr(to, "_meta"):
        return to
    raise TypeError(f"{kind}({to!r}) must name a model: a class, 'self', 'Model' or 'app.Model'.")
