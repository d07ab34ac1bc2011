"""Searching texts: what is found, in which order, how it composes, and that documents follow their rows."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

import rowsmith
from rowsmith import models, transaction
from rowsmith.apps import Apps
from rowsmith.checks import CheckFailed
from rowsmith.db import connections
from rowsmith.exceptions import FieldError
from rowsmith.models import Count, F, Q, Value
from rowsmith.models.functions import Concat
from rowsmith.search import Highlight, SearchIndex, Snippet, rebuild
from rowsmith.testing import recorded_statements


class Treatise(models.Model):
    """Texts of the table itself."""

    title = models.CharField(max_length=200)
    text = models.TextField(null=True)
    year = models.IntegerField(default=2000)

    class Meta:
        indexes = [SearchIndex(fields={"title": "A", "text": "B"})]


class Spelling(models.Model):
    """Words that may be spelled wrong."""

    text = models.TextField()

    class Meta:
        indexes = [SearchIndex(fields={"text": "A"}, fuzzy=True)]


class Composer(models.Model):
    name = models.CharField(max_length=100)
    teacher = models.ForeignKey("self", on_delete=models.SET_NULL, null=True)


class Instrument(models.Model):
    name = models.CharField(max_length=100)


class Tune(models.Model):
    """Texts of other tables beside its own: along a key, along two, over a linking table, and from rows that refer."""

    title = models.CharField(max_length=100)
    composer = models.ForeignKey(Composer, on_delete=models.CASCADE, null=True)
    arranger = models.ForeignKey(Composer, on_delete=models.SET_NULL, null=True, related_name="arranged")
    instruments = models.ManyToManyField(Instrument)

    class Meta:
        indexes = [
            SearchIndex(
                fields={
                    "title": "A", "composer__name": "B", "arranger__name": "B", "composer__teacher__name": "D",
                    "instruments__name": "C", "passage__name": "C",
                }
            )
        ]  # fmt: skip


class Passage(models.Model):
    piece = models.ForeignKey(Tune, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)


class Quote(models.Model):
    """Words as they are, and two indexes to choose from."""

    text = models.TextField()
    source = models.CharField(max_length=100, default="")

    class Meta:
        indexes = [
            SearchIndex(fields=["text"], language="simple", name="quote_texts"),
            SearchIndex(fields=["source"], name="quote_sources"),
        ]


class Symbol(models.Model):
    """Keys that are no numbers."""

    code = models.CharField(max_length=3, primary_key=True)
    name = models.CharField(max_length=100)

    class Meta:
        indexes = [SearchIndex(fields={"code": "A", "name": "B"}, fuzzy=True)]


class Token(models.Model):
    """Another kind of them, and a text that is elsewhere."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    symbol = models.ForeignKey(Symbol, on_delete=models.CASCADE)

    class Meta:
        indexes = [SearchIndex(fields={"symbol__name": "A"})]


class Signed(models.Model):
    signature = models.CharField(max_length=100)


class Letter(Signed):
    """A child, whose text is in two tables."""

    body = models.TextField()

    class Meta:
        indexes = [SearchIndex(fields={"body": "B", "signature": "A"})]


class Pallet(models.Model):
    label = models.CharField(max_length=100)


class Crate(models.Model):
    """Made and dropped by a test of its own."""

    label = models.CharField(max_length=100)
    pallet = models.ForeignKey(Pallet, on_delete=models.CASCADE)

    class Meta:
        indexes = [SearchIndex(fields={"label": "A", "pallet__label": "B"})]


class Wrapper(models.Model):
    title = models.CharField(max_length=100)

    class Meta:
        indexes = [SearchIndex(fields=["title"])]


class Jacket(Wrapper):
    """A child, whose parent has the documents."""

    colour = models.CharField(max_length=20)


class Glossy(Jacket):
    class Meta:
        proxy = True


class Unsearched(models.Model):
    title = models.CharField(max_length=100)


