"""Related instances that come along with the rows, by joins."""

from __future__ import annotations

import pytest

from rowsmith.exceptions import FieldError
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Cover, Review, titles


@pytest.mark.feature("Q-176")
def test_selected_relations_come_with_the_same_statement(shelf):
    cover = Cover.objects.create(book=shelf.sea, colour="red")
    with recorded_statements() as seen:
        books = list(Book.objects.select_related("author__mentor").select_related("publisher", "cover").order_by("pk"))
        assert [b.author.name for b in books] == ["Ann", "Ann", "Bob", "Bob", "Cid"]
        assert [b.author.mentor and b.author.mentor.name for b in books] == [None, None, "Ann", "Ann", "Bob"]
        assert [b.publisher and b.publisher.name for b in books] == ["North", "North", "South", None, None]
        assert books[0].cover == cover and books[0].cover.book is books[0]
        assert not hasattr(books[1], "cover")
    assert len(seen) == 1
    with recorded_statements() as seen:
        [review] = Review.objects.select_related("book__author").filter(stars=4)
        assert review.book.author.name == "Ann"
    assert len(seen) == 1
    with recorded_statements() as seen:
        books = list(Book.objects.select_related("author").select_related(None))
        assert books[0].author.name
    assert len(seen) == 2


@pytest.mark.feature("Q-176")
def test_what_cannot_be_selected_is_refused_at_the_call(shelf):
    for name in ("nothing", "title", "tags", "review", "reviews", "author__nothing", "author__book", "author__name"):
        with pytest.raises(FieldError) as caught:
            Book.objects.select_related(name)
        assert "author" in str(caught.value)
    with pytest.raises(TypeError, match="values"):
        Book.objects.values("title").select_related("author")


@pytest.mark.feature("Q-177")
def test_a_missing_relation_is_remembered_as_missing(shelf):
    with recorded_statements() as seen:
        book = Book.objects.select_related("publisher", "editor__mentor").get(title="Desert")
        assert book.publisher is None and book.editor is None
    assert len(seen) == 1


@pytest.mark.feature("Q-124")
def test_without_names_every_relation_that_must_be_there_is_selected(shelf):
    with recorded_statements() as seen, pytest.warns(DeprecationWarning):
        book = Book.objects.select_related().get(title="Sea")
    with recorded_statements() as later:
        assert book.author.name == "Ann"
        assert later == []
        assert book.publisher.name == "North"
    assert len(seen) == 1 and len(later) == 1


@pytest.mark.feature("Q-125")
def test_select_related_without_names_leaves_with_notice(shelf):
    with pytest.warns(DeprecationWarning, match="select_related"):
        Book.objects.select_related()


@pytest.mark.feature("Q-122")
def test_a_relation_is_loaded_once_when_it_is_read(shelf):
    book = Book.objects.get(title="Sea")
    with recorded_statements() as seen:
        assert book.author == shelf.ann
        assert book.author is book.author
        assert book.publisher == shelf.north
    assert len(seen) == 2


def test_selecting_relations_changes_neither_counts_nor_conditions(shelf):
    books = Book.objects.select_related("publisher", "author")
    assert books.count() == 5
    assert titles(books.filter(publisher__name="South")) == ["Hill"]
    assert titles(books.filter(publisher__isnull=True).order_by("pk")) == ["Valley", "Desert"]
    assert titles(books.order_by("-author__name", "pk")[:2]) == ["Desert", "Hill"]
    assert Author.objects.select_related("mentor__mentor").get(name="Cid").mentor.mentor.name == "Ann"
