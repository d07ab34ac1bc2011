"""SQL types: the vocabulary in which a column says what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Type:
    """What a column or an expression holds; a dialect says how it is spelled, stored and read."""


@dataclass(frozen=True, slots=True)
class Unknown(Type):
    """A type nobody has named: NULL, or an untyped fragment of raw SQL."""


@dataclass(frozen=True, slots=True)
class Boolean(Type):
    """True or false."""


@dataclass(frozen=True, slots=True)
class Integer(Type):
    """A whole number of 16, 32 or 64 bits."""

    bits: int = 32
    unsigned: bool = False


@dataclass(frozen=True, slots=True)
class Serial(Type):
    """A whole number that the database counts up by itself."""

    bits: int = 64


@dataclass(frozen=True, slots=True)
class Float(Type):
    """A double-precision number."""


@dataclass(frozen=True, slots=True)
class Decimal(Type):
    """An exact number of `digits` in all, `places` of them behind the point; None leaves both open."""

    digits: int | None = None
    places: int | None = None


@dataclass(frozen=True, slots=True)
class Text(Type):
    """Text of any length."""

    collation: str | None = None


@dataclass(frozen=True, slots=True)
class Varchar(Type):
    """Text of at most `length` characters; None leaves the length open."""

    length: int | None = None
    collation: str | None = None


@dataclass(frozen=True, slots=True)
class Date(Type):
    """A calendar day."""


@dataclass(frozen=True, slots=True)
class Time(Type):
    """A time of day, to the microsecond."""


@dataclass(frozen=True, slots=True)
class DateTime(Type):
    """An instant, to the microsecond."""


@dataclass(frozen=True, slots=True)
class Duration(Type):
    """A length of time, to the microsecond."""


@dataclass(frozen=True, slots=True)
class Uuid(Type):
    """A universally unique identifier."""


@dataclass(frozen=True, slots=True)
class Binary(Type):
    """Raw bytes."""


@dataclass(frozen=True, slots=True)
class Json(Type):
    """A JSON document; `encoder` and `decoder` are the classes that `json.dumps` and `json.loads` take as `cls`."""

    encoder: Any = None
    decoder: Any = None


@dataclass(frozen=True, slots=True)
class Inet(Type):
    """An IP address, as text in its normal form."""


@dataclass(frozen=True, slots=True)
class Array(Type):
    """Values of one type, in order; bound as one parameter where the database has arrays."""

    of: Type


@dataclass(frozen=True, slots=True)
class Custom(Type):
    """A type whose DDL a user's field spelled out itself."""

    ddl: str


def unsized(type_: Type) -> Type:
    """The type of what is computed from a value of `type_`: results have more digits than their operands."""
    return Decimal() if isinstance(type_, Decimal) else type_
