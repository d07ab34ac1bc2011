"""Writing: inserts, updates and bulk operations of one model's rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from weakref import WeakSet

from rowsmith import config
from rowsmith.db.connection import Connection
from rowsmith.db.handler import connections
from rowsmith.db.transactions import Atomic
from rowsmith.exceptions import NotSupportedError
from rowsmith.execution.reading import check_database, loader
from rowsmith.expressions.combinable import kind_of
from rowsmith.fields.defaults import DatabaseDefault
from rowsmith.loading.parameters import Computed, Extractor, extractor, fill_others
from rowsmith.query import writes
from rowsmith.query.layout import Item, Layout
from rowsmith.query.query import query_of
from rowsmith.query.shape import Shape, Values, extend
from rowsmith.query.slots import Slots
from rowsmith.query.unstored import fields_read
from rowsmith.sql.codec import PLAIN
from rowsmith.sql.modify import Conflict
from rowsmith.sql.statement import Binder, binder

Rows = list[tuple[Any, ...]]

ROWS = 400
"""Rows of one INSERT where each value is a parameter: longer statements take more time a row, not less."""


class Plan:
    """A statement for rows of one model on one database, with what takes its parameters from an instance."""

    __slots__ = ("execute", "extract", "load", "returning", "text")

    def __init__(
        self,
        connection: Connection,
        text: str,
        extract: Extractor,
        returning: Sequence[Any],
        load: Callable[[Any], Rows],
    ) -> None:
        self.execute = connection.execute
        self.text = text
        self.extract = extract
        self.returning = tuple(field.attname for field in returning)
        self.load = load


_planned: WeakSet[Any] = WeakSet()


def _forget_plans() -> None:
    """Statements belong to the configuration under which they were rendered."""
    for options in list(_planned):
        options.write_plans.clear()


config.on_change.append(_forget_plans)


def _plans(options: Any) -> dict[Any, Any]:
    """The statements for single rows of a model."""
    _planned.add(options)
    plans: dict[Any, Any] = options.write_plans
    return plans


def _returned(fields: Sequence[Any], connection: Connection, label: str) -> Callable[[Any], Rows]:
    """The loader for RETURNING."""
    if not fields:
        return list
    items = tuple(Item(field.read_type, field) for field in fields)
    layout = Layout("tuple", items, tuple(field.attname for field in fields))
    return loader(layout, len(items), connection, label)


def generated_by_database(options: Any, fields: Sequence[Any]) -> tuple[Any, ...]:
    """The columns that an INSERT of `fields` leaves to the database."""
    written = set(fields)
    return tuple(field for field in options.local_concrete_fields if field not in written and field.db_returning)


def recomputed(options: Any, fields: Sequence[Any]) -> tuple[Any, ...]:
    """The generated columns that change when `fields` do."""
    if not options.generated_fields:
        return ()
    return tuple(
        field
        for field in options.generated_fields
        if (read := fields_read(options.model, [field.expression])) is None or not set(fields).isdisjoint(read)
    )


# One row


def insert_plan(options: Any, fields: tuple[Any, ...], connection: Connection, raw: bool = False) -> Plan:
    """The INSERT of one row with values for `fields`; `raw` ones are not set by the fields themselves."""
    plans = _plans(options)
    # Hashing the fields themselves would take longer than all the rest; as tuples of one model they differ by name.
    kind = "insert" if not raw else "raw insert"
    key = (kind, connection.alias, None if fields is options.plain_fields else tuple([f.name for f in fields]))
    found: Plan | None = plans.get(key)
    if found is None:
        returning = generated_by_database(options, fields)
        statement = connection.dialect.render(writes.insert_rows(options, fields, 1, returning))
        found = plans[key] = Plan(
            connection,
            statement.text,
            extractor(fields, connection.dialect.codec, connection, adding=None if raw else True),
            returning,
            _returned(returning, connection, options.label),
        )
    return found


def insert(instance: Any, options: Any, fields: tuple[Any, ...], alias: str, raw: bool = False) -> None:
    """Insert the row of an instance into its model's or an ancestor's table, and set what the database made up."""
    connection = connections[alias]
    plan = insert_plan(options, fields, connection, raw)
    try:
        parameters = plan.extract(instance)
    except Computed:
        _insert_computed(instance, options, fields, connection)
        return
    if plan.returning:
        _set_all([instance], plan.returning, connection.fetch(plan.text, parameters, plan.load))
    else:
        connection.execute(plan.text, parameters)


def _insert_computed(instance: Any, options: Any, fields: Sequence[Any], connection: Connection) -> None:
    """Insert a row of which the database computes some values."""
    fill_others(instance, fields, adding=True)
    values = [field.pre_save(instance, True) for field in fields]
    kept = [(f, v) for f, v in zip(fields, values, strict=True) if not isinstance(v, DatabaseDefault)]
    computed = [field for field, value in kept if hasattr(value, "resolve_expression")]
    returning = (*computed, *generated_by_database(options, [field for field, _ in kept]))
    raw: list[Any] = []
    for _, value in kept:
        kind_of(value, raw)
    slots = Slots(raw, 0)
    tree = writes.insert_expressions(options, [f for f, _ in kept], [v for _, v in kept], slots, returning)
    statement = connection.dialect.render(tree)
    parameters = binder(statement.bindings, len(slots.prepared))(tuple(slots.prepared))
    rows = connection.fetch(statement.text, parameters, _returned(returning, connection, options.label))
    _set_all([instance], [field.attname for field in returning], rows)


def update_plan(options: Any, fields: tuple[Any, ...], connection: Connection, raw: bool = False) -> Plan:
    """The UPDATE of one row's `fields` by its key; `raw` ones are not set by the fields themselves."""
    plans = _plans(options)
    kind = "update" if not raw else "raw update"
    key = (kind, connection.alias, None if fields is options.plain_fields else tuple([f.name for f in fields]))
    found: Plan | None = plans.get(key)
    if found is None:
        returning = recomputed(options, fields)
        statement = connection.dialect.render(writes.update_row(options, fields, returning))
        adding = None if raw else False
        extract = extractor((*fields, *options.pk_fields), connection.dialect.codec, connection, adding=adding)
        load = _returned(returning, connection, options.label)
        found = plans[key] = Plan(connection, statement.text, extract, returning, load)
        alone = not (options.select_on_save or options.links or returning or raw)
        if fields is options.plain_fields and alone:
            plans[connection.alias] = found
    return found


