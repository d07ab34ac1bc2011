"""Common: tables that a query defines itself, by WITH or LATERAL, and what their columns hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rowsmith.expressions.q import Q
from rowsmith.query.aliases import placed
from rowsmith.query.combining import uncombined
from rowsmith.query.derived import with_outputs
from rowsmith.query.nesting import embedded
from rowsmith.query.planner import nest, plan
from rowsmith.query.query import OWN, Annotation, Chosen, Joined, NamedColumn, NamedTable, Query, column_node
from rowsmith.query.resolver import Resolver
from rowsmith.query.slots import Slots
from rowsmith.query.steps import unsliced
from rowsmith.sql.select import CommonTable, Output
from rowsmith.sql.select import Query as Tree
from rowsmith.sql.types import Computed


class ColumnsOnly:
    """What stands for a model's options where a table has columns, but is no model's."""

    ordering: tuple[Any, ...] = ()
    unique_together: tuple[Any, ...] = ()
    total_unique_constraints: tuple[Any, ...] = ()
    related_objects: tuple[Any, ...] = ()
    fields: tuple[Any, ...] = ()
    concrete_fields: tuple[Any, ...] = ()
    local_concrete_fields: tuple[Any, ...] = ()
    links: tuple[Any, ...] = ()
    pk: Any = None

    def __init__(self, name: str, model: Any) -> None:
        self.object_name = self.label = self.db_table = name
        self.model = model
        self.names: Mapping[str, Any] = {}
        self.fields_map: Mapping[str, Any] = {}
        self.concrete_model = self

    def __repr__(self) -> str:
        return f"<Columns of {self.object_name}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ColumnsOnly) and (self.label, self.model) == (other.label, other.model)

    def __hash__(self) -> int:
        return hash((self.label, self.model))


def columns_of(query: Query) -> tuple[NamedColumn, ...]:
    """The columns that a query has as a table, in their order."""
    layout = plan(_as_table(query)).layout
    found: list[NamedColumn] = []
    if layout.instance is not None:
        sharing: dict[int, list[Any]] = {}
        for place, field in zip(layout.instance.places, layout.instance.fields, strict=True):
            sharing.setdefault(place, []).append(field)
        for _, fields in sorted(sharing.items()):
            # A key and the link that repeats it are one column, called as the link is, which is the model's own.
            field = fields[-1]
            names = [name for each in fields for name in (each.name, each.attname)]
            names += ["pk"] if field.primary_key else []
            found.append(NamedColumn(tuple(dict.fromkeys(names)), field.column, field.sql_type, field))
    if layout.widths:
        raise ValueError("A table has no columns of several values; name the fields of the key one by one.")
    for name, item in zip(layout.names, layout.items[layout.extra :], strict=True):
        computed = isinstance(item.type, Computed)
        type_ = item.type.of if isinstance(item.type, Computed) else item.type
        found.append(NamedColumn((name,), name, type_, item.field, computed))
    columns = [column.column for column in found]
    repeated = next((name for name in columns if columns.count(name) > 1), None)
    if repeated is not None:
        raise ValueError(f"A table cannot have two columns named {repeated!r}; give one of them another name.")
    return tuple(found)


def _as_table(query: Query) -> Query:
    """The query with nothing but the columns that it has as a table."""
    ordering = query.ordering if query.sliced or query.distinct_on else ()
    return query.but(related=None, lock=None, ordering=ordering)


def _tree(query: Query, places: Sequence[int]) -> Tree:
    return placed(plan(_as_table(query)).tree, places)


def defined(
    query: Query,
    slots: Slots,
    name: str,
    base: tuple[Query, int],
    step: tuple[Query, int] | None,
    all: bool,
    materialized: bool | None,
) -> Query:
    """with_cte(): the query with one more common table; its queries come with the number of their values."""
    if any(table.name == name for table in query.tables):
        raise ValueError(f"The query defines a common table named {name!r} already; give one of them another name.")
    columns = columns_of(base[0])
    first = _tree(base[0], slots.place_prepared(base[1]))
    later = None
    if step is not None:
        later = _tree(step[0], slots.place_prepared(step[1]))
        if len(later.outputs) != len(first.outputs):
            raise ValueError(
                f"The step of the recursive table {name!r} has {len(later.outputs)} columns, but the rows that it "
                f"begins with have {len(first.outputs)}: {', '.join(column.column for column in columns)}."
            )
    names = tuple(column.column for column in columns)
    table = CommonTable(first, later, name=name, columns=names, all=all, materialized=materialized)
    return query.but(tables=(*query.tables, table))


def rows_of_table(options: Any, query: Query, name: str) -> Query:
    """The query for all rows of a common table; for instances when that is what it consists of."""
    columns = columns_of(query)
    named = (NamedTable(name, name, columns),)
    if query.chosen is None:
        annotations = {
            c.column: Annotation(column_node(name, c), c.field) for c in columns if c.names[0] in query.annotations
        }
        base = Joined(name, name, options, common=True)
        return Query(
            options, (base,), loaded=query.loaded, annotations=MappingProxyType(annotations), named=named
        )
    only = ColumnsOnly(name, options.model)
    annotations = {c.column: Annotation(column_node(name, c), c.field) for c in columns}
    return Query(
        only,
        (Joined(name, name, only, common=True),),
        annotations=MappingProxyType(annotations),
        chosen=tuple(Chosen(key, found.node, found.field) for key, found in annotations.items()),
        form=query.form,
        named=named,
    )


def joined_table(
    query: Query, slots: Slots, name: str, columns: tuple[NamedColumn, ...], condition: Q, outer: bool
) -> Query:
    """The query with the rows of a common table beside its own, by a condition."""
    scope = _scope(query, slots, name)
    scope.named = {**scope.named, name: NamedTable(name, OWN, columns)}
    only = ColumnsOnly(name, query.options.model)
    joined = Joined("", name, only, query.base, (), True, outer, scope.condition(condition), common=True)
    return _named(query, scope, joined, columns)


def joined_lateral(
    query: Query, slots: Slots, name: str, below: Query, values: Sequence[Any], repeatable: bool, outer: bool
) -> Query:
    """The query with the rows of another beside each of its own, which that one may refer to."""
    scope = _scope(query, slots, name)
    if not repeatable:
        slots.unfit = True
    columns = columns_of(below)
    tree = plan(_as_table(below)).tree
    outputs = tuple(
        Output(output.expression, column.column) for output, column in zip(tree.outputs, columns, strict=False)
    )
    tree = embedded(with_outputs(tree, (*outputs, *tree.outputs[len(outputs) :])), values, scope)
    only = ColumnsOnly(name, query.options.model)
    return _named(query, scope, Joined("", name, only, query.base, (), True, outer, source=tree), columns)


def _scope(query: Query, slots: Slots, name: str) -> Resolver:
    uncombined(query, "join")
    unsliced(query, "join another table to")
    if any(table.name == name for table in query.named):
        raise ValueError(f"The query has a table named {name!r} already; give one of them another name.")
    return Resolver(query, slots, nest)


def _named(query: Query, scope: Resolver, joined: Joined, columns: tuple[NamedColumn, ...]) -> Query:
    alias = scope.join_again(joined, query.base)
    named = (*query.named, NamedTable(joined.table, alias, columns))
    return query.but(joins=tuple(scope.joins), named=named)
