"""Transactions, as users import them: `from rowsmith import transaction`."""

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
from rowsmith.exceptions import TransactionManagementError

__all__ = [
    "Atomic",
    "TransactionManagementError",
    "atomic",
    "clean_savepoints",
    "commit",
    "get_autocommit",
    "get_rollback",
    "mark_for_rollback_on_error",
    "non_atomic_requests",
    "on_commit",
    "rollback",
    "savepoint",
    "savepoint_commit",
    "savepoint_create",
    "savepoint_rollback",
    "set_autocommit",
    "set_rollback",
]
