"""Trigrams: how alike two texts are, by the groups of three letters that they share."""

from __future__ import annotations

from typing import Any, ClassVar

from rowsmith.expressions.combinable import as_expression
from rowsmith.expressions.func import Func
from rowsmith.sql import expressions as sql
from rowsmith.sql import types


class TrigramBase(Func):
    """A number between 0 and 1, made of an expression and a text."""

    result = types.Float()
    operator: ClassVar[str | None] = None
    """What computes it where an operator does, for which there are indexes."""

    def __init__(self, expression: Any, string: Any, **options: Any) -> None:
        super().__init__(expression, as_expression(string), **options)

    def call(self, arguments: tuple[sql.Expression, ...], type_: types.Type) -> sql.Expression:
        if self.operator is not None:
            return sql.Infix(self.operator, *arguments, type=type_)
        return sql.Native(self.sql_name, arguments, type=type_)


class TrigramWordBase(TrigramBase):
    """The same for a text and that part of an expression which is most like it."""

    def __init__(self, string: Any, expression: Any, **options: Any) -> None:
        Func.__init__(self, as_expression(string), expression, **options)


class TrigramSimilarity(TrigramBase):
    """How alike the two are: 1 for the same trigrams."""

    function = "SIMILARITY"


class TrigramDistance(TrigramBase):
    """How different the two are: 0 for the same trigrams."""

    operator = "<->"


class TrigramWordSimilarity(TrigramWordBase):
    """How alike the text and the most similar part of the expression are."""

    function = "WORD_SIMILARITY"


class TrigramWordDistance(TrigramWordBase):
    """How different they are."""

    operator = "<<->"


class TrigramStrictWordSimilarity(TrigramWordBase):
    """How alike the text and the most similar whole words of the expression are."""

    function = "STRICT_WORD_SIMILARITY"


class TrigramStrictWordDistance(TrigramWordBase):
    """How different they are."""

    operator = "<<<->"
