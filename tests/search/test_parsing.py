"""What people type becomes a search: words, phrases, beginnings, alternatives and exclusions, and never syntax."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowsmith.dialects.postgresql.search import query_text, words_text
from rowsmith.dialects.sqlite.search import forms_text, match_text
from rowsmith.search.parsing import MAX_WORDS, parse
from rowsmith.search.words import folded, words_in


@pytest.mark.parametrize(
    "text, fts5, tsquery",
    [
        ("web style", '("web") AND ("style")', "(('web')) & (('style'))"),
        ('web "a phrase"', '("web") AND ("a phrase")', "(('web')) & (('a' <-> 'phrase'))"),
        ("web -query", '(("web")) NOT ("query")', "(('web')) & !('query')"),
        ('web -"a b" -c', '(("web")) NOT ("a b" OR "c")', "(('web')) & !('a' <-> 'b') & !('c')"),
        ("cat OR dog bird", '("cat" OR "dog") AND ("bird")', "(('cat') | ('dog')) & (('bird'))"),
        ("cat | dog", '("cat" OR "dog")', "(('cat') | ('dog'))"),
        ("cat or dog", '("cat") AND ("dog")', "(('cat')) & (('dog'))"),
        ("sty*", '("sty" *)', "(('sty':*))"),
        ("well-known", '("well known")', "(('well' <-> 'known'))"),
        ("don't", '("don t")', "(('don' <-> 't'))"),
        ("a_b", '("a b")', "(('a' <-> 'b'))"),
        ('"no end', '("no end")', "(('no' <-> 'end'))"),
        ("(cat) & [dog] ^x", '("cat") AND ("dog") AND ("x")', "(('cat')) & (('dog')) & (('x'))"),
        ("OR cat OR", '("cat")', "(('cat'))"),
        ("title:cat NEAR(a b)", '("title cat") AND ("near a") AND ("b")',
         "(('title' <-> 'cat')) & (('near' <-> 'a')) & (('b'))"),
        ("NAÏVE Cafe\u0301", '("naive") AND ("cafe")', "(('naive')) & (('cafe'))"),
        ("geology as", '("geology")', "(('geology'))"),
        ('"us geology"', '("us geology")', "(('use' <-> 'geology'))"),
        ("biology", '("biology")', "(('biology'))"),
        ("possibly analogy", '("possibly") AND ("analogy")', "(('possible')) & (('analog'))"),
        ("-only", '""', ""),
        ("the", '("the")', "(('the'))"),
        ("the cat of it", '("cat")', "(('cat'))"),
        ("", '""', ""),
        ("' OR 1=1; --", '("1 1")', "(('1' <-> '1'))"),
    ],
)  # fmt: skip
def test_a_text_in_the_language_of_each_database(text, fts5, tsquery):
    search = parse(text)
    assert match_text(search) == fts5
    assert query_text("english")(search) == tsquery


def test_what_counts_for_the_rank():
    assert forms_text(parse('running "the shoes of" runs sty* -cats')) == (
        '[["run", "run", false], ["shoe", "shoe", false], ["sty", "sty\\udbff\\udfff", false]]'
    )
    assert words_text("english")(parse('"the shoes of" runs sty*')) == "'shoes' | 'runs' | 'sty':*"
    assert words_text("english")(parse('"to be"')) == "'to' | 'be'"


def test_the_last_word_is_a_beginning_while_it_is_typed():
    assert match_text(parse("web sty", prefix=True)) == '("web") AND ("sty" *)'
    assert match_text(parse("web sty ", prefix=True)) == '("web") AND ("sty")'
    assert match_text(parse("web -sty", prefix=True)) == '(("web")) NOT ("sty")'
    assert match_text(parse('web "sty"', prefix=True)) == '("web") AND ("sty")'
    assert match_text(parse("web well-kno", prefix=True)) == '("web") AND ("well kno" *)'


def test_only_so_many_words_count():
    search = parse(" ".join(f"w{number}" for number in range(500)))
    assert len(search.required) == MAX_WORDS


def test_a_language_without_endings():
    assert query_text("simple")(parse("possibly as the", "simple")) == "(('possibly')) & (('as')) & (('the'))"


@given(st.text())
def test_nothing_but_letters_and_digits_is_searched_for(text):
    search = parse(text, prefix=True)
    phrases = [phrase for group in search.required for phrase in group] + list(search.excluded)
    for phrase in phrases:
        assert phrase.words
        for word in phrase.words:
            assert all(character.isalnum() for character in word.text), word


@given(st.text())
def test_words_are_found_where_they_stand(text):
    for word, start, end in words_in(text):
        assert folded(text[start:end]) == word
