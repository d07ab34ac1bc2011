"""Full-text search: vectors of texts, queries against them, ranks and headlines; and how alike texts are."""

from __future__ import annotations

from rowsmith.postgres.searching.headlines import SearchHeadline
from rowsmith.postgres.searching.lexemes import Lexeme
from rowsmith.postgres.searching.queries import CombinedSearchQuery, SearchQuery
from rowsmith.postgres.searching.ranks import SearchRank
from rowsmith.postgres.searching.trigrams import (
    TrigramBase,
    TrigramDistance,
    TrigramSimilarity,
    TrigramStrictWordDistance,
    TrigramStrictWordSimilarity,
    TrigramWordBase,
    TrigramWordDistance,
    TrigramWordSimilarity,
)
from rowsmith.postgres.searching.types import SearchConfig, SearchQueryField, SearchVectorField
from rowsmith.postgres.searching.vectors import CombinedSearchVector, SearchVector

__all__ = [
    "CombinedSearchQuery",
    "CombinedSearchVector",
    "Lexeme",
    "SearchConfig",
    "SearchHeadline",
    "SearchQuery",
    "SearchQueryField",
    "SearchRank",
    "SearchVector",
    "SearchVectorField",
    "TrigramBase",
    "TrigramDistance",
    "TrigramSimilarity",
    "TrigramStrictWordDistance",
    "TrigramStrictWordSimilarity",
    "TrigramWordBase",
    "TrigramWordDistance",
    "TrigramWordSimilarity",
]
