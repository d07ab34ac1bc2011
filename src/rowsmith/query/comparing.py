"""Comparing: what a lookup's name and a value of any kind demand of an operand."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

from rowsmith.exceptions import NotSupportedError, UnknownName, did_you_mean
from rowsmith.expressions.base import Resolved
from rowsmith.expressions.combinable import Shaped
from rowsmith.expressions.compiling import foreseen, spelling_of
from rowsmith.expressions.protocol import overrides
from rowsmith.expressions.q import Q
from rowsmith.expressions.settled import Settled
from rowsmith.expressions.subqueries import Subquery
from rowsmith.expressions.values import type_of_value
from rowsmith.lookups import rows
from rowsmith.lookups.base import Given, Lookup, Unfit, against, follows_protocol, preparer
from rowsmith.lookups.comparison import In, IsNull
from rowsmith.lookups.registry import LOOKUPS, find_lookup, find_transform, names_for
from rowsmith.query.paths import choices
from rowsmith.query.related import RelatedKey, check_model
from rowsmith.records import Record
from rowsmith.sql import expressions as sql
from rowsmith.sql import predicates as p
from rowsmith.sql import types
from rowsmith.sql.predicates import Predicate


class Operand(Record):
    """The left side of a lookup on its way along transforms.

    transform:  the last of them, which may offer lookups of its own; None before the first.
    """

    resolved: Resolved
    transform: Any = None

    @property
    def expression(self) -> Any:
        """What a lookup of the user's is given as its left side."""
        return self.transform if self.transform is not None else Settled(self.resolved)


def transformed(operand: Operand, name: str, path: str, scope: Any) -> Operand:
    """The operand after one more transform."""
    make = operand.transform.find_registered(name) if operand.transform is not None else None
    if make is None or not hasattr(make, "bilateral"):
        make = find_transform(operand.resolved.field, operand.resolved.node.type, name)
    if make is None:
        raise unsupported(operand.resolved, name, path)
    transform = make(operand.expression)
    return Operand(transform.resolve(scope), transform)


def lookup_of(operand: Operand, name: str) -> Any:
    """The lookup that a name means on an operand, or None."""
    found = operand.transform.find_registered(name) if operand.transform is not None else None
    if found is None or hasattr(found, "bilateral"):
        found = find_lookup(operand.resolved.field, name)
    return found


def unsupported(operand: Resolved, name: str, path: str) -> UnknownName:
    """The error for a lookup or transform that a field does not offer."""
    several = isinstance(operand.node, sql.Row)
    known = sorted(rows.LOOKUPS) if several else list(names_for(operand.field, operand.node.type))
    if isinstance(operand.field, RelatedKey):
        model = operand.field.related_model
        return UnknownName(
            f"Unsupported lookup {name!r} for the relation in {path!r}: {model._meta.object_name} has no "
            f"field of that name, and relations offer the lookups {', '.join(known)}."
            f"{did_you_mean(name, [*model._meta.names, *known])} "
            f"{model._meta.object_name} has: {choices(model._meta)}."
        )
    kind = type(operand.field).__name__ if operand.field is not None else type(operand.node.type).__name__
    return UnknownName(
        f"Unsupported lookup {name!r} for {kind} (in {path!r}).{did_you_mean(name, known)} "
        f"It offers: {', '.join(known)}."
    )


def compare(scope: Any, left: Resolved, names: tuple[str, ...], value: Any, path: str) -> Predicate:
    """The predicate that transforms and a lookup by name make of an operand and a value."""
    *transforms, last = names or ("exact",)
    operand = Operand(left)
    for name in transforms:
        operand = transformed(operand, name, path, scope)
    lookup = lookup_of(operand, last)
    if lookup is None:
        operand = transformed(operand, last, path, scope)
        lookup = lookup_of(operand, "exact")
    return apply(scope, lookup, operand, value, path)


def compare_expressions(scope: Any, lookup: Lookup, left: Any, right: Any) -> Predicate:
    """The predicate of a lookup that was written as an expression."""
    if hasattr(left, "bilateral"):
        transform = left.resolve_expression(scope)
        operand = Operand(transform.resolve(scope), transform)
    else:
        operand = Operand(left.resolve(scope))
    return apply(scope, lookup, operand, right, repr(lookup))


