"""Ranges: all values between two bounds in a column, with their lookups."""

from __future__ import annotations

import json
from collections.abc import Hashable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, TypeVar, overload

from psycopg.types.range import Range

from rowsmith.exceptions import ValidationError
from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.transforms import Transform
from rowsmith.fields.base import G, InvalidValue, S, is_expression
from rowsmith.fields.dates import DateField, DateTimeField
from rowsmith.fields.numbers import (
    BigIntegerField,
    BooleanField,
    DecimalField,
    FloatField,
    IntegerField,
)
from rowsmith.lookups.base import Given, Lookup, preparer
from rowsmith.postgres.common import TypedField
from rowsmith.postgres.operators import OperatorLookup, infix
from rowsmith.sql import expressions as sql
from rowsmith.sql import types
from rowsmith.sql.predicates import Predicate

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

T = TypeVar("T")
Bounds: TypeAlias = Range[T] | tuple[T | None, T | None] | list[T | None]
"""What a range may be given as."""

_BOUNDS = ("[)", "(]", "()", "[]")


class BoundsRefused(TypeError, ValueError):
    """A field whose values are counted has one way only to write a range."""


class RangeOperators:
    """The operators between ranges, for exclusion constraints."""

    EQUAL = "="
    NOT_EQUAL = "<>"
    CONTAINS = "@>"
    CONTAINED_BY = "<@"
    OVERLAPS = "&&"
    FULLY_LT = "<<"
    FULLY_GT = ">>"
    NOT_LT = "&>"
    NOT_GT = "&<"
    ADJACENT_TO = "-|-"


class RangeBoundary(Expression):
    """The text that says which bounds belong to a range, as the last argument of the functions that make ranges."""

    def __init__(self, inclusive_lower: bool = True, inclusive_upper: bool = False) -> None:
        self.inclusive_lower, self.inclusive_upper = inclusive_lower, inclusive_upper
        self.bounds = ("[" if inclusive_lower else "(") + ("]" if inclusive_upper else ")")

    def __repr__(self) -> str:
        return f"RangeBoundary({self.bounds!r})"

    @property
    def output_field(self) -> Any:
        return Expression.field_of_type(types.Text())

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (RangeBoundary, self.bounds)

    def resolve(self, scope: Scope) -> Resolved:
        return Resolved(sql.Ambient(sql.Constant(self.bounds), type=types.Text()), scope.field_for(types.Text()))

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """The import path and the arguments that build it again."""
        return "rowsmith.postgres.fields.RangeBoundary", (self.inclusive_lower, self.inclusive_upper), {}


class RangeField(TypedField[S, G]):
    """All values between two bounds; subclasses say of which field, and what the database calls such ranges.

    base_field:  a field, or a class of fields, of the bounds.
    range_type:  the class of the values.
    type_name:   the type of the column; where it is not given, that of `db_type()`.
    """

    face = "rowsmith.postgres.fields"
    base_field: Any
    range_type: ClassVar[Any] = Range
    type_name: ClassVar[str | None] = None

    def __init__(self, *args: Any, **options: Any) -> None:
        if "default_bounds" in options:
            raise BoundsRefused(
                f"Cannot use 'default_bounds' with {type(self).__name__}: whatever its bounds, a range of whole "
                "values is stored with its first value and without the one behind its last."
            )
        base = self.base_field
        # A class stands for a field of it.
        self.base_field = base() if isinstance(base, type) else base
        super().__init__(*args, **options)

    @property
    def sql_type(self) -> types.Type:
        return types.Range(self.type_name or self.db_type(None) or "", self.base_field.sql_type)

    def set_attributes_from_name(self, name: str) -> None:
        super().set_attributes_from_name(name)
        self.base_field.set_attributes_from_name(name)

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        field: Any = self
        while (field := getattr(field, "base_field", None)) is not None:
            field.model = cls

    def _made(self, lower: Any, upper: Any) -> Any:
        return self.range_type(lower, upper)

    def get_prep_value(self, value: Any) -> Any:
        if value is None or isinstance(value, Range) or is_expression(value):
            return value
        if isinstance(value, list | tuple):
            if len(value) != 2:
                message = f"Field '{self.name}': a range has two bounds, not {len(value)}: {value!r}."
                raise InvalidValue(message, code="invalid")
            return self._made(value[0], value[1])
        return value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            told = json.loads(value)
            for bound in ("lower", "upper"):
                if bound in told:
                    told[bound] = self.base_field.to_python(told[bound])
            return self.range_type(**told)
        if isinstance(value, list | tuple):
            return self.get_prep_value(value)
        return value

    def value_to_string(self, instance: Any) -> str | None:  # type: ignore[override]
        value = self.value_from_object(instance)
        if value is None:
            return None
        if value.isempty:
            return json.dumps({"empty": True})
        told: dict[str, Any] = {"bounds": value.bounds}
        for name in ("lower", "upper"):
            item = getattr(value, name)
            holder = SimpleNamespace(**{self.base_field.attname: item})
            told[name] = None if item is None else self.base_field.value_to_string(holder)
        return json.dumps(told)

    def validate(self, value: Any, model_instance: Any) -> None:
        super().validate(value, model_instance)
        if isinstance(value, Range):
            lower, upper = value.lower, value.upper
            if lower is not None and upper is not None and lower > upper:
                message = "The start of the range must not exceed the end of the range."
                raise ValidationError(message, code="bound_ordering")