@pytest.fixture
def treatises(tables):
    tables(Treatise)
    for title, text, year in (
        ("Web styles", "How to style the web with ease; a phrase or two.", 2001),
        ("Cats", "The style of cats, naïve and proud, in İstanbul.", 2002),
        ("A phrase of music", None, 2003),
        ("Running", "She runs, he ran, they were running: well-known shoes.", 2003),
    ):
        Treatise.objects.create(title=title, text=text, year=year)


@pytest.fixture
def music(tables):
    tables(Composer, Instrument, Tune, Passage)
    haydn = Composer.objects.create(name="Joseph Haydn")
    beethoven = Composer.objects.create(name="Ludwig van Beethoven", teacher=haydn)
    piano, violin = (Instrument.objects.create(name=name) for name in ("piano", "violin"))
    spring = Tune.objects.create(title="Spring sonata", composer=beethoven)
    spring.instruments.add(piano, violin)
    Passage.objects.create(piece=spring, name="Allegro")
    moonlight = Tune.objects.create(title="Moonlight sonata", composer=beethoven, arranger=haydn)
    moonlight.instruments.add(piano)


def titles(rows):
    return [row.title for row in rows]


@pytest.mark.parametrize(
    "text, found",
    [
        ("style", ["Web styles", "Cats"]),
        ("styling", ["Web styles", "Cats"]),
        ("web style", ["Web styles"]),
        ("web AND style", ["Web styles"]),
        ('"style the web"', ["Web styles"]),
        ('"the style web"', []),
        ("style -cats", ["Web styles"]),
        ('style -"the web"', ["Cats"]),
        ("cats OR music", ["Cats", "A phrase of music"]),
        ("cats | music phrase", ["A phrase of music"]),
        ("phra*", ["A phrase of music", "Web styles"]),
        ("phra", []),
        ("NAIVE istanbul", ["Cats"]),
        ("naïve", ["Cats"]),
        ("the style of the web", ["Web styles"]),
        ("the", ["Web styles", "Cats"]),
        ("run", ["Running"]),
        ("well-known", ["Running"]),
        ("known-well", []),
        ("-style", []),
        ("", []),
        ('"" - * ()', []),
    ],
)
def test_what_a_text_finds(treatises, text, found):
    assert sorted(titles(Treatise.objects.search(text))) == sorted(found)


def test_the_best_comes_first(treatises):
    assert titles(Treatise.objects.search("phrase")) == ["A phrase of music", "Web styles"]
    found = Treatise.objects.search("style")
    assert titles(found) == ["Web styles", "Cats"]
    assert [row.search_rank for row in found] == [0.17564, 0.07029]


def test_of_equals_the_older_one_comes_first(tables):
    tables(Treatise)
    for title in ("cat b", "cat a", "cat c"):
        Treatise.objects.create(title=title)
    assert titles(Treatise.objects.search("cat")) == ["cat b", "cat a", "cat c"]


def test_searching_composes(treatises):
    found = Treatise.objects.search("style OR phrase")
    assert found.count() == 3
    assert found.exists()
    assert titles(found.filter(year__gt=2001)) == ["A phrase of music", "Cats"]
    assert titles(Treatise.objects.filter(year=2002).search("style")) == ["Cats"]
    assert titles(found.order_by("title")) == ["A phrase of music", "Cats", "Web styles"]
    assert titles(found[1:2]) == titles(found)[1:2]
    assert titles(found.filter(search_rank__gt=0.1)) == ["A phrase of music", "Web styles"]
    assert list(found.values_list("title", "search_rank")[:1]) == [("A phrase of music", 0.13091)]
    assert list(found.values("title")[:1]) == [{"title": "A phrase of music"}]
    assert list(found.annotate(double=F("search_rank") * 2).values_list("double", flat=True))[0] == 0.26182
    assert titles(Treatise.objects.search("style").search("web")) == ["Web styles"]
    assert found.aggregate(n=Count("pk"))["n"] == 3
    assert titles(found.reverse()) == list(reversed(titles(found)))
    assert found.first().title == "A phrase of music"
    assert titles(Treatise.objects.filter(pk__in=Treatise.objects.search("cats").values("pk"))) == ["Cats"]
    assert titles(Treatise.objects.exclude(pk__in=found.values("pk"))) == ["Running"]
    assert list(found.values("year").annotate(n=Count("pk")).order_by("year").values_list("year", "n")) == [
        (2001, 1), (2002, 1), (2003, 1),
    ]  # fmt: skip
    assert Treatise.objects.search("style").update(year=1999) == 2
    assert Treatise.objects.search("style").delete()[0] == 2
    assert not Treatise.objects.search("style").exists()


