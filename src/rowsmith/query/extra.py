"""Extra: fragments of SQL that the caller wrote, as columns, conditions, tables and sort keys of a query."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.raw import around_placeholders
from rowsmith.expressions.values import type_of_value
from rowsmith.query.combining import uncombined
from rowsmith.query.ordering import sort_keys
from rowsmith.query.query import Annotation, Joined, Query, SortKey
from rowsmith.query.slots import Slots
from rowsmith.query.steps import checked_alias, scope_of, unsliced
from rowsmith.sql import expressions as sql
from rowsmith.sql import predicates as p


def with_extra(
    query: Query,
    slots: Slots,
    select: Mapping[str, str],
    select_params: Sequence[Any],
    where: Sequence[str],
    params: Sequence[Any],
    tables: Sequence[str],
    order_by: Sequence[str],
) -> Query:
    """extra(); every placeholder in the fragments takes the next of the values that were given for them."""
    uncombined(query, "extra")
    unsliced(query, "change")
    scope = scope_of(query, slots)
    annotations = dict(query.annotations)
    columns = _fragments("select", select.values(), select_params, scope)
    for name, node in zip(select, columns, strict=True):
        checked_alias(query, name, fields=False)
        annotations[name] = Annotation(node, None, extra=True)
    conditions = [p.Holds(node) for node in _fragments("where", where, params, scope)]
    joins = list(query.joins)
    for table in tables:
        if not any(joined.alias == table for joined in joins):
            joins.append(Joined(table, table, query.options, query.base, multiple=True))
    query = query.but(
        annotations=MappingProxyType(annotations),
        where=p.conjunction([query.where, *conditions]),
        joins=tuple(joins),
    )
    if order_by:
        query = query.but(ordering=_ordering(query, slots, order_by), extra_order=True)
    return query


def _fragments(kind: str, texts: Iterable[str], values: Sequence[Any], scope: Scope) -> list[sql.Raw]:
    """Fragments with the places of their values."""
    split = [around_placeholders(text) for text in texts]
    wanted = sum(len(parts) - 1 for parts in split)
    if wanted != len(values):
        name = "select_params" if kind == "select" else "params"
        raise ValueError(f"extra({kind}=...) has {wanted} placeholders, but {name} holds {len(values)} values.")
    given = iter(values)
    found = []
    for parts in split:
        mine = [next(given) for _ in parts[1:]]
        arguments = tuple([scope.value(value, type_of_value(value), cast=True) for value in mine])
        found.append(sql.Raw(parts, arguments))
    return found


def _ordering(query: Query, slots: Slots, names: Sequence[str]) -> tuple[SortKey, ...]:
    """Sort keys by names of fields, of selected fragments, or of the columns of a table: `-book.pages`."""
    keys: list[SortKey] = []
    for name in names:
        table, dot, column = name.lstrip("-").partition(".")
        if dot:
            keys.append(SortKey(None, TableColumn(table, column), descending=name.startswith("-"), constant=True))
        else:
            keys += sort_keys((name,), scope_of(query, slots))
    return tuple(keys)


class TableColumn(Expression):
    """A column by the names of its table and of its own, as extra(order_by=...) gives them."""

    def __init__(self, table: str, column: str) -> None:
        self.table = table
        self.column = column

    def __repr__(self) -> str:
        return f"{self.table}.{self.column}"

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (TableColumn, self.table, self.column)

    def resolve(self, scope: Scope) -> Resolved:
        return Resolved(sql.Column(self.table, self.column))
