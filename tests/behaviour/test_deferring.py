"""Columns that are left out until somebody reads them."""

from __future__ import annotations

import copy
import pickle
import sys

import pytest

from rowsmith.exceptions import FieldDoesNotExist, FieldError
from rowsmith.models import F
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Book, titles


@pytest.mark.feature("Q-189", "V-007")
def test_a_deferred_column_is_loaded_by_itself_when_it_is_read(shelf):
    book = Book.objects.defer("title", "pages").get(pk=shelf.sea.pk)
    assert book.get_deferred_fields() == {"title", "pages"}
    with recorded_statements() as seen:
        assert book.title == "Sea"
        assert book.title == "Sea"
        assert book.rating == 4.5
    assert len(seen) == 1
    assert '"title"' in seen[0] and '"pages"' not in seen[0]
    assert book.get_deferred_fields() == {"pages"}
    assert Book.objects.defer("title").defer("pages").get(pk=1).get_deferred_fields() == {"title", "pages"}
    assert Book.objects.defer("title").defer(None).get(pk=1).get_deferred_fields() == set()
    assert "id" not in Book.objects.defer("id", "title").get(pk=1).get_deferred_fields()


def test_reading_a_deferred_column_keeps_the_class_and_equality(shelf):
    book = Book.objects.defer("title").get(pk=shelf.sea.pk)
    assert book.__class__ is Book and isinstance(book, Book)
    assert book == shelf.sea and hash(book) == hash(shelf.sea)
    assert book.title == "Sea"
    assert type(book) is Book


@pytest.mark.feature("Q-190")
def test_what_cannot_be_deferred_is_refused(shelf):
    with pytest.raises(FieldDoesNotExist, match="Did you mean 'title'"):
        Book.objects.defer("titel")
    with pytest.raises(FieldDoesNotExist):
        Book.objects.only("nothing")
    with pytest.raises(FieldError, match="annotation"):
        Book.objects.annotate(n=F("pages")).defer("n")
    with pytest.raises(FieldError, match="author"):
        list(Book.objects.select_related("author").defer("author"))


@pytest.mark.feature("Q-191")
def test_only_and_defer_combine_in_the_order_of_the_calls(shelf):
    def loaded(books):
        return {"title", "pages", "rating"} - books.get(pk=1).get_deferred_fields()

    assert loaded(Book.objects.only("title")) == {"title"}
    assert loaded(Book.objects.only("title").only("pages")) == {"pages"}
    assert loaded(Book.objects.only("title", "pages").defer("pages")) == {"title"}
    assert loaded(Book.objects.defer("pages").only("title", "pages")) == {"title"}
    assert loaded(Book.objects.only("title").defer("pages")) == {"title"}
    assert loaded(Book.objects.only("title", "rating").defer("title")) == {"rating"}
    # Nothing is left to be loaded at once, so the choice of only() is void.
    assert loaded(Book.objects.only("title").defer("title", "pages")) == {"title", "rating"}
    with recorded_statements() as seen:
        list(Book.objects.only("title"))
    assert '"id"' in seen[0] and '"title"' in seen[0] and '"pages"' not in seen[0]


@pytest.mark.feature("Q-192")
def test_only_without_names_loads_all(shelf):
    assert Book.objects.only("title").only().get(pk=1).get_deferred_fields() == set()
    with pytest.raises(TypeError, match="None"):
        Book.objects.only(None)
    with pytest.raises(FieldError, match="author"):
        list(Book.objects.select_related("author").only("title"))


@pytest.mark.feature("Q-193")
def test_columns_of_selected_relations_can_be_deferred(shelf):
    with recorded_statements() as seen:
        book = Book.objects.select_related("author").only("title", "author__name").get(pk=1)
        assert (book.title, book.author.name) == ("Sea", "Ann")
    assert len(seen) == 1 and '"nickname"' not in seen[0]
    assert book.author.get_deferred_fields() == {"nickname", "age", "born", "mentor_id"}
    book = Book.objects.select_related("author").defer("author__nickname").get(pk=1)
    assert book.author.get_deferred_fields() == {"nickname"}
    assert book.get_deferred_fields() == set()
    assert book.author.nickname == "Annie"


@pytest.mark.feature("V-008")
@pytest.mark.skipif(sys.version_info < (3, 12), reason="costs every read before Python 3.12")
def test_a_deleted_attribute_is_loaded_again(shelf):
    book = shelf.sea
    Book.objects.filter(pk=book.pk).update(title="Lake")
    assert book.title == "Sea"
    del book.title
    assert book.get_deferred_fields() == {"title"}
    with recorded_statements() as seen:
        assert book.title == "Lake"
    assert len(seen) == 1


@pytest.mark.feature("V-014")
def test_a_deferred_column_of_no_row_cannot_be_read(shelf):
    book = Book.objects.defer("title").get(pk=shelf.valley.pk)
    Book.objects.filter(pk=book.pk).delete()
    with pytest.raises(Book.DoesNotExist):
        book.title
    unsaved = Book(title="x", pages=1)
    del unsaved.title
    with pytest.raises(AttributeError):
        unsaved.title


@pytest.mark.feature("V-024")
def test_saving_writes_what_was_loaded_or_assigned(shelf):
    book = Book.objects.only("title").get(pk=shelf.sea.pk)
    Book.objects.filter(pk=book.pk).update(pages=111, rating=1.5)
    book.title = "Lake"
    book.rating = 2.5
    with recorded_statements() as seen:
        book.save()
    assert len(seen) == 1 and '"pages"' not in seen[0]
    row = Book.objects.get(pk=book.pk)
    assert (row.title, row.pages, row.rating) == ("Lake", 111, 2.5)
    assert book.get_deferred_fields() == {
        "author_id",
        "editor_id",
        "publisher_id",
        "pages",
        "price",
        "published",
        "in_print",
    }


@pytest.mark.feature("V-013")
def test_reading_a_deferred_column_goes_through_refresh_from_db(shelf, monkeypatch):
    asked = []
    plain = Book.refresh_from_db

    def refresh_from_db(self, using=None, fields=None, **kwargs):
        asked.append(list(fields))
        plain(self, using=using, fields=[*fields, "pages"], **kwargs)

    monkeypatch.setattr(Book, "refresh_from_db", refresh_from_db)
    book = Book.objects.only("rating").get(pk=shelf.sea.pk)
    with recorded_statements() as seen:
        assert (book.title, book.pages) == ("Sea", 100)
    assert asked == [["title"]]
    assert len(seen) == 1


def test_a_copy_or_a_pickle_leaves_the_same_columns_out(shelf):
    book = Book.objects.only("title").get(pk=shelf.sea.pk)
    missing = book.get_deferred_fields()
    for again in (copy.copy(book), pickle.loads(pickle.dumps(book))):
        assert again.get_deferred_fields() == missing
        assert again == book and again.pages == 100
    assert book.get_deferred_fields() == missing


@pytest.mark.feature("Q-113")
def test_a_copy_with_deferred_columns_cannot_be_inserted_before_they_are_given(shelf):
    book = Book.objects.defer("title").get(pk=shelf.sea.pk)
    book.pk = None
    book._state.adding = True
    with pytest.raises(AttributeError):
        book.save()
    book.title = "Copy"
    book.save()
    assert sorted(titles(Book.objects.filter(pages=100))) == ["Copy", "Sea"]
