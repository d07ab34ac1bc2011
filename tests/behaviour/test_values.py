"""Rows as dicts, tuples and bare values."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from rowsmith.db import Connection
from rowsmith.exceptions import FieldError
from rowsmith.models import Count, F, Sum, Value
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Publisher, Review, Tag


@pytest.mark.feature("Q-161")
def test_values_are_dicts_of_the_columns_asked_for(shelf):
    [row] = Book.objects.filter(title="Sea").values()
    assert list(row) == [
        "id",
        "title",
        "author_id",
        "editor_id",
        "publisher_id",
        "pages",
        "rating",
        "price",
        "published",
        "in_print",
    ]
    assert row["author_id"] == shelf.ann.pk
    assert row["price"] == Decimal("12.50") and row["published"] == date(2001, 1, 31)
    assert row["in_print"] is True
    [row] = Book.objects.filter(title="Sea").values("author", "author_id", "pk", half=F("pages") / 2)
    assert row == {"author": shelf.ann.pk, "author_id": shelf.ann.pk, "pk": shelf.sea.pk, "half": 50}
    [row] = Book.objects.filter(title="Sea").values("author__name", "author__mentor")
    assert row == {"author__name": "Ann", "author__mentor": None}


@pytest.mark.feature("Q-162")
def test_values_reach_many_related_rows(shelf):
    rows = Book.objects.filter(title__in=["Sea", "Valley"]).order_by("pk", "tags__label").values("title", "tags__label")
    assert list(rows) == [
        {"title": "Sea", "tags__label": "blue"},
        {"title": "Sea", "tags__label": "deep"},
        {"title": "Valley", "tags__label": None},
    ]
    rows = Author.objects.order_by("pk", "book__pk").values_list("name", "book__title")
    assert list(rows) == [
        ("Ann", "Sea"),
        ("Ann", "Seaside"),
        ("Bob", "Hill"),
        ("Bob", "Valley"),
        ("Cid", "Desert"),
    ]
    assert list(Book.objects.filter(title="Sea").values_list("published__year", flat=True)) == [2001]
    assert list(Book.objects.filter(title="Hill").values_list("review", flat=True).order_by("review")) == list(
        Review.objects.filter(book=shelf.hill).order_by("pk").values_list("pk", flat=True)
    )


@pytest.mark.feature("Q-164")
def test_columns_are_selected_in_the_order_asked_for(shelf):
    with recorded_statements() as seen:
        assert list(Book.objects.filter(title="Sea").values_list("pages", "title")) == [(100, "Sea")]
        assert list(Book.objects.filter(title="Sea").values_list("title", "pages")) == [("Sea", 100)]
    assert seen[0].index('"pages"') < seen[0].index('"title"')
    assert seen[1].index('"title"') < seen[1].index('"pages"')
    counted = Book.objects.annotate(n=Count("tags")).filter(title="Sea")
    assert list(counted.values_list("n", "title", "pages")) == [(2, "Sea", 100)]
    assert list(counted.values("pages", "n")) == [{"pages": 100, "n": 2}]


@pytest.mark.feature("Q-165")
def test_values_replace_values_and_cannot_be_deferred(shelf):
    rows = Book.objects.filter(title="Sea").values("title", "pages")
    assert list(rows.values("pages")) == [{"pages": 100}]
    assert list(rows.values_list("pages")) == [(100,)]
    for call in (lambda: rows.only("title"), lambda: rows.defer("title")):
        with pytest.raises(TypeError, match="values"):
            call()


@pytest.mark.feature("Q-166")
def test_values_list_makes_tuples_bare_values_or_named_rows(shelf):
    books = Book.objects.order_by("pk")
    assert list(books.values_list("title", "pages"))[:2] == [("Sea", 100), ("Seaside", 200)]
    assert list(books.values_list("pages", flat=True)) == [100, 200, 300, 400, 500]
    row = books.values_list("title", "author__name", named=True)[0]
    assert (row.title, row.author__name) == ("Sea", "Ann")
    assert type(row).__name__ == "Row" and row == ("Sea", "Ann")
    with pytest.raises(TypeError, match="flat"):
        books.values_list("title", "pages", flat=True)
    with pytest.raises(TypeError, match="flat"):
        books.values_list("title", flat=True, named=True)


@pytest.mark.feature("Q-167")
def test_values_list_without_names_has_every_column(shelf):
    [row] = Book.objects.filter(title="Sea").values_list()
    assert row[:3] == (shelf.sea.pk, "Sea", shelf.ann.pk) and len(row) == 10
    with pytest.warns(DeprecationWarning):
        assert list(Tag.objects.values_list(flat=True)) == [tag.pk for tag in Tag.objects.all()]


def test_values_list_takes_expressions(shelf):
    rows = Book.objects.order_by("pk").values_list("title", F("pages") + 1)
    assert next(iter(rows)) == ("Sea", 101)
    assert list(Book.objects.filter(title="Sea").values_list(F("author__name"), flat=True)) == ["Ann"]


def test_unknown_values_are_refused_at_the_call(shelf):
    with recorded_statements() as seen:
        with pytest.raises(FieldError, match="Did you mean 'title'"):
            Book.objects.values("titel")
        with pytest.raises(FieldError):
            Book.objects.values_list("author__nothing")
        with pytest.raises((FieldError, TypeError)):
            Book.objects.values(1)
        with pytest.raises((FieldError, TypeError)):
            Book.objects.values(["title"])
    assert seen == []


@pytest.mark.feature("Q-163")
def test_an_aggregate_in_values_is_computed_before_the_other_fields_group(shelf):
    direct = Book.objects.values("author__name", n=Count("pk")).order_by("author__name")
    grouped = Book.objects.values("author__name").annotate(n=Count("pk")).order_by("author__name")
    assert list(grouped.values_list("author__name", "n")) == [("Ann", 2), ("Bob", 2), ("Cid", 1)]
    assert [row["n"] for row in direct] == [1, 1, 1, 1, 1]


@pytest.mark.feature("Q-215")
def test_in_bulk_maps_keys_to_rows(shelf):
    with recorded_statements() as seen:
        found = Book.objects.in_bulk([shelf.sea.pk, shelf.hill.pk, 999])
    assert len(seen) == 1
    assert found == {shelf.sea.pk: shelf.sea, shelf.hill.pk: shelf.hill}
    assert len(Book.objects.in_bulk()) == 5
    assert Tag.objects.in_bulk(["blue", "none"], field_name="label") == {"blue": shelf.blue}
    with recorded_statements() as seen:
        assert Book.objects.in_bulk([]) == {}
    assert seen == []
    with pytest.raises(ValueError, match="unique"):
        Book.objects.in_bulk(["Sea"], field_name="title")
    with pytest.raises(TypeError):
        Book.objects.all()[:2].in_bulk([1])


@pytest.mark.only("postgresql")
@pytest.mark.feature("Q-215")
def test_in_bulk_goes_by_the_sole_field_that_rows_are_distinct_on(shelf):
    found = Book.objects.order_by("title").distinct("title").in_bulk(field_name="title")
    assert found["Sea"] == shelf.sea


@pytest.mark.feature("Q-216")
def test_in_bulk_after_values_maps_keys_to_those(shelf):
    key = shelf.sea.pk
    assert Book.objects.values("title").in_bulk([key]) == {key: {"title": "Sea"}}
    assert Book.objects.values_list("title", "pages").in_bulk([key]) == {key: ("Sea", 100)}
    assert Book.objects.values_list("title", flat=True).in_bulk([key]) == {key: "Sea"}
    assert Book.objects.values().in_bulk([key])[key]["title"] == "Sea"
    named = Book.objects.values_list("title", "pages", named=True).in_bulk([key])[key]
    assert (named.title, named.pages) == ("Sea", 100)


@pytest.mark.feature("Q-217")
def test_iterator_streams_and_remembers_nothing(shelf):
    books = Book.objects.order_by("pk")
    with recorded_statements() as seen:
        assert [book.title for book in books.iterator()] == ["Sea", "Seaside", "Hill", "Valley", "Desert"]
        assert [book.title for book in books.iterator(chunk_size=2)][-1] == "Desert"
        list(books)
        list(books.iterator())
    assert len(seen) == 4
    assert list(books.values_list("pages", flat=True).iterator(2)) == [100, 200, 300, 400, 500]
    for size in (0, -1):
        with pytest.raises(ValueError, match="strictly positive"):
            books.iterator(chunk_size=size)


@pytest.mark.plain
@pytest.mark.feature("Q-217")
def test_iterator_fetches_two_thousand_rows_at_a_time(empty_library, monkeypatch):
    Tag.objects.bulk_create([Tag(label=str(n)) for n in range(2_001)])
    sizes = []
    plain = Connection.stream

    def stream(self, text, parameters, chunk_size):
        for chunk in plain(self, text, parameters, chunk_size):
            sizes.append(len(chunk))
            yield chunk

    monkeypatch.setattr(Connection, "stream", stream)
    tags = Tag.objects.order_by("pk")
    assert len(list(tags.iterator())) == 2_001
    assert sizes == [2_000, 1]
    del sizes[:]
    assert next(tags.iterator(chunk_size=10)).label == "0" and sizes == [10]


@pytest.mark.plain
@pytest.mark.feature("Q-218")
def test_iterator_prefetches_chunk_by_chunk(shelf):
    books = Book.objects.order_by("pk").prefetch_related("tags")
    with pytest.raises(ValueError, match="chunk_size must be provided"):
        books.iterator()
    with recorded_statements() as seen:
        rows = [(book.title, len(book.tags.all())) for book in books.iterator(chunk_size=2)]
    assert rows == [("Sea", 2), ("Seaside", 1), ("Hill", 1), ("Valley", 0), ("Desert", 2)]
    assert len(seen) == 1 + 3


# Annotations and aggregates


@pytest.mark.feature("Q-149", "A-005")
def test_annotations_become_attributes(shelf):
    from rowsmith.models import Q

    book = Book.objects.annotate(
        Count("review"), double=F("pages") * 2, long=Q(pages__gt=200), writer=F("author__name"), one=Value(1)
    ).get(title="Hill")
    assert (book.review__count, book.double, book.long, book.writer, book.one) == (3, 600, True, "Bob", 1)
    assert book.pages == 300
    for call in (lambda: Book.objects.annotate(F("pages")), lambda: Book.objects.annotate(F("pages") + 1)):
        with pytest.raises((TypeError, ValueError)):
            call()
    with pytest.raises(TypeError):
        Book.objects.annotate(n=1)


@pytest.mark.feature("Q-150")
def test_an_annotation_cannot_take_a_taken_name(shelf):
    with pytest.raises(ValueError, match="conflicts with a field"):
        Book.objects.annotate(title=F("pages"))
    with pytest.raises(ValueError, match="conflicts with a field"):
        Book.objects.annotate(author_id=F("pages"))
    with pytest.raises(ValueError, match="conflicts"):
        Book.objects.annotate(Count("review"), review__count=Count("tags"))


@pytest.mark.feature("Q-151")
def test_names_that_could_end_a_name_in_sql_are_refused(shelf):
    for part in (" ", "\t", "\n", "'", '"', "`", ";", "--", "/*", "*/", "\x00", "\x1f", "\x7f"):
        for call in (
            lambda name: Book.objects.annotate(**{name: F("pages")}),
            lambda name: Book.objects.alias(**{name: F("pages")}),
            lambda name: Book.objects.values(**{name: F("pages")}),
            lambda name: Book.objects.aggregate(**{name: Sum("pages")}),
        ):
            with pytest.raises(ValueError, match="cannot name an annotation"):
                call(f"a{part}b")
    with pytest.warns(DeprecationWarning, match="percent"):
        [book] = Book.objects.filter(title="Sea").annotate(**{"of%": F("pages") * 2})
    assert getattr(book, "of%") == 200
    with pytest.warns(DeprecationWarning, match="percent"):
        assert Book.objects.aggregate(**{"all%": Sum("pages")}) == {"all%": 1500}
    with pytest.warns(DeprecationWarning, match="percent"):
        assert Book.objects.filter(title="Sea").values(**{"%s": F("pages")}).get() == {"%s": 100}


@pytest.mark.feature("Q-152")
def test_an_alias_is_computed_and_not_loaded(shelf):
    books = Book.objects.alias(double=F("pages") * 2, n=Count("review"))
    [book] = books.filter(double=600)
    assert book == shelf.hill and not hasattr(book, "double") and not hasattr(book, "n")
    assert [b.title for b in books.exclude(n=0).order_by("-n", "title")][:2] == ["Hill", "Sea"]
    assert Book.objects.alias(d=F("pages") * 2).annotate(e=F("d") + 1).get(pk=shelf.sea.pk).e == 201
    assert Book.objects.alias(d=F("pages") * 2).filter(title="Sea").update(pages=F("d")) == 1
    assert Book.objects.get(title="Sea").pages == 200
    for call in (
        lambda: books.values("double"),
        lambda: books.values_list("double"),
        lambda: books.aggregate(Sum("double")),
    ):
        with pytest.raises(FieldError, match="alias"):
            call()
    assert Book.objects.alias(d=F("pages") * 2).annotate(d=F("d")).get(title="Hill").d == 600


@pytest.mark.feature("A-001", "A-002", "A-003", "A-013", "Q-224")
def test_aggregate_returns_a_dict(shelf):
    assert Book.objects.aggregate(Sum("pages")) == {"pages__sum": 1500}
    assert Author.objects.aggregate(Count("book__review")) == {"book__review__count": 7}
    assert Book.objects.filter(author=shelf.ann).aggregate(Sum("pages"), n=Count("pk")) == {"pages__sum": 300, "n": 2}
    with pytest.raises(TypeError):
        Book.objects.aggregate(F("pages"))
    with pytest.raises(TypeError):
        Book.objects.aggregate(Sum("pages") + 1)
    assert Book.objects.aggregate(x=Sum("pages") + 1) == {"x": 1501}


@pytest.mark.feature("Q-223")
def test_first_of_groups_needs_an_order(shelf):
    groups = Book.objects.values("author__name").annotate(n=Count("pk"))
    with pytest.raises(TypeError, match="order"):
        groups.first()
    with pytest.raises(TypeError, match="order"):
        groups.last()
    assert groups.order_by("author__name").first() == {"author__name": "Ann", "n": 2}
    # Meta.ordering does not order groups, so these come by their key.
    assert Publisher.objects.annotate(n=Count("books")).first() == shelf.north
