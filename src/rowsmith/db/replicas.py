"""Replicas: a router that reads from copies of a database what they are known to have already."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

from rowsmith import bridge
from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.db.handler import connections
from rowsmith.exceptions import Error, ImproperlyConfigured, NotSupportedError

SETTLING = 5.0
"""For how many seconds after one task of a session began to write, the others ask the primary where it is."""


class Reader:
    """What one reader has to see: everything up to a position in the primary's log.

    position:  as a number; 0 when nothing was written.
    """

    __slots__ = ("_unsettled", "_writers", "position")

    def __init__(self, position: int = 0) -> None:
        self.position = position
        # Tasks and threads that wrote since they last asked where the primary is.
        self._writers: set[Any] = set()
        # When, and by whom, a write was announced last.
        self._unsettled: tuple[float, Any] = (float("-inf"), None)

    def wrote(self) -> None:
        """Something was, or is about to be, written to the primary."""
        me = _whoever()
        self._writers.add(me)
        self._unsettled = (time.monotonic(), me)

    def must_ask(self) -> bool:
        """Whether there may be something to see that `position` does not cover; asked once for each answer."""
        me = _whoever()
        if me in self._writers:
            # Before the question: what is written meanwhile makes another one necessary.
            self._writers.discard(me)
            return True
        # A write that another one announced may have been carried out after it was last asked about.
        when, who = self._unsettled
        return who != me and time.monotonic() - when < SETTLING


def _whoever() -> Any:
    task = bridge.current_task()
    return threading.get_ident() if task is None else id(task)


class _Copy:
    """What is known of one replica, for a while.

    replayed:  how far in the primary's log it is, as a number; it only grows.
    lag:       how many seconds it is behind.
    """

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.replayed = 0
        self.lag = 0.0
        self.works = True
        self.asked = float("-inf")


class Replicas:
    """Reads from `replicas`, and writes to `primary`; give an instance to `routers=[...]`.

    consistency:  "session": whoever wrote reads it back, from the primary as long as no replica has it; "eventual": any
                  replica will do.
    max_lag:      seconds that a replica may be behind; one that is further behind is not read from.
    recheck:      for how many seconds what is known of a replica is taken for true.

    Inside of a transaction on the primary all reads go there. A replica that cannot be asked is left out until it
    answers again; with none left, the primary is read. Writes are those that routers are asked about: after
    `using(primary)`, or statements of your own, call `wrote()`.
    """

    def __init__(
        self,
        primary: str = DEFAULT_DB_ALIAS,
        replicas: Sequence[str] = (),
        *,
        consistency: Literal["session", "eventual"] = "session",
        max_lag: float | None = None,
        recheck: float = 1.0,
    ) -> None:
        if consistency not in ("session", "eventual"):
            raise ImproperlyConfigured(f"consistency is 'session' or 'eventual', not {consistency!r}.")
        if not replicas or isinstance(replicas, str):
            raise ImproperlyConfigured(f"Replicas needs the aliases of its replicas, not {replicas!r}.")
        self.primary = primary
        self.replicas = tuple(replicas)
        self.consistency = consistency
        self.max_lag = max_lag
        self.recheck = recheck
        self._copies = [_Copy(alias) for alias in self.replicas]
        self._lock = threading.Lock()
        self._reader: ContextVar[Reader | None] = ContextVar(f"rowsmith_reader_{primary}", default=None)

    # What readers are to see

    @contextmanager
    def session(self, token: str | None = None) -> Iterator[Reader]:
        """Everything in this block, tasks started inside included, sees what any of it wrote, and what `token` tells.

        token:  what `token()` returned in an earlier session, such as that of the request before.
        """
        reader = Reader(0 if token is None else _number(token))
        before = self._reader.set(reader)
        try:
            yield reader
        finally:
            self._reader.reset(before)

    def token(self) -> str | None:
        """The position that the next session of the same reader has to see; None when nothing was written."""
        reader = self._reader.get()
        if reader is None:
            return None
        self._catch_up(reader)
        return _text(reader.position) if reader.position else None

    def wrote(self) -> None:
        """Say that this context wrote to the primary in a way that no router was asked about."""
        reader = self._reader.get()
        if reader is None:
            reader = Reader()
            self._reader.set(reader)
        reader.wrote()

    # What routers answer

    def db_for_read(self, model: Any, **hints: Any) -> str:
        """A replica that has what the reader wrote; the primary when there is none."""
        if connections[self.primary].in_atomic_block:
            return self.primary
        needed = 0
        reader = self._reader.get()
        if reader is not None and self.consistency == "session":
            self._catch_up(reader)
            needed = reader.position
        fit = [copy for copy in self._copies if self._has(copy, needed)]
        return random.choice(fit).alias if fit else self.primary

    def db_for_write(self, model: Any, **hints: Any) -> str:
        self.wrote()
        return self.primary

    def allow_relation(self, obj1: Any, obj2: Any, **hints: Any) -> bool | None:
        """Rows of the primary and of its copies are the same rows."""
        ours = {self.primary, *self.replicas}
        return True if obj1._state.db in ours and obj2._state.db in ours else None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        """Copies get their tables from the primary."""
        return False if db in self.replicas else None

    # What is known

    def _catch_up(self, reader: Reader) -> None:
        """Learn where the primary is, when the reader wrote since it last asked."""
        if reader.must_ask():
            connection = connections[self.primary]
            query = connection.dialect.log_position_query
            if query is None:
                raise NotSupportedError(f"{connection.vendor} does not tell positions in its log: use PostgreSQL.")
            [[position]] = connection.fetch(query, (), list)
            reader.position = max(reader.position, _number(position))

    def _has(self, copy: _Copy, needed: int) -> bool:
        """Whether a replica is fit to be read by who has to see `needed`."""
        stale = time.monotonic() - copy.asked >= self.recheck
        # What it had it still has; only whether it works, and how far it is behind, can have become worse.
        if stale or (copy.works and copy.replayed < needed):
            self._ask(copy)
        if not copy.works or copy.replayed < needed:
            return False
        return self.max_lag is None or copy.lag <= self.max_lag

    def _ask(self, copy: _Copy) -> None:
        connection = connections[copy.alias]
        try:
            [[position, lag]] = connection.fetch(connection.dialect.replayed_query, (), list)
        except Error:
            with self._lock:
                copy.works, copy.asked = False, time.monotonic()
            return
        with self._lock:
            copy.works, copy.asked = True, time.monotonic()
            copy.replayed = max(copy.replayed, _number(position))
            copy.lag = float(lag)


def _number(position: str) -> int:
    """A position in the log, written as `16/B374D848`, as a number; ValueError for what is none."""
    try:
        high, low = position.split("/")
        return (int(high, 16) << 32) | int(low, 16)
    except (ValueError, AttributeError):
        raise ValueError(f"A position in the log reads like '16/B374D848', not {position!r}.") from None


def _text(position: int) -> str:
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"
