"""Inferred fields: the plainest field for a SQL type, for expressions that belong to no model."""

from __future__ import annotations

from functools import cache
from typing import Any

from rowsmith.expressions.base import Expression
from rowsmith.fields.dates import DateField, DateTimeField, DurationField, TimeField
from rowsmith.fields.json import JSONField
from rowsmith.fields.numbers import BigIntegerField, BooleanField, DecimalField, FloatField
from rowsmith.fields.plain import BinaryField, GenericIPAddressField, UUIDField
from rowsmith.fields.text import CharField, TextField
from rowsmith.sql import types

_CLASSES: dict[type[types.Type], Any] = {
    types.Boolean: BooleanField,
    types.Integer: BigIntegerField,
    types.Serial: BigIntegerField,
    types.Float: FloatField,
    types.Text: TextField,
    types.Varchar: CharField,
    types.Date: DateField,
    types.Time: TimeField,
    types.DateTime: DateTimeField,
    types.Duration: DurationField,
    types.Uuid: UUIDField,
    types.Binary: BinaryField,
    types.Json: JSONField,
    types.Inet: GenericIPAddressField,
}


@cache
def field_for(type_: types.Type) -> Any:
    """A nullable field that belongs to no model and holds values of `type_`; None for an unknown type."""
    if isinstance(type_, types.Decimal):
        return DecimalField(max_digits=type_.digits, decimal_places=type_.places, null=True)
    found = _CLASSES.get(type(type_))
    return found(null=True) if found is not None else None


Expression.field_of_type = staticmethod(field_for)
