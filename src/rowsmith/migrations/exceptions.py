"""What goes wrong with migrations, as errors."""

from __future__ import annotations

from typing import Any

from rowsmith.exceptions import DatabaseError


class AmbiguityError(Exception):
    """The beginning of a name is that of several migrations."""


class BadMigrationError(Exception):
    """A module among the migrations holds none, or one that cannot be."""


class CircularDependencyError(Exception):
    """Migrations wait for each other in a circle."""


class InconsistentMigrationHistory(Exception):
    """A migration is applied, and one that it depends on is not."""


class InvalidBasesError(ValueError):
    """A model's bases are not there to inherit from."""


class IrreversibleError(RuntimeError):
    """A migration cannot be undone."""


class MigrationSchemaMissing(DatabaseError):
    """The table of applied migrations is not there and cannot be made."""


class NodeNotFoundError(LookupError):
    """There is no migration of that name."""

    def __init__(self, message: str, node: tuple[str, str], origin: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.node = node
        self.origin = origin

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"NodeNotFoundError({self.node!r})"
