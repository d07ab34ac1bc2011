"""Subquery, Exists and OuterRef: querysets inside others."""

from __future__ import annotations

import pytest

from rowsmith.exceptions import FieldError
from rowsmith.models import Case, Count, Exists, F, FloatField, Max, OuterRef, Q, Subquery, Sum, Value, When
from rowsmith.models.functions import Coalesce
from rowsmith.query.shape import cache
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Review, Tag, names, titles


def longest(**conditions):
    """The title of an author's longest book."""
    return Subquery(Book.objects.filter(author=OuterRef("pk"), **conditions).order_by("-pages").values("title")[:1])


@pytest.mark.feature("E-025")
def test_a_queryset_as_a_value(shelf):
    rows = Author.objects.annotate(longest=longest()).order_by("pk")
    assert [author.longest for author in rows] == ["Seaside", "Valley", "Desert"]
    assert names(rows.filter(longest="Valley")) == ["Bob"]
    stars = Subquery(Review.objects.filter(book=OuterRef("pk")).order_by("stars").values("stars")[:1], FloatField())
    found = Book.objects.annotate(low=stars).order_by("pk").values_list("low", flat=True)
    assert list(found) == [3.0, 4.0, 1.0, None, 3.0] and type(found[0]) is float
    with pytest.raises(FieldError, match="must select one column"):
        Author.objects.annotate(x=Subquery(Book.objects.filter(author=OuterRef("pk")).values("title", "pages")[:1]))
    by_method = Book.objects.filter(author=OuterRef("pk")).order_by("pages").values_list("title")[:1]
    assert Author.objects.annotate(x=Subquery(by_method)).get(name="Ann").x == "Sea"
    assert Author.objects.annotate(x=Subquery(by_method.query)).get(name="Ann").x == "Sea"


@pytest.mark.feature("E-026")
def test_names_of_the_outer_query(shelf):
    double = Book.objects.annotate(x=Subquery(Book.objects.filter(pages=OuterRef("pages") * 2).values("title")[:1]))
    assert list(double.order_by("pk").values_list("x", flat=True)) == ["Seaside", "Valley", None, None, None]
    same_month = Book.objects.filter(published__month=OuterRef("published__month")).exclude(pk=OuterRef("pk"))
    assert not Book.objects.filter(Exists(same_month)).exists()
    later = Book.objects.filter(published__year__gt=OuterRef("published__year") + 2)
    assert titles(Book.objects.filter(Exists(later)).order_by("pk")) == ["Sea", "Seaside"]
    mentors = Author.objects.filter(pk=OuterRef("author__mentor")).values("name")
    assert list(Book.objects.annotate(x=Subquery(mentors)).order_by("pk").values_list("x", flat=True)) == [
        None,
        None,
        "Ann",
        "Ann",
        "Bob",
    ]
    counted = Author.objects.annotate(n=F("age") * 10).annotate(
        x=Subquery(Book.objects.filter(pages=OuterRef("n")).values("title"))
    )
    assert list(counted.order_by("pk").values_list("x", flat=True)) == ["Hill", "Valley", None]


@pytest.mark.feature("E-026")
def test_an_outer_name_needs_an_outer_query(shelf):
    alone = Book.objects.filter(author=OuterRef("pk"))
    for call in (
        lambda: list(alone),
        lambda: alone.count(),
        lambda: alone.exists(),
        lambda: alone.first(),
        lambda: alone.filter(pages=OuterRef("pages") + 1).get(),
        lambda: alone.aggregate(Sum("pages")),
        lambda: alone.update(pages=1),
        lambda: alone.delete(),
        lambda: list(Book.objects.annotate(x=OuterRef("pk"))),
        lambda: list(Book.objects.filter(Exists(Review.objects.filter(book=OuterRef(OuterRef("pk")))))),
    ):
        with pytest.raises(ValueError, match="may only be used in a subquery"):
            call()
    assert Book.objects.count() == 5


@pytest.mark.feature("E-027")
def test_names_two_levels_up(shelf):
    low = Review.objects.filter(book=OuterRef("pk"), stars__lt=OuterRef(OuterRef("age")) - 27)
    rows = Author.objects.filter(Exists(Book.objects.filter(Exists(low), author=OuterRef("pk"))))
    assert names(rows.order_by("pk")) == ["Bob"]
    tags = Tag.objects.filter(books=OuterRef("pk"), books__author=OuterRef(OuterRef("pk"))).order_by("-label")
    own = Book.objects.filter(author=OuterRef("pk")).annotate(tag=Subquery(tags.values("label")[:1])).order_by("pk")
    rows = Author.objects.annotate(tag=Subquery(own.values("tag")[:1])).order_by("pk")
    assert [author.tag for author in rows] == ["deep", "green", "green"]


