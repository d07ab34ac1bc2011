"""How instances load what they lack: alone, together with their peers, or not at all."""

from __future__ import annotations

import copy
import gc
import pickle

import pytest

from rowsmith import models
from rowsmith.exceptions import FieldError, FieldFetchBlocked
from rowsmith.models import FETCH_ONE, FETCH_PEERS, FETCH_RAISE
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Cover, Publisher, Review


class Eager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().fetch_mode(FETCH_PEERS)


class House(models.Model):
    name = models.CharField(max_length=20)


class Room(models.Model):
    house = models.ForeignKey(House, models.CASCADE)

    objects = Eager()


@pytest.mark.feature("FM-001", "FM-003", "OP-028")
def test_by_default_each_instance_loads_what_it_lacks_alone(shelf):
    with recorded_statements() as seen:
        assert [book.author.name for book in Book.objects.order_by("pk")] == ["Ann", "Ann", "Bob", "Bob", "Cid"]
    assert len(seen) == 1 + 5
    with recorded_statements() as seen:
        for book in Book.objects.fetch_mode(FETCH_ONE):
            assert book.author.name
    assert len(seen) == 1 + 5


@pytest.mark.feature("FM-002", "FM-004", "OP-027", "Q-175")
def test_peers_load_a_relation_together(shelf):
    with recorded_statements() as seen:
        books = list(Book.objects.order_by("pk").fetch_mode(FETCH_PEERS))
        assert [book.author.name for book in books] == ["Ann", "Ann", "Bob", "Bob", "Cid"]
    assert len(seen) == 2
    with recorded_statements() as seen:
        assert [book.editor and book.editor.name for book in books] == ["Bob", None, "Ann", "Bob", None]
    assert len(seen) == 1


@pytest.mark.feature("FM-002", "FM-004")
def test_peers_load_a_reverse_one_to_one_together(shelf):
    Cover.objects.create(book=shelf.sea, colour="blue")
    books = list(Book.objects.order_by("pk").fetch_mode(FETCH_PEERS))
    with recorded_statements() as seen:
        assert books[0].cover.colour == "blue"
        for book in books[1:]:
            with pytest.raises(Cover.DoesNotExist):
                book.cover
        assert books[0].cover.book is books[0]
    assert len(seen) == 1


@pytest.mark.feature("FM-002", "FM-004")
def test_peers_load_a_deferred_column_together(shelf):
    books = list(Book.objects.order_by("pk").only("title").fetch_mode(FETCH_PEERS))
    with recorded_statements() as seen:
        assert [book.pages for book in books] == [100, 200, 300, 400, 500]
        assert [book.rating for book in books] == [4.5, None, 3.0, 2.0, None]
    assert len(seen) == 2
    assert books[0].get_deferred_fields() >= {"price"}


@pytest.mark.feature("FM-004")
def test_pages_of_a_stream_are_peers(shelf):
    with recorded_statements() as seen:
        for book in Book.objects.order_by("pk").fetch_mode(FETCH_PEERS).iterator(chunk_size=3):
            assert book.author.name
    authors = [text for text in seen if text.startswith("SELECT") and "FROM \"behaviour_author\"" in text]
    assert len(authors) == 2


@pytest.mark.feature("FM-005")
def test_peers_that_nobody_holds_are_neither_kept_nor_loaded(shelf):
    books = list(Book.objects.order_by("pk").fetch_mode(FETCH_PEERS))
    sea = books[0]
    del books
    gc.collect()
    assert sum(peer() is not None for peer in sea._peers) == 1
    assert sea.author.name == "Ann"
    assert sea.author._state.fetch_mode is FETCH_PEERS


@pytest.mark.feature("FM-006")
def test_what_a_peer_holds_already_stays(shelf):
    books = list(Book.objects.order_by("pk").fetch_mode(FETCH_PEERS).only("title", "author"))
    books[1].author = shelf.cid
    books[2].author.name = "changed"  # loads the authors of all but the second
    kept = books[2].author
    books[3].pages = 7
    assert books[0].author.name == "Ann"
    assert books[0].pages == 100
    assert books[1].author is shelf.cid
    assert books[2].author is kept
    assert books[3].pages == 7


@pytest.mark.feature("FM-007")
def test_a_peer_whose_row_is_gone_breaks_nothing(shelf):
    books = list(Book.objects.order_by("pk").only("title").fetch_mode(FETCH_PEERS))
    Book.objects.filter(pk=shelf.hill.pk).delete()
    assert books[0].pages == 100
    assert books[4].pages == 500
    with pytest.raises(Book.DoesNotExist):
        books[2].pages


