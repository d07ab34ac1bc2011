"""Many-to-many fields: rows of both sides linked by the rows of a third table."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, overload

from rowsmith.exceptions import FieldError
from rowsmith.fields.base import G, S
from rowsmith.fields.related import RECURSIVE, RelatedField, checked_target
from rowsmith.fields.relation import ManyToManyRel, Step, through_steps
from rowsmith.sql import types

if TYPE_CHECKING:
    from rowsmith.models.reverse import RelatedManager

M = TypeVar("M")


class ManyToManyField(RelatedField[S, G]):
    """A relation to many rows that are related to many in turn; it has no column.

    through:  the model of the linking table; made automatically unless given.
    """

    many_to_many = True
    multiple = True
    description = "Many-to-many relationship"
    db_table: str | None
    swappable: bool

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: ManyToManyField[RelatedManager[M], RelatedManager[M]], to: type[M], *args: Any, **options: Any
        ) -> None: ...
        @overload
        def __init__(self: ManyToManyField[Any, Any], to: str, *args: Any, **options: Any) -> None: ...
        @overload
        def __init__(self, to: Any, *args: Any, **options: Any) -> None: ...
        def __init__(self, to: Any, *args: Any, **options: Any) -> None: ...
        @overload
        def __get__(self, instance: None, owner: Any) -> Any: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> G: ...
        def __get__(self, instance: object | None, owner: Any) -> Any: ...

    else:

        def __init__(
            self,
            to: Any,
            related_name: str | None = None,
            related_query_name: str | None = None,
            limit_choices_to: Any = None,
            symmetrical: bool | None = None,
            through: Any = None,
            through_fields: tuple[str, str] | None = None,
            db_constraint: bool = True,
            db_table: str | None = None,
            swappable: bool = True,
            **options: Any,
        ) -> None:
            to = checked_target("ManyToManyField", to)
            if through is not None and db_table is not None:
                raise ValueError("Cannot specify a db_table if an intermediary model is used.")
            if through is not None and not db_constraint:
                raise ValueError("Cannot supply db_constraint=False together with an intermediary model.")
            if symmetrical is None:
                symmetrical = to == RECURSIVE
            rel = ManyToManyRel(
                self,
                to,
                related_name=related_name,
                related_query_name=related_query_name,
                limit_choices_to=limit_choices_to,
                symmetrical=symmetrical,
                through=through,
                through_fields=through_fields,
                db_constraint=db_constraint,
            )
            self._given_null = "null" in options
            super().__init__(rel=rel, **options)
            self.db_table = db_table
            self.swappable = swappable

    def get_attname_column(self) -> tuple[str, str | None]:
        return self.get_attname(), None

    @cached_property
    def sql_type(self) -> types.Type:
        return types.Unknown()

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False) -> None:
        rel = self.remote_field
        if rel.symmetrical and rel.model in (RECURSIVE, cls._meta.object_name, cls._meta.label):
            # Both directions are the same relation, so the other one gets no name of its own.
            rel.related_name = f"{name}_rel_+"
        elif rel.hidden:
            rel.related_name = f"_{cls._meta.app_label}_{cls.__name__.lower()}_{name}_+"
        super().contribute_to_class(cls, name, private_only)
        if cls._meta.abstract or cls._meta.swapped:
            return
        if rel.through is None:
            cls._create_through(self)
        else:
            cls._when_defined(rel.through, self._resolve_through)

    def _resolve_through(self, through: Any) -> None:
        self.remote_field.through = through
        self.__dict__.pop("steps", None)
        self.remote_field.__dict__.pop("steps", None)
        self.__dict__.pop("m2m_fields", None)

    @property
    def target_field(self) -> Any:
        return self.related_model._meta.pk

    def get_prep_value(self, value: Any) -> Any:
        return self.target_field.get_prep_value(value)

    @cached_property
    def m2m_fields(self) -> tuple[Any, Any]:
        """The two foreign keys of the linking table: (to the model that declares the field, to the related one)."""
        through, names = self.remote_field.through, self.remote_field.through_fields
        if isinstance(through, str):
            raise FieldError(
                f"{self.model._meta.label}.{self.name} goes through {through!r}, which is not defined. Define that "
                "model, import the module that does, or correct the name."
            )
        if names is not None:
            return through._meta.get_field(names[0]), through._meta.get_field(names[1])
        here, there = self.model._meta.concrete_model, self.related_model._meta.concrete_model
        keys = [field for field in through._meta.fields if field.remote_field is not None and field.is_resolved]
        sources = [field for field in keys if field.related_model._meta.concrete_model is here]
        targets = [field for field in keys if field.related_model._meta.concrete_model is there]
        if here is there:
            if len(sources) >= 2:
                return sources[0], sources[1]
        elif sources and targets:
            return sources[0], targets[0]
        raise FieldError(
            f"{through._meta.label}, through which {self.model._meta.label}.{self.name} goes, needs a foreign key to "
            f"{here._meta.label} and one to {there._meta.label}; through_fields=(...) tells which when there are more."
        )

    @property
    def m2m_source_field(self) -> Any:
        return self.m2m_fields[0]

    @property
    def m2m_target_field(self) -> Any:
        return self.m2m_fields[1]

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The joins from this model over the linking table to the related model."""
        source, target = self.m2m_fields
        return through_steps(self, self.remote_field.through, source, target, self.related_model)

    def m2m_db_table(self) -> str:
        return str(self.remote_field.through._meta.db_table)

    def m2m_column_name(self) -> str:
        return str(self.m2m_source_field.column)

    def m2m_reverse_name(self) -> str:
        return str(self.m2m_target_field.column)

    def m2m_field_name(self) -> str:
        return str(self.m2m_source_field.name)

    def m2m_reverse_field_name(self) -> str:
        return str(self.m2m_target_field.name)

    def value_from_object(self, instance: Any) -> Any:
        return [] if instance.pk is None else list(getattr(instance, self.attname).all())

    def save_form_data(self, instance: Any, data: Any) -> None:
        getattr(instance, self.attname).set(data)

    def db_type(self, connection: Any) -> str | None:
        return None

    def db_parameters(self, connection: Any) -> dict[str, Any]:
        return {"type": None, "check": None}

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        rel = self.remote_field
        self._deconstruct_relation(keywords)
        if rel.symmetrical or (keywords.get("related_name") or "").endswith("_+"):
            keywords.pop("related_name", None)
        if self.db_table is not None:
            keywords["db_table"] = self.db_table
        if not rel.db_constraint:
            keywords["db_constraint"] = False
        if rel.through is not None:
            if isinstance(rel.through, str):
                keywords["through"] = rel.through
            elif not rel.through._meta.auto_created:
                keywords["through"] = rel.through._meta.label
        if rel.through_fields is not None:
            keywords["through_fields"] = rel.through_fields
        return name, path, args, keywords
