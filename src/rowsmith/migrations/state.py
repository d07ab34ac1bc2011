"""State: what models are at one point of history, as data, and as classes that can be asked for rows."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, Protocol

from rowsmith.exceptions import did_you_mean
from rowsmith.fields.composite import KeyPart
from rowsmith.fields.order import OrderWrt
from rowsmith.fields.related import RECURSIVE
from rowsmith.metadata.options import normalize_together
from rowsmith.metadata.registry import Apps
from rowsmith.metadata.tables import constraint_name
from rowsmith.migrations import places
from rowsmith.migrations.exceptions import InvalidBasesError
from rowsmith.models import NOT_PROVIDED, Index, Model
from rowsmith.queryset.manager import Manager

Key = tuple[str, str]
"""A model by app label and name in lower case."""


def key_of(label: str, app_label: str, model_name: str = "") -> Key:
    """The model that `label` names, as seen from another one: "app.Model", "Model" or "self"."""
    if label == RECURSIVE:
        return app_label, model_name.lower()
    app, _, name = label.rpartition(".")
    return app or app_label, name.lower()


def label_of(model: Any) -> str:
    """A model's label, whether it is a class or named by it."""
    return model if isinstance(model, str) else str(model._meta.label)


def targets_of(field: Any, app_label: str, model_name: str) -> list[Key]:
    """The models that a relation refers to: its target, and the model that it goes through."""
    rel = field.remote_field
    if rel is None:
        return []
    found = [key_of(label_of(rel.model), app_label, model_name)]
    through = getattr(rel, "through", None)
    if through is not None and (isinstance(through, str) or not through._meta.auto_created):
        found.append(key_of(label_of(through), app_label, model_name))
    return found


