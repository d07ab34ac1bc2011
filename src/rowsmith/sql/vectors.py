"""Vectors: what every database refuses to keep in them."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite


def checked(value: Sequence[float], dimensions: int | None) -> Sequence[float]:
    """The vector; ValueError for another number of dimensions, and for what has no place in a space."""
    if dimensions is not None and len(value) != dimensions:
        raise ValueError(f"The vector has {len(value)} dimensions, not {dimensions}.")
    if not value:
        raise ValueError("A vector has at least one dimension.")
    if not all(map(isfinite, value)):
        raise ValueError("A vector holds no infinity and no NaN.")
    return value
