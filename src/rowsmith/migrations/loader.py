"""The loader: migrations read from their modules, and tied to a graph."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from typing import Any

from rowsmith.migrations import places
from rowsmith.migrations.exceptions import (
    AmbiguityError,
    BadMigrationError,
    InconsistentMigrationHistory,
)
from rowsmith.migrations.graph import MigrationGraph
from rowsmith.migrations.migration import Migration, Node
from rowsmith.migrations.recorder import MigrationRecorder
from rowsmith.migrations.state import ProjectState


class MigrationLoader:
    """All migrations that there are, and those of them that a database has.

    connection:            the database; None to ask none.
    replace_migrations:    have squashes stand for what they replace.
    ignore_no_migrations:  take apps without a package for apps whose package is still empty.

    disk_migrations:       every migration by (app label, name).
    applied_migrations:    those that the database has; a squash counts when all that it replaces is there.
    unmigrated_apps:       labels of apps that have no package of migrations.
    """

    def __init__(self, connection: Any, replace_migrations: bool = True, ignore_no_migrations: bool = False) -> None:
        self.connection = connection
        self.ignore_no_migrations = ignore_no_migrations
        self.replace_migrations = replace_migrations
        self.disk_migrations: dict[Node, Migration] = {}
        self.applied_migrations: dict[Node, Any] = {}
        self.unmigrated_apps: set[str] = set()
        self.migrated_apps: set[str] = set()
        self.replacements: dict[Node, Migration] = {}
        self.graph = MigrationGraph()
        self.build_graph()

    @staticmethod
    def migrations_module(app_label: str) -> str | None:
        return places.migrations_module(app_label)

    def load_disk(self) -> None:
        """Read the modules."""
        self.disk_migrations, self.unmigrated_apps, self.migrated_apps = {}, set(), set()
        for label in places.labels():
            package = places.migrations_module(label)
            names = None if package is None else places.modules_in(package)
            if package is None or names is None:
                known = self.migrated_apps if package and self.ignore_no_migrations else self.unmigrated_apps
                known.add(label)
                continue
            self.migrated_apps.add(label)
            for name in names:
                module = importlib.import_module(f"{package}.{name}")
                if not hasattr(module, "Migration"):
                    raise BadMigrationError(
                        f"Migration {name} in app {label} has no Migration class: {module.__name__} is among the "
                        "migrations, so it has to define one. Begin its name with an underscore if it is none."
                    )
                self.disk_migrations[label, name] = module.Migration(name, label)

    def build_graph(self) -> None:
        """Read the migrations, and what the database says of them, anew."""
        self.load_disk()
        applied = {} if self.connection is None else MigrationRecorder(self.connection).applied_migrations()
        self.applied_migrations = dict(applied)
        self.graph = graph = MigrationGraph()
        self.replacements = {}
        for key, migration in self.disk_migrations.items():
            graph.add_node(key, migration)
            if migration.replaces:
                self.replacements[key] = migration
        gone = self._replaced() if self.replace_migrations else {}
        for key in gone:
            if key in graph.nodes:
                graph.remove_node(key)
        for key, migration in self.disk_migrations.items():
            self._add_dependencies(key, migration, gone)
        graph.ensure_not_cyclic()

    def _replaced(self) -> dict[Node, Node | None]:
        """What is not to be in the graph: what a squash stands for, by that squash; and squashes not to be used.

        A squash stands for what it replaces when all of that is applied, or nothing; in between the originals are
        carried on, and it counts as applied once they are complete.
        """
        gone: dict[Node, Node | None] = {}
        for key in self._innermost_first():
            members = self.replacements[key].replaces
            states = [member in self.applied_migrations for member in members]
            if all(states):
                self.applied_migrations.setdefault(key, self.replacements[key])
            elif key in self.applied_migrations and not any(states):
                # Recorded by itself, and what it stands for was forgotten.
                pass
            else:
                self.applied_migrations.pop(key, None)
            if all(states) or not any(states):
                gone.update(dict.fromkeys(members, key))
            else:
                gone[key] = None
        return gone

    def _innermost_first(self) -> list[Node]:
        """The squashes, those that others replace before them."""
        found: dict[Node, None] = {}

        def visit(key: Node) -> None:
            for app, name in self.replacements[key].replaces:
                if (app, name) in self.replacements:
                    visit((app, name))
            found[key] = None

        for key in sorted(self.replacements):
            visit(key)
        return list(found)

    def _add_dependencies(self, key: Node, migration: Migration, gone: dict[Node, Node | None]) -> None:
        holder = self._standing_for(key, gone)
        if holder is None:
            return
        unused_squash = key in gone and gone[key] is None
        if unused_squash:
            return
        for parent in migration.dependencies:
            found = self.check_key(parent, key[0])
            if found is None:
                continue
            node = self._standing_for(found, gone)
            if node is None:
                # A squash that is not used: what it stands for comes before.
                for member in self._members(found):
                    inner = self._standing_for(member, gone)
                    if inner is not None and inner != holder:
                        self.graph.add_dependency(migration, holder, inner)
            elif node != holder:
                self.graph.add_dependency(migration, holder, node)
        for child in migration.run_before:
            found = self.check_key(child, key[0])
            node = None if found is None else self._standing_for(found, gone)
            if node is not None and node != holder:
                self.graph.add_dependency(migration, node, holder)

    def _members(self, key: Node) -> list[Node]:
        """What a squash stands for, squashes among it dissolved."""
        if key not in self.replacements:
            return [key]
        return [inner for app, name in self.replacements[key].replaces for inner in self._members((app, name))]

    def _standing_for(self, key: Node, gone: dict[Node, Node | None]) -> Node | None:
        """The node of the graph that is there for a migration; None for a squash that is not used."""
        while key in gone:
            after = gone[key]
            if after is None:
                return None
            key = after
        return key

    def check_key(self, key: Any, current_app: str) -> Node | None:
        """The migration that a dependency means; None where it means one of an app without migrations."""
        app, name = key
        if name not in ("__first__", "__latest__"):
            return app, name
        if app == current_app:
            return None
        if app in self.unmigrated_apps:
            return None
        if app not in self.migrated_apps:
            raise ValueError(f"Dependency on unknown app: {app}")
        names = {node for node in self.disk_migrations if node[0] == app}
        parents = {
            node: {tuple(parent) for parent in self.disk_migrations[node].dependencies if parent[0] == app}
            for node in names
        }
        if name == "__first__":
            ends = sorted(node for node in names if not parents[node])
        else:
            ends = sorted(node for node in names if not any(node in others for others in parents.values()))
        if not ends:
            raise ValueError(f"Dependency on app with no migrations: {app}")
        return ends[0]

    # Questions ------------------------------------------------------------------------------------------------------

    def get_migration(self, app_label: str, name_prefix: str) -> Migration:
        """The migration of that very name; see `get_migration_by_prefix`."""
        return self.graph.nodes[app_label, name_prefix]  # type: ignore[no-any-return]

    def get_migration_by_prefix(self, app_label: str, name_prefix: str) -> Migration:
        """The migration whose name begins so; an exact name wins.

        raises:  AmbiguityError, KeyError.
        """
        names = [name for app, name in self.disk_migrations if app == app_label and name.startswith(name_prefix)]
        if name_prefix in names:
            return self.disk_migrations[app_label, name_prefix]
        if len(names) > 1:
            raise AmbiguityError(
                f"There is more than one migration for {app_label!r} with the prefix {name_prefix!r}: "
                f"{', '.join(sorted(names))}."
            )
        if not names:
            known = sorted(name for app, name in self.disk_migrations if app == app_label)
            raise KeyError(
                f"There is no migration for {app_label!r} with the prefix {name_prefix!r}. "
                f"There are: {', '.join(known) or 'none'}."
            )
        return self.disk_migrations[app_label, names[0]]

    def check_consistent_history(self, connection: Any) -> None:
        """Raise InconsistentMigrationHistory when something is applied whose dependency is not."""
        applied = MigrationRecorder(connection).applied_migrations()
        for key in applied:
            if key not in self.graph.nodes:
                continue
            for parent in self.graph.parents[key]:
                if parent in applied:
                    continue
                if parent in self.replacements and all(member in applied for member in self._members(parent)):
                    continue
                raise InconsistentMigrationHistory(
                    f"Migration {'.'.join(key)} is applied before its dependency {'.'.join(parent)} on database "
                    f"{connection.alias!r}."
                )

    def detect_conflicts(self) -> dict[str, list[str]]:
        """Per app with more than one last migration, the names of those."""
        found: dict[str, list[str]] = {}
        for app, name in self.graph.leaf_nodes():
            found.setdefault(app, []).append(name)
        return {app: sorted(names) for app, names in found.items() if len(names) > 1}

    def project_state(self, nodes: Any = None, at_end: bool = True) -> ProjectState:
        """The state of all models once `nodes` are applied; by default, once everything is."""
        return self.graph.make_state(nodes, at_end, self.unmigrated_apps)

    def collect_sql(self, plan: Iterable[tuple[Migration, bool]]) -> list[str]:
        """The statements of migrations, each told whether it is to be undone."""
        from_state = None
        found: list[str] = []
        for migration, backwards in plan:
            with self.connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
                if from_state is None:
                    from_state = self.project_state((migration.app_label, migration.name), at_end=False)
                if backwards:
                    from_state = migration.unapply(from_state, editor, collect_sql=True)
                else:
                    from_state = migration.apply(from_state, editor, collect_sql=True)
            found.extend(editor.collected_sql)
        return found


def forget_modules(package: str) -> None:
    """Have a package and what is in it read anew by the next import."""
    for name in [known for known in sys.modules if known == package or known.startswith(f"{package}.")]:
        del sys.modules[name]
    importlib.invalidate_caches()
