"""When rows are asked for, and when the answer is remembered."""

from __future__ import annotations

import pickle

import pytest

from rowsmith.testing import recorded_statements
from tests.behaviour.library import Book, Tag, titles


@pytest.mark.feature("Q-064")
def test_rows_are_remembered_from_the_first_full_reading(shelf):
    books = Book.objects.order_by("pk")
    with recorded_statements() as seen:
        first = list(books)
        assert titles(books) == titles(first)
        assert len(books) == 5
        assert bool(books)
        assert shelf.sea in books
        assert books.count() == 5
        assert books.exists()
        assert books.contains(shelf.sea)
        assert next(iter(books)) is first[0]
    assert len(seen) == 1


@pytest.mark.feature("Q-065")
def test_two_questions_are_asked_twice(shelf):
    with recorded_statements() as seen:
        list(Book.objects.all())
        list(Book.objects.all())
    assert len(seen) == 2


@pytest.mark.feature("Q-066")
def test_single_rows_and_slices_are_not_remembered(shelf):
    books = Book.objects.order_by("pk")
    with recorded_statements() as seen:
        assert books[0] == shelf.sea
        assert books[0] == shelf.sea
        list(books[:2])
        list(books[:2])
    assert len(seen) == 4
    with recorded_statements() as seen:
        list(books)
        assert books[0] == shelf.sea
        assert books[0] is books[0]
        assert titles(books[:2]) == ["Sea", "Seaside"]
    assert len(seen) == 1


@pytest.mark.feature("Q-067", "Q-068")
def test_repr_shows_twenty_rows_and_remembers_none(tables):
    tables(Tag)
    Tag.objects.bulk_create([Tag(label=f"{number:02}") for number in range(25)])
    tags = Tag.objects.all()
    with recorded_statements() as seen:
        shown = repr(tags)
        assert len(tags) == 25
    assert len(seen) == 2
    assert "LIMIT 21" in seen[0] or "LIMIT" in seen[0]
    assert shown.count("<Tag: ") == 20
    assert shown.endswith("<Tag: 19>, '...(remaining elements truncated)...']>")
    assert repr(Tag.objects.filter(label__lt="02")) == "<QuerySet [<Tag: 00>, <Tag: 01>]>"
    assert repr(Tag.objects.filter(label__lt="20")).count("<Tag: ") == 20
    assert "truncated" not in repr(Tag.objects.filter(label__lt="20"))


@pytest.mark.feature("Q-069")
def test_all_of_loaded_rows_asks_anew(shelf):
    books = Book.objects.filter(pages__lt=300).order_by("pk")
    assert len(books) == 2
    Book.objects.create(title="Pond", author=shelf.ann, pages=50)
    assert len(books) == 2
    assert titles(books.all()) == ["Sea", "Seaside", "Pond"]


@pytest.mark.feature("Q-170")
def test_what_can_have_no_rows_is_not_asked(shelf):
    from rowsmith.models.query import EmptyQuerySet

    with recorded_statements() as seen:
        nothing = Book.objects.none()
        assert list(nothing) == []
        assert nothing.count() == 0 and not nothing.exists() and len(nothing) == 0
        assert nothing.first() is None
        assert list(nothing.filter(pages=1)) == list(nothing.exclude(pages=1)) == []
        assert nothing.update(pages=1) == 0
        assert nothing.delete() == (0, {})
        assert list(Book.objects.filter(pk__in=[])) == []
        assert Book.objects.filter(pk__in=[]).count() == 0
        assert Book.objects.filter(pk__in=set()).update(pages=1) == 0
        assert isinstance(nothing, EmptyQuerySet)
        assert list(nothing.values()) == list(nothing.iterator()) == []
    assert seen == []
    assert not isinstance(Book.objects.all(), EmptyQuerySet)
    assert Book.objects.exclude(pk__in=[]).count() == 5


@pytest.mark.feature("Q-147")
def test_a_pickled_queryset_carries_its_rows(shelf):
    books = Book.objects.order_by("pk")
    with recorded_statements() as seen:
        data = pickle.dumps(books)
    assert len(seen) == 1
    Book.objects.filter(title="Sea").update(title="Lake")
    with recorded_statements() as seen:
        again = pickle.loads(data)
        assert titles(again) == ["Sea", "Seaside", "Hill", "Valley", "Desert"]
    assert seen == []
    stale = books.__getstate__() | {"version": "0.0.0"}
    other = Book.objects.none()
    with pytest.warns(RuntimeWarning, match=r"0\.0\.0"):
        other.__setstate__(stale)


def test_a_pickled_queryset_can_be_refined(shelf):
    again = pickle.loads(pickle.dumps(Book.objects.filter(pages__gt=200).order_by("pk")))
    assert titles(again.filter(author=shelf.bob)) == ["Hill", "Valley"]


@pytest.mark.feature("Q-148")
def test_a_pickled_query_recreates_the_question(shelf):
    books = Book.objects.filter(pages__gt=300).order_by("-pages")
    data = pickle.dumps(books.query)
    Book.objects.filter(title="Hill").update(pages=350)
    again = Book.objects.all()
    again.query = pickle.loads(data)
    assert titles(again) == ["Desert", "Valley", "Hill"]
    again = Book.objects.all()
    again.query = pickle.loads(pickle.dumps(Book.objects.filter(pages=500).values_list("title", "pages").query))
    assert list(again) == [{"title": "Desert", "pages": 500}]


@pytest.mark.feature("Q-146")
def test_a_query_tells_its_database_and_its_sql(shelf):
    books = Book.objects.filter(title="Sea")
    assert books.db == "default"
    assert books.using("default").db == "default"
    assert "SELECT" in str(books.query) and "Sea" in str(books.query)


@pytest.mark.feature("Q-225")
def test_exists_asks_for_one_row_at_most(shelf):
    with recorded_statements() as seen:
        assert Book.objects.filter(pages__gt=100).order_by("title").exists()
        assert not Book.objects.filter(pages__lt=100).exists()
    assert all("LIMIT 1" in statement and "ORDER BY" not in statement for statement in seen)
    assert '"title"' not in seen[0]
    books = Book.objects.all()
    len(books)
    with recorded_statements() as seen:
        assert books.exists()
    assert seen == []


@pytest.mark.feature("Q-214")
def test_count_counts_in_the_database_or_in_memory(shelf):
    with recorded_statements() as seen:
        assert Book.objects.count() == 5
        assert Book.objects.filter(author=shelf.ann).count() == 2
        assert Book.objects.all()[1:3].count() == 2
        assert Book.objects.filter(tags__isnull=False).count() == 6
        assert Book.objects.filter(tags__isnull=False).distinct().count() == 4
        assert Book.objects.values("author").distinct().count() == 3
    assert len(seen) == 6 and all("COUNT(*)" in statement for statement in seen)


@pytest.mark.feature("Q-226")
def test_contains_tells_whether_an_instance_is_among_the_rows(shelf):
    books = Book.objects.filter(author=shelf.ann)
    with recorded_statements() as seen:
        assert books.contains(shelf.sea)
        assert not books.contains(shelf.hill)
    assert len(seen) == 2
    len(books)
    with recorded_statements() as seen:
        assert books.contains(shelf.sea) and not books.contains(shelf.hill)
    assert seen == []
    assert not books.contains(shelf.ann)
    with pytest.raises(ValueError, match="unsaved"):
        books.contains(Book())
    with pytest.raises(TypeError, match="model instance"):
        books.contains(1)
    with pytest.raises(TypeError, match="values"):
        books.values("pk").contains(shelf.sea)
