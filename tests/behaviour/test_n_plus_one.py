"""Finding the line that loads a relation for one instance after the other."""

from __future__ import annotations

import logging

import pytest

from rowsmith.models import FETCH_PEERS
from rowsmith.testing import NPlusOneQueries, n_plus_one
from tests.behaviour.library import Author, Book, Cover


def test_a_relation_loaded_one_by_one_is_named_with_its_line(shelf):
    with n_plus_one(), pytest.raises(NPlusOneQueries) as caught:
        for book in Book.objects.order_by("pk"):
            book.author.name
    assert caught.value.label == "Book.author"
    assert caught.value.place.startswith(__file__)
    message = str(caught.value)
    assert "book.author.name" in message
    assert ".select_related('author')" in message


@pytest.mark.parametrize(
    "read, label, remedy",
    [
        (lambda book: book.editor, "Book.editor", ".select_related('editor')"),
        (lambda book: getattr(book, "cover", None), "Book.cover", ".select_related('cover')"),
        (lambda book: list(book.tags.all()), "Book.tags", ".prefetch_related('tags')"),
        (lambda book: book.reviews.filter(stars=1).count(), "Book.reviews", ".prefetch_related('reviews')"),
        (lambda book: book.pages, "Book.pages", ".only() with 'pages'"),
    ],
    ids=["forward", "one-to-one", "many-to-many", "reverse", "deferred"],
)
def test_every_kind_of_lazy_load_is_seen(shelf, read, label, remedy):
    books = [shelf.sea, shelf.hill]
    books = list(Book.objects.filter(pk__in=[book.pk for book in books]).defer("pages"))
    with n_plus_one(), pytest.raises(NPlusOneQueries) as caught:
        for book in books:
            read(book)
    assert caught.value.label == label
    assert remedy in str(caught.value)


def test_what_was_loaded_along_is_no_finding(shelf):
    with n_plus_one():
        for book in Book.objects.select_related("author").prefetch_related("tags"):
            assert book.author.name
            assert len(book.tags.all()) >= 0
        for book in Book.objects.fetch_mode(FETCH_PEERS):
            assert book.author.name
        # One instance, however often; and different lines.
        for _ in range(3):
            assert Book.objects.get(pk=shelf.sea.pk).author.name
        assert Book.objects.get(pk=shelf.hill.pk).author.name


def test_a_block_may_allow_more(shelf):
    with n_plus_one(threshold=10):
        assert [book.author.name for book in Book.objects.all()]
    with n_plus_one(allow=["Book.author"]):
        assert [book.author.name for book in Book.objects.all()]
    assert [book.author.name for book in Book.objects.all()]  # nobody watches here


def test_a_warning_instead(shelf, caplog):
    with caplog.at_level(logging.WARNING, "rowsmith.n_plus_one"), n_plus_one("warn"):
        for book in Book.objects.all():
            assert book.author.name
        for author in Author.objects.all():
            author.book_set.count()
    assert [record.name for record in caplog.records] == ["rowsmith.n_plus_one"] * 2
    assert "Book.author was loaded for 2 instances one by one" in caplog.text
    assert "Author.book_set" in caplog.text


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="'raise' or 'warn'"), n_plus_one("shout"):
        pass
    with pytest.raises(ValueError, match="at least 2"), n_plus_one(threshold=1):
        pass


async def test_the_line_of_a_task_is_found(shelf):
    books = [book async for book in Book.objects.all()]
    with n_plus_one(), pytest.raises(NPlusOneQueries) as caught:
        for book in books:
            await book.aload("author")
    assert 'await book.aload("author")' in str(caught.value)


def test_one_to_one_without_a_row(shelf):
    with n_plus_one(), pytest.raises(NPlusOneQueries):
        for book in Book.objects.all():
            try:
                book.cover
            except Cover.DoesNotExist:
                continue
