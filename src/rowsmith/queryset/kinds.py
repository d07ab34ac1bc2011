"""Kinds: the fingerprint of a call, from the names and the kinds of its arguments."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from rowsmith.expressions.combinable import kind_of

PLAIN = frozenset({int, str, float, type(None), Decimal, date, datetime, time, timedelta, UUID, bytes, dict})
"""Types whose values never change the SQL beyond what the type tells."""


def call_key(operation: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Hashable, list[Any]]:
    """The fingerprint of one call, and its plain values in order."""
    raw = list(kwargs.values())
    if not args:
        kinds = tuple(map(type, raw))
        if PLAIN.issuperset(kinds):
            return (operation, *kwargs, *kinds), raw
    values: list[Any] = []
    for name, value in kwargs.items():
        if hasattr(value, "__next__"):
            # An iterator can be read only once, and may be asked for again.
            kwargs[name] = list(value)
    keys = [_argument_key(argument, values) for argument in args]
    keys += [kind_of(value, values) for value in kwargs.values()]
    return (operation, len(args), *kwargs, *keys), values


def _argument_key(argument: Any, values: list[Any]) -> Hashable:
    if isinstance(argument, tuple) and len(argument) == 2:
        return (argument[0], kind_of(argument[1], values))
    return kind_of(argument, values)
