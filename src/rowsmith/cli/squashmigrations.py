"""squashmigrations and optimizemigration: fewer operations for the same history."""

from __future__ import annotations

from typing import Any

import click

from rowsmith.cli.command import INPUT, command
from rowsmith.cli.errors import CommandError
from rowsmith.cli.makemigrations import expect_new, shown
from rowsmith.cli.output import Output
from rowsmith.migrations import Migration
from rowsmith.migrations.exceptions import AmbiguityError
from rowsmith.migrations.loader import MigrationLoader
from rowsmith.migrations.optimizer import optimize
from rowsmith.migrations.writer import MigrationWriter


def found(loader: MigrationLoader, app_label: str, name: str) -> Migration:
    """The migration that a command names."""
    if app_label not in loader.migrated_apps:
        raise CommandError(f"App '{app_label}' does not have migrations.")
    try:
        return loader.get_migration_by_prefix(app_label, name)
    except AmbiguityError as error:
        raise CommandError(f"More than one migration matches '{name}' in app '{app_label}'. {error}") from None
    except KeyError as error:
        raise CommandError(
            f"Cannot find a migration matching '{name}' from app '{app_label}'. {error.args[0]}"
        ) from None


@command()
@click.argument("app_label")
@click.argument("names", nargs=-1, required=True, metavar="[START] END")
@click.option("--no-optimize", is_flag=True, help="Keep all operations as they are.")
@click.option("--squashed-name", help="The name of the new migration, after its number.")
@click.option("--no-header", is_flag=True, help="No comment on when it was written.")
@INPUT
def squashmigrations(
    out: Output,
    app_label: str,
    names: tuple[str, ...],
    no_optimize: bool,
    squashed_name: str | None,
    no_header: bool,
    interactive: bool,
) -> None:
    """Write one migration that stands for those of APP_LABEL from START, or from the first one, to END."""
    if len(names) not in (1, 2):
        raise CommandError("squashmigrations takes the name of the last migration, and of the first one before it.")
    *first, last = names
    loader = MigrationLoader(None)
    end = found(loader, app_label, last)
    if end.key not in loader.graph.nodes:
        raise CommandError(f"The migration '{end}' is replaced by a squash already; name that one.")
    chosen = [loader.graph.nodes[key] for key in loader.graph.forwards_plan(end.key) if key[0] == app_label]
    if first:
        start = found(loader, app_label, first[0])
        if start not in chosen:
            raise CommandError(
                f"The migration '{start}' cannot be found. Maybe it comes after the migration '{end}'?"
            )
        chosen = chosen[chosen.index(start) :]
    out.title("Will squash the following migrations:")
    for migration in chosen:
        out.tell(f" - {migration.name}")
    if interactive and not click.confirm("Do you wish to proceed?"):
        return
    operations = [operation for migration in chosen for operation in migration.operations]
    if no_optimize:
        out.title("(Skipping optimization.)")
    else:
        before = len(operations)
        out.title("Optimizing...")
        operations = optimize(operations, app_label)
        if len(operations) == before:
            out.tell("  No optimizations possible.")
        else:
            out.tell(f"  Optimized from {before} operations to {len(operations)} operations.")
    squash = _squash(app_label, chosen, operations, squashed_name)
    writer = MigrationWriter(squash, include_header=not no_header)
    path = writer.basedir / writer.filename
    if path.exists():
        raise CommandError(f"Migration {squash.name} already exists. Use a different name.")
    writer.write()
    expect_new(app_label)
    out.title(f"Created new squashed migration {shown(path)}")
    out.tell("  You should commit this migration but leave the old ones in place;")
    out.tell("  the new migration will be used for new installs. Once you are sure")
    out.tell("  all instances of the codebase have applied the migrations you squashed,")
    out.tell("  you can delete them.")
    _tell_of_copying(out, writer)


def _tell_of_copying(out: Output, writer: MigrationWriter) -> None:
    if writer.needs_manual_porting:
        out.tell("Manual porting required", fg="yellow")
        out.tell("  Your migrations contained functions that must be manually copied over,")
        out.tell("  as we could not safely copy their implementation.")
        out.tell("  See the comment at the top of the squashed migration for details.")


def _squash(app_label: str, chosen: list[Migration], operations: list[Any], name: str | None) -> Migration:
    keys = {migration.key for migration in chosen} | {
        (app, member) for migration in chosen for app, member in migration.replaces
    }
    dependencies = dict.fromkeys(one for migration in chosen for one in migration.dependencies)
    first, last = chosen[0], chosen[-1]
    number = first.name.split("_")[0]
    if name is None:
        name = f"squashed_{last.name}"
    squash = Migration(f"{number}_{name}", app_label)
    squash.operations = operations
    squash.dependencies = [one for one in dependencies if one not in keys]
    squash.run_before = [one for migration in chosen for one in migration.run_before]
    squash.replaces = [migration.key for migration in chosen]
    squash.initial = True if first.initial or not any(one[0] == app_label for one in squash.dependencies) else None
    squash.atomic = all(migration.atomic for migration in chosen)
    return squash


@command()
@click.argument("app_label")
@click.argument("migration_name")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when the migration can be optimized.")
def optimizemigration(out: Output, app_label: str, migration_name: str, check: bool) -> None:
    """Write the operations of a migration anew, as few as they come to."""
    loader = MigrationLoader(None)
    migration = found(loader, app_label, migration_name)
    before = len(migration.operations)
    operations = optimize(migration.operations, app_label)
    if len(operations) == before:
        out.tell("No optimizations possible.")
        return
    out.tell(f"Optimizing from {before} operations to {len(operations)} operations.")
    if check:
        raise SystemExit(1)
    migration.operations = operations
    writer = MigrationWriter(migration)
    writer.as_string()
    if writer.needs_manual_porting:
        if migration.replaces:
            raise CommandError(
                "Migration will require manual porting but is already a squashed migration.\n"
                "Transition to a normal migration first."
            )
        copied = Migration(f"{migration.name}_optimized", app_label)
        copied.operations, copied.dependencies = operations, migration.dependencies
        copied.replaces, copied.initial = [migration.key], migration.initial
        writer = MigrationWriter(copied)
    path = writer.write()
    expect_new(app_label)
    out.title(f"Optimized migration {shown(path)}")
    _tell_of_copying(out, writer)
