"""Statements: rendered text, and how a query's values become its parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from rowsmith.records import Record

Binder = Callable[[Sequence[Any]], Sequence[Any]]


class Binding(Record):
    """Where one placeholder's value comes from: a slot of the query's values, or a source asked at each run.

    encode:  turns a value into what the driver binds; None when the driver takes it as it is. NULL is never encoded.
    """

    slot: int | None
    encode: Callable[[Any], Any] | None = None
    source: Callable[[], Any] | None = None


class Statement(Record):
    """SQL text in a driver's own placeholder style, with the bindings of its placeholders in order."""

    text: str
    bindings: tuple[Binding, ...] = ()


def _identity(values: Sequence[Any]) -> Sequence[Any]:
    return values


def binder(bindings: Sequence[Binding], width: int) -> Binder:
    """A function from a query's `width` values to the parameters of its statement, as short as the bindings allow."""
    if all(b.slot is not None and b.encode is None for b in bindings):
        slots = [b.slot for b in bindings]
        if slots == list(range(width)):
            return _identity
        if len(slots) > 1:
            return itemgetter(*slots)
    names: dict[str, Any] = {}
    parts = []
    for number, binding in enumerate(bindings):
        if binding.source is not None:
            names[f"source{number}"] = binding.source
            value = f"source{number}()"
        else:
            value = f"values[{binding.slot}]"
        if binding.encode is not None:
            names[f"encode{number}"] = binding.encode
            value = f"None if (value := {value}) is None else encode{number}(value)"
            value = f"({value})"
        parts.append(value)
    source = "lambda values: (" + "".join(part + ", " for part in parts) + ")"
    function: Binder = eval(source, names)
    return function
