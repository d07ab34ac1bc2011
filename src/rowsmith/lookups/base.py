"""Lookup and Transform: what may follow a field's name after a double underscore."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from rowsmith.expressions.base import Resolved
from rowsmith.sql import expressions as sql
from rowsmith.sql import types
from rowsmith.sql.predicates import Predicate


class Unfit(Exception):
    """This value needs another SQL than the shape that it met has; the query is planned for it alone."""


class Given(Protocol):
    """A plain value on the right of a lookup: one of many that will take the same place."""

    value: Any

    def slot(self, prepare: Callable[[Any], Any] | None, type_: types.Type) -> sql.Parameter:
        """A place for what `prepare` makes of the value; it is prepared at each call, and refused there if wrong."""

    def slots(self, prepare: Callable[[Any], Any] | None, type_: types.Type) -> sql.ListParameter:
        """The same for a value that is a list."""


class Lookup:
    """A condition on one expression; `lookup_name` is how it is spelled in a keyword."""

    lookup_name: ClassVar[str]

    def plain(self, left: Resolved, given: Given) -> Predicate:
        """The condition against a plain value."""
        raise NotImplementedError

    def expression(self, left: Resolved, right: Resolved) -> Predicate:
        """The condition against another expression."""
        raise NotImplementedError


class Transform:
    """A function of one expression; `lookup_name` is how it is spelled in a keyword."""

    lookup_name: ClassVar[str]

    def apply(self, operand: Resolved, field_for: Callable[[types.Type], Any]) -> Resolved:
        """The transformed expression."""
        raise NotImplementedError

    def lookup(self, name: str) -> Lookup | None:
        """A lookup that has a better form on this transform's operand than on its result, or None."""
        return None


def preparer(field: Any) -> Callable[[Any], Any] | None:
    """What turns a caller's value into one of `field`'s; None when the field is not known."""
    if field is None:
        return None
    prepare: Callable[[Any], Any] = getattr(field, "get_lookup_value", field.get_prep_value)
    return prepare
