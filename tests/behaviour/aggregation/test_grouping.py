"""Grouping: what values(), order_by(), filter() and alias() make of groups, and questions around them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rowsmith import models
from rowsmith.exceptions import FieldError
from rowsmith.models import Avg, Case, Count, Exists, F, Max, Min, OuterRef, Q, Subquery, Sum, Value, When
from rowsmith.models.functions import Length, Lower
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Publisher, Review, Tag


class House(models.Model):
    name = models.CharField(max_length=5)

    class Meta:
        app_label = "grouping"
        ordering = ["-name"]


class Novel(models.Model):
    house = models.ForeignKey(House, models.CASCADE)
    rating = models.IntegerField()

    class Meta:
        app_label = "grouping"
        ordering = ["rating"]


@pytest.fixture
def houses(tables):
    """A has novels rated 4 and 5, B has 1 and 4, C has 1."""
    tables(House, Novel)
    for name, ratings in (("A", (4, 5)), ("B", (1, 4)), ("C", (1,))):
        house = House.objects.create(name=name)
        for rating in ratings:
            Novel.objects.create(house=house, rating=rating)


@pytest.mark.feature("A-013")
def test_conditions_on_fields_come_before_the_aggregate(shelf):
    assert Book.objects.filter(title__startswith="Sea").aggregate(Sum("pages")) == {"pages__sum": 300}
    assert Book.objects.exclude(title__startswith="Sea").aggregate(Sum("pages")) == {"pages__sum": 1200}
    rows = Author.objects.filter(name__in=["Ann", "Cid"]).annotate(n=Count("book")).order_by("pk")
    assert [(author.name, author.n) for author in rows] == [("Ann", 2), ("Cid", 1)]
    rows = Author.objects.exclude(age=None).annotate(n=Count("book"))
    assert {author.name for author in rows} == {"Ann", "Bob"}


@pytest.mark.feature("A-014")
def test_annotations_are_filtered_by_their_name(shelf):
    counted = Book.objects.annotate(n=Count("tags"))
    with recorded_statements() as seen:
        assert {book.title for book in counted.filter(n__gt=1)} == {"Sea", "Desert"}
    assert "HAVING" in seen[0]
    assert {book.title for book in counted.exclude(n__gt=1)} == {"Seaside", "Hill", "Valley"}
    assert {book.title for book in counted.filter(Q(n=0) | Q(title="Sea"))} == {"Valley", "Sea"}
    assert {book.title for book in counted.filter(~Q(n=1), pages__gt=100)} == {"Valley", "Desert"}
    assert counted.filter(n__in=[0, 1]).count() == 3
    assert counted.filter(n__lt=F("rating")).count() == 3
    assert counted.filter(n__in=Review.objects.filter(book=shelf.hill).values("stars")).count() == 4


@pytest.mark.feature("A-015", "A-019")
def test_annotations_are_sort_keys(shelf):
    counted = Author.objects.annotate(pages=Sum("book__pages"), n=Count("book"))
    assert [author.name for author in counted.order_by("-pages")] == ["Bob", "Cid", "Ann"]
    assert [author.name for author in counted.order_by("n", "-name")[:2]] == ["Cid", "Bob"]
    assert [author.name for author in counted.order_by(F("pages").asc())[:1]] == ["Ann"]
    assert [author.name for author in Author.objects.order_by(Sum("book__pages").desc())] == ["Bob", "Cid", "Ann"]


@pytest.mark.feature("A-016")
def test_aggregates_with_different_conditions_stand_side_by_side(shelf):
    rows = Author.objects.annotate(
        short=Count("book", filter=Q(book__pages__lt=250)),
        long=Count("book", filter=Q(book__pages__gte=250)),
        starred=Count("book", filter=Q(book__review__stars=5), distinct=True),
    )
    assert [(a.short, a.long, a.starred) for a in rows.order_by("pk")] == [(3, 0, 1), (0, 4, 1), (0, 1, 0)]


@pytest.mark.feature("A-017", "A-018")
def test_the_order_of_annotate_and_filter_matters(houses):
    first = House.objects.annotate(n=Count("novel", distinct=True), mean=Avg("novel__rating")).filter(
        novel__rating__gt=3
    )
    assert [(h.name, h.n, h.mean) for h in first.distinct().order_by("name")] == [("A", 2, 4.5), ("B", 2, 2.5)]
    then = House.objects.filter(novel__rating__gt=3).annotate(n=Count("novel"), mean=Avg("novel__rating"))
    assert [(h.name, h.n, h.mean) for h in then.order_by("name")] == [("A", 2, 4.5), ("B", 1, 4.0)]
    repeated = House.objects.annotate(n=Count("novel")).filter(novel__rating__gt=3).order_by("name")
    assert [(h.name, h.n) for h in repeated] == [("A", 4), ("B", 2)]


@pytest.mark.feature("A-020")
def test_values_before_annotate_group(shelf):
    Author.objects.create(name="Ann")
    rows = Author.objects.values("name").annotate(n=Count("pk"), books=Count("book")).order_by("name")
    assert list(rows) == [
        {"name": "Ann", "n": 3, "books": 2},
        {"name": "Bob", "n": 2, "books": 2},
        {"name": "Cid", "n": 1, "books": 1},
    ]
    assert list(Book.objects.values_list("author__name").annotate(Count("pk")).order_by("author__name")) == [
        ("Ann", 2),
        ("Bob", 2),
        ("Cid", 1),
    ]
    lengths = Book.objects.values(size=Length("title")).annotate(n=Count("pk")).order_by("size")
    assert [(row["size"], row["n"]) for row in lengths] == [(3, 1), (4, 1), (6, 2), (7, 1)]
    own = Book.objects.values("author").annotate(pages=Sum("pages")).order_by("pages")
    assert [row["pages"] for row in own] == [300, 500, 700]


@pytest.mark.feature("A-021")
def test_values_after_annotate_keep_one_group_an_object(shelf):
    Author.objects.create(name="Ann")
    rows = Author.objects.annotate(n=Count("book")).values("name", "n").order_by("pk")
    assert list(rows) == [
        {"name": "Ann", "n": 2},
        {"name": "Bob", "n": 2},
        {"name": "Cid", "n": 1},
        {"name": "Ann", "n": 0},
    ]
    assert list(Author.objects.annotate(n=Count("book")).values("name").order_by("pk"))[3] == {"name": "Ann"}


@pytest.mark.feature("A-022", "A-023", "A-024")
def test_sort_keys_split_groups(shelf):
    groups = Review.objects.values("stars").annotate(n=Count("pk"))
    assert sorted((row["stars"], row["n"]) for row in groups.order_by()) == [(1, 1), (2, 1), (3, 2), (4, 1), (5, 2)]
    assert [(row["stars"], row["n"]) for row in groups.order_by("-stars")] == [(5, 2), (4, 1), (3, 2), (2, 1), (1, 1)]
    assert [(row["stars"], row["n"]) for row in groups.order_by("text")] == [
        (3, 1),
        (1, 1),
        (2, 1),
        (5, 1),
        (3, 1),
        (5, 1),
        (4, 1),
    ]
    before = Review.objects.order_by("text").values("stars").annotate(n=Count("pk"))
    assert len(before) == 7 and len(before.order_by()) == 5
    assert "ORDER BY" in str(before.query)


@pytest.mark.feature("A-025")
def test_the_order_of_the_model_does_not_split_groups(houses):
    groups = Novel.objects.values("house__name").annotate(n=Count("pk"))
    assert sorted((row["house__name"], row["n"]) for row in groups) == [("A", 2), ("B", 2), ("C", 1)]
    assert "ORDER BY" not in str(groups.query)
    assert "ORDER BY" not in str(House.objects.annotate(n=Count("novel")).query)
    assert "ORDER BY" in str(House.objects.annotate(name2=F("name")).query)


@pytest.mark.feature("A-026")
def test_aggregates_of_annotations(shelf):
    counted = Book.objects.annotate(n=Count("review"))
    assert counted.aggregate(Avg("n"), Max("n")) == {"n__avg": 1.4, "n__max": 3}
    assert counted.aggregate(total=Sum(F("n") * F("pages")), some=Sum("n", filter=Q(n__gt=1))) == {
        "total": 200 + 200 + 900 + 500,
        "some": 5,
    }
    assert counted.filter(n__gt=0).aggregate(Sum("pages"), Count("pk")) == {"pages__sum": 1100, "pk__count": 4}
    grouped = Book.objects.values("author").annotate(n=Count("pk"))
    assert grouped.aggregate(Max("n"), Sum("n")) == {"n__max": 2, "n__sum": 5}
    assert Book.objects.annotate(half=F("pages") / 2).aggregate(Sum("half")) == {"half__sum": 750}


@pytest.mark.feature("A-027")
def test_aggregates_of_slices_and_of_distinct_rows(shelf):
    assert Book.objects.order_by("pages")[:2].aggregate(Sum("pages"), n=Count("*")) == {"pages__sum": 300, "n": 2}
    assert Book.objects.order_by("-pages")[1:3].aggregate(Max("pages")) == {"pages__max": 400}
    assert Book.objects.order_by("pages")[:3].aggregate(Count("tags")) == {"tags__count": 3}
    joined = Book.objects.filter(tags__label__in=["blue", "deep"])
    assert joined.aggregate(Sum("pages")) == {"pages__sum": 900}
    assert joined.distinct().aggregate(Sum("pages")) == {"pages__sum": 800}
    assert Book.objects.values("author").distinct().aggregate(n=Count("*")) == {"n": 3}
    assert Review.objects.values("stars").distinct().aggregate(Sum("stars")) == {"stars__sum": 15}
    counted = Author.objects.annotate(n=Count("book")).order_by("-n", "pk")[:1]
    assert counted.aggregate(Sum("n")) == {"n__sum": 2}


@pytest.mark.feature("A-028")
def test_an_aggregate_of_an_aggregate_is_refused(shelf):
    with pytest.raises(FieldError, match="aggregate over an aggregate"):
        Book.objects.annotate(x=Sum(Count("tags")))
    with pytest.raises(FieldError, match="aggregate over an aggregate"):
        Book.objects.annotate(n=Count("tags"), x=Sum("n"))


@pytest.mark.feature("A-029")
def test_what_nothing_reads_is_left_out(shelf):
    def asked(call):
        with recorded_statements() as seen:
            call()
        return seen[0]

    counted = Book.objects.annotate(n=Count("review"))
    for call in (
        lambda: counted.count(),
        lambda: counted.exists(),
        lambda: counted.aggregate(Sum("pages")),
        lambda: Book.objects.alias(n=Count("tags"), m=Max("review__stars")).count(),
        lambda: Book.objects.annotate(name=F("editor__name")).count(),
    ):
        text = asked(call)
        assert "JOIN" not in text and "GROUP BY" not in text
    assert "SUM" not in asked(
        lambda: Book.objects.annotate(a=Sum("review__stars"), b=Count("tags")).aggregate(Avg("b"))
    )
    assert "JOIN" in asked(lambda: counted.filter(n__gt=1).count())
    assert "JOIN" in asked(lambda: counted.aggregate(Sum("n")))
    assert "JOIN" in asked(lambda: Book.objects.annotate(label=F("tags__label")).count())
    assert counted.aggregate(Sum("pages")) == {"pages__sum": 1500}
    assert counted.filter(tags__label="blue").aggregate(Sum("pages")) == {"pages__sum": 300}


@pytest.mark.feature("A-030")
def test_nothing_comes_to_none_and_a_count_to_zero(shelf):
    empty = Book.objects.filter(title="no such book")
    assert empty.aggregate(Sum("pages"), Avg("pages"), Max("price"), Count("pk"), n=Count("*")) == {
        "pages__sum": None,
        "pages__avg": None,
        "price__max": None,
        "pk__count": 0,
        "n": 0,
    }
    rows = Tag.objects.annotate(n=Count("books"), pages=Sum("books__pages")).filter(label="unused")
    assert [(tag.n, tag.pages) for tag in rows] == [(0, None)]


@pytest.mark.feature("A-031", "A-033")
def test_defaults_for_empty_sets(shelf):
    empty = Book.objects.filter(title="no such book")
    assert empty.aggregate(x=Sum("pages", default=0), y=Avg("rating", default=1.5), z=Max("title", default="-")) == {
        "x": 0,
        "y": 1.5,
        "z": "-",
    }
    assert empty.aggregate(x=Sum("price", default=Value(Decimal("2.5")) * 2))["x"] == 5
    rows = Tag.objects.annotate(pages=Sum("books__pages", default=-1))
    assert [tag.pages for tag in rows.order_by("label")] == [300, 600, 800, -1]
    rows = Tag.objects.annotate(
        pages=Sum("books__pages", distinct=True, filter=Q(books__rating__gt=3), default=Length("label"))
    ).order_by("label")
    assert [tag.pages for tag in rows] == [100, 100, 5, 6]
    for default in (0, 5, Value(0)):
        with pytest.raises(TypeError, match="does not allow default"):
            Count("pk", default=default)


@pytest.mark.feature("A-032")
def test_none_is_aggregated_without_a_query(shelf):
    with recorded_statements() as seen:
        assert Book.objects.none().aggregate(
            Sum("pages"), Count("pk"), x=Sum("pages", default=0), y=Avg("pages", default=Value(2.5))
        ) == {"pages__sum": None, "pk__count": 0, "x": 0, "y": 2.5}
        assert Book.objects.filter(pk__in=[]).aggregate(x=Max("pages", default=3)) == {"x": 3}
    assert seen == []
    assert Book.objects.none().aggregate(x=Sum("pages", default=Value(3) + 4)) == {"x": 7}
    assert Book.objects.none().aggregate(x=Sum("pages") + 1) == {"x": None}


def test_alias_names_what_is_not_loaded(shelf):
    aliased = Book.objects.alias(n=Count("tags"))
    assert {book.title for book in aliased.filter(n=2)} == {"Sea", "Desert"}
    assert not hasattr(aliased.first(), "n")
    assert aliased.annotate(m=F("n") + 1).get(title="Sea").m == 3
    with pytest.raises(FieldError, match="Use annotate\\(\\) to promote it"):
        aliased.aggregate(Sum("n"))
    rows = Review.objects.values("book").alias(n=Count("pk")).filter(n__gt=1).order_by("book")
    assert list(rows) == [{"book": shelf.sea.pk}, {"book": shelf.hill.pk}]


def test_groups_have_what_a_condition_and_an_order_look_at(shelf):
    rows = Book.objects.values("author").annotate(n=Count("pk")).filter(n__lt=F("pages")).order_by("author", "pages")
    assert [row["n"] for row in rows] == [1, 1, 1, 1, 1]
    mixed = Author.objects.annotate(x=Count("book") + F("age")).order_by("pk")
    assert [author.x for author in mixed] == [32, 42, None]
    related = Book.objects.annotate(n=Count("tags")).filter(n__lt=F("author__age")).order_by("author__name", "-pages")
    assert [book.title for book in related] == ["Seaside", "Sea", "Valley", "Hill"]
    named = Book.objects.annotate(editor_name=F("editor__name"), n=Count("tags")).order_by("pk")
    assert [(book.editor_name, book.n) for book in named] == [
        ("Bob", 2),
        (None, 1),
        ("Ann", 1),
        ("Bob", 0),
        (None, 2),
    ]


def test_groups_by_conditions_functions_and_constants(shelf):
    long = Book.objects.annotate(long=Q(pages__gt=250)).values("long").annotate(n=Count("pk")).order_by("long")
    assert list(long) == [{"long": False, "n": 2}, {"long": True, "n": 3}]
    kind = Case(When(pages__gt=250, then=Value("long")), default=Value("short"))
    rows = Book.objects.annotate(kind=kind).values("kind").annotate(n=Count("pk"), pages=Sum("pages")).order_by("kind")
    assert [(row["kind"], row["n"], row["pages"]) for row in rows] == [("long", 3, 1200), ("short", 2, 300)]
    first = Book.objects.annotate(low=Lower("title")).values("low").annotate(n=Count("review")).order_by("low")
    assert [row["n"] for row in first] == [1, 3, 2, 1, 0]
    assert list(Book.objects.annotate(one=Value(1)).values("one").annotate(n=Count("pk"))) == [{"one": 1, "n": 5}]


def test_a_later_aggregate_groups_by_what_values_say_by_then(shelf):
    rows = Book.objects.values("author").annotate(n=Count("pk")).values("author", "publisher").annotate(m=Count("pk"))
    assert sorted((row["m"]) for row in rows) == [1, 1, 1, 2]
    rows = Book.objects.annotate(n=Count("review")).values("author__name", "n").annotate(m=Count("pk", distinct=True))
    assert [(row["author__name"], row["n"], row["m"]) for row in rows.order_by("author__name")] == [
        ("Ann", 3, 2),
        ("Bob", 3, 2),
        ("Cid", 1, 1),
    ]


def test_groups_are_taken_apart_further(shelf):
    groups = Book.objects.values("author__name").annotate(pages=Sum("pages"))
    assert groups.filter(pages__gt=400).count() == 2
    assert groups.order_by("-pages")[0] == {"author__name": "Bob", "pages": 700}
    assert groups.order_by("pages").first()["author__name"] == "Ann"
    assert groups.get(author__name="Cid") == {"author__name": "Cid", "pages": 500}
    assert list(groups.order_by("pages").values_list("pages", flat=True)) == [300, 500, 700]
    assert groups.annotate(double=F("pages") * 2).filter(double=1000).get()["author__name"] == "Cid"
    assert groups.exists() and not groups.filter(pages__gt=10_000).exists()
    both = groups.union(Book.objects.values("author__name").annotate(pages=Max("pages"))).order_by("pages")
    assert [row["pages"] for row in both] == [200, 300, 400, 500, 700]


def test_related_rows_come_along_with_aggregates(shelf):
    rows = Book.objects.select_related("author", "publisher").annotate(n=Count("tags")).order_by("pk")
    with recorded_statements() as seen:
        assert [(b.author.name, b.publisher.name if b.publisher else None, b.n) for b in rows] == [
            ("Ann", "North", 2),
            ("Ann", "North", 1),
            ("Bob", "South", 1),
            ("Bob", None, 0),
            ("Cid", None, 2),
        ]
    assert len(seen) == 1
    assert [book.n for book in Book.objects.only("title").annotate(n=Count("tags")).order_by("pk")] == [2, 1, 1, 0, 2]


def test_grouped_queries_as_subqueries(shelf):
    many = Author.objects.annotate(n=Count("book")).filter(n__gt=1)
    assert Book.objects.filter(author__in=many).count() == 4
    assert Book.objects.filter(author__in=many.values("pk")).count() == 4
    pages = Book.objects.filter(author=OuterRef("pk")).order_by().values("author").annotate(t=Sum("pages")).values("t")
    rows = Author.objects.annotate(pages=Subquery(pages)).order_by("pk")
    assert [author.pages for author in rows] == [300, 700, 500]
    assert rows.aggregate(Sum("pages"), Min("pages")) == {"pages__sum": 1500, "pages__min": 300}
    busy = Review.objects.filter(book=OuterRef("pk")).values("book").annotate(n=Count("pk")).filter(n__gt=1)
    assert {book.title for book in Book.objects.filter(Exists(busy))} == {"Sea", "Hill"}


def test_names_of_fields_are_free_beside_chosen_columns(shelf):
    rows = Book.objects.values("author__name").annotate(pages=Max("pages")).order_by("-pages")
    assert [row["pages"] for row in rows] == [500, 400, 200]
    for wrong in (
        lambda: Book.objects.annotate(pages=Max("review__stars")),
        lambda: Book.objects.values("pages").annotate(pages=Count("pk")),
    ):
        with pytest.raises(ValueError, match="conflicts with a field"):
            wrong()
    assert Publisher.objects.aggregate(name=Max("name")) == {"name": "South"}
