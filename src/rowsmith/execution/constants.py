"""Conditions and expressions as text with their values in it, for definitions, which take no parameters."""

from __future__ import annotations

import datetime
import decimal
import uuid
from typing import Any

from rowsmith.fields.base import Field, is_expression
from rowsmith.query.planner import nest
from rowsmith.query.query import query_of
from rowsmith.query.resolver import Resolver
from rowsmith.query.slots import Slots
from rowsmith.sql import expressions as sql
from rowsmith.sql.predicates import InList
from rowsmith.sql.statement import Binding


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
    slots = Slots((), 0)
    scope = Resolver(query_of(model._meta), slots, nest, allow_joins=False)
    if getattr(expression, "connector", None) is not None and hasattr(expression, "children"):
        node: Any = scope.condition(expression)
    else:
        node = expression.resolve(scope).node
    renderer_class = type("ConstantRenderer", (_Constants, dialect.renderer), {})
    renderer = renderer_class(dialect)
    renderer.values = slots.prepared
    return str(renderer.render(node))


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
        values = [value if value is None or encode is None else encode(value) for value in self.values[node.values.slot]]
        operand = self.render(node.operand)  # type: ignore[attr-defined]
        return f"{operand} IN ({', '.join(literal(value) for value in values)})"

    def column(self, node: sql.Column) -> str:
        return str(self.quote(node.name))  # type: ignore[attr-defined]


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
