"""Writes: the statements that insert, change and delete rows of one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rowsmith.exceptions import FieldDoesNotExist, FieldError, did_you_mean
from rowsmith.expressions.combinable import Combinable, Shaped
from rowsmith.lookups.json import as_document
from rowsmith.query.aliases import renamed
from rowsmith.query.planner import nest, plan
from rowsmith.query.query import Chosen, Query, query_of
from rowsmith.query.related import RelatedKey
from rowsmith.query.resolver import Resolver
from rowsmith.query.slots import Slots
from rowsmith.records import replace
from rowsmith.sql import expressions as sql
from rowsmith.sql import predicates as p
from rowsmith.sql import types
from rowsmith.sql.computed import has_aggregate, has_window
from rowsmith.sql.modify import Assignment, Conflict, Delete, Insert, InsertMany, Update, UpdateMany
from rowsmith.sql.nodes import walk
from rowsmith.sql.select import Table


def insert_rows(
    options: Any,
    fields: Sequence[Any],
    rows: int,
    returning: Sequence[Any] = (),
    conflict: Conflict | None = None,
) -> Insert:
    """An INSERT of `rows` rows; row by row, field by field, their values take the slots from 0 on."""
    width = len(fields)
    values = tuple(
        tuple(sql.Parameter(row * width + column, type=field.sql_type) for column, field in enumerate(fields))
        for row in range(rows)
    )
    return Insert(
        options.db_table,
        tuple(f.column for f in fields),
        values,
        conflict,
        tuple(f.column for f in returning),
    )


def insert_arrays(
    options: Any, fields: Sequence[Any], returning: Sequence[Any] = (), conflict: Conflict | None = None
) -> InsertMany:
    """An INSERT of any number of rows, one array a field."""
    return InsertMany(
        options.db_table,
        tuple(f.column for f in fields),
        tuple(f.sql_type for f in fields),
        conflict,
        tuple(f.column for f in returning),
    )


def insert_expressions(
    options: Any, fields: Sequence[Any], values: Sequence[Any], slots: Slots, returning: Sequence[Any]
) -> Insert:
    """An INSERT of one row in which some values are computed by the database."""
    scope = Resolver(query_of(options), slots, nest, allow_joins=False)
    row = tuple(_value(field, value, scope, inserting=True) for field, value in zip(fields, values, strict=True))
    return Insert(options.db_table, tuple(f.column for f in fields), (row,), None, tuple(f.column for f in returning))


def _value(field: Any, value: Any, scope: Resolver, *, inserting: bool) -> sql.Expression:
    """What a column is set to."""
    if isinstance(value, Shaped) and hasattr(value, "_query_for_lookup"):
        query, _ = scope.subquery(value)
        return sql.Literal(None) if query is None else sql.Subselect(query, type=field.sql_type)
    if not isinstance(value, Combinable) and hasattr(value, "resolve"):
        return value.resolve(scope).node  # type: ignore[no-any-return]
    if isinstance(value, Combinable):
        if getattr(value, "contains_over_clause", False):
            raise _windowed(field, value)
        if inserting and _names_columns(value, scope):
            raise ValueError(
                f"Failed to insert expression {value!r} on {field}: F() expressions can only be used to update, "
                "not to insert, because there is no row yet whose columns they could name."
            )
        node = value.resolve(scope).node
        if isinstance(node, sql.Row):
            raise FieldError(
                f"Composite primary keys expressions are not allowed in this query ({field.name}={value!r}): "
                "a column holds a single value."
            )
        if isinstance(field.sql_type, types.Json):
            node = stored_document(node)
        if has_aggregate(node):
            raise FieldError(f"Aggregate functions are not allowed in this query ({field.name}={value!r}).")
        if has_window(node):
            raise _windowed(field, value)
        return node
    key = RelatedKey(field, field.target_field) if field.is_relation else field
    prepare = key.get_prep_value if field.is_relation else _saving(field)
    given = scope.slots.take(value)
    if value is None:
        return given.slot(None, field.sql_type)
    return given.slot(lambda v: None if v is None else prepare(v), field.sql_type)


def _windowed(field: Any, value: Any) -> FieldError:
    return FieldError(f"Window expressions are not allowed in this query ({field.name}={value!r}).")


def stored_document(node: sql.Expression) -> sql.Expression:
    """An expression that a document is set to."""
    if isinstance(node, sql.JsonPath) and node.form == "value":
        return replace(node, form="json")
    return as_document(node)


def _saving(field: Any) -> Any:
    def prepare(value: Any) -> Any:
        if hasattr(value, "_meta"):
            raise TypeError(f"Field {field.name!r} holds a plain value, not the instance {value!r}.")
        return field.get_prep_value(value)

    return prepare


def _names_columns(value: Combinable, scope: Resolver) -> bool:
    values: list[Any] = []
    key = value.fingerprint(values)
    return "F" in _classes(key)


def _classes(key: Any) -> set[str]:
    found: set[str] = set()
    pending = [key]
    while pending:
        item = pending.pop()
        if isinstance(item, tuple):
            pending.extend(item)
        elif isinstance(item, type):
            found.add(item.__name__)
    return found


# Updates


def updated(query: Query, slots: Slots, changes: Mapping[str, Any]) -> Update:
    """The UPDATE of a query's rows; conditions over other tables become a subquery of keys."""
    options = query.options
    own = Query(options, query.joins[:1], query.width, annotations=query.annotations)
    scope = Resolver(own, slots, nest, allow_joins=False)
    assignments = []
    joined = {other.alias for other in query.joins[1:]}
    for name, value in changes.items():
        field = update_field(options, name)
        if field.column is None:
            assignments += _assigned_key(field, value, scope)
            continue
        assigned = _value(field, value, scope, inserting=False)
        if any(isinstance(node, sql.Column) and node.alias in joined for node in walk(assigned)):
            raise FieldError(
                f"Joined field references are not permitted in this query: {name!r} cannot be set from another table. "
                "Use a Subquery() that reads it."
            )
        assignments.append(Assignment(field.column, assigned))
    return Update(Table(options.db_table, query.base), tuple(assignments), rows_condition(query))


