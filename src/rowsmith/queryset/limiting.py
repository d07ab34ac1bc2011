"""Querysets whose statements may take a limited time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

from rowsmith.db.limits import statement_timeout


class Timed:
    """Put in front of a queryset class: what asks the database does so within a limit.

    A class of its own, so that querysets without a limit pay nothing for this.
    """

    _timeout: float

    def _with(self, *args: Any) -> Self:
        other: Self = super()._with(*args)  # type: ignore[misc]
        other._timeout = self._timeout
        return other

    def _streamed(self, chunk_size: int) -> Iterator[Any]:
        rows = super()._streamed(chunk_size)  # type: ignore[misc]
        try:
            while True:
                # Only while a row is fetched: what is done with it in between takes no time of ours.
                with statement_timeout(self._timeout):
                    row = next(rows, rows)
                if row is rows:
                    return
                yield row
        finally:
            rows.close()

    def __reduce__(self) -> Any:
        base = type(self).__bases__[1]
        return _restored, (base, self._timeout, self.__getstate__())


def _within(name: str) -> Callable[..., Any]:
    def ask(self: Any, *args: Any, **kwargs: Any) -> Any:
        with statement_timeout(self._timeout):
            return getattr(super(Timed, self), name)(*args, **kwargs)

    ask.__name__ = name
    return ask


for _name in (
    "_load", "count", "exists", "contains", "aggregate", "explain", "create", "get_or_create", "update_or_create",
    "bulk_create", "bulk_update", "update", "delete", "_delete_rows", "in_bulk",
):  # fmt: skip
    setattr(Timed, _name, _within(_name))


_kinds: dict[type, Any] = {}


def _timed(kind: type) -> Any:
    made = _kinds.get(kind)
    if made is not None:
        return made
    made = _kinds[kind] = type(kind.__name__, (Timed, kind), {"__module__": kind.__module__, "__doc__": kind.__doc__})
    # The awaitable twins have to come by here as well.
    made._overridden = True  # type: ignore[attr-defined]
    return made


def timed(queryset: Any, seconds: float) -> Any:
    """The same queryset with a limit; of two limits the smaller one holds."""
    statement_timeout(seconds)  # refuses what is no limit
    plain, kind = queryset.all(), type(queryset)
    other: Any = object.__new__(kind if issubclass(kind, Timed) else _timed(kind))
    for name in _slots(kind):
        setattr(other, name, getattr(plain, name))
    vars(other).update(getattr(plain, "__dict__", {}))
    other._timeout = min(seconds, getattr(queryset, "_timeout", seconds))
    return other


def _slots(kind: type) -> list[str]:
    return [name for base in kind.__mro__ for name in base.__dict__.get("__slots__", ())]


def _restored(base: type, seconds: float, state: dict[str, Any]) -> Any:
    queryset: Any = object.__new__(_timed(base))
    queryset._timeout = seconds
    queryset.__setstate__(state)
    return queryset
