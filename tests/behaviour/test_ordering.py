"""In which order rows come: order_by, reverse, distinct, first, last, latest and earliest."""

from __future__ import annotations

import pytest

from rowsmith import models
from rowsmith.exceptions import FieldError, NotSupportedError
from rowsmith.models import Case, Exists, F, Q, Value, When
from rowsmith.models.functions import Lower
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Cover, Publisher, Review, Tag, names, titles


class Planet(models.Model):
    """Its default order leads to Moon's, which leads back."""

    name = models.CharField(max_length=20)
    moon = models.ForeignKey("Moon", models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["moon"]


class Moon(models.Model):
    name = models.CharField(max_length=20)
    planet = models.ForeignKey(Planet, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["planet"]


class Chair(models.Model):
    """Never made: only its constraints count."""

    row = models.IntegerField()
    number = models.IntegerField()
    letter = models.CharField(max_length=1, null=True)
    name = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["row", "number"], name="place_once"),
            models.UniqueConstraint(fields=["row", "letter"], name="place_by_letter"),
            models.UniqueConstraint(fields=["name"], condition=Q(row__gt=1), name="place_by_name"),
        ]


@pytest.mark.feature("Q-153")
def test_an_order_replaces_the_one_before(shelf):
    books = Book.objects.order_by("title")
    assert titles(books) == ["Desert", "Hill", "Sea", "Seaside", "Valley"]
    assert titles(books.order_by("-pages")) == ["Desert", "Valley", "Hill", "Seaside", "Sea"]
    assert titles(Book.objects.order_by("author__name", "-title")) == [
        "Seaside",
        "Sea",
        "Valley",
        "Hill",
        "Desert",
    ]
    assert sorted(titles(Book.objects.order_by("?"))) == sorted(titles(books))
    with recorded_statements() as seen:
        list(Tag.objects.all())
        list(Tag.objects.order_by())
    assert ["ORDER BY" in statement for statement in seen] == [True, False]


@pytest.mark.feature("Q-154")
def test_ordering_by_a_relation_takes_the_order_of_its_model(shelf):
    # Publishers come by descending name.
    with_publisher = Book.objects.filter(publisher__isnull=False)
    assert titles(with_publisher.order_by("publisher", "pk")) == ["Hill", "Sea", "Seaside"]
    assert titles(with_publisher.order_by("-publisher", "pk")) == ["Sea", "Seaside", "Hill"]
    with recorded_statements() as seen:
        assert titles(with_publisher.order_by("publisher_id", "pk")) == ["Sea", "Seaside", "Hill"]
        assert titles(with_publisher.order_by("publisher__pk", "pk")) == ["Sea", "Seaside", "Hill"]
        # Authors have no order of their own, so their key takes its place.
        assert titles(Book.objects.order_by("-author", "pk")) == ["Desert", "Hill", "Valley", "Sea", "Seaside"]
    assert not any("JOIN" in statement for statement in seen)


def test_ordering_takes_expressions_that_say_where_nulls_go(shelf):
    first = Book.objects.order_by(F("rating").asc(nulls_first=True), "title")
    assert titles(first) == ["Desert", "Seaside", "Valley", "Hill", "Sea"]
    last = Book.objects.order_by(F("rating").desc(nulls_last=True), "title")
    assert titles(last) == ["Sea", "Hill", "Valley", "Desert", "Seaside"]
    assert titles(Book.objects.order_by(F("pages") % 200, "-pages")) == [
        "Valley",
        "Seaside",
        "Desert",
        "Hill",
        "Sea",
    ]
    annotated = Book.objects.annotate(left=F("pages") * -1)
    assert titles(annotated.order_by("left")) == ["Desert", "Valley", "Hill", "Seaside", "Sea"]
    assert titles(annotated.order_by("-left")) == ["Sea", "Seaside", "Hill", "Valley", "Desert"]


@pytest.mark.feature("Q-156")
def test_ordering_by_many_related_rows_repeats_the_row_for_each(shelf):
    books = Book.objects.filter(title__in=["Sea", "Seaside"]).order_by("review__stars")
    assert titles(books) == ["Sea", "Seaside", "Sea"]


@pytest.mark.feature("Q-157")
def test_an_order_that_leads_nowhere_or_in_circles_is_refused(shelf):
    with pytest.raises(FieldError, match="Did you mean 'title'"):
        Book.objects.order_by("titel")
    with pytest.raises(FieldError, match="'nam'"):
        Book.objects.order_by("author__nam")
    with pytest.raises(FieldError, match="Infinite loop"):
        str(Planet.objects.all().query)
    with pytest.raises(FieldError):
        Book.objects.order_by("")


