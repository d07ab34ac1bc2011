"""Limits of time: how long a statement may take, and by when a block of code has to be done with its statements."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

from rowsmith.drivers.base import RawConnection
from rowsmith.exceptions import DeadlineExceeded, LockTimeout, QueryCanceled, StatementTimeout
from rowsmith.records import Record

T = TypeVar("T")

_monotonic = time.monotonic


class Limits(Record):
    """What holds here.

    each:  seconds that a statement may take; None for any time.
    end:   when everything has to be done, on the monotonic clock; None for never.
    """

    each: float | None = None
    end: float | None = None


class _Active:
    """How many blocks with limits are open in this process; while there are none, nobody looks for any."""

    count = 0
    lock = threading.Lock()
    on_change: list[Callable[[], None]] = []

    @classmethod
    def change(cls, by: int) -> None:
        with cls.lock:
            before, cls.count = cls.count, cls.count + by
        if not before or not cls.count:
            for react in cls.on_change:
                react()


active = _Active
_NONE = Limits()
_here: ContextVar[Limits] = ContextVar("rowsmith_limits", default=_NONE)


class _Block:
    """A block that narrows the limits around it, for plain code and for coroutines; it can be entered again."""

    def __init__(self, seconds: float) -> None:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
            raise ValueError(f"A limit of time is a number of seconds above 0, not {seconds!r}.")
        self._seconds = seconds
        self._before: list[Limits] = []

    def _narrowed(self, outer: Limits) -> Limits:
        raise NotImplementedError

    def __enter__(self) -> None:
        outer = _here.get()
        self._before.append(outer)
        _here.set(self._narrowed(outer))
        active.change(+1)

    def __exit__(self, *exc_info: object) -> None:
        active.change(-1)
        _here.set(self._before.pop())

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(self, *exc_info: object) -> None:
        self.__exit__()


class statement_timeout(_Block):
    """Let each statement of this block take so many seconds at most; StatementTimeout ends one that takes longer."""

    def _narrowed(self, outer: Limits) -> Limits:
        return Limits(_least(outer.each, self._seconds), outer.end)


class deadline(_Block):
    """Have all statements of this block done within so many seconds from its beginning.

    What is not done by then, a wait for a connection included, ends with DeadlineExceeded, and so does every statement
    after it; a transaction that has not sent its COMMIT by then is rolled back.
    """

    def _narrowed(self, outer: Limits) -> Limits:
        return Limits(outer.each, _least(outer.end, _monotonic() + self._seconds))


def _least(outer: float | None, own: float) -> float:
    return own if outer is None else min(outer, own)


def check() -> None:
    """Raise DeadlineExceeded when the time of this block is over."""
    if active.count:
        _seconds_left(_here.get().end)


def patience(usual: float | None) -> float | None:
    """How long to wait for something that is waited for `usual` seconds where nothing limits it."""
    if not active.count:
        return usual
    left = _seconds_left(_here.get().end)
    return usual if left is None else left if usual is None else min(usual, left)


def run(raw: RawConnection, call: Callable[..., T], *args: Any) -> T:
    """`call(*args)`, which sends a statement on `raw`, within the limits."""
    usual = raw.usual_limit
    if usual is None and not active.count:
        return call(*args)
    limits = _here.get()
    left = _seconds_left(limits.end)
    each = usual if limits.each is None else limits.each
    if left is None and each is None:
        return call(*args)
    seconds = min(one for one in (left, each) if one is not None)
    start = _monotonic()
    try:
        with raw.limited(seconds):
            return call(*args)
    except (QueryCanceled, LockTimeout) as error:
        # What ended before its time was ended by somebody else; waits for locks are counted in milliseconds.
        if isinstance(error, StatementTimeout) or _monotonic() - start < seconds * 0.95:
            raise
        if left == seconds:
            raise DeadlineExceeded(
                f"The deadline passed while a statement was running, which has been ended after {seconds:.3g} s. Give "
                "the block more time, or the statement less to do."
            ) from error
        raise StatementTimeout(
            f"The statement has been ended after {seconds:g} s, the most that it may take here. Give it less to do, or "
            "more time: rowsmith.statement_timeout(seconds)."
        ) from error


def _seconds_left(end: float | None) -> float | None:
    if end is None:
        return None
    left = end - _monotonic()
    if left <= 0:
        raise DeadlineExceeded(
            "The deadline of this block has passed, so no further statement is sent. Give the block more time: "
            "rowsmith.deadline(seconds)."
        )
    return left
