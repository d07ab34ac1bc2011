"""Steps: what each call on a queryset makes of the query before it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rowsmith.exceptions import FieldDoesNotExist, FieldError, did_you_mean
from rowsmith.expressions.attributes import name_of
from rowsmith.expressions.base import Resolved
from rowsmith.expressions.combinable import Combinable
from rowsmith.expressions.filtered import FilteredRelation
from rowsmith.expressions.q import Q
from rowsmith.metadata.ancestry import continued
from rowsmith.query.combining import choosing_of_whole, uncombined
from rowsmith.query.comparing import plain_predicate
from rowsmith.query.grouping import groups_of
from rowsmith.query.naming import filtered_join
from rowsmith.query.ordering import is_total, resolved_ordering, sort_keys
from rowsmith.query.paths import SEPARATOR, parse
from rowsmith.query.planner import choose_by_name, nest
from rowsmith.query.query import Annotation, Chosen, FilteredJoin, Loaded, Query, RowForm
from rowsmith.query.resolver import Resolver
from rowsmith.query.selecting import check_related, choose
from rowsmith.query.slots import Constants, Slots
from rowsmith.records import replace
from rowsmith.sql import expressions as sql
from rowsmith.sql import predicates as p
from rowsmith.sql.computed import has_aggregate
from rowsmith.sql.nodes import Node, rewrite, walk
from rowsmith.sql.select import Lock, Select
from rowsmith.sql.types import Integer
from rowsmith.sql.windows import Window

_INTEGER = Integer(64)
_FORBIDDEN = re.compile(r"['\"`;\s\x00-\x1f\x7f-\x9f]|--|/\*|\*/|#|\.")


def scope_of(query: Query, slots: Slots, **options: Any) -> Resolver:
    """What a call on `query` resolves its names against."""
    return Resolver(query, slots, nest, **options)


def unsliced(query: Query, action: str) -> None:
    """Raise TypeError once a slice was taken."""
    if query.sliced:
        raise TypeError(f"Cannot {action} a query once a slice has been taken.")


def filtered(query: Query, slots: Slots, args: Sequence[Any], kwargs: Mapping[str, Any], negated: bool) -> Query:
    """filter() and exclude()."""
    if args or kwargs:
        uncombined(query, "exclude" if negated else "filter")
        unsliced(query, "filter")
    for argument in args:
        if not isinstance(argument, Q | Combinable) and not isinstance(argument, tuple):
            raise TypeError(f"filter() takes Q objects, boolean expressions and keywords, not {argument!r}.")
    q = Q._of((*args, *kwargs.items()), "AND", negated)
    scope = scope_of(query, slots, reuse=set(query.sticky))
    predicate = scope.condition(q, of_rows=True) if q.children else p.ALWAYS
    where = p.conjunction([query.where, predicate])
    return query.but(joins=tuple(scope.joins), where=where, sticky=frozenset())


def linked_to(query: Query, slots: Slots, step: Any, key_field: Any, key: Any) -> Query:
    """The rows that a linking table links to `key`; the next filter() shares the join."""
    scope = scope_of(query, slots, reuse=set())
    column = scope.column(_linked(scope, step), key_field)
    predicate = plain_predicate("exact", Resolved(column, key_field.target_field), slots.take(key))
    where = p.conjunction([query.where, predicate])
    return query.but(joins=tuple(scope.joins), where=where, sticky=frozenset(scope.reuse or ()))


def _linked(scope: Resolver, step: Any) -> str:
    """The alias of the linking table that `step` leads to, from the query's model or from an ancestor of it."""
    return scope.follow(continued(scope.options.way_to(step.pairs[0][0].model), (step,)))


def linked(query: Query, slots: Slots, step: Any, key_field: Any, keys: Any, name: str) -> Query:
    """The rows that a linking table links to one of `keys`; each row tells its key under `name`."""
    # Conditions of the queryset on the same relation speak of the link to the parent.
    scope = scope_of(query, slots)
    column = scope.column(_linked(scope, step), key_field)
    predicate = plain_predicate("in", Resolved(column, key_field.target_field), slots.take(keys))
    annotations = MappingProxyType({**query.annotations, name: Annotation(column, key_field)})
    where = p.conjunction([query.where, predicate])
    return query.but(joins=tuple(scope.joins), where=where, annotations=annotations)


