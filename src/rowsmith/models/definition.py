"""Definition: the metaclass that turns a class body into a model with fields, options and managers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partialmethod
from typing import TYPE_CHECKING, Any

from rowsmith.exceptions import (
    DatabaseError,
    FieldError,
    MultipleObjectsReturned,
    ObjectDoesNotExist,
    ObjectNotUpdated,
)
from rowsmith.execution.places import arrange, keys_in_order, neighbour
from rowsmith.fields import numbers
from rowsmith.fields.on_delete import CASCADE
from rowsmith.fields.order import ORDER, OrderWrt
from rowsmith.fields.related import RECURSIVE, ForeignKey, OneToOneField
from rowsmith.metadata import ancestry
from rowsmith.metadata.names import shortened
from rowsmith.metadata.options import Options
from rowsmith.models import construction
from rowsmith.models.descriptors import (
    MISSING,
    ForwardRelation,
    GeneratedColumn,
    ManagerDescriptor,
    ManyToMany,
    ReverseMany,
    ReverseOneToOne,
)
from rowsmith.queryset.manager import Manager
from rowsmith.signals import class_prepared

_AUTO_FIELDS = {cls.__name__: cls for cls in numbers.AUTO_FIELDS}


class ModelBase(type):
    """Builds a model: takes fields and managers out of the class body, reads `Meta`, adds what models have."""

    _meta: Options

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> Any:
        parents = [base for base in bases if isinstance(base, ModelBase)]
        if not parents:
            return super().__new__(mcs, name, bases, namespace, **kwargs)
        contributions = {key: value for key, value in namespace.items() if _contributes(value)}
        body = {key: value for key, value in namespace.items() if key not in contributions}
        meta = body.pop("Meta", None)
        cls = super().__new__(mcs, name, bases, body, **kwargs)
        return _define(cls, parents, contributions, meta, body)

    if not TYPE_CHECKING:
        # Checkers know the columns of a class by their descriptors, and that there are no others.

        def __getattr__(cls, name: str) -> Any:
            """Columns have no attribute of their own on the class, so that instances read and store at full speed."""
            meta = cls.__dict__.get("_meta")
            if meta is not None:
                field = meta.fields_map.get(name)
                if field is not None:
                    return field.attribute
                if any(name in base.__dict__ for base in cls.__mro__):
                    # A manager, for one, has said itself why it is not to be had; asking again shows its own error.
                    return type.__getattribute__(cls, name)
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}", name=name, obj=cls)

    def __dir__(cls) -> list[str]:
        """Columns too, for whoever completes or corrects names."""
        meta = cls.__dict__.get("_meta")
        return [*super().__dir__(), *(() if meta is None else meta.fields_map)]

    @property
    def _default_manager(cls) -> Any:
        return cls._meta.default_manager

    @property
    def _base_manager(cls) -> Any:
        return cls._meta.base_manager

    # What fields ask of the class they are attached to ---------------------------------------------------------------

    def add_to_class(cls, name: str, value: Any) -> None:
        """Attach a field, a manager or a plain attribute to a finished class."""
        if _contributes(value):
            value.contribute_to_class(cls, name)
        else:
            setattr(cls, name, value)

    def _install_field(cls, field: Any) -> None:
        if cls._meta.abstract:
            return
        if field.many_to_many:
            setattr(cls, field.name, ManyToMany(field.remote_field, reverse=False))
        elif field.is_relation and field.remote_field is not None:
            setattr(cls, field.cache_name, MISSING)
            setattr(cls, field.name, ForwardRelation(field))
        elif field.generated:
            setattr(cls, field.attname, GeneratedColumn(field))
        elif field.descriptor_class is not None:
            setattr(cls, field.attname, field.descriptor_class(field))
        for options in (cls._meta, *cls._meta.all_heirs):
            if "_initialize" in options.model.__dict__:
                # The class is finished already: its constructor has to learn of the new column.
                construction.install(options.model)

    def _install_reverse(cls, field: Any) -> None:
        """Give the model that `field` refers to its accessor, now that it is known."""
        rel = field.remote_field
        target = rel.model
        if cls._meta.order_with_respect_to in (field, field.name, field.attname):
            name = cls._meta.model_name
            setattr(target, f"get_{name}_order", partialmethod(keys_in_order, cls))
            setattr(target, f"set_{name}_order", partialmethod(arrange, cls))
        accessor = None if rel.hidden else rel.get_accessor_name()
        if accessor is None or target._meta.swapped:
            return
        if field.many_to_many:
            setattr(target, accessor, ManyToMany(rel, reverse=True))
        elif rel.multiple:
            setattr(target, accessor, ReverseMany(rel))
        else:
            setattr(target, rel.cache_name, MISSING)
            setattr(target, accessor, ReverseOneToOne(rel))

    def _install_neighbours(cls: Any, field: Any) -> None:
        for direction, is_next in (("next", True), ("previous", False)):
            name = f"get_{direction}_by_{field.name}"
            if name not in cls.__dict__:
                setattr(cls, name, partialmethod(cls._get_next_or_previous_by_FIELD, field=field, is_next=is_next))

    def _install_managers(cls) -> None:
        for manager in cls._meta.managers:
            if not isinstance(cls.__dict__.get(manager.name), ManagerDescriptor):
                setattr(cls, manager.name, ManagerDescriptor(manager.name))

    def _plain_manager_class(cls) -> Any:
        return Manager

    def _when_finished(cls, act: Callable[[], None]) -> None:
        """Call `act` once the class has all its fields, or at once when it has."""
        if cls._meta.waiting is None:
            act()
        else:
            cls._meta.waiting.append(act)

    def _when_defined(cls, target: Any, resolve: Callable[[Any], None]) -> None:
        """Call `resolve` with the model that `target` names, as seen from this class, once it is defined."""
        if not isinstance(target, str):
            resolve(target)
            return
        label = f"{cls._meta.app_label}.{target}" if "." not in target else target
        if target == RECURSIVE or label.lower() == cls._meta.label_lower.lower():
            resolve(cls)
        else:
            cls._meta.apps.when_defined(label, resolve)

    def _create_through(cls, field: Any) -> None:
        """Make the model of the linking table of a many-to-many field, once the other side is known."""

        def create(target: Any) -> None:
            field.remote_field.through = through_model(cls, field, target)

        cls._when_defined(field.remote_field.model, create)


def _contributes(value: Any) -> bool:
    return not isinstance(value, type) and hasattr(value, "contribute_to_class")


def _define(cls: Any, parents: list[Any], contributions: dict[str, Any], meta: Any, body: dict[str, Any]) -> Any:
    """Give a new class everything that makes it a model, and enter it in the registry."""
    abstract = bool(getattr(meta, "abstract", False)) if meta is not None and "abstract" in vars(meta) else False
    inherited = meta if meta is not None else getattr(cls, "Meta", None)
    options = Options(cls, inherited, cls.__module__)
    options.abstract = abstract
    options.model = cls
    cls._meta = options
    parents = [parent for parent in parents if hasattr(parent, "_meta")]
    concrete = _nearest_concrete(parents)
    if not abstract:
        _add_errors(cls, concrete)
        _inherit_order(cls)
    if options.proxy:
        _share_table(cls, concrete, contributions)
    else:
        options.concrete_model = None if abstract else cls
    cls._adding = False
    for name, value in contributions.items():
        value.contribute_to_class(cls, name)
    _inherit_fields(cls, parents, contributions, body)
    if not abstract and not options.proxy:
        _link_parents(cls, list(dict.fromkeys(parent._meta.concrete_model for parent in concrete)))
    if abstract:
        if meta is not None:
            # Children inherit this Meta, and are concrete unless they say otherwise themselves.
            meta.abstract = False
            cls.Meta = meta
        cls._install_managers()
        return cls
    _prepare(cls, inherited)
    _finish(cls)
    old = options.apps.register(cls)
    if old is not None:
        _take_place_of(old, cls)
    options.apps.announce(cls)
    construction.install(cls)
    class_prepared.send(sender=cls)
    return cls


def _finish(cls: Any) -> None:
    """Do what had to wait for the fields of the class."""
    waiting, cls._meta.waiting = cls._meta.waiting, None
    for act in waiting:
        act()


def _nearest_concrete(parents: list[Any]) -> list[Any]:
    """The parents that have rows; in the place of an abstract one, those that it inherits from."""
    found: dict[Any, None] = {}
    for parent in parents:
        if parent._meta.abstract:
            found.update(dict.fromkeys(_nearest_concrete([b for b in parent.__bases__ if hasattr(b, "_meta")])))
        else:
            found[parent] = None
    return list(found)


def _inherit_order(cls: Any) -> None:
    """Take over `ordering` and `get_latest_by`, all that a concrete parent's Meta hands on."""
    options = cls._meta
    nearest = next((base for base in cls.__mro__[1:] if "_meta" in base.__dict__), None)
    if nearest is None or nearest._meta.abstract:
        return
    for name in ("ordering", "get_latest_by"):
        if name not in options.original_attrs:
            setattr(options, name, getattr(nearest._meta, name))


