"""migrate: bring a database to a point of the history of its models."""

from __future__ import annotations

from typing import Any

import click

from rowsmith import config
from rowsmith.cli.command import DATABASE, INPUT, command
from rowsmith.cli.errors import CommandError
from rowsmith.cli.output import Output
from rowsmith.db import connections
from rowsmith.migrations import places
from rowsmith.migrations.autodetector import MigrationAutodetector
from rowsmith.migrations.exceptions import AmbiguityError
from rowsmith.migrations.executor import MigrationExecutor, Plan, create_missing
from rowsmith.migrations.migration import Migration
from rowsmith.migrations.signals import emit_post_migrate, emit_pre_migrate
from rowsmith.migrations.state import ProjectState


def connection_of(alias: str) -> Any:
    """The database that an option names; an error that tells to name one where the default one is none."""
    settings = config.current()
    if alias not in settings.databases:
        raise CommandError(
            f"There is no database {alias!r}. Configured: {', '.join(sorted(settings.databases)) or 'none'}."
        )
    if not settings.databases[alias].engine:
        others = ", ".join(sorted(name for name, one in settings.databases.items() if one.engine))
        raise CommandError(
            f"The database {alias!r} is configured as empty; name another one by --database: {others}."
        )
    return connections[alias]


@command(checks=True)
@click.argument("app_label", required=False)
@click.argument("migration_name", required=False)
@DATABASE
@click.option("--fake", is_flag=True, help="Record migrations as applied, or as not, and run none.")
@click.option("--fake-initial", is_flag=True, help="Only record first migrations whose tables are there already.")
@click.option("--plan", "show_plan", is_flag=True, help="Show what would be done.")
@click.option("--run-syncdb", is_flag=True, help="Make the tables of apps without migrations.")
@click.option(
    "--check", "check_unapplied", is_flag=True, help="Run nothing; exit with 1 when something is unapplied."
)
@click.option("--prune", is_flag=True, help="Forget migrations of the app whose files are gone.")
@INPUT
def migrate(
    out: Output,
    app_label: str | None,
    migration_name: str | None,
    database: str,
    fake: bool,
    fake_initial: bool,
    show_plan: bool,
    run_syncdb: bool,
    check_unapplied: bool,
    prune: bool,
    interactive: bool,
) -> None:
    """Apply migrations: all of them, or those of APP_LABEL, up to MIGRATION_NAME; `zero` undoes all of the app."""
    connection = connection_of(database)
    executor = MigrationExecutor(connection, _Progress(out))
    executor.loader.check_consistent_history(connection)
    _refuse_conflicts(executor)
    if run_syncdb and app_label and app_label in executor.loader.migrated_apps:
        raise CommandError(f"Can't use run_syncdb with app '{app_label}' as it has migrations.")
    targets, syncing = _targets(executor, app_label, migration_name, run_syncdb)
    if prune:
        _prune(out, executor, app_label)
        return
    plan = executor.migration_plan(targets)
    if show_plan:
        _show_plan(out, plan)
        if check_unapplied and plan:
            raise SystemExit(1)
        return
    if check_unapplied:
        if plan:
            raise SystemExit(1)
        return
    _announce(out, executor, app_label, migration_name, targets, syncing)
    before = executor.state_before(plan)
    told: dict[str, Any] = {"verbosity": out.verbosity, "interactive": interactive, "stdout": out.stdout}
    told["using"] = database
    emit_pre_migrate(plan=plan, apps=before.apps, **told)
    if syncing:
        out.title("Synchronizing apps without migrations:")
        for table in create_missing(executor, [app_label] if app_label else executor.loader.unmigrated_apps):
            out.tell(f"    Creating table {table}")
    if targets or plan:
        out.title("Running migrations:")
    if plan:
        state = executor.migrate(targets, plan, before, fake, fake_initial)
    else:
        out.tell("  No migrations to apply.")
        state = executor.migrate(targets, plan, before)
        _notice_changes(out, executor)
    emit_post_migrate(plan=plan, apps=state.apps, **told)


def _refuse_conflicts(executor: MigrationExecutor) -> None:
    conflicts = executor.loader.detect_conflicts()
    if conflicts:
        listed = "; ".join(f"{', '.join(names)} in {app}" for app, names in conflicts.items())
        raise CommandError(
            f"Conflicting migrations detected; multiple leaf nodes in the migration graph: ({listed}).\n"
            "To fix them run 'rowsmith makemigrations --merge'"
        )


