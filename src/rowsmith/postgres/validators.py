"""Validators of values made of others: how many there are, which keys, and what a range covers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from rowsmith.exceptions import ValidationError
from rowsmith.validators import (
    BaseValidator,
    MaxLengthValidator,
    MinLengthValidator,
)


class ArrayMaxLengthValidator(MaxLengthValidator):
    """At most so many items."""

    message = "List contains %(show_value)d items, it should contain no more than %(limit_value)d."


class ArrayMinLengthValidator(MinLengthValidator):
    """At least so many items."""

    message = "List contains %(show_value)d items, it should contain no fewer than %(limit_value)d."


class KeysValidator:
    """The value has all of these keys, and with `strict` no others."""

    messages: ClassVar[dict[str, str]] = {
        "missing_keys": "Some keys were missing: %(keys)s",
        "extra_keys": "Some unknown keys were provided: %(keys)s",
    }

    def __init__(self, keys: Iterable[str], strict: bool = False, messages: Mapping[str, str] | None = None) -> None:
        self.keys = set(keys)
        self.strict = strict
        if messages is not None:
            self.messages = {**self.messages, **messages}  # type: ignore[misc]

    def __call__(self, value: Any) -> None:
        keys = set(value)
        for code, odd in (("missing_keys", self.keys - keys), ("extra_keys", keys - self.keys if self.strict else ())):
            if odd:
                raise ValidationError(self.messages[code], code=code, params={"keys": ", ".join(sorted(odd))})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, KeysValidator):
            return NotImplemented
        return (self.keys, self.messages, self.strict) == (other.keys, other.messages, other.strict)

    def __hash__(self) -> int:
        return hash((frozenset(self.keys), self.strict))

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """The import path and the arguments that build it again."""
        keywords: dict[str, Any] = {"keys": sorted(self.keys)}
        if self.strict:
            keywords["strict"] = True
        if self.messages is not type(self).messages:
            keywords["messages"] = self.messages
        return f"{type(self).__module__}.{type(self).__qualname__}", (), keywords


class RangeMaxValueValidator(BaseValidator):
    """Nothing in the range is above the limit."""

    message = "Ensure that the upper bound of the range is not greater than %(limit_value)s."
    code = "max_value"

    def compare(self, a: Any, b: Any) -> bool:
        return a.upper is None or a.upper > b


class RangeMinValueValidator(BaseValidator):
    """Nothing in the range is below the limit."""

    message = "Ensure that the lower bound of the range is not less than %(limit_value)s."
    code = "min_value"

    def compare(self, a: Any, b: Any) -> bool:
        return a.lower is None or a.lower < b
