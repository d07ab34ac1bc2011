"""Options: everything that is known about one model, as `Model._meta`."""

from __future__ import annotations

import bisect
import copy
import importlib
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

from rowsmith import config
from rowsmith.exceptions import FieldDoesNotExist, FieldError, ImproperlyConfigured, did_you_mean
from rowsmith.metadata import ancestry, names
from rowsmith.metadata.registry import Apps, apps, isolated

_ATTRIBUTES: Mapping[str, Any] = {
    "abstract": False,
    "app_label": None,
    "apps": None,
    "base_manager_name": None,
    "constraints": (),
    "db_table": "",
    "db_table_comment": "",
    "db_tablespace": None,
    "default_manager_name": None,
    "default_permissions": ("add", "change", "delete", "view"),
    "default_related_name": None,
    "get_latest_by": None,
    "indexes": (),
    "managed": True,
    "order_with_respect_to": None,
    "ordering": (),
    "permissions": (),
    "proxy": False,
    "required_db_features": (),
    "required_db_vendor": None,
    "select_on_save": False,
    "swappable": None,
    "unique_together": (),
    "verbose_name": None,
    "verbose_name_plural": None,
}


class Options:
    """What one model is: its names, fields, relations, managers and `Meta`.

    It is complete once the class is defined; afterwards only relations that point to the model are added, when the
    models that declare them appear. Everything derived is worked out when first asked for, and again after that.
    """

    # What `class Meta` may say; set from it below.
    abstract: bool
    proxy: bool
    managed: bool
    ordering: Any
    constraints: list[Any]
    indexes: list[Any]
    unique_together: tuple[tuple[str, ...], ...]
    verbose_name: Any
    verbose_name_plural: Any
    db_table: str
    db_table_comment: str
    db_tablespace: str | None
    default_related_name: str | None
    default_manager_name: str | None
    base_manager_name: str | None
    get_latest_by: Any
    order_with_respect_to: Any  # a name until the class is finished, then the field; None for no such order
    required_db_features: tuple[str, ...]
    required_db_vendor: str | None
    permissions: tuple[tuple[str, str], ...]
    default_permissions: tuple[str, ...]
    select_on_save: bool
    swappable: str | None

    auto_field: Any = None
    auto_created: Any = False
    root_shape: Any = None
    model: Any

    def __init__(self, cls: Any, meta: Any, module: str) -> None:
        given = {name: value for name, value in vars(meta).items() if not name.startswith("__")} if meta else {}
        for base in meta.__mro__[1:] if isinstance(meta, type) else ():
            for name, value in vars(base).items():
                if base is not object and not name.startswith("__"):
                    given.setdefault(name, value)
        self.auto_created = given.pop("auto_created", False)
        for name in given:
            if name not in _ATTRIBUTES:
                raise TypeError(
                    f"'class Meta' of {cls.__name__} has an invalid attribute {name!r}."
                    f"{did_you_mean(name, _ATTRIBUTES)}"
                )
        self.original_attrs: dict[str, Any] = dict(given)
        for name, default in _ATTRIBUTES.items():
            setattr(self, name, given.get(name, default))
        self.apps: Apps = given.get("apps") or isolated.get() or apps
        self.object_name: str = cls.__name__
        self.model_name: str = cls.__name__.lower()
        self.app_label: str = given.get("app_label") or _configured_label(module) or names.app_label(module)
        self.label = f"{self.app_label}.{self.object_name}"
        self.label_lower = f"{self.app_label}.{self.model_name}"
        self.verbose_name = self.verbose_name if self.verbose_name is not None else names.words(self.object_name)
        if self.verbose_name_plural is None:
            self.verbose_name_plural = f"{self.verbose_name}s"
        self.unique_together = normalize_together(self.unique_together)
        self.ordering = () if self.ordering is None else self.ordering
        # Which of the two was meant, a check asks.
        self.ordering_clash = bool(self.ordering and self.order_with_respect_to)
        self.constraints = list(self.constraints)
        self.indexes = list(self.indexes)
        self.db_table = self.db_table or names.shortened(f"{self.app_label}_{self.model_name}")
        self.module = module
        self.pk: Any = None
        self.local_fields: list[Any] = []
        self.local_many_to_many: list[Any] = []
        self.private_fields: list[Any] = []
        self.local_managers: list[Any] = []
        self.parents: dict[Any, Any] = {}
        self.concrete_model: Any = None
        self.reverse: list[Any] = []
        self.heirs: list[Options] = []
        # Columns that relations refer to together, by the names that queries use.
        self.groups: dict[str, Any] = {}
        # What is to be done once the class is finished; None from then on.
        self.waiting: list[Callable[[], None]] | None = []

    def __repr__(self) -> str:
        return f"<Options for {self.object_name}>"

    def __reduce__(self) -> Any:
        if self.apps is apps:
            return _options_of, (self.model.__module__, self.label)
        return getattr, (self.model, "_meta")

    def __str__(self) -> str:
        return self.label_lower

    # Definition -----------------------------------------------------------------------------------------------------

    def add_field(self, field: Any, private: bool = False) -> None:
        """Take in a field of the model's own, in the order of creation."""
        if private:
            self.private_fields.append(field)
        elif field.many_to_many:
            bisect.insort(self.local_many_to_many, field)
        else:
            bisect.insort(self.local_fields, field)
            if field.primary_key:
                if self.pk is not None and self.pk is not field:
                    raise ValueError(
                        f"{self.label} has two primary keys, {self.pk.name!r} and {field.name!r}; keep one of them "
                        "and give the other unique=True."
                    )
                self.pk = field
                field.serialize = False
        self.expire()

    def add_manager(self, manager: Any) -> None:
        self.local_managers.append(manager)
        self.expire()

    def add_reverse(self, rel: Any) -> None:
        """Take in the other end of a relation that points to this model."""
        reverse = (self.concrete_model or self.model)._meta.reverse
        if not any(known is rel for known in reverse):
            reverse.append(rel)
            reverse.sort(key=lambda known: (known.field.model._meta.registered, known.field.creation_counter))
        self.expire()

    registered: int = 0

    def drop_reverse(self, model: Any) -> None:
        """Forget what the relations of `model`, which is being redefined, have left here."""
        self.reverse[:] = [rel for rel in self.reverse if rel.field.model is not model]
        self.expire()

    def expire(self) -> None:
        """Forget what was derived, here and on the models that share this model's fields."""
        for name in _DERIVED:
            self.__dict__.pop(name, None)
        self.root_shape = None
        for heir in self.heirs:
            heir.expire()
        if self.concrete_model is not None and self.concrete_model is not self.model:
            concrete = self.concrete_model._meta
            if any(name in concrete.__dict__ for name in _DERIVED):
                concrete.expire()

    def setup_proxy(self, target: Any) -> None:
        """Share the table and the fields of `target`."""
        self.pk = target._meta.pk
        self.auto_field = target._meta.auto_field
        self.db_table = target._meta.db_table
        self.local_fields = target._meta.local_fields
        self.local_many_to_many = target._meta.local_many_to_many
        self.parents[target] = None
        if target._meta.order_with_respect_to is not None:
            self.order_with_respect_to = target._meta.order_with_respect_to
            self.ordering = self.ordering or target._meta.ordering
        target._meta.heirs.append(self)

    def setup_child(self, parent: Any, link: Any) -> None:
        """Inherit the fields of `parent`, whose rows have tables of their own, to which `link` refers."""
        self.parents[parent] = link
        parent._meta.heirs.append(self)
        self.expire()

    def setup_key(self) -> None:
        """Make the link to the first parent the key, where the model declares no other."""
        if self.pk is None and self.links:
            self.pk = self.links[0][1]
            self.pk.primary_key = True
            self.pk.serialize = False
            self.expire()

    @property
    def swapped(self) -> str | None:
        """The label of the model that the configuration puts in the place of this one; None where it stays."""
        if self.swappable is None:
            return None
        try:
            chosen = config.current().swapped_models.get(self.swappable)
        except ImproperlyConfigured:
            return None
        if not chosen:
            return None
        app_label, _, name = chosen.rpartition(".")
        return None if f"{app_label}.{name.lower()}" == self.label_lower else chosen

    def default_auto_field(self) -> str:
        """The name of the class that an automatic primary key gets."""
        try:
            current = config.current()
        except ImproperlyConfigured:
            # Models may be defined before the configuration that is wrong here is replaced by a right one.
            return "BigAutoField"
        for package, keys in current.apps.items():
            if (self.module == package or self.module.startswith(package + ".")) and "default_auto_field" in keys:
                return str(keys["default_auto_field"])
        return str(current.default_auto_field)

    @property
    def all_heirs(self) -> list[Options]:
        """The options of the proxies and the children of this model, and of theirs."""
        return [heir for one in self.heirs for heir in (one, *one.all_heirs)]

    # Ancestors ------------------------------------------------------------------------------------------------------

    @cached_property
    def links(self) -> ancestry.Links:
        """The concrete parents, each with the field that holds the key of its row."""
        parents = (self.concrete_model or self.model)._meta.parents
        return tuple((parent, link) for parent, link in parents.items() if link is not None)

    @cached_property
    def ways_up(self) -> Mapping[Any, ancestry.Way]:
        """The joins from the model's own table to that of each ancestor."""
        return ancestry.ways_up(self.links)

    @property
    def all_parents(self) -> tuple[Any, ...]:
        """The concrete models that this one inherits from, nearest first; for a proxy its own concrete model too."""
        return (*(parent for parent, link in self.parents.items() if link is None), *self.ways_up)

    def get_parent_list(self) -> list[Any]:
        """As `all_parents`, in a list."""
        return list(self.all_parents)

    def get_base_chain(self, model: Any) -> list[Any]:
        """The models between this one and its ancestor `model`, the nearest first and `model` last."""
        if model in self.parents:
            return [model]
        for parent in self.parents:
            chain = parent._meta.get_base_chain(model)
            if chain:
                return [parent, *chain]
        return []

    def get_ancestor_link(self, ancestor: Any) -> Any:
        """The field through which this model refers to the row of an ancestor, or to that of a parent on the way."""
        for parent, link in self.links:
            if parent is ancestor or ancestor in parent._meta.ways_up:
                return link
        return None

    def way_to(self, model: Any) -> ancestry.Way:
        """The joins from this model's table to the one that holds what `model` declares, itself or an ancestor."""
        links = self.links
        if not links:
            return ()
        concrete = model._meta.concrete_model
        return () if concrete is self.concrete_model else self.ways_up[concrete]

    def steps_along(self, relation: Any) -> ancestry.Way:
        """The joins from this model's table along a relation of its own or of an ancestor's."""
        steps: ancestry.Way = relation.steps
        return ancestry.continued(self.way_to(relation.model), steps) if self.links else steps

    @cached_property
    def repeated(self) -> Mapping[str, str]:
        """The attributes of ancestors' keys, each with the attribute of the own link that repeats its value."""
        found: dict[str, str] = {}
        for parent, link in self.links:
            own = {there.attname: here.attname for here, there in link.related_fields}
            found.update({name: own.get(other, other) for name, other in parent._meta.repeated.items()})
            found.update(own)
        return MappingProxyType(found)

    @cached_property
    def tables(self) -> Mapping[Any, tuple[str, ...]]:
        """The models over whose tables a row is spread, each after those derived from it, and by which attributes of
        an instance its part of the row is told."""
        found: dict[Any, tuple[str, ...]] = {}
        for model in self.model.__mro__:
            if model is self.concrete_model or model in self.ways_up:
                names = [field.attname for field in model._meta.pk_fields]
                found[model] = tuple(self.repeated.get(name, name) for name in names)
        return MappingProxyType(found)

    # Fields ---------------------------------------------------------------------------------------------------------

    @cached_property
    def fields(self) -> tuple[Any, ...]:
        """The forward fields, many-to-many ones aside, those of parents first."""
        return self._inherited("fields", self.local_fields)

    def _inherited(self, name: str, own: Iterable[Any]) -> tuple[Any, ...]:
        """What the parents have under a name, each once, and then the model's own."""
        inherited = [item for parent, _ in self.links for item in getattr(parent._meta, name)]
        # By identity: copies of one abstract field are equal in all but their model.
        found = {id(item): item for item in inherited}
        return (*found.values(), *own)

    @cached_property
    def concrete_fields(self) -> tuple[Any, ...]:
        return tuple(field for field in self.fields if field.concrete)

    @cached_property
    def local_concrete_fields(self) -> tuple[Any, ...]:
        """The concrete fields whose columns are in the model's own table."""
        return tuple(field for field in self.local_fields if field.concrete)

    @cached_property
    def many_to_many(self) -> tuple[Any, ...]:
        return self._inherited("many_to_many", self.local_many_to_many)

    @cached_property
    def own_reverse(self) -> tuple[Any, ...]:
        """The other ends of the relations that point to this very model."""
        return tuple((self.concrete_model or self.model)._meta.reverse)

    @cached_property
    def all_reverse(self) -> tuple[Any, ...]:
        """The other ends of the relations that point here or to an ancestor, hidden ones among them.

        A parent leads to its children; from a child there is no way to its siblings, nor to itself.
        """
        inherited = self._inherited("all_reverse", ())
        return (*(rel for rel in inherited if not rel.parent_link), *self.own_reverse)

    @cached_property
    def related_objects(self) -> tuple[Any, ...]:
        """The other ends that have a name here, or that are not many-to-many."""
        return tuple(rel for rel in self.all_reverse if not rel.hidden or rel.field.many_to_many)

    @cached_property
    def fields_map(self) -> Mapping[str, Any]:
        """Forward fields by name and by attname."""
        found: dict[str, Any] = {}
        for field in (*self.fields, *self.many_to_many, *self.private_fields):
            found.setdefault(field.attname, field)
        for field in (*self.fields, *self.many_to_many, *self.private_fields):
            found[field.name] = field
        return MappingProxyType(found)

    @cached_property
    def names(self) -> Mapping[str, Any]:
        """Every name that a lookup may begin with: fields, their attributes, relations that point here."""
        found: dict[str, Any] = {rel.name: rel for rel in self.all_reverse if not rel.hidden}
        found.update(self.groups)
        found.update(self.fields_map)
        return MappingProxyType(found)

    @cached_property
    def columns(self) -> Mapping[str, Any]:
        """Concrete fields by attname, in order."""
        return MappingProxyType({field.attname: field for field in self.concrete_fields})

    @cached_property
    def plain_fields(self) -> tuple[Any, ...]:
        """The written fields without the key: what an UPDATE of a whole row sets."""
        return tuple(field for field in self.written_fields if field not in self.pk_fields)

    @cached_property
    def key_fields(self) -> frozenset[Any]:
        """The fields that hold the key, and those that hold the keys of ancestors."""
        return frozenset(field for model in self.tables for field in model._meta.pk_fields)

    @cached_property
    def saved_fields(self) -> tuple[Any, ...]:
        """What save() sets in all tables of a row: the columns but for keys and those that the database computes."""
        return tuple(field for field in self.concrete_fields if not field.generated and field not in self.key_fields)

    @cached_property
    def written_fields(self) -> tuple[Any, ...]:
        """The columns of the model's own table whose values come from the instance, not from the database alone."""
        return tuple(field for field in self.local_concrete_fields if not field.generated)

    @cached_property
    def generated_fields(self) -> tuple[Any, ...]:
        """The columns of the model's own table that the database computes from the rest of the row."""
        return tuple(field for field in self.local_concrete_fields if field.generated)

    @cached_property
    def generated_names(self) -> frozenset[str]:
        """The names of all columns that the database computes, inherited ones among them."""
        return frozenset(field.name for field in self.concrete_fields if field.generated)

    @cached_property
    def has_db_defaults(self) -> bool:
        """Whether the database fills in any column that an INSERT leaves out, beside the key."""
        return any(field.has_db_default() for field in self.local_concrete_fields)

    @cached_property
    def write_plans(self) -> dict[Any, Any]:
        """Statements for single rows, kept by whoever writes; forgotten whenever the fields change."""
        return {}

    @cached_property
    def pk_fields(self) -> list[Any]:
        """The fields that hold the key: one, unless it is composite."""
        names = getattr(self.pk, "field_names", None)
        if names is None:
            return list(self.pk.members)
        # A check tells of names that are no field's.
        named = [self.fields_map[name] for name in names if name in self.fields_map]
        # A relation of several columns stands for all of them.
        return [member for field in named for member in (field.members if field.forward else (field,))]

    @cached_property
    def row_relations(self) -> tuple[Any, ...]:
        """The relations to one whose key has no single column here: each refers by several, or by those of others."""
        return tuple(field for field in self.fields if field.forward and field.column is None)

    @cached_property
    def property_names(self) -> frozenset[str]:
        """The names of the class's properties, which the constructor takes as keywords."""
        found = set()
        for base in self.model.__mro__:
            for name, value in vars(base).items():
                if isinstance(value, property):
                    found.add(name)
        return frozenset(found - {"_state", "__class__"})

    def get_field(self, name: str) -> Any:
        """The forward field of that name, or the relation that points here by that query name.

        raises:  FieldDoesNotExist, naming the nearest and what there is.
        """
        try:
            return self.names[name]
        except KeyError:
            known = sorted(field.name for field in self.names.values())
            raise FieldDoesNotExist(
                f"{self.object_name} has no field named {name!r}.{did_you_mean(name, known)} "
                f"{self.object_name} has: {', '.join(dict.fromkeys(known))}."
            ) from None

    def search_index(self, name: str | None) -> tuple[Any, Any]:
        """The search index of that name, or the only one, with the model that declares it: this one or an ancestor.

        raises:  FieldError where there is none, or several and no name.
        """
        models = dict.fromkeys((self.concrete_model, *self.ways_up))
        found = [(index, model) for model in models for index in model._meta.indexes if index.searched]
        if not found:
            raise FieldError(
                f"{self.object_name} has no SearchIndex, so there is nothing to search in. Add one to its Meta: "
                "indexes = [rowsmith.search.SearchIndex(fields={'title': 'A', 'text': 'B'})]"
            )
        chosen = [(index, model) for index, model in found if name is None or index.name == name]
        if len(chosen) != 1:
            known = ", ".join(repr(index.name) for index, _ in found)
            wrong = f"no SearchIndex {name!r}" if name is not None else "several"
            raise FieldError(f"{self.object_name} has {wrong}; write search(..., index=name) with one of: {known}.")
        return chosen[0]

    def get_fields(self, include_parents: bool = True, include_hidden: bool = False) -> list[Any]:
        """Relations that point here, then forward fields; hidden relations only on request."""
        found = [rel for rel in self.own_reverse if include_hidden or not rel.hidden]
        found += [*self.local_fields, *self.local_many_to_many, *self.private_fields]
        if not include_parents:
            return found
        inherited: dict[int, Any] = {}
        for parent, _ in self.links:
            for item in parent._meta.get_fields(include_hidden=include_hidden):
                if item.concrete or not getattr(item, "parent_link", False):
                    inherited[id(item)] = item
        return [*inherited.values(), *found]

    # Managers -------------------------------------------------------------------------------------------------------

    @cached_property
    def managers(self) -> tuple[Any, ...]:
        """The managers of this class and of its bases, each bound to this class, first declared first."""
        found: dict[str, tuple[int, int, Any]] = {}
        bases = [base for base in self.model.__mro__ if "_meta" in base.__dict__]
        for depth, base in enumerate(bases):
            for manager in base._meta.local_managers:
                if manager.name in found or self._hides(manager.name, base):
                    continue
                manager = copy.copy(manager)
                manager.model = self.model
                found[manager.name] = (depth, manager.creation_counter, manager)
        return tuple(manager for *_, manager in sorted(found.values(), key=lambda item: item[:2]))

    def _hides(self, name: str, owner: Any) -> bool:
        """Whether a class before `owner` uses the manager's name for something else."""
        for base in self.model.__mro__:
            if base is owner:
                return False
            if name in base.__dict__ and not hasattr(base.__dict__[name], "manager_name"):
                return True
        return False

    @cached_property
    def managers_map(self) -> Mapping[str, Any]:
        return MappingProxyType({manager.name: manager for manager in self.managers})

    @cached_property
    def default_manager(self) -> Any:
        """The manager that `default_manager_name` names, else the first one; None when there is none."""
        name = self.default_manager_name or self._inherited_manager_name("default_manager_name")
        if name:
            try:
                return self.managers_map[name]
            except KeyError:
                raise ValueError(f"{self.object_name} has no manager named {name!r}.") from None
        return self.managers[0] if self.managers else None

    @cached_property
    def base_manager(self) -> Any:
        """The manager that loads related instances: all rows, unless `base_manager_name` names another."""
        name = self.base_manager_name or self._inherited_manager_name("base_manager_name")
        if name:
            try:
                return self.managers_map[name]
            except KeyError:
                raise ValueError(f"{self.object_name} has no manager named {name!r}.") from None
        manager = self.model._plain_manager_class()()
        manager.name = "_base_manager"
        manager.model = self.model
        manager.auto_created = True
        return manager

    def _inherited_manager_name(self, attribute: str) -> str | None:
        for base in self.model.__mro__[1:]:
            meta = base.__dict__.get("_meta")
            if meta is not None and getattr(meta, attribute):
                return str(getattr(meta, attribute))
        return None

    # The rest -------------------------------------------------------------------------------------------------------

    @cached_property
    def total_unique_constraints(self) -> list[Any]:
        """The unique constraints that hold for every row whose fields are not null."""
        return [
            constraint
            for constraint in self.constraints
            if getattr(constraint, "fields", None)
            and getattr(constraint, "condition", None) is None
            and hasattr(constraint, "nulls_distinct")
        ]


_DERIVED = tuple(name for name, value in vars(Options).items() if isinstance(value, cached_property))


def normalize_together(value: Any) -> tuple[tuple[str, ...], ...]:
    """One list of names, or a list of them, as a tuple of tuples."""
    if not value:
        return ()
    if not isinstance(value, list | tuple | set | frozenset):
        raise TypeError(f"unique_together takes a list of names, or a list of such lists, not {value!r}.")
    if isinstance(next(iter(value)), str):
        return (tuple(value),)
    if not all(isinstance(item, list | tuple | set | frozenset) for item in value):
        raise TypeError(f"unique_together takes a list of names, or a list of such lists, not {value!r}.")
    return tuple(tuple(item) for item in value)


def _configured_label(module: str) -> str | None:
    """The label that the configuration gives to the package that holds `module`."""
    try:
        packages = config.current().apps
    except ImproperlyConfigured:
        return None
    for package, keys in packages.items():
        if (module == package or module.startswith(package + ".")) and keys.get("label"):
            return str(keys["label"])
    return None


def _options_of(module: str, label: str) -> Any:
    """The options of a model that is defined in `module`, in whichever process this is."""
    importlib.import_module(module)
    return apps.get_model(label)._meta
