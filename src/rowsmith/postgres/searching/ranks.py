"""Ranks: how well a prepared text meets a query."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.combinable import Shaped, as_expression
from rowsmith.postgres.searching.lexemes import LexemeCombinable
from rowsmith.postgres.searching.queries import SearchQuery
from rowsmith.postgres.searching.vectors import SearchVector
from rowsmith.sql import expressions as sql
from rowsmith.sql import types

_REALS = types.Custom("real[]")


def as_query(query: Any, config: Any = None) -> Any:
    """A query that may be given as a text."""
    if isinstance(query, LexemeCombinable) or not isinstance(query, Shaped):
        return SearchQuery(query, config=config)
    return query


class SearchRank(Expression):
    """How well a vector meets a query: larger for more hits, of more weight, in shorter texts.

    weights:        what lexemes of the weights D, C, B and A count for, in this order.
    normalization:  how the length of a text counts, as the server numbers it.
    cover_density:  whether it counts how close to each other the hits are.
    """

    def __init__(
        self,
        vector: Any,
        query: Any,
        weights: Any = None,
        normalization: Any = None,
        cover_density: bool = False,
    ) -> None:
        self.vector: Any = vector if isinstance(vector, Shaped) else SearchVector(vector)
        self.query: Any = as_query(query)
        self.weights: Any = weights
        if weights is not None and not isinstance(weights, Shaped):
            self.weights = [float(weight) for weight in weights]
            if len(self.weights) != 4:
                raise ValueError(f"weights are four numbers, for D, C, B and A, not {len(self.weights)}.")
        self.normalization = normalization
        self.cover_density = cover_density

    @property
    def output_field(self) -> Any:
        return Expression.field_of_type(types.Float())

    def __repr__(self) -> str:
        return f"SearchRank({self.vector!r}, {self.query!r})"

    def get_source_expressions(self) -> list[Any]:
        return [self.vector, self.query]

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        self.vector, self.query = expressions

    def fingerprint(self, values: list[Any]) -> Hashable:
        weights: Hashable = None
        if isinstance(self.weights, Shaped):
            weights = self.weights.fingerprint(values)
        elif self.weights is not None:
            values.append(self.weights)
            weights = list
        vector, query = self.vector.fingerprint(values), self.query.fingerprint(values)
        number = None if self.normalization is None else as_expression(self.normalization).fingerprint(values)
        return (type(self), weights, vector, query, number, self.cover_density)

    def resolve(self, scope: Scope) -> Resolved:
        arguments: list[sql.Expression] = []
        if self.weights is not None and not isinstance(self.weights, list):
            arguments.append(self.weights.resolve(scope).node)
        elif self.weights is not None:
            weights = scope.value(self.weights, types.Array(types.Float()))
            arguments.append(sql.Cast(weights, type=_REALS))
        arguments += [self.vector.resolve(scope).node, self.query.resolve(scope).node]
        if self.normalization is not None:
            arguments.append(as_expression(self.normalization).resolve(scope).node)
        name = "ts_rank_cd" if self.cover_density else "ts_rank"
        return Resolved(sql.Native(name, tuple(arguments), type=types.Float()), self.output_field)