def _add_errors(cls: Any, concrete: list[Any]) -> None:
    """The model's own DoesNotExist, MultipleObjectsReturned and NotUpdated, which derive from those of its parents."""
    for name, bases in (
        ("DoesNotExist", (ObjectDoesNotExist,)),
        ("MultipleObjectsReturned", (MultipleObjectsReturned,)),
        ("NotUpdated", (ObjectNotUpdated, DatabaseError)),
    ):
        inherited = tuple(getattr(parent, name) for parent in concrete if hasattr(parent, name))
        attributes = {"__module__": cls.__module__, "__qualname__": f"{cls.__qualname__}.{name}"}
        setattr(cls, name, type(name, inherited or bases, attributes))


def _share_table(cls: Any, concrete: list[Any], contributions: dict[str, Any]) -> None:
    """Make a proxy: a class of its own on the table of exactly one concrete model."""
    roots = {parent._meta.concrete_model for parent in concrete}
    if len(roots) != 1:
        raise TypeError(f"Proxy model {cls.__name__} must inherit from exactly one concrete model, not {len(roots)}.")
    for parent in cls.__mro__[1:]:
        meta = parent.__dict__.get("_meta")
        if meta is None or not meta.abstract or parent in concrete[0].__mro__:
            continue
        if meta.local_fields or meta.local_many_to_many:
            raise TypeError(f"Abstract base {parent.__name__} of proxy model {cls.__name__} has fields.")
    if any(hasattr(value, "get_attname_column") for value in contributions.values()):
        raise FieldError(f"Proxy model {cls.__name__} has fields of its own; a proxy shares those of its parent.")
    options = cls._meta
    options.concrete_model = roots.pop()
    options.setup_proxy(options.concrete_model)


