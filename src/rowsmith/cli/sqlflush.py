"""sqlflush and sqlsequencereset: the statements that empty tables, and that set counters right."""

from __future__ import annotations

import click

from rowsmith.cli.command import DATABASE, command
from rowsmith.cli.errors import CommandError
from rowsmith.cli.migrate import connection_of
from rowsmith.cli.output import Output
from rowsmith.execution.emptying import emptying_statements
from rowsmith.metadata.tables import with_linking_tables
from rowsmith.migrations import places
from rowsmith.sql.types import Serial


@command()
@DATABASE
def sqlflush(out: Output, database: str) -> str:
    """Print what `flush` would send."""
    connection = connection_of(database)
    statements = emptying_statements(connection, True, places.registry())
    if not statements:
        out.tell("No tables found.", to_errors=True)
    return _printed(out, statements)


@command()
@click.argument("app_labels", nargs=-1, required=True, metavar="APP...")
@DATABASE
def sqlsequencereset(out: Output, app_labels: tuple[str, ...], database: str) -> str:
    """Print what lets the counted keys of APPs go on behind the largest ones there are."""
    connection = connection_of(database)
    definitions = connection.dialect.definitions()
    registry = places.registry()
    statements = []
    for label in app_labels:
        if label not in registry.all_models:
            raise CommandError(f"There is no app {label!r}. There are: {', '.join(sorted(registry.all_models))}.")
        models = registry.get_app_config(label).get_models()
        for model in with_linking_tables(model for model in models if not model._meta.proxy):
            for field in model._meta.local_concrete_fields:
                text = definitions.reset_sequence(model._meta.db_table, field.column)
                if isinstance(field.sql_type, Serial) and text is not None:
                    statements.append(text)
    if not statements:
        out.tell("No sequences found.", to_errors=True)
    return _printed(out, statements)


def _printed(out: Output, statements: list[str]) -> str:
    if not statements:
        return ""
    text = "\n".join(["BEGIN;", *(f"{statement};" for statement in statements), "COMMIT;"])
    out.write(text)
    return text
