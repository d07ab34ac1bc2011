"""Operation: one step of a migration, in the state of the models and in the database."""

from __future__ import annotations

import enum
from typing import Any, ClassVar, Self

from rowsmith.db import connections
from rowsmith.db.router import router
from rowsmith.execution.checking import has_table


class OperationCategory(enum.StrEnum):
    """What an operation does, as the mark that makemigrations shows before it."""

    ADDITION = "+"
    REMOVAL = "-"
    ALTERATION = "~"
    PYTHON = "p"
    SQL = "s"
    MIXED = "?"


class Operation:
    """One step of a migration.

    reversible:      whether `database_backwards` undoes it.
    reduces_to_sql:  whether it is statements and nothing else, so that they can be shown.
    atomic:          whether it runs in a transaction of its own where the migration has none.
    elidable:        whether a squash may leave it out.
    """

    reversible: bool = True
    reduces_to_sql: bool = True
    atomic: bool | None = False
    elidable: bool = False
    category: ClassVar[OperationCategory | None] = None
    serialization_expand_args: ClassVar[tuple[str, ...]] = ()

    _constructor_args: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = object.__new__(cls)
        self._constructor_args = (args, kwargs)
        return self

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return self.deconstruct() == other.deconstruct()

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        args, kwargs = self._constructor_args
        shown = [repr(arg) for arg in args] + [f"{name}={value!r}" for name, value in kwargs.items()]
        return f"<{type(self).__name__} {', '.join(shown)}>"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """The name, the arguments and the keywords that build it again."""
        args, kwargs = self._constructor_args
        return type(self).__name__, list(args), dict(kwargs)

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Change `state` as the operation changes the models."""
        raise NotImplementedError(f"{type(self).__name__} needs a method state_forwards(app_label, state).")

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Change the database from what `from_state` says to what `to_state` says."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a method database_forwards(app_label, schema_editor, from_state, to_state)."
        )

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Undo it: `from_state` is the later state, `to_state` the earlier one."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a method database_backwards(app_label, schema_editor, from_state, to_state)."
        )

    def describe(self) -> str:
        """What it does, in a few words."""
        return f"{type(self).__name__}: {self._constructor_args}"

    def formatted_description(self) -> str:
        """What it does, after the mark of its category."""
        category = self.category or OperationCategory.MIXED
        return f"{category.value} {self.describe()}"

    @property
    def migration_name_fragment(self) -> str | None:
        """What it adds to the name of a migration; None for nothing."""
        return None

    def references_model(self, name: str, app_label: str) -> bool:
        """Whether it may have to do with a model; True when in doubt."""
        return True

    def references_field(self, model_name: str, name: str, app_label: str) -> bool:
        """Whether it may have to do with a field; True when in doubt."""
        return self.references_model(model_name, app_label)

    def allow_migrate_model(self, connection_alias: str, model: Any) -> bool:
        """Whether a model's table is to be changed on that database."""
        meta = model._meta
        return (
            meta.managed
            and not meta.proxy
            and not meta.swapped
            and has_table(model, connections[connection_alias])
            and router.allow_migrate_model(connection_alias, model)
        )

    def reduce(self, operation: Operation, app_label: str) -> list[Operation] | bool:
        """What this operation and a later one come to.

        returns: the operations that stand for both; True when the two may change places; False when they may not.
        """
        if self.elidable:
            return [operation]
        if operation.elidable:
            return [self]
        return False