def _link_parents(cls: Any, parents: list[Any]) -> None:
    """Inherit from concrete models: a link to the row of each, which is the key unless there is another one."""
    options = cls._meta
    twice = ancestry.clash(parents)
    if twice is not None:
        one, other = twice
        raise FieldError(
            f"{options.label} would inherit two fields named {one.name!r}: {one} and {other}. Rename one of them, or, "
            "where both are keys made automatically, declare a key of another name: "
            f"{other.model._meta.model_name}_id = AutoField(primary_key=True)."
        )
    own = {name: field for field in (*options.local_fields, *options.local_many_to_many)
           for name in (field.attname, field.name)}  # fmt: skip
    for parent in parents:
        for field in (*parent._meta.fields, *parent._meta.many_to_many):
            for name in (field.name, field.attname):
                if name in own:
                    raise FieldError(
                        f"Local field {own[name].name!r} in class {cls.__name__!r} clashes with field of the same name "
                        f"from base class {parent.__name__!r}. A column of a concrete parent cannot be defined again: "
                        f"rename the field, or move {field.name!r} of {field.model.__name__} to an abstract base."
                    )
    declared = {
        field.remote_field.model: field
        for field in options.local_fields
        if isinstance(field, OneToOneField) and field.remote_field.parent_link
    }
    for parent in parents:
        link = declared.get(parent)
        if link is None:
            name = f"{parent._meta.model_name}_ptr"
            if name in own:
                raise FieldError(
                    f"Auto-generated field {name!r} in class {cls.__name__!r} for parent_link to base class "
                    f"{parent.__name__!r} clashes with declared field of the same name. Rename the field, or declare "
                    f"the link yourself: OneToOneField({parent.__name__}, CASCADE, parent_link=True)."
                )
            link = OneToOneField(parent, CASCADE, auto_created=True, parent_link=True)
            link.contribute_to_class(cls, name)
        options.setup_child(parent, link)
    options.setup_key()


def _inherit_fields(cls: Any, parents: list[Any], contributions: dict[str, Any], body: dict[str, Any]) -> None:
    """Copy the fields of the abstract parents, depth first, leaving out what the class itself defines otherwise."""
    options = cls._meta
    taken = {field.name for field in (*options.local_fields, *options.local_many_to_many)}
    hidden: set[str] = set(body)
    for base in cls.__mro__[1:]:
        if base not in parents:
            hidden.update(base.__dict__)
            continue
        if not base._meta.abstract:
            # Its columns are inherited as they are, and come before those of later abstract bases.
            hidden.update(field.name for field in (*base._meta.fields, *base._meta.many_to_many))
            continue
        for field in (*base._meta.local_fields, *base._meta.local_many_to_many, *base._meta.private_fields):
            if field.name in taken or field.name in hidden:
                continue
            taken.add(field.name)
            twin = copy.deepcopy(field)
            twin.contribute_to_class(cls, field.name)
        hidden.update(name for name, value in base.__dict__.items() if name not in taken)
    # Indexes and constraints of an abstract Meta belong to each child anew.
    options.indexes = [copy.copy(index) for index in options.indexes]
    options.constraints = [copy.copy(constraint) for constraint in options.constraints]


