"""The recorder: which migrations a database has, kept in a table of it."""

from __future__ import annotations

from functools import cache
from typing import Any

from rowsmith.exceptions import DatabaseError
from rowsmith.execution.schema import existing_tables
from rowsmith.metadata.registry import Apps
from rowsmith.migrations.exceptions import MigrationSchemaMissing
from rowsmith.migrations.migration import Node
from rowsmith.models import CharField, DateTimeField, Model
from rowsmith.timezone import now

TABLE = "rowsmith_migrations"


@cache
def applied_model() -> Any:
    """The model of the table; in a registry of its own, as it is no model of the program's."""

    class Migration(Model):
        app = CharField(max_length=255)
        name = CharField(max_length=255)
        applied = DateTimeField(default=now)

        class Meta:
            apps = Apps()
            app_label = "migrations"
            db_table = TABLE

        def __str__(self) -> str:
            return f"Migration {self.name} for {self.app}"

    return Migration


class MigrationRecorder:
    """The migrations that are applied to one database. The table is made when the first one is recorded."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.Migration = applied_model()

    @property
    def migration_qs(self) -> Any:
        return self.Migration.objects.using(self.connection.alias)

    def has_table(self) -> bool:
        return TABLE in existing_tables(self.connection)

    def ensure_schema(self) -> None:
        """Make the table if it is not there."""
        if self.has_table():
            return
        try:
            with self.connection.schema_editor() as editor:
                editor.create_model(self.Migration)
        except DatabaseError as error:
            raise MigrationSchemaMissing(f"Unable to create the {TABLE} table ({error})") from error

    def applied_migrations(self) -> dict[Node, Any]:
        """The rows, by app label and name; nothing where there is no table."""
        if not self.has_table():
            return {}
        return {(row.app, row.name): row for row in self.migration_qs.order_by("pk")}

    def record_applied(self, app: str, name: str) -> None:
        self.ensure_schema()
        self.migration_qs.create(app=app, name=name)

    def record_unapplied(self, app: str, name: str) -> None:
        self.ensure_schema()
        self.migration_qs.filter(app=app, name=name).delete()

    def flush(self) -> None:
        """Forget every migration."""
        self.migration_qs.all().delete()
