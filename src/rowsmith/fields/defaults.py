"""Defaults: the markers that stand for a value nobody gave, and for one that the database will give."""

from __future__ import annotations

from typing import Any


class NOT_PROVIDED:
    """Stands for an option that was left out, where None is a value of its own. Used as the class itself."""


class Deferred:
    """The type of `DEFERRED`, which arrives in `from_db` in place of a column that was not loaded."""

    def __repr__(self) -> str:
        return "<Deferred field>"

    def __str__(self) -> str:
        return "<Deferred field>"

    def __reduce__(self) -> str:
        return "DEFERRED"


DEFERRED = Deferred()


class DatabaseDefault:
    """Held by an unsaved instance in place of a column that the database fills in when the row is inserted.

    expression:    the field's `db_default`: a literal, or an expression of functions and literals.
    output_field:  the field that it belongs to.
    """

    __slots__ = ("expression", "output_field")

    def __init__(self, expression: Any, output_field: Any = None) -> None:
        self.expression = expression
        self.output_field = output_field

    def __repr__(self) -> str:
        return f"<DatabaseDefault: {self.expression!r}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DatabaseDefault):
            return NotImplemented
        return bool(self.expression == other.expression)

    def __hash__(self) -> int:
        return hash(DatabaseDefault)