class ModelState:
    """One model at one point of history. It is never changed: operations put another one in its place.

    fields:    by name, in order; none belongs to a model.
    bases:     labels of models, and classes that are no models.
    managers:  those with `use_in_migrations`.
    keyless:   whether the primary key is gone, and another is still to come.
    """

    def __init__(
        self,
        app_label: str,
        name: str,
        fields: Iterable[tuple[str, Any]] | Mapping[str, Any],
        options: Mapping[str, Any] | None = None,
        bases: Iterable[Any] | None = None,
        managers: Iterable[tuple[str, Any]] | None = None,
        keyless: bool = False,
    ) -> None:
        self.app_label = app_label
        self.name = name
        self.keyless = keyless
        self.fields: dict[str, Any] = dict(fields)
        self.options: dict[str, Any] = {"indexes": [], "constraints": [], **(options or {})}
        self.bases: tuple[Any, ...] = tuple(bases or (Model,))
        self.managers: list[tuple[str, Any]] = list(managers or ())
        for index in self.options["indexes"]:
            if not index.name:
                raise ValueError(f"The index {index!r} of {app_label}.{name} needs a name to be part of a migration.")
        for field_name, field in self.fields.items():
            if "model" in field.__dict__:
                raise ValueError(
                    f"The field {field_name!r} of {app_label}.{name} belongs to a model already; give field.clone()."
                )

    def __repr__(self) -> str:
        return f"<ModelState: '{self.app_label}.{self.name}'>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ModelState):
            return NotImplemented
        return (
            (self.app_label, self.name, self.options, self.bases, self.managers)
            == (other.app_label, other.name, other.options, other.bases, other.managers)
            and list(self.fields) == list(other.fields)
            and all(
                mine.deconstruct()[1:] == theirs.deconstruct()[1:]
                for mine, theirs in zip(self.fields.values(), other.fields.values(), strict=True)
            )
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def name_lower(self) -> str:
        return self.name.lower()

    @property
    def key(self) -> Key:
        return self.app_label, self.name.lower()

    def clone(self, **changes: Any) -> ModelState:
        """Another one with some parts changed."""
        given = {
            "app_label": self.app_label,
            "name": self.name,
            "fields": self.fields,
            "options": self.options,
            "bases": self.bases,
            "managers": self.managers,
            "keyless": self.keyless and not any(field.primary_key for field in changes.get("fields", {}).values()),
            **changes,
        }
        return ModelState(**given)

    def with_options(self, **changes: Any) -> ModelState:
        return self.clone(options={**self.options, **changes})

    def get_field(self, name: str) -> Any:
        """The field of that name; `_order` and `pk` are understood."""
        if name == "_order" and "_order" not in self.fields:
            return self.fields.get("_order", OrderWrt())
        try:
            return self.fields[name]
        except KeyError:
            raise KeyError(
                f"{self.app_label}.{self.name} has no field {name!r} at this point of its migrations."
                f"{did_you_mean(name, self.fields)}"
            ) from None

    def get_index_by_name(self, name: str) -> Any:
        return self._named("indexes", name)

    def get_constraint_by_name(self, name: str) -> Any:
        return self._named("constraints", name)

    def _named(self, kind: str, name: str) -> Any:
        for item in self.options[kind]:
            if item.name == name:
                return item
        known = [item.name for item in self.options[kind]]
        raise ValueError(
            f"No {kind.removesuffix('es').removesuffix('s')} named {name} on model {self.name}."
            f"{did_you_mean(name, known)}"
        )

    def relations(self) -> Iterator[Key]:
        """The models that this one refers to or inherits from."""
        for field in self.fields.values():
            yield from targets_of(field, self.app_label, self.name)
        for base in self.bases:
            if isinstance(base, str):
                yield key_of(base, self.app_label)

    @classmethod
    def from_model(cls, model: Any, exclude_rels: bool = False) -> ModelState:
        """What a class says, as data."""
        meta = model._meta
        fields = {}
        if not meta.proxy:
            for field in (*meta.local_fields, *meta.local_many_to_many):
                if isinstance(field, KeyPart | OrderWrt) or (exclude_rels and field.remote_field is not None):
                    continue
                fields[field.name] = field.clone()
        options: dict[str, Any] = {}
        for name, value in meta.original_attrs.items():
            if name in ("apps", "app_label", "abstract"):
                continue
            if name == "unique_together":
                value = set(normalize_together(value))
            elif name in ("indexes", "constraints"):
                value = [item.clone() for item in getattr(meta, name)]
            options[name] = copy.copy(value)
        return cls(meta.app_label, meta.object_name, fields, options, _bases_of(model), _managers_of(model))

    def render(self, apps: StateApps) -> Any:
        """The class, entered in `apps`."""
        options = {**self.options, "app_label": self.app_label, "apps": apps}
        together = normalize_together(options.pop("index_together", None))
        options["indexes"] = [index.clone() for index in self.options["indexes"]]
        options["constraints"] = [constraint.clone() for constraint in self.options["constraints"]]
        try:
            bases = tuple(
                apps.get_model(*key_of(base, self.app_label)) if isinstance(base, str) else base
                for base in self.bases
            )
        except LookupError:
            raise InvalidBasesError(
                f"{self.app_label}.{self.name} inherits from {', '.join(map(repr, self.bases))}, not all of which "
                "exist at this point. Make the migration depend on the one that creates them."
            ) from None
        body: dict[str, Any] = {name: field.clone() for name, field in self.fields.items()}
        body |= {"Meta": type("Meta", (), options), "__module__": "__fake__"}
        for name, manager in self.managers:
            body[name] = copy.copy(manager)
        kind: Any = type(Model)
        model = kind(self.name, bases, body)
        if self.keyless:
            # What stands in its place has no column.
            model._meta.pk.absent = True
        for names in together:
            # Only migrations of old say so; the index has a name that nobody gave it.
            columns = tuple(model._meta.get_field(name).column for name in names)
            name = constraint_name(model._meta.db_table, columns, "idx")
            model._meta.indexes.append(Index(fields=list(names), name=name))
        return model


def _bases_of(model: Any) -> tuple[Any, ...]:
    """The bases that history knows: concrete models by label, classes that are no models; abstract ones dissolved."""

    def dissolved(cls: Any) -> Iterator[Any]:
        for base in cls.__bases__:
            if base in (Generic, Protocol, object):
                continue
            if hasattr(base, "_meta") and base._meta.abstract:
                yield from dissolved(base)
            else:
                yield base

    found = [base._meta.label_lower if hasattr(base, "_meta") else base for base in dissolved(model)]
    bases = tuple(dict.fromkeys(found))
    if not any(isinstance(base, str) or (isinstance(base, type) and issubclass(base, Model)) for base in bases):
        return (*bases, Model)
    return bases


def _managers_of(model: Any) -> list[tuple[str, Any]]:
    """The managers that history keeps; a plain one to be the default where another one follows it."""
    found = []
    for manager in model._meta.managers:
        if manager.use_in_migrations:
            kept = copy.copy(manager)
            kept.model = None
        elif manager is model._meta.default_manager or manager is model._meta.base_manager:
            kept = Manager()
            kept.name = manager.name
            if manager is model._meta.default_manager:
                kept.auto_created = manager.auto_created
        else:
            continue
        found.append((manager.name, kept))
    return found if any(manager.use_in_migrations for _, manager in found) else []


class StateApps(Apps):
    """The classes of one state of all models."""

    def __init__(self, models: Mapping[Key, ModelState], earlier: StateApps | None = None) -> None:
        super().__init__()
        self.states = dict(models)
        self.components = _components(self.states)
        fresh = dict(self.states)
        if earlier is not None:
            for members in set(self.components.values()):
                # Classes that refer to each other are kept or made anew together.
                first = next(iter(members))
                if earlier.components.get(first) == members and all(
                    earlier.states[key] is self.states[key] for key in members
                ):
                    for key in members:
                        del fresh[key]
                        self._take_over(earlier, key)
        self._render(fresh)

    def _take_over(self, earlier: StateApps, key: Key) -> None:
        app_label, name = key
        model = earlier.all_models[app_label][name]
        mine = self.all_models.setdefault(app_label, {})
        mine[name] = model
        for other in earlier.all_models[app_label].values():
            if other._meta.auto_created is model:
                mine[other._meta.model_name] = other

    def _render(self, models: dict[Key, ModelState]) -> None:
        """Define the classes, those that others inherit from first."""
        pending = dict(models)
        while pending:
            ready = [
                state
                for state in pending.values()
                if not any(isinstance(base, str) and key_of(base, state.app_label) in pending for base in state.bases)
            ]
            if not ready:
                names = ", ".join(f"{app}.{name}" for app, name in sorted(pending))
                raise InvalidBasesError(f"Models inherit from each other in a circle: {names}.")
            for state in ready:
                state.render(self)
                del pending[state.key]
        if self.pending:
            missing = set(self.pending)
            waiting = [
                f"{state.app_label}.{state.name}.{name} refers to {'.'.join(target)}"
                for state in models.values()
                for name, field in state.fields.items()
                for target in targets_of(field, state.app_label, state.name)
                if ".".join(target) in missing
            ]
            raise ValueError(
                f"{'; '.join(waiting) or ', '.join(missing)}, which does not exist at this point of the migrations. "
                "Make the migration depend on the one that creates it."
            )


def _components(models: Mapping[Key, ModelState]) -> dict[Key, frozenset[Key]]:
    """The models that are tied by relations or inheritance, for each model."""
    neighbours: dict[Key, set[Key]] = {key: set() for key in models}
    for key, state in models.items():
        for target in state.relations():
            if target in neighbours:
                neighbours[key].add(target)
                neighbours[target].add(key)
    found: dict[Key, frozenset[Key]] = {}
    for key in models:
        if key in found:
            continue
        members, queue = {key}, [key]
        while queue:
            for other in neighbours[queue.pop()] - members:
                members.add(other)
                queue.append(other)
        together = frozenset(members)
        found.update(dict.fromkeys(members, together))
    return found


class ProjectState:
    """All models at one point of history.

    real_apps:  the labels of apps that have no migrations, whose models are as the program defines them.
    """

    def __init__(self, models: Mapping[Key, ModelState] | None = None, real_apps: Iterable[str] = ()) -> None:
        self.models: dict[Key, ModelState] = dict(models or {})
        self.real_apps = frozenset(real_apps)
        self._apps: StateApps | None = None
        self._is_current = False

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ProjectState):
            return NotImplemented
        return self.models == other.models and self.real_apps == other.real_apps

    __hash__ = None  # type: ignore[assignment]

    def clone(self) -> ProjectState:
        twin = ProjectState(self.models, self.real_apps)
        twin._apps, twin._is_current = self._apps, self._is_current
        return twin

    @classmethod
    def from_apps(cls, apps: Apps) -> ProjectState:
        """What the program defines now."""
        return cls({state.key: state for state in map(ModelState.from_model, apps.get_models(include_swapped=True))})

    @property
    def apps(self) -> StateApps:
        """The classes; made when they are asked for, as far as something has changed."""
        if not self._is_current or self._apps is None:
            models = dict(self.models)
            for label in sorted(self.real_apps):
                for model in places.registry().all_models.get(label, {}).values():
                    if not model._meta.auto_created:
                        state = _real_state(model)
                        models.setdefault(state.key, state)
            self._apps = StateApps(models, self._apps)
            self._is_current = True
        return self._apps

    # Changes --------------------------------------------------------------------------------------------------------

    def put(self, state: ModelState) -> None:
        """Put a model's state in the place of the one that there was."""
        self.models[state.key] = state
        self._is_current = False

    add_model = put

    def model(self, app_label: str, name: str) -> ModelState:
        """The state of a model; KeyError when there is none at this point."""
        try:
            return self.models[app_label, name.lower()]
        except KeyError:
            known = [state.name for state in self.models.values() if state.app_label == app_label]
            raise KeyError(
                f"There is no model {app_label}.{name} at this point of the migrations.{did_you_mean(name, known)}"
            ) from None

    def remove_model(self, app_label: str, name: str) -> None:
        self.model(app_label, name)
        del self.models[app_label, name.lower()]
        self._is_current = False

    def rename_model(self, app_label: str, old_name: str, new_name: str) -> None:
        """Another name for a model, everywhere."""
        old, new = (app_label, old_name.lower()), (app_label, new_name.lower())
        state = self.model(app_label, old_name).clone(name=new_name)
        self.models = {
            (new if key == old else key): (state if key == old else known) for key, known in self.models.items()
        }
        for known in list(self.models.values()):
            self._point(known, old, f"{app_label}.{new_name}")
        self._is_current = False

    def _point(self, state: ModelState, old: Key, label: str) -> None:
        """Have a model refer to `label` instead of to `old`."""
        fields = {}
        for name, field in state.fields.items():
            if old in targets_of(field, state.app_label, state.name):
                fields[name] = _pointing(field, state, old, label)
        bases = tuple(
            label.lower() if isinstance(base, str) and key_of(base, state.app_label) == old else base
            for base in state.bases
        )
        if fields or bases != state.bases:
            self.models[state.key] = state.clone(fields={**state.fields, **fields}, bases=bases)

    def add_field(
        self, app_label: str, model_name: str, name: str, field: Any, preserve_default: bool = True
    ) -> None:
        state = self.model(app_label, model_name)
        self.put(state.clone(fields={**state.fields, name: _settled(field, preserve_default)}))

    def remove_field(self, app_label: str, model_name: str, name: str) -> None:
        state = self.model(app_label, model_name)
        keyless = state.keyless or state.get_field(name).primary_key
        fields = {known: field for known, field in state.fields.items() if known != name}
        self.put(state.clone(fields=fields, keyless=keyless))

    def alter_field(
        self, app_label: str, model_name: str, name: str, field: Any, preserve_default: bool = True
    ) -> None:
        state = self.model(app_label, model_name)
        was_key = state.get_field(name).primary_key
        fields = {**state.fields, name: _settled(field, preserve_default)}
        has_key = any(known.primary_key for known in fields.values())
        self.put(state.clone(fields=fields, keyless=(state.keyless or was_key) and not has_key))

    def rename_field(self, app_label: str, model_name: str, old_name: str, new_name: str) -> None:
        """Another name for a field, also where options and relations name it."""
        state = self.model(app_label, model_name)
        state.get_field(old_name)

        def now(name: str) -> str:
            sign = "-" if name.startswith("-") else ""
            return f"{sign}{new_name}" if name.removeprefix("-") == old_name else name

        options = dict(state.options)
        for option in ("unique_together", "index_together"):
            if option in options:
                options[option] = {tuple(map(now, names)) for names in normalize_together(options[option])}
        if isinstance(options.get("ordering"), list | tuple):
            options["ordering"] = [now(item) if isinstance(item, str) else item for item in options["ordering"]]
        for option in ("order_with_respect_to", "get_latest_by"):
            if isinstance(options.get(option), str):
                options[option] = now(options[option])
        for option in ("indexes", "constraints"):
            options[option] = [_with_names(item, old_name, new_name) for item in options[option]]
        fields = {}
        for name, field in state.fields.items():
            names = getattr(field, "field_names", None)
            if names and old_name in names:
                field = type(field)(*map(now, names))
            elif getattr(field, "from_fields", None) and old_name in field.from_fields:
                field = field.clone()
                field.from_fields = [now(item) for item in field.from_fields]
            elif field.generated:
                changed = _with_names(field.expression, old_name, new_name)
                if changed is not field.expression:
                    field = field.clone()
                    field.expression = changed
            fields[now(name)] = field
        self.put(state.clone(fields=fields, options=options))
        target = state.key
        for other in list(self.models.values()):
            changed = {}
            for name, field in other.fields.items():
                if target in targets_of(field, other.app_label, other.name) and _names_target(field, old_name):
                    changed[name] = _with_target(field, old_name, new_name)
            if changed:
                self.put(other.clone(fields={**other.fields, **changed}))

    def alter_options(self, app_label: str, model_name: str, changes: Mapping[str, Any]) -> None:
        self.put(self.model(app_label, model_name).with_options(**changes))


