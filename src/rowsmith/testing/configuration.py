"""Configuration and registries that are others for the time of a test."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from rowsmith import config
from rowsmith.apps import Apps
from rowsmith.metadata.registry import isolated

F = TypeVar("F", bound=Callable[..., Any])


class _ForTheTime:
    """A context manager that decorates functions, coroutine functions and test classes as well."""

    def __enter__(self) -> Any:
        raise NotImplementedError

    def __exit__(self, *exc_info: object) -> None:
        raise NotImplementedError

    def _arguments(self, entered: Any) -> dict[str, Any]:
        """What the decorated function is given by keyword."""
        return {}

    def __call__(self, target: Any) -> Any:
        if isinstance(target, type):
            for name, member in list(vars(target).items()):
                if name.startswith("test") and callable(member):
                    setattr(target, name, self(member))
            return target
        if inspect.iscoroutinefunction(target):

            @functools.wraps(target)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                with self as entered:
                    return await target(*args, **kwargs, **self._arguments(entered))

            return awaited

        @functools.wraps(target)
        def called(*args: Any, **kwargs: Any) -> Any:
            with self as entered:
                return target(*args, **kwargs, **self._arguments(entered))

        return called


class override_configuration(_ForTheTime):
    """Other options for a block, a test or the tests of a class; `databases` stay as they are.

    Connections stay open, with their transactions; so `use_tz` and `time_zone`, which are part of them, are refused.
    """

    def __init__(self, **options: Any) -> None:
        refused = {"databases", "use_tz", "time_zone"} & set(options)
        if refused:
            raise TypeError(f"{', '.join(sorted(refused))} cannot be overridden; write rowsmith.configure(...).")
        self.options = options
        self._before: list[config.Configuration] = []

    def __enter__(self) -> config.Configuration:
        self._before.append(config.current())
        changed = config.changed(**self.options)
        config.exchange(changed)
        return changed

    def __exit__(self, *exc_info: object) -> None:
        config.exchange(self._before.pop())


class isolate_apps(_ForTheTime):
    """A registry of its own for the models that a block or a test defines.

    labels:     app labels that the models are to have; kept for the readers' sake, as any label is free there.
    attr_name:  the attribute of a test class that holds the registry.
    kwarg_name: the keyword argument by which a decorated function gets the registry.
    """

    def __init__(self, *labels: str, attr_name: str | None = None, kwarg_name: str | None = None) -> None:
        self.labels = labels
        self.attr_name = attr_name
        self.kwarg_name = kwarg_name
        self._tokens: list[Any] = []

    def __enter__(self) -> Apps:
        registry = Apps()
        self._tokens.append(isolated.set(registry))
        return registry

    def __exit__(self, *exc_info: object) -> None:
        isolated.reset(self._tokens.pop())

    def _arguments(self, entered: Apps) -> dict[str, Any]:
        return {} if self.kwarg_name is None else {self.kwarg_name: entered}
