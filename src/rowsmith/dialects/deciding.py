"""Deciding: a condition whose writer says that no row meets it, or every row, simplifies the query around it."""

from __future__ import annotations

from collections.abc import Callable

from rowsmith.exceptions import EmptyResultSet, FullResultSet
from rowsmith.sql import expressions as e
from rowsmith.sql import predicates as p
from rowsmith.sql.nodes import Node, rewrite, walk


def decided(tree: Node, write: Callable[[e.Spelled], object]) -> Node:
    """`tree` without the conditions that turned out to be constant when they were written."""
    if not any(isinstance(node, e.Spelled) for node in walk(tree)):
        return tree

    def change(node: Node) -> Node | None:
        match node:
            case p.Holds(e.Spelled() as spelled):
                try:
                    write(spelled)
                except EmptyResultSet:
                    return p.NEVER
                except FullResultSet:
                    return p.ALWAYS
                return None
            case p.And(operands):
                return p.conjunction([rewrite(operand, change) for operand in operands])
            case p.Or(operands):
                return p.disjunction([rewrite(operand, change) for operand in operands])
            case p.Xor(operands):
                return p.exclusive([rewrite(operand, change) for operand in operands])
            case p.Not(operand):
                return p.negation(rewrite(operand, change))
            case _:
                return None

    return rewrite(tree, change)
