"""Related rows of all instances, with one statement a relation."""

from __future__ import annotations

import pytest

from rowsmith.models import Count, F, Prefetch, Window, prefetch_related_objects
from rowsmith.models.functions import Rank
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Cover, Publisher, Review, Tag, titles


def labels(book):
    return [tag.label for tag in book.tags.all()]


@pytest.mark.feature("Q-178")
def test_each_relation_takes_one_statement_after_the_rows(shelf):
    with recorded_statements() as seen:
        books = Book.objects.prefetch_related("tags", "reviews").prefetch_related("author").order_by("pk")
        assert [labels(book) for book in books] == [["blue", "deep"], ["blue"], ["green"], [], ["deep", "green"]]
        assert [len(book.reviews.all()) for book in books] == [2, 1, 3, 0, 1]
        assert [book.author.name for book in books] == ["Ann", "Ann", "Bob", "Bob", "Cid"]
        assert all(review.book is books[0] for review in books[0].reviews.all())
    assert len(seen) == 4
    with recorded_statements() as seen:
        authors = Author.objects.prefetch_related(Prefetch("book_set")).order_by("pk")
        assert [titles(author.book_set.all()) for author in authors] == [
            ["Sea", "Seaside"],
            ["Hill", "Valley"],
            ["Desert"],
        ]
    assert len(seen) == 2
    with recorded_statements() as seen:
        books = list(Book.objects.prefetch_related("tags").prefetch_related(None))
        labels(books[0])
    assert len(seen) == 2


@pytest.mark.feature("Q-179")
def test_only_all_is_answered_from_what_was_prefetched(shelf):
    [book] = Book.objects.filter(title="Sea").prefetch_related("tags")
    with recorded_statements() as seen:
        assert labels(book) == ["blue", "deep"]
        assert book.tags.count() == 2 and book.tags.exists()
        assert book.tags.all()[0].label == "blue"
    assert seen == []
    with recorded_statements() as seen:
        assert [tag.label for tag in book.tags.filter(label="deep")] == ["deep"]
        assert [tag.label for tag in book.tags.order_by("-label")] == ["deep", "blue"]
    assert len(seen) == 2


@pytest.mark.feature("Q-180")
def test_steps_that_are_loaded_already_are_not_loaded_again(shelf):
    with recorded_statements() as seen:
        books = list(Book.objects.select_related("author").prefetch_related("author__book_set", "author__edited"))
        assert titles(books[0].author.book_set.all()) == ["Sea", "Seaside"]
    assert len(seen) == 3
    with recorded_statements() as seen:
        books = list(
            Book.objects.prefetch_related("author", "author__book_set", "author__book_set__tags").order_by("pk")
        )
        assert books[0].author is books[1].author
        assert [labels(book) for book in books[0].author.book_set.all()] == [["blue", "deep"], ["blue"]]
    assert len(seen) == 4


@pytest.mark.feature("Q-181")
def test_to_attr_keeps_a_list_beside_the_relation(shelf):
    long = Book.objects.filter(pages__gt=100).order_by("-pages")
    with recorded_statements() as seen:
        authors = list(
            Author.objects.order_by("pk").prefetch_related(
                Prefetch("book_set", queryset=long, to_attr="long_books"), "long_books__tags"
            )
        )
    assert len(seen) == 3
    with recorded_statements() as seen:
        assert [titles(author.long_books) for author in authors] == [["Seaside"], ["Valley", "Hill"], ["Desert"]]
        assert isinstance(authors[0].long_books, list)
        assert labels(authors[2].long_books[0]) == ["deep", "green"]
    assert seen == []
    with recorded_statements() as seen:
        assert titles(authors[0].book_set.order_by("pk")) == ["Sea", "Seaside"]
        assert len(authors[0].book_set.all()) == 2
    assert len(seen) == 2
    with pytest.raises(ValueError, match="conflicts with a field"):
        list(Author.objects.prefetch_related(Prefetch("book_set", to_attr="name")))


@pytest.mark.feature("Q-182")
def test_a_path_cannot_be_prefetched_in_two_ways(shelf):
    with pytest.raises(ValueError, match="already seen with a different queryset"):
        list(Author.objects.prefetch_related("book_set__tags", Prefetch("book_set", queryset=Book.objects.all())))
    with pytest.raises(AttributeError, match="long_books"):
        list(
            Author.objects.prefetch_related(
                "long_books__tags", Prefetch("book_set", queryset=Book.objects.all(), to_attr="long_books")
            )
        )