def test_searching_along_relations(music):
    found = Tune.objects.search("sonata").annotate(n=Count("instruments")).order_by("title")
    assert [(row.title, row.n) for row in found] == [("Moonlight sonata", 1), ("Spring sonata", 2)]
    assert titles(Tune.objects.search("sonata").filter(instruments__name="violin")) == ["Spring sonata"]
    owners = Composer.objects.filter(tune__in=Tune.objects.search("moonlight"))
    assert [row.name for row in owners] == ["Ludwig van Beethoven"]
    named = Composer.objects.filter(pk__in=Tune.objects.search("moonlight").values("composer"))
    assert [row.name for row in named] == ["Ludwig van Beethoven"]


def test_a_search_is_planned_once_for_all_texts(treatises):
    list(Treatise.objects.search("style"))
    first, second = Treatise.objects.search("web"), Treatise.objects.search('cats -dogs "in istanbul" OR run*')
    assert first._shape is second._shape


def test_a_search_is_one_statement(treatises):
    with recorded_statements() as seen:
        list(Treatise.objects.search("style"))
    assert len(seen) == 1


async def test_searching_with_await(treatises):
    assert [row.title async for row in Treatise.objects.search("style")] == ["Web styles", "Cats"]
    assert await Treatise.objects.search("style").acount() == 2
    assert (await Treatise.objects.search("phrase").afirst()).title == "A phrase of music"


def test_documents_follow_every_way_of_writing(treatises):
    treatise = Treatise.objects.get(title="Cats")
    treatise.text = "of dogs"
    treatise.save()
    assert titles(Treatise.objects.search("istanbul")) == []
    assert titles(Treatise.objects.search("dogs")) == ["Cats"]
    Treatise.objects.filter(title="Cats").update(title=Concat("title", Value(" and mice")))
    assert titles(Treatise.objects.search("mice")) == ["Cats and mice"]
    Treatise.objects.bulk_create([Treatise(title="Mice at night"), Treatise(title="Owls")])
    assert sorted(titles(Treatise.objects.search("mice"))) == ["Cats and mice", "Mice at night"]
    Treatise.objects.bulk_update([Treatise(pk=treatise.pk, title="Bats")], ["title"])
    assert titles(Treatise.objects.search("mice")) == ["Mice at night"]
    Treatise.objects.bulk_create([Treatise(pk=treatise.pk, title="Rats")], update_conflicts=True, unique_fields=["id"],
                              update_fields=["title"])  # fmt: skip
    assert titles(Treatise.objects.search("rats")) == ["Rats"]
    Treatise.objects.bulk_create([Treatise(pk=treatise.pk, title="Bees")], ignore_conflicts=True)
    assert titles(Treatise.objects.search("bees OR rats")) == ["Rats"]
    with connections["default"].cursor() as cursor:
        cursor.execute("UPDATE behaviour_treatise SET title = 'Wasps' WHERE title = 'Rats'")
        cursor.execute("DELETE FROM behaviour_treatise WHERE title = 'Owls'")
    assert titles(Treatise.objects.search("wasps OR rats OR owls")) == ["Wasps"]
    treatise.delete()
    assert titles(Treatise.objects.search("wasps")) == []


def test_documents_follow_transactions(treatises):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Treatise.objects.create(title="Unicorns")
        assert titles(Treatise.objects.search("unicorn")) == ["Unicorns"]
        raise ZeroDivisionError
    assert titles(Treatise.objects.search("unicorn")) == []


