"""Operations on whole models: made, dropped, renamed, and their options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from rowsmith.metadata.options import normalize_together
from rowsmith.migrations.operations.base import Operation, OperationCategory
from rowsmith.migrations.state import ModelState, ProjectState, key_of, label_of, targets_of
from rowsmith.models import Model


class ModelOperation(Operation):
    """An operation on one model."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def name_lower(self) -> str:
        return self.name.lower()

    def references_model(self, name: str, app_label: str) -> bool:
        return name.lower() == self.name_lower

    def reduce(self, operation: Operation, app_label: str) -> list[Operation] | bool:
        return super().reduce(operation, app_label) or not operation.references_model(self.name, app_label)


class CreateModel(ModelOperation):
    """Make a model's table."""

    category = OperationCategory.ADDITION
    serialization_expand_args = ("fields", "options", "managers")

    def __init__(
        self,
        name: str,
        fields: Iterable[tuple[str, Any]],
        options: Mapping[str, Any] | None = None,
        bases: Iterable[Any] | None = None,
        managers: Iterable[tuple[str, Any]] | None = None,
    ) -> None:
        self.fields = list(fields)
        self.options = dict(options or {})
        self.bases: tuple[Any, ...] = tuple(bases or (Model,))
        self.managers = list(managers or ())
        super().__init__(name)
        _refuse_twice("fields", [field for field, _ in self.fields])
        _refuse_twice("managers", [manager for manager, _ in self.managers])
        _refuse_twice(
            "bases",
            [base.lower() if isinstance(base, str) else label_of(base).lower() if hasattr(base, "_meta") else base
             for base in self.bases],
        )  # fmt: skip

    @classmethod
    def of(cls, state: ModelState) -> CreateModel:
        """The operation that leads to a state."""
        options = {
            name: value for name, value in state.options.items() if value or name not in ("indexes", "constraints")
        }
        return cls(state.name, list(state.fields.items()), options, state.bases, state.managers)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        keywords: dict[str, Any] = {"name": self.name, "fields": self.fields}
        if self.options:
            keywords["options"] = self.options
        if self.bases != (Model,):
            keywords["bases"] = self.bases
        if self.managers:
            keywords["managers"] = self.managers
        return type(self).__name__, [], keywords

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.put(ModelState(app_label, self.name, self.fields, self.options, self.bases, self.managers))

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.create_model(model)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = from_state.apps.get_model(app_label, self.name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.delete_model(model)

    def describe(self) -> str:
        return f"Create {'proxy ' if self.options.get('proxy') else ''}model {self.name}"

    @property
    def migration_name_fragment(self) -> str:
        return self.name_lower

    def references_model(self, name: str, app_label: str) -> bool:
        if name.lower() == self.name_lower:
            return True
        wanted = app_label, name.lower()
        bases = [key_of(base, app_label) for base in self.bases if isinstance(base, str)]
        return wanted in bases or any(wanted in targets_of(field, app_label, self.name) for _, field in self.fields)

    def reduce(self, operation: Operation, app_label: str) -> list[Operation] | bool:
        if isinstance(operation, DeleteModel) and operation.name_lower == self.name_lower:
            return []
        about = getattr(operation, "model_name", None) or getattr(operation, "name", None)
        if isinstance(operation, RenameModel):
            about = operation.old_name
        if isinstance(operation, Foldable | RenameModel) and str(about).lower() == self.name_lower:
            # What it does to the model's state, the model can be made with.
            state = ProjectState()
            self.state_forwards(app_label, state)
            operation.state_forwards(app_label, state)
            [made] = state.models.values()
            return [CreateModel.of(made)]
        return super().reduce(operation, app_label)


class Foldable(Operation):
    """An operation on one model that might as well have been part of its creation."""


def _refuse_twice(what: str, names: list[Any]) -> None:
    seen = set()
    for name in names:
        if name in seen:
            raise ValueError(f"Found duplicate value {name} in CreateModel {what} argument.")
        seen.add(name)


class DeleteModel(ModelOperation):
    """Drop a model's table."""

    category = OperationCategory.REMOVAL

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], {"name": self.name}

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.remove_model(app_label, self.name)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = from_state.apps.get_model(app_label, self.name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.delete_model(model)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.create_model(model)

    def references_model(self, name: str, app_label: str) -> bool:
        # It may have been referred to until now.
        return True

    def describe(self) -> str:
        return f"Delete model {self.name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"delete_{self.name_lower}"


class RenameModel(ModelOperation):
    """Rename a model: its table, the linking tables of its many-to-many fields, and their columns."""

    category = OperationCategory.ALTERATION

    def __init__(self, old_name: str, new_name: str) -> None:
        self.old_name = old_name
        self.new_name = new_name
        super().__init__(old_name)

    @property
    def old_name_lower(self) -> str:
        return self.old_name.lower()

    @property
    def new_name_lower(self) -> str:
        return self.new_name.lower()

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], {"old_name": self.old_name, "new_name": self.new_name}

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.rename_model(app_label, self.old_name, self.new_name)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self._rename(app_label, schema_editor, from_state, to_state, self.old_name, self.new_name)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self._rename(app_label, schema_editor, from_state, to_state, self.new_name, self.old_name)

    def _rename(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any, old_name: str, new_name: str
    ) -> None:
        new = to_state.apps.get_model(app_label, new_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, new):
            return
        old = from_state.apps.get_model(app_label, old_name)
        schema_editor.alter_db_table(new, old._meta.db_table, new._meta.db_table)
        links = [*zip(old._meta.local_many_to_many, new._meta.local_many_to_many, strict=True)]
        for rel in old._meta.own_reverse:
            owner = rel.field.model
            if rel.field.many_to_many and owner is not old and not owner._meta.auto_created:
                there = to_state.apps.get_model(owner._meta.app_label, owner._meta.model_name)
                links.append((rel.field, there._meta.get_field(rel.field.name)))
        for was, now in links:
            if was.remote_field.through._meta.auto_created and now.remote_field.through._meta.auto_created:
                schema_editor.alter_field(was.model, was, now)

    def references_model(self, name: str, app_label: str) -> bool:
        return name.lower() in (self.old_name_lower, self.new_name_lower)

    def describe(self) -> str:
        return f"Rename model {self.old_name} to {self.new_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"rename_{self.old_name_lower}_{self.new_name_lower}"

    def reduce(self, operation: Operation, app_label: str) -> list[Operation] | bool:
        if isinstance(operation, RenameModel) and self.new_name_lower == operation.old_name_lower:
            return [RenameModel(self.old_name, operation.new_name)]
        # What comes after knows the new name only.
        return Operation.reduce(self, operation, app_label) or not operation.references_model(
            self.new_name, app_label
        )


