"""Queries: what prepared texts are searched for."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from copy import copy
from typing import Any, ClassVar

from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.combinable import Shaped, as_expression
from rowsmith.lookups.text import checked_text
from rowsmith.postgres.searching.lexemes import LexemeCombinable
from rowsmith.postgres.searching.types import SearchConfig, SearchQueryField, config_key, configured
from rowsmith.sql import expressions as sql
from rowsmith.sql import types

_FIELD: Any = SearchQueryField(null=True)


def query_of(function: str, text: sql.Expression, config: tuple[sql.Expression, ...]) -> sql.Native:
    """The query that a function of the server makes of a text."""
    return sql.Native(function, (*config, text), type=types.TextQuery())


class QueryCombinable(Expression):
    """What makes one query of two, with `&` and `|`, and the opposite of one, with `~`."""

    config: SearchConfig | None = None
    output_field = _FIELD

    def _combined(self, other: Any, connector: str, *, reverse: bool = False) -> Any:
        if not isinstance(other, QueryCombinable):
            raise TypeError(
                f"SearchQuery can only be combined with other SearchQuery instances, got {type(other).__name__}."
            )
        left, right = (other, self) if reverse else (self, other)
        return CombinedSearchQuery(left, connector, right, self.config)

    def __and__(self, other: Any) -> Any:
        return self._combined(other, "&&")

    def __or__(self, other: Any) -> Any:
        return self._combined(other, "||")

    def __rand__(self, other: Any) -> Any:
        return self._combined(other, "&&", reverse=True)

    def __ror__(self, other: Any) -> Any:
        return self._combined(other, "||", reverse=True)


class SearchQuery(QueryCombinable):
    """A query made of a text.

    config:       the name of a search configuration, or an expression for it; None for the server's own.
    search_type:  how the text is read: `plain` for all of its words, `phrase` for them in this order, `websearch` as
                  search engines do, and `raw` in the server's own syntax.
    """

    SEARCH_TYPES: ClassVar[dict[str, str]] = {
        "plain": "plainto_tsquery",
        "phrase": "phraseto_tsquery",
        "raw": "to_tsquery",
        "websearch": "websearch_to_tsquery",
    }

    def __init__(
        self,
        value: Any,
        output_field: Any = None,
        *,
        config: Any = None,
        invert: bool = False,
        search_type: str = "plain",
    ) -> None:
        if isinstance(value, LexemeCombinable):
            if search_type not in ("plain", "raw"):
                raise ValueError(f"A Lexeme is searched for as a raw query, not as {search_type!r}.")
            value, search_type = value.value, "raw"
        if search_type not in self.SEARCH_TYPES:
            known = ", ".join(map(repr, self.SEARCH_TYPES))
            raise ValueError(f"Unknown search_type argument {search_type!r}. It may be: {known}.")
        self.value = value if isinstance(value, Shaped) else checked_text(value)
        self.config = SearchConfig.from_parameter(config)
        self.invert = invert
        self.search_type = search_type
        if output_field is not None:
            self.output_field = output_field

    def __repr__(self) -> str:
        return f"{'~' if self.invert else ''}SearchQuery({self.value!r})"

    def __invert__(self) -> SearchQuery:
        twin = copy(self)
        twin.invert = not self.invert
        return twin

    def get_source_expressions(self) -> list[Any]:
        return [as_expression(self.value), *([] if self.config is None else [self.config])]

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        self.value, *config = expressions
        if config:
            [self.config] = config

    def fingerprint(self, values: list[Any]) -> Hashable:
        config = config_key(self.config, values)
        return (type(self), config, as_expression(self.value).fingerprint(values), self.search_type, self.invert)

    def resolve(self, scope: Scope) -> Resolved:
        config = configured(self.config, scope)
        text = as_expression(self.value).resolve(scope).node
        query = query_of(self.SEARCH_TYPES[self.search_type], text, config)
        return Resolved(_opposite(query) if self.invert else query, self.output_field)

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """The import path and the arguments that build it again."""
        named = {"config": self.config, "invert": self.invert or None, "search_type": self.search_type}
        given = {name: value for name, value in named.items() if value not in (None, "plain")}
        return "rowsmith.postgres.search.SearchQuery", (self.value,), given


def _opposite(query: sql.Expression) -> sql.Native:
    return sql.Native("!!", (query,), type=types.TextQuery())


class CombinedSearchQuery(QueryCombinable):
    """Two queries that both, or one of which, must be met."""

    def __init__(
        self,
        lhs: Any,
        connector: str,
        rhs: Any,
        config: SearchConfig | None,
        output_field: Any = None,
        *,
        invert: bool = False,
    ) -> None:
        self.lhs, self.connector, self.rhs, self.config, self.invert = lhs, connector, rhs, config, invert
        if output_field is not None:
            self.output_field = output_field

    def __repr__(self) -> str:
        return f"{'~' if self.invert else ''}({self.lhs!r} {self.connector} {self.rhs!r})"

    def __invert__(self) -> CombinedSearchQuery:
        twin = copy(self)
        twin.invert = not self.invert
        return twin

    def get_source_expressions(self) -> list[Any]:
        return [self.lhs, self.rhs]

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        self.lhs, self.rhs = expressions

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (
            type(self), self.lhs.fingerprint(values), self.connector, self.rhs.fingerprint(values), self.invert
        )  # fmt: skip

    def resolve(self, scope: Scope) -> Resolved:
        left, right = self.lhs.resolve(scope).node, self.rhs.resolve(scope).node
        query = sql.Infix(self.connector, left, right, type=types.TextQuery())
        return Resolved(_opposite(query) if self.invert else query, self.output_field)