def test_documents_follow_the_rows_that_they_are_made_of(music):
    spring, moonlight = "Spring sonata", "Moonlight sonata"

    def found(text):
        return sorted(titles(Tune.objects.search(text)))

    assert found("beethoven") == [moonlight, spring]
    assert found("haydn") == [moonlight, spring]
    assert found("violin sonata") == [spring]
    assert found("allegro") == [spring]
    # A row along one key, along two, and along both at once.
    haydn, beethoven = Composer.objects.order_by("name")
    haydn.name = "Papa Haydn"
    haydn.save()
    assert found("joseph") == []
    assert found("papa") == [moonlight, spring]
    # The way itself.
    beethoven.teacher = None
    beethoven.save()
    assert found("papa") == [moonlight]
    Tune.objects.filter(title=moonlight).update(arranger=None)
    assert found("papa") == []
    # Rows that refer: they come, change, go to another, and leave.
    passage = Passage.objects.get()
    passage.name = "Presto"
    passage.save()
    assert (found("allegro"), found("presto")) == ([], [spring])
    passage.piece = Tune.objects.get(title=moonlight)
    passage.save()
    assert found("presto") == [moonlight]
    passage.delete()
    assert found("presto") == []
    # The linking table, and what lies behind it.
    piece = Tune.objects.get(title=moonlight)
    piece.instruments.add(Instrument.objects.get(name="violin"))
    assert found("violin") == [moonlight, spring]
    Instrument.objects.filter(name="violin").update(name="fiddle")
    assert (found("violin"), found("fiddle")) == ([], [moonlight, spring])
    piece.instruments.clear()
    assert found("fiddle piano") == [spring]
    Instrument.objects.all().delete()
    assert found("piano") == []
    Composer.objects.all().delete()
    assert found("sonata") == []


@pytest.mark.only("postgresql")
@pytest.mark.plain
@pytest.mark.parametrize("change", ["a row refers to it", "a row is moved to it", "a link leads to it"])
def test_two_transactions_at_once_do_not_miss_each_other(music, database, postgresql_url, change):
    """One changes a text, while the other lets a row refer to it."""
    import psycopg

    tune = Tune.objects.get(title="Spring sonata")
    haydn = Composer.objects.get(name="Joseph Haydn")
    flute = Instrument.objects.create(name="flute")
    writes, table, key = {
        "a row refers to it": (
            f"INSERT INTO behaviour_tune (title, composer_id) VALUES ('Clock sonata', {haydn.pk})", "composer", haydn.pk
        ),
        "a row is moved to it": (
            f"UPDATE behaviour_tune SET arranger_id = {haydn.pk} WHERE id = {tune.pk}", "composer", haydn.pk
        ),
        "a link leads to it": (
            f"INSERT INTO behaviour_tune_instruments (tune_id, instrument_id) VALUES ({tune.pk}, {flute.pk})",
            "instrument", flute.pk,
        ),
    }[change]  # fmt: skip
    with (
        psycopg.connect(postgresql_url) as one,
        psycopg.connect(postgresql_url) as other,
        ThreadPoolExecutor() as threads,
    ):
        one.execute(f"UPDATE behaviour_{table} SET name = 'Renamed' WHERE id = {key}")
        written = threads.submit(other.execute, writes)
        deadline = time.monotonic() + 10
        with psycopg.connect(postgresql_url, autocommit=True) as watching:
            waits = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
            while not written.done() and time.monotonic() < deadline:
                if watching.execute(waits, (other.info.backend_pid,)).fetchone()[0]:
                    break
        one.commit()
        written.result(timeout=10)
        other.commit()
    expected = {"a row refers to it": "clock renamed"}.get(change, "spring renamed")
    assert Tune.objects.search(expected).count() == 1


@pytest.mark.only("postgresql")
def test_documents_follow_tables_that_are_emptied_at_once(music):
    with connections["default"].cursor() as cursor:
        cursor.execute("TRUNCATE behaviour_passage")
    assert not Tune.objects.search("allegro").exists()
    with connections["default"].cursor() as cursor:
        cursor.execute("TRUNCATE behaviour_instrument CASCADE")
    assert not Tune.objects.search("piano").exists()
    assert Tune.objects.search("beethoven").count() == 2