def updated_row(
    query: Query, slots: Slots, changes: Mapping[str, Any], keys: Sequence[sql.Expression], returning: Sequence[Any]
) -> Update:
    """The UPDATE of the one row whose key has the values `keys`, with values that may be expressions."""
    tree = updated(query, slots, changes)
    where = p.conjunction(
        [
            p.Comparison("=", sql.Column(query.base, field.column, type=field.sql_type, nullable=False), value)
            for field, value in zip(query.options.pk_fields, keys, strict=True)
        ]
    )
    return Update(tree.table, tree.assignments, where, tuple(f.column for f in returning))


def _assigned_key(relation: Any, value: Any, scope: Resolver) -> list[Assignment]:
    """What the columns of a relation of several are set to."""
    if isinstance(value, Combinable) or hasattr(value, "resolve"):
        raise FieldError(
            f"{relation} has several columns, so it is set to an instance, a tuple or None, not to {value!r}. "
            "Set its columns one by one: "
            f"{', '.join(member.attname for member in relation.members)}."
        )
    given = scope.slots.take(value)
    if value is None:
        return [
            Assignment(member.column, given.slot(lambda v: None, member.sql_type))
            for member in relation.local_key.released
        ]
    key = RelatedKey(relation, relation.target_field)

    def at(place: int) -> Any:
        def prepare(value: Any) -> Any:
            whole = key.get_prep_value(value)
            return whole[place] if isinstance(whole, tuple) else whole

        return prepare

    return [
        Assignment(member.column, given.slot(at(place), member.sql_type))
        for place, member in enumerate(relation.members)
    ]


def update_field(options: Any, name: str) -> Any:
    """The concrete field of a model that update() may set."""
    field = options.pk if name == "pk" else options.fields_map.get(name) or options.names.get(name)
    if field is None:
        names = [f.name for f in options.fields]
        raise FieldDoesNotExist(
            f"{options.object_name} has no field named {name!r}.{did_you_mean(name, names)} "
            f"It can update: {', '.join(sorted(names))}."
        )
    if field is options.pk and field.column is None and not field.forward:
        raise FieldError(
            f"Composite primary key fields must be updated individually: {', '.join(f.name for f in field.members)}."
        )
    if field.forward and field.column is None:
        return field
    if not field.concrete or field.many_to_many:
        raise FieldError(f"Cannot update model field {field!r} (only non-relations and foreign keys permitted).")
    return field


def rows_condition(query: Query) -> p.Predicate:
    """What tells a query's rows within their own table: its condition, or a subquery of keys when it joins others."""
    above = query.tables or query.sliced or query.distinct_on or query.grouping is not None or has_window(query.where)
    if len(query.joins) == 1 and not above:
        return query.where
    keys = query.options.pk_fields
    columns = [sql.Column(query.base, key.column, type=key.sql_type, nullable=False) for key in keys]
    column = columns[0] if len(columns) == 1 else sql.Row(tuple(columns))
    inner = query.but(
        chosen=(Chosen("pk", column, query.options.pk),),
        form="flat",
        related=None,
        ordering=() if not query.sliced else query.ordering,
    )
    # The subquery has tables of its own; only the names of its aliases must not be taken for ours.
    tree = plan(inner).tree
    if any(isinstance(node, sql.Raw) for node in walk(tree)):
        # What the caller wrote may name tables; and nothing inside means a row outside, so ours may hide behind theirs.
        return p.InSelect(column, tree)
    return p.InSelect(column, renamed(tree))


def deleted(query: Query) -> Delete:
    """The DELETE of a query's rows from their own table."""
    return Delete(Table(query.options.db_table, query.base), rows_condition(query))


# One row by its key


def update_row(options: Any, fields: Sequence[Any], returning: Sequence[Any] = ()) -> Update:
    """The UPDATE of one row: a slot for each of `fields`, then those of the key."""
    keys = options.pk_fields
    table = options.db_table
    assignments = tuple(
        Assignment(field.column, sql.Parameter(slot, type=field.sql_type)) for slot, field in enumerate(fields)
    )
    where = p.conjunction(
        [
            p.Comparison(
                "=",
                sql.Column(table, key.column, type=key.sql_type, nullable=False),
                sql.Parameter(slot, type=key.sql_type),
            )
            for slot, key in enumerate(keys, len(fields))
        ]
    )
    return Update(Table(table, table), assignments, where, tuple(f.column for f in returning))


def update_rows(options: Any, fields: Sequence[Any]) -> UpdateMany:
    """The UPDATE of any number of rows, one array for the keys and one a field."""
    keys = options.pk_fields
    return UpdateMany(
        options.db_table,
        tuple(key.column for key in keys),
        tuple(f.column for f in fields),
        (*(key.sql_type for key in keys), *(f.sql_type for f in fields)),
    )
