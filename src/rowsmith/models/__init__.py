"""The public face of models: fields, options and the model class itself."""

from rowsmith.exceptions import ObjectDoesNotExist, ProtectedError, RestrictedError
from rowsmith.fields.base import Field
from rowsmith.fields.choices import Choices, IntegerChoices, TextChoices
from rowsmith.fields.dates import DateField, DateTimeField, DurationField, TimeField
from rowsmith.fields.defaults import DEFERRED, NOT_PROVIDED, DatabaseDefault
from rowsmith.fields.many_to_many import ManyToManyField
from rowsmith.fields.numbers import (
    AutoField,
    BigAutoField,
    BigIntegerField,
    BooleanField,
    DecimalField,
    FloatField,
    IntegerField,
    PositiveBigIntegerField,
    PositiveIntegerField,
    PositiveSmallIntegerField,
    SmallAutoField,
    SmallIntegerField,
)
from rowsmith.fields.on_delete import (
    CASCADE,
    DB_CASCADE,
    DB_SET_DEFAULT,
    DB_SET_NULL,
    DO_NOTHING,
    PROTECT,
    RESTRICT,
    SET,
    SET_DEFAULT,
    SET_NULL,
)
from rowsmith.fields.plain import BinaryField, GenericIPAddressField, JSONField, UUIDField
from rowsmith.fields.related import ForeignKey, ForeignObject, OneToOneField
from rowsmith.fields.relation import ForeignObjectRel, ManyToManyRel, ManyToOneRel, OneToOneRel
from rowsmith.fields.text import CharField, EmailField, SlugField, TextField, URLField
from rowsmith.metadata.constraints import BaseConstraint, CheckConstraint, Deferrable, UniqueConstraint
from rowsmith.metadata.indexes import Index
from rowsmith.models.base import Model
from rowsmith.queryset.manager import Manager

__all__ = [
    "CASCADE",
    "DB_CASCADE",
    "DB_SET_DEFAULT",
    "DB_SET_NULL",
    "DEFERRED",
    "DO_NOTHING",
    "NOT_PROVIDED",
    "PROTECT",
    "RESTRICT",
    "SET",
    "SET_DEFAULT",
    "SET_NULL",
    "AutoField",
    "BaseConstraint",
    "BigAutoField",
    "BigIntegerField",
    "BinaryField",
    "BooleanField",
    "CharField",
    "CheckConstraint",
    "Choices",
    "DatabaseDefault",
    "DateField",
    "DateTimeField",
    "DecimalField",
    "Deferrable",
    "DurationField",
    "EmailField",
    "Field",
    "FloatField",
    "ForeignKey",
    "ForeignObject",
    "ForeignObjectRel",
    "GenericIPAddressField",
    "Index",
    "IntegerChoices",
    "IntegerField",
    "JSONField",
    "Manager",
    "ManyToManyField",
    "ManyToManyRel",
    "ManyToOneRel",
    "Model",
    "ObjectDoesNotExist",
    "OneToOneField",
    "OneToOneRel",
    "PositiveBigIntegerField",
    "PositiveIntegerField",
    "PositiveSmallIntegerField",
    "ProtectedError",
    "RestrictedError",
    "SlugField",
    "SmallAutoField",
    "SmallIntegerField",
    "TextChoices",
    "TextField",
    "TimeField",
    "URLField",
    "UUIDField",
    "UniqueConstraint",
]
