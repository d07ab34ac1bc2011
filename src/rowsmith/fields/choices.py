"""Choices: the closed set of values that a field may hold, in all the forms in which a user may write it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import EnumType
from typing import Any, TypeAlias

Pair: TypeAlias = tuple[Any, Any]

BLANK_LABEL = "---------"
BLANK_CHOICE: list[Pair] = [("", BLANK_LABEL)]


def normalize(choices: Any) -> list[Pair]:
    """Turn any accepted form into a list of (value, label) pairs; a group is (name, list of pairs).

    choices:  pairs, a mapping, nested mappings, an enumeration class, or a callable that returns one of these.
    raises:   TypeError when it is none of these.
    """
    if isinstance(choices, type) and issubclass(choices, enum.Enum):
        listed = getattr(choices, "choices", None)
        return list(listed) if listed is not None else [(member.value, member.name) for member in choices]
    if callable(choices):
        return normalize(choices())
    if isinstance(choices, Mapping):
        return [(key, _nested(label)) for key, label in choices.items()]
    if isinstance(choices, str | bytes) or not isinstance(choices, Iterable):
        raise TypeError(f"'choices' takes pairs, a mapping, an enumeration or a callable, not {choices!r}.")
    pairs: list[Pair] = []
    for item in choices:
        if isinstance(item, str | bytes):
            raise TypeError(f"'choices' must hold (value, label) pairs, not {item!r}.")
        try:
            value, label = item
        except (TypeError, ValueError):
            raise TypeError(f"'choices' must hold (value, label) pairs, not {item!r}.") from None
        pairs.append((value, _nested(label)))
    return pairs


def _nested(label: Any) -> Any:
    """A label stays; what reads as pairs is a group, and becomes a list of pairs."""
    if isinstance(label, Mapping) or (isinstance(label, type) and issubclass(label, enum.Enum)):
        return normalize(label)
    if isinstance(label, list | tuple):
        return normalize(label)
    return label


def flatten(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """The pairs of all groups and of none, in order."""
    for value, label in pairs:
        if isinstance(label, list):
            yield from label
        else:
            yield value, label


class LazyChoices:
    """The list that a callable returns, asked for anew at every reading."""

    def __init__(self, source: Callable[[], Any]) -> None:
        self.source = source

    def __iter__(self) -> Iterator[Pair]:
        return iter(normalize(self.source))

    def __len__(self) -> int:
        return len(normalize(self.source))

    def __getitem__(self, index: Any) -> Any:
        return normalize(self.source)[index]

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LazyChoices):
            return self.source == other.source
        return normalize(self.source) == other

    def __hash__(self) -> int:
        return hash(self.source)

    def __repr__(self) -> str:
        return repr(normalize(self.source))


_RESERVED = frozenset({"choices", "labels", "label", "values", "names"})


class ChoicesType(EnumType):
    """Splits a label off each member's value, and offers the class's choices, labels, values and names."""

    def __new__(metacls, classname: str, bases: tuple[type, ...], classdict: Any, **kwds: Any) -> ChoicesType:
        if reserved := _RESERVED.intersection(classdict._member_names):
            raise ValueError(
                f"{classname} cannot have a member named {sorted(reserved)[0]!r}: the class uses that name."
            )
        labels: list[str] = []
        for key in classdict._member_names:
            value = classdict[key]
            if isinstance(value, list | tuple) and len(value) > 1 and isinstance(value[-1], str):
                *value, label = value
                value = tuple(value)
                if len(value) == 1:
                    (value,) = value
            else:
                label = key.replace("_", " ").title()
            labels.append(label)
            # The enumeration's own dictionary refuses a second assignment to the same name.
            dict.__setitem__(classdict, key, value)
        cls = super().__new__(metacls, classname, bases, classdict, **kwds)
        for member, label in zip(_members(cls), labels, strict=True):
            member._label_ = label
        return enum.unique(cls)  # type: ignore[type-var]

    @property
    def names(cls) -> list[str]:
        empty = ["__empty__"] if hasattr(cls, "__empty__") else []
        return empty + [member.name for member in _members(cls)]

    @property
    def choices(cls) -> list[Pair]:
        empty = [(None, cls.__empty__)] if hasattr(cls, "__empty__") else []
        return empty + [(member.value, member.label) for member in _members(cls)]

    @property
    def labels(cls) -> list[str]:
        return [label for _, label in cls.choices]

    @property
    def values(cls) -> list[Any]:
        return [value for value, _ in cls.choices]

    def __contains__(cls, member: object) -> bool:
        if isinstance(member, enum.Enum):
            return super().__contains__(member)
        # A class over a concrete type may refuse to build itself from a foreign value in ways of its own.
        return any(member == known.value for known in _members(cls))


def _members(cls: Any) -> list[Any]:
    return list(cls.__members__.values())


class Choices(enum.Enum, metaclass=ChoicesType):
    """An enumeration whose members carry a label."""

    _label_: str

    @enum.property
    def label(self) -> str:
        return self._label_

    def __str__(self) -> str:
        return str(self.value)

    def __repr__(self) -> str:
        return f"{self.__class__.__qualname__}.{self._name_}"


class IntegerChoices(int, Choices):
    """Choices that are whole numbers."""


class TextChoices(str, Choices):
    """Choices that are text; a member without a value of its own is worth its name."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[Any]) -> str:
        return name
