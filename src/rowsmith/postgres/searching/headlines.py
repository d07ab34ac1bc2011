"""Headlines: the parts of a text in which the words of a query stand, with marks around them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.combinable import as_expression
from rowsmith.expressions.names import F
from rowsmith.postgres.searching.ranks import as_query
from rowsmith.postgres.searching.types import SearchConfig, config_key, configured
from rowsmith.sql import expressions as sql
from rowsmith.sql import types


class SearchHeadline(Expression):
    """The parts of a text that meet a query.

    start_sel, stop_sel:             what is put around the words that were looked for.
    max_words, min_words:            how long a headline is.
    short_word:                      words of this length or less are dropped at its ends.
    highlight_all:                   the whole text, whatever its length.
    max_fragments:                   how many parts of the text; 0 for one.
    fragment_delimiter:              what is put between them.
    """

    def __init__(
        self,
        expression: Any,
        query: Any,
        *,
        config: Any = None,
        start_sel: str | None = None,
        stop_sel: str | None = None,
        max_words: int | None = None,
        min_words: int | None = None,
        short_word: int | None = None,
        highlight_all: bool | None = None,
        max_fragments: int | None = None,
        fragment_delimiter: str | None = None,
    ) -> None:
        self.expression = F(expression) if isinstance(expression, str) else as_expression(expression)
        self.query = as_query(query)
        self.config = SearchConfig.from_parameter(config)
        options = {
            "StartSel": start_sel,
            "StopSel": stop_sel,
            "MaxWords": max_words,
            "MinWords": min_words,
            "ShortWord": short_word,
            "HighlightAll": highlight_all,
            "MaxFragments": max_fragments,
            "FragmentDelimiter": fragment_delimiter,
        }
        self.options = ", ".join(
            f"{name}={_quoted(value)}" for name, value in options.items() if value is not None
        )

    @property
    def output_field(self) -> Any:
        return Expression.field_of_type(types.Text())

    def __repr__(self) -> str:
        return f"SearchHeadline({self.expression!r}, {self.query!r})"

    def get_source_expressions(self) -> list[Any]:
        return [self.expression, self.query]

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        self.expression, self.query = expressions

    def fingerprint(self, values: list[Any]) -> Hashable:
        config = config_key(self.config, values)
        expression, query = self.expression.fingerprint(values), self.query.fingerprint(values)
        if self.options:
            values.append(self.options)
        return (type(self), config, expression, query, bool(self.options))

    def resolve(self, scope: Scope) -> Resolved:
        arguments = [*configured(self.config, scope), self.expression.resolve(scope).node]
        arguments.append(self.query.resolve(scope).node)
        if self.options:
            arguments.append(scope.value(self.options, types.Text(), cast=True))
        return Resolved(sql.Native("ts_headline", tuple(arguments), type=types.Text()), self.output_field)


def _quoted(value: Any) -> str:
    return '"' + str(value).replace('"', '""') + '"'
