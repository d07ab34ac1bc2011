"""Texts that are alike, on every database: without accents, and by the groups of three letters that they share."""

from __future__ import annotations

import random
import sqlite3

import pytest

from rowsmith import models
from rowsmith.db import connections
from rowsmith.dialects.sqlite.functions import register
from rowsmith.models import F, Value
from rowsmith.models.functions import Lower
from rowsmith.postgres.search import (
    TrigramDistance,
    TrigramSimilarity,
    TrigramStrictWordDistance,
    TrigramStrictWordSimilarity,
    TrigramWordDistance,
    TrigramWordSimilarity,
)


class Dish(models.Model):
    name = models.CharField(max_length=100)
    recipe = models.TextField(null=True)

    class Meta:
        app_label = "kitchen"


@pytest.fixture
def dishes(tables, database):
    if database.vendor == "postgresql":
        with connections["default"].cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute("CREATE EXTENSION IF NOT EXISTS unaccent")
    tables(Dish)
    for name, recipe in (
        ("Crème brûlée", "Brûlez la crème"),
        ("Smørrebrød", "Butter bread"),
        ("Cheese on Toast recipes", "Melt the cheese"),
        ("Pizza Recipes", None),
        ("HÉLÈNE", "Poires"),
    ):
        Dish.objects.create(name=name, recipe=recipe)


@pytest.fixture
def lower():
    for field in (models.CharField, models.TextField):
        field.register_lookup(Lower)
    yield
    for field in (models.CharField, models.TextField):
        field._unregister_lookup(Lower)


def names(*conditions, **lookups):
    return list(Dish.objects.filter(*conditions, **lookups).order_by("pk").values_list("name", flat=True))


@pytest.mark.feature("SR-001")
def test_texts_hold_other_texts(dishes):
    assert names(name__contains="Toast") == ["Cheese on Toast recipes"]
    assert names(name__icontains="RECIPES") == ["Cheese on Toast recipes", "Pizza Recipes"]
    assert names(recipe__icontains="the CHEESE") == ["Cheese on Toast recipes"]


@pytest.mark.feature("SR-002", "SR-010")
def test_unaccent_is_applied_to_both_sides(dishes):
    assert names(name__unaccent="Creme brulee") == ["Crème brûlée"]
    assert names(name__unaccent="Crème brulée") == ["Crème brûlée"]
    assert names(name__unaccent__icontains="creme") == ["Crème brûlée"]
    assert names(name__unaccent__icontains="Hélène") == names(name__unaccent__icontains="helene") == ["HÉLÈNE"]
    assert names(name__unaccent__startswith="Smorre") == ["Smørrebrød"]
    assert names(name__unaccent__in=["Smørrebröd", "Pizza Recipes"]) == ["Smørrebrød", "Pizza Recipes"]
    assert names(name__unaccent__iexact="creme BRULEE") == ["Crème brûlée"]
    assert names(name__contains="Creme") == []
    assert names(~models.Q(name__unaccent__icontains="e")) == []
    assert names(recipe__unaccent__endswith=F("name")) == []
    assert names(recipe__unaccent__icontains=Value("brülez")) == ["Crème brûlée"]
    ordered = Dish.objects.order_by("name__unaccent").values_list("name", flat=True)
    assert list(ordered)[1:3] == ["Crème brûlée", "HÉLÈNE"]


@pytest.mark.feature("SR-003")
def test_transforms_and_trigrams_chain(dishes, lower):
    assert names(name__unaccent__lower__trigram_similar="Hélène") == ["HÉLÈNE"]
    assert names(name__unaccent__lower__trigram_similar="Helena") == ["HÉLÈNE"]


@pytest.mark.feature("SR-004", "PG-041")
def test_similar_texts_share_groups_of_three_letters(dishes):
    assert names(name__trigram_similar="Pizza Recipe") == ["Pizza Recipes"]
    # A text that holds the word, but much besides, is not alike; a stretch of it is.
    assert names(name__trigram_similar="toast") == []
    assert names(name__trigram_word_similar="toast") == ["Cheese on Toast recipes"]
    assert names(name__trigram_word_similar="tost") == []
    assert names(name__trigram_strict_word_similar="recipes") == ["Cheese on Toast recipes", "Pizza Recipes"]
    assert names(name__trigram_strict_word_similar="toasts") == ["Cheese on Toast recipes"]
    assert names(recipe__trigram_word_similar=F("name")) == []
    assert "Pizza Recipes" in names(~models.Q(recipe__trigram_similar="bread and butter"))


@pytest.mark.feature("PG-042")
def test_similarities_and_distances_are_numbers_to_sort_by(dishes):
    row = (
        Dish.objects.annotate(
            alike=TrigramSimilarity("name", "Pizza"),
            apart=TrigramDistance("name", "Pizza"),
            word=TrigramWordSimilarity("recipe", "name"),
            word_apart=TrigramWordDistance("recipe", "name"),
            strict=TrigramStrictWordSimilarity("recipe", "name"),
            strict_apart=TrigramStrictWordDistance("recipe", "name"),
        )
        .values_list("alike", "apart", "word", "word_apart", "strict", "strict_apart")
        .get(name="Pizza Recipes")
    )
    assert row == pytest.approx((6 / 14, 8 / 14, 6 / 7, 1 / 7, 6 / 9, 3 / 9), abs=1e-6)
    nearest = Dish.objects.annotate(apart=TrigramDistance("name", "pizza recipe")).order_by("apart")
    assert nearest.first().name == "Pizza Recipes"
    found = Dish.objects.annotate(alike=TrigramSimilarity("recipe", "cheese")).filter(alike__gt=0.3)
    assert [dish.name for dish in found] == ["Cheese on Toast recipes"]
    assert Dish.objects.annotate(alike=TrigramSimilarity("recipe", "x")).get(name="Pizza Recipes").alike is None