def _targets(
    executor: MigrationExecutor, app_label: str | None, name: str | None, run_syncdb: bool
) -> tuple[list[Any], bool]:
    """The migrations to end at, and whether apps without migrations get their tables."""
    loader = executor.loader
    if app_label is None:
        return loader.graph.leaf_nodes(), run_syncdb and bool(loader.unmigrated_apps)
    if app_label not in loader.migrated_apps:
        if run_syncdb and app_label in loader.unmigrated_apps:
            return [], True
        known = ", ".join(sorted(loader.migrated_apps)) or "none"
        raise CommandError(f"App '{app_label}' does not have migrations. Apps with migrations: {known}.")
    if name is None:
        return loader.graph.leaf_nodes(app_label), False
    if name == "zero":
        return [(app_label, None)], False
    try:
        migration = loader.get_migration_by_prefix(app_label, name)
    except AmbiguityError as error:
        raise CommandError(
            f"More than one migration matches '{name}' in app '{app_label}'. Please be more specific. ({error})"
        ) from None
    except KeyError as error:
        raise CommandError(
            f"Cannot find a migration matching '{name}' from app '{app_label}'. {error.args[0]}"
        ) from None
    target = migration.key
    if target not in loader.graph.nodes:
        if target in loader.replacements:
            raise CommandError(
                f"The migration '{migration}' stands for others, of which only some are applied; name one of those."
            )
        squash = next(key for key in loader.replacements if target in loader._members(key))
        raise CommandError(f"The migration '{migration}' was replaced by '{'.'.join(squash)}'; name that one.")
    return [target], False


def _announce(
    out: Output,
    executor: MigrationExecutor,
    app_label: str | None,
    name: str | None,
    targets: list[Any],
    syncing: bool,
) -> None:
    out.title("Operations to perform:")
    if syncing:
        out.tell(f"  Synchronize unmigrated apps: {app_label or ', '.join(sorted(executor.loader.unmigrated_apps))}")
    if app_label is None or name is None:
        apps = ", ".join(sorted({app for app, _ in targets})) or "(none)"
        out.tell(f"  Apply all migrations: {apps}")
    elif targets and targets[0][1] is None:
        out.tell(f"  Unapply all migrations: {app_label}")
    elif targets:
        out.tell(f"  Target specific migration: {targets[0][1]}, from {app_label}")


class _Progress:
    """Tells of each migration when it begins and when it has ended."""

    def __init__(self, out: Output) -> None:
        self.out = out

    def __call__(self, what: str, migration: Migration | None, fake: bool) -> None:
        if what == "apply_start":
            self.out.tell(f"  Applying {migration}...", end=False)
        elif what == "unapply_start":
            self.out.tell(f"  Unapplying {migration}...", end=False)
        else:
            self.out.tell(" FAKED" if fake else " OK", fg="green")


def _show_plan(out: Output, plan: Plan) -> None:
    out.title("Planned operations:", 0)
    if not plan:
        out.write("  No planned migration operations.")
    for migration, backwards in plan:
        out.write(str(migration), bold=True)
        for operation in reversed(migration.operations) if backwards else migration.operations:
            out.write(f"    {_described(operation, backwards)}")


def _described(operation: Any, backwards: bool) -> str:
    """What an operation does or undoes, and whether it can be undone."""
    text = operation.describe()
    if hasattr(operation, "code"):
        code = operation.reverse_code if backwards else operation.code
        text = f"{text} -> {(code.__doc__ or '').strip().splitlines()[0]}" if getattr(code, "__doc__", None) else text
        missing = backwards and code is None
    elif hasattr(operation, "reverse_sql"):
        missing = backwards and operation.reverse_sql is None
    else:
        missing = backwards and not operation.reversible
    prefix = "Undo " if backwards else ""
    return f"{prefix}{text}{' (IRREVERSIBLE)' if missing else ''}"


def _notice_changes(out: Output, executor: MigrationExecutor) -> None:
    """Tell of changes of models that no migration has."""
    detector = MigrationAutodetector(executor.loader.project_state(), ProjectState.from_apps(places.registry()))
    changes = detector.changes(executor.loader.graph)
    if changes:
        apps = ", ".join(repr(app) for app in sorted(changes))
        out.tell(
            f"  Your models in app(s): {apps} have changes that are not yet reflected in a migration, and so won't be "
            "applied.",
            fg="yellow",
        )
        out.tell(
            "  Run 'rowsmith makemigrations' to make new migrations, and then re-run 'rowsmith migrate' to apply them.",
            fg="yellow",
        )


def _prune(out: Output, executor: MigrationExecutor, app_label: str | None) -> None:
    if not app_label:
        raise CommandError("Migrations can be pruned only when an app is specified.")
    out.title("Pruning migrations:")
    loader = executor.loader
    recorded = [key for key in executor.recorder.applied_migrations() if key[0] == app_label]
    gone = [key for key in recorded if key not in loader.disk_migrations]
    needing = sorted(
        squash
        for squash, migration in loader.replacements.items()
        if squash[0] == app_label and any(tuple(member) in gone for member in migration.replaces)
    )
    if needing:
        out.tell("  Cannot use --prune because the following squashed migrations have their 'replaces' attributes and "
                 "may not be recorded as applied:", fg="yellow")  # fmt: skip
        for squash in needing:
            out.tell(f"    {'.'.join(squash)}")
        out.tell("  Re-run 'rowsmith migrate' if they are not marked as applied, and remove 'replaces' attributes in "
                 "their Migration classes.")  # fmt: skip
        return
    if not gone:
        out.tell("  No migrations to prune.")
    for app, name in gone:
        out.tell(f"  Pruning {app}.{name}", end=False)
        executor.recorder.record_unapplied(app, name)
        out.tell(" OK", fg="green")
