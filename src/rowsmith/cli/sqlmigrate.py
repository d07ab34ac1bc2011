"""sqlmigrate: the statements of one migration."""

from __future__ import annotations

import click

from rowsmith.cli.command import DATABASE, command
from rowsmith.cli.errors import CommandError
from rowsmith.cli.migrate import connection_of
from rowsmith.cli.output import Output
from rowsmith.migrations.exceptions import AmbiguityError
from rowsmith.migrations.loader import MigrationLoader


@command()
@click.argument("app_label")
@click.argument("migration_name")
@DATABASE
@click.option("--backwards", is_flag=True, help="The statements that undo it.")
def sqlmigrate(out: Output, app_label: str, migration_name: str, database: str, backwards: bool) -> str:
    """Print the SQL of a migration."""
    connection = connection_of(database)
    loader = MigrationLoader(connection, replace_migrations=False)
    if app_label not in loader.migrated_apps:
        raise CommandError(f"App '{app_label}' does not have migrations.")
    try:
        migration = loader.get_migration_by_prefix(app_label, migration_name)
    except AmbiguityError as error:
        raise CommandError(f"More than one migration matches '{migration_name}': {error}") from None
    except KeyError as error:
        raise CommandError(str(error.args[0])) from None
    statements = loader.collect_sql([(migration, backwards)])
    if not statements:
        out.tell("No operations found.", to_errors=True)
    if statements and migration.atomic and connection.features.can_rollback_ddl:
        statements = ["BEGIN;", *statements, "COMMIT;"]
    text = "\n".join(statements)
    if text:
        out.write(text)
    return text
