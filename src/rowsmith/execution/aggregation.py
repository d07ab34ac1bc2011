"""Aggregation: the aggregates of a whole query, around a subquery where rows were grouped, sliced or made distinct."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rowsmith.db.handler import connections
from rowsmith.execution.reading import Compiled, check_database, compile_plan
from rowsmith.expressions.aggregates import Aggregate
from rowsmith.expressions.combinable import kind_of
from rowsmith.query.aggregating import planned_aggregates
from rowsmith.query.query import Query
from rowsmith.query.shape import Shape, Values, extend
from rowsmith.query.slots import Slots


def _of_nothing(expression: Any) -> Any:
    """What an expression is over no rows; NotImplemented when only the database can tell."""
    return expression.empty_value() if isinstance(expression, Aggregate) else NotImplemented


def aggregate(shape: Shape, values: Values, expressions: Mapping[str, Any], alias: str) -> dict[str, Any]:
    """The values of `expressions` over every row of a shape."""
    if not expressions:
        return {}
    if shape.query.empty:
        empty = {name: _of_nothing(expression) for name, expression in expressions.items()}
        if NotImplemented not in empty.values():
            return empty
    raw: list[Any] = []
    key = ("aggregate", *[(name, kind_of(value, raw)) for name, value in expressions.items()])
    plans = []

    def build(query: Query, slots: Slots) -> Query:
        plans.append(planned_aggregates(query, slots, expressions))
        return query

    child, values = extend(shape, values, key, raw, build)
    connection = connections[alias]
    compiled: Compiled | None = child.compiled.get((connection.epoch, "aggregate"))
    if compiled is None:
        check_database(child.query, connection)
        if not plans:
            # Another database has this shape already; its plan was not kept.
            build(shape.query, Slots(raw, shape.query.width))
        compiled = compile_plan(plans[0], connection, child.query.width, shape.query.options.label)
        child.compiled[(connection.epoch, "aggregate")] = compiled
    [row] = connection.fetch(compiled.text, compiled.bind(values), compiled.load)
    return row  # type: ignore[no-any-return]
