"""Numbers: whole ones, counted ones, floating and exact ones, and the truth values."""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

from rowsmith import validators
from rowsmith.exceptions import ValidationError
from rowsmith.fields.base import Field, G, InvalidValue, S, is_expression
from rowsmith.sql import types

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from rowsmith.fields.options import DecimalOptions, FieldOptions


def _not_a_number(field: Any, value: Any, error: Exception) -> Exception:
    """The error for a value that does not read as a number; a TypeError where the conversion raised one."""
    message = f"Field '{field.name}' expected a number but got {value!r}."
    return TypeError(message) if isinstance(error, TypeError) else ValueError(message)


class IntegerField(Field[S, G]):
    """A whole number of 32 bits."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: IntegerField[int, int], *args: Any, null: Literal[False] = ..., **options: Unpack[FieldOptions]
        ) -> None: ...
        @overload
        def __init__(
            self: IntegerField[int | None, int | None], *args: Any, null: Literal[True], **options: Unpack[FieldOptions]
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Unpack[FieldOptions]) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    prep_types = frozenset({int})
    integer_range: ClassVar[tuple[int, int] | None] = (-(2**31), 2**31 - 1)
    empty_strings_allowed = False
    default_error_messages = {"invalid": "%(value)r is not a whole number."}
    description = "Integer"

    @cached_property
    def validators(self) -> list[Callable[[Any], Any]]:
        """The given validators, with the ends of the column's range where no given one is stricter."""
        given = [*self.default_validators, *self._validators]
        if self.integer_range is None:
            return given
        low, high = self.integer_range

        def limits(kind: type[validators.BaseValidator]) -> list[Any]:
            chosen: list[Any] = [validator for validator in given if isinstance(validator, kind)]
            return [one.limit_value() if callable(one.limit_value) else one.limit_value for one in chosen]

        if not any(limit >= low for limit in limits(validators.MinValueValidator)):
            given.append(validators.MinValueValidator(low))
        if not any(limit <= high for limit in limits(validators.MaxValueValidator)):
            given.append(validators.MaxValueValidator(high))
        return given

    def get_prep_value(self, value: Any) -> Any:
        if type(value) is int or value is None or is_expression(value):
            return value
        try:
            return int(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise _not_a_number(self, value, error) from error

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        value = super().get_db_prep_save(value, connection)
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise InvalidValue(f"Field '{self.name}' cannot store {value}: it takes more than 64 bits.", code="invalid")
        return value

    def to_python(self, value: Any) -> Any:
        if value is None or type(value) is int:
            return value
        try:
            return int(value)
        except (TypeError, ValueError, OverflowError):
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": value}) from None


class BigIntegerField(IntegerField[S, G]):
    """A whole number of 64 bits."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: BigIntegerField[int, int], *args: Any, null: Literal[False] = ..., **options: Unpack[FieldOptions]
        ) -> None: ...
        @overload
        def __init__(
            self: BigIntegerField[int | None, int | None],
            *args: Any,
            null: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Unpack[FieldOptions]) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    integer_range = (-(2**63), 2**63 - 1)
    description = "Big (8 byte) integer"


class SmallIntegerField(IntegerField[S, G]):
    """A whole number of 16 bits."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: SmallIntegerField[int, int], *args: Any, null: Literal[False] = ..., **options: Unpack[FieldOptions]
        ) -> None: ...
        @overload
        def __init__(
            self: SmallIntegerField[int | None, int | None],
            *args: Any,
            null: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Unpack[FieldOptions]) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    integer_range = (-(2**15), 2**15 - 1)
    description = "Small integer"


class _Positive(IntegerField[S, G]):
    """A whole number from zero on; a column that refers to one is an ordinary integer."""

    def rel_db_type(self, connection: Any) -> str | None:
        return str(connection.dialect.column_type(referring_type(self.sql_type)))