@pytest.mark.feature("E-028")
def test_whether_any_row_exists(shelf):
    reviewed = Exists(Review.objects.filter(book=OuterRef("pk")))
    with recorded_statements() as seen:
        assert titles(Book.objects.filter(~reviewed)) == ["Valley"]
    inner = seen[0][seen[0].index("EXISTS") :]
    assert "LIMIT 1" in inner and "ORDER BY" not in inner
    assert titles(Book.objects.filter(reviewed, pages__lt=150)) == ["Sea"]
    assert titles(Book.objects.filter(Q(pages=400) | reviewed & Q(pages__gt=450)).order_by("pk")) == [
        "Valley",
        "Desert",
    ]
    assert titles(
        Book.objects.filter(reviewed & ~Exists(Tag.objects.filter(books=OuterRef("pk"), label="blue"))).order_by("pk")
    ) == [
        "Hill",
        "Desert",
    ]
    assert Book.objects.exclude(reviewed).get().title == "Valley"
    rows = Book.objects.annotate(reviewed=reviewed, not_=~reviewed).order_by("pk")
    assert [(book.reviewed, book.not_) for book in rows] == [(True, False)] * 3 + [(False, True), (True, False)]
    assert rows.filter(reviewed=False).get().title == "Valley"
    assert titles(
        Book.objects.filter(Exists(Review.objects.filter(book=OuterRef("pk")).order_by("stars")[1:2])).order_by("pk")
    ) == [
        "Sea",
        "Hill",
    ]
    assert (
        Author.objects.filter(
            Exists(Book.objects.filter(author=OuterRef("pk")).values("author").annotate(n=Count("pk")).filter(n=2))
        ).count()
        == 2
    )


@pytest.mark.feature("E-029")
def test_aggregates_of_another_table(shelf):
    pages = Book.objects.filter(author=OuterRef("pk")).order_by().values("author").annotate(t=Sum("pages")).values("t")
    rows = Author.objects.annotate(pages=Subquery(pages)).order_by("pk")
    assert [author.pages for author in rows] == [300, 700, 500]
    assert names(rows.filter(pages__gt=400).order_by("-pages")) == ["Bob", "Cid"]
    stars = (
        Review.objects.filter(book__author=OuterRef("pk"))
        .order_by()
        .values("book__author")
        .annotate(t=Max("stars"))
        .values("t")
    )
    assert list(Author.objects.order_by("pk").values_list(Subquery(stars), flat=True)) == [5, 5, 3]


@pytest.mark.feature("E-030")
def test_querysets_that_are_known_to_be_empty(shelf):
    with recorded_statements() as seen:
        assert list(Book.objects.filter(Exists(Review.objects.none()))) == []
    assert seen == []
    assert Book.objects.filter(~Exists(Review.objects.none())).count() == 5
    assert Book.objects.exclude(Exists(Review.objects.filter(pk__in=[]))).count() == 5
    assert titles(Book.objects.filter(Exists(Review.objects.none()) | Q(pages=400))) == ["Valley"]
    rows = Book.objects.annotate(a=Exists(Review.objects.none()), b=~Exists(Review.objects.none()))
    assert all((book.a, book.b) == (False, True) for book in rows)
    empty = Subquery(Review.objects.none().values("stars"))
    assert Book.objects.annotate(x=empty).first().x is None
    assert Book.objects.annotate(x=Coalesce(empty, Value(7))).first().x == 7
    nothing = Book.objects.annotate(x=empty, y=F("x") + 1, z=Coalesce("x", "pages"))
    assert nothing.aggregate(Sum("x"), Max("y"), Sum("z")) == {"x__sum": None, "y__max": None, "z__sum": 1500}
    assert nothing.filter(x=1).count() == nothing.filter(~Q(x=1), x__isnull=False).count() == 0
    assert nothing.order_by("x", "-pages").first().title == "Desert"
    assert Book.objects.filter(pages__in=empty).count() == 0 and Book.objects.exclude(pages__in=empty).count() == 5


