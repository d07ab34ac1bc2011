"""The autodetector: the operations that lead from one state of all models to another."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rowsmith.fields.numbers import AUTO_FIELDS
from rowsmith.metadata.options import normalize_together
from rowsmith.migrations import operations as ops
from rowsmith.migrations.graph import MigrationGraph
from rowsmith.migrations.migration import Migration, Node
from rowsmith.migrations.optimizer import optimize
from rowsmith.migrations.questioner import MigrationQuestioner
from rowsmith.migrations.state import Key, ModelState, ProjectState, key_of, targets_of
from rowsmith.models import NOT_PROVIDED

Fact = tuple[str, ...]
"""Something that is so after an operation: ("model", app, model), ("field", app, model, field), ("no model", ...)."""


class Step:
    """One operation with what has to be so before it, and what is so after it.

    after_apps:  apps all of whose migrations so far come before it.
    """

    def __init__(
        self,
        app_label: str,
        operation: Any,
        needs: Iterable[Fact] = (),
        gives: Iterable[Fact] = (),
        after_apps: Iterable[str] = (),
    ) -> None:
        self.app_label = app_label
        self.operation = operation
        self.needs = set(needs)
        self.gives = set(gives)
        self.after_apps = set(after_apps) - {app_label}

    def __repr__(self) -> str:
        return f"<Step {self.app_label}: {self.operation.describe()}>"


def comparable(value: Any) -> Any:
    """A value taken apart, so that equal definitions are equal."""
    if isinstance(value, type | str | int | float | type(None)):
        return value
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if isinstance(value, tuple):
        return tuple(comparable(item) for item in value)
    if isinstance(value, set | frozenset):
        return {repr(item): comparable(item) for item in value}
    if isinstance(value, Mapping):
        return {key: comparable(item) for key, item in value.items()}
    if isinstance(value, functools.partial):
        return value.func, comparable(value.args), comparable(value.keywords)
    if isinstance(value, re.Pattern):
        return re.Pattern, value.pattern, value.flags
    if callable(getattr(value, "deconstruct", None)):
        parts = value.deconstruct()
        path, args, kwargs = parts[-3:]
        return path, comparable(list(args)), comparable(dict(kwargs))
    return value


def definition(field: Any, state: ModelState, without_target: bool = False) -> Any:
    """What tells a field from another, apart from its name."""
    path, args, kwargs = comparable(field)
    for option in ("to", "through"):
        if option in kwargs:
            kwargs[option] = None if without_target else key_of(kwargs[option], state.app_label, state.name)
    return path, args, kwargs


class MigrationAutodetector:
    """Compares two states. Neither is changed, and no database is asked.

    questioner:  answers what the states do not tell.
    """

    def __init__(
        self, from_state: ProjectState, to_state: ProjectState, questioner: MigrationQuestioner | None = None
    ) -> None:
        self.given = from_state
        self.to_state = to_state
        self.questioner = questioner or MigrationQuestioner()
        self.steps: list[Step] = []

    def changes(
        self,
        graph: MigrationGraph,
        trim_to_apps: Iterable[str] | None = None,
        convert_apps: Iterable[str] | None = None,
        migration_name: str | None = None,
    ) -> dict[str, list[Migration]]:
        """New migrations by app, named and tied to those of `graph`.

        trim_to_apps:   leave out apps that are neither named nor needed by those.
        convert_apps:   treat these as having no models so far.
        """
        migrations = self.detect(graph, frozenset(convert_apps or ()))
        migrations = self.arranged(migrations, graph, migration_name)
        return _trimmed(migrations, set(trim_to_apps)) if trim_to_apps else migrations

    # What has changed -----------------------------------------------------------------------------------------------

    def detect(self, graph: MigrationGraph, convert_apps: frozenset[str] = frozenset()) -> dict[str, list[Migration]]:
        """The operations, divided into migrations that are not named yet."""
        self.steps = []
        # Of the older state, as it is once what was renamed has its new name.
        self.old = ProjectState(
            {
                key: state
                for key, state in self.given.models.items()
                if key[0] not in convert_apps and key[0] not in self.to_state.real_apps
            }
        )
        self.new = {key: state for key, state in self.to_state.models.items() if key[0] not in self.given.real_apps}
        self._rename_models()
        old, new = self.old.models, self.new
        self.created = {key: state for key, state in new.items() if key not in old or _kind(old[key]) != _kind(state)}
        self.deleted = {key: state for key, state in old.items() if key not in new or _kind(new[key]) != _kind(state)}
        kept = [key for key in new if key not in self.created]
        managed = [key for key in kept if _is_managed(self.old.models[key]) or _is_managed(new[key])]
        plain = [key for key in managed if not new[key].options.get("proxy") and _is_managed(new[key])]
        for key in plain:
            self._rename_fields(key)
        for key in plain:
            self._rules_gone(key)
        self._create_models()
        for key in plain:
            self._fields_of(key)
        for key in kept:
            self._options_of(key)
        for key in plain:
            self._rules_come(key)
        self._delete_models()
        return self._divided(self._sorted(), graph)

    def _add(
        self, key: Key, operation: Any, needs: Iterable[Fact] = (), gives: Iterable[Fact] = (), **more: Any
    ) -> None:
        self.steps.append(Step(key[0], operation, needs, gives, **more))

    def _rename_models(self) -> None:
        for key in sorted(set(self.new) - set(self.old.models)):
            state = self.new[key]
            fields = _fields(state, without_target=True)
            for old_key in sorted(set(self.old.models) - set(self.new)):
                known = self.old.models[old_key]
                if old_key[0] != key[0] or _kind(known) != _kind(state):
                    continue
                if _fields(known, without_target=True) != fields or (not fields and known.bases != state.bases):
                    continue
                if self.questioner.ask_rename_model(known, state):
                    referring = {
                        other.app_label for other in self.old.models.values() if old_key in other.relations()
                    }
                    self._add(
                        key,
                        ops.RenameModel(known.name, state.name),
                        gives=[("model", *key)],
                        after_apps=referring,
                    )
                    self.old.rename_model(key[0], known.name, state.name)
                    break

    def _rename_fields(self, key: Key) -> None:
        old, new = self.old.models[key], self.new[key]
        for name in [name for name in new.fields if name not in old.fields]:
            field = new.fields[name]
            wanted = definition(field, new)
            for old_name in [known for known in self.old.models[key].fields if known not in new.fields]:
                was = self.old.models[key].fields[old_name]
                found = definition(was, old)
                column = was.db_column or _column(was, old_name)
                if found != wanted:
                    # A column that keeps its name by db_column is the same column.
                    named = (found[0], found[1], {**found[2], "db_column": column})
                    if named != wanted:
                        continue
                if not self.questioner.ask_rename(new.name, old_name, name, field):
                    continue
                if was.db_column != field.db_column:
                    kept = was.clone()
                    kept.db_column = column
                    self._add(key, ops.AlterField(new.name, old_name, kept))
                    self.old.alter_field(*key, old_name, kept)
                self._add(key, ops.RenameField(new.name, old_name, name), gives=[("field", *key, name)])
                self.old.rename_field(*key, old_name, name)
                break

    # Models ---------------------------------------------------------------------------------------------------------

    def _create_models(self) -> None:
        for key, state in self.created.items():
            late = {
                name
                for name, field in state.fields.items()
                if not field.primary_key
                and any(target != key and self._leads_to(target, key) for target in targets_of(field, *_named(state)))
            }
            fields = {name: field for name, field in state.fields.items() if name not in late}
            later = {name: value for name, value in state.options.items() if late and name in _ABOUT_FIELDS and value}
            options = {name: value for name, value in state.options.items() if name not in later}
            made = state.clone(fields=fields, options=options)
            needs = {fact for name, field in fields.items() for fact in self._needed_by(field, state)}
            for base in state.bases:
                if isinstance(base, str):
                    parent = key_of(base, state.app_label)
                    needs |= self._model_facts(parent)
                    # A field that moves down from a parent leaves that first.
                    gone = set(self.given.models[parent].fields if parent in self.given.models else ())
                    needs |= {("no field", *parent, name) for name in gone & set(state.fields)}
            if key in self.deleted:
                needs.add(("no model", *key))
            needs.discard(("model", *key))
            self._add(
                key,
                ops.CreateModel.of(made),
                needs,
                [("model", *key), *(("field", *key, name) for name in fields)],
            )
            own: set[Fact] = {("model", *key)}
            for name in state.fields:
                if name in late:
                    field = state.fields[name]
                    self._add(
                        key,
                        ops.AddField(state.name, name, field),
                        own | self._needed_by(field, state),
                        [("field", *key, name)],
                    )
            after = own | {("field", *key, name) for name in late}
            for index in later.get("indexes", ()):
                self._add(key, ops.AddIndex(state.name, index), after)
            for constraint in later.get("constraints", ()):
                self._add(key, ops.AddConstraint(state.name, constraint), after)
            if later.get("unique_together"):
                self._add(key, ops.AlterUniqueTogether(state.name, later["unique_together"]), after)
            if later.get("order_with_respect_to"):
                self._add(key, ops.AlterOrderWithRespectTo(state.name, later["order_with_respect_to"]), after)

    def _leads_to(self, start: Key, end: Key) -> bool:
        """Whether one new model needs another one to be made first, directly or by others."""
        seen, queue = {start}, [start]
        while queue:
            state = self.created.get(queue.pop())
            if state is None:
                continue
            for target in state.relations():
                if target == end:
                    return True
                if target not in seen:
                    seen.add(target)
                    queue.append(target)
        return False

    def _model_facts(self, key: Key) -> set[Fact]:
        return {("model", *key)}

    def _needed_by(self, field: Any, state: ModelState) -> set[Fact]:
        """What has to be there for a relation: the models, and the field that it names."""
        found: set[Fact] = set()
        for target in targets_of(field, *_named(state)):
            if target == state.key:
                continue
            found |= self._model_facts(target)
            names = [name for name in (getattr(field, "to_fields", None) or ()) if name]
            found |= {("field", *target, name) for name in names}
        return found

    def _delete_models(self) -> None:
        for key, state in self.deleted.items():
            circular = {
                name
                for name, field in state.fields.items()
                if any(
                    target in self.deleted and target != key and self._referred_back(target, key)
                    for target in targets_of(field, *_named(state))
                )
            }
            for name in circular:
                self._add(key, ops.RemoveField(state.name, name), gives=[("no field", *key, name)])
            needs: set[Fact] = {("no field", *key, name) for name in circular}
            for other in self.old.models.values():
                if other.key == key:
                    continue
                for name, field in other.fields.items():
                    if key in targets_of(field, *_named(other)):
                        needs |= {("no field", *other.key, name), ("altered", *other.key, name)}
                        if not (other.key in self.deleted and self._referred_back(key, other.key)):
                            needs.add(("no model", *other.key))
                if any(isinstance(base, str) and key_of(base, other.app_label) == key for base in other.bases):
                    needs.add(("no model", *other.key))
            self._add(key, ops.DeleteModel(state.name), needs, [("no model", *key)])

    def _referred_back(self, start: Key, end: Key) -> bool:
        """Whether a model that goes away refers to another one, directly or by others that go away."""
        seen, queue = {start}, [start]
        while queue:
            state = self.deleted.get(queue.pop())
            for target in state.relations() if state is not None else ():
                if target == end:
                    return True
                if target not in seen:
                    seen.add(target)
                    queue.append(target)
        return False

    # Fields ---------------------------------------------------------------------------------------------------------

    def _fields_of(self, key: Key) -> None:
        old, new = self.old.models[key], self.new[key]
        for name in [name for name in old.fields if name not in new.fields]:
            self._add(key, ops.RemoveField(new.name, name), gives=[("no field", *key, name)])
        # A new key comes when the old one is none any more.
        added = [name for name in new.fields if name not in old.fields]
        for name in [name for name in added if not new.fields[name].primary_key]:
            self._add_field(key, name)
        for name in [name for name in new.fields if name in old.fields]:
            before, after = old.fields[name], new.fields[name]
            if definition(before, old) == definition(after, new):
                continue
            if _is_replaced(before, after, old, new):
                gives = [("no field", *key, name), ("altered", *key, name)]
                self._add(key, ops.RemoveField(new.name, name), gives=gives)
                self._add_field(key, name, [("no field", *key, name)])
                continue
            self._alter_field(key, name, before, after)
        for name in [name for name in added if new.fields[name].primary_key]:
            self._add_field(key, name)

    def _add_field(self, key: Key, name: str, needs: Iterable[Fact] = ()) -> None:
        state = self.new[key]
        field, preserve = state.fields[name], True
        if not (
            field.null
            or hasattr(field, "field_names")  # a key of other columns
            or isinstance(field, tuple(AUTO_FIELDS))
            or field.has_default()
            or field.has_db_default()
            or field.many_to_many
            or field.generated
            or getattr(field, "auto_now", False)
            or (field.blank and field.empty_strings_allowed)
        ):
            preserve = False
            if getattr(field, "auto_now_add", False):
                default = self.questioner.ask_auto_now_add_addition(name, state.name)
            else:
                default = self.questioner.ask_not_null_addition(name, state.name)
            field = field.clone()
            if default is not None:
                field.default = default
        needed = {*needs, *self._needed_by(field, state)}
        for names in (getattr(field, "field_names", ()), getattr(field, "from_fields", None) or ()):
            needed |= {("field", *key, one) for one in names if one in state.fields and one != name}
        self._add(key, ops.AddField(state.name, name, field, preserve), needed, [("field", *key, name)])

    def _alter_field(self, key: Key, name: str, before: Any, after: Any) -> None:
        state, preserve = self.new[key], True
        if (
            before.null
            and not after.null
            and not after.has_default()
            and not after.has_db_default()
            and not after.many_to_many
            and not after.generated
        ):
            after = after.clone()
            default = self.questioner.ask_not_null_alteration(name, state.name)
            if default is not None and default is not NOT_PROVIDED:
                after.default = default
                preserve = False
        self._add(
            key,
            ops.AlterField(state.name, name, after, preserve),
            self._needed_by(after, state),
            [("altered", *key, name)],
        )

    # Options, indexes and constraints -------------------------------------------------------------------------------

    def _options_of(self, key: Key) -> None:
        old, new = self.old.models[key].options, self.new[key].options
        name = self.new[key].name
        managed = not new.get("proxy") and new.get("managed", True)
        if managed and (old.get("db_table") or None) != (new.get("db_table") or None):
            self._add(key, ops.AlterModelTable(name, new.get("db_table") or None))
        if managed and (old.get("db_table_comment") or None) != (new.get("db_table_comment") or None):
            self._add(key, ops.AlterModelTableComment(name, new.get("db_table_comment") or None))
        keys = ops.AlterModelOptions.ALTER_OPTION_KEYS
        before = {option: value for option, value in old.items() if option in keys}
        after = {option: value for option, value in new.items() if option in keys}
        if comparable(before) != comparable(after):
            self._add(key, ops.AlterModelOptions(name, after))
        if (old.get("order_with_respect_to") or None) != (new.get("order_with_respect_to") or None):
            wanted = new.get("order_with_respect_to") or None
            needs = [("field", *key, wanted)] if wanted else []
            self._add(
                key,
                ops.AlterOrderWithRespectTo(name, wanted),
                needs,
                [("ordered", *key)],
            )
        managers = [
            [(label, comparable(manager)) for label, manager in state.managers]
            for state in (self.old.models[key], self.new[key])
        ]
        if managers[0] != managers[1]:
            self._add(key, ops.AlterModelManagers(name, self.new[key].managers))

    def _rules_gone(self, key: Key) -> None:
        """What goes away before the fields change."""
        old, new = self.old.models[key], self.new[key]
        gone, _, renamed = _compared(old.options["indexes"], new.options["indexes"])
        for index in gone:
            self._add(key, ops.RemoveIndex(new.name, index.name))
        for was, now in renamed:
            self._add(key, ops.RenameIndex(new.name, new_name=now.name, old_name=was.name))
        gone, _, _ = self._constraints(key)
        for constraint in gone:
            self._add(key, ops.RemoveConstraint(new.name, constraint.name))
        was, now = _together(old), _together(new)
        if was - now:
            self._add(key, ops.AlterUniqueTogether(new.name, was & now))

    def _rules_come(self, key: Key) -> None:
        """What comes once the fields are as they will be."""
        old, new = self.old.models[key], self.new[key]
        fields: set[Fact] = {("field", *key, name) for name in new.fields if name not in old.fields}
        fields.add(("ordered", *key))
        _, come, _ = _compared(old.options["indexes"], new.options["indexes"])
        for index in come:
            self._add(key, ops.AddIndex(new.name, index), fields)
        _, come, altered = self._constraints(key)
        for constraint in come:
            self._add(key, ops.AddConstraint(new.name, constraint), fields)
        for constraint in altered:
            self._add(key, ops.AlterConstraint(new.name, constraint.name, constraint))
        if _together(new) - _together(old):
            self._add(key, ops.AlterUniqueTogether(new.name, _together(new)), fields)

    def _constraints(self, key: Key) -> tuple[list[Any], list[Any], list[Any]]:
        """The constraints that go, that come, and that say something else of what the database keeps."""
        old = {item.name: item for item in self.old.models[key].options["constraints"]}
        new = {item.name: item for item in self.new[key].options["constraints"]}
        gone, come, altered = [], [], []
        for name, item in old.items():
            if name not in new:
                gone.append(item)
            elif comparable(item) != comparable(new[name]):
                if _kept_rule(item) == _kept_rule(new[name]):
                    altered.append(new[name])
                else:
                    gone.append(item)
                    come.append(new[name])
        come += [item for name, item in new.items() if name not in old]
        return gone, come, altered

    # In order -------------------------------------------------------------------------------------------------------

    def _sorted(self) -> list[Step]:
        """The steps, each after those that give what it needs, and else as they were found."""
        given = {fact for step in self.steps for fact in step.gives}
        waiting, found, known = list(self.steps), list[Step](), set[Fact]()
        while waiting:
            for place, step in enumerate(waiting):
                if all(fact in known or fact not in given for fact in step.needs - step.gives):
                    known |= step.gives
                    found.append(waiting.pop(place))
                    break
            else:
                raise ValueError(
                    f"The changes of {', '.join(map(repr, waiting))} wait for each other in a circle. Make them in two "
                    "steps, with makemigrations after each."
                )
        return found

    def _divided(self, steps: list[Step], graph: MigrationGraph) -> dict[str, list[Migration]]:
        """Migrations, as few as possible: each takes what it can of its app before another app has to go on."""
        giver = {fact: step for step in steps for fact in step.gives}
        place: dict[Step, Node] = {}
        waiting: dict[str, list[Step]] = {}
        for step in steps:
            waiting.setdefault(step.app_label, []).append(step)
        found: dict[str, list[Migration]] = {}
        while any(waiting.values()):
            advanced = False
            for app in sorted(waiting):
                taken: list[Step] = []
                needed: dict[Node, None] = {}
                name = f"auto_{len(found.get(app, ())) + 1}"
                for step in list(waiting[app]):
                    before = [giver[fact] for fact in step.needs if fact in giver and giver[fact] is not step]
                    if any(other not in place and other not in taken for other in before):
                        # Those that do not wait for it may still come, as long as nothing before them is left out.
                        continue
                    taken.append(step)
                    needed.update(
                        {place[other]: None for other in before if other in place and place[other][0] != app}
                    )
                    others = {fact[1] for fact in step.needs if fact not in giver and fact[0] in ("model", "field")}
                    for other_app in sorted((others - {app}) | step.after_apps):
                        needed.update(dict.fromkeys(self._external(other_app, graph)))
                if not taken:
                    continue
                advanced = True
                waiting[app] = [step for step in waiting[app] if step not in taken]
                migration = type("Migration", (Migration,), {})(name, app)
                migration.operations = optimize([step.operation for step in taken], app)
                migration.dependencies = list(needed)
                found.setdefault(app, []).append(migration)
                for step in taken:
                    place[step] = (app, name)
            if not advanced:
                raise ValueError(
                    f"Migrations of {', '.join(sorted(waiting))} would depend on each other in a circle."
                )
        return found

    def _external(self, app: str, graph: MigrationGraph) -> Iterator[Node]:
        """What an app has to be at for its models of now to be there."""
        leaves = graph.leaf_nodes(app)
        if leaves:
            yield leaves[0]
        elif app not in self.to_state.real_apps and app not in self.given.real_apps:
            yield app, "__first__"

    def arranged(
        self, migrations: dict[str, list[Migration]], graph: MigrationGraph, name: str | None = None
    ) -> dict[str, list[Migration]]:
        """The migrations numbered, named, and after those that there are."""
        names: dict[Node, Node] = {}
        found: dict[str, list[Migration]] = {}
        for app, items in migrations.items():
            leaves = graph.leaf_nodes(app)
            last = leaves[0] if leaves else None
            if last is None and not self.questioner.ask_initial(app):
                # It stays without migrations; whoever needs it needs whatever it may get first.
                names.update({migration.key: (app, "__first__") for migration in items})
                continue
            number = self.parse_number(last[1]) or 0 if last is not None else 0
            for migration in items:
                temporary = migration.key
                number += 1
                migration.initial = True if not leaves else None
                if last is not None:
                    migration.dependencies = [last, *(one for one in migration.dependencies if one != last)]
                if last is None and not name:
                    migration.name = "0001_initial"
                else:
                    migration.name = f"{number:04}_{name or _suggested(migration, first=last is None)}"
                last = names[temporary] = migration.key
            found[app] = items
        for items in found.values():
            for migration in items:
                migration.dependencies = [names.get(one, one) for one in migration.dependencies]
        return found

    @classmethod
    def parse_number(cls, name: str) -> int | None:
        """The number at the beginning of a migration's name; of a squash, the last one in it."""
        if squashed := re.match(r".*_squashed_(\d+)", name):
            return int(squashed[1])
        found = re.match(r"^\d+", name)
        return int(found[0]) if found else None


