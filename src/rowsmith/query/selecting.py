"""Selecting: the columns of instances, of the relations selected along with them, and of their annotations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rowsmith.exceptions import FieldError, did_you_mean
from rowsmith.query.filtered import awake
from rowsmith.query.layout import Instance, Item, Layout, Related, items_and_widths
from rowsmith.query.paths import SEPARATOR
from rowsmith.query.query import Chosen, Loaded, Query, RowForm
from rowsmith.query.resolver import Resolver
from rowsmith.records import Record
from rowsmith.sql import expressions as sql
from rowsmith.sql.select import Output

Tree = dict[str, "Tree"]

_FOLLOW_DEPTH = 5
"""How far select_related() without names follows non-null relations."""


class Home(Record):
    """An instance from which columns are read.

    alias, options:  its own table.
    fields:          what is loaded of it.
    """

    alias: str
    options: Any
    fields: tuple[Any, ...]


Homes = Mapping[Any, Home]


def name_tree(names: Iterable[str]) -> Tree:
    """Paths of names as nested mappings."""
    tree: Tree = {}
    for name in names:
        branch = tree
        for part in name.split(SEPARATOR):
            branch = branch.setdefault(part, {})
    return tree


def select_instance(query: Query, scope: Resolver) -> tuple[tuple[Output, ...], Layout]:
    """The outputs and the layout of instances with their related instances and annotations."""
    outputs: list[Output] = []
    items: list[Item] = []
    instance = _instance(query.options, scope, scope.joins[0].alias, query, query.loaded, "", outputs, items, {})
    extra = len(outputs)
    selected = {name: annotation for name, annotation in query.annotations.items() if annotation.selected}
    for name, annotation in selected.items():
        parts = sql.items_of(annotation.node)
        outputs += [Output(part, name if len(parts) == 1 else None) for part in parts]
    more, widths = items_and_widths([(annotation.node, annotation.field) for annotation in selected.values()])
    layout = Layout("instance", (*items, *more), tuple(selected), instance, extra, query.fetch_mode, widths)
    return tuple(outputs), layout


def choose(query: Query, names: Sequence[str], form: RowForm, scope: Resolver) -> Query:
    """The query with only these columns; every one of the model and all annotations when no name is given."""
    annotations = query.annotations
    if not names:
        names = [name for name, a in annotations.items() if a.extra]
        names += [f.attname for f in query.options.concrete_fields if f.attname not in names]
        names += [name for name, a in annotations.items() if a.selected and not a.extra]
    chosen = []
    for name in names:
        if name in annotations and not annotations[name].selected:
            raise FieldError(f"Cannot select the {name!r} alias. Use annotate() to promote it.")
        resolved = scope.name(name)
        chosen.append(Chosen(name, resolved.node, resolved.field))
    return query.but(joins=tuple(scope.joins), chosen=tuple(chosen), form=form, related=None)


def loaded_fields(options: Any, loaded: Loaded, prefix: str) -> tuple[Any, ...]:
    """The concrete fields of a model to load; the key always is among them."""
    named = {name[len(prefix) :] for name in loaded.names if name.startswith(prefix)}
    own = {name for name in named if SEPARATOR not in name}
    deeper = {name.split(SEPARATOR)[0] for name in named if SEPARATOR in name}
    fields = options.concrete_fields
    if loaded.defer:
        own |= _columns_of(options, own)
        return tuple(f for f in fields if f in options.pk_fields or not ({f.name, f.attname} & own))
    if not named:
        return tuple(fields)
    if "pk" in own:
        own.add(options.pk.name)
    own |= _columns_of(options, own)
    deeper |= _columns_of(options, deeper)
    if not own and not deeper:
        return tuple(fields)
    return tuple(f for f in fields if f in options.pk_fields or {f.name, f.attname} & (own | deeper))


def _columns_of(options: Any, names: Iterable[str]) -> set[str]:
    """The names of the columns that relations of several columns among `names` own or share."""
    relations = (options.fields_map.get(name) for name in names)
    return {
        member.attname
        for relation in relations
        if relation is not None and relation.forward and relation.column is None
        for member in relation.members
    }


def _instance(
    options: Any,
    scope: Resolver,
    alias: str,
    query: Query,
    loaded: Loaded,
    prefix: str,
    outputs: list[Output],
    items: list[Item],
    homes: Homes,
) -> Instance:
    own = Home(alias, options, loaded_fields(options, loaded, prefix))
    fields = own.fields
    if homes:
        # What the parent has of its columns is at hand, and what it leaves out is left out here.
        fields = tuple(f for f in options.concrete_fields if f in homes.get(f.model, own).fields)
    places = []
    for field in fields:
        home = homes.get(field.model, own)
        column = scope.column_of(home.alias, home.options, field)
        place = _place_of(column, outputs) if options.links else None
        if place is None:
            place = len(outputs)
            outputs.append(Output(column))
            items.append(Item(field.read_type, field))
        places.append(place)
    related: tuple[Related, ...] = ()
    if query.related is not None:
        branches: Mapping[str, Any] | None = _branch(query.related, prefix)
        if branches is None or branches:
            related = tuple(
                _related(options, scope, alias, query, loaded, prefix, branches, fields, outputs, items, homes)
            )
    deferred = len(fields) < len(options.concrete_fields)
    return Instance(options.model, tuple(places), fields, deferred, related)


def _place_of(column: sql.Expression, outputs: Sequence[Output]) -> int | None:
    """Where a column is selected already."""
    for place, output in enumerate(outputs):
        known = output.expression
        if not isinstance(known, sql.Column) or not isinstance(column, sql.Column):
            continue
        if (known.alias, known.name) == (column.alias, column.name):
            return place
    return None


def _branch(related: tuple[str, ...], prefix: str) -> Mapping[str, Any] | None:
    """The relations to select below a path of names; None for all that are not null."""
    if not related:
        return None if prefix.count(SEPARATOR) < _FOLLOW_DEPTH else {}
    branch = name_tree(related)
    for name in prefix.split(SEPARATOR)[:-1]:
        branch = branch.get(name, {})
    return branch


def _related(
    options: Any,
    scope: Resolver,
    alias: str,
    query: Query,
    loaded: Loaded,
    prefix: str,
    branches: Mapping[str, Any] | None,
    fields: tuple[Any, ...],
    outputs: list[Output],
    items: list[Item],
    homes: Homes,
) -> Iterable[Related]:
    if branches is None:
        links = {link for _, link in options.links}
        followed = [f for f in options.fields if f.forward and not f.null and f not in links]
    else:
        filtered = [name for name in branches if not prefix and name in scope.filtered]
        for name in filtered:
            yield _filtered(scope, query, loaded, name, outputs, items)
        followed = [_relation(options, name, prefix) for name in branches if name not in filtered]
    for relation in followed:
        if relation.concrete and relation.remote_field.parent_link and relation not in fields:
            # What a child does not know of its parent is asked for when it is asked for.
            continue
        if branches is not None and _left_out(relation, fields, loaded, prefix):
            raise FieldError(
                f"{options.object_name}.{relation.name} cannot be both deferred and traversed by select_related()."
            )
        home = homes.get(relation.model)
        there, steps = alias, options.steps_along(relation)
        if home is not None:
            there, steps = home.alias, home.options.steps_along(relation)
        for step in steps:
            there = scope.join(there, step)
        name = f"{prefix}{relation.name}{SEPARATOR}"
        above: Homes = {}
        if not relation.forward and relation.parent_link:
            # From a parent to its child: the rows of the child's ancestors are the ones that we come from.
            own = Home(alias, options, fields)
            above = {**dict.fromkeys((options.concrete_model, *options.ways_up), own), **homes}
        instance = _instance(steps[-1].model._meta, scope, there, query, loaded, name, outputs, items, above)
        back = relation.remote_field.cache_name if relation.one_to_one else None
        yield Related(relation.name, relation.cache_name, back, there in scope.optional, instance)


def _filtered(
    scope: Resolver, query: Query, loaded: Loaded, name: str, outputs: list[Output], items: list[Item]
) -> Related:
    """An instance that hangs on another by a FilteredRelation, under its name."""
    found, _ = awake(scope, name)
    instance = _instance(found.options, scope, found.alias, query, loaded, f"{name}{SEPARATOR}", outputs, items, {})
    relation = found.relation
    # A row that refers to the parent knows it, if it is the parent that this one hangs on.
    direct = not relation.forward and not relation.many_to_many and scope.joins[0].options is relation.model._meta
    back = relation.field.cache_name if direct else None
    return Related(name, name, back, found.alias in scope.optional, instance)


def _left_out(relation: Any, fields: tuple[Any, ...], loaded: Loaded, prefix: str) -> bool:
    """Whether defer() or only() leaves a relation out that is to be followed."""
    if relation.forward:
        return not set(relation.members) <= set(fields)
    named = {name[len(prefix) :].split(SEPARATOR)[0] for name in loaded.names if name.startswith(prefix)}
    return not loaded.defer and bool(named) and relation.name not in named


def _relation(options: Any, name: str, prefix: str) -> Any:
    """The relation to one that `name` means to select_related()."""
    found = options.names.get(name)
    accessors = {rel.get_accessor_name(): rel for rel in options.related_objects if rel.one_to_one}
    found = found if found is not None and found.is_relation and not found.multiple else accessors.get(name)
    if found is None or (found.name != name and name not in accessors):
        possible = [f.name for f in options.fields if f.forward] + [n for n in accessors if n]
        raise FieldError(
            f"Invalid field name(s) given in select_related: {prefix + name!r}.{did_you_mean(name, possible)} "
            f"Choices are: {', '.join(possible) or '(none)'}."
        )
    return found


def check_related(query: Query, names: Iterable[str]) -> None:
    """Raise FieldError for a path that select_related() cannot follow."""
    filtered = {found.name: found for found in query.filtered}

    def check(options: Any, tree: Tree, prefix: str) -> None:
        for name, below in tree.items():
            if not prefix and name in filtered:
                check(filtered[name].options, below, f"{name}{SEPARATOR}")
                continue
            relation = _relation(options, name, prefix)
            check(relation.steps[-1].model._meta, below, f"{prefix}{name}{SEPARATOR}")

    check(query.options, name_tree(names), "")
