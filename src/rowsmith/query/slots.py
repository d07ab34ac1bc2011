"""Slots: the places in a query's values, and how a caller's values are prepared for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rowsmith.lookups.base import Unfit
from rowsmith.sql import expressions as sql
from rowsmith.sql.types import Type

Preparer = Callable[[Any], Any]


class Given:
    """One plain value of the call that is being resolved; implements `lookups.base.Given`."""

    __slots__ = ("_index", "_slots", "value")

    def __init__(self, slots: Slots, index: int, value: Any) -> None:
        self._slots = slots
        self._index = index
        self.value = value

    def unfit(self) -> None:
        self._slots.unfit = True

    def slot(self, prepare: Preparer | None, type_: Type) -> sql.Parameter:
        return sql.Parameter(self._slots.allocate(self._index, prepare, self.value), type=type_)

    def slots(self, prepare: Preparer | None, type_: Type) -> sql.ListParameter:
        return sql.ListParameter(self._slots.allocate(self._index, prepare, self.value), type=type_)


class Slots:
    """The slots that one call adds to a query of `base` values.

    raw:       the call's plain values, in the order of its fingerprint.
    prepared:  what the statement will bind, one for each slot; a raw value may fill several slots, or none.
    faithful:  whether resolution met the raw values in their order, so that the shape may serve other values too.
    database:  the alias of the database that a queryset among the values is bound to.
    unfit:     whether a value was answered without a slot, so that the shape serves this value alone.
    """

    __slots__ = ("_next", "base", "database", "faithful", "prepared", "raw", "specs", "unfit")

    def __init__(self, raw: Sequence[Any], base: int) -> None:
        self.raw = list(raw)
        self.base = base
        self.specs: list[tuple[int, Preparer | None]] = []
        self.prepared: list[Any] = []
        self.faithful = True
        self.unfit = False
        self.database: str | None = None
        self._next = 0

    def take(self, value: Any) -> Given:
        """The next raw value, which must be `value`."""
        index = self._next
        if index >= len(self.raw) or self.raw[index] is not value:
            self.faithful = False
            index = len(self.raw)
            self.raw.append(value)
        else:
            self._next += 1
        return Given(self, index, value)

    def place_prepared(self, count: int) -> list[int]:
        """Slots for the next `count` raw values, which another query has prepared already."""
        first = self._next
        self._next += count
        return [self.allocate(index, None, self.raw[index]) for index in range(first, self._next)]

    def allocate(self, index: int, prepare: Preparer | None, value: Any) -> int:
        """A new slot for what `prepare` makes of the raw value at `index`."""
        try:
            self.prepared.append(value if prepare is None else prepare(value))
        except Unfit:
            self.unfit = True
            raise
        self.specs.append((index, prepare))
        return self.base + len(self.specs) - 1

    def constant_of(self, slot: int) -> sql.Constant | None:
        """The prepared value of a slot, which the query serves alone from here on; None where it is not known."""
        self.unfit = True
        return sql.Constant(self.prepared[slot - self.base]) if slot >= self.base else None

    def preparation(self) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
        """A function from a later call's raw values to its prepared ones."""
        specs = tuple(self.specs)
        if all(prepare is None for _, prepare in specs) and [i for i, _ in specs] == list(range(len(self.raw))):
            return tuple
        # Calls have one or two values as a rule; written out, these cost half of what the general case does.
        match specs:
            case [(place, only)] if only is not None:
                return lambda raw: (only(raw[place]),)
            case [(place, one), (other, two)] if one is not None and two is not None:
                return lambda raw: (one(raw[place]), two(raw[other]))
        return lambda raw: tuple([raw[index] if prepare is None else prepare(raw[index]) for index, prepare in specs])


_UNKNOWN = object()
"""Stands for what another query has prepared, while only the numbers of slots are asked for."""


class Replay(Slots):
    """Slots that an earlier resolution of the same expression filled; only their numbers are asked for again."""

    __slots__ = ()

    def __init__(self, base: int) -> None:
        super().__init__((), base)

    def take(self, value: Any) -> Given:
        return Given(self, 0, value)

    def place_prepared(self, count: int) -> list[int]:
        return [self.allocate(index, None, _UNKNOWN) for index in range(count)]

    def constant_of(self, slot: int) -> sql.Constant | None:
        found = super().constant_of(slot)
        return None if found is None or found.value is _UNKNOWN else found

    def allocate(self, index: int, prepare: Preparer | None, value: Any) -> int:
        self.prepared.append(value if prepare is None else prepare(value))
        self.specs.append((index, None))
        return self.base + len(self.specs) - 1


class Constants(Slots):
    """No slots at all: values that belong to the model, such as those in Meta.ordering, are bound as they are."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__((), 0)

    def take(self, value: Any) -> Given:
        return _Constant(self, 0, value)


class _Constant(Given):
    __slots__ = ()

    def slot(self, prepare: Preparer | None, type_: Type) -> Any:
        value = self.value if prepare is None else prepare(self.value)
        return sql.Ambient(sql.Constant(value), type=type_)