_ABOUT_FIELDS = ("indexes", "constraints", "unique_together", "order_with_respect_to")


def _suggested(migration: Migration, first: bool) -> str:
    initial, migration.initial = migration.initial, first
    try:
        return migration.suggest_name()
    finally:
        migration.initial = initial


def _named(state: ModelState) -> Key:
    return state.app_label, state.name


def _kind(state: ModelState) -> bool:
    return bool(state.options.get("proxy"))


def _is_managed(state: ModelState) -> bool:
    return bool(state.options.get("managed", True))


def _fields(state: ModelState, without_target: bool = False) -> list[Any]:
    """The definitions by name; their order says nothing."""
    return [(name, definition(state.fields[name], state, without_target)) for name in sorted(state.fields)]


def _column(field: Any, name: str) -> str:
    return f"{name}_id" if field.forward else name


def _together(state: ModelState) -> set[Any]:
    return set(normalize_together(state.options.get("unique_together") or ()))


def _is_replaced(before: Any, after: Any, old: ModelState, new: ModelState) -> bool:
    """Whether a field becomes another only by going and coming back: what links rows is not the same."""
    if bool(before.many_to_many) != bool(after.many_to_many):
        return True
    if not before.many_to_many:
        return False
    return targets_of(before, *_named(old))[1:] != targets_of(after, *_named(new))[1:]


