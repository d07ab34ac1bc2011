"""Keys: identifiers that the client makes, before any database has seen the row."""

from __future__ import annotations

import os
from threading import Lock
from time import time_ns
from uuid import UUID

_LARGEST = (1 << 42) - 1


class _Sequence:
    """The identifiers of one process: each larger than the one before it, even within a millisecond."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._moment = 0
        self._count = 0

    def next(self) -> tuple[int, int]:
        """The next moment in milliseconds, and the next of the numbers that belong to it."""
        with self._lock:
            now = time_ns() // 1_000_000
            if now > self._moment:
                self._moment, self._count = now, _start()
            else:
                # The clock stands still, or was set back.
                self._count += 1
                if self._count > _LARGEST:
                    self._moment, self._count = self._moment + 1, _start()
            return self._moment, self._count


def _start() -> int:
    # The first of 42 bits stays free, so that some 2 ** 41 numbers follow within the same millisecond.
    return int.from_bytes(os.urandom(6), "big") >> 7


def uuid7() -> UUID:
    """A UUID that begins with the time, so that later rows lie behind earlier ones: `UUIDField(default=uuid7)`.

    Each is larger than every one that this process made before, in whichever thread. A counter of 42 bits that starts
    at random in each millisecond, and 32 random bits behind it, keep those of several processes and machines apart.
    source: https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7 and section 6.2, method 1.
    """
    moment, count = _sequence.next()
    value = (moment & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76 | count >> 30 << 64
    value |= 0b10 << 62 | (count & 0x3FFF_FFFF) << 32
    return UUID(int=value | int.from_bytes(os.urandom(4), "big"))


_sequence = _Sequence()


def _forget() -> None:
    """A child process would go on counting where its parent does, or wait for a lock that nobody frees."""
    global _sequence
    _sequence = _Sequence()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