def overwrite(instance: Any, options: Any, alias: str) -> bool:
    """Update the whole row of an instance the way it was done before; False when that is not known or found nothing."""
    plan: Plan | None = options.write_plans.get(alias)
    if plan is None:
        return False
    try:
        # A key of None matches no row.
        return plan.execute(plan.text, plan.extract(instance)) > 0
    except Computed:
        return False


def update(instance: Any, options: Any, fields: tuple[Any, ...], alias: str, raw: bool = False) -> bool:
    """Update the row of an instance in the table of its model or of an ancestor; whether there was one."""
    connection = connections[alias]
    plan = update_plan(options, fields, connection, raw)
    try:
        parameters = plan.extract(instance)
    except Computed:
        return _update_computed(instance, options, fields, connection)
    if plan.returning:
        rows = connection.fetch(plan.text, parameters, plan.load)
        if rows:
            _set_all([instance], plan.returning, rows)
        return bool(rows)
    return connection.execute(plan.text, parameters) > 0


def _update_computed(instance: Any, options: Any, fields: Sequence[Any], connection: Connection) -> bool:
    """Update a row of which the database computes some values, and read them back."""
    fill_others(instance, fields, adding=False)
    changes = {field.attname: field.pre_save(instance, False) for field in fields}
    changes = {name: value for name, value in changes.items() if not isinstance(value, DatabaseDefault)}
    computed = [f for f in fields if hasattr(changes.get(f.attname), "resolve_expression")]
    computed += recomputed(options, fields)
    query = query_of(options)
    keys = options.pk_fields
    row = [getattr(instance, key.attname) for key in keys]
    raw: list[Any] = list(row)
    for value in changes.values():
        kind_of(value, raw)
    slots = Slots(raw, 0)
    found = [
        slots.take(value).slot(key.get_prep_value, key.sql_type) for key, value in zip(keys, row, strict=True)
    ]
    tree = writes.updated_row(query, slots, changes, found, computed)
    statement = connection.dialect.render(tree)
    parameters = binder(statement.bindings, len(slots.prepared))(tuple(slots.prepared))
    rows = connection.fetch(statement.text, parameters, _returned(computed, connection, options.label))
    if rows:
        _set_all([instance], [field.attname for field in computed], rows)
    return bool(rows)


