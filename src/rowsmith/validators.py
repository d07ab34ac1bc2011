"""Validators: callables that raise ValidationError for a value that breaks a rule."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Collection, Iterable
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rowsmith.exceptions import ValidationError

EMPTY_VALUES: tuple[Any, ...] = (None, "", [], (), {})


class Deconstructible:
    """Remembers the arguments it was built from, so that a migration can write it down and compare it."""

    _arguments: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        instance = super().__new__(cls)
        instance._arguments = (args, kwargs)
        return instance

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """(import path, positional arguments, keyword arguments)."""
        cls = type(self)
        return (f"{cls.__module__}.{cls.__qualname__}", *self._arguments)


class RegexValidator(Deconstructible):
    """The text must contain a match of `regex`, or must not when `inverse_match` is true."""

    _pattern: str | re.Pattern[str] = ""
    message: str = "Enter a valid value."
    code: str = "invalid"
    inverse_match: bool = False
    flags: int = 0

    def __init__(
        self,
        regex: str | re.Pattern[str] | None = None,
        message: str | None = None,
        code: str | None = None,
        inverse_match: bool | None = None,
        flags: int | None = None,
    ) -> None:
        if regex is not None:
            self._pattern = regex
        if message is not None:
            self.message = message
        if code is not None:
            self.code = code
        if inverse_match is not None:
            self.inverse_match = inverse_match
        if flags is not None:
            self.flags = flags
        own: Any = type(self).regex
        attribute = not isinstance(own, cached_property)
        if attribute and regex is None:
            self._pattern = own
        if self.flags and not isinstance(self._pattern, str):
            raise TypeError("Give the flags to re.compile(): 'flags' only goes with a regex that is still a string.")
        if attribute:
            # A subclass that gives an expression as a class attribute, which hides the property below.
            self.regex = self._compiled()

    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self._pattern, self.flags) if isinstance(self._pattern, str) else self._pattern

    @cached_property
    def regex(self) -> Any:
        """The compiled expression. Compiled when first used: importing the library should not wait for it."""
        return self._compiled()

    def __call__(self, value: Any) -> None:
        if bool(self.regex.search(str(value))) is bool(self.inverse_match):
            raise ValidationError(self.message, code=self.code, params={"value": value})

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, RegexValidator)
            and self.regex.pattern == other.regex.pattern
            and self.regex.flags == other.regex.flags
            and self.message == other.message
            and self.code == other.code
            and self.inverse_match == other.inverse_match
        )

    def __hash__(self) -> int:
        return hash((self.regex.pattern, self.regex.flags, self.code))


# Letters beyond ASCII that an internationalised name may hold.
_UNICODE = "\u00a1-\uffff"
_LABEL = rf"[a-z{_UNICODE}0-9](?:[a-z{_UNICODE}0-9-]{{0,61}}[a-z{_UNICODE}0-9])?"
_ASCII_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_TLD = rf"(?!-)(?:xn--[a-z0-9]{{1,59}}|[a-z{_UNICODE}-]{{2,63}})(?<!-)"
_ASCII_TLD = r"(?!-)[a-z0-9-]{2,63}(?<!-)"


class DomainNameValidator(RegexValidator):
    """A host name with at least two labels; an IP address is none."""

    message = "Enter a valid domain name."
    max_length = 255

    def __init__(self, *, accept_idna: bool = True, message: str | None = None, code: str | None = None) -> None:
        label, tld = (_LABEL, _TLD) if accept_idna else (_ASCII_LABEL, _ASCII_TLD)
        self.accept_idna = accept_idna
        super().__init__(rf"^(?:{label}\.)+{tld}\.?\Z", message=message, code=code, flags=re.IGNORECASE)

    def __call__(self, value: Any) -> None:
        if not isinstance(value, str) or len(value) > self.max_length:
            raise ValidationError(self.message, code=self.code, params={"value": value})
        if not self.accept_idna and not value.isascii():
            raise ValidationError(self.message, code=self.code, params={"value": value})
        super().__call__(value)


class URLValidator(RegexValidator):
    """An absolute URL of one of `schemes`: host name, `localhost` or IP address, port, path, query and fragment."""

    message = "Enter a valid URL."
    schemes: Collection[str] = ("http", "https", "ftp", "ftps")
    max_length = 2048
    unsafe_chars = frozenset("\t\r\n")

    def __init__(self, schemes: Collection[str] | None = None, **options: Any) -> None:
        octet = r"(?:0|25[0-5]|2[0-4][0-9]|1[0-9]{0,2}|[1-9][0-9]?)"
        host = rf"(?:(?:{_LABEL}\.)+{_TLD}\.?|localhost)"
        super().__init__(
            r"^[a-z0-9.+-]*://"
            r"(?:[^\s:@/]+(?::[^\s:@/]*)?@)?"
            rf"(?:{octet}(?:\.{octet}){{3}}|\[[0-9a-f:.]+\]|{host})"
            r"(?::[0-9]{1,5})?"
            r"(?:[/?#][^\s]*)?\Z",
            flags=re.IGNORECASE,
            **options,
        )
        if schemes is not None:
            self.schemes = schemes

    def __call__(self, value: Any) -> None:
        error = ValidationError(self.message, code=self.code, params={"value": value})
        if not isinstance(value, str) or len(value) > self.max_length or self.unsafe_chars.intersection(value):
            raise error
        if value.split("://", 1)[0].lower() not in self.schemes:
            raise error
        try:
            parts = urlsplit(value)
        except ValueError:
            raise error from None
        super().__call__(value)
        if parts.hostname is None or len(parts.hostname) > 253:
            raise error
        if (literal := re.search(r"^\[(.+)\](?::[0-9]{1,5})?\Z", parts.netloc.rpartition("@")[2])) is not None:
            try:
                validate_ipv6_address(literal[1])
            except ValidationError:
                raise error from None


integer_validator = RegexValidator(r"^-?\d+\Z", message="Enter a valid integer.", code="invalid")


def validate_integer(value: Any) -> None:
    """The text must read as a whole number."""
    integer_validator(value)


class EmailValidator(Deconstructible):
    """An e-mail address of at most 320 characters; a host in `allowlist` needs no dot."""

    message = "Enter a valid email address."
    code = "invalid"
    allowlist: Collection[str] = ("localhost",)

    @cached_property
    def user_regex(self) -> re.Pattern[str]:
        return re.compile(
            # atoms with dots between them, or a quoted string
            r"^(?:[-!#$%&'*+/=?^_`{}|~0-9A-Z]+(?:\.[-!#$%&'*+/=?^_`{}|~0-9A-Z]+)*"
            r'|"(?:[\x01-\x08\x0b\x0c\x0e-\x1f!#-\[\]-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*")\Z',
            re.IGNORECASE,
        )

    @cached_property
    def domain_regex(self) -> re.Pattern[str]:
        return re.compile(rf"^(?:{_LABEL}\.)+{_TLD}\Z", re.IGNORECASE)

    @cached_property
    def literal_regex(self) -> re.Pattern[str]:
        return re.compile(r"^\[([a-f0-9:.]+)\]\Z", re.IGNORECASE)

    def __init__(
        self, message: str | None = None, code: str | None = None, allowlist: Collection[str] | None = None
    ) -> None:
        if message is not None:
            self.message = message
        if code is not None:
            self.code = code
        if allowlist is not None:
            self.allowlist = allowlist

    def __call__(self, value: Any) -> None:
        error = ValidationError(self.message, code=self.code, params={"value": value})
        if not value or "@" not in value or len(value) > 320:
            raise error
        user, _, domain = value.rpartition("@")
        if not self.user_regex.match(user):
            raise error
        if domain not in self.allowlist and not self.validate_domain_part(domain):
            raise error

    def validate_domain_part(self, domain: str) -> bool:
        if self.domain_regex.match(domain):
            return True
        literal = self.literal_regex.match(domain)
        if literal is None:
            return False
        try:
            validate_ipv46_address(literal[1])
        except ValidationError:
            return False
        return True

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, EmailValidator)
            and set(self.allowlist) == set(other.allowlist)
            and self.message == other.message
            and self.code == other.code
        )

    def __hash__(self) -> int:
        return hash((self.message, self.code))


validate_email = EmailValidator()
validate_domain_name = DomainNameValidator()

validate_slug = RegexValidator(
    r"^[-a-zA-Z0-9_]+\Z",
    "Enter a valid slug: letters, numbers, underscores and hyphens.",
    "invalid",
)
validate_unicode_slug = RegexValidator(
    r"^[-\w]+\Z",
    "Enter a valid slug: Unicode letters, numbers, underscores and hyphens.",
    "invalid",
)


def validate_ipv4_address(value: Any) -> None:
    """An IPv4 address in dotted form."""
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        raise _not_an_address("IPv4", value) from None


def validate_ipv6_address(value: Any) -> None:
    """An IPv6 address."""
    if not is_ipv6_address(value):
        raise _not_an_address("IPv6", value)


def validate_ipv46_address(value: Any) -> None:
    """An IPv4 or IPv6 address."""
    try:
        validate_ipv4_address(value)
    except ValidationError:
        if not is_ipv6_address(value):
            raise _not_an_address("IPv4 or IPv6", value) from None


def is_ipv6_address(value: Any) -> bool:
    try:
        ipaddress.IPv6Address(value)
    except ValueError:
        return False
    return True


def _not_an_address(kind: str, value: Any) -> ValidationError:
    return ValidationError(
        "Enter a valid %(protocol)s address.", code="invalid", params={"protocol": kind, "value": value}
    )


def ip_address_validators(protocol: str, unpack_ipv4: bool) -> list[Callable[[Any], None]]:
    """The validators for `protocol` ("both", "ipv4" or "ipv6", in any case); ValueError for another."""
    if protocol != "both" and unpack_ipv4:
        raise ValueError(f"unpack_ipv4 needs protocol='both', not {protocol!r}.")
    known: dict[str, list[Callable[[Any], None]]] = {
        "both": [validate_ipv46_address],
        "ipv4": [validate_ipv4_address],
        "ipv6": [validate_ipv6_address],
    }
    try:
        return known[protocol.lower()]
    except KeyError:
        raise ValueError(f"The protocol {protocol!r} is unknown; there are: {', '.join(known)}.") from None


def int_list_validator(
    sep: str = ",", message: str | None = None, code: str = "invalid", allow_negative: bool = False
) -> RegexValidator:
    """A validator for whole numbers with `sep` between them."""
    sign = "(?:-)?" if allow_negative else ""
    separator = re.escape(sep)
    return RegexValidator(
        rf"^{sign}\d+(?:{separator}{sign}\d+)*\Z",
        message=message or "Enter only digits separated by commas.",
        code=code,
    )


validate_comma_separated_integer_list = int_list_validator(message="Enter only digits separated by commas.")


class BaseValidator(Deconstructible):
    """Compares what `clean` makes of the value with a limit, which may be a callable; subclasses say how."""

    message = "Ensure this value is %(limit_value)s (it is %(show_value)s)."
    code = "limit_value"

    def __init__(self, limit_value: Any, message: str | None = None) -> None:
        self.limit_value = limit_value
        if message:
            self.message = message

    def __call__(self, value: Any) -> None:
        cleaned = self.clean(value)
        limit = self.limit_value() if callable(self.limit_value) else self.limit_value
        if self.compare(cleaned, limit):
            params = {"limit_value": limit, "show_value": cleaned, "value": value}
            raise ValidationError(self.message, code=self.code, params=params)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, self.__class__):
            return NotImplemented
        return self.limit_value == other.limit_value and self.message == other.message and self.code == other.code

    def __hash__(self) -> int:
        return hash((type(self), self.message, self.code))

    def compare(self, a: Any, b: Any) -> bool:
        """Whether the cleaned value `a` breaks the limit `b`."""
        return a is not b

    def clean(self, x: Any) -> Any:
        return x


class MaxValueValidator(BaseValidator):
    """At most the limit."""

    message = "Ensure this value is at most %(limit_value)s."
    code = "max_value"

    def compare(self, a: Any, b: Any) -> bool:
        return bool(a > b)


class MinValueValidator(BaseValidator):
    """At least the limit."""

    message = "Ensure this value is at least %(limit_value)s."
    code = "min_value"

    def compare(self, a: Any, b: Any) -> bool:
        return bool(a < b)


class StepValueValidator(BaseValidator):
    """A whole number of steps of the limit's size from `offset`, which is zero unless given."""

    message = "Ensure this value is a multiple of step size %(limit_value)s."
    code = "step_size"

    def __init__(self, limit_value: Any, message: str | None = None, offset: Any = None) -> None:
        super().__init__(limit_value, message)
        self.offset = offset
        if offset is not None:
            self.message = message or "Ensure this value is %(offset)s plus a multiple of step size %(limit_value)s."

    def __call__(self, value: Any) -> None:
        limit = self.limit_value() if callable(self.limit_value) else self.limit_value
        if self.compare(value, limit):
            params = {"limit_value": limit, "offset": self.offset, "show_value": value, "value": value}
            raise ValidationError(self.message, code=self.code, params=params)

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other) is True and self.offset == getattr(other, "offset", None)

    def __hash__(self) -> int:
        return super().__hash__()

    def compare(self, a: Any, b: Any) -> bool:
        distance = a if self.offset is None else a - self.offset
        return not math.isclose(math.remainder(distance, b), 0, abs_tol=1e-9)


