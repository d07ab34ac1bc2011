"""The same answers from both databases, on the glosses of WordNet."""

from __future__ import annotations

import pytest

import rowsmith
from rowsmith import config, models
from rowsmith.db import connections
from rowsmith.search import Highlight, SearchIndex
from tests import wordnet
from tests.conftest import ON_CI

QUERIES = (
    "dog", "domestic animal", "musical instrument", '"large body of water"', "person who writes", "capital of france",
    "biology -molecular", "running shoes", "ship OR boat", "psych*", "theory of relativity", "small bird",
    '"of or relating to"', "chemical element metal", "to be or not to be", "assembly language", "cat -dog",
    "computer program", '"prime number"', "quickly", "flying insect", "well-known author", "naïve", "café",
    "disease of the skin", '"united states" president', "wine grape", "tool for cutting wood", "king OR queen england",
    "geological period", "electric current", "legal document", "happiness", "religious ceremony", "sport played ball",
    "star constellation", "poisonous plant", "tropical tree", "female horse", "military rank officer",
    "Greek mythology god", "19th century", "painter french impressionist", "unit of length", "mathematic*",
    "human bone", "river in africa", "emotion fear", "trekking", "possibly", '"a b"', "state's -united",
    '"not" "good"', "x-ray | gamma* -\"ray\"",
)  # fmt: skip
MISSPELLED = ("lexicografer", "instrumant music", "elefant -african", '"body of water" swiming')


class Synset(models.Model):
    words = models.TextField()
    gloss = models.TextField()

    class Meta:
        app_label = "wordnet"
        indexes = [SearchIndex(fields={"words": "A", "gloss": "B"}, fuzzy=True)]


@pytest.fixture(scope="module")
def rows():
    try:
        return list(wordnet.glosses())
    except wordnet.WordnetMissing as missing:
        if ON_CI:
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def both(rows, postgresql_url, tmp_path_factory):
    """Two databases with all glosses, indexed; the aliases are "default" (SQLite) and "server"."""
    folder = tmp_path_factory.mktemp("wordnet")
    rowsmith.configure({"default": f"sqlite:///{folder / 'wordnet.db'}", "server": postgresql_url})
    for alias in ("default", "server"):
        rowsmith.drop_tables(Synset, using=alias)
        rowsmith.create_tables(Synset, using=alias)
        Synset.objects.using(alias).bulk_create(
            [Synset(id=number, words=words, gloss=gloss) for number, words, gloss in rows], batch_size=20_000
        )
    yield
    rowsmith.drop_tables(Synset, using="server")
    config.install(None)


def test_all_glosses_are_there(both, rows):
    assert len(rows) in wordnet.COUNTS
    for alias in ("default", "server"):
        assert Synset.objects.using(alias).count() == len(rows)


def answer(alias, text, **options):
    found = Synset.objects.using(alias).search(text, **options)
    shown = found.annotate(shown=Highlight("gloss", text, **options))[:20]
    return found.count(), [(row.pk, row.search_rank, row.shown) for row in shown]


@pytest.mark.parametrize("text", QUERIES)
def test_both_databases_find_the_same_in_the_same_order(both, text):
    count, best = answer("default", text)
    there, best_there = answer("server", text)
    assert 0 < count == there
    assert [(key, shown) for key, _, shown in best] == [(key, shown) for key, _, shown in best_there]
    ranks = [rank for _, rank, _ in best]
    assert ranks == sorted(ranks, reverse=True)
    # Where one rounds down what is next to a half, the other may round up.
    assert ranks == pytest.approx([rank for _, rank, _ in best_there], abs=1.01e-5)


@pytest.mark.parametrize("text", MISSPELLED)
def test_both_databases_find_the_same_words_that_are_spelled_alike(both, text):
    count, best = answer("default", text, fuzzy=True)
    there, best_there = answer("server", text, fuzzy=True)
    assert 0 < count == there
    assert [(key, shown) for key, _, shown in best] == [(key, shown) for key, _, shown in best_there]
    assert Synset.objects.search(text).count() == 0


def test_the_best_are_what_one_expects(both):
    def words(text, **options):
        return [row.words for row in Synset.objects.search(text, **options)[:3]]

    assert words('"prime number"')[0] == "prime number"
    assert "Paris" in words("capital of france")[0]
    best = Synset.objects.search("lexicografer", fuzzy=True)[:10]
    assert any("lexicographer" in row.words for row in best)


def test_both_databases_keep_words_in_the_same_form(both):
    """Every word of every gloss, alone: the vocabularies are equal."""
    with connections["default"].cursor() as cursor:
        here = {word for (word,) in cursor.execute("SELECT term FROM wordnet_synset_search_words").fetchall()}
    with connections["server"].cursor() as cursor:
        asked = "SELECT word FROM ts_stat('SELECT wordnet_synset_search FROM wordnet_synset')"
        there = {word for (word,) in cursor.execute(asked).fetchall()}
    # What PostgreSQL is given so that it leaves a consonant before an s alone.
    assert {word.removesuffix("0") for word in there - here} == here - there
    assert all(len(word) == 2 and word.endswith("s") for word in here - there), here - there
    assert len(here) > 60_000
