"""Relations as data: the joins that lead along a relation, and the side of it that declares no field."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from rowsmith.fields.on_delete import OnDelete
from rowsmith.records import Record, replace


class Step(Record):
    """One SQL join on the way along a relation.

    model:     the model joined to.
    pairs:     the concrete fields that are equal: (field on the side we come from, field of `model`).
    multiple:  whether one row may meet several.
    nullable:  whether one row may meet none.
    field:     the field or reverse object that this step belongs to.
    forward:   whether the columns that it comes from stand for those of the row that they name, one by one.
    whole:     whether they do together.
    """

    model: Any
    pairs: tuple[tuple[Any, Any], ...]
    multiple: bool
    nullable: bool
    field: Any
    forward: bool = False
    whole: bool = False


class ForeignObjectRel:
    """The other end of a relation field, which lives on the model that the field refers to.

    field:  the field that declares the relation.
    model:  the model referred to; a name until it is defined.
    """

    auto_created = True
    concrete = False
    editable = False
    is_relation = True
    forward = False
    null = True
    empty_strings_allowed = False
    primary_key = False
    generated = False
    column = None
    choices = None
    prep_types: frozenset[type] = frozenset()

    one_to_many = False
    one_to_one = False
    many_to_one = False
    many_to_many = False
    multiple = True
    symmetrical = False

    def __init__(
        self,
        field: Any,
        to: Any,
        related_name: str | None = None,
        related_query_name: str | None = None,
        limit_choices_to: Any = None,
        parent_link: bool = False,
        on_delete: OnDelete | None = None,
    ) -> None:
        self.field = field
        self.model = to
        self.related_name = related_name
        self.related_query_name = related_query_name
        self.limit_choices_to = {} if limit_choices_to is None else limit_choices_to
        self.parent_link = parent_link
        self.on_delete = on_delete

    def copy_for(self, field: Any) -> Any:
        """A copy that belongs to a copy of the field."""
        twin = object.__new__(type(self))
        twin.__dict__.update(
            {key: value for key, value in self.__dict__.items() if key not in ("name", "steps", "cache_name")}
        )
        twin.field = field
        return twin

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.field.model._meta.label_lower}.{self.field.name}>"

    def __reduce__(self) -> Any:
        return _remote_field, (self.field,)

    @property
    def hidden(self) -> bool:
        """Whether the other model gets neither an accessor nor a query name."""
        return bool(self.related_name) and self.related_name[-1] == "+"  # type: ignore[index]

    @cached_property
    def name(self) -> str:
        """The name that queries use from the other model."""
        return str(self.field.related_query_name())

    @property
    def attname(self) -> str:
        return self.name

    @property
    def remote_field(self) -> Any:
        return self.field

    @property
    def related_model(self) -> Any:
        return self.field.model

    @property
    def target_field(self) -> Any:
        return self.field.target_field if not self.field.many_to_many else self.related_model._meta.pk

    @property
    def sql_type(self) -> Any:
        return self.target_field.sql_type

    @property
    def swappable(self) -> bool:
        return bool(getattr(self.field, "swappable", False))

    def get_internal_type(self) -> str:
        return str(self.field.get_internal_type())

    def db_type(self, connection: Any) -> Any:
        return self.field.db_type(connection)

    def get_prep_value(self, value: Any) -> Any:
        return self.target_field.get_prep_value(value)

    def to_python(self, value: Any) -> Any:
        return self.target_field.to_python(value)

    def get_accessor_name(self, model: Any = None) -> str | None:
        """The attribute of the other model's instances; None where there is none."""
        meta = (model or self.related_model)._meta
        if self.symmetrical and (model or self.related_model) is self.model:
            return None
        if self.related_name:
            return self.related_name
        if meta.default_related_name:
            return str(meta.default_related_name)
        return f"{meta.model_name}_set" if self.multiple else str(meta.model_name)

    @cached_property
    def cache_name(self) -> str:
        """The attribute that holds the related instance, for relations to one."""
        return f"_cached_{self.get_accessor_name()}"

    def get_cache_name(self) -> str:
        return self.cache_name

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The joins from the other model to the model of the field."""
        pairs = tuple((there, here) for here, there in self.field.related_fields)
        return (Step(self.field.model, pairs, multiple=self.multiple, nullable=True, field=self),)


class ManyToOneRel(ForeignObjectRel):
    """The other end of a foreign key: one row there, many here."""

    one_to_many = True

    def __init__(self, field: Any, to: Any, field_name: str | None = None, **options: Any) -> None:
        super().__init__(field, to, **options)
        self.field_name = field_name


class OneToOneRel(ManyToOneRel):
    """The other end of a one-to-one field."""

    one_to_many = False
    one_to_one = True
    multiple = False


class ManyToManyRel(ForeignObjectRel):
    """The other end of a many-to-many field."""

    many_to_many = True

    def __init__(
        self,
        field: Any,
        to: Any,
        symmetrical: bool = True,
        through: Any = None,
        through_fields: tuple[str, str] | None = None,
        db_constraint: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(field, to, **options)
        self.symmetrical = symmetrical
        self.through = through
        self.through_fields = tuple(through_fields) if through_fields is not None else None
        self.db_constraint = db_constraint

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        source, target = self.field.m2m_source_field, self.field.m2m_target_field
        return through_steps(self, self.through, target, source, self.field.model)


def through_steps(relation: Any, through: Any, source: Any, target: Any, model: Any) -> tuple[Step, ...]:
    """The joins over a linking table: from what its foreign key `source` refers to, to the `model` of the other one."""
    here = tuple((there, key) for key, there in source.related_fields)
    return (
        Step(through, here, multiple=True, nullable=True, field=relation),
        replace(target.steps[0], model=model, field=relation),
    )


def _remote_field(field: Any) -> Any:
    return field.remote_field