@pytest.mark.feature("E-031", "Q-119")
def test_subqueries_wherever_an_expression_may_stand(shelf):
    stars = Review.objects.filter(book=OuterRef("pk")).order_by("-stars").values("stars")[:1]
    assert titles(Book.objects.order_by(Subquery(stars).desc(nulls_last=True), "pk")) == [
        "Sea",
        "Hill",
        "Seaside",
        "Desert",
        "Valley",
    ]
    assert list(Book.objects.values("title", best=Subquery(stars)).filter(best=4)) == [{"title": "Seaside", "best": 4}]
    mark = Case(When(Exists(Review.objects.filter(book=OuterRef("pk"))), then=Value("read")), default=Value("new"))
    assert list(Book.objects.annotate(mark=mark).order_by("pk").values_list("mark", flat=True))[2:4] == ["read", "new"]
    assert names(
        Author.objects.filter(pk__in=Subquery(Book.objects.filter(pages__gt=350).values("author"))).order_by("pk")
    ) == ["Bob", "Cid"]
    assert titles(
        Book.objects.filter(pages__lt=Subquery(Book.objects.filter(title="Hill").values("pages"))).order_by("pk")
    ) == ["Sea", "Seaside"]
    assert Book.objects.update(rating=Subquery(stars)) == 5
    assert list(Book.objects.order_by("pk").values_list("rating", flat=True)) == [5.0, 4.0, 5.0, None, 3.0]
    assert Book.objects.annotate(best=Subquery(stars)).filter(best=5).update(pages=F("best") * 100) == 2
    assert list(Book.objects.order_by("pk").values_list("pages", flat=True)) == [500, 200, 500, 400, 500]
    assert Book.objects.alias(twice=F("pages") * 2).update(pages=F("twice")) == 5
    assert Book.objects.filter(Exists(Review.objects.filter(book=OuterRef("pk"), stars=4))).update(title="Coast") == 1
    assert Book.objects.filter(~Exists(Review.objects.filter(book=OuterRef("pk")))).delete()[1]["behaviour.Book"] == 1


@pytest.mark.feature("Q-119", "E-021")
def test_what_an_update_cannot_be_set_to(shelf):
    for call in (
        lambda: Book.objects.update(pages=Count("tags")),
        lambda: Book.objects.annotate(n=Count("tags")).update(pages=F("n")),
        lambda: Book.objects.update(pages=F("author__age")),
        lambda: Book.objects.annotate(age=F("author__age")).update(pages=F("age")),
    ):
        with pytest.raises(FieldError):
            call()
    assert sum(Book.objects.values_list("pages", flat=True)) == 1500
    assert Book.objects.annotate(n=Count("tags")).filter(n=2).update(pages=7) == 2


@pytest.mark.feature("E-021")
def test_aggregates_are_sort_keys_and_annotations(shelf):
    assert names(Author.objects.order_by(Sum("book__pages").desc())) == ["Bob", "Cid", "Ann"]
    assert titles(Book.objects.order_by(Count("review").desc(), "-pages")) == [
        "Hill",
        "Sea",
        "Desert",
        "Seaside",
        "Valley",
    ]
    groups = Book.objects.values("author__name").order_by(Sum("pages"))
    assert [row["author__name"] for row in groups] == ["Ann", "Cid", "Bob"]
    assert Book.objects.annotate(n=Count("review") * 2).get(title="Hill").n == 6


@pytest.mark.feature("Q-063")
def test_a_subquery_beside_aggregates(shelf):
    same_year = Book.objects.filter(published__year=OuterRef("published__year")).order_by("-price").values("title")[:1]
    rows = Book.objects.values("published__year").annotate(top=Subquery(same_year), n=Count("pk"), pages=Sum("pages"))
    assert list(rows.exclude(published=None).order_by("published__year")) == [
        {"published__year": 2001, "top": "Sea", "n": 1, "pages": 100},
        {"published__year": 2002, "top": "Seaside", "n": 1, "pages": 200},
        {"published__year": 2004, "top": "Valley", "n": 1, "pages": 400},
        {"published__year": 2005, "top": "Desert", "n": 1, "pages": 500},
    ]
    authors = Author.objects.annotate(n=Count("book"), longest=longest()).order_by("pk")
    assert [(author.n, author.longest) for author in authors] == [(2, "Seaside"), (2, "Valley"), (1, "Desert")]


def test_a_subquery_is_planned_once(shelf):
    def ask(pages, name):
        rows = Author.objects.filter(Exists(Book.objects.filter(author=OuterRef("pk"), pages__gt=pages)), name__gt=name)
        return names(rows.annotate(longest=longest(pages__lt=pages + 100)).order_by("pk"))

    assert ask(250, "A") == ["Bob", "Cid"]
    planned = cache.info().planned
    assert ask(450, "B") == ["Cid"]
    assert cache.info().planned == planned