# Rows of a query


def update_query(shape: Shape, values: Values, changes: Mapping[str, Any], alias: str) -> int:
    """UPDATE every row of a shape; how many there were. The changes are checked where no row can match, too."""
    connection = connections[alias]
    raw: list[Any] = []
    key = ("update", *[(name, kind_of(value, raw)) for name, value in changes.items()])
    trees = []

    def build(query: Any, slots: Slots) -> Any:
        trees.append(writes.updated(query, slots, changes))
        return query

    child, values = extend(shape, values, key, raw, build)
    compiled = child.compiled.get((connection.epoch, "update"))
    if compiled is None:
        check_database(child.query, connection)
        if not trees:
            build(shape.query, Slots(raw, shape.query.width))
        statement = connection.dialect.render(trees[0])
        compiled = statement.text, binder(statement.bindings, child.query.width)
        child.compiled[(connection.epoch, "update")] = compiled
    text, bind = compiled
    return 0 if child.query.empty else connection.execute(text, bind(values))


def delete_statement(shape: Shape, alias: str) -> tuple[str, Binder]:
    """The DELETE of the rows of a shape from its own table, and what binds values to it."""
    connection = connections[alias]
    compiled: tuple[str, Binder] | None = shape.compiled.get((connection.epoch, "delete"))
    if compiled is None:
        statement = connection.dialect.render(writes.deleted(shape.query))
        compiled = statement.text, binder(statement.bindings, shape.query.width)
        shape.compiled[(connection.epoch, "delete")] = compiled
    return compiled


def delete_query(shape: Shape, values: Values, alias: str) -> int:
    """DELETE every row of a shape from its own table; how many there were."""
    text, bind = delete_statement(shape, alias)
    return connections[alias].execute(text, bind(values))


# Many rows


def bulk_extractor(fields: tuple[Any, ...], connection: Connection, *, adding: bool) -> Extractor:
    """What takes the values of one of many rows; where these become arrays, they are encoded together, later."""
    whole = connection.features.array_parameters
    return extractor(fields, (lambda _: PLAIN) if whole else connection.dialect.codec, connection, adding=adding)