@pytest.mark.feature("Q-158")
def test_reverse_turns_the_whole_order_around(shelf):
    books = Book.objects.order_by("author__name", F("rating").desc(nulls_last=True))
    assert titles(books) == ["Sea", "Seaside", "Hill", "Valley", "Desert"]
    assert titles(books.reverse()) == ["Desert", "Valley", "Hill", "Seaside", "Sea"]
    assert titles(books.reverse().reverse()) == titles(books)
    assert [p.name for p in Publisher.objects.reverse()] == ["North", "South"]
    with recorded_statements() as seen:
        list(Book.objects.reverse())
    assert "ORDER BY" not in seen[0]
    with pytest.raises(TypeError, match="slice"):
        books.all()[:2].reverse()


@pytest.mark.feature("Q-159")
def test_distinct_rows_differ_in_their_sort_keys_too(shelf):
    authors = Author.objects.filter(book__tags__isnull=False)
    assert authors.count() == 6
    assert authors.distinct().count() == 3
    assert len(authors.distinct()) == 3
    stars = Author.objects.filter(name="Ann").order_by("book__review__stars").distinct()
    assert len(stars) == 3
    assert list(Book.objects.values_list("author__name", flat=True).distinct().order_by("author__name")) == [
        "Ann",
        "Bob",
        "Cid",
    ]


@pytest.mark.feature("Q-160")
def test_distinct_on_fields_is_for_postgresql(world, shelf):
    if world.vendor != "postgresql":
        with pytest.raises(NotSupportedError):
            list(Book.objects.order_by("author").distinct("author"))
        return
    longest = Book.objects.order_by("author__name", "-pages").distinct("author__name")
    assert titles(longest) == ["Seaside", "Valley", "Desert"]
    assert longest.count() == 3
    from rowsmith.exceptions import ProgrammingError

    with pytest.raises(ProgrammingError):
        list(Book.objects.order_by("pages").distinct("title"))


@pytest.mark.feature("Q-221")
def test_first_and_last_go_by_the_key_only_when_no_order_was_asked_for(shelf):
    assert Book.objects.first() == shelf.sea
    assert Book.objects.last() == shelf.desert
    assert Book.objects.order_by("title").first() == shelf.desert
    assert Book.objects.order_by("title").last() == shelf.valley
    assert Tag.objects.first() == shelf.blue
    assert Tag.objects.last() == shelf.unused
    assert Book.objects.filter(pages=-1).first() is None
    assert Book.objects.filter(pages=-1).last() is None
    assert Book.objects.none().first() is None
    assert Book.objects.order_by("title")[1:3].first() == shelf.hill
    with pytest.raises(TypeError, match="slice"):
        Book.objects.order_by("title")[1:3].last()


@pytest.mark.feature("Q-222")
def test_after_an_empty_order_first_adds_none(shelf):
    with recorded_statements() as seen:
        Book.objects.order_by().first()
        Book.objects.first()
    assert ["ORDER BY" in statement for statement in seen] == [False, True]


@pytest.mark.feature("Q-219")
def test_latest_and_earliest_go_by_fields_or_by_meta(shelf):
    assert Book.objects.latest("pages") == shelf.desert
    assert Book.objects.earliest("pages") == shelf.sea
    assert Book.objects.latest("author__name", "-pages") == shelf.desert
    assert Book.objects.earliest("author__name", "-pages") == shelf.seaside
    assert Review.objects.latest().stars == 5
    assert Review.objects.earliest().stars == 1
    assert Review.objects.filter(stars__lt=5).latest().stars == 4
    with pytest.raises(ValueError, match="get_latest_by"):
        Book.objects.latest()
    with pytest.raises(Review.DoesNotExist):
        Review.objects.filter(stars=99).latest()
    with pytest.raises(TypeError, match="slice"):
        Book.objects.all()[:2].latest("pages")


@pytest.mark.feature("Q-220")
def test_where_nulls_go_is_the_databases_own_choice(world, shelf):
    ordered = titles(Book.objects.order_by("published", "pk"))
    if world.vendor == "sqlite":
        assert ordered[0] == "Hill"
        assert Book.objects.earliest("published") == shelf.hill
        assert Book.objects.latest("published") == shelf.desert
    else:
        assert ordered[-1] == "Hill"
        assert Book.objects.earliest("published") == shelf.sea
        assert Book.objects.latest("published") == shelf.hill


class Sheet(models.Model):
    name = models.CharField(max_length=10)
    data = models.JSONField(null=True)

    class Meta:
        app_label = "ordering"


