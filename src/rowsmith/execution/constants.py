"""Conditions and expressions as text with their values in it, for definitions, which take no parameters."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Mapping
from typing import Any

from rowsmith.expressions import Q
from rowsmith.fields.base import Field, is_expression
from rowsmith.query.planner import nest
from rowsmith.query.query import query_of
from rowsmith.query.resolver import Resolver
from rowsmith.query.slots import Slots
from rowsmith.sql import expressions as sql
from rowsmith.sql.nodes import walk
from rowsmith.sql.predicates import InList
from rowsmith.sql.statement import Binding, binder


def text_of(dialect: Any, model: Any, item: Any) -> str:
    """The SQL of `item` over the model's own columns: a Q, an expression, or a field whose `db_default` is meant."""
    if isinstance(item, Field):
        if not is_expression(item.db_default):
            return default_text(dialect, item)
        return f"({_expression(dialect, model, item.db_default)})"
    return _expression(dialect, model, item)


def default_text(dialect: Any, field: Any) -> str:
    """A literal `db_default`."""
    value = field.get_prep_value(field.db_default)
    if value is not None and (encode := dialect.codec(field.sql_type).encode) is not None:
        value = encode(value)
    return literal(value)


def _expression(dialect: Any, model: Any, expression: Any) -> str:
    node, values = _resolved(model, expression)
    renderer_class = type("ConstantRenderer", (_Constants, dialect.renderer), {})
    renderer = renderer_class(dialect)
    renderer.values = values
    return str(renderer.render(node))


def _resolved(model: Any, expression: Any) -> tuple[Any, list[Any]]:
    """The SQL tree of a Q or an expression over the model's own columns, and the values of its slots."""
    slots = Slots((), 0)
    scope = Resolver(query_of(model._meta), slots, nest, allow_joins=False)
    node: Any = scope.condition(expression) if isinstance(expression, Q) else expression.resolve(scope).node
    return node, slots.prepared


def evaluate(connection: Any, model: Any, expression: Any, values: Mapping[str, Any]) -> Any:
    """What the database makes of a Q or an expression for one row that is not stored.

    values:  prepared values by column name; every column that the expression reads must be there.
    returns: the driver's value: None for NULL, and something false for a condition that does not hold.
    """
    dialect = connection.dialect
    node, slots = _resolved(model, expression)
    renderer = type("RowRenderer", (_Row, dialect.renderer), {})(dialect)
    renderer.row = values
    text = f"SELECT {renderer.render(node)}"
    parameters = binder(renderer.bindings, len(slots))(slots)
    return connection.fetch(text, parameters, lambda rows: [row[0] for row in rows])[0]


def columns_read(model: Any, expression: Any) -> set[str] | None:
    """The columns that a Q or an expression reads; None when it holds SQL text of the user's own."""
    node, _ = _resolved(model, expression)
    found: set[str] = set()
    for part in walk(node):
        if isinstance(part, sql.Raw):
            return None
        if isinstance(part, sql.Column):
            found.add(part.name)
    return found


class _Constants:
    """Writes values where a statement would have placeholders, and columns without their table."""

    values: list[Any]

    def bind(self, binding: Binding) -> str:
        value = binding.source() if binding.source is not None else self.values[binding.slot or 0]
        if value is not None and binding.encode is not None:
            value = binding.encode(value)
        return literal(value)

    def in_list(self, node: InList) -> str:
        # A list is written out: SQLite allows no subselect here, and there is no parameter to hold it.
        encode = self.dialect.codec(node.values.type).encode  # type: ignore[attr-defined]
        values = [
            value if value is None or encode is None else encode(value) for value in self.values[node.values.slot]
        ]
        operand = self.render(node.operand)  # type: ignore[attr-defined]
        return f"{operand} IN ({', '.join(literal(value) for value in values)})"

    def column(self, node: sql.Column) -> str:
        return str(self.quote(node.name))  # type: ignore[attr-defined]


class _Row:
    """Binds the values of a row in the place of its columns."""

    row: Mapping[str, Any]

    def column(self, node: sql.Column) -> str:
        value, dialect = self.row[node.name], self.dialect  # type: ignore[attr-defined]
        encode = dialect.codec(node.type).encode
        if value is not None and encode is not None:
            value = encode(value)
        text = self.bind(Binding(None, source=lambda: value))  # type: ignore[attr-defined]
        return str(dialect.definitions().typed(text, node.type))


def literal(value: Any) -> str:
    """One encoded value as SQL writes it."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float() | decimal.Decimal():
            return str(value)
        case bytes():
            return f"X'{value.hex()}'"
        case list() | tuple():
            return f"ARRAY[{', '.join(literal(item) for item in value)}]"
        case datetime.timedelta():
            return f"'{value.days} days {value.seconds} seconds {value.microseconds} microseconds'"
        case str() | datetime.date() | datetime.time() | uuid.UUID():
            return "'" + str(value).replace("'", "''") + "'"
    raise TypeError(f"{value!r} cannot be written into a table definition.")