def _prepare(cls: Any, meta: Any) -> None:
    """Complete the options: the automatic key, the managers, the names of indexes and constraints."""
    options = cls._meta
    if options.pk is None and not options.proxy:
        name = options.default_auto_field().rpartition(".")[2]
        if name not in _AUTO_FIELDS:
            raise ValueError(f"default_auto_field must be one of {', '.join(_AUTO_FIELDS)}, not {name!r}.")
        key = _AUTO_FIELDS[name](verbose_name="ID", primary_key=True, auto_created=True)
        key.contribute_to_class(cls, "id")
    if isinstance(options.order_with_respect_to, str):
        options.order_with_respect_to = options.get_field(options.order_with_respect_to)
        options.ordering = (ORDER,)
        if ORDER not in options.fields_map:
            OrderWrt().contribute_to_class(cls, ORDER)
        for name, is_next in (("get_next_in_order", True), ("get_previous_in_order", False)):
            setattr(cls, name, partialmethod(neighbour, is_next=is_next))
    if not options.managers:
        if "objects" in options.fields_map:
            raise ValueError(
                f"{options.label} needs a manager of its own, as its field 'objects' takes the usual name."
            )
        manager = Manager()
        manager.auto_created = True
        manager.contribute_to_class(cls, "objects")
    cls._install_managers()
    if "__doc__" not in cls.__dict__ or cls.__doc__ is None:
        cls.__doc__ = f"{cls.__name__}({', '.join(field.name for field in options.fields)})"
    names = {"app_label": options.app_label.lower(), "class": options.model_name}
    for item in (*options.indexes, *options.constraints):
        if item.name:
            item.name = item.name % names if "%(" in item.name else item.name
        elif hasattr(item, "set_name_with_model"):
            item.set_name_with_model(cls)


def _take_place_of(old: Any, new: Any) -> None:
    """Redefine a model: what pointed from the older class is forgotten, what pointed to it points to the new one."""
    for parent in old._meta.parents:
        parent._meta.heirs[:] = [heir for heir in parent._meta.heirs if heir is not old._meta]
    for field in (*old._meta.local_fields, *old._meta.local_many_to_many):
        rel = field.remote_field
        if rel is None or isinstance(rel.model, str) or rel.model is new:
            continue
        target = rel.model
        if target._meta.concrete_model is not None:
            target._meta.concrete_model._meta.drop_reverse(old)
    for rel in list(old._meta.reverse):
        field = rel.field
        if field.model is old or field.model._meta.auto_created or rel.parent_link:
            # A child goes on to inherit from the class that it was derived from.
            continue
        for name in ("steps", "related_fields", "sql_type", "m2m_fields"):
            field.__dict__.pop(name, None)
            rel.__dict__.pop(name, None)
        if field.many_to_many and rel.through is not None and rel.through._meta.auto_created:
            rel.through = through_model(field.model, field, new)
        field._resolve(new)
        field.model._install_field(field)


def through_model(source: Any, field: Any, target: Any) -> Any:
    """The automatic model of a linking table: a key of its own, and one foreign key to either side."""
    options = source._meta
    from_name, to_name = options.model_name, target._meta.model_name
    if target._meta.concrete_model is options.concrete_model or from_name == to_name:
        from_name, to_name = f"from_{from_name}", f"to_{to_name}"
    name = f"{options.object_name}_{field.name}"
    rel = field.remote_field
    table = field.db_table or shortened(f"{options.db_table}_{field.name}")
    meta = type(
        "Meta",
        (),
        {
            "auto_created": source,
            "apps": options.apps,
            "app_label": options.app_label,
            "db_table": table,
            "db_tablespace": options.db_tablespace,
            "managed": options.managed or target._meta.managed,
            "unique_together": ((from_name, to_name),),
            "verbose_name": f"{options.object_name.lower()}-{to_name.removeprefix('to_')} relationship",
        },
    )
    side = {"on_delete": CASCADE, "db_constraint": rel.db_constraint, "db_tablespace": field.db_tablespace}
    namespace = {
        "__module__": source.__module__,
        "__qualname__": name,
        "Meta": meta,
        from_name: ForeignKey(source, related_name=f"{name}+", **side),
        to_name: ForeignKey(target, related_name=f"{name}+", **side),
    }
    base = next(base for base in source.__mro__ if isinstance(base, ModelBase) and "_meta" not in base.__dict__)
    return type(base)(name, (base,), namespace)