def combined(query: Query, slots: Slots, other: Query, width: int, connector: str) -> Query:
    """`a & b`, `a | b` and `a ^ b`: the rows that meet both, any or an odd number of two queries' conditions.

    width:  how many values the other query has.
    """
    if query.combined is not None or other.combined is not None:
        raise TypeError(f"Cannot use {_SIGNS[connector]} operator with combined queryset.")
    if query.options is not other.options:
        raise TypeError("Cannot combine queries on two different base models.")
    if query.sliced or other.sliced:
        raise TypeError("Cannot combine queries once a slice has been taken.")
    if query.distinct != other.distinct:
        raise TypeError("Cannot combine a unique query with a non-unique query.")
    if query.distinct_on != other.distinct_on:
        raise TypeError("Cannot combine queries with different distinct fields.")
    places = slots.place_prepared(width)
    aliases = {other.base: query.base}

    def change(node: Node) -> Node | None:
        match node:
            case sql.Column() if node.alias in aliases:
                return replace(node, alias=aliases[node.alias])
            case sql.Parameter() | sql.ListParameter():
                return replace(node, slot=places[node.slot])
            case _:
                return None

    # Each join serves one of the other query's: two joins there that are alike mean two rows.
    free = set() if connector == "AND" else {joined.alias for joined in query.joins}
    scope = scope_of(query, slots, reuse=free)
    for joined in other.joins[1:]:
        assert joined.parent is not None
        wanted = replace(joined, condition=rewrite(joined.condition, change))
        alias = aliases[joined.alias] = scope.join_again(wanted, aliases[joined.parent])
        free.discard(alias)
    where = _JOINING[connector]([query.where, rewrite(other.where, change)])
    ordering = query.ordering if not other.ordering else other.ordering
    return query.but(joins=tuple(scope.joins), where=where, ordering=ordering)


_SIGNS = {"AND": "&", "OR": "|", "XOR": "^"}
_JOINING = {"AND": p.conjunction, "OR": p.disjunction, "XOR": p.exclusive}


def only_by_key(query: Query) -> bool:
    """Whether the condition looks at nothing but the model's own key."""
    key = query.options.pk.column
    if key is None:
        return False
    if query.empty or query.sliced or query.distinct_on or query.grouping is not None or len(query.joins) > 1:
        return False
    nodes = list(walk(query.where))
    columns = [node for node in nodes if isinstance(node, sql.Column)]
    return bool(columns) and not any(isinstance(node, Select | Window | sql.Outer) for node in nodes) and all(
        column.name == key for column in columns
    )


def referring_like(query: Query, slots: Slots, referred: Query, width: int, field: Any) -> Query:
    """The rows whose foreign key meets the condition that `referred` puts on the key it refers to.

    Where the database itself keeps references whole, these are the rows that refer to the rows of `referred`.
    """
    places = slots.place_prepared(width)
    column = sql.Column(query.base, field.column, type=field.sql_type, nullable=field.null)

    def change(node: Node) -> Node | None:
        match node:
            case sql.Column():
                return column
            case sql.Parameter() | sql.ListParameter():
                return replace(node, slot=places[node.slot])
            case _:
                return None

    return query.but(where=p.conjunction([query.where, rewrite(referred.where, change)]))


def nothing(query: Query, slots: Slots) -> Query:
    """none()."""
    return query.but(where=p.NEVER, nothing=True, combined=None)


def ordered(query: Query, slots: Slots, names: Sequence[Any]) -> Query:
    """order_by()."""
    unsliced(query, "reorder")
    ordering = sort_keys(names, scope_of(query, slots))
    grouping = query.grouping
    if grouping is None and any(getattr(name, "contains_aggregate", False) for name in names):
        grouping = "model" if query.chosen is None else groups_of(query.chosen)
    return query.but(ordering=ordering, grouping=grouping, extra_order=False)


