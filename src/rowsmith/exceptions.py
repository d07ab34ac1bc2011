"""The errors that rowsmith raises: of databases (PEP 249), of queries, of set-up and of validation."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rowsmith.imports import Later

if TYPE_CHECKING:
    import difflib
else:
    difflib = Later("difflib")

NON_FIELD_ERRORS = "__all__"
"""The key under which `ValidationError.message_dict` lists what belongs to no single field."""

# --- objects --------------------------------------------------------------------------------------------


class ObjectDoesNotExist(Exception):
    """The row that was asked for does not exist; every model has its own subclass as `Model.DoesNotExist`."""


class MultipleObjectsReturned(Exception):
    """More rows than the one asked for; every model has its own as `Model.MultipleObjectsReturned`."""


class ObjectNotUpdated(Exception):
    """An UPDATE that had to change a row changed none; every model has its own as `Model.NotUpdated`."""


# --- queries --------------------------------------------------------------------------------------------


class FieldDoesNotExist(Exception):
    """A model has no field of that name."""


class FieldError(Exception):
    """A field or lookup cannot be used the way it was."""


class UnknownName(FieldError, TypeError):
    """A name that nothing answers to; a TypeError too, as for any unknown keyword."""


class SubqueryColumns(FieldError, TypeError, ValueError):
    """A queryset stands where one column is asked for and selects several."""


class FieldFetchBlocked(FieldError):
    """A field or relation was not loaded and the fetch mode forbids loading it now."""


class EmptyResultSet(Exception):
    """A condition that no row can meet. Never leaves the library's public calls."""


class FullResultSet(Exception):
    """A condition that every row meets. Never leaves the library's public calls."""


# --- set-up ---------------------------------------------------------------------------------------------


class ImproperlyConfigured(Exception):
    """The configuration is missing, contradicts itself or has a key that does not exist."""


class AppRegistryNotReady(Exception):
    """Models were asked for before they could be known."""


class ConnectionDoesNotExist(Exception):
    """No database of that alias is configured."""


class SuspiciousOperation(Exception):
    """A value that only makes sense as an attack."""


class SuspiciousFileOperation(SuspiciousOperation):
    """A file name that leads out of the folder it belongs in."""


class SynchronousOnlyOperation(Exception):
    """Plain code that would wait for the database, called where it would block a running event loop."""


class LazyLoadInAsync(SynchronousOnlyOperation):
    """An attribute that is not loaded was read where loading it would block a running event loop."""


# --- the database (PEP 249) -----------------------------------------------------------------------------


class Error(Exception):
    """Anything that goes wrong between us and the database."""


class InterfaceError(Error):
    """The driver was used in a way it does not allow."""


class DatabaseError(Error):
    """What the database reports. The attributes are set where the server or its message tells them."""

    sqlstate: str | None = None
    """The five-character SQLSTATE; SQLite's have the extended result code's name instead."""
    constraint: str | None = None
    table: str | None = None
    columns: tuple[str, ...] = ()
    model: Any = None
    fields: tuple[Any, ...] = ()


class DataError(DatabaseError):
    """A value the database cannot hold: out of range, of the wrong kind, not representable."""


class OperationalError(DatabaseError):
    """Trouble with the database itself: it is gone, locked, full, or took too long."""


class IntegrityError(DatabaseError):
    """A change that would break a constraint."""


class InternalError(DatabaseError):
    """The database says that its own state is wrong."""


class ProgrammingError(DatabaseError):
    """A statement that cannot work: bad SQL, a missing table, the wrong number of parameters."""


class NotSupportedError(DatabaseError):
    """Something this database cannot do."""


class UniqueViolation(IntegrityError):
    """A row with this key exists already."""


class ForeignKeyViolation(IntegrityError):
    """A reference to a row that does not exist, or the removal of one that is still referred to."""


class NotNullViolation(IntegrityError):
    """NULL in a column that does not take it."""


class CheckViolation(IntegrityError):
    """A row that a CHECK constraint refuses."""


class ExclusionViolation(IntegrityError):
    """A row that conflicts with another under an EXCLUDE constraint."""


class SerializationFailure(OperationalError):
    """This transaction cannot be placed in one order with others; run it again from its start."""


class DeadlockDetected(OperationalError):
    """Two transactions wait for each other and this one has to give way; run it again from its start."""


class LockTimeout(OperationalError):
    """A lock was not to be had in time."""


class QueryCanceled(OperationalError):
    """The statement was cancelled, by request or by a timeout of the server."""


class StatementTimeout(QueryCanceled):
    """A statement took longer than it may, and was ended."""


class DeadlineExceeded(StatementTimeout):
    """The time of a `deadline()` block was over before it was done."""


class ConnectionLost(OperationalError):
    """The connection broke while it was in use; the next statement gets another one."""


class CommitUnknown(ConnectionLost):
    """The connection broke before a COMMIT was answered: all of the transaction was kept, or nothing.

    callbacks:  what `on_commit()` was given in it, with whether it is robust; none of it was called.
    """

    callbacks: tuple[tuple[Any, bool], ...] = ()


class PoolTimeout(OperationalError):
    """All connections of the pool stayed in use for longer than the pool's `timeout`."""