class PositiveIntegerField(_Positive[S, G]):
    """A whole number from 0 to 2147483647."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: PositiveIntegerField[int, int],
            *args: Any,
            null: Literal[False] = ...,
            **options: Unpack[FieldOptions],
        ) -> None: ...
        @overload
        def __init__(
            self: PositiveIntegerField[int | None, int | None],
            *args: Any,
            null: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Unpack[FieldOptions]) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    integer_range = (0, 2**31 - 1)
    description = "Positive integer"


class PositiveBigIntegerField(_Positive[S, G]):
    """A whole number from 0 to 9223372036854775807."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: PositiveBigIntegerField[int, int],
            *args: Any,
            null: Literal[False] = ...,
            **options: Unpack[FieldOptions],
        ) -> None: ...
        @overload
        def __init__(
            self: PositiveBigIntegerField[int | None, int | None],
            *args: Any,
            null: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Unpack[FieldOptions]) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    integer_range = (0, 2**63 - 1)
    description = "Positive big integer"


class PositiveSmallIntegerField(_Positive[S, G]):
    """A whole number from 0 to 32767."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: PositiveSmallIntegerField[int, int],
            *args: Any,
            null: Literal[False] = ...,
            **options: Unpack[FieldOptions],
        ) -> None: ...
        @overload
        def __init__(
            self: PositiveSmallIntegerField[int | None, int | None],
            *args: Any,
            null: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Unpack[FieldOptions]) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    integer_range = (0, 2**15 - 1)
    description = "Positive small integer"


def referring_type(type_: types.Type) -> types.Type:
    """The type of a column that refers to a column of `type_`: it neither counts up nor repeats the sign check."""
    match type_:
        case types.Serial(bits):
            return types.Integer(bits)
        case types.Integer(bits, True):
            return types.Integer(bits)
        case _:
            return type_


class _Auto(IntegerField[S, G]):
    """A primary key that the database counts up."""

    db_returning = True

    def __init__(self, *args: Any, **options: Any) -> None:
        options["blank"] = True
        super().__init__(*args, **options)

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        del keywords["blank"]
        keywords["primary_key"] = True
        return name, path, args, keywords

    def validate(self, value: Any, model_instance: Any) -> None:
        """Nothing to validate: the value comes from the database."""

    def rel_db_type(self, connection: Any) -> str | None:
        return str(connection.dialect.column_type(referring_type(self.sql_type)))

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False) -> None:
        if cls._meta.auto_field is not None and cls._meta.auto_field is not self:
            raise ValueError(f"Model {cls._meta.label} can't have more than one auto-generated field.")
        super().contribute_to_class(cls, name, private_only)
        cls._meta.auto_field = self


class AutoField(_Auto[S, G]):
    """A counted key of 32 bits."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: AutoField[int, int], *args: Any, null: Literal[False] = ..., **options: Unpack[FieldOptions]
        ) -> None: ...
        @overload
        def __init__(
            self: AutoField[int | None, int | None], *args: Any, null: Literal[True], **options: Unpack[FieldOptions]
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Unpack[FieldOptions]) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...


class BigAutoField(_Auto[S, G]):
    """A counted key of 64 bits."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: BigAutoField[int, int], *args: Any, null: Literal[False] = ..., **options: Unpack[FieldOptions]
        ) -> None: ...
        @overload
        def __init__(
            self: BigAutoField[int | None, int | None], *args: Any, null: Literal[True], **options: Unpack[FieldOptions]
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Unpack[FieldOptions]) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    integer_range = (-(2**63), 2**63 - 1)


class SmallAutoField(_Auto[S, G]):
    """A counted key of 16 bits."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: SmallAutoField[int, int], *args: Any, null: Literal[False] = ..., **options: Unpack[FieldOptions]
        ) -> None: ...
        @overload
        def __init__(
            self: SmallAutoField[int | None, int | None],
            *args: Any,
            null: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Unpack[FieldOptions]) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    integer_range = (-(2**15), 2**15 - 1)


