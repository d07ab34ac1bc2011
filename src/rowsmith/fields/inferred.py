"""Inferred fields: the plainest field for a SQL type, for expressions that belong to no model."""

from __future__ import annotations

from functools import cache
from typing import Any

from rowsmith import fields
from rowsmith.sql import types

_CLASSES: dict[type[types.Type], str] = {
    types.Boolean: "BooleanField",
    types.Float: "FloatField",
    types.Text: "TextField",
    types.Varchar: "CharField",
    types.Date: "DateField",
    types.Time: "TimeField",
    types.DateTime: "DateTimeField",
    types.Duration: "DurationField",
    types.Uuid: "UUIDField",
    types.Binary: "BinaryField",
    types.Json: "JSONField",
    types.Inet: "GenericIPAddressField",
}


@cache
def field_for(type_: types.Type) -> Any:
    """A nullable field that belongs to no model and holds values of `type_`; None for an unknown type."""
    if isinstance(type_, types.Decimal):
        return fields.DecimalField(max_digits=type_.digits, decimal_places=type_.places, null=True)
    if isinstance(type_, types.Integer | types.Serial):
        return fields.BigIntegerField(null=True)
    name = _CLASSES.get(type(type_))
    return getattr(fields, name)(null=True) if name is not None else None
