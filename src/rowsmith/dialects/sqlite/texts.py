"""Functions of text that SQLite lacks, in Python; NULL in, NULL out."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def character(value: int | None) -> str | None:
    """The character of a code point."""
    return None if value is None else chr(value)


def order(value: Any) -> int | None:
    """The code point of the first character; 0 for the empty text."""
    if value is None:
        return None
    return ord(_text(value)[0]) if value != "" else 0


def reverse(value: Any) -> str | None:
    """The text from its end to its start."""
    return None if value is None else _text(value)[::-1]


def repeat(value: Any, number: int | None) -> str | None:
    """The text `number` times."""
    return None if value is None or number is None else _text(value) * number


def pad_left(value: Any, length: int | None, fill: Any) -> str | None:
    """The text filled up at its start, or cut at its end."""
    if value is None or length is None or fill is None:
        return None
    text = _text(value)
    return (_text(fill) * length)[: max(length - len(text), 0)] + text[: max(length, 0)]


def pad_right(value: Any, length: int | None, fill: Any) -> str | None:
    """The text filled up, or cut, at its end."""
    if value is None or length is None or fill is None:
        return None
    return (_text(value) + _text(fill) * length)[: max(length, 0)]


def _digest(algorithm: str) -> Callable[[Any], str | None]:
    def digest(value: Any) -> str | None:
        if value is None:
            return None
        octets = value if isinstance(value, bytes) else _text(value).encode()
        return hashlib.new(algorithm, octets, usedforsecurity=False).hexdigest()

    return digest


def log_length(sizes: bytes | None) -> float | None:
    """The binary logarithm of the length of a document, and one, from the numbers of words that FTS5 keeps of it."""
    if sizes is None:
        return None
    total = number = 0
    for octet in sizes:
        number = number << 7 | octet & 0x7F
        if octet < 0x80:
            total += number
            number = 0
    # An empty document fits nothing.
    return math.log2(total + 1) or 1.0


@lru_cache(maxsize=4096)
def word_rank(*counted: float) -> float:
    """What a word counts for a document, as PostgreSQL's ts_rank() has it.

    counted:  for each text, the weight of words in it, and how often the word stands there.

    The heaviest place counts for itself, and each other one by the square of its number.
    """
    total = heaviest = of_heaviest = 0.0
    before = 0
    for weight, count in zip(counted[::2], counted[1::2], strict=True):
        first, before = before + 1, before + int(count)
        for place in range(first, before + 1):
            part = weight / (place * place)
            total += part
            if weight > heaviest:
                heaviest, of_heaviest = weight, part
    return (heaviest + total - of_heaviest) / _OF_ALL_PLACES


_OF_ALL_PLACES = 1.64493406685
"""What 1 + 1/4 + 1/9 and so on comes to."""


FUNCTIONS: tuple[tuple[str, int, Callable[..., Any]], ...] = (
    ("ROWSMITH_CHR", 1, character),
    ("ROWSMITH_ORD", 1, order),
    ("REVERSE", 1, reverse),
    ("ROWSMITH_LOG_LENGTH", 1, log_length),
    ("ROWSMITH_WORD_RANK", -1, word_rank),
    ("REPEAT", 2, repeat),
    ("LPAD", 3, pad_left),
    ("RPAD", 3, pad_right),
    *[(name, 1, _digest(name.lower())) for name in ("MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512")],
)
