"""A thread that ends statements which take too long, for connections that block the thread that uses them."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

logger = logging.getLogger("rowsmith.db")


class _Watch:
    """One statement that is waited for."""

    __slots__ = ("done", "lock", "stop")

    def __init__(self, stop: Callable[[], None]) -> None:
        self.stop = stop
        self.done = False
        # Held while it is being stopped: so that a statement which ends at that moment lets nobody pass who would
        # send the next one, which would then be stopped in its place.
        self.lock = threading.Lock()


class Watchdog:
    """Calls functions when their time has come, unless what they are to stop has ended before."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, _Watch]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._ended = 0
        self._thread: threading.Thread | None = None

    @contextmanager
    def guard(self, seconds: float, stop: Callable[[], None]) -> Iterator[None]:
        """Call `stop()` from another thread when this block takes longer than `seconds`."""
        watch = _Watch(stop)
        with self._changed:
            entry = (time.monotonic() + seconds, next(self._numbers), watch)
            heapq.heappush(self._due, entry)
            # A process that was forked has the object, but not the thread.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="rowsmith-watchdog", daemon=True)
                self._thread.start()
            elif self._due[0] is entry:
                self._changed.notify()
        try:
            yield
        finally:
            with watch.lock:
                watch.done = True
            self._ended += 1
            if self._ended > 1000:
                self._forget_what_ended()

    def _forget_what_ended(self) -> None:
        """Statements that were quick would else be kept until they would have been too slow."""
        with self._changed:
            self._ended = 0
            self._due = [entry for entry in self._due if not entry[2].done]
            heapq.heapify(self._due)

    def _run(self) -> None:
        while True:
            with self._changed:
                while self._due and self._due[0][2].done:
                    heapq.heappop(self._due)
                if not self._due:
                    self._changed.wait()
                    continue
                left = self._due[0][0] - time.monotonic()
                if left > 0:
                    self._changed.wait(left)
                    continue
                watch = heapq.heappop(self._due)[2]
            # Stopping may wait for a server that does not answer, while others are due.
            threading.Thread(target=_stop, args=(watch,), name="rowsmith-watchdog-stop", daemon=True).start()


def _stop(watch: _Watch) -> None:
    with watch.lock:
        if watch.done:
            return
        try:
            watch.stop()
        except Exception:
            logger.warning("A statement that took too long could not be ended.", exc_info=True)


watchdog = Watchdog()