class ContinuousRangeField(RangeField[S, G]):
    """A range between values that have no next one.

    default_bounds:  which bounds belong to a range that is given as a tuple.
    """

    def __init__(self, *args: Any, default_bounds: str = "[)", **options: Any) -> None:
        if default_bounds not in _BOUNDS:
            raise ValueError(f"default_bounds must be one of {', '.join(map(repr, _BOUNDS))}, not {default_bounds!r}.")
        self.default_bounds = default_bounds
        super().__init__(*args, **options)

    def _made(self, lower: Any, upper: Any) -> Any:
        return self.range_type(lower, upper, self.default_bounds)

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        if self.default_bounds != "[)":
            keywords["default_bounds"] = self.default_bounds
        return name, path, args, keywords


class IntegerRangeField(RangeField[S, G]):
    """Whole numbers of 32 bits between two others."""

    base_field = IntegerField
    type_name = "int4range"
    description = "Range of whole numbers"

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: IntegerRangeField[Bounds[int], Range[int]],
            *args: Any,
            null: Literal[False] = ...,
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(
            self: IntegerRangeField[Bounds[int] | None, Range[int] | None],
            *args: Any,
            null: Literal[True],
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Any) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...


class BigIntegerRangeField(RangeField[S, G]):
    """Whole numbers of 64 bits between two others."""

    base_field = BigIntegerField
    type_name = "int8range"
    description = "Range of large whole numbers"

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: BigIntegerRangeField[Bounds[int], Range[int]],
            *args: Any,
            null: Literal[False] = ...,
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(
            self: BigIntegerRangeField[Bounds[int] | None, Range[int] | None],
            *args: Any,
            null: Literal[True],
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Any) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...


class DecimalRangeField(ContinuousRangeField[S, G]):
    """Exact numbers between two others."""

    base_field = DecimalField
    type_name = "numrange"
    description = "Range of exact numbers"

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: DecimalRangeField[Bounds[Decimal], Range[Decimal]],
            *args: Any,
            null: Literal[False] = ...,
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(
            self: DecimalRangeField[Bounds[Decimal] | None, Range[Decimal] | None],
            *args: Any,
            null: Literal[True],
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Any) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...


class DateTimeRangeField(ContinuousRangeField[S, G]):
    """Instants between two others."""

    base_field = DateTimeField
    type_name = "tstzrange"
    description = "Range of instants"

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: DateTimeRangeField[Bounds[datetime], Range[datetime]],
            *args: Any,
            null: Literal[False] = ...,
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(
            self: DateTimeRangeField[Bounds[datetime] | None, Range[datetime] | None],
            *args: Any,
            null: Literal[True],
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Any) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...


class DateRangeField(RangeField[S, G]):
    """Days between two others."""

    base_field = DateField
    type_name = "daterange"
    description = "Range of days"

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: DateRangeField[Bounds[date], Range[date]],
            *args: Any,
            null: Literal[False] = ...,
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(
            self: DateRangeField[Bounds[date] | None, Range[date] | None],
            *args: Any,
            null: Literal[True],
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Any) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...


# Lookups --------------------------------------------------------------------------------------------------------------


class RangeContains(OperatorLookup):
    """The range on the right, or a single value, lies within that of the column."""

    lookup_name = "contains"
    postgres_operator = RangeOperators.CONTAINS

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        if isinstance(given.value, Range | list | tuple) or not isinstance(left.node.type, types.Range):
            return super().plain(left, given)
        single = sql.Cast(given.slot(preparer(left.field.base_field), left.node.type.of), type=left.node.type.of)
        return infix(cls.postgres_operator, left.node, single)


def _lookup(name: str, operator: str, means: str) -> type[OperatorLookup]:
    made = type(f"Range{name.title().replace('_', '')}", (OperatorLookup,), {"__doc__": means})
    made.lookup_name, made.postgres_operator = name, operator  # type: ignore[attr-defined]
    return made


