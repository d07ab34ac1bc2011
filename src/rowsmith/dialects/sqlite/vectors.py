"""Vectors in SQLite: numbers of single precision, one after the other in a blob, and the distances between them."""

from __future__ import annotations

import math
import sys
from array import array
from functools import lru_cache
from operator import mul
from typing import Any

from rowsmith.sql.codec import Codec
from rowsmith.sql.vectors import checked

_SWAPPED = sys.byteorder != "little"


def _read(blob: bytes) -> array[float]:
    found = array("f")
    found.frombytes(blob)
    if _SWAPPED:
        found.byteswap()
    return found


def codec(dimensions: int | None) -> Codec:
    """The codec of vectors; of `dimensions` only, where that is given."""

    def encode(value: Any) -> bytes:
        stored = array("f", checked(value, dimensions))
        if _SWAPPED:
            stored.byteswap()
        return stored.tobytes()

    inline = None if _SWAPPED else "_array('f', {v}).tolist()"
    return Codec(encode=encode, decode=lambda blob: _read(blob).tolist(), inline=inline, names={"_array": array})


# The vector that all rows are compared with is read once.
_cached = lru_cache(maxsize=64)(_read)


def _pair(one: bytes, other: bytes) -> tuple[array[float], array[float]]:
    left, right = _read(one), _cached(other)
    if len(left) != len(right):
        raise ValueError(f"different vector dimensions {len(left)} and {len(right)}")
    return left, right


def l2_distance(one: bytes | None, other: bytes | None) -> float | None:
    """The length of the straight line between two vectors; NULL in, NULL out."""
    if one is None or other is None:
        return None
    return math.dist(*_pair(one, other))


def l1_distance(one: bytes | None, other: bytes | None) -> float | None:
    """The sum of the distances along each dimension."""
    if one is None or other is None:
        return None
    left, right = _pair(one, other)
    return math.fsum([abs(a - b) for a, b in zip(left, right, strict=True)])


def cosine_distance(one: bytes | None, other: bytes | None) -> float | None:
    """One less the cosine of the angle between two vectors; NULL where one of them has no direction."""
    if one is None or other is None:
        return None
    left, right = _pair(one, other)
    lengths = math.sqrt(sum(map(mul, left, left))) * math.sqrt(sum(map(mul, right, right)))
    if not lengths:
        return None
    cosine: float = sum(map(mul, left, right)) / lengths
    return 1.0 - max(-1.0, min(1.0, cosine))


def negative_inner_product(one: bytes | None, other: bytes | None) -> float | None:
    """The inner product with its sign changed."""
    if one is None or other is None:
        return None
    return -math.fsum(map(mul, *_pair(one, other)))


DISTANCES = {
    "<->": "ROWSMITH_L2_DISTANCE",
    "<+>": "ROWSMITH_L1_DISTANCE",
    "<=>": "ROWSMITH_COSINE_DISTANCE",
    "<#>": "ROWSMITH_NEGATIVE_INNER_PRODUCT",
}
"""The functions of the operators between vectors."""

FUNCTIONS = (
    ("ROWSMITH_L2_DISTANCE", 2, l2_distance),
    ("ROWSMITH_L1_DISTANCE", 2, l1_distance),
    ("ROWSMITH_COSINE_DISTANCE", 2, cosine_distance),
    ("ROWSMITH_NEGATIVE_INNER_PRODUCT", 2, negative_inner_product),
)
