"""Migration: a step of an app's history, with what it needs and what it does."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from rowsmith.db.transactions import atomic
from rowsmith.migrations.exceptions import IrreversibleError

Node = tuple[str, str]
"""A migration by app label and name."""


class Migration:
    """What the class `Migration` of a module of migrations derives from.

    operations:    what it does, in order.
    dependencies:  (app label, name) of the migrations that come before it.
    run_before:    those that come after it, without knowing.
    replaces:      those that it stands for, as a squash of them.
    initial:       whether it makes an app's first tables; by default, when it depends on none of its app.
    atomic:        whether all of it is kept or nothing, where the database can do that.
    """

    operations: list[Any] = []
    dependencies: list[Node] = []
    run_before: list[Node] = []
    replaces: list[Node] = []
    initial: bool | None = None
    atomic = True

    def __init__(self, name: str, app_label: str) -> None:
        self.name = name
        self.app_label = app_label
        self.operations = list(type(self).operations)
        self.dependencies = list(type(self).dependencies)
        self.run_before = list(type(self).run_before)
        self.replaces = list(type(self).replaces)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Migration) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"<Migration {self.app_label}.{self.name}>"

    def __str__(self) -> str:
        return f"{self.app_label}.{self.name}"

    @property
    def key(self) -> Node:
        return self.app_label, self.name

    def mutate_state(self, project_state: Any, preserve: bool = True) -> Any:
        """The state after it; of a clone, unless the state that is given may be changed."""
        state = project_state.clone() if preserve else project_state
        for operation in self.operations:
            operation.state_forwards(self.app_label, state)
        return state

    def apply(self, project_state: Any, schema_editor: Any, collect_sql: bool = False) -> Any:
        """Carry its operations out, and return the state after them."""
        state = project_state
        for operation in self.operations:
            after = state.clone()
            operation.state_forwards(self.app_label, after)
            if not collect_sql or _is_shown(operation, schema_editor):
                self._carry_out(operation, schema_editor, operation.database_forwards, state, after)
            state = after
        return state

    def unapply(self, project_state: Any, schema_editor: Any, collect_sql: bool = False) -> Any:
        """Undo its operations from the last to the first; `project_state` is the state before it.

        raises:  IrreversibleError before anything is undone, when one of them cannot be.
        """
        states = [project_state]
        for operation in self.operations:
            if not operation.reversible:
                raise IrreversibleError(
                    f"{operation.describe()} in {self} is not reversible, so this migration cannot be unapplied. Give "
                    "the operation what undoes it (reverse_code or reverse_sql; noop where nothing needs to be done)."
                )
            after = states[-1].clone()
            operation.state_forwards(self.app_label, after)
            states.append(after)
        for place, operation in reversed(list(enumerate(self.operations))):
            later, earlier = states[place + 1], states[place]
            if not collect_sql or _is_shown(operation, schema_editor):
                self._carry_out(operation, schema_editor, operation.database_backwards, later, earlier)
        return project_state

    def _carry_out(self, operation: Any, schema_editor: Any, act: Any, from_state: Any, to_state: Any) -> None:
        alone = operation.atomic or (self.atomic and operation.atomic is not False)
        if not schema_editor.atomic_migration and alone and not schema_editor.collect_sql:
            with atomic(schema_editor.connection.alias):
                act(self.app_label, schema_editor, from_state, to_state)
        else:
            act(self.app_label, schema_editor, from_state, to_state)

    def suggest_name(self) -> str:
        """A name that tells what it does, without the number."""
        if self.initial:
            return "initial"
        fragments = [operation.migration_name_fragment for operation in self.operations]
        words = [re.sub(r"\W+", "_", fragment) for fragment in fragments if fragment]
        if not words or len(words) != len(self.operations):
            return f"auto_{datetime.now():%Y%m%d_%H%M}"
        name = words[0]
        for word in words[1:]:
            if len(f"{name}_{word}") > 52:
                return f"{name}_and_more"
            name = f"{name}_{word}"
        return name


def _is_shown(operation: Any, schema_editor: Any) -> bool:
    """Write what an operation does before its statements; whether it has any."""
    schema_editor.flush()
    lines = ["--", f"-- {operation.describe()}", "--"]
    if not operation.reduces_to_sql:
        lines.append("-- THIS OPERATION CANNOT BE WRITTEN AS SQL")
    schema_editor.collected_sql.extend(lines)
    return bool(operation.reduces_to_sql)


class SwappableTuple(tuple[str, str]):
    """A dependency on the app of a model that may be swapped for another one."""

    setting: str

    def __new__(cls, value: Node, setting: str) -> SwappableTuple:
        self = super().__new__(cls, value)
        self.setting = setting
        return self


def swappable_dependency(value: str) -> SwappableTuple:
    """The dependency on the app of the model with this label, "app.Model"."""
    return SwappableTuple((value.split(".", 1)[0], "__first__"), value)
