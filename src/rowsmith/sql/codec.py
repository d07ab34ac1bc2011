"""Codecs: how a value of one SQL type travels to a driver and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from json import dumps
from types import MappingProxyType
from typing import Any

from rowsmith.records import Record


class Codec(Record):
    """The two conversions of one type on one database; None means that the driver does it already.

    encode:  a Python value (prepared by its field, never None) to what the driver binds.
    decode:  a driver's value (never None) to the Python value.
    inline:  a Python expression equal to `decode`, with `{v}` for the driver's value, which generated row builders
             paste into their loop; None makes them call `decode`.
    encode_inline:  the same for `encode`, pasted into the functions that take parameters from instances.
    names:   what `inline` and `encode_inline` refer to.
    """

    encode: Callable[[Any], Any] | None = None
    decode: Callable[[Any], Any] | None = None
    inline: str | None = None
    encode_inline: str | None = None
    names: Mapping[str, Any] = MappingProxyType({})


PLAIN = Codec()
"""The codec of a type that needs no conversion either way."""


def text_document(text: str) -> str:
    """The document that a text stands for: the word null is the document null."""
    return text if text == "null" else dumps(text)
