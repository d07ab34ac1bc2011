"""Watching statements: execute wrappers, the log of queries, recorded statements."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from rowsmith import bridge
from rowsmith.drivers.base import Result

logger = logging.getLogger("rowsmith.sql")
slow_logger = logging.getLogger("rowsmith.sql.slow")

Execute = Callable[[str, Any, bool, dict[str, Any]], Any]
Wrapper = Callable[[Execute, str, Any, bool, dict[str, Any]], Any]

LOG_LIMIT = 9000

observers: list[Wrapper] = []
"""Wrappers around every statement of every connection, for as long as the process wants."""


class _Installed:
    """A wrapper for as long as its block is open; tasks started inside inherit it, but not for longer."""

    __slots__ = ("active", "wrapper")

    def __init__(self, wrapper: Wrapper) -> None:
        self.wrapper = wrapper
        self.active = True


class Watch:
    """Who wants to see the statements of one connection. While nobody does, statements do not pass
    through here.

    echo:     print every statement.
    slow:     seconds from which a statement is told to the logger `rowsmith.sql.slow`; None for never.
    exposed:  whether records of loggers hold the values of statements.
    """

    def __init__(self, alias: str, *, echo: bool, slow: float | None, exposed: bool) -> None:
        self._alias = alias
        self._echo = echo
        self._slow = slow
        self._exposed = exposed
        self._counting = threading.Lock()
        self.log: deque[dict[str, str]] = deque(maxlen=LOG_LIMIT)
        self.logging = False
        self._count = 0
        self._wrappers: ContextVar[tuple[_Installed, ...]] = ContextVar(f"rowsmith_wrappers_{alias}", default=())

    def is_active(self, leaving: int = 0) -> bool:
        """Does anybody watch, apart from `leaving` wrappers that are about to be removed?"""
        return self._count > leaving or self.logging or self._slow is not None or bool(observers)

    @property
    def wrappers(self) -> list[Wrapper]:
        return [installed.wrapper for installed in self._wrappers.get() if installed.active]

    @contextmanager
    def wrapped(self, wrapper: Wrapper) -> Iterator[None]:
        installed = _Installed(wrapper)
        before = self._wrappers.get()
        self._wrappers.set((*before, installed))
        with self._counting:
            self._count += 1
        try:
            yield
        finally:
            installed.active = False
            with self._counting:
                self._count -= 1
            self._wrappers.set(tuple(other for other in self._wrappers.get() if other is not installed))

    def run(self, execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """Send a statement through the wrappers, the first installed outermost, and into the log."""
        innermost = self._timed(execute) if self.logging or self._slow is not None else execute
        for wrapper in reversed((*observers, *self.wrappers)):
            innermost = _around(wrapper, innermost)
        return innermost(sql, params, many, context)

    def _timed(self, execute: Execute) -> Execute:
        def timed(sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
            result = None
            start = time.perf_counter()
            try:
                result = execute(sql, params, many, context)
            finally:
                duration = time.perf_counter() - start
                if self.logging:
                    self._note(sql, params, many, duration, result)
                if self._slow is not None and duration >= self._slow:
                    self._complain(sql, params, duration, result)
            return result

        return timed

    def _note(self, sql: str, params: Any, many: bool, duration: float, result: Any) -> None:
        times = f"{len(params)} times: " if many and hasattr(params, "__len__") else ""
        self.log.append({"sql": f"{times}{sql}", "time": f"{duration:.3f}"})
        if self._echo:
            # The values are left out: they are somebody's data.
            print(f"[{self._alias}] ({duration:.3f}) {sql}", file=sys.stderr)
        if logger.isEnabledFor(logging.DEBUG):
            told = self._told(sql, params, duration, result)
            logger.debug("(%.3f) %s; database=%s", duration, sql, self._alias, extra=told)

    def _complain(self, sql: str, params: Any, duration: float, result: Any) -> None:
        told = self._told(sql, params, duration, result)
        rows = "" if told["rows"] is None else f"; rows={told['rows']}"
        slow_logger.warning(
            "(%.3f) %s; database=%s%s; at %s", duration, sql, self._alias, rows, told["site"], extra=told
        )

    def _told(self, sql: str, params: Any, duration: float, result: Any) -> dict[str, Any]:
        """What a record says beside its message."""
        frame = bridge.caller()
        return {
            "sql": sql,
            "params": params if self._exposed else None,
            "duration": duration,
            "rows": _number_of_rows(result),
            "database": self._alias,
            "site": None if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}",
        }


def _number_of_rows(result: Any) -> int | None:
    """How many rows a statement returned or changed; None when that is not known here, or it failed."""
    if isinstance(result, Result):
        return result.rowcount if result.rows is None else len(result.rows)
    if isinstance(result, list):
        return len(result)
    return result if isinstance(result, int) else None


def _around(wrapper: Wrapper, inner: Execute) -> Execute:
    def around(sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        return wrapper(inner, sql, params, many, context)

    return around
