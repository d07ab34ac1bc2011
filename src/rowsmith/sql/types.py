"""SQL types: the vocabulary in which a column says what it holds."""

from __future__ import annotations

from typing import Any

from rowsmith.records import Record


class Type(Record):
    """What a column or an expression holds; a dialect says how it is spelled, stored and read."""


class Unknown(Type):
    """A type nobody has named: NULL, or an untyped fragment of raw SQL."""


class Boolean(Type):
    """True or false."""


class Integer(Type):
    """A whole number of 16, 32 or 64 bits."""

    bits: int = 32
    unsigned: bool = False


class Serial(Type):
    """A whole number that the database counts up by itself."""

    bits: int = 64


class Float(Type):
    """A double-precision number."""


class Decimal(Type):
    """An exact number of `digits` in all, `places` of them behind the point; None leaves both open."""

    digits: int | None = None
    places: int | None = None


class Text(Type):
    """Text of any length."""

    collation: str | None = None


class Varchar(Type):
    """Text of at most `length` characters; None leaves the length open."""

    length: int | None = None
    collation: str | None = None


class Date(Type):
    """A calendar day."""


class Time(Type):
    """A time of day, to the microsecond."""


class DateTime(Type):
    """An instant, to the microsecond."""


class Duration(Type):
    """A length of time, to the microsecond."""


class Uuid(Type):
    """A universally unique identifier."""


class Binary(Type):
    """Raw bytes."""


class Json(Type):
    """A JSON document; `encoder` and `decoder` are the classes that `json.dumps` and `json.loads` take as `cls`."""

    encoder: Any = None
    decoder: Any = None


class JsonPart(Json):
    """A value within a JSON document, as the database compares such values."""


class JsonText(Type):
    """Text that stands for a document, or with `part` for a value within one; the word null is the document null."""

    part: bool = False


class Inet(Type):
    """An IP address, as text in its normal form."""


class Extended(Type):
    """A type of columns that few databases know."""


class Array(Extended):
    """Values of one type, in order; bound as one parameter where the database has arrays."""

    of: Type
    size: int | None = None


class HStore(Extended):
    """Texts by their keys, which are texts, too; a value may be NULL."""


class Range(Extended):
    """All values of one type between two bounds; `name` is what the database calls the type."""

    name: str
    of: Type


class TextVector(Extended):
    """A text prepared for being searched: its lexemes with their places and weights."""


class TextQuery(Extended):
    """What a prepared text is searched for."""


class Vector(Type):
    """Numbers of single precision, in order; `dimensions` of them, or as many as there are."""

    dimensions: int | None = None


class Computed(Type):
    """A value of type `of` that the database computed, and may return in a wider type than a column of it."""

    of: Type


class Custom(Type):
    """A type whose DDL a user's field spelled out itself."""

    ddl: str


def unsized(type_: Type) -> Type:
    """The type of what is computed from a value of `type_`: results have more digits than their operands."""
    return Decimal() if isinstance(type_, Decimal) else type_