@pytest.mark.feature("Q-183")
def test_a_sliced_prefetch_takes_the_first_rows_of_each(shelf):
    longest = Book.objects.order_by("-pages")[:1]
    authors = Author.objects.order_by("pk").prefetch_related(Prefetch("book_set", longest, to_attr="longest"))
    with recorded_statements() as seen:
        assert [titles(author.longest) for author in authors] == [["Seaside"], ["Valley"], ["Desert"]]
    assert len(seen) == 2 and "ROW_NUMBER() OVER (PARTITION BY" in seen[1]
    second = Prefetch("book_set", Book.objects.order_by("-pages")[1:2], to_attr="second")
    assert [titles(a.second) for a in Author.objects.order_by("pk").prefetch_related(second)] == [["Sea"], ["Hill"], []]
    rest = Prefetch("book_set", Book.objects.order_by("-pages")[1:])
    assert [titles(a.book_set.all()) for a in Author.objects.order_by("pk").prefetch_related(rest)] == [
        ["Sea"], ["Hill"], [],
    ]  # fmt: skip
    first = Prefetch("tags", Tag.objects.order_by("-label")[:1], to_attr="first")
    books = Book.objects.order_by("pk").prefetch_related(first)
    assert [[t.label for t in b.first] for b in books] == [["deep"], ["blue"], ["green"], [], ["green"]]
    for queryset in (Book.objects.values("pk"), Book.objects.values_list("pk"), Book.objects.raw("SELECT 1")):
        with pytest.raises(ValueError, match="values"):
            Prefetch("book_set", queryset=queryset)


def test_a_sliced_prefetch_may_be_filtered_ordered_and_nested(shelf):
    def tagged(**prefetches):
        tags = Tag.objects.order_by("label").prefetch_related(
            *(Prefetch("books", queryset, to_attr=name) for name, queryset in prefetches.items())
        )
        return [tuple(titles(getattr(tag, name)) for name in prefetches) for tag in tags]

    books = Book.objects
    assert tagged(found=books.filter(pages__lt=500).order_by("-pages")[:1]) == [
        (["Seaside"],), (["Sea"],), (["Hill"],), ([],),
    ]  # fmt: skip
    assert tagged(a=books.order_by("author__name", "-pk")[:1], b=books.order_by(-F("pages"))[1:3]) == [
        (["Seaside"], ["Sea"]), (["Sea"], ["Sea"]), (["Hill"], ["Hill"]), ([], []),
    ]  # fmt: skip
    counted = books.annotate(n=Count("review")).order_by("-n", "title")
    assert tagged(found=counted[:1]) == [(["Sea"],), (["Sea"],), (["Hill"],), ([],)]
    assert tagged(found=books.filter(review__stars__gt=2).distinct().order_by("title")[:1]) == [
        (["Sea"],), (["Desert"],), (["Desert"],), ([],),
    ]  # fmt: skip
    best = Prefetch("reviews", Review.objects.order_by("-stars")[:1], to_attr="best")
    inner = books.order_by("-pages").select_related("publisher").prefetch_related(best)
    authors = Author.objects.order_by("pk").prefetch_related(Prefetch("book_set", inner[:2], to_attr="found"))
    with recorded_statements() as seen:
        found = [[(book.title, [review.stars for review in book.best]) for book in a.found] for a in authors]
    assert len(seen) == 3
    assert found == [[("Seaside", [4]), ("Sea", [5])], [("Valley", []), ("Hill", [5])], [("Desert", [3])]]
    again = Author.objects.order_by("pk").prefetch_related(
        Prefetch("book_set__tags", Tag.objects.order_by("label")[:1])
    )
    assert [[labels(book) for book in author.book_set.order_by("pk")] for author in again[:1]] == [
        [["blue", "deep"], ["blue"]]
    ]
    assert [[labels(book) for book in author.book_set.all()] for author in again] == [
        [["blue"], ["blue"]],
        [["green"], []],
        [["deep"]],
    ]
    ranked = books.alias(place=Window(Rank(), partition_by="author", order_by="-pages")).filter(place__gt=1)
    behind = Author.objects.order_by("pk").prefetch_related(
        Prefetch("book_set", ranked.order_by("pk")[:1], to_attr="found")
    )
    assert [titles(author.found) for author in behind] == [["Sea"], ["Hill"], []]


