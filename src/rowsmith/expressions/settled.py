"""Settled: the parts of an expression once they are resolved, as its own code gets to see them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from threading import local
from typing import Any

from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.values import Value
from rowsmith.records import replace
from rowsmith.sql import expressions as sql
from rowsmith.sql.nodes import Node, rewrite, walk


class Opened(Exception):
    """Code of the user's looked at a value that may be another one when the same SQL is used again.

    It is counted, too, because that code may catch it.
    """

    def __init__(self) -> None:
        super().__init__()
        _noticed.count = times_opened() + 1


_noticed = local()


def times_opened() -> int:
    """How often code of the user's looked at such values in this thread."""
    count: int = getattr(_noticed, "count", 0)
    return count


_UNSET = frozenset({"bilateral", "get_bilateral_transforms", "sql_type", "fingerprint"})
"""What the library itself asks expressions for that may not have it."""


class Settled(Expression):
    """A part that is resolved already: a SQL expression and its field.

    origin:  the expression that it was, for the value of a Value.
    """

    def __init__(self, resolved: Resolved, origin: Any = None, *, is_open: bool = False) -> None:
        self.resolved = resolved
        self.output_field = resolved.field
        self.origin = origin
        self.is_open = is_open

    def __repr__(self) -> str:
        return f"Settled({self.resolved.node!r})"

    @property
    def value(self) -> Any:
        """The value of a Value, where the SQL is used for this value alone."""
        if isinstance(self.origin, Value) and not self.is_open:
            raise Opened
        return self.origin.value

    @property
    def target(self) -> Any:
        """The field of a column."""
        return self.output_field

    def __getattr__(self, name: str) -> Any:
        # Whatever else it was, a value may be found there, too.
        origin = vars(self).get("origin")
        if name.startswith("_") or name in _UNSET or not hasattr(origin, name):
            raise AttributeError(f"A resolved {type(origin).__name__} has no attribute {name!r}.")
        if not self.is_open:
            raise Opened
        return getattr(origin, name)

    @property
    def contains_aggregate(self) -> bool:
        return any(isinstance(node, sql.Aggregate) for node in walk(self.resolved.node))

    def but(self, node: sql.Expression, *, is_open: bool) -> Settled:
        """The same part as another node."""
        return Settled(Resolved(node, self.resolved.field), self.origin, is_open=is_open)

    def relabeled_clone(self, change_map: Mapping[str, str]) -> Settled:
        def change(node: Node) -> Node | None:
            if isinstance(node, sql.Column) and node.alias in change_map:
                return replace(node, alias=change_map[node.alias])
            return None

        return Settled(Resolved(rewrite(self.resolved.node, change), self.resolved.field), self.origin)

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (Settled, self.resolved.node)

    def resolve(self, scope: Scope) -> Resolved:
        return self.resolved

    def resolve_expression(self, query: Any = None, *args: Any, **kwargs: Any) -> Settled:
        return self


def settled(source: Any, scope: Scope) -> Any:
    """A part of an expression, resolved; what is transparent stays what it is, over resolved parts."""
    if isinstance(source, Settled):
        return source
    if getattr(source, "transparent", False):
        return source._over_settled(scope)
    return Settled(source.resolve(scope), source)


class Converted:
    """A field whose values an expression converts once more."""

    def __init__(self, field: Any, expression: Any) -> None:
        self.field = field
        self.expression = expression

    def __getattr__(self, name: str) -> Any:
        return getattr(self.field, name)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """The value as the field reads it, then as the expression converts it."""
        read = getattr(self.field, "from_db_value", None)
        if read is not None:
            value = read(value, expression, connection)
        return self.expression.convert_value(value, self.expression, connection)


Expression.settle = staticmethod(settled)
Expression.converted = Converted
