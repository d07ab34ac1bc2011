"""showmigrations: which migrations there are, and which of them a database has."""

from __future__ import annotations

import click

from rowsmith.cli.command import DATABASE, command
from rowsmith.cli.migrate import connection_of
from rowsmith.cli.output import Output
from rowsmith.migrations import places
from rowsmith.migrations.loader import MigrationLoader
from rowsmith.migrations.recorder import MigrationRecorder


@command()
@click.argument("app_labels", nargs=-1, metavar="[APP]...")
@DATABASE
@click.option(
    "--list", "-l", "as_", flag_value="list", default="list", help="By app; an X for those that are applied."
)
@click.option("--plan", "-p", "as_", flag_value="plan", help="In the order in which they are applied.")
def showmigrations(out: Output, app_labels: tuple[str, ...], database: str, as_: str) -> None:
    """Show the migrations of APPs, or of all apps."""
    connection = connection_of(database)
    loader = MigrationLoader(connection)
    known = places.labels()
    for label in app_labels:
        if label not in known:
            out.write(f"There is no app {label!r}: no model has this label.", to_errors=True)
    if not set(app_labels) <= set(known):
        raise SystemExit(2)
    if as_ == "plan":
        _plan(out, loader, app_labels)
    else:
        _list(out, loader, MigrationRecorder(connection), app_labels or tuple(known))


def _list(out: Output, loader: MigrationLoader, recorder: MigrationRecorder, labels: tuple[str, ...]) -> None:
    recorded = recorder.applied_migrations()
    graph = loader.graph
    for app in sorted(labels):
        out.write(app, bold=True)
        shown = set()
        for leaf in graph.leaf_nodes(app):
            for node in graph.forwards_plan(leaf):
                if node in shown or node[0] != app:
                    continue
                shown.add(node)
                migration = graph.nodes[node]
                title = node[1]
                if migration.replaces:
                    title += f" ({len(migration.replaces)} squashed migrations)"
                if node in loader.applied_migrations:
                    when = ""
                    if node in recorded:
                        mark = "X"
                        if out.verbosity >= 2:
                            when = f" (applied at {recorded[node].applied:%Y-%m-%d %H:%M:%S})"
                    else:
                        # All that it stands for is there, and it is not recorded yet.
                        mark = "-"
                        title += ": run 'rowsmith migrate' to finish recording"
                    out.write(f" [{mark}] {title}{when}")
                else:
                    out.write(f" [ ] {title}")
        if not shown:
            out.write(" (no migrations)", fg="red")


def _plan(out: Output, loader: MigrationLoader, labels: tuple[str, ...]) -> None:
    graph = loader.graph
    plan: dict[tuple[str, str], None] = {}
    for leaf in graph.leaf_nodes():
        if not labels or leaf[0] in labels:
            plan.update(dict.fromkeys(graph.forwards_plan(leaf)))
    for node in plan:
        needs = ""
        if out.verbosity >= 2 and graph.parents[node]:
            needs = f" ... ({', '.join('.'.join(parent) for parent in sorted(graph.parents[node]))})"
        mark = "X" if node in loader.applied_migrations else " "
        out.write(f"[{mark}]  {'.'.join(node)}{needs}")
    if not plan:
        out.write("(no migrations)", fg="red")
