"""Transactions, as users import them: `from rowsmith import transaction`."""

from rowsmith.db.retrying import arun, run
from rowsmith.db.transactions import (
    Atomic,
    atomic,
    clean_savepoints,
    commit,
    get_autocommit,
    get_rollback,
    mark_for_rollback_on_error,
    non_atomic_requests,
    on_commit,
    rollback,
    savepoint,
    savepoint_commit,
    savepoint_create,
    savepoint_rollback,
    set_autocommit,
    set_rollback,
)
from rowsmith.exceptions import CommitUnknown, TransactionManagementError

__all__ = [
    "Atomic",
    "CommitUnknown",
    "TransactionManagementError",
    "arun",
    "atomic",
    "clean_savepoints",
    "commit",
    "get_autocommit",
    "get_rollback",
    "mark_for_rollback_on_error",
    "non_atomic_requests",
    "on_commit",
    "rollback",
    "run",
    "savepoint",
    "savepoint_commit",
    "savepoint_create",
    "savepoint_rollback",
    "set_autocommit",
    "set_rollback",
]
