"""OrderBy: an expression as a sort key."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.combinable import Combinable
from rowsmith.expressions.names import F
from rowsmith.sql import expressions as sql


class OrderBy(Expression):
    """A sort key: an expression, its direction, and where NULLs go."""

    __slots__ = ("descending", "expression", "nulls_first", "nulls_last")

    def __init__(
        self,
        expression: Any,
        descending: bool = False,
        nulls_first: bool | None = None,
        nulls_last: bool | None = None,
    ) -> None:
        if nulls_first and nulls_last:
            raise ValueError("nulls_first and nulls_last are mutually exclusive.")
        if nulls_first is False or nulls_last is False:
            raise ValueError(
                "nulls_first and nulls_last are True or None; use the other one instead of False."
            )
        if not isinstance(expression, Combinable):
            raise ValueError(f"OrderBy() takes an expression, not {expression!r}.")
        self.expression = expression
        self.descending = descending
        self.nulls_first = nulls_first
        self.nulls_last = nulls_last

    @classmethod
    def by_name(cls, name: str) -> OrderBy:
        """The sort key that a name means, with a leading `-` for descending."""
        key = cls.__new__(cls)
        key.descending = name[:1] == "-"
        key.expression = F(name[1:] if key.descending else name)
        key.nulls_first = key.nulls_last = None
        return key

    def __repr__(self) -> str:
        return f"OrderBy({self.expression!r}, descending={self.descending})"

    @property
    def nulls(self) -> bool | None:
        """True for NULLs first, False for NULLs last, None for the database's own place."""
        return True if self.nulls_first else False if self.nulls_last else None

    def get_source_expressions(self) -> list[Any]:
        return [self.expression]

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        [self.expression] = expressions

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (OrderBy, self.descending, self.nulls, self.expression.fingerprint(values))

    def resolve(self, scope: Scope) -> Resolved:
        return self.expression.resolve(scope)

    def resolve_keys(self, scope: Scope) -> tuple[sql.Ordering, ...]:
        """The sort key in the SQL tree; one for each column of a key of several."""
        node = self.expression.resolve(scope).node
        return tuple([sql.Ordering(item, self.descending, self.nulls) for item in sql.items_of(node)])

    def reverse_ordering(self) -> OrderBy:
        nulls = self.nulls
        return OrderBy(self.expression, not self.descending, nulls is False or None, nulls or None)

    def asc(self, **options: Any) -> OrderBy:
        return OrderBy(self.expression, **options)

    def desc(self, **options: Any) -> OrderBy:
        return OrderBy(self.expression, descending=True, **options)


Expression.orderings = OrderBy
