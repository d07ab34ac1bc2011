"""New rows: save, create, copies, get_or_create and update_or_create."""

from __future__ import annotations

import copy
import pickle
from datetime import date
from decimal import Decimal

import pytest

from rowsmith import models
from rowsmith.exceptions import FieldError, IntegrityError
from rowsmith.models import F
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Stock, Tag, titles


class Odd(models.Model):
    """A field has the name of an argument of get_or_create()."""

    defaults = models.CharField(max_length=20, unique=True)
    note = models.CharField(max_length=20, default="")


class Named(models.Model):
    """Its key is text that the caller chooses."""

    name = models.CharField(max_length=20, primary_key=True)
    size = models.IntegerField(default=0)


@pytest.fixture
def named(tables):
    tables(Named, Odd)


@pytest.mark.feature("Q-001", "V-025")
def test_an_instance_is_inserted_by_its_first_save(empty_library):
    with recorded_statements() as seen:
        author = Author(name="Ann", age=3)
        assert seen == [] and author.pk is None
        assert author.save() is None
    assert len(seen) == 1 and seen[0].startswith("INSERT")
    assert author.pk is not None
    assert Author.objects.get().age == 3
    explicit = Author(pk=50, name="Eve")
    explicit.save()
    assert explicit.pk == 50 and Author.objects.get(pk=50).name == "Eve"


@pytest.mark.feature("Q-002")
def test_a_loaded_instance_is_updated_by_save(shelf):
    book = Book.objects.get(title="Sea")
    book.title = "Lake"
    with recorded_statements() as seen:
        book.save()
    assert len(seen) == 1 and seen[0].startswith("UPDATE")
    assert Book.objects.get(pk=book.pk).title == "Lake"
    assert Book.objects.count() == 5


@pytest.mark.feature("Q-003")
def test_create_builds_saves_and_returns(empty_library):
    with recorded_statements() as seen:
        tag = Tag.objects.create(label="x")
    assert len(seen) == 1
    assert isinstance(tag, Tag) and tag.pk and Tag.objects.get() == tag
    assert not tag._state.adding
    assert Tag.objects.filter(label="ignored").create(label="y").label == "y"


@pytest.mark.feature("Q-004")
def test_create_never_overwrites_a_row(shelf):
    with pytest.raises(IntegrityError):
        Tag.objects.create(pk=shelf.blue.pk, label="other")
    assert Tag.objects.get(pk=shelf.blue.pk).label == "blue"
    with pytest.raises(IntegrityError):
        Tag.objects.create(label="blue")


def test_saving_a_key_that_is_there_updates_that_row(named):
    Named(name="a", size=1).save()
    with recorded_statements() as seen:
        Named(name="a", size=2).save()
    assert [statement.split()[0] for statement in seen] == ["UPDATE"]
    assert Named.objects.get().size == 2
    with recorded_statements() as seen:
        Named(name="b").save()
    assert [statement.split()[0] for statement in seen] == ["UPDATE", "INSERT"]


@pytest.mark.feature("M-031", "M-032")
def test_a_changed_key_is_another_row(named):
    apple = Named.objects.create(name="apple", size=1)
    Named.objects.create(name="cherry", size=9)
    apple.name = "banana"
    apple.save()
    assert sorted(Named.objects.values_list("name", "size")) == [("apple", 1), ("banana", 1), ("cherry", 9)]
    apple.name = "cherry"
    apple.save()
    assert sorted(Named.objects.values_list("name", "size")) == [("apple", 1), ("banana", 1), ("cherry", 1)]


@pytest.mark.feature("V-003")
def test_values_stay_as_given_until_they_are_loaded_again(empty_library):
    author = Author.objects.create(name="Ann", age="41", born="1990-05-06")
    assert (author.age, author.born) == ("41", "1990-05-06")
    author.refresh_from_db()
    assert (author.age, author.born) == (41, date(1990, 5, 6))
    book = Book.objects.create(title="x", author=author, price="1.5")
    assert book.price == "1.5"
    assert Book.objects.get().price == Decimal("1.50")


@pytest.mark.feature("Q-110")
def test_an_instance_without_its_key_is_saved_as_a_copy(shelf):
    book = Book.objects.get(title="Sea")
    old = book.pk
    book.pk = None
    book._state.adding = True
    book.save()
    assert book.pk != old
    assert titles(Book.objects.filter(title="Sea")) == ["Sea", "Sea"]


@pytest.mark.feature("Q-112")
def test_a_copy_has_no_links_until_they_are_set(shelf):
    book = Book.objects.get(title="Sea")
    tags = list(book.tags.all())
    book.pk = None
    book._state.adding = True
    book.save()
    assert list(book.tags.all()) == []
    book.tags.set(tags)
    assert list(book.tags.all()) == tags
    assert shelf.sea.tags.count() == 2


@pytest.mark.feature("V-028")
def test_expressions_are_computed_by_the_database_and_read_back(shelf):
    book = Book.objects.get(title="Sea")
    book.pages = F("pages") + 11
    book.save()
    assert book.pages == 111
    assert Book.objects.get(pk=book.pk).pages == 111
    book.save()
    assert Book.objects.get(pk=book.pk).pages == 111
    book.pages = F("pages") * 2
    book.save(update_fields=["pages"])
    assert book.pages == 222
    with pytest.raises(ValueError, match="only be used to update"):
        Book.objects.create(title="x", author=shelf.ann, pages=F("pages"))
    with pytest.raises(FieldError, match="[Jj]oined"):
        book.pages = F("author__age")
        book.save()


# get_or_create


