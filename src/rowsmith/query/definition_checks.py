"""Definition checks: whether the expressions of a definition mean something that a table can keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rowsmith.exceptions import FieldError
from rowsmith.metadata.findings import CheckMessage, error, warning
from rowsmith.query.ordering import sort_keys
from rowsmith.query.planner import nest
from rowsmith.query.query import query_of
from rowsmith.query.resolver import Resolver
from rowsmith.query.slots import Slots
from rowsmith.query.unstored import resolved
from rowsmith.sql import expressions as sql
from rowsmith.sql.computed import has_aggregate, has_window, is_volatile
from rowsmith.sql.nodes import Node, walk
from rowsmith.sql.select import Query

# What resolving an expression raises when a name, a type or a value in it is wrong.
MISTAKES = (FieldError, LookupError, TypeError, ValueError, AttributeError)


def check_expressions(model: Any) -> Iterator[CheckMessage]:
    """The findings about generated fields, constraints and indexes of one model."""
    meta = model._meta
    if meta.proxy or meta.swapped:
        return
    yield from _ordering(model)
    for field in meta.local_fields:
        if field.generated:
            yield from _generated(field)
    for constraint in meta.constraints:
        about = f"constraint {constraint.name!r}"
        for expression in _expressions_of(constraint):
            yield from _over_columns(model, expression, about, "constraints", constraint.name)
    for index in meta.indexes:
        for expression in _expressions_of(index):
            yield from _over_columns(model, expression, f"index {index.name!r}", "indexes", None)


def _ordering(model: Any) -> Iterator[CheckMessage]:
    """The findings about `Meta.ordering`."""
    for item in model._meta.ordering:
        try:
            sort_keys((item,), Resolver(query_of(model._meta), Slots((), 0), nest))
        except MISTAKES as problem:
            yield error(f"'ordering' cannot sort by {item!r}: {_told(problem)}", model, "models.E015")


def _expressions_of(item: Any) -> Iterable[Any]:
    """The conditions and expressions of a constraint or an index."""
    for expression in getattr(item, "expressions", ()):
        # Of an exclusion, a pair with the operator that compares it.
        yield expression[0] if isinstance(expression, tuple) else expression
    if getattr(item, "condition", None) is not None:
        yield item.condition


def _resolve(model: Any, expression: Any) -> Node:
    """The SQL of an expression over the model's own columns; without the direction in which an index keeps it."""
    inner = expression.expression if hasattr(expression, "descending") else expression
    return resolved(model, inner, Slots((), 0)).node


def _generated(field: Any) -> Iterator[CheckMessage]:
    model = field.model
    try:
        node = _resolve(model, field.expression)
    except MISTAKES as problem:
        yield error(
            f"The expression of the generated field does not fit the model: {_told(problem)}",
            field,
            "rowsmith.E101",
            hint="Use the columns of the same row only.",
        )
        return
    if reason := _unfit(node):
        yield error(f"The expression of a generated field {reason}.", field, "rowsmith.E102")
    generated = {other.column: other for other in model._meta.local_fields if other.generated}
    for part in walk(node):
        if isinstance(part, sql.Column) and part.name in generated:
            yield error(
                f"The expression refers to the generated field {generated[part.name].name!r}, which databases do not "
                "allow.",
                field,
                "rowsmith.E103",
                hint=f"Write the expression of {generated[part.name].name!r} in its place.",
            )
    if field.primary_key:
        yield error("A generated field cannot be the primary key.", field, "rowsmith.E104")


def _over_columns(
    model: Any, expression: Any, about: str, option: str, constraint: str | None
) -> Iterator[CheckMessage]:
    """The findings about one condition or expression of a constraint or an index."""
    try:
        node = _resolve(model, expression)
    except MISTAKES as problem:
        joined = "Joined field references" in str(problem)
        yield error(
            f"{option!r}: the {about} "
            + (
                f"refers to another table in {expression!r}, and a table keeps rules about its own rows only."
                if joined
                else f"does not fit the model: {_told(problem)}"
            ),
            model,
            "models.E041" if joined else "models.E012",
        )
        return
    if reason := _unfit(node):
        yield error(f"{option!r}: the {about} {reason}.", model, "rowsmith.E105")
    if constraint is not None and any(isinstance(part, sql.Raw) for part in walk(node)):
        yield warning(
            f"Constraint {constraint!r} contains RawSQL() expressions and won't be validated during the model "
            "full_clean().",
            model,
            "models.W045",
            hint="Silence this warning if you don't care about it.",
        )


def _unfit(node: Node) -> str | None:
    """Why no table can keep what the expression says; None when it can."""
    if has_aggregate(node):
        return "contains an aggregate, which is computed over several rows"
    if has_window(node):
        return "contains a window, which is computed over several rows"
    if any(isinstance(part, Query) for part in walk(node)):
        return "contains a subquery, which reads other rows"
    if is_volatile(node):
        return "contains a function that has another value each time, such as Now() or Random()"
    if any(isinstance(part, sql.Outer) for part in walk(node)):
        return "contains an OuterRef(), and there is no query around it"
    return None


def _told(problem: Exception) -> str:
    """The words of an error that was raised while resolving."""
    return str(problem.args[0]) if problem.args else type(problem).__name__
