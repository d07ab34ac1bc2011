"""Deconstruction: definitions that can be taken apart into their class and its arguments, and built again."""

from __future__ import annotations

from typing import Any, Self


class Deconstructible:
    """What is equal to another of its class when both were built from the same arguments."""

    name: str

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """Where the class is imported from, and the arguments that build an equal one; defaults left out."""
        raise NotImplementedError

    def clone(self) -> Self:
        """Another one, built from the same arguments."""
        _, args, keywords = self.deconstruct()
        return type(self)(*args, **keywords)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((type(self), self.name))


def public_path(cls: type) -> str:
    """Where a user imports `cls` from."""
    if cls.__module__.startswith("rowsmith.metadata."):
        return f"rowsmith.models.{cls.__qualname__}"
    return f"{cls.__module__}.{cls.__qualname__}"