class MinLengthValidator(BaseValidator):
    """At least as long as the limit."""

    message = "Ensure this value has at least %(limit_value)d characters (it has %(show_value)d)."
    code = "min_length"

    def compare(self, a: Any, b: Any) -> bool:
        return bool(a < b)

    def clean(self, x: Any) -> int:
        return len(x)


class MaxLengthValidator(BaseValidator):
    """At most as long as the limit."""

    message = "Ensure this value has at most %(limit_value)d characters (it has %(show_value)d)."
    code = "max_length"

    def compare(self, a: Any, b: Any) -> bool:
        return bool(a > b)

    def clean(self, x: Any) -> int:
        return len(x)


class DecimalValidator(Deconstructible):
    """No more digits than the column keeps: in all, behind the point, and before it."""

    messages = {
        "invalid": "Enter a number.",
        "max_digits": "Ensure that there are no more than %(max)s digits in total.",
        "max_decimal_places": "Ensure that there are no more than %(max)s decimal places.",
        "max_whole_digits": "Ensure that there are no more than %(max)s digits before the decimal point.",
    }

    def __init__(self, max_digits: int | None, decimal_places: int | None) -> None:
        self.max_digits = max_digits
        self.decimal_places = decimal_places

    def __call__(self, value: Decimal) -> None:
        _, digits, exponent = value.as_tuple()
        if not isinstance(exponent, int):  # NaN and the infinities
            raise ValidationError(self.messages["invalid"], code="invalid", params={"value": value})
        if exponent >= 0:
            total = len(digits) + exponent if digits != (0,) else 1
            decimals = 0
        else:
            decimals = -exponent
            total = max(len(digits), decimals)
        whole = total - decimals
        if self.max_digits is not None and total > self.max_digits:
            raise self._error("max_digits", self.max_digits, value)
        if self.decimal_places is not None and decimals > self.decimal_places:
            raise self._error("max_decimal_places", self.decimal_places, value)
        if self.max_digits is not None and self.decimal_places is not None:
            most = self.max_digits - self.decimal_places
            if whole > most:
                raise self._error("max_whole_digits", most, value)

    def _error(self, code: str, limit: int, value: Decimal) -> ValidationError:
        return ValidationError(self.messages[code], code=code, params={"max": limit, "value": value})

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, self.__class__)
            and self.max_digits == other.max_digits
            and self.decimal_places == other.decimal_places
        )

    def __hash__(self) -> int:
        return hash((self.max_digits, self.decimal_places))