class TransactionManagementError(ProgrammingError):
    """Transaction calls that contradict each other, or a transaction used where it must not be."""


class ProtectedError(IntegrityError):
    """A delete that `on_delete=PROTECT` refuses; `protected_objects` refer to what was to be deleted."""

    def __init__(self, msg: str, protected_objects: Collection[Any]) -> None:
        self.protected_objects = protected_objects
        super().__init__(msg, protected_objects)


class RestrictedError(IntegrityError):
    """A delete that `on_delete=RESTRICT` refuses; `restricted_objects` refer to what was to be deleted."""

    def __init__(self, msg: str, restricted_objects: Collection[Any]) -> None:
        self.restricted_objects = restricted_objects
        super().__init__(msg, restricted_objects)


# --- validation -----------------------------------------------------------------------------------------


class ValidationError(Exception):
    """One message, a list of them, or a mapping of field names to them.

    message: a string (with `%(name)s` places for `params`), another ValidationError, or a list or mapping of
             either, nested as deep as wanted; lists are flattened, mappings keep one flat list per field.
    code:    a short name for the kind of mistake; only kept for a single message.
    params:  values for the places in a single message; filled in when the message is read.

    A single error has `message`, `code` and `params`, and is its own `error_list`; a list has
    `error_list`; a mapping has `error_dict`.
    """

    message: Any
    code: str | None
    params: Mapping[str, Any] | None
    error_list: list[ValidationError]
    error_dict: dict[str, list[ValidationError]]

    def __init__(
        self, message: Any, code: str | None = None, params: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message, code, params)
        if isinstance(message, ValidationError):
            if hasattr(message, "error_dict"):
                message = message.error_dict
            elif hasattr(message, "message"):
                message, code, params = message.message, message.code, message.params
            else:
                message = message.error_list
        if isinstance(message, Mapping):
            self.error_dict = {field: list(_single_errors(errors)) for field, errors in message.items()}
        elif isinstance(message, list | tuple | set | frozenset):
            self.error_list = [error for item in message for error in _single_errors(item)]
        else:
            self.message, self.code, self.params = message, code, params
            self.error_list = [self]

    @property
    def message_dict(self) -> dict[str, list[str]]:
        """Texts by field name; AttributeError unless the error was made from a mapping."""
        return {field: [error._text() for error in errors] for field, errors in self.error_dict.items()}

    @property
    def messages(self) -> list[str]:
        """Every text, whatever the error was made from."""
        return [error._text() for error in _single_errors(self)]

    def update_error_dict(
        self, error_dict: dict[str, list[ValidationError]]
    ) -> dict[str, list[ValidationError]]:
        """Add these errors to `error_dict`, what belongs to no field under NON_FIELD_ERRORS; return it."""
        if hasattr(self, "error_dict"):
            for field, errors in self.error_dict.items():
                error_dict.setdefault(field, []).extend(errors)
        else:
            error_dict.setdefault(NON_FIELD_ERRORS, []).extend(self.error_list)
        return error_dict

    def __iter__(self) -> Iterator[Any]:
        """Pairs of field and texts when made from a mapping, else the texts."""
        if hasattr(self, "error_dict"):
            yield from self.message_dict.items()
        else:
            yield from self.messages

    def __str__(self) -> str:
        if hasattr(self, "error_dict"):
            return repr(self.message_dict)
        return repr(self.messages)

    def __repr__(self) -> str:
        return f"ValidationError({self})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ValidationError):
            return NotImplemented
        return bool(self._identity() == other._identity())

    def __hash__(self) -> int:
        return hash(self._identity())

    def _text(self) -> str:
        message = str(self.message)
        return message % self.params if self.params else message

    def _identity(self) -> Any:
        """What equality compares: the order of a list or mapping does not count."""
        if hasattr(self, "error_dict"):
            return frozenset((field, _bag(errors)) for field, errors in self.error_dict.items())
        if hasattr(self, "message"):
            return (str(self.message), self.code, _hashable(self.params))
        return _bag(self.error_list)


def _single_errors(errors: Any) -> Iterable[ValidationError]:
    """The single errors in a string, an error, or any nesting of lists and mappings of them."""
    error = errors if isinstance(errors, ValidationError) else ValidationError(errors)
    if hasattr(error, "error_dict"):
        return [single for group in error.error_dict.values() for single in group]
    return error.error_list


def _bag(errors: Iterable[ValidationError]) -> tuple[Any, ...]:
    return tuple(sorted((error._identity() for error in errors), key=repr))


def _hashable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return tuple(sorted(((key, _hashable(item)) for key, item in value.items()), key=repr))
    if isinstance(value, set | frozenset):
        return tuple(sorted((_hashable(item) for item in value), key=repr))
    if isinstance(value, list | tuple):
        return tuple(_hashable(item) for item in value)
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value


# --- did you mean ---------------------------------------------------------------------------------------


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` was most likely meant to be, for error messages."""
    close = difflib.get_close_matches(str(name), list(known), n=1)
    return close[0] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence with a leading blank that offers the nearest known name, or nothing."""
    name_found = nearest(name, known)
    return f" Did you mean {name_found!r}?" if name_found is not None else ""
