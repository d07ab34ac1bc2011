"""Fragments of SQL as columns, conditions, tables and sort keys."""

from __future__ import annotations

import warnings
from datetime import date
from decimal import Decimal

import pytest

from rowsmith.exceptions import FieldError, NotSupportedError
from rowsmith.models import Count, F, Max, Sum
from rowsmith.query.shape import cache
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Review, Tag, names, titles

BOOK, AUTHOR = Book._meta.db_table, Author._meta.db_table


@pytest.fixture
def books(shelf):
    return Book.objects.order_by("pk")


@pytest.mark.feature("Q-187")
def test_fragments_become_attributes_conditions_tables_and_orders(books):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = books.extra(select={"more": "pages + %s", "word": "%s"}, select_params=[10, "it's"])
    assert [(book.more, book.word) for book in found[:2]] == [(110, "it's"), (210, "it's")]
    thick = books.extra(where=["pages > %s", "title <> %s OR title = %s"], params=[100, "Hill", "x"])
    assert titles(thick) == ["Seaside", "Valley", "Desert"]
    assert titles(books.filter(title="Sea").extra(where=["pages = 100 OR pages = 200"])) == ["Sea"]
    joined = books.extra(
        tables=[AUTHOR], where=[f"{AUTHOR}.id = {BOOK}.author_id", f"{AUTHOR}.name = %s"], params=["Ann"]
    )
    assert titles(joined) == ["Sea", "Seaside"]
    known = books.filter(author__name="Ann").extra(tables=[AUTHOR], where=[f"{AUTHOR}.name = 'Bob'"])
    assert titles(known) == []
    backwards = Book.objects.extra(select={"less": "-pages"}, order_by=["less"])
    assert titles(backwards) == ["Desert", "Valley", "Hill", "Seaside", "Sea"]
    assert titles(Book.objects.extra(select={"less": "-pages"}, order_by=["-less"]))[0] == "Sea"
    assert titles(Book.objects.extra(order_by=[f"-{BOOK}.pages"]))[0] == "Desert"
    assert titles(Book.objects.extra(order_by=["author__name", "-pages"])) == [
        "Seaside",
        "Sea",
        "Valley",
        "Hill",
        "Desert",
    ]
    assert titles(backwards.reverse())[0] == "Sea" and backwards.first().title == "Desert"
    assert (
        titles(backwards.order_by("title"))[0] == "Desert" and titles(books.extra(order_by=["-pages"]))[0] == "Desert"
    )


@pytest.mark.feature("Q-187")
def test_repeated_calls_add_up(books):
    twice = books.extra(select={"one": "1"}, where=["pages > %s"], params=[100])
    twice = twice.extra(select={"two": "%s"}, select_params=[2], where=["pages < %s"], params=[400])
    assert [(book.title, book.one, book.two) for book in twice] == [("Seaside", 1, 2), ("Hill", 1, 2)]
    assert [book.one for book in twice.extra(select={"one": "11"})] == [11, 11]


@pytest.mark.feature("Q-188")
def test_columns_must_be_named_by_values_and_percent_signs_doubled(books):
    more = books.extra(select={"more": "pages + 1"})
    assert list(more.values("more"))[:2] == [{"more": 101}, {"more": 201}]
    assert list(more.values("title"))[0] == {"title": "Sea"}
    assert list(more.values_list("title", "more"))[0] == ("Sea", 101)
    assert list(more.values_list("more", flat=True)) == [101, 201, 301, 401, 501]
    assert list(more.values_list("more", "title", named=True))[0].more == 101
    assert list(Tag.objects.order_by("pk").extra(select={"more": "7"}).values_list()[:1]) == [
        (7, Tag.objects.get(label="blue").pk, "blue")
    ]
    for rows in (books.values("title"), books.values_list("title")):
        assert list(rows.extra(select={"more": "pages + 1"})) == list(rows)
    with recorded_statements() as seen:
        signs = books.extra(select={"a": "'%%s'", "b": "'100%%'", "c": "%s"}, select_params=["50%"])
        assert list(signs.values_list("a", "b", "c")[:1]) == [("%s", "100%", "50%")]
    assert "50%" not in seen[0]
    assert titles(books.extra(where=["title LIKE 'S%%'"])) == titles(
        books.extra(where=["title LIKE %s"], params=["S%"])
    )
    assert list(more.values("more").distinct().order_by("-more")[:1]) == [{"more": 501}]


