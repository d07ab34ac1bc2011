"""Internal types: which SQL type each field name stands for, so that a custom field may borrow one by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rowsmith.sql import types

SQL_TYPES: Mapping[str, Callable[[Any], types.Type]] = {
    "AutoField": lambda field: types.Serial(32),
    "BigAutoField": lambda field: types.Serial(64),
    "SmallAutoField": lambda field: types.Serial(16),
    "BooleanField": lambda field: types.Boolean(),
    "IntegerField": lambda field: types.Integer(32),
    "BigIntegerField": lambda field: types.Integer(64),
    "SmallIntegerField": lambda field: types.Integer(16),
    "PositiveIntegerField": lambda field: types.Integer(32, unsigned=True),
    "PositiveBigIntegerField": lambda field: types.Integer(64, unsigned=True),
    "PositiveSmallIntegerField": lambda field: types.Integer(16, unsigned=True),
    "FloatField": lambda field: types.Float(),
    "DecimalField": lambda field: types.Decimal(
        getattr(field, "max_digits", None), getattr(field, "decimal_places", None)
    ),
    "CharField": lambda field: types.Varchar(field.max_length, getattr(field, "db_collation", None)),
    "SlugField": lambda field: types.Varchar(field.max_length, getattr(field, "db_collation", None)),
    "FileField": lambda field: types.Varchar(field.max_length),
    "FilePathField": lambda field: types.Varchar(field.max_length),
    "TextField": lambda field: types.Text(getattr(field, "db_collation", None)),
    "DateField": lambda field: types.Date(),
    "TimeField": lambda field: types.Time(),
    "DateTimeField": lambda field: types.DateTime(),
    "DurationField": lambda field: types.Duration(),
    "UUIDField": lambda field: types.Uuid(),
    "BinaryField": lambda field: types.Binary(),
    "JSONField": lambda field: types.Json(getattr(field, "encoder", None), getattr(field, "decoder", None)),
    "GenericIPAddressField": lambda field: types.Inet(),
}
