"""Aggregates that SQLite lacks, in Python, for groups and for windows; NULLs do not count.

Python asks a window function for its value even when its frame had no row yet, and crashes the process. So windows have
names of their own for it, which only a renderer that knows the frame may use.
"""

from __future__ import annotations

import functools
import math
import operator
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from sqlite3 import Connection


class Collected:
    """Keeps the rows of a group, or of a window's frame as it moves, until their value is asked for."""

    compute: ClassVar[Callable[[Sequence[Any]], Any]]

    def __init__(self) -> None:
        self.rows: deque[Any] = deque()

    def step(self, value: Any) -> None:
        """One more row."""
        if value is not None:
            self.rows.append(value)

    def inverse(self, value: Any) -> None:
        """The frame has left its first row behind."""
        if value is not None:
            self.rows.popleft()

    def value(self) -> Any:
        """What the rows come to; NULL for none."""
        return type(self).compute(self.rows) if self.rows else None

    def finalize(self) -> Any:
        return self.value()


def _aggregate(function: Callable[[Sequence[Any]], Any]) -> type[Collected]:
    return type("Aggregate", (Collected,), {"compute": staticmethod(function)})


def _variance(values: Sequence[Any], less: int) -> float | None:
    count = len(values) - less
    if count < 1:
        return None
    # Measured from one of them, equal numbers have no variance at all, whatever their sum is rounded to.
    distances = [float(value) - values[0] for value in values]
    mean = math.fsum(distances) / len(distances)
    return math.fsum([(distance - mean) ** 2 for distance in distances]) / count


def _deviation(values: Sequence[Any], less: int) -> float | None:
    variance = _variance(values, less)
    return None if variance is None else math.sqrt(variance)


class Joined:
    """Texts in an order: each row is a text, a delimiter and a sort key for each letter in `order`.

    order:  for each key, `<` or `>` for the direction, and `f` or `l` for where NULLs go; a first `d` for different
            texts only.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, tuple[Any, ...]]] = []
        self.order = ""

    def step(self, order: str, text: Any, delimiter: Any, *keys: Any) -> None:
        """One more row."""
        self.order = order
        if text is not None:
            self.rows.append((str(text), "" if delimiter is None else str(delimiter), keys))

    def finalize(self) -> str | None:
        """The texts, joined; NULL for none."""
        rows = self.rows
        order = self.order.removeprefix("d")
        # The last key first: sorting keeps rows that are equal in the order they have.
        for number in reversed(range(len(order) // 2)):
            descending, nulls_first = order[2 * number] == ">", order[2 * number + 1] == "f"
            rows.sort(key=lambda row: _rank(row[2][number]), reverse=descending)
            rows.sort(key=lambda row: (row[2][number] is None) is not nulls_first)
        if self.order.startswith("d"):
            rows = list({row[0]: row for row in reversed(rows)}.values())[::-1]
        if not rows:
            return None
        return rows[0][0] + "".join([delimiter + text for text, delimiter, _ in rows[1:]])


def _rank(value: Any) -> tuple[int, Any]:
    """A sort key that orders values of different types as SQLite does."""
    if value is None:
        return (0, 0)
    return (1, value) if isinstance(value, int | float) else (2, value) if isinstance(value, str) else (3, value)


OVER = "ROWSMITH_OVER_"
"""What the names of aggregates begin with that are computed over windows."""

AGGREGATES: dict[str, type[Any]] = {
    "STDDEV_POP": _aggregate(functools.partial(_deviation, less=0)),
    "STDDEV_SAMP": _aggregate(functools.partial(_deviation, less=1)),
    "VAR_POP": _aggregate(functools.partial(_variance, less=0)),
    "VAR_SAMP": _aggregate(functools.partial(_variance, less=1)),
    "BIT_AND": _aggregate(functools.partial(functools.reduce, operator.and_)),
    "BIT_OR": _aggregate(functools.partial(functools.reduce, operator.or_)),
    "BIT_XOR": _aggregate(functools.partial(functools.reduce, operator.xor)),
}
"""The aggregates of one argument by their names."""


def register(connection: Connection) -> None:
    """Make every aggregate of this module known to one raw connection."""
    joined: type[Any] = Joined
    connection.create_aggregate("ROWSMITH_STRING_AGG", -1, joined)
    for name, aggregate in AGGREGATES.items():
        connection.create_aggregate(name, 1, aggregate)
        connection.create_window_function(OVER + name, 1, aggregate)
