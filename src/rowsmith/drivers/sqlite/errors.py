"""The errors of `sqlite3` as ours, with what SQLite's messages tell about constraint, table and columns."""

from __future__ import annotations

import re
import sqlite3

from rowsmith import exceptions as ours

BINDING_ERRORS = (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeEncodeError)
"""What binding and running can raise. The last two come from values that SQLite has no form for."""

_BY_CLASS: tuple[tuple[type[Exception], type[ours.Error]], ...] = (
    (sqlite3.IntegrityError, ours.IntegrityError),
    (sqlite3.OperationalError, ours.OperationalError),
    (sqlite3.DataError, ours.DataError),
    (sqlite3.NotSupportedError, ours.NotSupportedError),
    (sqlite3.ProgrammingError, ours.ProgrammingError),
    (sqlite3.InternalError, ours.InternalError),
    (sqlite3.DatabaseError, ours.DatabaseError),
    (sqlite3.InterfaceError, ours.InterfaceError),
    (sqlite3.Warning, ours.ProgrammingError),  # "You can only execute one statement at a time" on 3.11
    (OverflowError, ours.DataError),
    (UnicodeEncodeError, ours.DataError),
)

_BY_CODE: dict[str, type[ours.DatabaseError]] = {
    "SQLITE_CONSTRAINT_UNIQUE": ours.UniqueViolation,
    "SQLITE_CONSTRAINT_PRIMARYKEY": ours.UniqueViolation,
    "SQLITE_CONSTRAINT_ROWID": ours.UniqueViolation,
    "SQLITE_CONSTRAINT_NOTNULL": ours.NotNullViolation,
    "SQLITE_CONSTRAINT_CHECK": ours.CheckViolation,
    "SQLITE_CONSTRAINT_FOREIGNKEY": ours.ForeignKeyViolation,
    "SQLITE_BUSY": ours.LockTimeout,
    "SQLITE_BUSY_RECOVERY": ours.LockTimeout,
    "SQLITE_LOCKED": ours.LockTimeout,
    "SQLITE_LOCKED_SHAREDCACHE": ours.LockTimeout,
    # What this transaction has read was changed meanwhile, so waiting longer cannot help it.
    "SQLITE_BUSY_SNAPSHOT": ours.SerializationFailure,
    "SQLITE_INTERRUPT": ours.QueryCanceled,
}

_COLUMNS = re.compile(r"constraint failed: (?P<columns>[^'].*)$")
_INDEX = re.compile(r"constraint failed: index '(?P<index>.*)'$")


def mapped(error: Exception) -> ours.Error:
    """Our error for the driver's, to be raised from it."""
    message = str(error)
    code = getattr(error, "sqlite_errorname", None)
    kind: type[ours.Error] | None = _BY_CODE.get(code) if code else None
    if kind is None:
        kind = next((target for source, target in _BY_CLASS if isinstance(error, source)), ours.DatabaseError)
    result = kind(message)
    if isinstance(result, ours.DatabaseError):
        result.sqlstate = code
        if isinstance(result, ours.IntegrityError):
            _describe(result, message)
    return result


def _describe(error: ours.IntegrityError, message: str) -> None:
    """Messages read `UNIQUE constraint failed: t.a, t.b`, `... index 'name'` or `CHECK constraint failed:
    name`."""
    if index := _INDEX.search(message):
        error.constraint = index["index"]
    elif found := _COLUMNS.search(message):
        if isinstance(error, ours.CheckViolation):
            error.constraint = found["columns"]
            return
        pairs = [name.rpartition(".") for name in found["columns"].split(", ")]
        error.table = pairs[0][0] or None
        error.columns = tuple(column for _, _, column in pairs)
