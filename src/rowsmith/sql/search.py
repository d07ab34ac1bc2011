"""Search: what a text is searched for, the documents that are searched, and what asks whether and how well they fit."""

from __future__ import annotations

from typing import Any

from rowsmith.records import Record, field
from rowsmith.sql.expressions import Expression, Typed
from rowsmith.sql.types import Boolean, Float, Text, Type

# What is searched for ------------------------------------------------------------------------------------------------


class Word(Record):
    """One word, folded: small letters and digits without accents; with `prefix` all words that begin so.

    form:   what it is compared by: its stem, where endings do not count.
    fuzzy:  words that are spelled much alike will do where no document has this one.
    """

    text: str
    form: str
    prefix: bool = False
    fuzzy: bool = False


class Phrase(Record):
    """Words that stand side by side, in this order."""

    words: tuple[Word, ...]


class Search(Record):
    """What a text must have, and must not have, to be found.

    required:  groups of phrases, from each of which it has one at least.
    excluded:  phrases of which it has none.
    wanted:    the words that count for its rank, each form once.

    Without anything that is required, nothing is found.
    """

    required: tuple[tuple[Phrase, ...], ...] = ()
    excluded: tuple[Phrase, ...] = ()
    wanted: tuple[Word, ...] = ()


# What is searched ----------------------------------------------------------------------------------------------------

LANGUAGES = ("english", "simple")
"""What the words of a document may be: English ones, whose endings do not count, or any words, as they are."""

WEIGHTS = {"A": 1.0, "B": 0.4, "C": 0.2, "D": 0.1}
"""What a word counts for by the weight of the part that it stands in."""

DECIMALS = 5
"""The decimal places of a rank: those that databases agree in, however they add up."""


SIMILARITY = 0.3
"""How many of the trigrams of two words must be in both for them to be alike."""

ALIKE = 5
"""How many words will do for one that no document has."""


class DocumentStep(Record):
    """One table on the way to a text: the columns of the table before, each with the column of this one it equals.

    key:  by which texts of several rows are put in order.
    """

    table: str
    pairs: tuple[tuple[str, str], ...]
    key: tuple[str, ...]


class DocumentPart(Record):
    """One text of a document: a column of the table itself, or of the table that some steps lead to."""

    column: str
    weight: str
    steps: tuple[DocumentStep, ...] = ()


class CreateDocuments(Record):
    """The documents of a table's rows: their words with weights and places, kept current by the database itself.

    name:      what they are called; all that belongs to them has a name that begins so.
    key:       the column of the table's key.
    fuzzy:     words will be looked for that are spelled much alike.
    numbered:  keys are whole numbers.
    """

    name: str
    table: str
    key: str
    language: str
    parts: tuple[DocumentPart, ...]
    fuzzy: bool = False
    numbered: bool = True


class RebuildDocuments(Record):
    """The documents of all rows, made anew."""

    documents: CreateDocuments


class DropDocuments(Record):
    """The end of a table's documents."""

    documents: CreateDocuments


# What asks for them --------------------------------------------------------------------------------------------------


class Fits(Typed):
    """Whether the document of a row is one that `search` finds.

    key:     the column of the row's key.
    search:  the place of a Search.
    fuzzy:   whether it may have fuzzy words.
    """

    key: Expression
    search: Expression
    documents: CreateDocuments = field(kw_only=True)
    fuzzy: bool = field(default=False, kw_only=True)
    type: Type = field(default=Boolean(), kw_only=True)


class Rank(Typed):
    """How well the document of a row fits: the more often wanted words stand in it, in the parts that weigh most, and
    the shorter it is, the higher.

    With f(n) = 1 + 1/4 + 1/9 + ... + 1/n² for a word that stands n times in a part, it is the mean of that over the
    wanted words, by the logarithm of the document's length: what PostgreSQL's ts_rank() makes of a list of words.
    """

    key: Expression
    search: Expression
    documents: CreateDocuments = field(kw_only=True)
    fuzzy: bool = field(default=False, kw_only=True)
    type: Type = field(default=Float(), kw_only=True)


class Sought(Typed):
    """A text behind what is sought in it, so that whoever reads the row can show where it stands.

    encode:  turns a Search into the text that comes first.
    """

    search: Expression
    operand: Expression
    encode: Any = field(kw_only=True)
    type: Type = field(default=Text(), kw_only=True)