def test_documents_of_rows_whose_keys_are_no_numbers(tables):
    tables(Symbol, Token)
    gold, silver = Symbol.objects.create(code="AU", name="Gold"), Symbol.objects.create(code="AG", name="Silver")
    both = [Token.objects.create(symbol=gold), Token.objects.create(symbol=silver)]
    assert Symbol.objects.search("au").get() == gold
    assert [row.name for row in Symbol.objects.search("gold OR silver").order_by("-code")] == ["Gold", "Silver"]
    assert [row.search_rank for row in Symbol.objects.search("gold OR silver")] == [0.07671] * 2
    assert Symbol.objects.search("silvr", fuzzy=True).get() == silver
    assert Token.objects.search("silver").get() == both[1]
    silver.name = "Quicksilver"
    silver.save()
    assert not Token.objects.search("silver").exists()
    assert Token.objects.search("quicksilver").get() == both[1]
    Symbol.objects.create(code="PB", name="Lead")
    Symbol.objects.filter(code="PB").update(code="HG")
    assert Symbol.objects.search("hg").get().name == "Lead"
    assert not Symbol.objects.search("pb").exists()
    rebuild(Symbol)
    assert Symbol.objects.search("hg").get().name == "Lead"
    both[1].delete()
    assert not Token.objects.search("quicksilver").exists()
    silver.delete()
    assert not Symbol.objects.search("quicksilver").exists()


def test_documents_of_a_child_follow_the_table_of_the_parent(tables):
    tables(Signed, Letter)
    letter = Letter.objects.create(body="Dear friend", signature="Emily")
    assert Letter.objects.search("emily friend").get() == letter
    Signed.objects.update(signature="Charlotte")
    assert Letter.objects.search("charlotte").get() == letter
    assert not Letter.objects.search("emily").exists()


def test_rows_of_a_child_are_found_by_the_documents_of_the_parent(tables):
    tables(Wrapper, Jacket)
    jackets = [Jacket.objects.create(title=title, colour="red") for title in ("Owls", "Cats", "Owls of the night")]
    Wrapper.objects.create(title="An owl without a jacket")
    found = Jacket.objects.search("owl").annotate(shown=Highlight("title", "owl"))
    assert [(row.pk, row.shown) for row in found] == [
        (jackets[0].pk, "<mark>Owls</mark>"), (jackets[2].pk, "<mark>Owls</mark> of the night"),
    ]  # fmt: skip
    assert Jacket.objects.filter(colour="red").search("cat").count() == 1
    assert Wrapper.objects.search("owl").count() == 3
    assert titles(Glossy.objects.search("night")) == ["Owls of the night"]
    Jacket.objects.filter(title="Cats").update(title="Bats")
    assert titles(Jacket.objects.search("bat OR cat")) == ["Bats"]


def test_documents_are_made_of_rows_that_are_there_before_the_index(treatises):
    index = Treatise._meta.indexes[0]
    with connections["default"].schema_editor() as editor:
        editor.drop_documents(Treatise)
        editor.run(index.documents(Treatise))
    assert titles(Treatise.objects.search("style")) == ["Web styles", "Cats"]


def test_documents_are_made_anew_on_request(treatises, music):
    for model in (Treatise, Tune):
        rebuild(model)
    assert titles(Treatise.objects.search("style")) == ["Web styles", "Cats"]
    assert sorted(titles(Tune.objects.search("beethoven"))) == ["Moonlight sonata", "Spring sonata"]


async def test_documents_are_made_anew_with_await(treatises):
    await rowsmith.search.arebuild(Treatise)
    assert await Treatise.objects.search("style").acount() == 2


@pytest.mark.only("sqlite")
def test_making_anew_heals_what_was_written_around_the_triggers(treatises):
    with connections["default"].cursor() as cursor:
        cursor.execute("DROP TRIGGER behaviour_treatise_search_0")
    Treatise.objects.create(title="Unseen")
    assert not Treatise.objects.search("unseen").exists()
    rebuild(Treatise)
    assert Treatise.objects.search("unseen").exists()
    with connections["default"].schema_editor() as editor:
        editor.drop_documents(Treatise)
        editor.run(Treatise._meta.indexes[0].documents(Treatise))


