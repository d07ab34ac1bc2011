"""The graph: which migration comes before which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rowsmith.migrations.exceptions import CircularDependencyError, NodeNotFoundError
from rowsmith.migrations.migration import Node
from rowsmith.migrations.state import ProjectState


class MigrationGraph:
    """Migrations by (app label, name), each with those that it needs."""

    def __init__(self) -> None:
        self.nodes: dict[Node, Any] = {}
        self.parents: dict[Node, set[Node]] = {}
        self.children: dict[Node, set[Node]] = {}

    def add_node(self, key: Node, migration: Any) -> None:
        self.nodes[key] = migration
        self.parents.setdefault(key, set())
        self.children.setdefault(key, set())

    def add_dependency(self, migration: Any, child: Node, parent: Node) -> None:
        """Have `child` come after `parent`; `migration` is who says so."""
        for key in (child, parent):
            if key not in self.nodes:
                raise NodeNotFoundError(
                    f"Migration {migration} depends on {'.'.join(parent)}, and there is no migration "
                    f"{'.'.join(key)}.",
                    key,
                    migration,
                )
        self.parents[child].add(parent)
        self.children[parent].add(child)

    def remove_node(self, key: Node) -> None:
        for parent in self.parents.pop(key):
            self.children[parent].discard(key)
        for child in self.children.pop(key):
            self.parents[child].discard(key)
        del self.nodes[key]

    def _known(self, key: Node) -> None:
        if key not in self.nodes:
            raise NodeNotFoundError(f"There is no migration {'.'.join(key)}.", key)

    def forwards_plan(self, target: Node) -> list[Node]:
        """What has to be applied for `target` to be: all that it needs, in order, and itself."""
        self._known(target)
        return self._ordered([target], self.parents)

    def backwards_plan(self, target: Node) -> list[Node]:
        """What has to be undone for `target` to be: all that needs it, the latest first, and itself."""
        self._known(target)
        return self._ordered([target], self.children)

    def _ordered(self, targets: Iterable[Node], before: dict[Node, set[Node]]) -> list[Node]:
        """The targets and all that comes before them, each after what comes before it."""
        done: dict[Node, None] = {}
        entered: dict[Node, None] = {}
        for target in targets:
            stack: list[tuple[Node, Iterator[Node]]] = []
            if target not in done:
                stack.append((target, iter(sorted(before[target]))))
                entered[target] = None
            while stack:
                node, rest = stack[-1]
                for other in rest:
                    if other in done:
                        continue
                    if other in entered:
                        path = [*entered][[*entered].index(other) :]
                        raise CircularDependencyError(", ".join(f"{app}.{name}" for app, name in path))
                    entered[other] = None
                    stack.append((other, iter(sorted(before[other]))))
                    break
                else:
                    done[node] = None
                    del entered[node]
                    stack.pop()
        return list(done)

    def ensure_not_cyclic(self) -> None:
        self._ordered(sorted(self.nodes), self.parents)

    def root_nodes(self, app: str | None = None) -> list[Node]:
        """The migrations that need none of their own app."""
        return sorted(
            key
            for key in self.nodes
            if (app is None or key[0] == app) and not any(parent[0] == key[0] for parent in self.parents[key])
        )

    def leaf_nodes(self, app: str | None = None) -> list[Node]:
        """The migrations that none of their own app needs."""
        return sorted(
            key
            for key in self.nodes
            if (app is None or key[0] == app) and not any(child[0] == key[0] for child in self.children[key])
        )

    def make_state(
        self, nodes: Node | Iterable[Node] | None = None, at_end: bool = True, real_apps: Iterable[str] = ()
    ) -> ProjectState:
        """The state of the models once `nodes` are applied; or just before, unless `at_end`."""
        wanted = self.leaf_nodes() if nodes is None else nodes
        targets: list[Any] = [wanted] if isinstance(wanted, tuple) and isinstance(wanted[0], str) else list(wanted)
        state = ProjectState(real_apps=real_apps)
        for key in self._ordered(targets, self.parents):
            if at_end or key not in targets:
                state = self.nodes[key].mutate_state(state, preserve=False)
        return state