def test_what_else_is_asked_of_such_rows(books):
    thick = books.extra(select={"more": "pages + 1"}, where=["pages > %s"], params=[200])
    assert thick.count() == 3 and thick.exists() and not thick.extra(where=["1 = 0"]).exists()
    assert thick.aggregate(Sum("pages"), Max("more")) == {"pages__sum": 1200, "more__max": 501}
    assert titles(thick.exclude(title="Hill")) == ["Valley", "Desert"] and titles(thick.filter(more=401)) == ["Valley"]
    assert thick.get(title="Hill").more == 301 and [book.more for book in thick.iterator()] == [301, 401, 501]
    assert [book.twice for book in thick.annotate(twice=F("more") * 2)] == [602, 802, 1002]
    assert names(Author.objects.filter(book__in=thick).distinct().order_by("pk")) == ["Bob", "Cid"]
    assert names(Author.objects.filter(pk__in=thick.values("author")).order_by("pk")) == ["Bob", "Cid"]
    upper = Author.objects.extra(select={"up": "UPPER(name)"})
    assert list(upper.annotate(n=Count("book")).order_by("pk").values_list("up", "n")) == [
        ("ANN", 2),
        ("BOB", 2),
        ("CID", 1),
    ]
    few = books.extra(where=["pages = 100"])
    assert titles((few | books.filter(pages=200)).order_by("pk")) == ["Sea", "Seaside"]
    assert titles(few & books.filter(title="Sea")) == titles(few.union(few).order_by("pk")) == ["Sea"]
    assert [book.more for book in thick.only("title")[:1]] == [301]
    assert list(Book.objects.none().extra(where=["1 = 1"])) == []
    own = [f"{AUTHOR}.id = {BOOK}.author_id", f"{AUTHOR}.name = 'Cid'"]
    assert Book.objects.extra(tables=[AUTHOR], where=own).update(rating=1.0) == 1
    assert Book.objects.get(title="Desert").rating == 1.0
    assert few.update(pages=99) == 1 and Review.objects.extra(where=["stars = %s"], params=[4]).delete()[0] == 1
    typed = books.extra(where=["published > %s", "price > %s"], params=[date(2004, 1, 1), Decimal("50.5")])
    assert titles(typed) == ["Desert"]


def test_mistakes_are_told(books):
    with pytest.raises(ValueError, match="1 placeholders, but params holds 0 values"):
        books.extra(where=["pages > %s"])
    with pytest.raises(ValueError, match="0 placeholders, but select_params holds 1 values"):
        books.extra(select={"a": "1"}, select_params=[1])
    with pytest.raises(ValueError, match="cannot name an annotation"):
        books.extra(select={'a"b': "1"})
    with pytest.raises(TypeError, match=r"extra\(where=\.\.\.\) takes a sequence"):
        books.extra(where="pages > 1")
    with pytest.raises(TypeError, match="once a slice has been taken"):
        books[:1].extra(where=["1 = 1"])
    with pytest.raises(NotSupportedError, match=r"extra\(\) after union"):
        books.union(books).extra(where=["1 = 1"])
    with pytest.raises(FieldError, match="nope"):
        books.extra(order_by=["nope"])
    hostile = books.extra(tables=['author"; DROP TABLE x; --'])
    assert '"author""; DROP TABLE x; --"' in str(hostile.query)


@pytest.mark.feature("Q-145")
def test_only_an_order_by_unique_fields_leaves_nothing_to_chance(books):
    assert (
        books.totally_ordered and Tag.objects.all().totally_ordered and Tag.objects.order_by("-label").totally_ordered
    )
    assert Book.objects.order_by("title", "-pk").totally_ordered
    for rows in (
        Book.objects.all(),
        Book.objects.order_by("title"),
        Book.objects.order_by("?"),
        Book.objects.order_by(),
    ):
        assert not rows.totally_ordered
    fragments = Book.objects.extra(order_by=["id"])
    assert fragments.ordered and not fragments.totally_ordered and fragments.order_by("id").totally_ordered
    assert not books.extra(order_by=["pk"]).totally_ordered
    grouped = Tag.objects.values("label").annotate(n=Count("books"))
    assert not grouped.totally_ordered and grouped.order_by("label").totally_ordered


def test_a_second_run_plans_nothing(shelf):
    def ask(more, low):
        found = Book.objects.extra(
            select={"more": "pages + %s"}, select_params=[more], where=["pages > %s"], params=[low], order_by=["-pages"]
        )
        return [book.more for book in found], found.count()

    assert ask(1, 300) == ([501, 401], 2)
    before = cache.info().planned
    assert ask(5, 400) == ([505], 1)
    assert cache.info().planned == before
