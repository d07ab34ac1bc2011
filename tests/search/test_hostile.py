"""Whatever stands in the search box gives results or none, and never an error of a database."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import rowsmith
from rowsmith import config, models
from rowsmith.search import Highlight, SearchIndex, Snippet


class Clipping(models.Model):
    title = models.CharField(max_length=200)
    text = models.TextField()

    class Meta:
        app_label = "hostile"
        indexes = [SearchIndex(fields={"title": "A", "text": "B"}, fuzzy=True)]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def clippings(request, tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('hostile') / 'hostile.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    rowsmith.configure(url)
    rowsmith.drop_tables(Clipping)
    rowsmith.create_tables(Clipping)
    for title, text in (
        ("Web style", "How to style the web."),
        ("NEAR AND OR NOT", "Operators as words: near, and, or, not."),
        ("Quotes", "It's \"quoted\" \\ and %s {0} $1 ? :a * ^ ! & | ( ) < > [ ] ~ + -"),
        ("naïve İstanbul", "Straße, cafe\u0301, 東京, नमस्ते, ﷽, 🙂"),
    ):
        Clipping.objects.create(title=title, text=text)
    yield Clipping.objects
    rowsmith.drop_tables(Clipping)
    config.install(None)


def ask(objects, text):
    """Everything that can be asked of a text; how many rows it finds."""
    counts = []
    for options in ({}, {"prefix": True}, {"fuzzy": True}):
        found = objects.search(text, **options).annotate(
            head=Highlight("title", text, **options), part=Snippet("text", text, words=3, **options)
        )
        rows = list(found[:5])
        assert all(row.search_rank >= 0 for row in rows)
        counts.append(objects.search(text, **options).count())
        assert counts[-1] >= len(rows)
    return counts


SIGNS = (
    "'\"`\\-+*^~!&|()<>[]{}:;,.?/%$#@=_ \t\n\r\x00\x0b\x1f\x7f\u00a0\u2028\ufeff\u200b\u0301\ud800\udfff\U0001f642"
)
WORDS = ("AND", "OR", "NOT", "NEAR", "NEAR/3", "NEAR(web style, 3)", "and", "or", "not", "title:web",
         "{title text}:web", "^web", "web*", "*", "web:*", "web:A", "web:*ABCD", "web <-> style", "web<2>style", "!web",
         "!!web", "web & !style",
         "rank", "rowid", "'web'", "''", "$$web$$", "E'\\\\'", "--", "/* */", "; DROP TABLE x; --",
         "%(a)s", "%s", "%", "?", ":1", "$1", "NULL", "0x00", "1e5", "3.14", "-1", "a@b.example", "/etc/passwd",
         "x.y.z:80/path?query=1", "<b>web</b>", "&amp;", "\\0", "\\u0000", "\\'", "web\\", "web\\'")  # fmt: skip
TEXTS = [
    "", " ", *SIGNS, *WORDS,
    *(f"web{sign}style" for sign in SIGNS), *(f"{sign}web{sign} {sign}style" for sign in SIGNS),
    *(f"web {a}{b} style" for a, b in itertools.product("'\"*-|()&!:\\", repeat=2)),
    '"', '""', '"""', '"web', 'web"', '"web"style"', '-"', '-"web', '"web" -"', "OR OR OR", "| | |", "web OR",
    "OR web", "- - -", "--web", "-web", "-web -style", "(((((", "web)))))", "*" * 500, '"' * 501, "'" * 501, "\\" * 501,
    "-" * 501,
    "(" * 5000 + "web" + ")" * 5000, "web " * 25_000, "x" * 100_000, "x*" * 50_000, '"web style" ' * 9_000,
    " OR ".join(["web"] * 10_000), " ".join(f"w{n}" for n in range(20_000)), " -".join(f"w{n}" for n in range(20_000)),
    "-".join(["web"] * 10_000), "\x00" * 100_000, "\u0301" * 100_000, "e" + "\u0301" * 50_000, "\ud800" * 100_000,
    "東京" * 1_000, "नमस्ते", "ﷺ", "ﬁne ½ ² Ⅷ ٣ ๓", "İIıi ŞşßẞΣσς", "\U000e0001web\U000e007f", "🙂🙂", "web\x00style",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text[:20]) + (f"+{len(text)}" if len(text) > 20 else ""))
def test_hostile_texts_find_something_or_nothing(clippings, text):
    ask(clippings, text)


def test_signs_do_not_hide_words(clippings):
    for sign in "'\"`\\+^~!&()<>[]{}:;,.?/%$#@=\x00\t\n\ud800\u200b\U0001f642":
        assert clippings.search(f"{sign}web{sign} {sign}style{sign}").count() == 1, sign


def test_operators_are_words(clippings):
    assert clippings.search("NEAR").get().title == "NEAR AND OR NOT"
    assert clippings.search('"near and or not"').get().title == "NEAR AND OR NOT"


_PIECES = st.sampled_from([*WORDS, *SIGNS, "web", "style", '"', "-"]) | st.text(max_size=8)


@given(st.lists(_PIECES, max_size=12).map("".join))
@example("\ud800")
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_finds_something_or_nothing(clippings, text):
    plain, beginning, alike = ask(clippings, text)
    assert beginning >= 0
    assert alike >= plain


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_can_be_stored_and_looked_for(clippings, text):
    row = clippings.create(title="kept", text=text)
    try:
        ask(clippings, text)
        assert row in clippings.search("kept")
    finally:
        row.delete()


def test_hostile_texts_with_await(clippings):
    async def main():
        for text in ("\x00", '"', "-", "web\ud800", "(" * 1000, "web*"):
            [row async for row in clippings.search(text)]
        return await clippings.search("web'").acount()

    assert asyncio.run(main()) == 1
