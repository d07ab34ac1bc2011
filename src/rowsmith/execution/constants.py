"""Conditions and expressions as text with their values in it, for definitions, which take no parameters."""

from __future__ import annotations

import datetime
import decimal
import uuid
from typing import Any

from rowsmith.fields.base import Field, is_expression
from rowsmith.fields.generated import GeneratedField
from rowsmith.query.slots import Slots
from rowsmith.query.unstored import OverRow, resolved
from rowsmith.query.writes import stored_document
from rowsmith.sql import expressions as sql
from rowsmith.sql import types
from rowsmith.sql.predicates import InList
from rowsmith.sql.statement import Binding, binder


def text_of(dialect: Any, model: Any, item: Any) -> str:
    """The SQL of `item` over the model's own columns.

    item:  a Q, an expression, or a field, of which its expression or its `db_default` is meant.
    """
    if not isinstance(item, Field):
        return _text(dialect, _resolved(model, item))
    if isinstance(item, GeneratedField):
        node, values = _resolved(model, item.expression)
        if isinstance(item.sql_type, types.Json):
            node = stored_document(node)
        return _text(dialect, (node, values))
    if not is_expression(item.db_default):
        return default_text(dialect, item)
    return f"({_text(dialect, _resolved(model, item.db_default))})"


def default_text(dialect: Any, field: Any) -> str:
    """A literal `db_default`."""
    return value_text(dialect, field, field.db_default)


def value_text(dialect: Any, field: Any, value: Any) -> str:
    """A value of a field, as it stands in a statement that takes no parameters."""
    value = field.get_prep_value(value)
    if value is not None and (encode := dialect.codec(field.sql_type).encode) is not None:
        value = encode(value)
    return literal(dialect, value)


def _resolved(model: Any, expression: Any) -> tuple[Any, list[Any]]:
    """The SQL tree of a Q or an expression over the model's own columns, and the values of its slots."""
    slots = Slots((), 0)
    return resolved(model, expression, slots).node, slots.prepared


def _text(dialect: Any, found: tuple[Any, list[Any]]) -> str:
    node, values = found
    if isinstance(node, sql.Truth):
        # Whatever it stands in brings parentheses of its own.
        node = node.predicate
    renderer_class = type("ConstantRenderer", (_Constants, dialect.renderer), {})
    renderer = renderer_class(dialect)
    renderer.values = values
    return str(renderer.render(node))


def evaluate(connection: Any, expression: OverRow) -> Any:
    """What the database makes of an expression over a row that is not stored.

    returns: the driver's value: None for NULL, and something false for a condition that does not hold.
    """
    node, values = _resolved(expression.model, expression)
    renderer = connection.dialect.renderer(connection.dialect)
    text = f"SELECT {renderer.render(node)}"
    parameters = binder(renderer.bindings, len(values))(values)
    return connection.fetch(text, parameters, lambda rows: [row[0] for row in rows])[0]


class _Constants:
    """Writes values where a statement would have placeholders, and columns without their table."""

    values: list[Any]
    dialect: Any

    def bind(self, binding: Binding) -> str:
        value = binding.source() if binding.source is not None else self.values[binding.slot or 0]
        if value is not None and binding.encode is not None:
            value = binding.encode(value)
        return literal(self.dialect, value)

    def in_list(self, node: InList) -> str:
        # A list is written out: SQLite allows no subselect here, and there is no parameter to hold it.
        encode = self.dialect.codec(node.values.type).encode
        values = [
            value if value is None or encode is None else encode(value) for value in self.values[node.values.slot]
        ]
        operand = self.render(node.operand)  # type: ignore[attr-defined]
        return f"{operand} IN ({', '.join(literal(self.dialect, value) for value in values)})"

    def column(self, node: sql.Column) -> str:
        return str(self.quote(node.name))  # type: ignore[attr-defined]


def literal(dialect: Any, value: Any) -> str:
    """One encoded value as SQL writes it."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float() | decimal.Decimal():
            return str(value)
        case bytes():
            return str(dialect.definitions().binary(value))
        case list() | tuple():
            return f"ARRAY[{', '.join(literal(dialect, item) for item in value)}]"
        case datetime.timedelta():
            return f"'{value.days} days {value.seconds} seconds {value.microseconds} microseconds'"
        case str() | datetime.date() | datetime.time() | uuid.UUID():
            return "'" + str(value).replace("'", "''") + "'"
    raise TypeError(f"{value!r} cannot be written into a table definition.")
