"""The errors of psycopg as ours, with what the server tells about constraint, table and columns."""

from __future__ import annotations

import re

import psycopg

from rowsmith import exceptions as ours

DRIVER_ERRORS = (psycopg.Error, OverflowError, UnicodeEncodeError)
"""What binding and running can raise. The last two come from values that PostgreSQL has no form for."""

_BY_CLASS: tuple[tuple[type[Exception], type[ours.Error]], ...] = (
    (psycopg.IntegrityError, ours.IntegrityError),
    (psycopg.OperationalError, ours.OperationalError),
    (psycopg.DataError, ours.DataError),
    (psycopg.NotSupportedError, ours.NotSupportedError),
    (psycopg.ProgrammingError, ours.ProgrammingError),
    (psycopg.InternalError, ours.InternalError),
    (psycopg.InterfaceError, ours.InterfaceError),
    (OverflowError, ours.DataError),
    (UnicodeEncodeError, ours.DataError),
)

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_BY_STATE: dict[str, type[ours.DatabaseError]] = {
    "23505": ours.UniqueViolation,
    "23503": ours.ForeignKeyViolation,
    "23502": ours.NotNullViolation,
    "23514": ours.CheckViolation,
    "23P01": ours.ExclusionViolation,
    "40001": ours.SerializationFailure,
    "40P01": ours.DeadlockDetected,
    "55P03": ours.LockTimeout,
    "57014": ours.QueryCanceled,
    "57P01": ours.ConnectionLost,
    "57P02": ours.ConnectionLost,
    "57P05": ours.ConnectionLost,
    "25P03": ours.ConnectionLost,
    "25P04": ours.ConnectionLost,
}

_KEY = re.compile(r"\((?P<columns>[^=]*)\)=\(")


def mapped(error: Exception, *, broken: bool) -> ours.Error:
    """Our error for the driver's, to be raised from it; `broken` says that the connection is gone."""
    state = getattr(error, "sqlstate", None)
    kind: type[ours.Error] | None = _BY_STATE.get(state) if state else None
    if kind is None and broken and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        kind = ours.ConnectionLost
    if kind is None:
        kind = next((target for source, target in _BY_CLASS if isinstance(error, source)), ours.DatabaseError)
    if kind is ours.QueryCanceled and "statement timeout" in str(error):
        kind = ours.StatementTimeout
    result = kind(str(error))
    if isinstance(result, ours.DatabaseError):
        result.sqlstate = state
        if isinstance(error, psycopg.Error):
            _describe(result, error.diag)
    return result


def _describe(error: ours.DatabaseError, told: psycopg.errors.Diagnostic) -> None:
    error.constraint = told.constraint_name
    error.table = told.table_name
    if told.column_name:
        error.columns = (told.column_name,)
    elif isinstance(error, ours.IntegrityError) and (key := _KEY.search(told.message_detail or "")):
        names = key["columns"]
        if "(" not in names:  # not the key of an index on expressions
            error.columns = tuple(name.strip('"') for name in names.split(", "))
