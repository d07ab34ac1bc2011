"""Results: what functions take and what they return, worked out from their arguments."""

from __future__ import annotations

from typing import Any, ClassVar

from rowsmith.expressions.agreement import common_type
from rowsmith.expressions.func import Func
from rowsmith.expressions.transforms import Transform
from rowsmith.sql import expressions as sql
from rowsmith.sql import types


class OfOneKind(Func):
    """A choice among its arguments, which must be of one type."""

    def __init__(self, *expressions: Any, **options: Any) -> None:
        if self.arity is None and len(expressions) < 2:
            raise ValueError(f"{type(self).__name__} must take at least two expressions.")
        super().__init__(*expressions, **options)

    def result_type(self, *arguments: sql.Expression) -> types.Type | None:
        return common_type(arguments)


class Textual(Func):
    """A text made of a text."""

    result: ClassVar[types.Type | None] = types.Text()


class OfText(Textual, Transform):
    """A text made of one text."""


class Numeric(Transform):
    """A number of the same type as its argument."""

    def result_type(self, *arguments: sql.Expression) -> types.Type | None:
        return arguments[0].type


class Real(Func):
    """An exact number when an argument is one, else a floating-point number."""

    def result_type(self, *arguments: sql.Expression) -> types.Type | None:
        exact = any(isinstance(argument.type, types.Decimal) for argument in arguments)
        return types.Decimal() if exact else types.Float()


class OfNumber(Real, Transform):
    """A number made of one number."""


_FIELDS: dict[type[types.Type], str] = {
    types.Varchar: "CharField",
    types.Serial: "AutoField",
    types.Uuid: "UUIDField",
    types.Json: "JSONField",
    types.Inet: "GenericIPAddressField",
}


def field_name(type_: types.Type) -> str:
    """What the field of a type is called, for messages."""
    return _FIELDS.get(type(type_), f"{type(type_).__name__}Field")


def checked_number(value: Any, name: str, least: int) -> None:
    """Raise ValueError for a plain number below `least`; an expression is left to the database."""
    if isinstance(value, int | float) and value < least:
        raise ValueError(f"{name!r} must be {'at least ' + str(least) if least else '0 or more'}, not {value!r}.")
