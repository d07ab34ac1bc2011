"""check: look for mistakes in the models."""

from __future__ import annotations

import click

from rowsmith.checks import CRITICAL, DEBUG, ERROR, INFO, WARNING, known_tags, run_checks
from rowsmith.cli.command import command
from rowsmith.cli.errors import CommandError
from rowsmith.cli.migrate import connection_of
from rowsmith.cli.output import Output
from rowsmith.migrations import places

_LEVELS = {"DEBUG": DEBUG, "INFO": INFO, "WARNING": WARNING, "ERROR": ERROR, "CRITICAL": CRITICAL}


@command()
@click.argument("app_labels", nargs=-1, metavar="[APP]...")
@click.option("--tag", "-t", "tags", multiple=True, help="Only checks with this tag; may be given several times.")
@click.option("--list-tags", is_flag=True, help="The tags that there are.")
@click.option("--deploy", is_flag=True, help="What matters where a program is deployed, too.")
@click.option(
    "--fail-level", type=click.Choice(list(_LEVELS)), default="ERROR", help="From where on the exit code is 1."
)
@click.option(
    "--database", "databases", multiple=True, metavar="ALIAS", help="What only this database can tell, too."
)
def check(
    out: Output,
    app_labels: tuple[str, ...],
    tags: tuple[str, ...],
    list_tags: bool,
    deploy: bool,
    fail_level: str,
    databases: tuple[str, ...],
) -> None:
    """Look for mistakes in the models of APPs, or of all apps."""
    known = known_tags(include_deployment_checks=deploy)
    if list_tags:
        out.write("\n".join(sorted(known)))
        return
    for tag in tags:
        if tag not in known:
            raise CommandError(f"There is no check with the tag {tag!r}. Tags: {', '.join(sorted(known))}.")
    registry = places.registry()
    for label in app_labels:
        if label not in registry.all_models:
            raise CommandError(f"There is no app {label!r}. There are: {', '.join(sorted(registry.all_models))}.")
    for alias in databases:
        connection_of(alias)
    configs = [registry.get_app_config(label) for label in app_labels or registry.all_models]
    found = run_checks(configs, tags or None, databases or None, include_deployment_checks=deploy)
    listed = "\n\n".join(str(message) for message in sorted(found, key=lambda message: -message.level))
    summary = f"System check identified {len(found) or 'no'} issue{'' if len(found) == 1 else 's'}."
    if any(message.is_serious(_LEVELS[fail_level]) for message in found):
        raise CommandError(f"{listed}\n\n{summary}")
    if listed:
        out.write(f"{listed}\n", to_errors=True)
    out.tell(summary)
