"""Prefetch: the related rows of many instances with one query a relation, matched in Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rowsmith import bridge
from rowsmith.db.router import router
from rowsmith.exceptions import did_you_mean
from rowsmith.execution.fetch_modes import FETCH_ONE

SEPARATOR = "__"
KEY = "_prefetch_key"


class Prefetch:
    """A relation to prefetch with a queryset of its own, and perhaps into an attribute of its own.

    lookup:    names of relations, joined by double underscores.
    queryset:  what the related rows are taken from; the default manager's rows when None.
    to_attr:   where to keep them, as a list; the relation's own cache when None.
    """

    def __init__(self, lookup: str, queryset: Any = None, to_attr: str | None = None) -> None:
        self.lookup = lookup
        if queryset is not None:
            query = getattr(queryset, "_shape", None)
            if query is None or query.query.chosen is not None:
                raise ValueError("Prefetch querysets cannot use raw(), values(), and values_list().")
        self.queryset = queryset
        self.to_attr = to_attr
        head, _, last = lookup.rpartition(SEPARATOR)
        kept = to_attr or last
        self.path = lookup.split(SEPARATOR)
        self.kept = (head + SEPARATOR + kept if head else kept).split(SEPARATOR)

    def __repr__(self) -> str:
        return f"Prefetch({self.lookup!r}, to_attr={self.to_attr!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Prefetch) and self.kept == other.kept

    def __hash__(self) -> int:
        return hash(tuple(self.kept))

    def under(self, prefix: str) -> Prefetch:
        """The same, reached through another relation first."""
        return Prefetch(f"{prefix}{SEPARATOR}{self.lookup}", self.queryset, self.to_attr)


def prefetch_related_objects(instances: Sequence[Any], *lookups: Any) -> None:
    """Load relations of instances of one model, as prefetch_related() of their queryset would have."""
    if not instances:
        return
    done: dict[str, list[Any]] = {}
    for lookup in lookups:
        prefetch = lookup if isinstance(lookup, Prefetch) else Prefetch(lookup)
        target = SEPARATOR.join(prefetch.kept)
        if target in done:
            if prefetch.queryset is not None:
                raise ValueError(
                    f"'{target}' lookup was already seen with a different queryset. "
                    "You may need to adjust the ordering of your lookups."
                )
            continue
        current: list[Any] = list(instances)
        for level, name in enumerate(prefetch.path):
            last = level == len(prefetch.path) - 1
            place = SEPARATOR.join(prefetch.kept[: level + 1])
            if place not in done:
                queryset = prefetch.queryset if last else None
                done[place] = _prefetch_level(
                    current, name, queryset, prefetch.to_attr if last else None, place
                )
            current = done[place]
            if not current:
                break


async def aprefetch_related_objects(instances: Sequence[Any], *lookups: Any) -> None:
    """As `prefetch_related_objects`."""
    await bridge.run(prefetch_related_objects, instances, *lookups)


def _prefetch_level(
    instances: list[Any], name: str, queryset: Any, to_attr: str | None, place: str
) -> list[Any]:
    """Load one relation of all instances; the related instances found."""
    first = instances[0]
    relation = _relation(first, name)
    if relation is None:
        return _already_there(instances, name, place)
    if to_attr is not None and to_attr in first._meta.names:
        raise ValueError(f"to_attr={to_attr} conflicts with a field on the {first._meta.object_name} model.")
    if relation.multiple:
        return _to_many(instances, relation, name, queryset, to_attr)
    return _to_one(instances, relation, queryset, to_attr)


def _relation(instance: Any, name: str) -> Any:
    """The relation that is reached by the attribute `name`, or None for any other attribute."""
    meta = instance._meta
    for field in (*meta.fields, *meta.many_to_many):
        if field.name == name and field.is_relation:
            return field
        if field.name == name:
            raise ValueError(
                f"'{name}' does not resolve to an item that supports prefetching - this is an invalid parameter to "
                "prefetch_related()."
            )
    for rel in meta.related_objects:
        if rel.get_accessor_name() == name:
            return rel
    # What leads from a parent to another child of it is no relation of this child, and can be followed all the same.
    return getattr(getattr(type(instance), name, None), "related", None)


def _already_there(instances: list[Any], name: str, place: str) -> list[Any]:
    """What an earlier Prefetch left in an attribute."""
    found: list[Any] = []
    for instance in instances:
        try:
            value = getattr(instance, name)
        except AttributeError:
            meta = instance._meta
            known = [f.name for f in (*meta.fields, *meta.many_to_many) if f.is_relation]
            known += [a for a in (rel.get_accessor_name() for rel in meta.related_objects) if a]
            raise AttributeError(
                f"Cannot find {name!r} on {meta.object_name} object, {place!r} is an invalid parameter to "
                f"prefetch_related().{did_you_mean(name, known)}"
            ) from None
        if isinstance(value, list):
            found.extend(value)
        elif hasattr(value, "_meta"):
            found.append(value)
        elif value is not None:
            raise ValueError(
                f"'{place}' does not resolve to an item that supports prefetching - this is an invalid parameter to "
                "prefetch_related()."
            )
    return found


def _like_instances(queryset: Any, instances: list[Any]) -> Any:
    """The queryset on the database, and in the fetch mode, of the instances that its rows are for."""
    first = instances[0]
    if queryset._db is None and router.active:
        queryset = queryset.all()
        queryset._hints = {**(queryset._hints or {}), "instance": first}
    elif queryset._db is None and first._state.db is not None:
        queryset = queryset.using(first._state.db)
    if first._fetch_mode is not FETCH_ONE and queryset._shape.query.fetch_mode is None:
        queryset = queryset.fetch_mode(first._fetch_mode)
    return queryset


# Relations to one


def _to_one(instances: list[Any], relation: Any, queryset: Any, to_attr: str | None) -> list[Any]:
    if relation.forward:
        field, here, there = relation, relation.attname, relation.target_field.key_attname
        wanted = field.related_model
        condition = field.target_field.name
    else:
        field = relation.field
        here, there = field.target_field.key_attname, field.attname
        wanted = relation.related_model
        condition = field.name
    pending = instances
    if to_attr is None and queryset is None:
        descriptor = getattr(
            type(instances[0]), relation.name if relation.forward else relation.get_accessor_name()
        )
        pending = [instance for instance in instances if not descriptor.is_cached(instance)]
    keys = list({key for key in (getattr(instance, here) for instance in pending) if key is not None})
    by_key: dict[Any, Any] = {}
    if keys:
        source = wanted._base_manager.get_queryset() if queryset is None else queryset
        source, part = _like_instances(source, pending)._unsliced()
        found = source.filter(**{f"{condition}__in": keys})
        if part is None or range(1)[part]:
            by_key = {getattr(related, there): related for related in found}
    cache_name = relation.cache_name if to_attr is None else to_attr
    back = _back_name(relation)
    for instance in pending:
        related = by_key.get(getattr(instance, here))
        setattr(instance, cache_name, related)
        if back is not None and related is not None:
            setattr(related, back, instance)
    if pending is instances:
        return list(by_key.values())
    name = relation.name if relation.forward else relation.get_accessor_name()
    reached = (_cached(instance, name) for instance in instances)
    return list({id(related): related for related in reached if related is not None}.values())


def _cached(instance: Any, name: str) -> Any:
    try:
        return getattr(instance, name)
    except AttributeError:
        return None


def _back_name(relation: Any) -> str | None:
    """Where a related instance keeps this one, when it has just one."""
    if relation.forward:
        remote = relation.remote_field
        return str(remote.cache_name) if relation.one_to_one and not remote.hidden else None
    return str(relation.field.cache_name)


# Relations to many


def _to_many(instances: list[Any], relation: Any, name: str, queryset: Any, to_attr: str | None) -> list[Any]:
    if to_attr is None and queryset is None:
        pending = [i for i in instances if i._prefetched is None or name not in i._prefetched]
        if not pending:
            return [related for instance in instances for related in instance._prefetched[name]]
    else:
        pending = instances
    source = relation.related_model._default_manager.get_queryset() if queryset is None else queryset
    source, part = _like_instances(source, pending)._unsliced()
    # The database cuts the rows of each parent, unless they must be told apart or numbered otherwise before.
    here_part = part if part is not None and source._can_number else None
    if relation.many_to_many:
        groups, here = _linked_groups(pending, relation, source, here_part)
    else:
        groups, here = _referring_groups(pending, relation, source, here_part)
    if part is not None and here_part is None:
        groups = {key: group[part] for key, group in groups.items()}
    _hand_out(pending, groups, here, name, to_attr)
    if pending is instances:
        return [related for group in groups.values() for related in group]
    return [related for instance in instances for related in instance._prefetched[name]]


Groups = dict[Any, list[Any]]


def _referring_groups(
    instances: list[Any], relation: Any, queryset: Any, part: slice | None
) -> tuple[Groups, str]:
    """The rows whose foreign key refers to the instances, by that key; each knows its instance.

    part:  which rows of each instance; None for all.
    """
    field = relation.field
    here, attname, cache_name = field.target_field.key_attname, field.attname, field.cache_name
    by_key = {getattr(instance, here): instance for instance in instances}
    groups: Groups = {}
    found = queryset.filter(**{f"{field.name}__in": [key for key in by_key if key is not None]})
    for related in found if part is None else found._numbered_within(field.name, part):
        key = getattr(related, attname)
        setattr(related, cache_name, by_key[key])
        group = groups.get(key)
        if group is None:
            groups[key] = [related]
        else:
            group.append(related)
    return groups, here


def _linked_groups(
    instances: list[Any], relation: Any, queryset: Any, part: slice | None
) -> tuple[Groups, str]:
    """The rows linked to the instances by a many-to-many relation, by the instance's key in the linking table."""
    steps = relation.remote_field.steps
    field = getattr(relation, "field", relation)
    source_field = field.m2m_source_field if field is relation else field.m2m_target_field
    here = source_field.target_field.key_attname
    keys = list({getattr(instance, here) for instance in instances})
    groups: Groups = {}
    forget = object.__delattr__  # models have one of their own, which this column of the join does not concern
    found = queryset._linked_by(steps[0], source_field, keys)
    for related in found if part is None else found._numbered_within(KEY, part):
        key = getattr(related, KEY)
        forget(related, KEY)
        group = groups.get(key)
        if group is None:
            groups[key] = [related]
        else:
            group.append(related)
    return groups, here


def _hand_out(instances: Iterable[Any], groups: Groups, here: str, name: str, to_attr: str | None) -> None:
    """Give each instance its group."""
    get: Callable[[Any, list[Any]], list[Any]] = groups.get
    for instance in instances:
        group = get(getattr(instance, here), [])
        if to_attr is not None:
            setattr(instance, to_attr, group)
        elif instance._prefetched is None:
            instance._prefetched = {name: group}
        else:
            instance._prefetched[name] = group
