"""The operations that migrations consist of."""

from rowsmith.migrations.operations.base import Operation, OperationCategory
from rowsmith.migrations.operations.fields import AddField, AlterField, RemoveField, RenameField
from rowsmith.migrations.operations.models import (
    AlterIndexTogether,
    AlterModelManagers,
    AlterModelOptions,
    AlterModelTable,
    AlterModelTableComment,
    AlterOrderWithRespectTo,
    AlterUniqueTogether,
    CreateModel,
    DeleteModel,
    RenameModel,
)
from rowsmith.migrations.operations.rules import (
    AddConstraint,
    AddIndex,
    AlterConstraint,
    RemoveConstraint,
    RemoveIndex,
    RenameIndex,
)
from rowsmith.migrations.operations.special import RunPython, RunSQL, SeparateDatabaseAndState

__all__ = [
    "AddConstraint",
    "AddField",
    "AddIndex",
    "AlterConstraint",
    "AlterField",
    "AlterIndexTogether",
    "AlterModelManagers",
    "AlterModelOptions",
    "AlterModelTable",
    "AlterModelTableComment",
    "AlterOrderWithRespectTo",
    "AlterUniqueTogether",
    "CreateModel",
    "DeleteModel",
    "Operation",
    "OperationCategory",
    "RemoveConstraint",
    "RemoveField",
    "RemoveIndex",
    "RenameField",
    "RenameIndex",
    "RenameModel",
    "RunPython",
    "RunSQL",
    "SeparateDatabaseAndState",
]