def _kept_rule(constraint: Any) -> Any:
    """What of a constraint the database keeps."""
    path, args, kwargs = comparable(constraint)
    told = ("violation_error_message", "violation_error_code")
    return path, args, {key: value for key, value in kwargs.items() if key not in told}


def _compared(old: list[Any], new: list[Any]) -> tuple[list[Any], list[Any], list[tuple[Any, Any]]]:
    """The indexes that go, those that come, and pairs of those that have another name."""
    gone = [item for item in old if comparable(item) not in [comparable(other) for other in new]]
    come = [item for item in new if comparable(item) not in [comparable(other) for other in old]]
    renamed = []
    for was in list(gone):
        for now in come:
            if _nameless(was) == _nameless(now):
                renamed.append((was, now))
                gone.remove(was)
                come.remove(now)
                break
    return gone, come, renamed


def _nameless(index: Any) -> Any:
    path, args, kwargs = comparable(index)
    return path, args, {key: value for key, value in kwargs.items() if key != "name"}


def _trimmed(migrations: dict[str, list[Migration]], apps: set[str]) -> dict[str, list[Migration]]:
    """The migrations of some apps, and of those that they need."""
    wanted = set(apps)
    while True:
        items = [migration for app in wanted for migration in migrations.get(app, ())]
        more = {dependency[0] for migration in items for dependency in migration.dependencies}
        if more <= wanted:
            return {app: items for app, items in migrations.items() if app in wanted}
        wanted |= more
