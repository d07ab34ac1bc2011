"""Where the words of a search stand in a text, shown between marks."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowsmith.search.highlighting import Marking, sought_text
from rowsmith.search.parsing import parse


def shown(text: str, search: str, **options) -> str:
    options = {"start": "[", "stop": "]", "escaped": False, "language": "english", **options}
    return Marking(**options).shown(sought_text(parse(search)) + text)


@pytest.mark.parametrize(
    "text, search, expected",
    [
        ("Running and runs", "run", "[Running] and [runs]"),
        ("the cat, the dog", "cat OR bird -dog", "the [cat], the dog"),
        ("a phrase of a kind", '"a phrase"', "[a phrase] of a kind"),
        ("well-known, known well", "well-known", "[well-known], known well"),
        ("Cafe\u0301 NAÏVE", "café naive", "[Cafe\u0301] [NAÏVE]"),
        ("styles and stylus", "sty*", "[styles] and [stylus]"),
        ("a b a b a", '"a b a"', "[a b a b a]"),
        ("nothing here", "cat", "nothing here"),
        ("", "cat", ""),
        ("x\x1fcat", "cat", "x\x1f[cat]"),
    ],
)
def test_what_is_marked(text, search, expected):
    assert shown(text, search) == expected


def test_a_snippet_is_where_most_of_the_search_stands():
    text = "cat one two three four five six cat dog seven eight nine ten"
    assert shown(text, "cat dog", words=4) == "…six [cat] [dog] seven…"
    assert shown(text, "cat", words=4) == "[cat] one two three…"
    assert shown(text, "ten", words=3) == "…eight nine [ten]"
    assert shown(text, "bird", words=3) == "cat one two…"
    assert shown(text, "cat", words=100) == text.replace("cat", "[cat]")
    assert shown(text, '"four five six cat"', words=2) == "cat one…"


@given(st.text(), st.text(), st.integers(1, 5))
def test_marks_leave_the_text_as_it_is(text, search, words):
    assert shown(text, search, start="", stop="") == text
    part = shown(text, search, start="", stop="", words=words, ellipsis="")
    assert part in text


@given(st.text(), st.text())
def test_what_is_escaped_reads_as_the_text(text, search):
    assert html.unescape(shown(text, search, start="", stop="", escaped=True)) == html.unescape(html.escape(text))