def test_tables_and_documents_go_together(database):
    for _ in range(2):
        rowsmith.drop_tables(Pallet, Crate)
        rowsmith.create_tables(Pallet, Crate)
        Crate.objects.create(label="Owls", pallet=Pallet.objects.create(label="left"))
        assert Crate.objects.search("owl left").count() == 1
    with database.schema_editor() as editor:
        editor.delete_model(Crate)
    rowsmith.drop_tables(Pallet, Crate)
    left = {
        "sqlite": "SELECT name FROM sqlite_master WHERE name LIKE 'behaviour_crate%'",
        "postgresql": "SELECT proname FROM pg_proc WHERE proname LIKE 'behaviour_crate%'",
    }
    with database.cursor() as cursor:
        assert cursor.execute(left[database.vendor]).fetchall() == []


def test_words_as_they_are_and_the_choice_of_an_index(tables):
    tables(Quote)
    quote = Quote.objects.create(text="The running of the bulls", source="A proverb")
    assert Quote.objects.search("running the", index="quote_texts").get() == quote
    assert not Quote.objects.search("run", index="quote_texts").exists()
    assert Quote.objects.search("proverbs", index="quote_sources").get() == quote
    with pytest.raises(FieldError, match="Quote has several; .* one of: 'quote_texts', 'quote_sources'"):
        Quote.objects.search("run")
    with pytest.raises(FieldError, match="Quote has no SearchIndex 'other'"):
        Quote.objects.search("run", index="other")


def test_the_last_word_may_be_a_beginning(treatises):
    assert titles(Treatise.objects.search("web sty", prefix=True)) == ["Web styles"]
    assert titles(Treatise.objects.search("web sty")) == []
    assert titles(Treatise.objects.search("web sty ", prefix=True)) == []
    for end in (1, 2, 3, 7):
        assert "Running" in titles(Treatise.objects.search("running"[:end], prefix=True))


@pytest.mark.parametrize(
    "text, found",
    [
        ("database", ["a database of music", "databases and theory"]),
        ("databse", ["a database of music", "databases and theory"]),
        ("musik databse", ["a database of music"]),
        ("databse -theory", ["a database of music"]),
        ("databse OR wonder", ["a database of music", "databases and theory", "wonderful birds"]),
        ('databse "of music"', ["a database of music"]),
        ('birdz OR "of music" theori', []),
        ("wonderfull birds", ["wonderful birds"]),
        ("xylophone", []),
        ('-databse "and theory"', ["databases and theory"]),
        ('-databases "and theory"', []),
        ("", []),
    ],
)
def test_words_that_are_spelled_alike(tables, text, found):
    tables(Spelling)
    for given in ("a database of music", "databases and theory", "wonderful birds", "quiet"):
        Spelling.objects.create(text=given)
    rows = Spelling.objects.search(text, fuzzy=True)
    assert sorted(row.text for row in rows) == sorted(found)
    if text == "musik databse":
        assert [row.search_rank for row in rows] == [0.13091]


def test_a_word_that_a_document_has_stands_for_itself(tables):
    tables(Spelling)
    for given in ("cart", "card", "care"):
        Spelling.objects.create(text=given)
    assert [row.text for row in Spelling.objects.search("card", fuzzy=True)] == ["card"]
    assert {row.text for row in Spelling.objects.search("carx", fuzzy=True)} == {"cart", "card", "care"}
    assert not Spelling.objects.search("carx").exists()
    assert {row.text for row in Spelling.objects.search("carx", prefix=True, fuzzy=True)} == {"cart", "card", "care"}
    assert {row.text for row in Spelling.objects.search("ca", prefix=True, fuzzy=True)} == {"cart", "card", "care"}


def test_an_index_that_is_not_for_fuzzy_searches_says_so(treatises):
    with pytest.raises(FieldError, match=r"not for fuzzy searches.*\n?.*fuzzy=True"):
        Treatise.objects.search("style", fuzzy=True)