@pytest.mark.feature("SR-007")
def test_tools_like_these_can_be_registered_for_any_database(dishes):
    class Words(models.Lookup):
        lookup_name = "words"

        def as_postgresql(self, compiler, connection):
            left, right = self.process_lhs(compiler, connection), self.process_rhs(compiler, connection)
            text = f"to_tsvector('simple', {left[0]}) @@ plainto_tsquery('simple', {right[0]}::text)"
            return text, (*left[1], *right[1])

        def as_sqlite(self, compiler, connection):
            left, right = self.process_lhs(compiler, connection), self.process_rhs(compiler, connection)
            return f"(' ' || {left[0]} || ' ') LIKE ('% ' || {right[0]} || ' %')", (*left[1], *right[1])

    class Shared(TrigramSimilarity):
        """Derived from a function of the library, and written by the user."""

        def as_sqlite(self, compiler, connection):
            return self.as_sql(compiler, connection, function="ROWSMITH_SIMILARITY")

    models.CharField.register_lookup(Words)
    try:
        assert names(name__words="toast") == ["Cheese on Toast recipes"]
        assert names(name__words="toas") == []
        assert names(name__words="toast", recipe__trigram_word_similar="cheese") == ["Cheese on Toast recipes"]
    finally:
        models.CharField._unregister_lookup(Words)
    rows = Dish.objects.annotate(one=Shared("name", "Pizza"), two=TrigramSimilarity("name", "Pizza"))
    assert all(row.one == row.two for row in rows) and max(row.one for row in rows) > 0.4


# The two databases beside each other

WORDS = [
    *("cheese", "cheeses", "toast", "café", "naïve", "über", "straße", "banana", "bananas", "ananas", "a", "ab", "abc"),
    *("abcd", "word", "words", "two", "sword", "ΣΟΦΟΣ", "ελλάδα", "москва", "東京", "x1", "12", "123", "foo_bar"),
]


def _texts(seed, count):
    rnd = random.Random(seed)
    for _ in range(count):
        kind = rnd.randrange(3)
        if kind == 2:
            yield rnd.choice([" ", "-", ", "]).join(rnd.choice(WORDS) for _ in range(rnd.randrange(8)))
        else:
            yield "".join(rnd.choice(("ab c", "abcde -")[kind]) for _ in range(rnd.randrange(30)))


@pytest.fixture(scope="module")
def servers_answers(postgresql_url):
    """A database whose letters are those of Unicode, whatever the locale of the cluster."""
    import psycopg

    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS rowsmith_letters")
        connection.execute(
            "CREATE DATABASE rowsmith_letters TEMPLATE template0 LOCALE_PROVIDER libc LC_CTYPE 'C.UTF-8' LC_COLLATE 'C'"
        )
        with psycopg.connect(postgresql_url, dbname="rowsmith_letters", autocommit=True) as letters:
            letters.execute("CREATE EXTENSION pg_trgm")
            letters.execute("CREATE EXTENSION unaccent")
            yield letters
        connection.execute("DROP DATABASE rowsmith_letters")


@pytest.fixture(scope="module")
def own_answers():
    connection = sqlite3.connect(":memory:")
    register(connection)
    yield connection
    connection.close()


def test_sqlite_finds_texts_as_alike_as_postgresql_does(servers_answers, own_answers):
    pairs = list(zip(_texts(1, 2000), _texts(2, 2000), strict=True))
    asked = (
        "similarity(a, b), a <-> b, word_similarity(a, b), a <<-> b, strict_word_similarity(a, b), a <<<-> b, "
        "a % b, b %> a, b %>> a"
    )
    rows = servers_answers.execute(
        f"SELECT a, b, {asked.replace('%', '%%')} FROM unnest(%s::text[], %s::text[]) AS pairs(a, b)",
        [[a for a, _ in pairs], [b for _, b in pairs]],
    ).fetchall()
    ours = (
        "SELECT ROWSMITH_SIMILARITY(?1, ?2), ROWSMITH_TRIGRAM_DISTANCE(?1, ?2), ROWSMITH_WORD_SIMILARITY(?1, ?2), "
        "ROWSMITH_WORD_DISTANCE(?1, ?2), ROWSMITH_STRICT_WORD_SIMILARITY(?1, ?2), "
        "ROWSMITH_STRICT_WORD_DISTANCE(?1, ?2), ROWSMITH_SIMILAR(?1, ?2), ROWSMITH_WORD_SIMILAR(?2, ?1), "
        "ROWSMITH_STRICT_WORD_SIMILAR(?2, ?1)"
    )
    different = [
        (a, b, answer, own)
        for a, b, *answer in rows
        if list(own := own_answers.execute(ours, (a, b)).fetchone()) != answer
    ]
    assert different == []
    assert len(rows) == 2000 and sum(row[-1] for row in rows) > 20


def test_sqlite_takes_the_accents_off_the_letters_that_postgresql_does(servers_answers, own_answers):
    ranges = ((0x20, 0x250), (0x300, 0x500), (0x1E00, 0x2070))
    letters = [chr(code) for first, last in ranges for code in range(first, last)]
    rows = servers_answers.execute("SELECT c, unaccent(c) FROM unnest(%s::text[]) AS c", [letters]).fetchall()
    ours = {c: own_answers.execute("SELECT ROWSMITH_UNACCENT(?)", (c,)).fetchone()[0] for c in letters}
    assert {c: plain for c, plain in rows if ours[c] != plain} == {}
    assert sum(c != plain for c, plain in rows) > 900
