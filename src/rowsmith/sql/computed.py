"""Computed: whether an expression or a condition is computed, from what, and what becomes of its value."""

from __future__ import annotations

from collections.abc import Iterator

from rowsmith.sql.expressions import Aggregate, AggregateCall, Column, Expression, Function
from rowsmith.sql.nodes import Node, parts, traits
from rowsmith.sql.select import Query
from rowsmith.sql.types import Float, Integer
from rowsmith.sql.windows import Window

_COUNTS = frozenset({"COUNT", "ROW_NUMBER", "RANK", "DENSE_RANK", "NTILE"})
_CHOICES = frozenset({"MIN", "MAX", "LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE", "NTH_VALUE"})
_VOLATILE = frozenset({"RAND", "RANDOM", "UUIDV4", "UUIDV7", "STATEMENT_TIMESTAMP"})
_MEANS = frozenset({"AVG", "SUM"})


def own_parts(node: Node) -> Iterator[Node]:
    """`node` and what stands below it, parents first, but not what stands in its subqueries."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        if not isinstance(current, Query):
            pending.extend(reversed(list(parts(current))))


_AGGREGATE, _WINDOW, _CHANGING = 1, 2, 4


def _traits(node: Node) -> int:
    if isinstance(node, Aggregate):
        return _AGGREGATE
    if isinstance(node, Window):
        return _WINDOW
    return _CHANGING if isinstance(node, Function) and node.name in _VOLATILE else 0


def has_aggregate(node: Node) -> bool:
    """Whether a part of it is computed over groups."""
    return bool(traits(node, _traits, (Query,)) & _AGGREGATE)


def has_window(node: Node) -> bool:
    """Whether a part of it is computed over a window."""
    return bool(traits(node, _traits, (Query,)) & _WINDOW)


def is_volatile(node: Node) -> bool:
    """Whether a part of it may have another value each time it is asked for."""
    return bool(traits(node, _traits, (Query,)) & _CHANGING)


def comes_as_stored(node: Expression) -> bool:
    """Whether the driver returns its values in the form in which it returns those of a column of the same type.

    Databases count in integers, choose among values as they are, and add floats up to floats; what they make of other
    numbers has a type of its own.
    """
    if isinstance(node, Column):
        return not node.computed
    if isinstance(node, Window):
        return node.type == node.call.type and comes_as_stored(node.call)
    if not isinstance(node, AggregateCall | Function):
        return False
    if node.name in _COUNTS:
        return isinstance(node.type, Integer)
    if not node.arguments or len(node.arguments) > 2 or not comes_as_stored(node.arguments[0]):
        return False
    if node.name in _MEANS:
        return isinstance(node.type, Float) and isinstance(node.arguments[0].type, Float)
    return node.name in _CHOICES and node.type == node.arguments[0].type
