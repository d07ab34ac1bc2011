"""Pools: idle connections to one database, handed out newest first so that the oldest may expire."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from rowsmith import bridge
from rowsmith.config import PoolSettings
from rowsmith.db import limits
from rowsmith.drivers.base import RawConnection
from rowsmith.exceptions import PoolTimeout
from rowsmith.records import Record

logger = logging.getLogger("rowsmith.pool")

_monotonic = time.monotonic


class PoolFigures(Record):
    """How a pool is doing: connections and waiters now, and counts since it was made."""

    size: int
    idle: int
    in_use: int
    waiting: int
    max_size: int
    opened: int
    discarded: int
    waits: int
    timeouts: int


class _ThreadWaiter:
    """A thread in the queue for a connection."""

    def __init__(self) -> None:
        self.raw: RawConnection | None = None
        self.may_open = False
        self._event = threading.Event()

    def wake(self) -> bool:
        self._event.set()
        return True

    def wait(self, seconds: float | None) -> None:
        self._event.wait(seconds)


class _TaskWaiter:
    """A task in the queue for a connection."""

    def __init__(self, loop: Any) -> None:
        self.raw: RawConnection | None = None
        self.may_open = False
        self._loop = loop
        self.future = loop.create_future()
        self.deadline: float | None = None

    def wake(self) -> bool:
        try:
            if bridge.running_loop() is self._loop:
                self.resolve()
            else:
                self._loop.call_soon_threadsafe(self.resolve)
        except RuntimeError:
            return False  # its loop was closed; nobody waits there any more
        return True

    def wait(self, seconds: float | None) -> None:
        alarm = None if seconds is None else self._loop.call_later(seconds, self.resolve)
        try:
            bridge.wait(self.future)
        finally:
            if alarm is not None:
                alarm.cancel()

    def resolve(self) -> None:
        if not self.future.done():
            self.future.set_result(None)


_Waiter = _ThreadWaiter | _TaskWaiter


class Pool:
    """The connections of one database, for all threads or for one event loop.

    alias:       whose connections these are, for messages.
    connect:     opens one more; may wait through the bridge.
    needs_care:  whether idle connections can break or grow stale, and are looked at before they are
    handed out.
    """

    def __init__(
        self, alias: str, settings: PoolSettings, connect: Callable[[], RawConnection], needs_care: bool
    ) -> None:
        self.alias = alias
        self.settings = settings
        self.idle: list[RawConnection] = []
        self._connect = connect
        self._needs_care = needs_care
        self._lifetime = _seconds(settings.max_lifetime)
        self._max_idle = _seconds(settings.max_idle)
        self._unasked = _seconds(settings.health_check)
        self._all: set[RawConnection] = set()
        self._size = 0  # open or being opened
        self._lock = threading.Lock()
        self._waiters: deque[_Waiter] = deque()
        self._alarm: Any = None  # for the tasks that wait, when any do
        # Leased when the pool was closed: they end when they come back.
        self._doomed: set[RawConnection] = set()
        # Goes up when a connection is found broken: all that lay idle then are asked before their next use.
        self._era = 0
        self._opened = self._discarded = self._waits = self._timeouts = 0

    # The two calls of every statement. list.pop and list.append need no lock.

    def take(self) -> RawConnection | None:
        """An idle connection that is known to work, or None when getting one would wait."""
        try:
            raw = self.idle.pop()
        except IndexError:
            return None
        if self._needs_care and (raw.era != self._era or _monotonic() - raw.returned_at > self._unasked):
            self.idle.append(raw)
            return None
        return raw

    def release(self, raw: RawConnection) -> None:
        """Take back a connection that is idle."""
        if self._needs_care:
            raw.returned_at = now = _monotonic()
            if now - raw.opened_at > self._lifetime:
                self.discard(raw)
                return
            for oldest in self.idle:
                if now - oldest.returned_at > self._max_idle:
                    self._drop_expired(now)
                break
        if self._doomed and raw in self._doomed:
            self.discard(raw)
            return
        self.idle.append(raw)
        if self._waiters:
            self._serve()

    def acquire(self) -> RawConnection:
        """A connection that works: the one used last, a new one, or the first that comes back."""
        return self.take() or self._acquire_slowly()

    def release_after_error(self, raw: RawConnection) -> None:
        """Take back a connection whose last statement failed or was cancelled; unless it is clean, it
        ends here."""
        if raw.is_idle():
            self.release(raw)
            return
        if raw.is_broken():
            self._era += 1
        self.discard(raw)

    def discard(self, raw: RawConnection) -> None:
        """End a connection that must not be used again."""
        with self._lock:
            self._all.discard(raw)
            self._doomed.discard(raw)
            self._discarded += 1
        closing = None
        try:
            closing = raw.abandon()
        except Exception:
            logger.debug("Closing a connection to %r failed.", self.alias, exc_info=True)
        if closing is None:
            self._free_slot()
        else:
            # Until then the server counts it, so nobody may open another in its place.
            closing.add_done_callback(lambda _: self._free_slot())

    def close(self) -> None:
        """Close what is idle now, and what is leased when it comes back. The pool can be used again."""
        with self._lock:
            idle = []
            while self.idle:
                idle.append(self.idle.pop())
            self._doomed = self._all.difference(idle)
        for raw in idle:
            self.discard(raw)

    def forget(self) -> None:
        """Drop everything without touching it: after a fork the connections belong to the parent process."""
        self._lock = threading.Lock()
        _inherited.extend(self._all)
        self.idle.clear()
        self._all.clear()
        self._doomed.clear()
        self._waiters.clear()
        self._size = 0

    def open_minimum(self) -> None:
        """Open connections until `min_size` are there."""
        opened = []
        while self._reserve(self.settings.min_size):
            opened.append(self._open())
        for raw in opened:
            self.release(raw)

    @property
    def figures(self) -> PoolFigures:
        idle = len(self.idle)
        return PoolFigures(
            size=self._size,
            idle=idle,
            in_use=self._size - idle,
            waiting=len(self._waiters),
            max_size=self.settings.max_size,
            opened=self._opened,
            discarded=self._discarded,
            waits=self._waits,
            timeouts=self._timeouts,
        )

    # --- the slow way ---

    async def aacquire(self) -> RawConnection:
        """As `acquire`, from a coroutine: waiting for a connection that comes back takes no bridge."""
        raw = self.take()
        if raw is not None:
            return raw
        with self._lock:
            if self.idle or self._size < self.settings.max_size:
                waiter = None
            else:
                loop = bridge.running_loop()
                waiter = _TaskWaiter(loop)
                self._waiters.append(waiter)
                self._waits += 1
        if waiter is None:
            return await bridge.run(self._acquire_slowly)
        if self.settings.timeout is not None:
            waiter.deadline = _monotonic() + self.settings.timeout
            if self._alarm is None:
                self._alarm = loop.call_later(self.settings.timeout, self._expire, loop)
        try:
            await waiter.future
        except BaseException:
            self._withdraw(waiter)
            raise
        raw = self._outcome(waiter)
        if raw is not None and self._is_fit_unasked(raw):
            return raw
        return await bridge.run(self._finish, raw)

    def _finish(self, raw: RawConnection | None) -> RawConnection:
        """What a waiter does with leave to open a connection, or with one that must be asked first."""
        if raw is None:
            return self._open()
        return raw if self._is_fit(raw) else self._acquire_slowly()

    def _expire(self, loop: Any) -> None:
        """Wake the tasks that have waited long enough; one alarm serves them all, as all wait equally long."""
        now = _monotonic()
        self._alarm = None
        with self._lock:
            waiting = [w for w in self._waiters if isinstance(w, _TaskWaiter) and w.deadline is not None]
        for waiter in waiting:
            assert waiter.deadline is not None
            if waiter.deadline > now:
                self._alarm = loop.call_later(waiter.deadline - now, self._expire, loop)
                return
            waiter.resolve()

    def _acquire_slowly(self) -> RawConnection:
        patience = limits.patience(self.settings.timeout)
        deadline = None if patience is None else _monotonic() + patience
        while True:
            waiter: _Waiter | None = None
            with self._lock:
                raw = self.idle.pop() if self.idle else None
                may_open = raw is None and self._size < self.settings.max_size
                if may_open:
                    self._size += 1
                elif raw is None:
                    loop = bridge.running_loop()
                    waiter = _TaskWaiter(loop) if loop is not None and bridge.inside() else _ThreadWaiter()
                    self._waiters.append(waiter)
                    self._waits += 1
            if waiter is not None:
                raw = self._wait(waiter, deadline)
                may_open = raw is None
            if may_open:
                return self._open()
            if raw is not None and self._is_fit(raw):
                return raw

    def _wait(self, waiter: _Waiter, deadline: float | None) -> RawConnection | None:
        """The connection that came free, or None for leave to open one."""
        try:
            waiter.wait(None if deadline is None else max(deadline - _monotonic(), 0))
        except BaseException:
            self._withdraw(waiter)
            raise
        return self._outcome(waiter)

    def _withdraw(self, waiter: _Waiter) -> None:
        """Leave the queue; what was handed over at the same moment goes to the next."""
        with self._lock:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
        if waiter.raw is not None:
            self.release(waiter.raw)
        elif waiter.may_open:
            self._free_slot()

    def _outcome(self, waiter: _Waiter) -> RawConnection | None:
        """The connection that came free, or None for leave to open one; PoolTimeout when neither came."""
        with self._lock:
            if waiter.raw is None and not waiter.may_open:
                self._waiters.remove(waiter)
                self._timeouts += 1
                limits.check()
                raise PoolTimeout(self._why_none())
        return waiter.raw

    def _open(self) -> RawConnection:
        """Open a connection in a slot that was reserved for it."""
        try:
            raw = self._connect()
        except BaseException:
            self._free_slot()
            raise
        raw.era = self._era
        with self._lock:
            self._all.add(raw)
            self._opened += 1
        logger.debug("Opened connection %d to %r.", self._size, self.alias)
        return raw

    def _reserve(self, limit: int) -> bool:
        with self._lock:
            if self._size >= limit:
                return False
            self._size += 1
            return True

    def _free_slot(self) -> None:
        """One connection less: whoever waits longest may open another."""
        with self._lock:
            while self._waiters:
                waiter = self._waiters.popleft()
                waiter.may_open = True
                if waiter.wake():
                    return
            self._size -= 1

    def _serve(self) -> None:
        """Hand idle connections to whoever waits longest."""
        with self._lock:
            while self._waiters:
                try:
                    raw = self.idle.pop()
                except IndexError:
                    return  # somebody came by and took it
                waiter = self._waiters.popleft()
                waiter.raw = raw
                if not waiter.wake():
                    waiter.raw = None
                    self.idle.append(raw)

    # --- the care of idle connections ---

    def _is_fit_unasked(self, raw: RawConnection) -> bool:
        """Whether there is no reason to ask a connection that just came back."""
        return not self._needs_care or raw.era == self._era

    def _is_fit(self, raw: RawConnection) -> bool:
        """Does `raw` still work? Asks it when there is reason to; one that does not is gone afterwards."""
        if not self._needs_care:
            return True
        era = self._era
        now = _monotonic()
        if now - raw.opened_at > self._lifetime or raw.is_broken():
            self.discard(raw)
            return False
        if raw.era == era and now - raw.returned_at <= self._unasked:
            return True
        try:
            alive = raw.ping()
        except BaseException:
            self.release_after_error(raw)
            raise
        if not alive:
            self._era += 1
            self.discard(raw)
            return False
        raw.era = era
        return True

    def _drop_expired(self, now: float) -> None:
        """Close the connection that lay idle longest when that was too long."""
        if self._size <= self.settings.min_size:
            return
        with self._lock:
            oldest = self.idle.pop(0) if self.idle else None
        if oldest is None:
            return
        if now - oldest.returned_at > self._max_idle:
            self.discard(oldest)
        else:
            self.idle.insert(0, oldest)

    def _why_none(self) -> str:
        held = self._all.difference(self.idle)
        holders = sorted(str(raw.holder or f"a statement: {raw.text[:80]}") for raw in held)
        return (
            f"No connection to {self.alias!r} came free within {self.settings.timeout:g} s: "
            f"{len(held)} of {self.settings.max_size} are in use and {len(self._waiters)} more wait. "
            f"Held by: {'; '.join(holders) or 'connections being opened'}. "
            "Leave transactions sooner, or raise the pool's max_size."
        )


def _seconds(limit: float | None) -> float:
    """A limit as a number that any time can be compared with."""
    return math.inf if limit is None else limit


class SharedPool(Pool):
    """The pool of a database in memory: one connection, which whoever holds it may take again."""

    def __init__(self, alias: str, settings: PoolSettings, connect: Callable[[], RawConnection]) -> None:
        super().__init__(alias, settings, connect, needs_care=False)
        self._holder: Any = None
        self._raw: RawConnection | None = None
        self._depth = 0

    def take(self) -> RawConnection | None:
        try:
            raw = self.idle.pop()
        except IndexError:
            if self._depth and self._holder == _me():
                self._depth += 1
                return self._raw
            return None
        return self._held(raw)

    def acquire(self) -> RawConnection:
        raw = self.take()
        if raw is None:
            raw = self._held(self._acquire_slowly())
        return raw

    async def aacquire(self) -> RawConnection:
        return await bridge.run(self.acquire)

    def _held(self, raw: RawConnection) -> RawConnection:
        self._raw, self._holder, self._depth = raw, _me(), 1
        return raw

    def release(self, raw: RawConnection) -> None:
        # A connection that was waited for is handed on without passing through here again.
        if self._depth > 1 and self._raw is raw:
            self._depth -= 1
            return
        self._depth = 0
        self._holder = None
        super().release(raw)

    def release_after_error(self, raw: RawConnection) -> None:
        # It holds the data: closing it would lose them, so what is open on it is undone instead.
        if self._depth <= 1 and not raw.is_broken() and not raw.is_idle():
            raw.rollback()
        self.release(raw)


def _me() -> Any:
    """Whoever runs here: a task, or else a thread."""
    return bridge.current_task() or threading.get_ident()


_inherited: list[RawConnection] = []
"""Connections of the parent process. They are kept, as even forgetting them could say goodbye to the
server."""
