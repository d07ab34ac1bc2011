"""Ordering: sort keys by name or expression become sort keys in SQL, along relations where a name asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rowsmith.exceptions import FieldError
from rowsmith.expressions.combinable import Combinable
from rowsmith.expressions.ordering import OrderBy
from rowsmith.query.paths import SEPARATOR
from rowsmith.query.query import Query, SortKey
from rowsmith.query.resolver import Resolver
from rowsmith.query.slots import Constants, Replay
from rowsmith.records import replace
from rowsmith.sql import expressions as sql


def sort_keys(names: Iterable[Any], scope: Resolver | None) -> tuple[SortKey, ...]:
    """Sort keys as they were asked for; with a scope their names are checked and their values take its slots."""
    keys: list[SortKey] = []
    for name in names:
        if isinstance(name, str):
            descending = name.startswith("-")
            bare = name[1:] if name[:1] in "+-" else name
            if scope is not None and bare != "?":
                scope.name(bare)
            keys.append(SortKey(bare, descending=descending))
        elif isinstance(name, Combinable):
            slot = 0 if scope is None else scope.slots.base + len(scope.slots.specs)
            if scope is not None:
                name.resolve(scope)
            keys.append(SortKey(None, name, slot, constant=scope is None))
        else:
            raise FieldError(f"Cannot order by {name!r}: a sort key is the name of a field or an expression.")
    return tuple(keys)


def default_keys(options: Any) -> tuple[SortKey, ...]:
    """The sort keys of Meta.ordering."""
    return sort_keys(options.ordering or (), None)


def resolved_ordering(query: Query, scope: Resolver) -> tuple[sql.Ordering, ...]:
    """The ORDER BY of a query; without repeated expressions, which could not change the order any more."""
    if query.ordering is not None:
        keys = query.ordering
    elif query.grouping is None:
        keys = default_keys(query.options)
    else:
        keys = ()
    found: dict[sql.Expression, sql.Ordering] = {}
    for key in keys:
        for ordering in resolved_key(key, scope):
            # A constant sorts nothing, and databases take its number for that of a column.
            if not isinstance(ordering.expression, sql.Literal):
                found.setdefault(ordering.expression, ordering)
    orderings = tuple(found.values())
    return tuple(map(reversed_ordering, orderings)) if query.reverse else orderings


def is_total(query: Query, scope: Resolver) -> bool:
    """Whether no two rows of the model can be equal in the order, so that the rows always come in the same one."""
    options = query.options
    if query.combined is not None or query.extra_order:
        # Each part may hold the same row, and of a fragment nothing is known.
        return False
    keys = [ordering.expression for ordering in resolved_ordering(query, scope)]
    columns = {key.name for key in keys if isinstance(key, sql.Column) and key.alias == query.base}
    together = (*options.unique_together, *(constraint.fields for constraint in options.total_unique_constraints))
    unique = [(field,) for field in options.local_concrete_fields if field.unique]
    unique += [tuple(options.get_field(name) for name in names) for names in together]
    if options.pk is not None:
        unique.append(tuple(options.pk_fields))
    return any(all(not f.null and f.column in columns for f in fields) for fields in unique)


def reversed_ordering(ordering: sql.Ordering) -> sql.Ordering:
    """The opposite sort key, NULLs at the other end."""
    nulls = None if ordering.nulls_first is None else not ordering.nulls_first
    return sql.Ordering(ordering.expression, not ordering.descending, nulls)


def resolved_key(key: SortKey, scope: Resolver, seen: tuple[Any, ...] = ()) -> list[sql.Ordering]:
    """What one sort key is in SQL; a relation brings the order of the model that it leads to."""
    if key.name is None:
        return [*_of_expression(key, scope.with_slots(Constants() if key.constant else Replay(key.slot)))]
    if key.name == "?":
        return [sql.Ordering(sql.Function("RANDOM", ()))]
    if key.name in scope.annotations:
        return _by(scope.annotations[key.name].node, key)
    first = key.name.split(SEPARATOR)[0]
    if first in scope.annotations or first in scope.filtered:
        return _by(scope.name(key.name).node, key)
    path = scope.parse(key.name)
    relation = path.relation
    last = key.name.split(SEPARATOR)[-1]
    by_key = relation is not None and (last == "pk" or last == relation.attname != relation.name)
    if relation is None or by_key or path.rest or not path.steps[-1].model._meta.ordering:
        return _by(scope.name(key.name).node, key)
    if relation in seen:
        raise FieldError(f"Infinite loop caused by ordering: {key.name!r} leads back to {relation!r}.")
    target = path.steps[-1].model._meta
    there = scope.at(scope.follow(path.steps), target)
    found: list[sql.Ordering] = []
    for inner in default_keys(target):
        turned = replace(inner, descending=inner.descending ^ key.descending)
        found.extend(resolved_key(turned, there, (*seen, relation)))
    return found


def _by(node: sql.Expression, key: SortKey) -> list[sql.Ordering]:
    """One sort key; one for each value of a row."""
    return [sql.Ordering(item, key.descending) for item in sql.items_of(node)]


def _of_expression(key: SortKey, scope: Resolver) -> list[sql.Ordering]:
    expression = key.expression
    node = expression.resolve(scope).node
    if isinstance(expression, OrderBy):
        orderings = [sql.Ordering(item, expression.descending, expression.nulls) for item in sql.items_of(node)]
        return list(map(reversed_ordering, orderings)) if key.descending else orderings
    return _by(node, key)
