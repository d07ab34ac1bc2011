"""Plain values of other kinds: identifiers, addresses and bytes."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import uuid
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, overload

from rowsmith import validators
from rowsmith.exceptions import ValidationError
from rowsmith.fields.base import Field, G, S, is_expression

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from rowsmith.fields.options import AddressOptions, FieldOptions


class UUIDField(Field[S, G]):
    """A universally unique identifier."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: UUIDField[uuid.UUID, uuid.UUID],
            *args: Any,
            null: Literal[False] = ...,
            **options: Unpack[FieldOptions],
        ) -> None: ...
        @overload
        def __init__(
            self: UUIDField[uuid.UUID | None, uuid.UUID | None],
            *args: Any,
            null: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Unpack[FieldOptions]) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...

    prep_types = frozenset({uuid.UUID})
    empty_strings_allowed = False
    default_error_messages = {"invalid": "%(value)r is not a UUID."}
    description = "Universally unique identifier"

    def get_prep_value(self, value: Any) -> Any:
        if type(value) is uuid.UUID or value is None or is_expression(value):
            return value
        return self.prepared(value)

    def to_python(self, value: Any) -> Any:
        if value is None or isinstance(value, uuid.UUID):
            return value
        try:
            return uuid.UUID(int=value) if isinstance(value, int) else uuid.UUID(hex=value)
        except (AttributeError, ValueError, TypeError):
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": value}) from None


class BinaryField(Field[S, G]):
    """Raw bytes; not editable unless told otherwise."""

    prep_types = frozenset({bytes})
    empty_values = (None, b"")
    default_error_messages = {"invalid": "%(value)r is not binary data; text is read as strict Base64."}
    description = "Raw binary data"

    @overload
    def __init__(
        self: BinaryField[bytes, bytes], *args: Any, null: Literal[False] = ..., **options: Unpack[FieldOptions]
    ) -> None: ...
    @overload
    def __init__(
        self: BinaryField[bytes | None, bytes | None], *args: Any, null: Literal[True], **options: Unpack[FieldOptions]
    ) -> None: ...
    @overload
    def __init__(self, *args: Any, null: bool = ..., **options: Unpack[FieldOptions]) -> None: ...
    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("editable", False)
        super().__init__(*args, **options)

    @cached_property
    def validators(self) -> list[Callable[[Any], Any]]:
        given = [*self.default_validators, *self._validators]
        if self.max_length is not None:
            given.append(validators.MaxLengthValidator(self.max_length))
        return given

    @cached_property
    def fallback_default(self) -> Any:
        default = super().fallback_default
        return b"" if default == "" else default

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        if keywords.pop("editable", True):
            keywords["editable"] = True
        return name, path, args, keywords

    def get_prep_value(self, value: Any) -> Any:
        if type(value) is bytes or value is None or is_expression(value):
            return value
        if isinstance(value, bytes | bytearray | memoryview):
            return bytes(value)
        raise TypeError(f"Field '{self.name}' expected bytes but got {value!r}.")

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            try:
                return memoryview(base64.b64decode(value.encode("ascii"), validate=True))
            except (binascii.Error, UnicodeEncodeError):
                raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": value}) from None
        return value

    def value_to_string(self, instance: Any) -> str:
        return base64.b64encode(bytes(self.value_from_object(instance) or b"")).decode("ascii")


class GenericIPAddressField(Field[S, G]):
    """An IPv4 or IPv6 address in its normal form; `unpack_ipv4` turns ::ffff:192.0.2.1 into 192.0.2.1."""

    empty_strings_allowed = False
    default_error_messages = {"invalid": "%(value)r is not a valid %(protocol)s address."}
    description = "IP address"

    @overload
    def __init__(
        self: GenericIPAddressField[str, str], *args: Any, null: Literal[False] = ..., **options: Unpack[AddressOptions]
    ) -> None: ...
    @overload
    def __init__(
        self: GenericIPAddressField[str | None, str | None],
        *args: Any,
        null: Literal[True],
        **options: Unpack[AddressOptions],
    ) -> None: ...
    @overload
    def __init__(self, *args: Any, null: bool = ..., **options: Unpack[AddressOptions]) -> None: ...
    def __init__(
        self,
        verbose_name: str | None = None,
        name: str | None = None,
        protocol: str = "both",
        unpack_ipv4: bool = False,
        *args: Any,
        **options: Any,
    ) -> None:
        self.unpack_ipv4 = unpack_ipv4
        self.protocol = protocol
        self.default_validators = validators.ip_address_validators(protocol, unpack_ipv4)  # type: ignore[misc]
        options["max_length"] = 39
        super().__init__(verbose_name, name, *args, **options)

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        if self.unpack_ipv4:
            keywords["unpack_ipv4"] = True
        if self.protocol != "both":
            keywords["protocol"] = self.protocol
        keywords.pop("max_length", None)
        return name, path, args, keywords

    def get_prep_value(self, value: Any) -> Any:
        if value is None or is_expression(value):
            return value
        # An address that makes no sense stays as it is: validation reports it, and a filter on it finds nothing.
        text = str(value).strip()
        try:
            return self._normal(text) if ":" in text else text
        except ValueError:
            return text

    def to_python(self, value: Any) -> Any:
        if value is None:
            return None
        text = str(value).strip()
        if ":" in text:
            try:
                return self._normal(text)
            except ValueError:
                params = {"value": value, "protocol": "IPv6"}
                raise ValidationError(self.error_messages["invalid"], code="invalid", params=params) from None
        return text

    def _normal(self, text: str) -> str:
        address = ipaddress.IPv6Address(text)
        if (mapped := address.ipv4_mapped) is not None:
            return str(mapped) if self.unpack_ipv4 else f"::ffff:{mapped}"
        return str(address)