def reversed_query(query: Query, slots: Slots) -> Query:
    """reverse()."""
    unsliced(query, "reverse")
    return query.but(reverse=not query.reverse)


def deduplicated(query: Query, slots: Slots, names: tuple[str, ...]) -> Query:
    """distinct()."""
    uncombined(query, "distinct")
    unsliced(query, "create distinct fields on" if names else "make distinct")
    scope = scope_of(query, slots)
    for name in names:
        scope.name(name)
    return query.but(distinct=True, distinct_on=names, joins=tuple(scope.joins))


def sliced(query: Query, slots: Slots, low: int | None, limit: int | None) -> Query:
    """An offset and a limit; either may be None."""
    offset = slots.take(low).slot(None, _INTEGER).slot if low is not None else None
    count = slots.take(limit).slot(None, _INTEGER).slot if limit is not None else None
    return query.but(low=offset, high=count)


def numbered(query: Query, slots: Slots, name: str, low: int, high: int | None) -> Query:
    """The rows from `low` up to `high` in the order of the query, among those that share the value of `name`."""
    scope = scope_of(query, slots)
    partition = scope.name(name).node
    call = sql.Function("ROW_NUMBER", (), type=_INTEGER)
    number = Window(call, sql.items_of(partition), resolved_ordering(query, scope), type=_INTEGER)
    within: list[p.Predicate] = [p.Comparison(">", number, slots.take(low).slot(None, _INTEGER))]
    if high is not None:
        within.append(p.Comparison("<=", number, slots.take(high).slot(None, _INTEGER)))
    return query.but(joins=tuple(scope.joins), where=p.conjunction([query.where, *within]))


def capped(query: Query, limit: int, *, by_key: bool = False, reverse: bool = False, unordered: bool = False) -> Query:
    """At most `limit` rows, for get(), first() and last().

    by_key:     order by the key when nothing else was asked for.
    unordered:  the order makes no difference.
    """
    if unordered:
        query = query.but(ordering=())
    elif by_key and not is_ordered(query) and query.ordering is None and query.options.pk is not None:
        query = query.but(ordering=sort_keys(("pk",), None))
    if reverse:
        query = query.but(reverse=not query.reverse)
    return query.but(cap=limit)


def is_ordered(query: Query) -> bool:
    """Whether an order was asked for, in the call or in Meta."""
    if query.ordering is not None:
        return bool(query.ordering)
    return bool(query.options.ordering) and query.grouping is None


def is_totally_ordered(query: Query) -> bool:
    """Whether the order leaves no two rows of the model side by side by chance."""
    return is_total(query, Resolver(query, Constants(), nest))


def with_related(query: Query, slots: Slots, names: tuple[Any, ...] | None) -> Query:
    """select_related()."""
    uncombined(query, "select_related")
    if query.chosen is not None:
        raise TypeError("Cannot call select_related() after .values() or .values_list()")
    if names is None:
        return query.but(related=None)
    names = tuple(map(name_of, names))
    check_related(query, names)
    return query.but(related=(*(query.related or ()), *names) if names else ())


def _filtered_names(query: Query) -> dict[str, FilteredJoin]:
    return {found.name: found for found in query.filtered}


def _field_names(query: Query, names: Sequence[Any]) -> frozenset[str]:
    filtered = _filtered_names(query)
    names = [name_of(name) for name in names]
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"Fields to load or to defer are named by strings, not by {name!r}.")
        first, _, rest = name.partition(SEPARATOR)
        if first in filtered and rest:
            parse(filtered[first].options, rest)
            continue
        path = parse(query.options, name) if name.split(SEPARATOR)[0] in (*query.options.names, "pk") else None
        if path is None or path.rest:
            if name in query.annotations:
                raise FieldError(f"{name!r} is an annotation; only fields of the model can be deferred or chosen.")
            raise FieldDoesNotExist(
                f"{query.options.object_name} has no field named {name!r}.{did_you_mean(name, query.options.names)}"
            )
    return frozenset(query.options.pk.name if name == "pk" else name for name in names)