@pytest.mark.feature("Q-155")
def test_rows_are_sorted_by_expressions_annotations_and_their_transforms(shelf, tables):
    books = Book.objects
    assert titles(books.order_by((F("pages") * -1).asc())) == ["Desert", "Valley", "Hill", "Seaside", "Sea"]
    assert titles(books.order_by(F("author__name").desc(), "title")) == ["Desert", "Hill", "Valley", "Sea", "Seaside"]
    assert titles(books.order_by(F("rating").asc(nulls_first=True), "title")) == [
        "Desert",
        "Seaside",
        "Valley",
        "Hill",
        "Sea",
    ]
    assert titles(books.order_by(F("rating").desc(nulls_last=True), "title")) == [
        "Sea",
        "Hill",
        "Valley",
        "Desert",
        "Seaside",
    ]
    assert titles(books.order_by(Lower("title").desc()))[0] == "Valley"
    assert titles(books.annotate(share=F("pages") / 3).order_by("-share"))[0] == "Desert"
    assert titles(books.alias(year=F("published")).order_by("-year__year").exclude(year=None))[0] == "Desert"
    assert titles(books.alias(at=F("published")).order_by(F("at__month").desc(nulls_last=True), "pk")) == [
        "Desert", "Valley", "Seaside", "Sea", "Hill",
    ]  # fmt: skip
    tables(Sheet)
    for name, data in (("a", {"k": 3, "n": {"m": 1}}), ("b", {"k": 1, "n": {"m": 2}}), ("c", {"k": 2, "n": {"m": 3}})):
        Sheet.objects.create(name=name, data=data)
    found = Sheet.objects.annotate(d=F("data"))
    assert names(found.order_by("d__k")) == names(Sheet.objects.order_by("data__k")) == ["b", "c", "a"]
    assert names(found.order_by("-d__n__m")) == names(found.order_by(F("d__n__m").desc())) == ["c", "b", "a"]
    assert names(Sheet.objects.alias(inner=F("data__n")).order_by("inner__m")) == ["a", "b", "c"]
    with pytest.raises(FieldError, match="nope"):
        books.annotate(x=F("author__name")).order_by("x__nope")


def test_a_constant_sorts_nothing(shelf):
    never = Case(When(pk__in=[], then=Value(1)))
    for constant in (never, Value(None), Value(2), Exists(Tag.objects.none()), Q(pk__in=[])):
        found = Book.objects.annotate(constant=constant).order_by("constant", "-pages")
        assert titles(found)[:2] == titles(found.reverse())[:-3:-1] == ["Desert", "Valley"]
        assert len(found.distinct()) == 5


@pytest.mark.feature("Q-144")
def test_a_query_knows_whether_it_is_ordered(shelf):
    assert not Book.objects.all().ordered
    assert Book.objects.order_by("pk").ordered
    assert Tag.objects.all().ordered
    assert not Tag.objects.order_by().ordered
    grouped = Publisher.objects.values("name").annotate(n=models.Count("books"))
    assert not grouped.ordered
    assert grouped.order_by("name").ordered


def test_a_query_knows_whether_its_order_leaves_nothing_to_chance(shelf):
    assert not Book.objects.all().totally_ordered
    for total in ("pk", "-id", F("id").desc()):
        assert Book.objects.order_by("title", total).totally_ordered
    assert Book.objects.order_by("pk").reverse().totally_ordered
    for partial in ("title", "?", "author_id", F("pages") * 2, "author__id", "tags__label"):
        assert not Book.objects.order_by(partial).totally_ordered
    assert Tag.objects.all().totally_ordered and not Tag.objects.order_by().totally_ordered
    assert not Publisher.objects.all().totally_ordered
    assert Cover.objects.order_by("book_id").totally_ordered
    assert not Tag.objects.values("label").annotate(n=models.Count("books")).totally_ordered
    assert Tag.objects.values("label").annotate(n=models.Count("books")).order_by("label").totally_ordered
    assert Chair.objects.order_by("row", "number").totally_ordered
    assert Chair.objects.order_by("-number", "name", "row").totally_ordered
    assert not Chair.objects.order_by("row").totally_ordered
    # Two rows may both have no letter, and the condition of the third constraint leaves rows out.
    for fields in (("row", "letter"), ("name",)):
        assert not Chair.objects.order_by(*fields).totally_ordered


class Match(models.Model):
    day = models.IntegerField()
    rank = models.IntegerField()

    class Meta:
        get_latest_by = ["-rank", "day"]


@pytest.mark.feature("O-014")
def test_the_latest_by_several_fields_of_which_some_count_down(tables):
    tables(Match)
    for day, rank in ((1, 1), (2, 1), (3, 2)):
        Match.objects.create(day=day, rank=rank)
    assert (Match.objects.latest().day, Match.objects.earliest().day) == (2, 3)


@pytest.mark.feature("O-010")
def test_meta_ordering_is_the_order_of_every_query(shelf):
    assert [tag.label for tag in Tag.objects.all()] == ["blue", "deep", "green", "unused"]
    assert [p.name for p in Publisher.objects.filter(Q(name="North") | Q(name="South"))] == ["South", "North"]


@pytest.mark.feature("O-012")
def test_meta_ordering_is_left_out_where_it_makes_no_difference(shelf):
    with recorded_statements() as seen:
        Tag.objects.count()
        Tag.objects.exists()
        Tag.objects.filter(label="blue").update(label="Blue")
        Tag.objects.filter(label="unused").delete()
        list(Publisher.objects.values("name").annotate(n=models.Count("books")))
    assert len(seen) >= 5
    assert not [statement for statement in seen if "ORDER BY" in statement]
