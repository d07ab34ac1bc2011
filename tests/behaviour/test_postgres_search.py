"""Full-text search of PostgreSQL: vectors, queries, ranks and headlines."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rowsmith import models, transaction
from rowsmith.db import connections
from rowsmith.exceptions import FieldError
from rowsmith.models import F, OuterRef, Subquery, Value
from rowsmith.postgres.indexes import GinIndex
from rowsmith.postgres.search import (
    Lexeme,
    SearchConfig,
    SearchHeadline,
    SearchQuery,
    SearchRank,
    SearchVector,
    SearchVectorField,
)
from rowsmith.testing import recorded_statements


class Scene(models.Model):
    title = models.CharField(max_length=100)
    language = models.CharField(max_length=20, default="english")

    class Meta:
        app_label = "grail"


class Line(models.Model):
    scene = models.ForeignKey(Scene, models.CASCADE, related_name="lines", null=True)
    speaker = models.CharField(max_length=50)
    dialogue = models.TextField(null=True)
    number = models.IntegerField(default=0)

    class Meta:
        app_label = "grail"
        ordering = ["pk"]


class Prepared(models.Model):
    title = models.CharField(max_length=100)
    body = models.TextField(null=True)
    words = SearchVectorField(null=True)
    kept = models.GeneratedField(
        expression=SearchVector("title", weight="A", config="english") + SearchVector("body", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        app_label = "grail"
        indexes = [GinIndex(SearchVector("title", "body", config="english"), name="grail_by_words")]


LINES = (
    ("Minstrel", "Bravely bold Sir Robin, rode forth from Camelot.", 1),
    ("Minstrel", "He was not at all afraid to be killed in nasty ways.", 2),
    ("Guard", "Please, don't bite my vicious ducks", 3),
    ("French", "Oh. Un beau cadeau. Oui oui.", 4),
    ("Robin", None, 5),
)


@pytest.fixture
def lines(tables):
    tables(Scene, Line)
    robin = Scene.objects.create(title="Scene 10, the dark forest of Ewing")
    french = Scene.objects.create(title="Scène 8, le cheval de Troie", language="french")
    for speaker, dialogue, number in LINES:
        Line.objects.create(
            scene=french if speaker == "French" else robin, speaker=speaker, dialogue=dialogue, number=number
        )


def numbers(queryset):
    return list(queryset.order_by("pk").values_list("number", flat=True))


pytestmark = pytest.mark.only("postgresql")

SEARCHED = SearchVector("scene__title", "dialogue", config="english")


@pytest.mark.feature("SR-005", "PG-033")
def test_search_looks_for_the_words_of_a_text_in_another(lines):
    assert numbers(Line.objects.filter(dialogue__search="killing way")) == [2]
    assert numbers(Line.objects.filter(dialogue__search="robin camelot")) == [1]
    assert numbers(Line.objects.filter(dialogue__search="the ducks' bites")) == [3]
    assert numbers(Line.objects.filter(dialogue__search="robin duck")) == []
    assert numbers(Line.objects.filter(speaker__search="minstrels")) == [1, 2]
    assert numbers(Line.objects.exclude(dialogue__search="duck")) == [1, 2, 4, 5]
    assert numbers(Line.objects.filter(dialogue__search=F("speaker"))) == []
    with recorded_statements() as seen:
        numbers(Line.objects.filter(dialogue__search="x"))
    assert 'to_tsvector((COALESCE("grail_line"."dialogue", \'\'))) @@ plainto_tsquery($1::text)' in seen[0]


@pytest.mark.feature("SR-006", "SR-009")
def test_vectors_search_several_columns_and_take_part_in_any_query(lines):
    found = Line.objects.annotate(search=SEARCHED)
    assert numbers(found.filter(search="forest")) == [1, 2, 3, 5]
    assert numbers(found.filter(search="forest", speaker="Guard")) == [3]
    assert numbers(found.filter(search="forest").filter(number__gt=1).exclude(search="bite")) == [2, 5]
    assert numbers(found.filter(models.Q(search="camelot") | models.Q(number=4))) == [1, 4]
    counted = Scene.objects.annotate(n=models.Count("lines", filter=models.Q(lines__dialogue__search="ducks")))
    assert list(counted.order_by("pk").values_list("n", flat=True)) == [1, 0]
    assert numbers(Line.objects.alias(search=SEARCHED).filter(search="forest", number__lt=5)) == [1, 2, 3]
    spoken = Line.objects.filter(scene=OuterRef("pk"), dialogue__search="afraid").values("number")[:1]
    assert list(Scene.objects.order_by("pk").annotate(n=Subquery(spoken)).values_list("n", flat=True)) == [2, None]


@pytest.mark.feature("PG-034")
def test_vectors_join_texts_with_spaces_take_null_for_nothing_and_add_up(lines):
    one = SearchVector("speaker", config="english")
    found = Line.objects.annotate(search=one + SearchVector("dialogue", config="english"))
    assert numbers(found.filter(search="robin")) == [1, 5]
    assert numbers(Line.objects.annotate(search=SearchVector("speaker", "dialogue")).filter(search="robin")) == [1, 5]
    # The number is searched as its text.
    assert numbers(Line.objects.annotate(search=SearchVector("dialogue", "number")).filter(search="4")) == [4]
    weighed = SearchVector("speaker", weight="A") + SearchVector("dialogue", weight="D")
    query = SearchQuery("robin:A", search_type="raw")
    assert numbers(Line.objects.annotate(search=weighed).filter(search=query)) == [5]
    rank = SearchRank(weighed, SearchQuery("robin"))
    assert numbers(Line.objects.annotate(rank=rank).filter(rank__gt=0.5)) == [5]
    assert [line.speaker for line in Line.objects.annotate(rank=rank).order_by("-rank")[:2]] == ["Robin", "Minstrel"]
    with pytest.raises(TypeError, match="different configurations"):
        one + SearchVector("dialogue", config="french")
    with pytest.raises(TypeError, match="other SearchVector"):
        one + F("dialogue")
    with pytest.raises(TypeError, match="at least one"):
        SearchVector()
    assert one == SearchVector("speaker", config="english") and one != SearchVector("speaker")
    path, args, kwargs = SearchVector("speaker", config="english", weight="A").deconstruct()
    assert (path, args) == ("rowsmith.postgres.search.SearchVector", (F("speaker"),))
    assert SearchVector(*args, **kwargs) == SearchVector("speaker", config="english", weight="A")


@pytest.mark.feature("PG-035")
def test_queries_are_read_in_four_ways_and_combine(lines):
    def found(*args, **kwargs):
        return numbers(Line.objects.annotate(search=SEARCHED).filter(search=SearchQuery(*args, **kwargs)))

    english = {"config": "english"}
    assert found("afraid killing", **english) == [2]
    assert found("dark forest", search_type="phrase", **english) == [1, 2, 3, 5]
    assert found("forest dark", search_type="phrase", **english) == []
    assert found("duck & ! robin | camelot", search_type="raw", **english) == [1, 3]
    assert found('"dark forest" -duck -camelot', search_type="websearch", **english) == [2, 5]
    with pytest.raises(ValueError, match="search_type"):
        SearchQuery("x", search_type="loose")

    def combined(query):
        return numbers(Line.objects.annotate(search=SEARCHED).filter(search=query))

    duck, killed, forest = (SearchQuery(word, **english) for word in ("duck", "killed", "forest"))
    assert combined(duck | killed) == [2, 3]
    assert combined(forest & ~duck) == [1, 2, 5]
    assert combined(~(duck | killed) & forest) == [1, 5]
    assert combined(~~duck) == [3]
    for other in (1, "duck", models.Q(pk=1)):
        with pytest.raises(TypeError, match="SearchQuery can only be combined"):
            duck & other
        with pytest.raises(TypeError, match="SearchQuery can only be combined"):
            duck | other
    assert combined(SearchQuery(F("speaker"), config="english")) == []
    assert duck == SearchQuery("duck", config="english") and duck != ~duck
    with pytest.raises(ValueError, match="NUL"):
        SearchQuery("a\0b")


@pytest.mark.feature("PG-036")
def test_lexemes_are_words_of_a_raw_query_in_which_nothing_is_syntax(lines):
    def found(query):
        return numbers(Line.objects.annotate(search=SEARCHED).filter(search=query))

    assert found(SearchQuery(Lexeme("duck"), config="english")) == [3]
    assert found(Lexeme("ducks")) == [3]
    assert found(SearchQuery(Lexeme("vic", prefix=True), config="english")) == [3]
    assert found(Lexeme("forest") & ~Lexeme("duck")) == [1, 2, 5]
    assert found(Lexeme("duck") | Lexeme("killed") | Lexeme("camelot")) == [1, 2, 3]
    assert found(~(Lexeme("duck") | Lexeme("killed")) & Lexeme("forest")) == [1, 5]
    assert found(Lexeme("forest", invert=True)) == [4]
    for hostile in ("'", "\\", "a' | 'forest", "!forest", "forest:*", "(", "forest & ducks\\", "<->"):
        assert 4 not in found(Lexeme(hostile))
    assert found(Lexeme("don't & ! bite")) == [3]
    weighed = SearchVector("speaker", weight="A") + SearchVector("dialogue", weight="B")
    by_weight = Line.objects.annotate(search=weighed)
    assert numbers(by_weight.filter(search=Lexeme("robin", weight="A"))) == [5]
    assert numbers(by_weight.filter(search=SearchQuery(Lexeme("rob", weight="b", prefix=True)))) == [1]
    assert repr(SearchQuery(Lexeme("a") & Lexeme("b")).search_type) == "'raw'"
    assert numbers(Line.objects.annotate(r=SearchRank("dialogue", Lexeme("duck"))).filter(r__gt=0)) == [3]
    for wrong in ("", None):
        with pytest.raises((ValueError, TypeError)):
            Lexeme(wrong)
    with pytest.raises(ValueError, match="weight"):
        Lexeme("x", weight="E")
    with pytest.raises(ValueError, match="raw"):
        SearchQuery(Lexeme("x"), search_type="phrase")
    with pytest.raises(TypeError, match="Lexeme can only be combined"):
        Lexeme("x") & SearchQuery("y")


@pytest.mark.feature("PG-037")
def test_ranks_count_hits_by_weight_length_and_nearness(lines):
    def ranked(*args, **kwargs):
        rows = Line.objects.annotate(rank=SearchRank(*args, **kwargs)).order_by("-rank", "pk")
        return list(rows.values_list("number", "rank")[:2])

    [(first, best), (_, none)] = ranked("dialogue", "ducks")
    assert first == 3 and best == pytest.approx(0.06079271) and none == 0
    vector = SearchVector("speaker", weight="A") + SearchVector("dialogue", weight="D")
    assert [number for number, _ in ranked(vector, SearchQuery("robin"), weights=[1.0, 0.1, 0.1, 0.1])] == [1, 5]
    assert [number for number, _ in ranked(vector, SearchQuery("robin"))] == [5, 1]
    whole, shared = ranked(vector, "robin")[0][1], ranked(vector, "robin", normalization=32)[0][1]
    assert shared == pytest.approx(whole / (whole + 1))
    assert ranked(vector, "robin", normalization=Value(2).bitor(4))[0][0] == 5
    near = SearchQuery("robin forth", config="english")
    assert ranked(SearchVector("dialogue", config="english"), near, cover_density=True)[0][0] == 1
    with pytest.raises(ValueError, match="four"):
        SearchRank("dialogue", "x", weights=[1, 2])


@pytest.mark.feature("PG-038")
def test_headlines_show_the_words_that_were_found(lines):
    def headline(number=1, query="camelot", **options):
        shown = Line.objects.annotate(shown=SearchHeadline("dialogue", query, **options))
        return shown.get(number=number).shown

    assert headline() == "Bravely bold Sir Robin, rode forth from <b>Camelot</b>."
    assert headline(start_sel="<i class=\"x\">", stop_sel="'</i>").endswith("<i class=\"x\">Camelot'</i>.")
    assert headline(max_words=4, min_words=3, short_word=0) == "forth from <b>Camelot</b>."
    found = SearchQuery("robin & camelot", search_type="raw", config="english")
    assert headline(query=found, max_fragments=2, max_words=3, min_words=1, fragment_delimiter=" ~ ") == (
        "<b>Robin</b>, rode forth ~ from <b>Camelot</b>"
    )
    assert headline(query=found, highlight_all=True, config="english").count("<b>") == 2
    french = SearchQuery("cadeaux", config="french")
    assert headline(4, french, config="french") == "Oh. Un beau <b>cadeau</b>. Oui oui."
    assert headline(5) is None
    assert headline(query=Lexeme("camel", prefix=True)).endswith("<b>Camelot</b>.")


@pytest.mark.feature("PG-039")
def test_a_column_of_prepared_text_is_searched_as_it_is(tables):
    tables(Prepared)
    Prepared.objects.create(title="Ducks", body="They bite.")
    Prepared.objects.create(title="Bites", body=None)
    assert Prepared.objects.filter(words__isnull=True).count() == 2
    Prepared.objects.update(words=SearchVector("title", "body", config="english"))
    found = Prepared.objects.order_by("title")
    assert [row.title for row in found.filter(words="bite")] == ["Bites", "Ducks"]
    assert [row.title for row in found.filter(words=SearchQuery("duck", config="english"))] == ["Ducks"]
    assert [row.title for row in found.exclude(words="duck")] == ["Bites"]
    assert [row.title for row in found.filter(kept=SearchQuery("bite:A", config="english", search_type="raw"))] == [
        "Bites"
    ]
    assert found.get(words="duck").words == "'bite':3 'duck':1"
    assert found.get(words="duck").kept == "'bite':3 'duck':1A"
    ranked = found.annotate(rank=SearchRank(F("kept"), SearchQuery("bite", config="english")))
    assert [row.title for row in ranked.order_by("-rank")] == ["Bites", "Ducks"]
    Prepared.objects.bulk_create([Prepared(title=f"T{n}", words=f"'word':{n + 1}") for n in range(3)])
    assert found.filter(words="word").count() == 3
    vector = SearchVector("title", "body", config="english")
    with recorded_statements() as seen:
        assert Prepared.objects.annotate(search=vector).filter(search="duck").count() == 1
    assert "to_tsvector" in seen[0]
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'grail_by_words'")
        [[definition]] = cursor.fetchall()
    assert "USING gin (to_tsvector('english'::regconfig" in definition
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert "grail_by_words" in Prepared.objects.annotate(search=vector).filter(search="duck").explain()
    with pytest.raises(FieldError, match="offers"):
        found.filter(words__search_for="x")


@pytest.mark.feature("PG-040")
def test_the_configuration_may_be_a_column(lines):
    vector = SearchVector("dialogue", config=F("scene__language"))
    query = SearchQuery("cadeaux", config=F("scene__language"))
    assert numbers(Line.objects.annotate(search=vector).filter(search=query)) == [4]
    # A plain text takes the configuration of the vector; search takes that of the query.
    assert numbers(Line.objects.annotate(search=vector).filter(search="cadeaux")) == [4]
    assert numbers(Line.objects.filter(dialogue__search=SearchQuery("cadeaux", config="french"))) == [4]
    assert numbers(Line.objects.filter(dialogue__search="cadeaux")) == []
    assert SearchConfig("french") == SearchConfig("french") != SearchConfig(F("language"))
    simple = SearchVector("dialogue", config=SearchConfig("simple"))
    assert numbers(Line.objects.annotate(search=simple).filter(search="my")) == [3]


@pytest.mark.plain
@pytest.mark.feature("SR-011")
def test_the_lookups_are_offered_once_the_package_is_enabled(database):
    program = (
        "from rowsmith import models, configure\n"
        "names = {'search', 'unaccent', 'trigram_similar', 'trigram_word_similar', 'trigram_strict_word_similar'}\n"
        "for field in (models.CharField, models.TextField):\n"
        "    assert not names & set(field.get_lookups())\n"
        "configure('sqlite://', postgres=True) if OPTION else __import__('rowsmith.postgres')\n"
        "for field in (models.CharField, models.TextField):\n"
        "    assert names <= set(field.get_lookups())\n"
    )
    for option in (True, False):
        done = subprocess.run(
            [sys.executable, "-c", program.replace("OPTION", str(option))], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