@pytest.mark.feature("Q-185")
def test_a_name_that_is_no_relation_is_refused(shelf):
    with pytest.raises(AttributeError, match="nothing"):
        list(Book.objects.prefetch_related("nothing"))
    with pytest.raises(AttributeError, match="nothing"):
        list(Book.objects.prefetch_related("author__nothing"))
    with pytest.raises(ValueError, match="title"):
        list(Book.objects.prefetch_related("title"))


def test_instances_at_hand_can_be_prefetched(shelf):
    books = list(Book.objects.filter(title__in=["Sea", "Hill"]).order_by("pk"))
    with recorded_statements() as seen:
        prefetch_related_objects(books, "tags", "author__mentor", Prefetch("reviews", to_attr="all_reviews"))
    assert len(seen) == 4
    with recorded_statements() as seen:
        assert [labels(book) for book in books] == [["blue", "deep"], ["green"]]
        assert [len(book.all_reviews) for book in books] == [2, 3]
        assert books[1].author.mentor.name == "Ann"
    assert seen == []
    prefetch_related_objects([], "tags")


def test_one_to_one_relations_are_prefetched_from_both_sides(shelf):
    cover = Cover.objects.create(book=shelf.sea, colour="red")
    with recorded_statements() as seen:
        books = list(Book.objects.prefetch_related("cover").order_by("pk"))
        assert books[0].cover == cover and books[0].cover.book is books[0]
        assert not hasattr(books[1], "cover")
        [again] = Cover.objects.prefetch_related("book")
        assert again.book == shelf.sea
    assert len(seen) == 4


def test_prefetching_nothing_asks_nothing_more(shelf):
    with recorded_statements() as seen:
        assert list(Book.objects.filter(pages=-1).prefetch_related("tags", "author__mentor")) == []
    assert len(seen) == 1
    with recorded_statements() as seen:
        list(Book.objects.filter(title="Desert").prefetch_related("publisher__books"))
    assert len(seen) == 1


@pytest.mark.feature("Q-142")
@pytest.mark.parametrize(
    "change",
    [
        lambda shelf, book: book.tags.add(shelf.unused),
        lambda shelf, book: book.tags.create(label="new"),
        lambda shelf, book: book.tags.remove(shelf.blue),
        lambda shelf, book: book.tags.clear(),
        lambda shelf, book: book.tags.set([shelf.green]),
        lambda shelf, book: book.tags.get_or_create(label="another"),
        lambda shelf, book: book.tags.update_or_create(label="third"),
    ],
    ids=["add", "create", "remove", "clear", "set", "get_or_create", "update_or_create"],
)
def test_changing_a_relation_forgets_what_was_prefetched(shelf, change):
    [book] = Book.objects.filter(title="Sea").prefetch_related("tags")
    assert labels(book) == ["blue", "deep"]
    change(shelf, book)
    assert labels(book) == [tag.label for tag in Tag.objects.filter(books=book)] != ["blue", "deep"]


@pytest.mark.feature("Q-142")
@pytest.mark.parametrize(
    "change",
    [
        lambda shelf, north: north.books.add(shelf.desert),
        lambda shelf, north: north.books.create(title="New", author=shelf.ann),
        lambda shelf, north: north.books.remove(shelf.sea),
        lambda shelf, north: north.books.clear(),
        lambda shelf, north: north.books.set([shelf.hill]),
        lambda shelf, north: north.books.get_or_create(title="New", author=shelf.ann),
        lambda shelf, north: north.books.update_or_create(title="New", author=shelf.ann),
    ],
    ids=["add", "create", "remove", "clear", "set", "get_or_create", "update_or_create"],
)
def test_changing_a_reverse_relation_forgets_what_was_prefetched(shelf, change):
    [north] = Publisher.objects.filter(name="North").prefetch_related("books")
    assert len(north.books.all()) == 2
    change(shelf, north)
    assert set(north.books.all()) == set(Book.objects.filter(publisher=north))
    assert set(titles(north.books.all())) != {"Sea", "Seaside"}


def test_prefetched_rows_follow_the_order_of_their_model(shelf):
    [book] = Book.objects.filter(title="Desert").prefetch_related("tags")
    assert labels(book) == ["deep", "green"]
    [book] = Book.objects.filter(title="Desert").prefetch_related(Prefetch("tags", Tag.objects.order_by("-label")))
    assert labels(book) == ["green", "deep"]
    reviews = Review.objects.order_by("-stars")
    [book] = Book.objects.filter(title="Hill").prefetch_related(Prefetch("reviews", reviews))
    assert [review.stars for review in book.reviews.all()] == [5, 2, 1]
