"""loaddata: objects out of files."""

from __future__ import annotations

from typing import Any

import click

from rowsmith.cli.command import DATABASE, command
from rowsmith.cli.dumpdata import chosen_models
from rowsmith.cli.errors import CommandError
from rowsmith.cli.migrate import connection_of
from rowsmith.cli.output import Output
from rowsmith.serializers.fixtures import FixtureError, Loading


@command()
@click.argument("fixtures", nargs=-1, metavar="FIXTURE...")
@DATABASE
@click.option("--app", "app_label", metavar="LABEL", help="Look only in the fixtures of this app.")
@click.option("--ignorenonexistent", "-i", is_flag=True, help="Leave out models and fields that there are not.")
@click.option("--exclude", "-e", multiple=True, metavar="APP[.MODEL]", help="Leave out these; may be given often.")
@click.option("--format", metavar="FORMAT", help="The format of standard input, for which the name - stands.")
def loaddata(
    out: Output,
    fixtures: tuple[str, ...],
    database: str,
    app_label: str | None,
    ignorenonexistent: bool,
    exclude: Any,
    format: str | None,
) -> None:
    """Load the objects of fixtures, all of them or none."""
    if not fixtures:
        raise CommandError("No database fixture specified. Name at least one: rowsmith loaddata FIXTURE...")
    connection_of(database)
    loading = Loading(
        database,
        ignorenonexistent=ignorenonexistent,
        app_label=app_label,
        exclude=chosen_models(exclude),
        format=format,
        tell=lambda text: out.tell(text, 2),
    )
    try:
        loading.run(fixtures)
    except FixtureError as error:
        raise CommandError(str(error)) from error
    of = "" if loading.found == loading.loaded else f" (of {loading.found})"
    out.tell(f"Installed {loading.loaded} object(s){of} from {loading.fixtures} fixture(s)")