def _real_state(model: Any) -> ModelState:
    """The state of a model of an app without migrations; the same object each time, so that its class is kept."""
    known = model.__dict__.get("_state_in_migrations")
    if known is None:
        known = model._state_in_migrations = ModelState.from_model(model)
    return known  # type: ignore[no-any-return]


def _settled(field: Any, preserve_default: bool) -> Any:
    if preserve_default:
        return field
    field = field.clone()
    field.default = NOT_PROVIDED
    return field


def _pointing(field: Any, state: ModelState, old: Key, label: str) -> Any:
    twin = field.clone()
    rel = twin.remote_field
    if rel.model != RECURSIVE and key_of(label_of(rel.model), state.app_label, state.name) == old:
        rel.model = label
    through = getattr(rel, "through", None)
    if through is not None and key_of(label_of(through), state.app_label, state.name) == old:
        rel.through = label
    return twin


def _names_target(field: Any, name: str) -> bool:
    return getattr(field.remote_field, "field_name", None) == name or name in (
        getattr(field, "to_fields", None) or ()
    )


def _with_target(field: Any, old: str, new: str) -> Any:
    twin = field.clone()
    if getattr(twin.remote_field, "field_name", None) == old:
        twin.remote_field.field_name = new
    twin.to_fields = [new if name == old else name for name in twin.to_fields]
    return twin


