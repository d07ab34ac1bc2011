"""Values made of others, as PostgreSQL writes them: arrays, ranges, vectors, and texts by their keys.

They travel to the server as text, which it is told the type of. The driver brings back those that every server has;
what an extension or the user has added comes as text, too.

source: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO, rangetypes.html#RANGETYPES-IO, hstore.html
"""

from __future__ import annotations

import datetime
import decimal
import json
import re
from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rowsmith.dialects.postgresql.arrays import writer
from rowsmith.imports import Later
from rowsmith.sql import types
from rowsmith.sql.codec import Codec
from rowsmith.sql.vectors import checked

if TYPE_CHECKING:
    from psycopg.types import range as ranges
else:
    ranges = Later("psycopg.types.range")

# Arrays

_ITEM = re.compile(r'([{},])|"((?:[^"\\]|\\.)*)"|([^{},"]+)')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def parsed_array(text: str) -> list[Any]:
    """The texts in an array's text, in lists as deep as it has dimensions."""
    outer: list[Any] = []
    stack = [outer]
    for mark, quoted, bare in _ITEM.findall(text[text.index("{") :]):
        if mark == "{":
            stack[-1].append([])
            stack.append(stack[-1][-1])
        elif mark == "}":
            stack.pop()
        elif mark != ",":
            stack[-1].append(None if bare == "NULL" else bare or _ESCAPED.sub(r"\1", quoted))
    [found] = outer
    return found  # type: ignore[no-any-return]


def array_codec(of: types.Type, one: Codec) -> Codec:
    """The codec of arrays of a type with the codec `one`."""
    encode = writer(type(of), one.encode)
    if isinstance(of, types.Array):
        # The driver makes nested lists of it, whose elements the inner codec converts.
        return Codec(encode=encode, decode=None if one.decode is None else _each(one.decode))
    convert = one.decode
    if convert is None and not isinstance(of, types.Extended | types.Custom):
        return Codec(encode=encode)

    def decode(value: Any) -> list[Any]:
        items = parsed_array(value) if isinstance(value, str) else value
        return items if convert is None else _converted(items, convert)

    return Codec(encode=encode, decode=decode)


def _each(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decode(value: Any) -> Any:
        if isinstance(value, str):
            return convert(value)
        return [None if item is None else convert(item) for item in value]

    return decode


def _converted(items: list[Any], convert: Callable[[Any], Any]) -> list[Any]:
    return [
        None if item is None else _converted(item, convert) if isinstance(item, list) else convert(item)
        for item in items
    ]


# Texts by their keys

_PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"=>(?:"((?:[^"\\]|\\.)*)"|NULL)')


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _encode_hstore(value: Any) -> str:
    return ",".join([f"{_quoted(key)}=>{'NULL' if item is None else _quoted(item)}" for key, item in value.items()])


def _decode_hstore(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    found: dict[str, str | None] = {}
    escaped = "\\" in text
    for pair in _PAIR.finditer(text):
        key, item = pair.groups()
        if escaped:
            key = _ESCAPED.sub(r"\1", key)
            item = None if item is None else _ESCAPED.sub(r"\1", item)
        found[key] = item
    return found


HSTORE = Codec(encode=_encode_hstore, decode=_decode_hstore)

# Ranges

_BUILT_IN = frozenset({"int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange"})
_BOUNDS = re.compile(r'([\[(])(?:"((?:[^"\\]|\\.|"")*)"|([^,"]*)),(?:"((?:[^"\\]|\\.|"")*)"|([^\])"]*))([\])])')
_READ: dict[type[types.Type], Callable[[str], Any]] = {
    types.Integer: int,
    types.Float: float,
    types.Decimal: decimal.Decimal,
    types.Date: datetime.date.fromisoformat,
    types.Time: datetime.time.fromisoformat,
    types.DateTime: datetime.datetime.fromisoformat,
}


def range_codec(name: str, of: types.Type, one: Codec) -> Codec:
    """The codec of ranges between values of a type with the codec `one`."""

    def bound(value: Any) -> str:
        if value is None:
            return ""
        if one.encode is not None:
            value = one.encode(value)
        text = value.isoformat() if hasattr(value, "isoformat") else str(value)
        return '"' + text.replace("\\", "\\\\").replace('"', '""') + '"'

    def encode(value: Any) -> str:
        if value.isempty:
            return "empty"
        first, last = value.bounds
        return f"{first}{bound(value.lower)},{bound(value.upper)}{last}"

    if name in _BUILT_IN and one.decode is None:
        return Codec(encode=encode)
    read, convert = _READ.get(type(of), str), one.decode or (lambda value: value)

    def decode(value: Any) -> Any:
        if isinstance(value, str):
            value = _parsed_range(value, read)
        if value.isempty or one.decode is None:
            return value
        lower, upper = (None if item is None else convert(item) for item in (value.lower, value.upper))
        return ranges.Range(lower, upper, value.bounds)

    return Codec(encode=encode, decode=decode)


def _parsed_range(text: str, read: Callable[[str], Any]) -> Any:
    if text == "empty":
        return ranges.Range(empty=True)
    match = _BOUNDS.fullmatch(text)
    assert match is not None, text
    first, quoted_lower, lower, quoted_upper, upper, last = match.groups()

    def value(quoted: str | None, bare: str | None) -> Any:
        if quoted is not None:
            return read(_ESCAPED.sub(r"\1", quoted.replace('""', '"')))
        return read(bare) if bare else None

    return ranges.Range(value(quoted_lower, lower), value(quoted_upper, upper), first + last)


# Vectors


def vector_codec(dimensions: int | None) -> Codec:
    """The codec of vectors, whose text is that of a list of numbers; of `dimensions` only, where that is given."""

    def encode(value: Any) -> str:
        return str(list(checked(value, dimensions)))

    # The shortest decimals that stand for numbers of single precision are read as just those numbers.
    inline = "_array('f', _loads({v})).tolist()"
    return Codec(
        encode=encode,
        decode=lambda text: array("f", json.loads(text)).tolist(),
        inline=inline,
        names={"_array": array, "_loads": json.loads},
    )
