"""The stemmer, beside that of SQLite."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rowsmith.search.stemming import stem


@pytest.fixture(scope="module")
def of_sqlite():
    """The forms under which SQLite keeps words."""
    with sqlite3.connect(":memory:") as connection:
        connection.execute(
            "CREATE VIRTUAL TABLE words USING fts5(word, tokenize='porter unicode61 remove_diacritics 2')"
        )
        connection.execute("CREATE VIRTUAL TABLE forms USING fts5vocab('words', 'row')")

        def form(word: str) -> str:
            connection.execute("DELETE FROM words")
            connection.execute("INSERT INTO words VALUES (?)", (word,))
            [(found,)] = connection.execute("SELECT term FROM forms").fetchall()
            return found

        yield form


@pytest.mark.parametrize(
    "word, form",
    [
        ("caresses", "caress"), ("ponies", "poni"), ("cats", "cat"), ("feed", "feed"), ("agreed", "agre"),
        ("plastered", "plaster"), ("bled", "bled"), ("motoring", "motor"), ("sing", "sing"), ("conflated", "conflat"),
        ("hopping", "hop"), ("falling", "fall"), ("filing", "file"), ("happy", "happi"), ("sky", "sky"),
        ("relational", "relat"), ("possibly", "possibl"), ("analogy", "analog"), ("generalizations", "gener"),
        ("as", "as"), ("controll", "control"), ("a" * 65, "a" * 65),
    ],
)  # fmt: skip
def test_the_form_of_a_word(word, form, of_sqlite):
    assert stem(word) == form == of_sqlite(word)


_PARTS = (
    *"abcdeilnorstuxyz", "at", "er", "ing", "ed", "ies", "ation", "al", "iz", "ive", "ness", "ful", "ous", "ment",
    "ent", "ion", "logi", "bli", "ity",
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.sampled_from(_PARTS), min_size=1, max_size=8).map("".join))
def test_any_word_has_the_form_that_it_has_in_sqlite(of_sqlite, word):
    assert stem(word) == of_sqlite(word)
