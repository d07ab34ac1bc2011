"""Arrays: several values of one type in a column, with their lookups."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, overload

from rowsmith.exceptions import ValidationError
from rowsmith.expressions.base import Resolved, Scope
from rowsmith.expressions.transforms import Transform
from rowsmith.fields.base import Field, G, S, is_expression
from rowsmith.lookups import comparison
from rowsmith.metadata.checks import check_field
from rowsmith.metadata.findings import CheckMessage, error
from rowsmith.postgres.common import TypedField
from rowsmith.postgres.messages import about_item
from rowsmith.postgres.operators import OperatorLookup
from rowsmith.postgres.validators import ArrayMaxLengthValidator
from rowsmith.sql import expressions as sql
from rowsmith.sql import predicates as p
from rowsmith.sql import types
from rowsmith.sql.predicates import Predicate

T = TypeVar("T")


class ArrayField(TypedField[S, G]):
    """Values that a column of `base_field` could hold, in order.

    size:  the largest number of values that validation lets pass; the database does not count.
    """

    face = "rowsmith.postgres.fields"
    default_error_messages: ClassVar[dict[str, str]] = {
        "item_invalid": "Item %(nth)s in the array did not validate:",
        "nested_array_mismatch": "Nested arrays must have the same length.",
    }

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: ArrayField[list[T], list[T]],
            base_field: Field[Any, T],
            size: int | None = ...,
            *,
            null: Literal[False] = ...,
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(
            self: ArrayField[list[T] | None, list[T] | None],
            base_field: Field[Any, T],
            size: int | None = ...,
            *,
            null: Literal[True],
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(self, base_field: Field[Any, Any], size: int | None = ..., **options: Any) -> None: ...

    def __init__(self, base_field: Any, size: int | None = None, **options: Any) -> None:
        self.base_field = base_field
        self.size = size
        super().__init__(**options)

    @property
    def description(self) -> str:  # type: ignore[override]
        return f"Array of {self.base_field.description}"

    @cached_property
    def validators(self) -> list[Callable[[Any], Any]]:
        own = [] if self.size is None else [ArrayMaxLengthValidator(self.size)]
        return [*self.default_validators, *own, *self._validators]

    @property
    def sql_type(self) -> types.Type:
        return types.Array(self.base_field.sql_type, self.size)

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        keywords["base_field"] = self.base_field.clone()
        if self.size is not None:
            keywords["size"] = self.size
        return name, path, args, keywords

    def set_attributes_from_name(self, name: str) -> None:
        super().set_attributes_from_name(name)
        self.base_field.set_attributes_from_name(name)

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        field: Any = self
        while (field := getattr(field, "base_field", None)) is not None:
            field.model = cls

    def check(self, **options: Any) -> Iterator[CheckMessage]:
        """The findings about the field of the elements."""
        if self.base_field.is_relation:
            yield error("Base field for array cannot be a related field.", self, "postgres.E002")
            return
        for message in check_field(self.base_field):
            if message.is_serious():
                text = f"Base field for array has errors:\n    {message.msg} ({message.id})"
                yield error(text, self, "postgres.E001")

    # Values -----------------------------------------------------------------------------------------------------------

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, str):
            raise ValueError(f"Field '{self.name}': an array takes a list of values, not the text {value!r}.")
        if not isinstance(value, list | tuple):
            return value
        if type(value) is list and set(map(type, value)) <= self.base_field.prep_types:
            return value
        prepare = self.base_field.get_prep_value
        return [item if item is None or is_expression(item) else prepare(item) for item in value]

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if not isinstance(value, list | tuple):
            return super().get_db_prep_value(value, connection, prepared)
        convert = self.base_field.get_db_prep_value
        return [None if item is None else convert(item, connection, prepared=False) for item in value]

    @property
    def from_db_value(self) -> Any:
        convert = self.base_field.from_db_value  # AttributeError where it has none

        def converted(value: Any, expression: Any, connection: Any) -> Any:
            return None if value is None else [convert(item, expression, connection) for item in value]

        return converted

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            return [None if item is None else self.base_field.to_python(item) for item in json.loads(value)]
        return value

    def value_to_string(self, instance: Any) -> str:
        values = self.value_from_object(instance)
        shown = []
        for value in values or ():
            holder = SimpleNamespace(**{self.base_field.attname: value})
            shown.append(None if value is None else self.base_field.value_to_string(holder))
        return json.dumps(None if values is None else shown)

    # Validation -------------------------------------------------------------------------------------------------------

    def validate(self, value: Any, model_instance: Any) -> None:
        super().validate(value, model_instance)
        self._each(value, lambda item: self.base_field.validate(item, model_instance))
        if isinstance(self.base_field, ArrayField) and len({len(item) for item in value if item is not None}) > 1:
            raise ValidationError(self.error_messages["nested_array_mismatch"], code="nested_array_mismatch")

    def run_validators(self, value: Any) -> None:
        super().run_validators(value)
        self._each(value, self.base_field.run_validators)

    def _each(self, values: Any, judge: Callable[[Any], Any]) -> None:
        for number, value in enumerate(values, 1):
            try:
                judge(value)
            except ValidationError as failed:
                raise about_item(failed, self.error_messages["item_invalid"], "item_invalid", number) from None

    # Names behind it --------------------------------------------------------------------------------------------------

    def get_transform(self, name: str) -> Any:
        """A registered transform; a number is an element, counted from 0, and `0_2` those from 0 to 1."""
        found = super().get_transform(name)
        if found is not None:
            return found
        first, separator, last = name.partition("_")
        if not first.isdecimal() or (separator and not last.isdecimal()):
            return None
        start = int(first)
        return _Elements(self.base_field, start, int(last) if separator else None)


class _Elements:
    """Makes the transform of an element, or of a part of an array."""

    def __init__(self, base_field: Any, start: int, stop: int | None) -> None:
        self.base_field, self.start, self.stop = base_field, start, stop

    def __call__(self, *expressions: Any, **options: Any) -> Transform:
        if self.stop is None:
            return IndexTransform(self.start + 1, self.base_field, *expressions, **options)
        return SliceTransform(self.start + 1, self.stop, *expressions, **options)


def _place(number: int) -> sql.Literal:
    return sql.Literal(number, type=types.Integer())


class IndexTransform(Transform):
    """One element; NULL where there is none."""

    def __init__(self, index: int, base_field: Any, *expressions: Any, **options: Any) -> None:
        super().__init__(*expressions, **options)
        self.index, self.base_field = index, base_field

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (super().fingerprint(values), self.index)

    def resolve(self, scope: Scope) -> Resolved:
        operand = self.lhs.resolve(scope)
        type_ = operand.node.type.of if isinstance(operand.node.type, types.Array) else types.Unknown()
        return Resolved(sql.Subscript(operand.node, _place(self.index), type=type_), self.base_field)


class SliceTransform(Transform):
    """The elements from one number to another."""

    def __init__(self, start: int, end: int, *expressions: Any, **options: Any) -> None:
        super().__init__(*expressions, **options)
        self.start, self.end = start, end

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (super().fingerprint(values), self.start, self.end)

    def resolve(self, scope: Scope) -> Resolved:
        operand = self.lhs.resolve(scope)
        first, last = _place(self.start), _place(self.end)
        node = sql.Subscript(operand.node, first, last, type=operand.node.type, part=True)
        return Resolved(node, operand.field)


class ArrayLen(Transform):
    """How many elements there are."""

    lookup_name = "len"
    result = types.Integer()

    def call(self, arguments: tuple[sql.Expression, ...], type_: types.Type) -> sql.Expression:
        [array] = arguments
        length = sql.Native("array_length", (array, sql.Literal(1, type=types.Integer())), type=type_)
        # An array without elements has no dimensions, and so no length.
        counted = sql.Function("COALESCE", (length, sql.Literal(0, type=type_)), type=type_)
        return sql.Case((sql.When(p.Not(p.IsNull(array)), counted),), type=type_)


class _Items:
    """What lookups on arrays take besides plain values: lists with expressions, and the rows of a queryset."""

    takes_rows = True

    @classmethod
    def item_side(cls, left: Resolved) -> Resolved:
        """An element of the column."""
        type_ = left.node.type
        of = type_.of if isinstance(type_, types.Array) else types.Unknown()
        return Resolved(sql.Subscript(left.node, _place(1), type=of), getattr(left.field, "base_field", None))

    @classmethod
    def expressions(cls, left: Resolved, choices: list[Resolved]) -> Predicate:
        """The condition against an array of a few expressions."""
        items = tuple([choice.node for choice in choices])
        made: Predicate = cls.expression(left, Resolved(sql.ArrayItems(items, type=left.node.type)))  # type: ignore[attr-defined]
        return made


class ArrayContains(_Items, OperatorLookup):
    """Every element on the right is an element of the column."""

    lookup_name = "contains"
    postgres_operator = "@>"


class ArrayContainedBy(_Items, OperatorLookup):
    """Every element of the column is one of those on the right."""

    lookup_name = "contained_by"
    postgres_operator = "<@"


class ArrayOverlap(_Items, OperatorLookup):
    """An element of the column is one of those on the right."""

    lookup_name = "overlap"
    postgres_operator = "&&"


class ArrayExact(_Items, comparison.Exact):
    """The same elements in the same order."""

    takes_rows = False


_LOOKUPS: tuple[Any, ...] = (ArrayContains, ArrayContainedBy, ArrayOverlap, ArrayExact, ArrayLen)
ArrayField.class_lookups = {each.lookup_name: each for each in _LOOKUPS}
