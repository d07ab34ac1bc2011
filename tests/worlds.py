"""The four worlds of the behaviour suite: each database, called by a thread and by a task of an event loop.

In the worlds of an event loop a plain test runs below `aio.run`, over the async driver, and every method
that has an awaitable twin is called through it: `save()` becomes a wait for `asave()`. So one set of
tests proves both spellings.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from rowsmith import bridge


@dataclass(frozen=True, slots=True)
class World:
    """One database, called in one way."""

    vendor: str
    is_async: bool

    @property
    def id(self) -> str:
        return f"{self.vendor}-{'async' if self.is_async else 'sync'}"


WORLDS = tuple(World(vendor, is_async) for vendor in ("sqlite", "postgresql") for is_async in (False, True))

_through_twin: ContextVar[bool] = ContextVar("through_twin", default=False)


def run(runner: asyncio.Runner, func: Callable[..., Any], arguments: dict[str, Any]) -> None:
    """Run a test function in an event loop: a coroutine function natively, a plain one over the async
    driver."""

    async def main() -> None:
        if inspect.iscoroutinefunction(func):
            await func(**arguments)
        else:
            with twins_called():
                await bridge.run(functools.partial(func, **arguments))

    runner.run(main())


@contextmanager
def twins_called() -> Iterator[None]:
    """Replace the plain methods of querysets, managers and models by calls of their awaitable twins."""
    replaced = []
    for owner in _owners():
        for name, plain in list(vars(owner).items()):
            twin = _twin_of(name)
            if not inspect.isfunction(plain) or twin is None or not _is_offered(twin, owner):
                continue
            setattr(owner, name, _by_twin(owner, name, plain, twin))
            replaced.append((owner, name, plain))
    try:
        yield
    finally:
        for owner, name, plain in replaced:
            setattr(owner, name, plain)


def _twin_of(name: str) -> str | None:
    if name.startswith("__"):
        return "__aiter__" if name == "__iter__" else None
    return f"_a{name[1:]}" if name.startswith("_") else f"a{name}"


def _is_offered(twin: str, owner: type) -> bool:
    """Has `owner`, or a class made of it, this twin?"""
    return any(issubclass(one, owner) and callable(getattr(one, twin, None)) for one in _owners())


@functools.cache
def _owners() -> tuple[type, ...]:
    """Every class of the library that offers a method together with its twin."""
    found: list[type] = []
    for package in ("rowsmith.queryset", "rowsmith.models"):
        try:
            root = importlib.import_module(package)
        except ModuleNotFoundError:
            continue
        modules = [root]
        for entry in pkgutil.walk_packages(root.__path__, f"{package}."):
            modules.append(importlib.import_module(entry.name))
        for module in modules:
            for value in vars(module).values():
                if inspect.isclass(value) and value.__module__.startswith("rowsmith.") and value not in found:
                    found.append(value)
    return tuple(found)


def _by_twin(owner: type, name: str, plain: Callable[..., Any], twin: str) -> Callable[..., Any]:
    @functools.wraps(plain)
    def by_twin(self: Any, *args: Any, **kwargs: Any) -> Any:
        # An overridden method calls this one through super(), already inside of the twin or on its own.
        overridden = inspect.getattr_static(type(self), name, None) is not by_twin
        if _through_twin.get() or overridden or not hasattr(self, twin) or not bridge.inside():
            return plain(self, *args, **kwargs)
        token = _through_twin.set(True)
        try:
            answer = getattr(self, twin)(*args, **kwargs)
            if name == "__iter__":
                return iter(bridge.wait(_listed(answer)))
            if hasattr(answer, "__aiter__") and not inspect.isawaitable(answer):
                return _drained(answer)
            return bridge.wait(answer)
        finally:
            _through_twin.reset(token)

    return by_twin


async def _listed(items: Any) -> list[Any]:
    return [item async for item in items]


def _drained(items: Any) -> Iterator[Any]:
    """The items of an async iterator, one by one as they are asked for."""
    iterator = items.__aiter__()
    while True:
        token = _through_twin.set(True)
        try:
            item = bridge.wait(iterator.__anext__())
        except StopAsyncIteration:
            return
        finally:
            _through_twin.reset(token)
        yield item