def test_highlights_and_snippets(treatises):
    text = 'style "the web"'
    [row] = Treatise.objects.search(text).annotate(
        title_shown=Highlight("title", text), shown=Snippet("text", text, words=4)
    )
    assert row.title_shown == "Web <mark>styles</mark>"
    assert row.shown == "…<mark>style</mark> <mark>the web</mark> with…"
    [row] = Treatise.objects.search("naive").annotate(shown=Highlight("text", "naive", start="[", stop="]", html=False))
    assert row.shown == "The style of cats, [naïve] and proud, in İstanbul."
    shown = Treatise.objects.search("music").annotate(shown=Highlight("text", "music")).values_list("shown", flat=True)
    assert list(shown) == [None]


def test_highlights_are_safe_in_a_page(treatises):
    Treatise.objects.create(title="<script>alert('owl')</script> & owls")
    shown = Treatise.objects.search("owl").annotate(shown=Highlight("title", "owl")).get().shown
    assert shown == (
        "&lt;script&gt;alert(&#x27;<mark>owl</mark>&#x27;)&lt;/script&gt; &amp; <mark>owls</mark>"
    )


def test_highlights_of_words_that_are_spelled_alike(tables):
    tables(Spelling)
    Spelling.objects.create(text="databases of data")
    shown = Highlight("text", "databse", fuzzy=True, start="[", stop="]")
    assert Spelling.objects.search("databse", fuzzy=True).annotate(shown=shown).get().shown == "[databases] of [data]"
    shown = Highlight("text", "data", fuzzy=True, start="[", stop="]")
    assert Spelling.objects.search("data", fuzzy=True).annotate(shown=shown).get().shown == "databases of [data]"


def test_highlights_are_of_any_queryset(treatises):
    rows = Treatise.objects.filter(Q(title="Cats")).annotate(shown=Highlight("title", "cat dog"))
    assert rows.get().shown == "<mark>Cats</mark>"


def test_searching_a_model_without_index_says_what_to_write(tables):
    with pytest.raises(FieldError, match=r"Unsearched has no SearchIndex.*Add one to its Meta"):
        Unsearched.objects.search("cats")


def test_a_search_is_a_text(treatises):
    with pytest.raises(TypeError, match="A search is a text"):
        Treatise.objects.search(None)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"fields": {}}, "takes the names of text fields"),
        ({"fields": "title"}, "takes the names of text fields"),
        ({"fields": {"title": "E"}}, "'title' is one of A, B, C, D"),
        ({"fields": ["title"], "language": "klingon"}, "not 'klingon'"),
    ],
)
def test_an_index_says_what_is_wrong_with_it(options, message):
    with pytest.raises(ValueError, match=message):
        SearchIndex(**options)


@pytest.mark.parametrize(
    "path, message",
    [
        ("tilte", "has no field 'tilte'.* Did you mean 'title'"),
        ("year", "'year' is no text"),
        ("title__name", "of a field that is no relation"),
    ],
)
def test_an_index_says_which_name_is_no_text(path, message):
    with pytest.raises(FieldError, match=message):
        SearchIndex(fields=[path], name="x").documents(Treatise)


def test_a_check_tells_of_texts_that_are_none(database):
    class Draft(models.Model):
        title = models.CharField(max_length=10)

        class Meta:
            app_label = "drafts"
            apps = Apps()
            indexes = [SearchIndex(fields={"titel": "A"})]

    with pytest.raises(CheckFailed, match=r"Draft has no field 'titel'.*Did you mean 'title'"):
        rowsmith.create_tables(Draft)


def test_an_index_is_built_again_from_its_parts():
    index = Quote._meta.indexes[0]
    path, args, keywords = index.deconstruct()
    assert (path, args) == ("rowsmith.search.SearchIndex", ())
    assert keywords == {"fields": {"text": "D"}, "name": "quote_texts", "language": "simple"}
    assert SearchIndex(**keywords) == index == index.clone()
    assert Treatise._meta.indexes[0].name == "behaviour_treatise_search"