_OPERATORS = [
    _lookup("contained_by", RangeOperators.CONTAINED_BY, "The range lies within another."),
    _lookup("overlap", RangeOperators.OVERLAPS, "The ranges have a value in common."),
    _lookup("fully_lt", RangeOperators.FULLY_LT, "All of the range is below the other."),
    _lookup("fully_gt", RangeOperators.FULLY_GT, "All of the range is above the other."),
    _lookup("not_lt", RangeOperators.NOT_LT, "Nothing of the range is below the other."),
    _lookup("not_gt", RangeOperators.NOT_GT, "Nothing of the range is above the other."),
    _lookup("adjacent_to", RangeOperators.ADJACENT_TO, "One range ends where the other begins."),
]


class RangeStartsWith(Transform):
    """The lower bound; NULL where there is none."""

    lookup_name = "startswith"
    function = "lower"

    def resolve(self, scope: Scope) -> Resolved:
        operand = self.lhs.resolve(scope)
        type_ = operand.node.type.of if isinstance(operand.node.type, types.Range) else types.Unknown()
        return Resolved(sql.Native(self.sql_name, (operand.node,), type=type_), operand.field.base_field)


class RangeEndsWith(RangeStartsWith):
    """The upper bound; NULL where there is none."""

    lookup_name = "endswith"
    function = "upper"


class IsEmpty(Transform):
    """No value lies within the range."""

    lookup_name = "isempty"
    function = "isempty"
    result = types.Boolean()
    output_field = BooleanField(null=True)

    def call(self, arguments: tuple[sql.Expression, ...], type_: types.Type) -> sql.Expression:
        return sql.Native(self.sql_name, arguments, type=type_)


class LowerInclusive(IsEmpty):
    """The lower bound belongs to the range."""

    lookup_name = "lower_inc"
    function = "lower_inc"


class LowerInfinite(IsEmpty):
    """There is no lower bound."""

    lookup_name = "lower_inf"
    function = "lower_inf"


class UpperInclusive(IsEmpty):
    """The upper bound belongs to the range."""

    lookup_name = "upper_inc"
    function = "upper_inc"


class UpperInfinite(IsEmpty):
    """There is no upper bound."""

    lookup_name = "upper_inf"
    function = "upper_inf"


_LOOKUPS: tuple[Any, ...] = (
    RangeContains, *_OPERATORS, RangeStartsWith, RangeEndsWith, IsEmpty, LowerInclusive, LowerInfinite, UpperInclusive,
    UpperInfinite,
)  # fmt: skip
RangeField.class_lookups = {each.lookup_name: each for each in _LOOKUPS}


class RangeContainedBy(Lookup):
    """A single value lies within a range."""

    lookup_name = "contained_by"

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        left_node, type_ = _counted(left.node)
        return infix(RangeOperators.CONTAINED_BY, left_node, given.slot(_as_range, type_))

    @classmethod
    def expression(cls, left: Resolved, right: Resolved) -> Predicate:
        left_node, type_ = _counted(left.node)
        node = right.node if right.node.type == type_ else sql.Cast(right.node, type=type_)
        return infix(RangeOperators.CONTAINED_BY, left_node, node)


def _as_range(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return Range(*value)
    if not isinstance(value, Range):
        raise TypeError(f"contained_by takes a range, or its two bounds, not {value!r}.")
    return value


_RANGES: dict[type[types.Type], tuple[types.Type, types.Type | None]] = {
    types.Float: (types.Range("numrange", types.Decimal()), types.Decimal()),
    types.Decimal: (types.Range("numrange", types.Decimal()), None),
    types.Date: (types.Range("daterange", types.Date()), None),
    types.DateTime: (types.Range("tstzrange", types.DateTime()), None),
}


def _counted(node: sql.Expression) -> tuple[sql.Expression, types.Range]:
    """A single value in the type of the values of a range, and the type of that range."""
    type_ = node.type
    if isinstance(type_, types.Integer | types.Serial):
        if type_.bits == 64:
            return node, types.Range("int8range", types.Integer(64))
        whole = types.Integer(32)
        return node if type_.bits == 32 else sql.Cast(node, type=whole), types.Range("int4range", whole)
    found, cast = _RANGES[type(type_)]
    assert isinstance(found, types.Range)
    return node if cast is None else sql.Cast(node, type=cast), found


for _field in (IntegerField, FloatField, DecimalField, DateField, DateTimeField):
    _field.register_lookup(RangeContainedBy)
