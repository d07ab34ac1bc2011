"""Fetch modes: for how many instances a value is loaded that was asked for and is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from rowsmith.exceptions import FieldFetchBlocked

Watcher = Callable[[str, str, Any], None]
"""Told the label of what is loaded, what would load it along with the instances, and the instance."""


class Absent(Protocol):
    """A relation or deferred column that instances may lack.

    label:   `<Model>.<name>`, for messages.
    remedy:  what loads it along with the instances.
    """

    @property
    def label(self) -> str: ...
    @property
    def remedy(self) -> str: ...
    def is_cached(self, instance: Any) -> bool: ...
    def load_one(self, instance: Any) -> Any: ...
    def load_all(self, instances: Sequence[Any]) -> None: ...


class FetchMode:
    """What happens when an instance is asked for something that it lacks."""

    name: str
    has_peers = False

    def fetch(self, absent: Absent, instance: Any) -> None:
        """Load what `instance` lacks, or refuse to."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str:
        return self.name


class _One(FetchMode):
    name = "FETCH_ONE"

    def fetch(self, absent: Absent, instance: Any) -> None:
        noticed(absent.label, absent.remedy, instance)
        absent.load_one(instance)


class _Peers(FetchMode):
    name = "FETCH_PEERS"
    has_peers = True

    def fetch(self, absent: Absent, instance: Any) -> None:
        living = [peer for ref in instance._peers if (peer := ref()) is not None]
        lacking = [peer for peer in living if not absent.is_cached(peer)]
        if len(lacking) > 1:
            absent.load_all(lacking)
        # Alone, or its row is gone: the error that tells is that of loading it by itself.
        if not absent.is_cached(instance):
            absent.load_one(instance)


class _Raise(FetchMode):
    name = "FETCH_RAISE"

    def fetch(self, absent: Absent, instance: Any) -> None:
        raise FieldFetchBlocked(
            f"Fetching of {absent.label} blocked: it was not loaded, and FETCH_RAISE forbids to load it now. "
            f"Add {absent.remedy} to the query."
        )


FETCH_ONE = _One()
"""Load it for the instance alone."""
FETCH_PEERS = _Peers()
"""Load it for all instances that came with this one and lack it as well."""
FETCH_RAISE = _Raise()
"""Refuse."""


everywhere: list[Watcher] = []
"""Told as well, whoever loads: for as long as the process wants."""

_watchers: ContextVar[tuple[Watcher, ...]] = ContextVar("lazy_load_watchers", default=())


@contextmanager
def watched_loads(watcher: Watcher) -> Iterator[None]:
    """Call `watcher` for every value that this block loads for one instance alone."""
    token = _watchers.set((*_watchers.get(), watcher))
    try:
        yield
    finally:
        _watchers.reset(token)


def noticed(label: str, remedy: str, instance: Any) -> None:
    """Tell whoever watches that something is loaded for one instance alone."""
    for watcher in (*everywhere, *_watchers.get()):
        watcher(label, remedy, instance)
