"""What happens to the rows that refer to a deleted row: one data object for each choice of `on_delete`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rowsmith.records import Record


class OnDelete(Record):
    """One choice of `on_delete`.

    name:      the constant's name, as it is written in code.
    database:  the action of the SQL clause ON DELETE when the database carries it out, else None.
    """

    name: str
    database: str | None = None

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str:
        return self.name


class SetValue(OnDelete):
    """`SET(...)`: referrers get a value, or what a callable returns at the time of the delete."""

    value: Any = None

    def resolve(self) -> Any:
        """The value to store now."""
        return self.value() if callable(self.value) else self.value

    def __repr__(self) -> str:
        return f"SET({self.value!r})"

    def __reduce__(self) -> Any:
        return SET, (self.value,)


CASCADE = OnDelete("CASCADE")
PROTECT = OnDelete("PROTECT")
RESTRICT = OnDelete("RESTRICT")
SET_NULL = OnDelete("SET_NULL")
SET_DEFAULT = OnDelete("SET_DEFAULT")
DO_NOTHING = OnDelete("DO_NOTHING")
DB_CASCADE = OnDelete("DB_CASCADE", "CASCADE")
DB_SET_NULL = OnDelete("DB_SET_NULL", "SET NULL")
DB_SET_DEFAULT = OnDelete("DB_SET_DEFAULT", "SET DEFAULT")


def SET(value: Any | Callable[[], Any]) -> SetValue:
    """Set referrers to `value`, or to what it returns when it is callable."""
    return SetValue("SET", None, value)
