"""makemigrations: write down what has changed about the models."""

from __future__ import annotations

import os
import warnings
from itertools import takewhile
from pathlib import Path
from typing import Any

import click

from rowsmith import config
from rowsmith.cli.command import INPUT, command
from rowsmith.cli.errors import CommandError
from rowsmith.cli.output import Output
from rowsmith.cli.questions import InteractiveQuestioner, NonInteractiveQuestioner
from rowsmith.db import connections
from rowsmith.db.router import router
from rowsmith.exceptions import DatabaseError
from rowsmith.migrations import Migration, places
from rowsmith.migrations.autodetector import MigrationAutodetector
from rowsmith.migrations.loader import MigrationLoader, forget_modules
from rowsmith.migrations.optimizer import optimize
from rowsmith.migrations.questioner import MigrationQuestioner
from rowsmith.migrations.recorder import MigrationRecorder
from rowsmith.migrations.state import ProjectState
from rowsmith.migrations.writer import MigrationWriter


@command(checks=True)
@click.argument("app_labels", nargs=-1, metavar="[APP]...")
@click.option("--dry-run", is_flag=True, help="Show what would be written; with -v 3, all of it.")
@click.option("--merge", is_flag=True, help="Join migrations that conflict.")
@click.option("--empty", is_flag=True, help="Write migrations without operations, for you to fill.")
@click.option("--name", "-n", "migration_name", help="The name of the migrations, after their numbers.")
@click.option("--no-header/--header", "no_header", default=False, help="No comment on when it was written.")
@click.option("--check", "check_changes", is_flag=True, help="Write nothing; exit with 1 when something is missing.")
@click.option("--scriptable", is_flag=True, help="Messages to stderr, paths of the files to stdout.")
@click.option("--update", is_flag=True, help="Add the changes to the last migration, which nobody has yet.")
@INPUT
def makemigrations(out: Output, app_labels: tuple[str, ...], **options: Any) -> None:
    """Write migrations for what has changed about the models of APPs, or of all apps that have migrations."""
    Maker(out, app_labels, **options).run()


