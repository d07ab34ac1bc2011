"""Queries that can have no rows, or all, are answered like any other; and queries that mean nothing are refused."""

from __future__ import annotations

import pytest

from rowsmith import models
from rowsmith.exceptions import EmptyResultSet, FieldError, FullResultSet
from rowsmith.models import Case, Count, Exists, F, OuterRef, Q, Subquery, Sum, Value, When
from rowsmith.models.functions import Coalesce
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book


class Egg(models.Model):
    laid_by = models.ForeignKey("Hen", models.CASCADE, null=True, related_name="eggs")

    class Meta:
        ordering = ["laid_by"]


class Hen(models.Model):
    hatched_from = models.ForeignKey(Egg, models.CASCADE, null=True, related_name="hens")

    class Meta:
        ordering = ["hatched_from"]


NONE = Q(pk__in=[])

WRONG = [
    (lambda: Book.objects.filter(nothing=1), "nothing"),
    (lambda: Book.objects.filter(author__nothing=1), "nothing"),
    (lambda: Book.objects.filter(title__nothing="x"), "nothing"),
    (lambda: Book.objects.filter(title__lower__nothing="x"), "lower"),
    (lambda: Book.objects.exclude(nothing__in=[1]), "nothing"),
    (lambda: Book.objects.order_by("nothing"), "nothing"),
    (lambda: Book.objects.order_by("-author__nothing"), "nothing"),
    (lambda: Book.objects.order_by("title__nothing"), "nothing"),
    (lambda: Book.objects.order_by(5), "5"),
    (lambda: Book.objects.values("nothing"), "nothing"),
    (lambda: Book.objects.annotate(n=Count("nothing")), "nothing"),
    (lambda: Book.objects.aggregate(n=Sum("author__nothing")), "nothing"),
    (lambda: Book.objects.filter(pk=F("nothing")), "nothing"),
    (lambda: Book.objects.select_related("nothing").count(), "nothing"),
    (lambda: Book.objects.update(title=F("author__name")), "Joined field references"),
    (lambda: Book.objects.update(pages=Sum("pages")), "Aggregate"),
    (lambda: list(Book.objects.annotate(x=Coalesce("title", "pages"))), "is not known"),
    (lambda: list(Book.objects.annotate(x=F("title") + F("pages"))), "is not known"),
    (lambda: list(Egg.objects.all()), "Infinite loop"),
    (lambda: list(Hen.objects.order_by("hatched_from")), "Infinite loop"),
]


@pytest.mark.feature("XC-011", "XC-012")
@pytest.mark.parametrize("ask, told", WRONG, ids=[f"{n}-{case[1]}" for n, case in enumerate(WRONG)])
def test_what_means_nothing_is_a_field_error(shelf, ask, told):
    with pytest.raises(FieldError, match=told):
        ask()


EMPTY = [
    (lambda: list(Book.objects.filter(NONE)), []),
    (lambda: list(Book.objects.filter(NONE).values_list("pk")), []),
    (lambda: list(Book.objects.filter(NONE).iterator()), []),
    (lambda: list(Book.objects.filter(NONE)[:5]), []),
    (lambda: list(Book.objects.filter(NONE).select_related("author").prefetch_related("tags")), []),
    (lambda: list(Book.objects.filter(author__in=Author.objects.none())), []),
    (lambda: list(Book.objects.filter(author__in=Author.objects.filter(NONE))), []),
    (lambda: list(Book.objects.filter(pk=Subquery(Book.objects.none().values("pk")))), []),
    (lambda: list(Book.objects.filter(NONE).union(Book.objects.none())), []),
    (lambda: list(Book.objects.filter(NONE) | Book.objects.none()), []),
    (lambda: list(Book.objects.filter(NONE) & Book.objects.all()), []),
    (lambda: list(Book.objects.filter(NONE).select_for_update()), []),
    (lambda: list(Book.objects.raw("SELECT * FROM behaviour_book WHERE 1 = 0")), []),
    (lambda: Book.objects.filter(NONE).count(), 0),
    (lambda: Book.objects.filter(NONE).exists(), False),
    (lambda: Book.objects.filter(NONE).first(), None),
    (lambda: Book.objects.filter(NONE).in_bulk(), {}),
    (lambda: Book.objects.filter(NONE).update(title="x"), 0),
    (lambda: Book.objects.filter(NONE).delete(), (0, {})),
    (lambda: Book.objects.filter(NONE).contains(Book.objects.first()), False),
    (lambda: Book.objects.filter(NONE).aggregate(n=Count("pk"), s=Sum("pages")), {"n": 0, "s": None}),
    (lambda: Book.objects.filter(NONE).explain(), ""),
    (lambda: Book.objects.annotate(e=Exists(Author.objects.none())).filter(e=True).count(), 0),
    (lambda: Book.objects.filter(Exists(Author.objects.none())).count(), 0),
    (lambda: Book.objects.filter(Exists(Author.objects.filter(NONE, pk=OuterRef("author")))).count(), 0),
]


