"""Operations on single fields."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rowsmith.migrations.operations.base import Operation, OperationCategory
from rowsmith.migrations.operations.models import DeleteModel, Foldable, ModelOperation
from rowsmith.migrations.state import targets_of
from rowsmith.models import NOT_PROVIDED


class FieldOperation(Foldable):
    """An operation on one field."""

    def __init__(self, model_name: str, name: str, field: Any = None) -> None:
        self.model_name = model_name
        self.name = name
        self.field = field

    @property
    def model_name_lower(self) -> str:
        return self.model_name.lower()

    @property
    def name_lower(self) -> str:
        return self.name.lower()

    def is_same_model_operation(self, operation: Any) -> bool:
        return bool(self.model_name_lower == operation.model_name_lower)

    def is_same_field_operation(self, operation: Any) -> bool:
        return self.is_same_model_operation(operation) and self.name_lower == operation.name_lower

    def references_model(self, name: str, app_label: str) -> bool:
        if name.lower() == self.model_name_lower:
            return True
        if self.field is None:
            return False
        return (app_label, name.lower()) in targets_of(self.field, app_label, self.model_name)

    def references_field(self, model_name: str, name: str, app_label: str) -> bool:
        if model_name.lower() == self.model_name_lower:
            if name.lower() == self.name_lower:
                return True
            field = self.field
            return field is not None and (
                field.generated
                or name in (getattr(field, "from_fields", None) or ())
                or name in (getattr(field, "field_names", None) or ())
            )
        return self.references_model(model_name, app_label)

    def reduce(self, operation: Operation, app_label: str) -> list[Operation] | bool:
        if isinstance(operation, DeleteModel) and operation.name_lower == self.model_name_lower:
            return [operation]
        return super().reduce(operation, app_label) or not operation.references_field(
            self.model_name, self.name, app_label
        )

    def _models(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> tuple[Any, Any] | None:
        """The model before and after, where its table is to be changed."""
        new = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, new):
            return None
        return from_state.apps.get_model(app_label, self.model_name), new


@contextmanager
def _default_of(field: Any, source: Any, kept: bool) -> Iterator[None]:
    """For the time of the operation, the default that is for existing rows only."""
    if kept:
        yield
        return
    field.default = source.default
    try:
        yield
    finally:
        field.default = NOT_PROVIDED


class AddField(FieldOperation):
    """Add a field.

    preserve_default:  whether the default stays once existing rows have got it.
    """

    category = OperationCategory.ADDITION

    def __init__(self, model_name: str, name: str, field: Any, preserve_default: bool = True) -> None:
        self.preserve_default = preserve_default
        super().__init__(model_name, name, field)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        keywords: dict[str, Any] = {"model_name": self.model_name, "name": self.name, "field": self.field}
        if self.preserve_default is not True:
            keywords["preserve_default"] = self.preserve_default
        return type(self).__name__, [], keywords

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.add_field(app_label, self.model_name, self.name, self.field, self.preserve_default)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        models = self._models(app_label, schema_editor, from_state, to_state)
        if models is not None:
            old, new = models
            field = new._meta.get_field(self.name)
            with _default_of(field, self.field, self.preserve_default):
                schema_editor.add_field(old, field)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        old = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, old):
            schema_editor.remove_field(old, old._meta.get_field(self.name))

    def describe(self) -> str:
        return f"Add field {self.name} to {self.model_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"{self.model_name_lower}_{self.name_lower}"

    def reduce(self, operation: Operation, app_label: str) -> list[Operation] | bool:
        if isinstance(operation, FieldOperation) and self.is_same_field_operation(operation):
            if isinstance(operation, AlterField):
                return [AddField(self.model_name, operation.name, operation.field, operation.preserve_default)]
            if isinstance(operation, RemoveField):
                return []
            if isinstance(operation, RenameField):
                return [AddField(self.model_name, operation.new_name, self.field, self.preserve_default)]
        return super().reduce(operation, app_label)


class RemoveField(FieldOperation):
    """Remove a field."""

    category = OperationCategory.REMOVAL

    def __init__(self, model_name: str, name: str) -> None:
        super().__init__(model_name, name)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], {"model_name": self.model_name, "name": self.name}

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.remove_field(app_label, self.model_name, self.name)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        old = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, old):
            schema_editor.remove_field(old, old._meta.get_field(self.name))

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        models = self._models(app_label, schema_editor, from_state, to_state)
        if models is not None:
            old, new = models
            schema_editor.add_field(old, new._meta.get_field(self.name))

    def describe(self) -> str:
        return f"Remove field {self.name} from {self.model_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"remove_{self.model_name_lower}_{self.name_lower}"


class AlterField(FieldOperation):
    """Give a field another definition.

    preserve_default:  whether the default stays once it has taken the place of NULL in existing rows.
    """

    category = OperationCategory.ALTERATION

    def __init__(self, model_name: str, name: str, field: Any, preserve_default: bool = True) -> None:
        self.preserve_default = preserve_default
        super().__init__(model_name, name, field)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        keywords: dict[str, Any] = {"model_name": self.model_name, "name": self.name, "field": self.field}
        if self.preserve_default is not True:
            keywords["preserve_default"] = self.preserve_default
        return type(self).__name__, [], keywords

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.alter_field(app_label, self.model_name, self.name, self.field, self.preserve_default)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        models = self._models(app_label, schema_editor, from_state, to_state)
        if models is not None:
            old, new = models
            field = new._meta.get_field(self.name)
            with _default_of(field, self.field, self.preserve_default):
                schema_editor.alter_field(old, old._meta.get_field(self.name), field)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.database_forwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"Alter field {self.name} on {self.model_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"alter_{self.model_name_lower}_{self.name_lower}"

    def reduce(self, operation: Operation, app_label: str) -> list[Operation] | bool:
        if isinstance(operation, FieldOperation) and self.is_same_field_operation(operation):
            if isinstance(operation, AlterField | RemoveField):
                return [operation]
            if isinstance(operation, RenameField) and self.field.db_column is None:
                return [
                    operation,
                    AlterField(self.model_name, operation.new_name, self.field, self.preserve_default),
                ]
        return super().reduce(operation, app_label)


class RenameField(FieldOperation):
    """Give a field another name, and its column too unless `db_column` names it."""

    category = OperationCategory.ALTERATION

    def __init__(self, model_name: str, old_name: str, new_name: str) -> None:
        self.old_name = old_name
        self.new_name = new_name
        super().__init__(model_name, old_name)

    @property
    def old_name_lower(self) -> str:
        return self.old_name.lower()

    @property
    def new_name_lower(self) -> str:
        return self.new_name.lower()

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        keywords = {"model_name": self.model_name, "old_name": self.old_name, "new_name": self.new_name}
        return type(self).__name__, [], keywords

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.rename_field(app_label, self.model_name, self.old_name, self.new_name)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self._rename(app_label, schema_editor, from_state, to_state, self.old_name, self.new_name)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self._rename(app_label, schema_editor, from_state, to_state, self.new_name, self.old_name)

    def _rename(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any, old_name: str, new_name: str
    ) -> None:
        models = self._models(app_label, schema_editor, from_state, to_state)
        if models is not None:
            old, new = models
            schema_editor.alter_field(old, old._meta.get_field(old_name), new._meta.get_field(new_name))

    def references_field(self, model_name: str, name: str, app_label: str) -> bool:
        return self.references_model(model_name, app_label) and name.lower() in (
            self.old_name_lower,
            self.new_name_lower,
        )

    def describe(self) -> str:
        return f"Rename field {self.old_name} on {self.model_name} to {self.new_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"rename_{self.old_name_lower}_{self.model_name_lower}_{self.new_name_lower}"

    def reduce(self, operation: Operation, app_label: str) -> list[Operation] | bool:
        if (
            isinstance(operation, RenameField)
            and self.is_same_model_operation(operation)
            and self.new_name_lower == operation.old_name_lower
        ):
            return [RenameField(self.model_name, self.old_name, operation.new_name)]
        if isinstance(operation, ModelOperation):
            return super().reduce(operation, app_label)
        return Operation.reduce(self, operation, app_label) or not (
            operation.references_field(self.model_name, self.new_name, app_label)
            or operation.references_field(self.model_name, self.old_name, app_label)
        )
