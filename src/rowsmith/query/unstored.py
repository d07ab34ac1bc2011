"""Unstored rows: expressions over a model's columns, computed from values that no row holds yet."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from rowsmith.expressions.base import Resolved, Scope
from rowsmith.expressions.combinable import Combinable, Shaped, kind_of
from rowsmith.expressions.q import Q
from rowsmith.query.planner import nest
from rowsmith.query.query import query_of
from rowsmith.query.resolver import Resolver
from rowsmith.query.slots import Slots
from rowsmith.sql import expressions as sql
from rowsmith.sql.nodes import Node, rewrite, walk
from rowsmith.sql.types import Integer, Serial


class RuleScope(Resolver):
    """What a rule about rows resolves its names against: what is unknown must stay so, and not become false.

    A filter leaves out the rows of which it knows nothing; a rule lets them pass.
    """

    def column(self, alias: str, field: Any) -> sql.Expression:
        column = super().column(alias, field)
        if not isinstance(column, sql.Column) or not isinstance(column.type, Integer | Serial):
            return column
        # What was computed may be any number, so that no comparison is answered by the column's range alone.
        return sql.Column(alias, column.name, type=column.type, nullable=column.nullable, computed=True)


def resolved(model: Any, expression: Any, slots: Slots) -> Resolved:
    """A Q or an expression over the model's own columns."""
    scope = RuleScope(query_of(model._meta), slots, nest, allow_joins=False)
    if isinstance(expression, Q):
        return Resolved(sql.Truth(scope.condition(expression)))
    found: Resolved = expression.resolve(scope)
    return found


def fields_read(model: Any, expressions: Iterable[Any]) -> tuple[Any, ...] | None:
    """The fields whose columns the expressions read, a generated one with those that it is computed from.

    returns: the fields in the order of the model; None where SQL text of the user's own hides them.
    """
    by_column = {field.column: field for field in model._meta.local_concrete_fields}
    found: set[Any] = set()
    pending = list(expressions)
    while pending:
        for node in walk(resolved(model, pending.pop(), Slots((), 0)).node):
            if isinstance(node, sql.Raw | sql.Spelled):
                return None
            if isinstance(node, sql.Column):
                field = by_column[node.name]
                if field.generated and field not in found:
                    pending.append(field.expression)
                found.add(field)
    return tuple(field for field in model._meta.local_concrete_fields if field in found)


class OverRow(Combinable):
    """A Q or an expression in which values stand in the place of the row's columns.

    model:   whose columns it names.
    values:  what they are, by column name: plain ones, or expressions that read no column; generated columns are
             computed from the others.
    """

    __slots__ = ("expression", "model", "values")

    conditional = True

    def __init__(self, model: Any, expression: Any, values: Mapping[str, Any]) -> None:
        self.model = model
        self.expression = expression
        self.values = values

    def __repr__(self) -> str:
        return f"OverRow({self.expression!r}, {dict(self.values)!r})"

    def fingerprint(self, values: list[Any]) -> Hashable:
        kinds = [kind_of(part, values) for part in self._parts()]
        return (OverRow, self.model, *kinds, *[(column, kind_of(v, values)) for column, v in self.values.items()])

    def _parts(self) -> list[Any]:
        """The expression and those of the generated columns."""
        return [self.expression, *(field.expression for field in self.model._meta.generated_fields)]

    def resolve(self, scope: Scope) -> Resolved:
        slots = scope.slots  # type: ignore[attr-defined]
        first, *others = [resolved(self.model, part, slots) for part in self._parts()]
        generated = {
            field.column: sql.RowValue(found.node, type=field.sql_type)
            for field, found in zip(self.model._meta.generated_fields, others, strict=True)
        }
        fields = {field.column: field for field in self.model._meta.local_concrete_fields}
        given: dict[str, sql.Expression] = {}
        for column, value in self.values.items():
            field = fields[column]
            if isinstance(value, Shaped):
                operand = resolved(self.model, value, slots).node
            else:
                operand = slots.take(value).slot(None, field.sql_type)
            given[column] = sql.RowValue(operand, type=field.sql_type)

        def change(node: Node) -> Node | None:
            if not isinstance(node, sql.Column) or node.alias != self.model._meta.db_table:
                return None
            return rewrite(generated[node.name], change) if node.name in generated else given[node.name]

        return Resolved(rewrite(first.node, change), first.field)