@pytest.mark.feature("XC-013")
@pytest.mark.parametrize("ask, answer", EMPTY, ids=map(str, range(len(EMPTY))))
def test_a_query_without_rows_has_an_answer(shelf, ask, answer):
    assert ask() == answer


@pytest.mark.feature("XC-013")
def test_a_condition_that_all_rows_meet_has_an_answer(shelf):
    every = Book.objects.count()
    assert every > 0
    assert Book.objects.filter(~NONE).count() == every
    assert Book.objects.exclude(NONE).count() == every
    assert Book.objects.filter(NONE | ~NONE).count() == every
    assert Book.objects.filter(~Exists(Author.objects.none())).count() == every
    assert Book.objects.aggregate(n=Count("pk", filter=~NONE), m=Count("pk", filter=NONE)) == {"n": every, "m": 0}
    case = Case(When(NONE, then=Value("none")), When(~NONE, then=Value("all")))
    assert set(Book.objects.annotate(c=case).values_list("c", flat=True)) == {"all"}
    assert set(Book.objects.annotate(c=Case(When(NONE, then=1), default=2)).values_list("c", flat=True)) == {2}
    assert Book.objects.filter(~NONE).update(pages=5) == every
    assert Book.objects.annotate(e=Exists(Author.objects.none())).filter(e=False).count() == every
    assert "WHERE" not in str(Book.objects.filter(~NONE).order_by().query)
    with pytest.raises(EmptyResultSet):
        raise EmptyResultSet
    assert not issubclass(FullResultSet, EmptyResultSet)


@pytest.mark.feature("XC-013")
async def test_the_awaitable_twins_answer_too(shelf):
    nothing = Book.objects.filter(NONE)
    assert await nothing.acount() == 0
    assert await nothing.aexists() is False
    assert await nothing.afirst() is None
    assert [book async for book in nothing] == []
    assert await nothing.aaggregate(n=Count("pk")) == {"n": 0}
    assert await nothing.aupdate(title="x") == 0
    assert await nothing.adelete() == (0, {})
    with pytest.raises(Book.DoesNotExist):
        await nothing.aget()


@pytest.mark.feature("AS-003")
async def test_every_kind_of_queryset_can_be_walked_asynchronously(shelf):
    books = Book.objects.order_by("pk")
    titles = [book.title async for book in books]
    assert titles
    with recorded_statements() as seen:
        # The rows are kept: walking again asks nobody.
        assert [book.title async for book in books] == titles
        assert [book.title for book in books] == titles
    assert seen == []
    assert [row["title"] async for row in books.values("title")] == titles
    assert [row async for row in books.values_list("title")] == [(title,) for title in titles]
    assert [title async for title in books.values_list("title", flat=True)] == titles
    assert [row.title async for row in books.values_list("title", named=True)] == titles
    raw = Book.objects.raw("SELECT * FROM behaviour_book ORDER BY id")
    assert [book.title async for book in raw] == titles
    with recorded_statements() as seen:
        assert [book.title async for book in raw] == titles
    assert seen == []
    assert [book.title async for book in books.aiterator()] == titles
    years = books.dates("published", "year")
    assert [day.year async for day in years] == sorted({book.published.year for book in books if book.published})