def _with_names(item: Any, old: str, new: str) -> Any:
    """An index, a constraint or an expression in which a field goes by another name; itself where it is not named."""
    changed, found = _renaming(item, old, new)
    return found if changed else item


def _renaming(item: Any, old: str, new: str) -> tuple[bool, Any]:
    def of_name(name: str) -> str:
        sign = "-" if name.startswith("-") else ""
        first, separator, rest = name.removeprefix("-").partition("__")
        return f"{sign}{new}{separator}{rest}" if first == old else name

    return _rebuilt(item, of_name)


def _rebuilt(item: Any, of_name: Callable[[str], str], is_name: bool = False) -> tuple[bool, Any]:
    """What is built from names of fields, built anew where `of_name` changes one."""
    if isinstance(item, str):
        found = of_name(item) if is_name else item
        return found != item, found
    if isinstance(item, list | tuple):
        # Of a pair (lookup, value), as conditions hold them, the first is a name.
        pair = isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str) and not is_name
        parts = [_rebuilt(part, of_name, is_name or (pair and place == 0)) for place, part in enumerate(item)]
        if not any(changed for changed, _ in parts):
            return False, item
        return True, type(item)(part for _, part in parts)
    if not hasattr(item, "deconstruct") or isinstance(item, type):
        return False, item
    _, args, kwargs = item.deconstruct()[-3:]
    names = type(item).__name__ in ("F", "OrderBy")
    new_args = [_rebuilt(arg, of_name, names) for arg in args]
    new_kwargs = {key: _rebuilt(value, of_name, key in ("fields", "include")) for key, value in kwargs.items()}
    if not any(changed for changed, _ in (*new_args, *new_kwargs.values())):
        return False, item
    return True, type(item)(*(arg for _, arg in new_args), **{key: value for key, (_, value) in new_kwargs.items()})