def apply(scope: Any, lookup: Any, operand: Operand, value: Any, path: str) -> Predicate:
    """The predicate of one lookup, a class or an instance, for a value of any kind."""
    left = operand.resolved
    kind: type[Lookup] = lookup if isinstance(lookup, type) else type(lookup)
    if isinstance(left.node, sql.Row):
        return _row(scope, kind, left, value, path)
    _check_filterable(left, path)
    if value is None and not kind.can_use_none_as_rhs:
        scope.slots.take(value)
        return _is_null(kind, left, path)
    if operand.transform is not None and (bilateral := operand.transform.get_bilateral_transforms()):
        return _bilateral(scope, lookup, operand, value, bilateral, path)
    if follows_protocol(kind):
        return _written(scope, lookup, operand, value, path)
    if isinstance(value, Shaped):
        among = issubclass(kind, In)
        if among and hasattr(value, "_query_for_lookup"):
            return _in_query(scope, left, value)
        if getattr(kind, "takes_rows", False) and hasattr(value, "_query_for_lookup"):
            return kind.expression(left, _array_of_rows(scope, left, value))
        right = _right(scope, left, value, path)
        if among and isinstance(right.node, sql.Subselect):
            return p.InSelect(left.node, right.node.query)
        if among and isinstance(right.node, sql.Literal):
            # The subquery is known to have no rows.
            return p.NEVER
        if among and isinstance(right.node, sql.Raw):
            return kind.expressions(left, [right])  # type: ignore[attr-defined,no-any-return]
        return kind.expression(left, right)
    if isinstance(value, list | tuple | set | frozenset) and any(isinstance(item, Shaped) for item in value):
        items = [_item(scope, kind.item_side(left), item) for item in value]
        return _of_items(kind, left, items, path)
    return kind.plain(left, scope.slots.take(value))


def _row(scope: Any, kind: type[Lookup], left: Resolved, value: Any, path: str) -> Predicate:
    """The predicate of a lookup on several columns at once."""
    node = left.node
    assert isinstance(node, sql.Row)
    if kind.lookup_name not in rows.LOOKUPS:
        raise UnknownName(
            f"Unsupported lookup {kind.lookup_name!r} for several columns at once (in {path!r}). "
            f"They offer: {', '.join(sorted(rows.LOOKUPS))}."
        )
    if value is None:
        scope.slots.take(value)
        if kind.lookup_name == "exact" and isinstance(left.field, RelatedKey):
            return rows.absent(node)
        if kind.lookup_name == "exact":
            raise ValueError(f"A key of {len(node.items)} columns is never None (in {path!r}).")
        return _is_null(kind, left, path)
    if isinstance(value, Shaped):
        if hasattr(value, "_query_for_lookup"):
            return _row_in_query(scope, kind, left, value, path)
        resolved = value.resolve(scope)  # type: ignore[attr-defined]
        if isinstance(resolved.node, sql.Literal) and kind.lookup_name == "in":
            return p.NEVER
        return rows.expression(kind, left, resolved)
    if isinstance(value, list | tuple) and any(isinstance(item, Shaped) for item in value):
        if len(value) != len(node.items):
            raise ValueError(f"{path!r} compares {len(node.items)} columns, so it takes as many values: {value!r}.")
        items = [_item(scope, single, item) for single, item in zip(rows.singles(left), value, strict=True)]
        return rows.of_expressions(kind, left, items)
    return rows.plain(kind, left, scope.slots.take(value))


def _row_in_query(scope: Any, kind: type[Lookup], left: Resolved, queryset: Any, path: str) -> Predicate:
    """A lookup on several columns with a queryset on its right."""
    width = len(sql.items_of(left.node))
    if isinstance(left.field, RelatedKey) and queryset.selects_instances:
        check_model(queryset.model._meta, left.field.related_model, "a queryset")
        queryset = queryset.selecting(left.field.key.name)
    if issubclass(kind, In):
        query, _ = scope.subquery(queryset, width=width)
        return p.NEVER if query is None else p.InSelect(left.node, query)
    return rows.expression(kind, left, scalar(scope, left, queryset, path))


