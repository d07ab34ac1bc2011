"""using(): the same models in a second database."""

from __future__ import annotations

import pytest

from rowsmith import transaction
from rowsmith.models import Prefetch, Sum, prefetch_related_objects
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Cover, Publisher, Review, Tag, names, titles


@pytest.fixture
def both(second):
    """In the default database Ann's book "Here" with one tag, review and cover; in the second one her "There"."""
    for alias, title in (("default", "Here"), (second, "There")):
        author = Author.objects.using(alias).create(name="Ann", nickname=title)
        publisher = Publisher.objects.using(alias).create(name=f"{title} press")
        book = Book.objects.using(alias).create(title=title, author=author, publisher=publisher)
        book.tags.add(Tag.objects.using(alias).create(label=title.lower()))
        Review.objects.using(alias).create(book=book, stars=len(title))
        Cover.objects.using(alias).create(book=book, colour=title)
    return second


@pytest.mark.feature("Q-194")
def test_using_asks_another_database(both):
    for alias, title in (("default", "Here"), (both, "There")):
        books = Book.objects.using(alias)
        assert books.db == alias and books.filter(pk=1).order_by("pk").db == alias
        assert titles(books) == titles(books.iterator()) == [title]
        assert books.get().title == books.first().title == books[0].title == title
        assert list(books.values_list("title", flat=True)) == [title]
        assert books.filter(title=title).exists() and books.exclude(title=title).count() == 0
        assert books.aggregate(n=Sum("review__stars")) == {"n": len(title)}
        assert books.get()._state.db == alias
        assert books.select_related("author").get().author.nickname == title
        assert books.get().author._state.db == alias
    assert titles(Book.objects.using(both).using("default")) == titles(Book.objects.using(None)) == ["Here"]
    assert Book.objects.using(both).update(pages=1) == 1
    assert list(Book.objects.values_list("pages", flat=True)) == [100]
    Book.objects.using(both).bulk_create([Book(title="New", author_id=1)])
    assert Book.objects.using(both).count() == 2 and Book.objects.count() == 1
    assert Book.objects.using(both).delete()[0] == 5
    assert titles(Book.objects.all()) == ["Here"]
    with pytest.raises(Exception, match="nowhere"):
        list(Book.objects.using("nowhere"))


def test_instances_stay_with_their_database(both):
    book = Book.objects.using(both).get()
    assert book.author.nickname == "There"
    assert [tag.label for tag in book.tags.all()] == ["there"]
    assert [review.stars for review in book.reviews.all()] == [5]
    assert book.cover.colour == "There"
    book.title = "Elsewhere"
    book.save()
    book.reviews.create(stars=1)
    assert titles(Book.objects.all()) == ["Here"] and Review.objects.count() == 1
    assert Review.objects.using(both).count() == 2
    book.refresh_from_db()
    assert book.title == "Elsewhere"
    book.save(using="default", force_update=True)
    assert titles(Book.objects.all()) == ["Elsewhere"] and book._state.db == "default"
    Book.objects.using(both).get().delete()
    assert Book.objects.count() == 1


@pytest.mark.feature("Q-184")
def test_a_prefetch_goes_to_the_database_of_its_instances(both):
    books = Book.objects.using(both).prefetch_related(
        Prefetch("author", Author.objects.all()),
        Prefetch("tags", Tag.objects.all()),
        Prefetch("reviews", Review.objects.all()),
        Prefetch("cover", Cover.objects.all()),
        Prefetch("publisher", Publisher.objects.filter(name__contains="press")),
    )
    with recorded_statements(both) as there, recorded_statements() as here:
        [book] = books
        assert book.author.nickname == "There" and book.publisher.name == "There press"
        assert [tag.label for tag in book.tags.all()] == ["there"]
        assert [review.stars for review in book.reviews.all()] == [5]
        assert book.cover.colour == "There"
        for related in (book.author, book.publisher, book.tags.all()[0], book.reviews.all()[0], book.cover):
            assert related._state.db == both
    assert len(there) == 6 and here == []
    with recorded_statements(both) as there, recorded_statements() as here:
        [author] = Author.objects.using(both).prefetch_related(Prefetch("book_set", Book.objects.all()))
        [tag] = Tag.objects.using(both).prefetch_related(Prefetch("books", Book.objects.all()))
        [cover] = Cover.objects.using(both).prefetch_related(Prefetch("book", Book.objects.all()))
        assert titles([*author.book_set.all(), *tag.books.all(), cover.book]) == ["There"] * 3
    assert len(there) == 6 and here == []
    with recorded_statements(both) as there, recorded_statements() as here:
        explicit = Prefetch("reviews", Review.objects.using("default"), to_attr="local")
        [book] = Book.objects.using(both).prefetch_related(explicit)
        assert [review.stars for review in book.local] == [4]
    assert len(there) == len(here) == 1


@pytest.mark.feature("Q-186")
def test_instances_at_hand_are_given_their_relations_on_their_database(both):
    with recorded_statements(both) as there, recorded_statements() as here:
        books = list(Book.objects.using(both))
        kept = Prefetch("reviews", Review.objects.all(), to_attr="all_reviews")
        prefetch_related_objects(books, "author", "tags", kept)
        assert names([books[0].author]) == ["Ann"] and books[0].author.nickname == "There"
        assert [tag.label for tag in books[0].tags.all()] == ["there"]
        assert [review.stars for review in books[0].all_reviews] == [5]
    assert len(there) == 4 and here == []
    prefetch_related_objects([], "author")


@pytest.mark.feature("V-012")
def test_a_refresh_asks_the_instances_database(both):
    book = Book.objects.using(both).annotate(extra=Sum("review__stars")).get()
    Book.objects.using(both).update(title="Anew")
    Review.objects.using(both).update(stars=1)
    book.refresh_from_db()
    assert (book.title, book.extra, book._state.db) == ("Anew", 5, both)
    book.refresh_from_db(using="default")
    assert (book.title, book._state.db) == ("Here", "default")


def test_transactions_of_two_databases_are_apart(both):
    with pytest.raises(KeyError), transaction.atomic(using=both):
        Book.objects.using(both).update(title="lost")
        Book.objects.update(title="kept")
        raise KeyError
    assert titles(Book.objects.all()) == ["kept"] and titles(Book.objects.using(both)) == ["There"]
