"""Statements: text with its parameters, ready for a driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL text in a driver's own placeholder style, and the values bound to it in order."""

    text: str
    parameters: tuple[Any, ...] = ()
