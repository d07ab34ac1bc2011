"""Search lookups: `search` and the trigram lookups on texts, the `unaccent` transform, and matching of vectors."""

from __future__ import annotations

from typing import ClassVar

from rowsmith.expressions.base import Resolved
from rowsmith.expressions.transforms import Transform
from rowsmith.fields.text import CharField, TextField
from rowsmith.lookups.base import Given, Lookup
from rowsmith.lookups.json import bound
from rowsmith.lookups.text import checked_text
from rowsmith.postgres.operators import infix
from rowsmith.postgres.searching.lexemes import UNCONFIGURED
from rowsmith.postgres.searching.queries import query_of
from rowsmith.postgres.searching.types import SearchVectorField, config_of
from rowsmith.postgres.searching.vectors import vector_of
from rowsmith.records import replace
from rowsmith.sql import expressions as sql
from rowsmith.sql import types
from rowsmith.sql.predicates import Predicate


class Matches(Lookup):
    """The prepared text meets a query; of a text that is no query yet, all words."""

    lookup_name = "exact"

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        text = bound(given.slot(checked_text, types.Text()))
        return cls.met(left.node, query_of("plainto_tsquery", text, config_of(left.node)))

    @classmethod
    def expression(cls, left: Resolved, right: Resolved) -> Predicate:
        query, config = right.node, config_of(left.node)
        if not isinstance(query.type, types.TextQuery):
            query = query_of("plainto_tsquery", query, config)
        elif right.field is UNCONFIGURED and isinstance(query, sql.Native):
            query = replace(query, arguments=(*config, *query.arguments))
        return cls.met(left.node, query)

    @classmethod
    def met(cls, operand: sql.Expression, query: sql.Expression) -> Predicate:
        """The condition of an operand and a query."""
        return infix("@@", operand, query)


class Search(Matches):
    """The text, once it is prepared as the query was, meets the query."""

    lookup_name = "search"

    @classmethod
    def met(cls, operand: sql.Expression, query: sql.Expression) -> Predicate:
        if not isinstance(operand.type, types.TextVector):
            operand = vector_of([operand], config_of(query))
        return infix("@@", operand, query)


class TrigramSimilar(Lookup):
    """The two texts are alike, by the server's threshold."""

    lookup_name = "trigram_similar"
    operator: ClassVar[str] = "%"

    @classmethod
    def plain(cls, left: Resolved, given: Given) -> Predicate:
        return infix(cls.operator, left.node, bound(given.slot(checked_text, types.Text())))

    @classmethod
    def expression(cls, left: Resolved, right: Resolved) -> Predicate:
        return infix(cls.operator, left.node, right.node)


class TrigramWordSimilar(TrigramSimilar):
    """A part of the text on the left is like the one on the right."""

    lookup_name = "trigram_word_similar"
    operator = "%>"


class TrigramStrictWordSimilar(TrigramSimilar):
    """Whole words of the text on the left are like the one on the right."""

    lookup_name = "trigram_strict_word_similar"
    operator = "%>>"


class Unaccent(Transform):
    """The text without its accents; a lookup after it compares with a text without them."""

    bilateral = True
    lookup_name = "unaccent"


def offer() -> None:
    """Register the lookups of this module on the fields of text and of prepared text."""
    SearchVectorField.register_lookup(Matches)
    for field in (CharField, TextField):
        for lookup in (Search, TrigramSimilar, TrigramWordSimilar, TrigramStrictWordSimilar, Unaccent):
            field.register_lookup(lookup)
