"""The one door between plain code and coroutines: plain code runs in a greenlet and waits there without
blocking.

`await run(func)` calls plain `func` on the event loop's own thread; anywhere below it `wait(awaitable)`
hands the awaitable out to the loop and returns its result. Both sides run in the same context, so that
context variables set on one are seen on the other; exceptions and cancellation come out of `wait` where
the plain code stands.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator
from contextvars import Context
from types import FrameType
from typing import Any, ParamSpec, TypeVar, cast

from greenlet import getcurrent, greenlet

from rowsmith.exceptions import SynchronousOnlyOperation

P = ParamSpec("P")
T = TypeVar("T")

_modules = sys.modules


class _Plain(greenlet):  # type: ignore[misc]
    """A greenlet that runs plain code for a coroutine."""

    driver: greenlet
    # What the awaitable gave. It is handed over here, and not as the result of a switch, because the coroutine would
    # hold on to it until the next wait: all rows of a query, long after they became instances.
    answer: Any = None


async def run(func: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call plain `func` so that `wait` works anywhere below it, and return what it returns."""
    here = getcurrent()
    plain = _Plain(func, here)
    plain.driver = here
    # The same context object, not a copy: what either side sets, the other sees.
    plain.gr_context = here.gr_context
    result = plain.switch(*args, **kwargs)
    while plain:
        # Until `func` has returned, what comes out of the greenlet is an awaitable given to wait().
        try:
            plain.answer = await result
        except BaseException as error:
            result = plain.throw(error)
        else:
            result = plain.switch()
    return cast(T, result)


def wait(awaitable: Awaitable[T]) -> T:
    """Wait for `awaitable` in plain code that was called through `run`."""
    plain = getcurrent()
    if not isinstance(plain, _Plain):
        if hasattr(awaitable, "close"):
            awaitable.close()  # or Python would warn that it was never awaited
        raise SynchronousOnlyOperation(
            "Nothing can be awaited here: this code was not called through the bridge. "
            "Write: await rowsmith.aio.run(func, *args)."
        )
    plain.driver.switch(awaitable)
    answer, plain.answer = plain.answer, None
    return cast(T, answer)


def inside() -> bool:
    """Is this plain code that was called through `run`?"""
    return isinstance(getcurrent(), _Plain)


def frames() -> Iterator[FrameType]:
    """The frames of this code, innermost first; those of a coroutine that waits for plain code are among them."""
    frame: FrameType | None = sys._getframe(1)
    stack = getcurrent()
    while frame is not None:
        yield frame
        frame = frame.f_back
        while frame is None and stack.parent is not None:
            stack = stack.parent
            frame = stack.gr_frame


def caller() -> FrameType | None:
    """The innermost frame that runs none of the library's own code."""
    for frame in frames():
        module = frame.f_globals.get("__name__", "")
        if module != "rowsmith" and not module.startswith("rowsmith."):
            return frame
    return None


def context() -> Context:
    """The context in which this code runs; that of a task is the same at each of its steps."""
    return cast(Context, getcurrent().gr_context)


def running_loop() -> Any:
    """The event loop running on this thread, or None; asyncio is not imported to find out."""
    events = _modules.get("asyncio.events")
    return None if events is None else events._get_running_loop()


def current_task() -> Any:
    """The task running on this thread's event loop, or None."""
    return None if running_loop() is None else _modules["asyncio.tasks"].current_task()


def lock() -> Any:
    """A lock for tasks, first come first served; made where a loop is running."""
    return _modules["asyncio"].Lock()
