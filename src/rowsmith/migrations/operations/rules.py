"""Operations on indexes and constraints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rowsmith.metadata.options import normalize_together
from rowsmith.migrations.operations.base import Operation, OperationCategory
from rowsmith.migrations.operations.models import Foldable
from rowsmith.models import Index


class RuleOperation(Foldable):
    """An operation on one index or one constraint of a model."""

    model_name: str

    @property
    def model_name_lower(self) -> str:
        return self.model_name.lower()

    def references_model(self, name: str, app_label: str) -> bool:
        return name.lower() == self.model_name_lower

    def reduce(self, operation: Operation, app_label: str) -> list[Operation] | bool:
        return super().reduce(operation, app_label) or not operation.references_model(self.model_name, app_label)

    def _same(self, operation: Any) -> bool:
        return bool(self.model_name_lower == operation.model_name_lower)

    def _change(self, app_label: str, state: Any, kind: str, name: str, item: Any = None) -> None:
        """Put `item` in the place of the one of that name, or at the end; None takes it away."""
        model = state.model(app_label, self.model_name)
        items = list(model.options[kind])
        place = next((place for place, known in enumerate(items) if known.name == name), len(items))
        items[place : place + 1] = [] if item is None else [item]
        state.put(model.with_options(**{kind: items}))

    def _model(self, app_label: str, schema_editor: Any, state: Any) -> Any:
        """The model in `state`, where its table is to be changed."""
        model = state.apps.get_model(app_label, self.model_name)
        return model if self.allow_migrate_model(schema_editor.connection.alias, model) else None


class AddIndex(RuleOperation):
    """Make an index."""

    category = OperationCategory.ADDITION

    def __init__(self, model_name: str, index: Any) -> None:
        if not index.name:
            raise ValueError(f"AddIndex takes an index with a name, as the name says which one it is; not {index!r}.")
        self.model_name = model_name
        self.index = index

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], {"model_name": self.model_name, "index": self.index}

    def state_forwards(self, app_label: str, state: Any) -> None:
        self._change(app_label, state, "indexes", self.index.name, self.index.clone())

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = self._model(app_label, schema_editor, to_state)
        if model is not None:
            schema_editor.add_index(model, self.index)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = self._model(app_label, schema_editor, from_state)
        if model is not None:
            schema_editor.remove_index(model, self.index)

    def describe(self) -> str:
        if self.index.expressions:
            over = ", ".join(str(expression) for expression in self.index.expressions)
            return f"Create index {self.index.name} on {over} on model {self.model_name}"
        return f"Create index {self.index.name} on field(s) {', '.join(self.index.fields)} of model {self.model_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"{self.model_name_lower}_{self.index.name.lower()}"

    def reduce(self, operation: Operation, app_label: str) -> list[Operation] | bool:
        if isinstance(operation, RemoveIndex) and self._same(operation) and operation.name == self.index.name:
            return []
        if isinstance(operation, RenameIndex) and self._same(operation) and operation.old_name == self.index.name:
            index = self.index.clone()
            index.name = operation.new_name
            return [AddIndex(self.model_name, index)]
        return super().reduce(operation, app_label)


class RemoveIndex(RuleOperation):
    """Drop an index."""

    category = OperationCategory.REMOVAL

    def __init__(self, model_name: str, name: str) -> None:
        self.model_name = model_name
        self.name = name

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], {"model_name": self.model_name, "name": self.name}

    def state_forwards(self, app_label: str, state: Any) -> None:
        self._change(app_label, state, "indexes", self.name)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = self._model(app_label, schema_editor, from_state)
        if model is not None:
            index = from_state.models[app_label, self.model_name_lower].get_index_by_name(self.name)
            schema_editor.remove_index(model, index)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = self._model(app_label, schema_editor, to_state)
        if model is not None:
            index = to_state.models[app_label, self.model_name_lower].get_index_by_name(self.name)
            schema_editor.add_index(model, index)

    def describe(self) -> str:
        return f"Remove index {self.name} from {self.model_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"remove_{self.model_name_lower}_{self.name.lower()}"


class RenameIndex(RuleOperation):
    """Give an index another name.

    old_name:    what it is called; or instead
    old_fields:  the fields over which it was made by `index_together`.
    """

    category = OperationCategory.ALTERATION

    def __init__(
        self, model_name: str, new_name: str, old_name: str | None = None, old_fields: Sequence[str] | None = None
    ) -> None:
        if not old_name and not old_fields:
            raise ValueError("RenameIndex requires one of old_name and old_fields arguments to be set.")
        if old_name and old_fields:
            raise ValueError("RenameIndex.old_name and old_fields are mutually exclusive.")
        self.model_name = model_name
        self.new_name = new_name
        self.old_name = old_name
        self.old_fields = old_fields

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        keywords: dict[str, Any] = {"model_name": self.model_name, "new_name": self.new_name}
        if self.old_name:
            keywords["old_name"] = self.old_name
        if self.old_fields:
            keywords["old_fields"] = self.old_fields
        return type(self).__name__, [], keywords

    def state_forwards(self, app_label: str, state: Any) -> None:
        model = state.model(app_label, self.model_name)
        if self.old_fields:
            names = tuple(self.old_fields)
            together = set(normalize_together(model.options.get("index_together") or ())) - {names}
            indexes = [*model.options["indexes"], Index(fields=list(names), name=self.new_name)]
            state.put(model.with_options(index_together=together, indexes=indexes))
            return
        index = model.get_index_by_name(self.old_name).clone()
        index.name = self.new_name
        self._change(app_label, state, "indexes", str(self.old_name), index)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = self._model(app_label, schema_editor, to_state)
        if model is None:
            return
        new = to_state.models[app_label, self.model_name_lower].get_index_by_name(self.new_name)
        if self.old_fields:
            old = Index(fields=list(self.old_fields), name="old")
            old.name = schema_editor.together(model, tuple(self.old_fields)).name
        else:
            old = from_state.models[app_label, self.model_name_lower].get_index_by_name(self.old_name)
        if old.name != new.name:
            schema_editor.rename_index(model, old, new)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if self.old_fields:
            # It had no name of its own, and any will do.
            return
        model = self._model(app_label, schema_editor, from_state)
        if model is not None:
            old = from_state.models[app_label, self.model_name_lower].get_index_by_name(self.new_name)
            new = to_state.models[app_label, self.model_name_lower].get_index_by_name(self.old_name)
            schema_editor.rename_index(model, old, new)

    def describe(self) -> str:
        if self.old_name:
            return f"Rename index {self.old_name} on {self.model_name} to {self.new_name}"
        fields = ", ".join(self.old_fields or ())
        return f"Rename unnamed index for {fields} on {self.model_name} to {self.new_name}"

    @property
    def migration_name_fragment(self) -> str:
        if self.old_name:
            return f"rename_{self.old_name.lower()}_{self.new_name.lower()}"
        return f"rename_{self.model_name_lower}_{'_'.join(self.old_fields or ())}_{self.new_name.lower()}"

    def reduce(self, operation: Operation, app_label: str) -> list[Operation] | bool:
        if isinstance(operation, RenameIndex) and self._same(operation) and operation.old_name == self.new_name:
            return [RenameIndex(self.model_name, operation.new_name, self.old_name, self.old_fields)]
        return super().reduce(operation, app_label)


class AddConstraint(RuleOperation):
    """Have the database keep a constraint."""

    category = OperationCategory.ADDITION

    def __init__(self, model_name: str, constraint: Any) -> None:
        self.model_name = model_name
        self.constraint = constraint

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], {"model_name": self.model_name, "constraint": self.constraint}

    def state_forwards(self, app_label: str, state: Any) -> None:
        self._change(app_label, state, "constraints", self.constraint.name, self.constraint)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = self._model(app_label, schema_editor, to_state)
        if model is not None:
            schema_editor.add_constraint(model, self.constraint)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = self._model(app_label, schema_editor, to_state)
        if model is not None:
            schema_editor.remove_constraint(model, self.constraint)

    def describe(self) -> str:
        return f"Create constraint {self.constraint.name} on model {self.model_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"{self.model_name_lower}_{self.constraint.name.lower()}"

    def reduce(self, operation: Operation, app_label: str) -> list[Operation] | bool:
        if (
            isinstance(operation, RemoveConstraint)
            and self._same(operation)
            and operation.name == self.constraint.name
        ):
            return []
        if (
            isinstance(operation, AlterConstraint)
            and self._same(operation)
            and operation.name == self.constraint.name
        ):
            return [AddConstraint(self.model_name, operation.constraint)]
        return super().reduce(operation, app_label)


class RemoveConstraint(RuleOperation):
    """Have the database keep a constraint no longer."""

    category = OperationCategory.REMOVAL

    def __init__(self, model_name: str, name: str) -> None:
        self.model_name = model_name
        self.name = name

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], {"model_name": self.model_name, "name": self.name}

    def state_forwards(self, app_label: str, state: Any) -> None:
        self._change(app_label, state, "constraints", self.name)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = self._model(app_label, schema_editor, to_state)
        if model is not None:
            constraint = from_state.models[app_label, self.model_name_lower].get_constraint_by_name(self.name)
            schema_editor.remove_constraint(model, constraint)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = self._model(app_label, schema_editor, to_state)
        if model is not None:
            constraint = to_state.models[app_label, self.model_name_lower].get_constraint_by_name(self.name)
            schema_editor.add_constraint(model, constraint)

    def describe(self) -> str:
        return f"Remove constraint {self.name} from model {self.model_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"remove_{self.model_name_lower}_{self.name.lower()}"


class AlterConstraint(RuleOperation):
    """Change what is told of a constraint, and nothing that the database keeps."""

    category = OperationCategory.ALTERATION

    def __init__(self, model_name: str, name: str, constraint: Any) -> None:
        self.model_name = model_name
        self.name = name
        self.constraint = constraint

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        keywords = {"model_name": self.model_name, "name": self.name, "constraint": self.constraint}
        return type(self).__name__, [], keywords

    def state_forwards(self, app_label: str, state: Any) -> None:
        self._change(app_label, state, "constraints", self.name, self.constraint)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """The database keeps it as it is."""

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """The database keeps it as it is."""

    def describe(self) -> str:
        return f"Alter constraint {self.name} on {self.model_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"alter_{self.model_name_lower}_{self.constraint.name.lower()}"

    def reduce(self, operation: Operation, app_label: str) -> list[Operation] | bool:
        alike = isinstance(operation, AlterConstraint | RemoveConstraint) and self._same(operation)
        if alike and operation.name == self.name:  # type: ignore[attr-defined]
            return [operation]
        return super().reduce(operation, app_label)