class Maker:
    """One run of the command."""

    def __init__(
        self,
        out: Output,
        app_labels: tuple[str, ...],
        dry_run: bool,
        merge: bool,
        empty: bool,
        migration_name: str | None,
        no_header: bool,
        check_changes: bool,
        scriptable: bool,
        update: bool,
        interactive: bool,
    ) -> None:
        self.out = out
        self.dry_run = dry_run
        self.merge = merge
        self.empty = empty
        self.name = migration_name
        self.header = not no_header
        self.check = check_changes
        self.scriptable = scriptable
        self.update = update
        self.interactive = interactive
        self.labels = tuple(dict.fromkeys(app_labels))
        if self.name and not self.name.isidentifier():
            raise CommandError("The migration name must be a valid Python identifier.")
        known = places.labels()
        for label in self.labels:
            if label not in known:
                out.write(
                    f"There is no app {label!r}: no model has this label. There are: {', '.join(known) or 'none'}.",
                    to_errors=True,
                )
        if not set(self.labels) <= set(known):
            raise SystemExit(2)

    def tell(self, text: str, level: int = 1, **style: Any) -> None:
        self.out.tell(text, level, to_errors=self.scriptable, **style)

    def run(self) -> None:
        loader = MigrationLoader(None, ignore_no_migrations=True)
        self._check_histories(loader)
        conflicts = loader.detect_conflicts()
        if self.labels:
            conflicts = {app: names for app, names in conflicts.items() if app in self.labels}
        if conflicts and not self.merge:
            listed = "; ".join(f"{', '.join(names)} in {app}" for app, names in conflicts.items())
            raise CommandError(
                f"Conflicting migrations detected; multiple leaf nodes in the migration graph: ({listed}).\n"
                "To fix them run 'rowsmith makemigrations --merge'"
            )
        if self.merge:
            if not conflicts:
                self.tell("No conflicts detected to merge.")
            else:
                self._merge(loader, conflicts)
            return
        if self.empty:
            self._write_empty(loader)
            return
        detector = MigrationAutodetector(
            loader.project_state(),
            ProjectState.from_apps(places.registry()),
            self._questioner(),
        )
        changes = detector.changes(
            loader.graph,
            trim_to_apps=self.labels or None,
            migration_name=self.name,
        )
        if not changes:
            where = ""
            if self.labels:
                where = f" in app{'s' if len(self.labels) > 1 else ''} " + ", ".join(
                    f"'{one}'" for one in self.labels
                )
            self.tell(f"No changes detected{where}")
            return
        if self.check:
            self._write(changes, dry_run=True)
            raise SystemExit(1)
        if self.update:
            self._update(changes, loader)
        else:
            self._write(changes, self.dry_run)

    def _questioner(self) -> MigrationQuestioner:
        kind = InteractiveQuestioner if self.interactive else NonInteractiveQuestioner
        return kind(self.out, specified_apps=frozenset(self.labels), dry_run=self.dry_run)

    def _check_histories(self, loader: MigrationLoader) -> None:
        """Look for gaps in what is applied to the default database; with routers, to each that may have a model."""
        settings = config.current()
        aliases = list(settings.databases) if settings.routers else ["default"]
        models = places.registry().get_models()
        for alias in aliases:
            if alias not in settings.databases or not settings.databases[alias].engine:
                continue
            allowed = any(
                router.allow_migrate(alias, model._meta.app_label, model_name=model._meta.object_name)
                for model in models
            )
            if not allowed:
                continue
            try:
                loader.check_consistent_history(connections[alias])
            except DatabaseError as error:
                warnings.warn(
                    "Got an error checking a consistent migration history performed for database connection "
                    f"{alias!r}: {error}",
                    RuntimeWarning,
                    stacklevel=2,
                )

    def _write_empty(self, loader: MigrationLoader) -> None:
        if not self.labels:
            raise CommandError("You must supply at least one app label when using --empty.")
        detector = MigrationAutodetector(ProjectState(), ProjectState(), self._questioner())
        empty = {app: [Migration("custom", app)] for app in self.labels}
        self._write(detector.arranged(empty, loader.graph, self.name), self.dry_run)

    def _write(self, changes: dict[str, list[Migration]], dry_run: bool) -> None:
        for app, migrations in changes.items():
            self.tell(f"Migrations for '{app}':", bold=True)
            for migration in migrations:
                writer = MigrationWriter(migration, self.header)
                text = writer.as_string()
                path = Path(writer.path)
                self.tell(f"  {shown(path)}", bold=True)
                for operation in migration.operations:
                    self.tell(f"    {operation.formatted_description()}")
                if self.scriptable:
                    self.out.write(str(path))
                if dry_run:
                    if self.out.verbosity >= 3:
                        self.tell(f"Full migrations file '{path.name}':", 3)
                        self.tell(text, 3)
                else:
                    writer.write()
            if not dry_run:
                expect_new(app)

    def _update(self, changes: dict[str, list[Migration]], loader: MigrationLoader) -> None:
        """Put the changes of an app into its last migration."""
        if len(changes) > 1:
            raise CommandError(f"--update changes the last migration of one app; name one of {', '.join(changes)}.")
        [(app, migrations)] = changes.items()
        leaves = loader.graph.leaf_nodes(app)
        if not leaves:
            raise CommandError(f"App {app} has no migration, cannot update last migration.")
        last = loader.graph.nodes[leaves[0]]
        if last.replaces:
            raise CommandError(f"Cannot update squash migration '{last}'.")
        for alias, settings in config.current().databases.items():
            if settings.engine and last.key in MigrationRecorder(connections[alias]).applied_migrations():
                raise CommandError(f"Cannot update applied migration '{last}'.")
        depending = [key for key in loader.graph.children[last.key] if key != last.key]
        if depending:
            names = ", ".join(f"{other}.{name}" for other, name in sorted(depending))
            raise CommandError(f"Cannot update migration '{last}' that migrations {names} depend on.")
        for migration in migrations:
            last.operations.extend(migration.operations)
            last.dependencies.extend(
                one for one in migration.dependencies if one[0] != app and one not in last.dependencies
            )
        last.operations = optimize(last.operations, app)
        folder = places.folder(app)
        previous = folder / f"{last.name}.py"
        if last.initial or not last.name[:4].isdigit():
            name = last.name
        else:
            name = f"{last.name.split('_', 1)[0]}_{self.name or last.suggest_name()}"
        if self.name:
            name = f"{last.name.split('_', 1)[0]}_{self.name}"
        last.name = name
        self._write({app: [last]}, self.dry_run)
        if not self.dry_run and previous.name != f"{name}.py":
            previous.unlink(missing_ok=True)
            self.tell(f"Deleted {shown(previous)}")

    def _merge(self, loader: MigrationLoader, conflicts: dict[str, list[str]]) -> None:
        """Write a migration that comes after all that are last now."""
        for app, names in conflicts.items():
            plans = [loader.graph.forwards_plan((app, name)) for name in names]
            shared = sum(1 for _ in takewhile(lambda nodes: len(set(nodes)) == 1, zip(*plans, strict=False)))
            self.tell(f"Merging {app}", bold=True)
            for name, plan in zip(names, plans, strict=True):
                self.tell(f"  Branch {name}", bold=True)
                for node in plan[shared:]:
                    if node[0] == app:
                        for operation in loader.graph.nodes[node].operations:
                            self.tell(f"    {operation.formatted_description()}")
            questioner: MigrationQuestioner = self._questioner()
            if not self.interactive:
                questioner = MigrationQuestioner(defaults={"ask_merge": True})
            if not questioner.ask_merge(app):
                continue
            numbers = [number for name in names if (number := MigrationAutodetector.parse_number(name)) is not None]
            number = max(numbers, default=0) + 1
            merged = f"{number:04}_{self.name or 'merge_' + '_'.join(names)}"
            if len(merged) > 60 and not self.name:
                merged = f"{number:04}_merge_{len(names)}_branches"
            kind = type("Migration", (Migration,), {"dependencies": [(app, name) for name in names]})
            migration = kind(merged, app)
            writer = MigrationWriter(migration, self.header)
            if self.dry_run:
                if self.out.verbosity >= 3:
                    self.tell(f"Full merge migrations file '{writer.filename}':", 3)
                    self.tell(writer.as_string(), 3)
                continue
            path = writer.write()
            expect_new(app)
            self.tell(f"\nCreated new merge migration {shown(path)}")
            if self.scriptable:
                self.out.write(str(path))


def expect_new(app: str) -> None:
    """Have the next reading of an app's migrations see what was written."""
    package = places.migrations_module(app)
    if package is not None:
        forget_modules(package)


def shown(path: Path) -> str:
    try:
        return os.path.relpath(path)
    except ValueError:  # another drive
        return str(path)
