"""flush: empty all tables."""

from __future__ import annotations

import click

from rowsmith.cli.command import DATABASE, INPUT, command
from rowsmith.cli.errors import CommandError
from rowsmith.cli.migrate import connection_of
from rowsmith.cli.output import Output
from rowsmith.exceptions import DatabaseError
from rowsmith.execution.emptying import empty_tables
from rowsmith.migrations import places
from rowsmith.migrations.signals import emit_post_migrate


@command()
@DATABASE
@INPUT
def flush(out: Output, database: str, interactive: bool) -> None:
    """Delete all rows of all models, and let keys begin at 1 again; migrations stay applied."""
    connection = connection_of(database)
    if interactive:
        where = connection.settings.name or connection.settings.host
        answer = click.prompt(
            f"This deletes ALL rows of all models in the database {database!r} ({where}), and cannot be undone.\n"
            "Are you sure? Type 'yes' to continue, or 'no' to cancel",
        )
        if answer != "yes":
            out.write("Flush cancelled.")
            return
    try:
        empty_tables(database, reset_sequences=True, registry=places.registry())
    except DatabaseError as error:
        raise CommandError(
            f"The database {database!r} could not be emptied: it may not be there, or a table may be missing. ({error})"
        ) from error
    emit_post_migrate(verbosity=out.verbosity, interactive=interactive, stdout=out.stdout, using=database)