class FileExtensionValidator(Deconstructible):
    """The file's name must end in one of `allowed_extensions`, without regard to case."""

    message = "The extension '%(extension)s' is not allowed. Allowed are: %(allowed_extensions)s."
    code = "invalid_extension"

    def __init__(
        self,
        allowed_extensions: Iterable[str] | None = None,
        message: str | None = None,
        code: str | None = None,
    ) -> None:
        self.allowed_extensions = None if allowed_extensions is None else [item.lower() for item in allowed_extensions]
        if message is not None:
            self.message = message
        if code is not None:
            self.code = code

    def __call__(self, value: Any) -> None:
        extension = Path(value.name).suffix[1:].lower()
        if self.allowed_extensions is not None and extension not in self.allowed_extensions:
            allowed = ", ".join(self.allowed_extensions)
            params = {"extension": extension, "allowed_extensions": allowed, "value": value}
            raise ValidationError(self.message, code=self.code, params=params)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, self.__class__)
            and set(self.allowed_extensions or ()) == set(other.allowed_extensions or ())
            and self.message == other.message
            and self.code == other.code
        )

    def __hash__(self) -> int:
        return hash((self.message, self.code))


def get_available_image_extensions() -> list[str]:
    """The extensions of the image formats that Pillow reads; none without Pillow."""
    try:
        from PIL import Image  # noqa: PLC0415 - optional, and slow to import
    except ImportError:
        return []
    Image.init()
    return [extension.lower()[1:] for extension in Image.EXTENSION]


def validate_image_file_extension(value: Any) -> None:
    """The file's name must end in the extension of an image format."""
    FileExtensionValidator(allowed_extensions=get_available_image_extensions())(value)


class ProhibitNullCharactersValidator(Deconstructible):
    """No NUL characters, which some databases cannot store in text."""

    message = "Null characters are not allowed."
    code = "null_characters_not_allowed"

    def __init__(self, message: str | None = None, code: str | None = None) -> None:
        if message is not None:
            self.message = message
        if code is not None:
            self.code = code

    def __call__(self, value: Any) -> None:
        if "\x00" in str(value):
            raise ValidationError(self.message, code=self.code, params={"value": value})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, self.__class__) and self.message == other.message and self.code == other.code

    def __hash__(self) -> int:
        return hash((self.message, self.code))