@pytest.mark.feature("Q-202")
def test_get_or_create_finds_or_creates(stock):
    item, created = Stock.objects.get_or_create(code="a", defaults={"count": 3})
    assert created and (item.code, item.count) == ("a", 3)
    again, created = Stock.objects.get_or_create(code="a", defaults={"count": 9})
    assert not created and again == item and again.count == 3
    called = []

    def count():
        called.append(1)
        return 7

    assert Stock.objects.get_or_create(code="a", defaults={"count": count})[0].count == 3
    assert called == []
    assert Stock.objects.get_or_create(code="b", defaults={"count": count})[0].count == 7
    assert called == [1]
    item, created = Stock.objects.get_or_create(code__iexact="C", defaults={"code": "c"})
    assert created and item.code == "c"
    assert Stock.objects.filter(count=7).get_or_create(code="b") == (Stock.objects.get(code="b"), False)


@pytest.mark.feature("Q-203")
def test_a_row_created_meanwhile_is_found(stock, monkeypatch):
    real, calls = Stock.objects.get_queryset().__class__.get, []

    def late(self, *args, **kwargs):
        calls.append(kwargs)
        if len(calls) == 1:
            # Somebody else inserts the row between the question and our insert.
            Stock(code="a", name="theirs").save()
            raise Stock.DoesNotExist
        return real(self, *args, **kwargs)

    monkeypatch.setattr(models.QuerySet, "get", late)
    item, created = Stock.objects.get_or_create(code="a", defaults={"name": "ours"})
    assert (item.name, created) == ("theirs", False)
    monkeypatch.undo()
    with pytest.raises(IntegrityError):
        Stock.objects.get_or_create(code="z", defaults={"code": "a"})
    assert Stock.objects.count() == 1


@pytest.mark.feature("Q-204")
def test_odd_uses_of_get_or_create(named, shelf):
    found, created = Odd.objects.get_or_create(defaults__exact="x", defaults={"defaults": "x", "note": "n"})
    assert created and (found.defaults, found.note) == ("x", "n")
    assert Odd.objects.get_or_create(defaults__exact="x") == (found, False)
    with pytest.raises(Book.MultipleObjectsReturned):
        Book.objects.get_or_create(author=shelf.ann)
    with pytest.raises(FieldError, match="nothing"):
        Tag.objects.get_or_create(label="new", defaults={"nothing": 1})
    with pytest.raises(FieldError, match="nothing"):
        Tag.objects.get_or_create(nothing=1)
    assert not Tag.objects.filter(label="new").exists()


@pytest.mark.feature("Q-205")
def test_update_or_create_sets_defaults_or_creates(world, stock):
    item, created = Stock.objects.update_or_create(code="a", defaults={"count": 1})
    assert created and item.count == 1
    with recorded_statements() as seen:
        item, created = Stock.objects.update_or_create(code="a", defaults={"count": 2})
    assert not created and item.count == 2 and Stock.objects.get().count == 2
    assert ("FOR UPDATE" in seen[0]) == (world.vendor == "postgresql")
    item, created = Stock.objects.update_or_create(code="a", defaults={"count": lambda: 5})
    assert item.count == 5
    item, created = Stock.objects.update_or_create(
        code="b", defaults={"count": 8}, create_defaults={"count": 9, "name": "new"}
    )
    assert created and (item.count, item.name) == (9, "new")
    item, created = Stock.objects.update_or_create(
        code="b", defaults={"count": 8}, create_defaults={"count": 9, "name": "other"}
    )
    assert not created and (item.count, item.name) == (8, "new")
    with pytest.raises(FieldError, match="nothing"):
        Stock.objects.update_or_create(code="a", defaults={"nothing": 1})


@pytest.mark.feature("Q-206")
def test_update_or_create_writes_what_it_changed(stock):
    Stock.objects.create(code="a", name="first")
    before = Stock.objects.get().changed
    with recorded_statements() as seen:
        Stock.objects.update_or_create(code="a", defaults={"count": 5})
    [update] = [statement for statement in seen if statement.startswith("UPDATE")]
    assert '"count"' in update and '"changed"' in update and '"name"' not in update
    assert Stock.objects.get().changed > before


# Copies and pickles


@pytest.mark.feature("V-036")
def test_a_pickled_instance_comes_back_with_its_state(shelf):
    book = Book.objects.select_related("author").prefetch_related("tags").get(title="Sea")
    again = pickle.loads(pickle.dumps(book))
    with recorded_statements() as seen:
        assert again == book and again.author.name == "Ann"
        assert [tag.label for tag in again.tags.all()] == ["blue", "deep"]
        assert not again._state.adding
    assert seen == []
    assert pickle.loads(pickle.dumps(Book(title="new")))._state.adding
    function, arguments, state = book.__reduce__()
    with pytest.warns(RuntimeWarning, match=r"0\.0\.0"):
        function(*arguments).__setstate__({**state, "_rowsmith_version": "0.0.0"})


@pytest.mark.feature("V-037")
def test_a_copy_has_a_state_of_its_own(shelf):
    book = Book.objects.select_related("author").prefetch_related("tags").get(title="Sea")
    twin = copy.copy(book)
    twin.author = shelf.bob
    twin._state.adding = True
    twin.tags.add(shelf.green)
    assert book.author.name == "Ann" and not book._state.adding
    with recorded_statements() as seen:
        assert [tag.label for tag in book.tags.all()] == ["blue", "deep"]
    assert seen == []


def test_the_state_tells_new_instances_from_loaded_ones(shelf):
    new = Book()
    assert new._state.adding and new._state.db is None
    loaded = Book.objects.first()
    assert not loaded._state.adding and loaded._state.db == "default"
    saved = Tag(label="x")
    saved.save()
    assert not saved._state.adding and saved._state.db == "default"
