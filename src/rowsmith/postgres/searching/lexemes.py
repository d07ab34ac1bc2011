"""Lexemes: the words of a raw query, written so that nothing in them is syntax."""

from __future__ import annotations

from typing import Any, ClassVar

from rowsmith.expressions.base import Resolved, Scope
from rowsmith.expressions.values import Value
from rowsmith.lookups.text import checked_text
from rowsmith.postgres.searching.types import SearchQueryField
from rowsmith.sql import expressions as sql
from rowsmith.sql import types

UNCONFIGURED: Any = SearchQueryField(null=True)
"""The field of a query that has yet to be given the configuration of what it is compared with."""


class LexemeCombinable(Value):
    """A part of a raw query; its value is the text of the query."""

    __slots__ = ()

    def _joined(self, other: Any, connector: str) -> Any:
        if not isinstance(other, LexemeCombinable):
            raise TypeError(f"A Lexeme can only be combined with another Lexeme, got {type(other).__name__}.")
        return CombinedLexeme(self, {"AND": "&", "OR": "|"}[connector], other)

    def __and__(self, other: Any) -> Any:
        return self._joined(other, "AND")

    def __or__(self, other: Any) -> Any:
        return self._joined(other, "OR")

    def resolve(self, scope: Scope) -> Resolved:
        text = scope.value(self.value, types.Text(), cast=True)
        return Resolved(sql.Native("to_tsquery", (text,), type=types.TextQuery()), UNCONFIGURED)


class Lexeme(LexemeCombinable):
    """A word, or several that follow one another.

    invert:  texts without it.
    prefix:  words that begin with it.
    weight:  A, B, C or D: where only lexemes of that weight count.
    """

    __slots__ = ("invert", "prefix", "weight", "word")
    WEIGHTS: ClassVar[str] = "ABCD"

    def __init__(
        self,
        value: str,
        output_field: Any = None,
        *,
        invert: bool = False,
        prefix: bool = False,
        weight: str | None = None,
    ) -> None:
        if not isinstance(value, str):
            raise TypeError(f"Lexeme value must be a string, got {type(value).__name__}.")
        if not value:
            raise ValueError("Lexeme value cannot be empty.")
        if weight is not None and weight.upper() not in tuple(self.WEIGHTS):
            raise ValueError(f"The weight of a Lexeme is 'A', 'B', 'C' or 'D', not {weight!r}.")
        self.word = value
        self.invert, self.prefix, self.weight = invert, prefix, weight
        marks = ("*" if prefix else "") + (weight.upper() if weight is not None else "")
        quoted = checked_text(value).replace("\\", "\\\\").replace("'", "''")
        super().__init__(f"{'!' if invert else ''}'{quoted}'{':' if marks else ''}{marks}", output_field)

    def __repr__(self) -> str:
        return f"Lexeme({self.word!r})"

    def __invert__(self) -> Lexeme:
        return Lexeme(
            self.word, self.given_field, invert=not self.invert, prefix=self.prefix, weight=self.weight
        )


class CombinedLexeme(LexemeCombinable):
    """Two parts of a raw query with `&` or `|` between them."""

    __slots__ = ("connector", "lhs", "rhs")

    def __init__(self, lhs: LexemeCombinable, connector: str, rhs: LexemeCombinable) -> None:
        self.lhs, self.connector, self.rhs = lhs, connector, rhs
        super().__init__(f"({lhs.value} {connector} {rhs.value})")

    def __repr__(self) -> str:
        return f"({self.lhs!r} {self.connector} {self.rhs!r})"

    def __invert__(self) -> Any:
        # Not both is one of them not, and the other way around.
        return CombinedLexeme(~self.lhs, "|" if self.connector == "&" else "&", ~self.rhs)
