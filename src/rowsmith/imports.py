"""Imports put off: modules that few programs need, or need late, and that are slow to import."""

from __future__ import annotations

import importlib
from typing import Any


class Later:
    """Stands for a module, which is imported when something of it is first used.

    Checkers see the module itself:

        if TYPE_CHECKING:
            import asyncio
        else:
            asyncio = Later("asyncio")
    """

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __repr__(self) -> str:
        return f"<module {self.__name__!r}, imported when it is used>"

    def __getattr__(self, name: str) -> Any:
        value = getattr(importlib.import_module(self.__name__), name)
        self.__dict__[name] = value  # so that this function is not called for it again
        return value
