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

logger = logging.getLogger("rowsmith.sql")

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
    through here."""

    def __init__(self, alias: str, echo: bool) -> None:
        self._echo = echo
        self._counting = threading.Lock()
        self.log: deque[dict[str, str]] = deque(maxlen=LOG_LIMIT)
        self.logging = False
        self._count = 0
        self._wrappers: ContextVar[tuple[_Installed, ...]] = ContextVar(f"rowsmith_wrappers_{alias}", default=())

    def is_active(self, leaving: int = 0) -> bool:
        """Does anybody watch, apart from `leaving` wrappers that are about to be removed?"""
        return self._count > leaving or self.logging or bool(observers)

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
        innermost = self._logged(execute) if self.logging else execute
        for wrapper in reversed((*observers, *self.wrappers)):
            innermost = _around(wrapper, innermost)
        return innermost(sql, params, many, context)

    def _logged(self, execute: Execute) -> Execute:
        def logged(sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
            start = time.perf_counter()
            try:
                return execute(sql, params, many, context)
            finally:
                duration = time.perf_counter() - start
                times = f"{len(params)} times: " if many and hasattr(params, "__len__") else ""
                self.log.append({"sql": f"{times}{sql}", "time": f"{duration:.3f}"})
                alias = context["connection"].alias
                # The values are left out: they are somebody's data.
                if self._echo:
                    print(f"[{alias}] ({duration:.3f}) {sql}", file=sys.stderr)
                logger.debug(
                    "(%.3f) %s; database=%s",
                    duration,
                    sql,
                    alias,
                    extra={"sql": sql, "duration": duration, "database": alias},
                )

        return logged


def _around(wrapper: Wrapper, inner: Execute) -> Execute:
    def around(sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        return wrapper(inner, sql, params, many, context)

    return around