class ModelOptionOperation(ModelOperation, Foldable):
    """An operation that changes options of a model."""

    category = OperationCategory.ALTERATION

    def reduce(self, operation: Operation, app_label: str) -> list[Operation] | bool:
        if isinstance(operation, type(self) | DeleteModel) and self.name_lower == operation.name_lower:
            return [operation]
        return super().reduce(operation, app_label)

    def _models(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> tuple[Any, Any] | None:
        """The model before and after, where its table is to be changed."""
        new = to_state.apps.get_model(app_label, self.name)
        if not self.allow_migrate_model(schema_editor.connection.alias, new):
            return None
        return from_state.apps.get_model(app_label, self.name), new

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.database_forwards(app_label, schema_editor, from_state, to_state)


class AlterModelTable(ModelOptionOperation):
    """Give a model's table another name, and the linking tables of its many-to-many fields theirs."""

    def __init__(self, name: str, table: str | None) -> None:
        self.table = table
        super().__init__(name)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], {"name": self.name, "table": self.table}

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.alter_options(app_label, self.name, {"db_table": self.table})

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        models = self._models(app_label, schema_editor, from_state, to_state)
        if models is not None:
            old, new = models
            schema_editor.alter_db_table(new, old._meta.db_table, new._meta.db_table)
            for was, now in zip(old._meta.local_many_to_many, new._meta.local_many_to_many, strict=True):
                if now.remote_field.through._meta.auto_created:
                    schema_editor.alter_field(old, was, now)

    def describe(self) -> str:
        shown = self.table if self.table is not None else "(default)"
        return f"Rename table for {self.name} to {shown}"

    @property
    def migration_name_fragment(self) -> str:
        return f"alter_{self.name_lower}_table"


class AlterModelTableComment(ModelOptionOperation):
    """Give a model's table another comment."""

    def __init__(self, name: str, table_comment: str | None) -> None:
        self.table_comment = table_comment
        super().__init__(name)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], {"name": self.name, "table_comment": self.table_comment}

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.alter_options(app_label, self.name, {"db_table_comment": self.table_comment})

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        models = self._models(app_label, schema_editor, from_state, to_state)
        if models is not None:
            old, new = models
            schema_editor.alter_db_table_comment(new, old._meta.db_table_comment, new._meta.db_table_comment)

    def describe(self) -> str:
        return f"Alter {self.name} table comment"

    @property
    def migration_name_fragment(self) -> str:
        return f"alter_{self.name_lower}_table_comment"


