"""Qualifying: conditions on windows, which databases compute after WHERE and HAVING, so around a query of their own."""

from __future__ import annotations

from collections.abc import Iterator

from rowsmith.query.derived import ROWS, column_name
from rowsmith.records import Record
from rowsmith.sql import expressions as sql
from rowsmith.sql import predicates as p
from rowsmith.sql.computed import has_aggregate, has_window
from rowsmith.sql.nodes import N, Node, rewrite
from rowsmith.sql.predicates import Predicate
from rowsmith.sql.select import Output, Query
from rowsmith.sql.windows import Window


class Conditions(Record):
    """A query's conditions by when they are looked at: on rows, on groups, on rows with their windows."""

    where: Predicate
    having: Predicate
    qualify: Predicate


def split(predicate: Predicate) -> Conditions:
    """The conditions of a query by when databases look at them."""
    operands = predicate.operands if isinstance(predicate, p.And) else (predicate,)
    rows, groups, windows = list[Predicate](), list[Predicate](), list[Predicate]()
    for operand in operands:
        kind = windows if has_window(operand) else groups if has_aggregate(operand) else rows
        kind.append(operand)
    if not groups and not windows:
        return Conditions(predicate, p.ALWAYS, p.ALWAYS)
    return Conditions(p.conjunction(rows), p.conjunction(groups), p.conjunction(windows))


def check_groups(qualify: Predicate) -> None:
    """Raise NotImplementedError for an OR or XOR of a window over groups and of single rows, which are gone by then."""
    for operand in qualify.operands if isinstance(qualify, p.And) else (qualify,):
        if any(not has_window(leaf) and not has_aggregate(leaf) for leaf in _leaves(operand)):
            raise NotImplementedError(
                "Heterogeneous disjunctive predicates against window functions are not implemented when performing "
                "conditional aggregation: where rows are grouped, an OR or XOR cannot mix a condition on a window with "
                "one on single rows. Ask in two querysets, and combine them with union()."
            )


def _leaves(predicate: Predicate) -> Iterator[Predicate]:
    match predicate:
        case p.And(operands) | p.Or(operands) | p.Xor(operands):
            for operand in operands:
                yield from _leaves(operand)
        case p.Not(operand):
            yield from _leaves(operand)
        case _:
            yield predicate


class Below:
    """The columns of the query below: its outputs, and what the conditions and the order around it need besides.

    aliases:  the tables of the query below, which nothing around it can see.
    """

    def __init__(self, outputs: tuple[Output, ...], aliases: frozenset[str]) -> None:
        self.outputs = list(outputs)
        self._aliases = aliases
        self._places: dict[sql.Expression, int] = {}
        for number, output in enumerate(outputs):
            if not isinstance(output.expression, sql.Literal):
                self._places.setdefault(output.expression, number)

    def seen_from_above(self, node: N) -> N:
        """A part of the query as it is written around the query below."""
        return rewrite(node, self._change)

    def column(self, number: int) -> sql.Reference:
        """One of the columns, from above."""
        return sql.Reference(column_name(number), ROWS, type=self.outputs[number].expression.type)

    def named(self) -> tuple[Output, ...]:
        """The outputs under the names that they have above."""
        return tuple(Output(output.expression, column_name(n)) for n, output in enumerate(self.outputs))

    def _change(self, node: Node) -> Node | None:
        if isinstance(node, Query):
            return rewrite(node, self._change_column)
        if isinstance(node, Window | sql.Aggregate) or (isinstance(node, sql.Expression) and node in self._places):
            return self._reference(node)
        return self._change_column(node)

    def _change_column(self, node: Node) -> Node | None:
        if isinstance(node, sql.Column) and node.alias in self._aliases:
            return self._reference(node)
        return None

    def _reference(self, expression: sql.Expression) -> sql.Reference:
        place = self._places.get(expression)
        if place is None:
            place = self._places[expression] = len(self.outputs)
            self.outputs.append(Output(expression))
        return self.column(place)