def bulk_insert(
    options: Any,
    instances: Sequence[Any],
    fields: tuple[Any, ...],
    alias: str,
    batch_size: int | None,
    conflict: Conflict | None,
    *,
    returning: bool,
) -> None:
    """Insert the rows of many instances, and set on them what the database made up when that is asked for."""
    connection = connections[alias]
    features = connection.features
    wanted = generated_by_database(options, fields) if returning and features.returning else ()
    if conflict is not None and conflict.updates and returning and features.returning:
        wanted = tuple(dict.fromkeys((*options.pk_fields, *wanted)))
    extract = bulk_extractor(fields, connection, adding=True)
    load = _returned(wanted, connection, options.label)
    names = [field.attname for field in wanted]
    try:
        rows = [extract(instance) for instance in instances]
    except Computed:
        if conflict is not None:
            raise NotSupportedError(
                "bulk_create() cannot handle conflicts of rows with expressions; give those rows plain values."
            ) from None
        for instance in instances:
            insert(instance, options, fields, alias)
        return
    if not fields:
        for instance in instances:
            insert(instance, options, fields, alias)
        return
    send = _sender(options, fields, wanted, conflict, connection)
    largest = len(rows) if features.array_parameters else max(1, min(ROWS, features.max_parameters // len(fields)))
    size = min(batch_size or largest, largest) or 1
    for start in range(0, len(rows), size):
        returned = send(rows[start : start + size], load)
        if names:
            _set_all(instances[start : start + size], names, returned)


def _set_all(instances: Sequence[Any], names: Sequence[str], rows: Rows) -> None:
    if len(names) == 1:
        [name] = names
        for instance, (value,) in zip(instances, rows, strict=True):
            setattr(instance, name, value)
        return
    for instance, row in zip(instances, rows, strict=True):
        for name, value in zip(names, row, strict=True):
            setattr(instance, name, value)


def _sender(
    options: Any,
    fields: tuple[Any, ...],
    wanted: Sequence[Any],
    conflict: Conflict | None,
    connection: Connection,
) -> Callable[[Rows, Callable[[Any], Rows]], Rows]:
    """What inserts one batch of rows and returns the columns `wanted` of each."""
    dialect = connection.dialect
    if connection.features.array_parameters:
        statement = dialect.render(writes.insert_arrays(options, fields, wanted, conflict))
        text, bind = statement.text, binder(statement.bindings, len(fields))

        def send_arrays(rows: Rows, load: Callable[[Any], Rows]) -> Rows:
            columns = bind(list(zip(*rows, strict=True)))
            if wanted:
                return connection.fetch(text, columns, load)
            connection.execute(text, columns)
            return []

        return send_arrays
    texts: dict[int, str] = {}

    def send_rows(rows: Rows, load: Callable[[Any], Rows]) -> Rows:
        text = texts.get(len(rows))
        if text is None:
            tree = writes.insert_rows(options, fields, len(rows), wanted, conflict)
            text = texts[len(rows)] = dialect.render(tree).text
        parameters = [value for row in rows for value in row]
        if wanted:
            return connection.fetch(text, parameters, load)
        connection.execute(text, parameters)
        return []

    return send_rows


def bulk_update(
    options: Any, instances: Sequence[Any], fields: tuple[Any, ...], alias: str, batch_size: int | None
) -> int:
    """Update `fields` of many rows, each to its instance's values; how many there were."""
    connection = connections[alias]
    extract = bulk_extractor((*fields, *options.pk_fields), connection, adding=False)
    send = _updater(options, fields, connection)
    size = batch_size or len(instances)
    matched = 0
    for start in range(0, len(instances), size):
        rows: list[tuple[Any, ...]] = []
        seen: set[Any] = set()
        for instance in instances[start : start + size]:
            # The first of several instances of one row counts.
            key = getattr(instance, options.pk.attname)
            if key in seen:
                continue
            seen.add(key)
            try:
                rows.append(extract(instance))
            except Computed:
                matched += _update_computed(instance, options, fields, connection)
        if rows:
            matched += send(rows)
    return matched


def _updater(options: Any, fields: tuple[Any, ...], connection: Connection) -> Callable[[Rows], int]:
    """What updates the rows of one batch, each a value for every field and the key; how many there were."""
    if not connection.features.array_parameters:
        text = connection.dialect.render(writes.update_row(options, fields)).text
        return lambda rows: connection.execute_many(text, rows)
    statement = connection.dialect.render(writes.update_rows(options, fields))
    width = len(fields)
    bind = binder(statement.bindings, width + len(options.pk_fields))

    def send(rows: Rows) -> int:
        columns = list(zip(*rows, strict=True))
        return connection.execute(statement.text, bind([*columns[width:], *columns[:width]]))

    return send


def in_one_transaction(alias: str) -> Atomic:
    """A block for several statements that belong together; no savepoint of its own inside another block."""
    return Atomic(alias, savepoint=False, durable=False)


def insertable(options: Any, instances: Iterable[Any]) -> dict[tuple[Any, ...], list[Any]]:
    """Instances by the fields that an INSERT of them names: those that hold no default of the database."""
    fields = options.written_fields
    defaulted = [field for field in fields if field.has_db_default()]
    key = options.pk
    # Only a single key can be left to the database; those of several columns are always named.
    every, without_key = tuple(fields), tuple(field for field in fields if field is not key)
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for instance in instances:
        chosen = every if getattr(instance, key.attname) is not None else without_key
        left_out = {f for f in defaulted if isinstance(getattr(instance, f.attname), DatabaseDefault)}
        if left_out:
            chosen = tuple(field for field in chosen if field not in left_out)
        groups.setdefault(chosen, []).append(instance)
    return groups