def deferred(query: Query, slots: Slots, names: tuple[Any, ...] | None) -> Query:
    """defer()."""
    uncombined(query, "defer")
    if query.chosen is not None:
        raise TypeError("Cannot call defer() after .values() or .values_list()")
    if names is None:
        return query.but(loaded=Loaded())
    found = _field_names(query, names)
    loaded = query.loaded
    if loaded.defer:
        return query.but(loaded=Loaded(loaded.names | found))
    remaining = loaded.names - found
    return query.but(loaded=Loaded(remaining, False) if remaining else Loaded(found - loaded.names))


def loading_only(query: Query, slots: Slots, names: tuple[Any, ...]) -> Query:
    """only()."""
    uncombined(query, "only")
    if query.chosen is not None:
        raise TypeError("Cannot call only() after .values() or .values_list()")
    if any(str(name_of(name)).split(SEPARATOR)[0] in _filtered_names(query) for name in names):
        raise ValueError("only() is not supported with FilteredRelation.")
    found = _field_names(query, names)
    loaded = query.loaded
    if loaded.defer:
        found -= loaded.names
    return query.but(loaded=Loaded(found, False) if names else Loaded())


def checked_alias(query: Query, name: str, *, fields: bool = True) -> None:
    """Raise ValueError for a name that an annotation cannot have; with `fields`, names of fields are among them."""
    if _FORBIDDEN.search(name) or not name:
        raise ValueError(
            f"{name!r} cannot name an annotation: names hold no whitespace, quotes, semicolons, dots, hashes, "
            "control characters or SQL comments."
        )
    if not fields:
        return
    if query.chosen is not None:
        # Beside chosen columns only their own names are taken.
        taken = name not in query.annotations and any(item.key == name for item in query.chosen)
    else:
        taken = name in query.options.names or any(name == f.attname for f in query.options.fields)
    if taken:
        raise ValueError(f"The annotation {name!r} conflicts with a field on the model.")


def annotated(query: Query, slots: Slots, expressions: Mapping[str, Any], selected: bool) -> Query:
    """annotate() and alias()."""
    uncombined(query, "annotate" if selected else "alias")
    scope = scope_of(query, slots)
    annotations = dict(query.annotations)
    chosen = list(query.chosen) if query.chosen is not None else None
    grouping = query.grouping
    for name, expression in expressions.items():
        if isinstance(expression, FilteredRelation):
            checked_alias(query, name)
            filtered = filtered_join(scope, name, expression)
            scope.filtered = {**scope.filtered, name: filtered}
            continue
        if not isinstance(expression, Combinable | Q) and not hasattr(expression, "resolve"):
            raise TypeError(f"annotate() takes expressions, not {expression!r} (for {name!r}).")
        checked_alias(query, name)
        resolved: Resolved = expression.resolve(scope)
        aggregate = has_aggregate(resolved.node)
        if aggregate:
            grouping = "model" if chosen is None else groups_of(chosen)
        annotations[name] = Annotation(resolved.node, resolved.field, selected, aggregate)
        scope.annotations = annotations
        if chosen is not None and selected:
            chosen = [item for item in chosen if item.key != name]
            chosen.append(Chosen(name, resolved.node, resolved.field))
    return query.but(
        joins=tuple(scope.joins),
        filtered=tuple(scope.filtered.values()),
        annotations=MappingProxyType(annotations),
        grouping=grouping,
        chosen=None if chosen is None else tuple(chosen),
    )


def choosing(query: Query, slots: Slots, names: Sequence[Any], expressions: Mapping[str, Any], form: RowForm) -> Query:
    """values() and values_list()."""
    names = [name_of(name) for name in names]
    for name in names:
        if not isinstance(name, str):
            raise FieldError(f"values() takes names of fields, not {name!r}.")
    if query.combined is not None and not expressions:
        return choosing_of_whole(query, tuple(names), form, choose_by_name)
    if expressions:
        query = annotated(query.but(chosen=None), slots, expressions, selected=True)
    names = (*names, *(name for name in expressions if name not in names))
    return choose(query, names, form, scope_of(query, slots))


def locked(query: Query, slots: Slots, lock: Lock) -> Query:
    """select_for_update()."""
    uncombined(query, "select_for_update")
    return query.but(lock=lock)
