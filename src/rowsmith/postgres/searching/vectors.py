"""Vectors: texts prepared for being searched, of several expressions and weights."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.combinable import as_expression
from rowsmith.expressions.names import F
from rowsmith.postgres.searching.types import SearchConfig, SearchVectorField, config_key, configured, constant_of
from rowsmith.sql import expressions as sql
from rowsmith.sql import types

_FIELD: Any = SearchVectorField(null=True)
_SPACE = sql.Ambient(sql.Constant(" "), type=types.Text())
_CHAR = types.Custom('"char"')


def vector_of(texts: Sequence[sql.Expression], config: tuple[sql.Expression, ...]) -> sql.Native:
    """The vector of texts with spaces between them, where NULL is the empty text."""
    parts: list[sql.Expression] = []
    for text in texts:
        parts += [_SPACE, text] if parts else [text]
    joined = sql.Function("CONCAT", tuple(parts), type=types.Text())
    return sql.Native("to_tsvector", (*config, joined), type=types.TextVector())


class VectorCombinable(Expression):
    """What makes one vector of two, with `+`; both must be made by the same configuration."""

    config: SearchConfig | None = None
    output_field = _FIELD

    def __add__(self, other: Any) -> Any:
        return CombinedSearchVector(self, "||", _checked(self, other), self.config)

    def __radd__(self, other: Any) -> Any:
        return CombinedSearchVector(_checked(self, other), "||", self, self.config)


def _checked(one: VectorCombinable, other: Any) -> VectorCombinable:
    if not isinstance(other, VectorCombinable):
        raise TypeError(f"SearchVector can only be combined with other SearchVector instances, got {other!r}.")
    if one.config != other.config:
        raise TypeError(
            f"SearchVectors of different configurations cannot be combined: {one.config!r} and {other.config!r}."
        )
    return other


class SearchVector(VectorCombinable):
    """The texts of several expressions as one vector.

    config:  the name of a search configuration, or an expression for it; None for the server's own.
    weight:  A, B, C or D, by which SearchRank tells lexemes apart.
    """

    constructor = {"expressions": "expressions"}

    def __init__(self, *expressions: Any, config: Any = None, weight: Any = None) -> None:
        if not expressions:
            raise TypeError("SearchVector takes at least one expression, such as the name of a field.")
        self.expressions = [F(item) if isinstance(item, str) else as_expression(item) for item in expressions]
        self.config = SearchConfig.from_parameter(config)
        self.weight = weight

    def __repr__(self) -> str:
        return f"SearchVector({', '.join(map(repr, self.expressions))})"

    def get_source_expressions(self) -> list[Any]:
        return [*self.expressions, *([] if self.config is None else [self.config])]

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        count = len(self.expressions)
        self.expressions = list(expressions[:count])
        if self.config is not None:
            [self.config] = expressions[count:]

    def fingerprint(self, values: list[Any]) -> Hashable:
        config = config_key(self.config, values)
        parts = tuple([expression.fingerprint(values) for expression in self.expressions])
        weight = None if self.weight is None else as_expression(self.weight).fingerprint(values)
        return (type(self), config, parts, weight)

    def resolve(self, scope: Scope) -> Resolved:
        config = configured(self.config, scope)
        vector = vector_of([expression.resolve(scope).node for expression in self.expressions], config)
        if self.weight is not None:
            weight = constant_of(as_expression(self.weight), _CHAR, scope)
            vector = sql.Native("setweight", (vector, weight), type=types.TextVector())
        return Resolved(vector, self.output_field)

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """The import path and the arguments that build it again."""
        named = {"config": self.config, "weight": self.weight}
        given = {name: value for name, value in named.items() if value is not None}
        return "rowsmith.postgres.search.SearchVector", tuple(self.expressions), given


class CombinedSearchVector(VectorCombinable):
    """Two vectors, one behind the other."""

    def __init__(
        self, lhs: Any, connector: str, rhs: Any, config: SearchConfig | None, output_field: Any = None
    ) -> None:
        self.lhs, self.connector, self.rhs, self.config = lhs, connector, rhs, config
        if output_field is not None:
            self.output_field = output_field

    def __repr__(self) -> str:
        return f"{self.lhs!r} {self.connector} {self.rhs!r}"

    def get_source_expressions(self) -> list[Any]:
        return [self.lhs, self.rhs]

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        self.lhs, self.rhs = expressions

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (type(self), self.lhs.fingerprint(values), self.rhs.fingerprint(values))

    def resolve(self, scope: Scope) -> Resolved:
        left, right = self.lhs.resolve(scope).node, self.rhs.resolve(scope).node
        return Resolved(sql.Infix("||", left, right, type=types.TextVector()), self.output_field)

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """The import path and the arguments that build it again."""
        path = "rowsmith.postgres.search.CombinedSearchVector"
        return path, (self.lhs, self.connector, self.rhs, self.config), {}
