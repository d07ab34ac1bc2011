"""update(): one statement for all rows of a question."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rowsmith.exceptions import FieldDoesNotExist, FieldError
from rowsmith.models import Avg, Count, F, Func, OuterRef, Subquery, Value
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Review, Stock, titles


@pytest.mark.feature("Q-114")
def test_update_is_one_statement_that_tells_how_many_rows_matched(shelf):
    with recorded_statements() as seen:
        assert Book.objects.filter(author=shelf.ann).update(pages=7, title="x") == 2
    assert len(seen) == 1 and seen[0].startswith("UPDATE")
    assert Book.objects.filter(pages=7, title="x").count() == 2
    # Rows that hold the value already have matched as well.
    assert Book.objects.filter(author=shelf.ann).update(pages=7) == 2
    assert Book.objects.filter(pages=-1).update(pages=1) == 0
    assert Book.objects.update(in_print=False) == 5


@pytest.mark.feature("Q-115")
def test_update_sets_columns_of_its_own_table(shelf):
    assert Book.objects.filter(author__name="Ann").update(editor=shelf.cid) == 2
    assert Book.objects.filter(editor=shelf.cid).update(editor=shelf.ann.pk) == 2
    assert Book.objects.filter(tags__label="deep").update(publisher=None) == 2
    assert titles(Book.objects.filter(publisher=None).order_by("pk")) == ["Sea", "Valley", "Desert"]
    assert Book.objects.filter(review__stars__gt=2).update(rating=1.0) == 4
    assert Book.objects.filter(editor=shelf.ann).update(editor_id=shelf.bob.pk) == 3
    assert Book.objects.exclude(tags__label="blue").update(price=Decimal("0.5")) == 3
    with pytest.raises((ValueError, TypeError)):
        Book.objects.update(author=shelf.sea)
    with pytest.raises((ValueError, TypeError)):
        Book.objects.update(pages="many")


def test_columns_of_related_tables_cannot_be_set(shelf):
    for name in ("author__name", "nothing", "author__nothing", "reviews"):
        with pytest.raises(FieldDoesNotExist, match=name):
            Book.objects.update(**{name: "x"})
    for name in ("tags", "review"):
        with pytest.raises(FieldError):
            Book.objects.update(**{name: 1})


@pytest.mark.feature("Q-117")
def test_update_calls_nobody_and_leaves_auto_now_alone(stock):
    Stock.objects.create(code="a")
    before = Stock.objects.get().changed
    Stock.objects.update(count=5)
    assert Stock.objects.get().changed == before


@pytest.mark.feature("Q-118")
def test_update_computes_in_the_database(shelf):
    assert Book.objects.update(pages=F("pages") * 2 + 1) == 5
    assert list(Book.objects.order_by("pk").values_list("pages", flat=True)) == [201, 401, 601, 801, 1001]
    Book.objects.update(editor=F("author"))
    assert Book.objects.filter(editor=F("author")).count() == 5
    with pytest.raises(FieldError, match="[Jj]oined field references"):
        Book.objects.update(title=F("author__name"))


def test_update_takes_expressions_and_names_of_annotations(shelf):
    Book.objects.update(title=Func(F("title"), function="UPPER"))
    assert Book.objects.filter(title="SEA").exists()
    best = Review.objects.filter(book=OuterRef("pk")).order_by("-stars").values("stars")[:1]
    Book.objects.update(rating=Subquery(best))
    assert list(Book.objects.order_by("pk").values_list("rating", flat=True)) == [5.0, 4.0, 5.0, None, 3.0]
    Book.objects.annotate(double=F("pages") * 2).update(pages=F("double"))
    assert Book.objects.get(title="SEA").pages == 200
    Book.objects.alias(half=F("pages") / 2).update(pages=F("half"))
    assert Book.objects.get(title="SEA").pages == 100
    assert Book.objects.annotate(n=Count("review")).filter(n=0).update(title="none") == 1
    Book.objects.update(title=Value("same"))
    assert set(Book.objects.values_list("title", flat=True)) == {"same"}
    with pytest.raises(FieldError, match="[Aa]ggregate"):
        Book.objects.update(pages=Avg("pages"))
    with pytest.raises(FieldError, match="[Aa]ggregate"):
        Book.objects.annotate(n=Count("review")).update(pages=F("n"))


@pytest.mark.feature("Q-120")
def test_an_order_makes_no_difference_to_an_update(shelf):
    with recorded_statements() as seen:
        assert Book.objects.order_by("-pages").update(in_print=False) == 5
        assert Author.objects.order_by("book__title").update(age=1) == 3
        assert Book.objects.annotate(half=F("pages") / 2).order_by("-half", "?").reverse().update(rating=1.0) == 5
        assert Book.objects.order_by(F("author__name").desc(nulls_last=True)).update(rating=2.0) == 5
    assert not [statement for statement in seen if "ORDER BY" in statement]


def test_values_are_converted_as_save_does(shelf):
    Book.objects.filter(pk=shelf.sea.pk).update(pages="12", price="1.5", published="2001-02-03", rating="2")
    row = Book.objects.values("pages", "price", "published__year", "rating").get(pk=shelf.sea.pk)
    assert row == {"pages": 12, "price": Decimal("1.50"), "published__year": 2001, "rating": 2.0}


def test_update_forgets_the_rows_that_were_loaded(shelf):
    books = Book.objects.filter(author=shelf.ann)
    assert {book.pages for book in books} == {100, 200}
    books.update(pages=1)
    assert {book.pages for book in books} == {1}
