"""Vectors: columns of many numbers, and how far they are from each other; on PostgreSQL by the extension `vector`."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

from rowsmith.exceptions import ValidationError
from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.combinable import Shaped
from rowsmith.expressions.names import F
from rowsmith.fields.base import Field, G, S, is_expression
from rowsmith.sql import expressions as sql
from rowsmith.sql import types

__all__ = ["CosineDistance", "L1Distance", "L2Distance", "MaxInnerProduct", "VectorDistance", "VectorField"]


class VectorField(Field[S, G]):
    """A vector: a list of floats, kept in single precision.

    dimensions:  how many there are; None for any number.
    """

    description = "Vector"
    empty_strings_allowed = False
    default_error_messages: ClassVar[dict[str, str]] = {
        "invalid": "%(value)r is not a list of numbers.",
        "dimensions": "The vector has %(found)d dimensions, not %(expected)d.",
    }

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: VectorField[Sequence[float], list[float]],
            *args: Any,
            dimensions: int | None = ...,
            null: Literal[False] = ...,
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(
            self: VectorField[Sequence[float] | None, list[float] | None],
            *args: Any,
            dimensions: int | None = ...,
            null: Literal[True],
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, dimensions: int | None = ..., null: bool = ..., **options: Any) -> None: ...

    def __init__(self, *args: Any, dimensions: int | None = None, **options: Any) -> None:
        if dimensions is not None and (type(dimensions) is not int or dimensions < 1):
            raise ValueError(f"dimensions is a whole number, 1 or more, not {dimensions!r}.")
        self.dimensions = dimensions
        super().__init__(*args, **options)

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        if self.dimensions is not None:
            keywords["dimensions"] = self.dimensions
        return name, path, args, keywords

    def get_internal_type(self) -> str:
        return "VectorField"

    @cached_property
    def sql_type(self) -> types.Type:
        return types.Vector(self.dimensions)

    def to_python(self, value: Any) -> Any:
        if value is None:
            return None
        try:
            return numbers(value)
        except (TypeError, ValueError):
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": value}) from None

    def get_prep_value(self, value: Any) -> Any:
        return value if value is None or is_expression(value) else self.prepared(value)

    def validate(self, value: Any, model_instance: Any) -> None:
        super().validate(value, model_instance)
        if self.dimensions is not None and value is not None and len(value) != self.dimensions:
            params = {"found": len(value), "expected": self.dimensions}
            raise ValidationError(self.error_messages["dimensions"], code="dimensions", params=params)

    def value_to_string(self, instance: Any) -> str:
        return json.dumps(self.value_from_object(instance))


def numbers(value: Any) -> list[float]:
    """The numbers of a list, a tuple, an array, or a text such as `[1, 2]`."""
    if isinstance(value, str):
        value = json.loads(value)
    return [float(number) for number in value]


class VectorDistance(Expression):
    """How far an expression is from a vector, or from another expression; smaller is nearer."""

    operator: ClassVar[str]

    def __init__(self, expression: Any, vector: Any) -> None:
        self.expression: Any = F(expression) if isinstance(expression, str) else expression
        self.vector: Any = vector if isinstance(vector, Shaped) else numbers(vector)

    @property
    def output_field(self) -> Any:
        return Expression.field_of_type(types.Float())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.expression!r}, {self.vector!r})"

    def get_source_expressions(self) -> list[Any]:
        return [self.expression, self.vector] if isinstance(self.vector, Shaped) else [self.expression]

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        self.expression, *vector = expressions
        if vector:
            [self.vector] = vector

    def fingerprint(self, values: list[Any]) -> Hashable:
        left = self.expression.fingerprint(values)
        if isinstance(self.vector, Shaped):
            return (type(self), left, self.vector.fingerprint(values))
        values.append(self.vector)
        return (type(self), left)

    def resolve(self, scope: Scope) -> Resolved:
        left = self.expression.resolve(scope).node
        if isinstance(self.vector, list):
            type_ = left.type if isinstance(left.type, types.Vector) else types.Vector()
            right = scope.value(self.vector, type_, cast=True)
        else:
            right = self.vector.resolve(scope).node
        return Resolved(sql.Infix(self.operator, left, right, type=types.Float()), self.output_field)


class L2Distance(VectorDistance):
    """The length of the straight line between them."""

    operator = "<->"


class L1Distance(VectorDistance):
    """The sum of the distances along each dimension."""

    operator = "<+>"


class CosineDistance(VectorDistance):
    """One less the cosine of the angle between them: 0 for the same direction, 2 for the opposite one."""

    operator = "<=>"


class MaxInnerProduct(VectorDistance):
    """The inner product with its sign changed, so that the largest product comes first."""

    operator = "<#>"