class BooleanField(Field[S, G]):
    """True or false."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: BooleanField[bool, bool], *args: Any, null: Literal[False] = ..., **options: Unpack[FieldOptions]
        ) -> None: ...
        @overload
        def __init__(
            self: BooleanField[bool | None, bool | None],
            *args: Any,
            null: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Unpack[FieldOptions]) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    prep_types = frozenset({bool})
    empty_strings_allowed = False
    default_error_messages = {"invalid": "%(value)r is neither true nor false."}
    description = "Boolean (Either True or False)"

    def get_prep_value(self, value: Any) -> Any:
        if value is True or value is False or value is None or is_expression(value):
            return value
        return self.prepared(value)

    def to_python(self, value: Any) -> Any:
        if self.null and value in self.empty_values:
            return None
        if value is True or value is False:
            return value
        if isinstance(value, str):
            if value in ("t", "True", "1"):
                return True
            if value in ("f", "False", "0"):
                return False
        elif isinstance(value, int | float) and value in (0, 1):
            return bool(value)
        raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": value})


class FloatField(Field[S, G]):
    """A double-precision number."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: FloatField[float, float], *args: Any, null: Literal[False] = ..., **options: Unpack[FieldOptions]
        ) -> None: ...
        @overload
        def __init__(
            self: FloatField[float | None, float | None],
            *args: Any,
            null: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Unpack[FieldOptions]) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    prep_types = frozenset({float})
    empty_strings_allowed = False
    default_error_messages = {"invalid": "%(value)r is not a number."}
    description = "Floating point number"

    def get_prep_value(self, value: Any) -> Any:
        if type(value) is float or value is None or is_expression(value):
            return value
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise _not_a_number(self, value, error) from error

    def to_python(self, value: Any) -> Any:
        if value is None:
            return value
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError):
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": value}) from None


class DecimalField(Field[S, G]):
    """An exact number: `max_digits` in all, `decimal_places` of them behind the point."""

    prep_condition = (decimal.Decimal, "{v}.is_finite()")
    empty_strings_allowed = False
    default_error_messages = {"invalid": "%(value)r is not a decimal number."}
    description = "Decimal number"
    max_digits: int | None
    decimal_places: int | None

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: DecimalField[decimal.Decimal, decimal.Decimal],
            *args: Any,
            null: Literal[False] = ...,
            **options: Unpack[DecimalOptions],
        ) -> None: ...
        @overload
        def __init__(
            self: DecimalField[decimal.Decimal | None, decimal.Decimal | None],
            *args: Any,
            null: Literal[True],
            **options: Unpack[DecimalOptions],
        ) -> None: ...
        @overload
        def __init__(
            self,
            *args: Any,
            null: bool = ...,
            **options: Unpack[DecimalOptions],
        ) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    else:

        def __init__(
            self,
            verbose_name: str | None = None,
            name: str | None = None,
            max_digits: int | None = None,
            decimal_places: int | None = None,
            *,
            null: bool = False,
            **options: Any,
        ) -> None:
            self.max_digits, self.decimal_places = max_digits, decimal_places
            super().__init__(verbose_name, name, null=null, **options)

    @cached_property
    def validators(self) -> list[Callable[[Any], Any]]:
        return [
            *self.default_validators,
            *self._validators,
            validators.DecimalValidator(self.max_digits, self.decimal_places),
        ]

    @cached_property
    def context(self) -> decimal.Context:
        """Rounds what came in as binary floating point to the digits that the column keeps."""
        return decimal.Context(prec=self.max_digits) if self.max_digits is not None else decimal.Context(prec=28)

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        if self.max_digits is not None:
            keywords["max_digits"] = self.max_digits
        if self.decimal_places is not None:
            keywords["decimal_places"] = self.decimal_places
        return name, path, args, keywords

    def get_prep_value(self, value: Any) -> Any:
        if type(value) is decimal.Decimal:
            if value.is_finite():
                return value
        elif value is None or is_expression(value):
            return value
        return self.prepared(value)

    def to_python(self, value: Any) -> Any:
        if value is None:
            return value
        try:
            if isinstance(value, float):
                number = self.context.create_decimal_from_float(value) if math.isfinite(value) else None
            else:
                number = decimal.Decimal(value)
        except (decimal.InvalidOperation, TypeError, ValueError):
            number = None
        if number is None or not number.is_finite():
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": value})
        return number


AUTO_FIELDS: Sequence[type[_Auto[Any, Any]]] = (AutoField, BigAutoField, SmallAutoField)