@pytest.mark.feature("FM-008")
def test_instances_of_select_related_are_peers_among_themselves(shelf):
    Author.objects.filter(pk=shelf.ann.pk).update(mentor=shelf.cid)
    books = list(Book.objects.order_by("pk").select_related("author").fetch_mode(FETCH_PEERS))
    with recorded_statements() as seen:
        assert [book.author.mentor.name for book in books] == ["Cid", "Cid", "Ann", "Ann", "Bob"]
    assert len(seen) == 1


@pytest.mark.feature("FM-009", "FM-001")
def test_fetching_can_be_forbidden(shelf):
    book = Book.objects.only("title").select_related(None).fetch_mode(FETCH_RAISE).get(pk=shelf.sea.pk)
    for name in ("pages", "author", "editor", "cover"):
        with pytest.raises(FieldFetchBlocked, match=rf"Book\.{name}") as caught:
            getattr(book, name)
        assert isinstance(caught.value, FieldError)
    joined = Book.objects.fetch_mode(FETCH_RAISE).select_related("author").prefetch_related("tags", "publisher")
    book = joined.get(pk=shelf.sea.pk)
    assert book.author.name == "Ann"
    assert book.publisher.name == "North"
    assert [tag.label for tag in book.tags.all()] == ["blue", "deep"]
    assert Book.objects.fetch_mode(FETCH_RAISE).get(pk=shelf.valley.pk).publisher is None


@pytest.mark.feature("FM-010", "FM-011")
def test_the_mode_goes_along_relations(shelf):
    book = Book.objects.fetch_mode(FETCH_PEERS).get(pk=shelf.sea.pk)
    assert book._state.fetch_mode is FETCH_PEERS
    assert book.author._state.fetch_mode is FETCH_PEERS
    reviews = list(book.reviews.all())
    assert {review._state.fetch_mode for review in reviews} == {FETCH_PEERS}
    assert {tag._state.fetch_mode for tag in book.tags.all()} == {FETCH_PEERS}
    assert Review.objects.first()._state.fetch_mode is FETCH_ONE
    [found] = Book.objects.filter(pk=shelf.sea.pk).fetch_mode(FETCH_RAISE).prefetch_related("reviews")
    assert {review._state.fetch_mode for review in found.reviews.all()} == {FETCH_RAISE}
    assert found.reviews.count() == 2  # a manager's own query is no lazy load


@pytest.mark.feature("FM-011")
def test_the_mode_of_one_instance_can_be_changed(shelf):
    book = Book.objects.get(pk=shelf.sea.pk)
    book._state.fetch_mode = FETCH_RAISE
    with pytest.raises(FieldFetchBlocked):
        book.author
    book._state.fetch_mode = FETCH_ONE
    assert book.author.name == "Ann"


@pytest.mark.feature("FM-012")
def test_a_manager_sets_the_mode_of_its_model(tables):
    tables(House, Room)
    for name in "abc":
        Room.objects.create(house=House.objects.create(name=name))
    with recorded_statements() as seen:
        assert sorted(room.house.name for room in Room.objects.all()) == ["a", "b", "c"]
    assert len(seen) == 2


@pytest.mark.feature("FM-001")
def test_a_mode_is_one_of_three():
    with pytest.raises(TypeError, match="FETCH_ONE, FETCH_PEERS or FETCH_RAISE"):
        Book.objects.fetch_mode("peers")
    assert pickle.loads(pickle.dumps(FETCH_PEERS)) is FETCH_PEERS
    assert repr(FETCH_RAISE) == "FETCH_RAISE"


@pytest.mark.feature("FM-011")
def test_copies_and_pickles_keep_the_mode_and_have_no_peers(shelf):
    books = list(Book.objects.order_by("pk").fetch_mode(FETCH_PEERS))
    for twin in (copy.copy(books[0]), pickle.loads(pickle.dumps(books[0]))):
        assert twin._state.fetch_mode is FETCH_PEERS
        assert twin._peers == ()
        with recorded_statements() as seen:
            assert twin.author.name == "Ann"
        assert len(seen) == 1


@pytest.mark.feature("FM-002")
def test_a_mode_met_again_plans_nothing(shelf):
    from rowsmith.query.shape import cache

    list(Publisher.objects.fetch_mode(FETCH_PEERS))
    planned = cache.info().planned
    list(Publisher.objects.fetch_mode(FETCH_PEERS))
    assert cache.info().planned == planned


async def test_peers_load_together_for_a_task(shelf):
    books = [book async for book in Book.objects.order_by("pk").fetch_mode(FETCH_PEERS)]
    with recorded_statements() as seen:
        assert [(await book.aload("author")).name for book in books] == ["Ann", "Ann", "Bob", "Bob", "Cid"]
    assert len(seen) == 1
