"""The executor: migrations carried out on a database, and undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.db import connections
from rowsmith.db.router import router
from rowsmith.execution.checking import has_table
from rowsmith.execution.schema import create_tables, existing_tables
from rowsmith.migrations import places
from rowsmith.migrations.loader import MigrationLoader
from rowsmith.migrations.migration import Migration, Node
from rowsmith.migrations.operations import AddField, CreateModel
from rowsmith.migrations.recorder import MigrationRecorder
from rowsmith.migrations.signals import emit_post_migrate, emit_pre_migrate
from rowsmith.migrations.state import ProjectState

Plan = list[tuple[Migration, bool]]
"""Migrations in order, each told whether it is undone."""


class MigrationExecutor:
    """Brings one database to a point of history.

    progress_callback:  called as (what, migration, fake) when something begins or ends.
    """

    def __init__(self, connection: Any, progress_callback: Callable[..., Any] | None = None) -> None:
        self.connection = connection
        self.loader = MigrationLoader(connection)
        self.recorder = MigrationRecorder(connection)
        self.progress_callback = progress_callback

    def migration_plan(self, targets: Iterable[tuple[str, str | None]], clean_start: bool = False) -> Plan:
        """What is to be done for the targets to be the last migrations of their apps; None for none of an app.

        clean_start:  as if the database had no migrations.
        """
        plan: Plan = []
        graph = self.loader.graph
        applied = {} if clean_start else dict(self.loader.applied_migrations)
        for target in targets:
            app, name = target
            if name is None:
                for root in graph.root_nodes(app):
                    self._undo(graph.backwards_plan(root), applied, plan)
            elif target in applied:
                # What comes after it in its own app is undone, with all that needs that.
                for node in sorted(graph.children[app, name]):
                    if node[0] == app:
                        self._undo(graph.backwards_plan(node), applied, plan)
            else:
                for node in graph.forwards_plan((app, name)):
                    if node not in applied:
                        plan.append((graph.nodes[node], False))
                        applied[node] = graph.nodes[node]
        return plan

    def _undo(self, nodes: Iterable[Node], applied: dict[Node, Any], plan: Plan) -> None:
        for node in nodes:
            if node in applied:
                plan.append((self.loader.graph.nodes[node], True))
                del applied[node]

    def full_plan(self) -> list[Migration]:
        """All migrations, in order."""
        graph = self.loader.graph
        return [graph.nodes[node] for node in graph._ordered(graph.leaf_nodes(), graph.parents)]

    def state_before(self, plan: Plan) -> ProjectState:
        """The state of the models where a plan begins: that of what is applied."""
        state = ProjectState(real_apps=self.loader.unmigrated_apps)
        for migration in self.full_plan():
            if migration.key in self.loader.applied_migrations:
                state = migration.mutate_state(state, preserve=False)
        return state

    def migrate(
        self,
        targets: Sequence[tuple[str, str | None]],
        plan: Plan | None = None,
        state: ProjectState | None = None,
        fake: bool = False,
        fake_initial: bool = False,
    ) -> ProjectState:
        """Bring the database to the targets, and return the state of the models there.

        fake:          only record it.
        fake_initial:  only record those first migrations whose tables are there.
        """
        if plan is None:
            plan = self.migration_plan(targets)
        if plan:
            self.recorder.ensure_schema()
        if not plan:
            state = self.state_before(plan) if state is None else state
        elif any(backwards for _, backwards in plan):
            if not all(backwards for _, backwards in plan):
                # Some apps go back and others on: one after the other.
                undone = [step for step in plan if step[1]]
                self._backwards(undone, fake)
                applied = [step for step in plan if not step[1]]
                state = self._forwards(applied, self.state_before(applied), fake, fake_initial)
            else:
                state = self._backwards(plan, fake)
        else:
            state = self._forwards(plan, self.state_before(plan) if state is None else state, fake, fake_initial)
        self.check_replacements()
        return state

    def _forwards(self, plan: Plan, state: ProjectState, fake: bool, fake_initial: bool) -> ProjectState:
        for migration, _ in plan:
            state = self.apply_migration(state, migration, fake, fake_initial)
        return state

    def _backwards(self, plan: Plan, fake: bool) -> ProjectState:
        """Undo migrations, the latest first, each on the state before it."""
        undone = {migration.key for migration, _ in plan}
        before: dict[Node, ProjectState] = {}
        state = ProjectState(real_apps=self.loader.unmigrated_apps)
        for migration in self.full_plan():
            if migration.key not in self.loader.applied_migrations:
                continue
            if migration.key in undone:
                before[migration.key] = state
                state = migration.mutate_state(state)
            else:
                state = migration.mutate_state(state, preserve=bool(before))
        for migration, _ in plan:
            self.unapply_migration(before[migration.key], migration, fake)
            self.loader.applied_migrations.pop(migration.key, None)
        return self.state_before([])

    def _tell(self, what: str, migration: Migration | None = None, fake: bool = False) -> None:
        if self.progress_callback is not None:
            self.progress_callback(what, migration, fake)

    def apply_migration(
        self, state: ProjectState, migration: Migration, fake: bool = False, fake_initial: bool = False
    ) -> ProjectState:
        """Carry a migration out and record it; both or nothing, where the database can do that."""
        self._tell("apply_start", migration, fake)
        if not fake and fake_initial:
            fake, state = self.detect_soft_applied(state, migration)
        if fake:
            state = migration.mutate_state(state)
            self.record_migration(migration)
        else:
            with self.connection.schema_editor(atomic=migration.atomic) as editor:
                state = migration.apply(state, editor)
                editor.flush()
                self.record_migration(migration)
        self.loader.applied_migrations[migration.key] = migration
        self._tell("apply_success", migration, fake)
        return state

    def record_migration(self, migration: Migration) -> None:
        """Note that a migration is applied, and all that it stands for."""
        for app, name in self._recorded(migration):
            self.recorder.record_applied(app, name)

    def _recorded(self, migration: Migration) -> list[Node]:
        members = [member for member in self.loader._members(migration.key) if member != migration.key]
        inner = [
            key
            for key, squash in self.loader.replacements.items()
            if key != migration.key and set(self.loader._members(key)) <= set(members)
        ]
        return [*members, *inner, migration.key]

    def unapply_migration(self, state: ProjectState, migration: Migration, fake: bool = False) -> ProjectState:
        """Undo a migration and forget it; `state` is the one before it."""
        self._tell("unapply_start", migration, fake)
        if fake:
            self._forget(migration)
        else:
            with self.connection.schema_editor(atomic=migration.atomic) as editor:
                state = migration.unapply(state, editor)
                editor.flush()
                self._forget(migration)
        self._tell("unapply_success", migration, fake)
        return state

    def _forget(self, migration: Migration) -> None:
        for app, name in self._recorded(migration):
            self.recorder.record_unapplied(app, name)

    def check_replacements(self) -> None:
        """Record the squashes all of whose originals are applied by now."""
        applied = self.recorder.applied_migrations()
        for key in self.loader.replacements:
            if key not in applied and all(member in applied for member in self.loader._members(key)):
                self.recorder.record_applied(*key)

    def detect_soft_applied(self, state: ProjectState, migration: Migration) -> tuple[bool, ProjectState]:
        """Whether all tables and columns that an app's first migration makes are there already."""
        own = [parent for parent in migration.dependencies if parent[0] == migration.app_label]
        if migration.initial is None and own:
            return False, state
        if migration.initial is False:
            return False, state
        after = migration.mutate_state(state)
        present = {name.lower() for name in existing_tables(self.connection)}
        made = added = False
        for operation in migration.operations:
            if isinstance(operation, CreateModel):
                model = after.apps.get_model(migration.app_label, operation.name)
                if not self.has_table_here(model):
                    continue
                if model._meta.db_table.strip('"').lower() not in present:
                    return False, state
                made = True
            elif isinstance(operation, AddField):
                model = after.apps.get_model(migration.app_label, operation.model_name)
                if not self.has_table_here(model):
                    continue
                field = model._meta.get_field(operation.name)
                if field.many_to_many:
                    if field.remote_field.through._meta.db_table.lower() not in present:
                        return False, state
                else:
                    columns = self._columns(model._meta.db_table)
                    if not all(member.column.lower() in columns for member in field.members if member.column):
                        return False, state
                added = True
        return made or added, state

    def has_table_here(self, model: Any) -> bool:
        """Whether a model is to have a table of its own in the database."""
        meta = model._meta
        return (
            meta.managed
            and not meta.proxy
            and not meta.swapped
            and has_table(model, self.connection)
            and router.allow_migrate_model(self.connection.alias, model)
        )

    def _columns(self, table: str) -> set[str]:
        query = self.connection.dialect.definitions().columns_query(table)
        return {row[0].lower() for row in self.connection.fetch(query, (), list)}


def migrate_all(using: str = DEFAULT_DB_ALIAS, *, create_others: bool = False) -> ProjectState:
    """Apply all migrations to a database, with the signals around them, and return the state of the models there.

    create_others:  make the tables of apps without migrations, too, as far as they are missing.
    """
    executor = MigrationExecutor(connections[using])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    before = executor.state_before(plan)
    emit_pre_migrate(using=using, verbosity=0, plan=plan, apps=before.apps)
    if create_others:
        create_missing(executor, executor.loader.unmigrated_apps)
    state = executor.migrate([], plan, before)
    emit_post_migrate(using=using, verbosity=0, plan=plan, apps=state.apps)
    return state


def create_missing(executor: MigrationExecutor, labels: Iterable[str]) -> list[str]:
    """Make the tables of models of apps without migrations, as far as they are missing, and return their names."""
    connection = executor.connection
    present = existing_tables(connection)
    wanted = frozenset(labels)
    missing = [
        model
        for model in places.registry().get_models(include_auto_created=True)
        if model._meta.app_label in wanted
        and executor.has_table_here(model)
        and model._meta.db_table.strip('"') not in present
    ]
    if missing:
        create_tables(*missing, if_not_exists=True, using=connection.alias)
    return [model._meta.db_table for model in missing]
