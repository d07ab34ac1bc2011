"""Operators: conditions that PostgreSQL spells with an operator between two values of one type."""

from __future__ import annotations

from typing import ClassVar

from rowsmith.expressions.base import Resolved
from rowsmith.lookups.base import Given, Lookup, preparer
from rowsmith.sql import expressions as sql
from rowsmith.sql import types
from rowsmith.sql.predicates import Holds, Predicate


def infix(operator: str, left: sql.Expression, right: sql.Expression) -> Predicate:
    """The condition that an operator makes of two operands."""
    return Holds(sql.Infix(operator, left, right, type=types.Boolean()))


class OperatorLookup(Lookup):
    """An operator between the column and a value of its own type."""

    postgres_operator: ClassVar[str]

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        return infix(cls.postgres_operator, left.node, given.slot(preparer(left.field), left.node.type))

    @classmethod
    def expression(cls, left: Resolved, right: Resolved) -> Predicate:
        return infix(cls.postgres_operator, left.node, right.node)
