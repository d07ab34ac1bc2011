"""Deconstruction: classes whose instances can be written into migrations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

C = TypeVar("C", bound=type)


@overload
def deconstructible(cls: C, /) -> C: ...
@overload
def deconstructible(*, path: str | None = None) -> Callable[[C], C]: ...
def deconstructible(cls: Any = None, /, *, path: str | None = None) -> Any:
    """Have instances of a class remember what they were made with, and tell it by `deconstruct()`.

    path:  where the class is imported from, when that is not where it is defined.
    """

    def decorate(kind: Any) -> Any:
        new = kind.__new__

        def remembering(cls: Any, *args: Any, **kwargs: Any) -> Any:
            made = object.__new__(cls) if new is object.__new__ else new(cls, *args, **kwargs)
            made._constructor_args = (args, kwargs)
            return made

        def deconstruct(self: Any) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
            """The import path and the arguments that build it again."""
            args, kwargs = self._constructor_args
            own = path if path is not None and type(self) is kind else None
            return own or f"{type(self).__module__}.{type(self).__qualname__}", args, kwargs

        kind.__new__ = remembering
        if "deconstruct" not in vars(kind):
            kind.deconstruct = deconstruct
        return kind

    return decorate if cls is None else decorate(cls)
