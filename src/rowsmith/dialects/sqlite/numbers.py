"""Functions of numbers that SQLite lacks, or was built without, in Python; NULL in, NULL out."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlite3 import Connection

Function = Callable[..., Any]


def _of_numbers(function: Function) -> Function:
    """`function` of floating-point numbers; NULL for NULL, and as SQLite does for what it is not defined for."""

    def calculated(*values: Any) -> Any:
        if None in values:
            return None
        try:
            return function(*map(float, values))
        except (ValueError, ZeroDivisionError):
            return None

    return calculated


def _power(base: float, exponent: float) -> float | None:
    result = base**exponent
    return None if isinstance(result, complex) else result


_NUMBERS: tuple[tuple[str, int, Function], ...] = (
    ("ACOS", 1, math.acos),
    ("ASIN", 1, math.asin),
    ("ATAN", 1, math.atan),
    ("ATAN2", 2, math.atan2),
    ("CEILING", 1, math.ceil),
    ("COS", 1, math.cos),
    ("COT", 1, lambda x: 1 / math.tan(x)),
    ("DEGREES", 1, math.degrees),
    ("EXP", 1, math.exp),
    ("FLOOR", 1, math.floor),
    ("LN", 1, math.log),
    ("LOG", 2, lambda base, x: math.log(x, base)),
    ("MOD", 2, math.fmod),
    ("PI", 0, lambda: math.pi),
    ("POWER", 2, _power),
    ("RADIANS", 1, math.radians),
    ("SIGN", 1, lambda x: (x > 0) - (x < 0)),
    ("SIN", 1, math.sin),
    ("SQRT", 1, math.sqrt),
    ("TAN", 1, math.tan),
)


def missing(connection: Connection) -> tuple[tuple[str, int, Function], ...]:
    """The functions that the SQLite in use was built without."""
    return _missing(frozenset(_built_in(connection)))


_known: list[frozenset[str]] = []


def _built_in(connection: Connection) -> frozenset[str]:
    # Asked once: all connections of a process use the same library.
    if not _known:
        rows = connection.execute("SELECT DISTINCT name FROM pragma_function_list WHERE builtin")
        _known.append(frozenset(name.upper() for (name,) in rows))
    return _known[0]


@cache
def _missing(built_in: frozenset[str]) -> tuple[tuple[str, int, Function], ...]:
    return tuple((name, arity, _of_numbers(function)) for name, arity, function in _NUMBERS if name not in built_in)
