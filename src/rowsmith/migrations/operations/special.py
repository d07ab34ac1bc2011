"""Operations that users write themselves: SQL, Python, and database and state apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rowsmith.db.router import router
from rowsmith.migrations.operations.base import Operation, OperationCategory


class SeparateDatabaseAndState(Operation):
    """Some operations for the database alone, and others for the state alone."""

    serialization_expand_args = ("database_operations", "state_operations")

    def __init__(
        self,
        database_operations: Sequence[Operation] | None = None,
        state_operations: Sequence[Operation] | None = None,
    ) -> None:
        self.database_operations = list(database_operations or ())
        self.state_operations = list(state_operations or ())

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        keywords: dict[str, Any] = {}
        if self.database_operations:
            keywords["database_operations"] = self.database_operations
        if self.state_operations:
            keywords["state_operations"] = self.state_operations
        return type(self).__name__, [], keywords

    def state_forwards(self, app_label: str, state: Any) -> None:
        for operation in self.state_operations:
            operation.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        # The states of these are not those of the migration, which the other operations change.
        state = from_state
        for operation in self.database_operations:
            after = state.clone()
            operation.state_forwards(app_label, after)
            operation.database_forwards(app_label, schema_editor, state, after)
            state = after

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        states = [to_state]
        for operation in self.database_operations:
            after = states[-1].clone()
            operation.state_forwards(app_label, after)
            states.append(after)
        for place, operation in reversed(list(enumerate(self.database_operations))):
            operation.database_backwards(app_label, schema_editor, states[place + 1], states[place])

    def describe(self) -> str:
        return "Custom state/database change combination"


class RunSQL(Operation):
    """Run SQL as it is written.

    sql:               text, or a list of texts and of pairs (text, parameters).
    reverse_sql:       what undoes it; without it the operation cannot be undone.
    state_operations:  what it means for the models.
    hints:             handed to the routers' allow_migrate().
    """

    category = OperationCategory.SQL
    noop = ""

    def __init__(
        self,
        sql: Any,
        reverse_sql: Any = None,
        state_operations: Sequence[Operation] | None = None,
        hints: Mapping[str, Any] | None = None,
        elidable: bool = False,
    ) -> None:
        self.sql = sql
        self.reverse_sql = reverse_sql
        self.state_operations = list(state_operations or ())
        self.hints = dict(hints or {})
        self.elidable = elidable

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        keywords: dict[str, Any] = {"sql": self.sql}
        if self.reverse_sql is not None:
            keywords["reverse_sql"] = self.reverse_sql
        if self.state_operations:
            keywords["state_operations"] = self.state_operations
        if self.hints:
            keywords["hints"] = self.hints
        if self.elidable:
            keywords["elidable"] = True
        return type(self).__name__, [], keywords

    @property
    def reversible(self) -> bool:  # type: ignore[override]
        return self.reverse_sql is not None

    def state_forwards(self, app_label: str, state: Any) -> None:
        for operation in self.state_operations:
            operation.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if router.allow_migrate(schema_editor.connection.alias, app_label, **self.hints):
            self._run(schema_editor, self.sql)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if self.reverse_sql is None:
            raise NotImplementedError("You cannot reverse this operation")
        if router.allow_migrate(schema_editor.connection.alias, app_label, **self.hints):
            self._run(schema_editor, self.reverse_sql)

    def _run(self, schema_editor: Any, sql: Any) -> None:
        schema_editor.flush()
        for item in [sql] if isinstance(sql, str) else sql:
            if isinstance(item, str):
                for text in schema_editor.definitions.script(item):
                    schema_editor.execute(text)
                continue
            if not isinstance(item, list | tuple) or len(item) != 2:
                raise ValueError(f"RunSQL takes texts and pairs (text, parameters), not {item!r}.")
            schema_editor.execute(item[0], item[1])
        schema_editor.settle()

    def describe(self) -> str:
        return "Raw SQL operation"


class RunPython(Operation):
    """Call a function with the models of this point of history.

    code:          called as code(apps, schema_editor).
    reverse_code:  what undoes it; without it the operation cannot be undone.
    atomic:        whether it has a transaction of its own; None for where the migration's schema changes have none.
    hints:         handed to the routers' allow_migrate().
    """

    category = OperationCategory.PYTHON
    reduces_to_sql = False

    def __init__(
        self,
        code: Callable[..., Any],
        reverse_code: Callable[..., Any] | None = None,
        atomic: bool | None = None,
        hints: Mapping[str, Any] | None = None,
        elidable: bool = False,
    ) -> None:
        if not callable(code):
            raise ValueError(f"RunPython must be supplied with a callable, not {code!r}.")
        if reverse_code is not None and not callable(reverse_code):
            raise ValueError(f"RunPython must be supplied with callable arguments, not {reverse_code!r}.")
        self.atomic = atomic
        self.code = code
        self.reverse_code = reverse_code
        self.hints = dict(hints or {})
        self.elidable = elidable

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        keywords: dict[str, Any] = {"code": self.code}
        if self.reverse_code is not None:
            keywords["reverse_code"] = self.reverse_code
        if self.atomic is not None:
            keywords["atomic"] = self.atomic
        if self.hints:
            keywords["hints"] = self.hints
        if self.elidable:
            keywords["elidable"] = True
        return type(self).__name__, [], keywords

    @property
    def reversible(self) -> bool:  # type: ignore[override]
        return self.reverse_code is not None

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Rows change, models do not."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if router.allow_migrate(schema_editor.connection.alias, app_label, **self.hints):
            schema_editor.flush()
            self.code(from_state.apps, schema_editor)
            schema_editor.settle()

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if self.reverse_code is None:
            raise NotImplementedError("You cannot reverse this operation")
        if router.allow_migrate(schema_editor.connection.alias, app_label, **self.hints):
            schema_editor.flush()
            self.reverse_code(from_state.apps, schema_editor)
            schema_editor.settle()

    def describe(self) -> str:
        return "Raw Python operation"

    @staticmethod
    def noop(apps: Any, schema_editor: Any) -> None:
        """Do nothing."""