class AlterTogether(ModelOptionOperation):
    """Change the groups of fields that an option names together."""

    option_name: ClassVar[str]

    def __init__(self, name: str, option_value: Any) -> None:
        self.option_value = set(normalize_together(option_value)) if option_value else set()
        super().__init__(name)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], {"name": self.name, self.option_name: self.option_value}

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.alter_options(app_label, self.name, {self.option_name: self.option_value})

    def references_field(self, model_name: str, name: str, app_label: str) -> bool:
        return self.references_model(model_name, app_label) and any(name in group for group in self.option_value)

    def describe(self) -> str:
        return f"Alter {self.option_name} for {self.name} ({len(self.option_value)} constraint(s))"

    @property
    def migration_name_fragment(self) -> str:
        return f"alter_{self.name_lower}_{self.option_name}"


class AlterUniqueTogether(AlterTogether):
    """Change what is unique together."""

    option_name = "unique_together"

    def __init__(self, name: str, unique_together: Any) -> None:
        super().__init__(name, unique_together)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        models = self._models(app_label, schema_editor, from_state, to_state)
        if models is not None:
            old, new = models
            schema_editor.alter_unique_together(new, old._meta.unique_together, new._meta.unique_together)


class AlterIndexTogether(AlterTogether):
    """Change what is indexed together; for migrations of old, which have no other way to say so."""

    option_name = "index_together"

    def __init__(self, name: str, index_together: Any) -> None:
        super().__init__(name, index_together)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        models = self._models(app_label, schema_editor, from_state, to_state)
        if models is not None:
            key = app_label, self.name_lower
            old, new = (state.models[key].options.get("index_together") or () for state in (from_state, to_state))
            schema_editor.alter_index_together(models[1], old, new)


class AlterOrderWithRespectTo(ModelOptionOperation):
    """Add or drop the column that keeps the order of rows with the same parent."""

    def __init__(self, name: str, order_with_respect_to: str | None) -> None:
        self.order_with_respect_to = order_with_respect_to
        super().__init__(name)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], {"name": self.name, "order_with_respect_to": self.order_with_respect_to}

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.alter_options(app_label, self.name, {"order_with_respect_to": self.order_with_respect_to})

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        models = self._models(app_label, schema_editor, from_state, to_state)
        if models is None:
            return
        old, new = models
        before, after = old._meta.order_with_respect_to, new._meta.order_with_respect_to
        if before and not after:
            schema_editor.remove_field(old, old._meta.get_field("_order"))
        elif after and not before:
            field = new._meta.get_field("_order")
            if not field.has_default():
                # Rows that exist are in no order yet.
                field.default = 0
            schema_editor.add_field(old, field)

    def references_field(self, model_name: str, name: str, app_label: str) -> bool:
        return self.references_model(model_name, app_label) and name in (self.order_with_respect_to, "_order", None)

    def describe(self) -> str:
        return f"Set order_with_respect_to on {self.name} to {self.order_with_respect_to}"

    @property
    def migration_name_fragment(self) -> str:
        return f"alter_{self.name_lower}_order_with_respect_to"


class AlterModelOptions(ModelOptionOperation):
    """Change options that the database knows nothing of."""

    ALTER_OPTION_KEYS: ClassVar[tuple[str, ...]] = (
        "base_manager_name",
        "default_manager_name",
        "default_related_name",
        "get_latest_by",
        "managed",
        "ordering",
        "permissions",
        "default_permissions",
        "select_on_save",
        "verbose_name",
        "verbose_name_plural",
    )

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.options = dict(options)
        super().__init__(name)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], {"name": self.name, "options": self.options}

    def state_forwards(self, app_label: str, state: Any) -> None:
        model = state.model(app_label, self.name)
        kept = {name: value for name, value in model.options.items() if name not in self.ALTER_OPTION_KEYS}
        state.put(model.clone(options={**kept, **self.options}))

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Nothing in the database says these."""

    def describe(self) -> str:
        return f"Change Meta options on {self.name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"alter_{self.name_lower}_options"


class AlterModelManagers(ModelOptionOperation):
    """Change the managers that historical models have."""

    serialization_expand_args = ("managers",)

    def __init__(self, name: str, managers: Iterable[tuple[str, Any]]) -> None:
        self.managers = list(managers)
        super().__init__(name)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], {"name": self.name, "managers": self.managers}

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.put(state.model(app_label, self.name).clone(managers=self.managers))

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Nothing in the database says these."""

    def describe(self) -> str:
        return f"Change managers on {self.name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"alter_{self.name_lower}_managers"