def plain_predicate(name: str, left: Resolved, given: Given) -> Predicate:
    """The condition of a lookup, by its name, against a plain value: of one column, or of several."""
    kind = LOOKUPS[name]
    return rows.plain(kind, left, given) if isinstance(left.node, sql.Row) else kind.plain(left, given)


def _is_null(kind: type[Lookup], left: Resolved, path: str) -> Predicate:
    """None on the right, where it means that there is no value."""
    if kind.lookup_name in ("exact", "iexact"):
        return p.IsNull(left.node)
    if kind.lookup_name == "isnull":
        raise ValueError(f"The value of an isnull lookup must be True or False, not None (in {path!r}).")
    raise ValueError(f"Cannot use None as the value of {path!r}; write isnull=True to find rows without a value.")


def _of_items(kind: type[Lookup], left: Resolved, items: list[Resolved], path: str) -> Predicate:
    if not hasattr(kind, "expressions"):
        raise ValueError(f"The lookup {kind.lookup_name!r} takes one value, not a list (in {path!r}).")
    predicate: Predicate = kind.expressions(left, items)
    return predicate


def _right(scope: Any, left: Resolved, value: Any, path: str) -> Resolved:
    """An expression or a queryset on the right."""
    if hasattr(value, "_query_for_lookup"):
        return scalar(scope, left, value, path)
    if isinstance(value, Q):
        raise TypeError(f"A Q is a condition, not a value (in {path!r}).")
    right: Resolved = value.resolve(scope)
    _check_filterable(right, path)
    if isinstance(right.node, sql.Row):
        raise ValueError(
            f"{path!r} is one column, which cannot be compared with the {len(right.node.items)} of {value!r}: "
            "name one of the fields that it consists of."
        )
    return right


def _check_filterable(side: Resolved, path: str) -> None:
    if isinstance(side.node, sql.Spelled) and not side.node.filterable:
        raise NotSupportedError(f"The expression in {path!r} cannot be part of a condition: it is not filterable.")


def _array_of_rows(scope: Any, left: Resolved, queryset: Any) -> Resolved:
    """The array of what a queryset with one column selects."""
    query, field = scope.subquery(queryset)
    if query is None:
        return Resolved(sql.ArrayItems((), type=left.node.type), field)
    rows: sql.Expression = sql.ArrayRows(query, type=left.node.type)
    if field is not None and field.sql_type not in (left.node.type, getattr(left.node.type, "of", None)):
        # An array of numbers compares with one of just such numbers.
        rows = sql.Cast(rows, type=left.node.type)
    return Resolved(rows, field)


def _item(scope: Any, left: Resolved, item: Any) -> Resolved:
    """One item of a list that mixes plain values and expressions."""
    if isinstance(item, Shaped):
        return item.resolve(scope)  # type: ignore[attr-defined,no-any-return]
    return Resolved(scope.slots.take(item).slot(preparer(left.field), left.node.type), left.field)


def _in_query(scope: Any, left: Resolved, queryset: Any) -> Predicate:
    """`in` with a queryset on its right."""
    if isinstance(left.field, RelatedKey) and queryset.selects_instances:
        check_model(queryset.model._meta, left.field.related_model, "a queryset")
        queryset = queryset.selecting(left.field.key.attname)
    query, _ = scope.subquery(queryset)
    return p.NEVER if query is None else p.InSelect(left.node, query)


def scalar(scope: Any, left: Resolved, queryset: Any, path: str) -> Resolved:
    """A queryset compared as one value; it must be sliced to one row."""
    if not queryset.limited_to_one:
        raise ValueError(
            f"The queryset on the right of {path!r} must be limited to one row: slice it with [:1], or use `in`."
        )
    query, field = scope.subquery(queryset, width=len(sql.items_of(left.node)))
    return Resolved(sql.Literal(None) if query is None else sql.Subselect(query, type=left.node.type), field)


# Transforms of both sides


def _bilateral(
    scope: Any, lookup: Any, operand: Operand, value: Any, transforms: list[Any], path: str
) -> Predicate:
    """The predicate in which the right side goes through the transforms of the left one."""
    left = operand.resolved
    kind: type[Lookup] = lookup if isinstance(lookup, type) else type(lookup)

    def through(right: Resolved) -> Resolved:
        for make in transforms:
            right = make(Settled(right)).resolve(scope)
        return right

    if hasattr(value, "_query_for_lookup") or isinstance(value, Subquery):
        raise NotImplementedError("Bilateral transformations on subqueries are not implemented.")
    if isinstance(value, list | tuple | set | frozenset):
        given = scope.slots.take(value) if not any(isinstance(item, Shaped) for item in value) else None
        if given is not None:
            # How many there are is part of the text.
            scope.slots.unfit = True
            prepare = preparer(left.field) or (lambda item: item)
            items = [
                Resolved(sql.Ambient(sql.Constant(prepare(item)), type=left.node.type), left.field)
                for item in value
                if item is not None
            ]
        else:
            items = [_item(scope, left, item) for item in value]
        return _of_items(kind, left, [through(item) for item in items], path)
    if issubclass(kind, IsNull):
        return kind.plain(left, scope.slots.take(value))
    if isinstance(value, Shaped):
        right = through(_right(scope, left, value, path))
    else:
        slot = scope.slots.take(value).slot(preparer(left.field), left.node.type)
        if isinstance(slot, sql.Parameter):
            slot = sql.Parameter(slot.slot, cast=True, type=slot.type)
        right = through(Resolved(slot, left.field))
    if follows_protocol(kind):
        return _holds(scope, _made(lookup, operand, Settled(right)))
    return kind.expression(left, right)


# Lookups of the user's


def _made(lookup: Any, operand: Operand, right: Any) -> Any:
    """A lookup of the user's over its two sides."""
    if isinstance(lookup, type):
        return lookup(operand.expression, right)
    # It was made by its constructor already; what is not resolved yet are its two sides.
    twin = copy(lookup)
    twin.lhs, twin.rhs = operand.expression, right
    if not overrides(type(lookup), "get_prep_lookup"):
        # Only now it is known which field is on the left.
        twin.rhs = twin.get_prep_lookup()
    return twin


def _written(scope: Any, lookup: Any, operand: Operand, value: Any, path: str) -> Predicate:
    """The predicate of a lookup that follows the public protocol."""
    left = operand.resolved
    kind: Any = lookup if isinstance(lookup, type) else type(lookup)

    def made(right: Any) -> Any:
        return _made(lookup, operand, right)

    if isinstance(value, Shaped):
        if issubclass(kind, In) and hasattr(value, "_query_for_lookup"):
            query, field = scope.subquery(value)
            right = Resolved(sql.Literal(None) if query is None else sql.Subselect(query, type=left.node.type), field)
        else:
            right = _right(scope, left, value, path)
        return _holds(scope, made(Settled(right, value)))
    first = made(value)
    given = scope.slots.take(value)
    ready = _for_any_value(first, made, given, left)
    if ready is not None:
        return _holds(scope, ready)
    scope.slots.unfit = True
    return _holds(scope, first, is_open=True)


def _for_any_value(first: Any, made: Callable[[Any], Any], given: Given, left: Resolved) -> Any:
    """The lookup with a place instead of its value; None when what it writes may depend on the value."""
    prepared = first.rhs
    expected = type(prepared)
    extra = set(vars(first)).difference(type(first).known_state, ("_constructor_args",))
    if isinstance(given.value, bool):
        # Truth values are part of the shape.
        return first
    if isinstance(prepared, Shaped | list | tuple | set | frozenset | bool) or extra:
        return None

    def prepare(value: Any) -> Any:
        answer = made(value).rhs
        if type(answer) is not expected:
            raise Unfit
        return answer

    type_ = type_of_value(prepared)
    if isinstance(type_, types.Unknown) or type(type_) is type(left.node.type):
        type_ = left.node.type
    probe = against(first, Settled(Resolved(sql.Parameter(0, type=type_), left.field)))
    if not foreseen(probe):
        return None
    return against(first, Settled(Resolved(given.slot(prepare, type_), left.field)))


def _holds(scope: Any, lookup: Any, *, is_open: bool = False) -> Predicate:
    nodes, spelling = spelling_of(lookup, scope, is_open=is_open)
    return p.Holds(sql.Spelled(nodes, type=types.Boolean(), spell=spelling))
