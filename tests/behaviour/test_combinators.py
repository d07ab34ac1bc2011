"""Querysets combined by union(), intersection() and difference()."""

from __future__ import annotations

import pytest

from rowsmith.exceptions import DatabaseError, FieldError, NotSupportedError
from rowsmith.models import Count, Exists, F, OuterRef, Subquery, Sum
from rowsmith.query.shape import cache
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Publisher, Review, Tag, titles


@pytest.fixture
def parts(shelf):
    """Sea and Seaside; Seaside, Hill and Valley; Hill alone; by their pages."""
    books = Book.objects
    return books.filter(pages__lt=300), books.filter(pages__gt=100, pages__lt=500), books.filter(pages=300)


@pytest.mark.feature("Q-171")
def test_rows_of_any_of_all_and_of_none_of_the_others(parts):
    thin, middle, hill = parts
    assert titles(thin.union(middle).order_by("pages")) == ["Sea", "Seaside", "Hill", "Valley"]
    assert titles(thin.union(middle, hill, all=True).order_by("pages")) == [
        "Sea", "Seaside", "Seaside", "Hill", "Hill", "Valley",
    ]  # fmt: skip
    assert titles(thin.intersection(middle)) == ["Seaside"]
    assert titles(thin.intersection(middle, hill)) == []
    assert titles(middle.difference(hill).order_by("-pages")) == ["Valley", "Seaside"]
    assert titles(middle.difference(hill, thin)) == ["Valley"]
    authors = Author.objects.values_list("name").union(
        Publisher.objects.values_list("name"), Tag.objects.values("label")
    )
    names = ["Ann", "Bob", "Cid", "North", "South", "blue", "deep", "green", "unused"]
    assert sorted(authors) == [(name,) for name in names]
    rows = list(
        Author.objects.values("name").union(Publisher.objects.values_list("name", flat=True)).order_by("name")[2:4]
    )
    assert rows == [{"name": "Cid"}, {"name": "North"}]


@pytest.mark.feature("Q-171")
def test_one_statement_makes_instances_of_the_first_model(parts):
    thin, middle, _ = parts
    with recorded_statements() as seen:
        found = list(thin.union(middle).order_by("pages"))
    assert len(seen) == 1 and " UNION " in seen[0]
    assert all(type(book) is Book for book in found)
    strange = Author.objects.only("id", "name").union(Publisher.objects.only("id", "name").order_by())
    assert all(isinstance(row, Author) for row in strange)
    assert {row.name for row in strange} == {"Ann", "Bob", "Cid", "North", "South"}


def test_combined_querysets_are_parts_of_others(parts):
    thin, middle, hill = parts
    both = thin.union(middle)
    assert titles(both.difference(hill).order_by("pages")) == ["Sea", "Seaside", "Valley"]
    assert titles(Book.objects.difference(both)) == ["Desert"]
    assert titles(Book.objects.intersection(both, middle).order_by("-pages")) == ["Valley", "Hill", "Seaside"]
    assert titles(hill.union(Book.objects.difference(both), all=True).order_by("pages")) == ["Hill", "Desert"]
    assert titles(both.order_by("-pages")[:2].union(thin.order_by("pages")[:1]).order_by("pages")) == [
        "Sea", "Hill", "Valley",
    ]  # fmt: skip


def test_parts_and_the_whole_may_be_sliced(parts):
    books = Book.objects
    longest, shortest = books.order_by("-pages")[:2], books.order_by("pages")[1:2]
    assert titles(longest.union(shortest).order_by("pages")) == ["Seaside", "Valley", "Desert"]
    assert titles(longest.union(shortest).order_by("pages")[1:]) == ["Valley", "Desert"]
    assert titles(longest.union(shortest).order_by("pages")[:2][1:]) == ["Valley"]
    assert longest.union(shortest).order_by("pages")[2].title == "Desert"
    assert titles(books.all().difference(books.order_by("pages")[:4])) == ["Desert"]
    assert longest.union(shortest)[:2].count() == 2


def test_the_whole_is_ordered_by_names_positions_and_expressions(parts):
    thin, middle, hill = parts
    both = thin.union(middle)
    assert titles(both.order_by("-author", "title")) == ["Hill", "Valley", "Sea", "Seaside"]
    assert titles(both.order_by("-author_id", "-pk")) == ["Valley", "Hill", "Seaside", "Sea"]
    assert titles(both.order_by(F("rating").desc(nulls_last=True), "pk")) == ["Sea", "Hill", "Valley", "Seaside"]
    assert titles(both.order_by(F("rating").asc(nulls_first=True))) == ["Seaside", "Valley", "Hill", "Sea"]
    assert titles(both.order_by(-F("pages"))) == ["Valley", "Hill", "Seaside", "Sea"]
    assert titles(both.order_by("pages").reverse()) == ["Valley", "Hill", "Seaside", "Sea"]
    assert sorted(titles(both.order_by("?"))) == ["Hill", "Sea", "Seaside", "Valley"]
    counted = thin.annotate(n=Count("tags")).union(hill.annotate(n=Count("tags")))
    assert [(book.title, book.n) for book in counted.order_by("-n", "-title")] == [
        ("Sea", 2),
        ("Seaside", 1),
        ("Hill", 1),
    ]
    named = Author.objects.values(word=F("name")).union(Tag.objects.values(word=F("label")))
    assert [row["word"] for row in named.order_by("-word")][:3] == ["unused", "green", "deep"]
    assert list(both.order_by("-pages").values_list("title", flat=True)) == ["Valley", "Hill", "Seaside", "Sea"]
    with pytest.raises(FieldError, match="nope"):
        both.order_by("nope")
    with pytest.raises(DatabaseError, match="author__name"):
        list(both.order_by("author__name"))


@pytest.mark.feature("Q-172")
def test_what_a_combined_queryset_can_be_asked(parts):
    thin, middle, hill = parts
    both = thin.union(middle)
    assert both.count() == len(both) == 4
    assert both.exists() and not thin.intersection(hill).exists()
    assert both.first().title == "Sea" and both.last().title == "Valley"
    assert both.order_by("-pages").first().title == "Valley"
    assert thin.intersection(middle).get().title == "Seaside"
    with pytest.raises(Book.MultipleObjectsReturned, match="4"):
        both.get()
    with pytest.raises(Book.DoesNotExist):
        thin.intersection(hill).get()
    assert both.latest("pages").title == "Valley" and both.earliest("pages").title == "Sea"
    assert sorted(titles(both.iterator(chunk_size=2))) == ["Hill", "Sea", "Seaside", "Valley"]
    assert set(both.in_bulk()) == {book.pk for book in both}
    assert sorted(both.values_list("author__name", flat=True)) == ["Ann", "Bob"]
    assert list(both.order_by("pages").values("title", "pages"))[:1] == [{"title": "Sea", "pages": 100}]
    assert both.aggregate(Sum("pages"), n=Count("pk")) == {"pages__sum": 1000, "n": 4}
    assert thin.union(middle, all=True).aggregate(n=Count("*"), d=Count("title", distinct=True)) == {"n": 5, "d": 4}
    assert list(both.none()) == [] and not both.ordered and not both.order_by("pk").totally_ordered
    assert titles(both.using("default").order_by("pages")[:1]) == ["Sea"]


@pytest.mark.feature("Q-172")
@pytest.mark.parametrize("call", ["union", "intersection", "difference"])
def test_other_calls_are_refused_by_name(parts, call):
    thin, middle, _ = parts
    both = getattr(thin, call)(middle)
    refused = {
        "alias": lambda: both.alias(n=F("pages")),
        "annotate": lambda: both.annotate(n=F("pages")),
        "contains": lambda: both.contains(thin[0]),
        "defer": lambda: both.defer("title"),
        "delete": lambda: both.delete(),
        "distinct": lambda: both.distinct(),
        "exclude": lambda: both.exclude(pk=1),
        "filter": lambda: both.filter(pk=1),
        "only": lambda: both.only("title"),
        "prefetch_related": lambda: both.prefetch_related("tags"),
        "select_for_update": lambda: both.select_for_update(),
        "select_related": lambda: both.select_related("author"),
        "update": lambda: both.update(title="x"),
    }
    for name, attempt in refused.items():
        with pytest.raises(NotSupportedError, match=rf"QuerySet\.{name}\(\) after {call}\(\)"):
            attempt()
    with pytest.raises(NotSupportedError, match=r"get\(\.\.\.\) with filters after"):
        both.get(pk=1)
    with pytest.raises(NotSupportedError, match=r"filter\(\)"):
        both.in_bulk([1])
    with pytest.raises(TypeError, match="& operator with combined"):
        both & thin
    with pytest.raises(TypeError, match=r"\| operator with combined"):
        thin | both
    with pytest.raises(TypeError, match="takes querysets"):
        getattr(thin, call)([middle])


@pytest.mark.feature("Q-173")
def test_the_order_of_the_model_is_the_order_of_the_whole(shelf):
    rare = Tag.objects.filter(label="unused")
    assert [tag.label for tag in rare.union(Tag.objects.all())] == ["blue", "deep", "green", "unused"]
    assert [tag.label for tag in rare.union(Tag.objects.all()).reverse()][0] == "unused"
    keys = rare.values("pk").union(Tag.objects.values("pk"))
    with pytest.raises(DatabaseError, match="ORDER BY 'label' does not match any column"):
        list(keys)
    assert len(keys.order_by()) == 4
    assert keys.count() == 4
    assert len(rare.order_by().values("pk").union(Tag.objects.values("pk"))) == 4
    labels = rare.values_list("label", flat=True).union(Tag.objects.values_list("label", flat=True))
    assert list(labels) == ["blue", "deep", "green", "unused"]


@pytest.mark.feature("Q-174")
def test_empty_parts_leave_or_empty_the_whole(parts):
    thin, middle, _ = parts
    for empty in (Book.objects.none(), Book.objects.filter(pk__in=[])):
        assert sorted(titles(empty.union(thin))) == sorted(titles(thin.union(empty))) == ["Sea", "Seaside"]
        assert titles(thin.union(empty, middle, all=True).order_by("-pages")[:2]) == ["Valley", "Hill"]
        assert sorted(titles(thin.difference(empty))) == ["Sea", "Seaside"]
        with recorded_statements() as seen:
            assert list(thin.intersection(empty)) == list(empty.intersection(thin)) == []
            assert list(empty.difference(thin)) == list(empty.union(empty)) == []
            assert thin.intersection(empty).count() == 0 and not empty.difference(thin).exists()
        assert seen == []
        # Each row once, even if no other part is left.
        stars = Review.objects.values_list("stars", flat=True).union(empty.values_list("pages"))
        assert sorted(stars) == [1, 2, 3, 4, 5]
    rows = Book.objects.none().values_list("title").union(thin.values_list("title", "pages"))
    assert sorted(rows) == [("Sea", 100), ("Seaside", 200)]


def test_a_combined_queryset_is_a_subquery(parts):
    thin, middle, hill = parts
    both = thin.union(hill)
    assert titles(Book.objects.filter(pk__in=both, pages__gt=100).order_by("pk")) == ["Seaside", "Hill"]
    assert titles(Book.objects.exclude(pk__in=both).order_by("pk")) == ["Valley", "Desert"]
    assert [r.stars for r in Review.objects.filter(book__in=both).order_by("pk")] == [5, 3, 4, 1, 2, 5]
    authors = Author.objects.filter(pk__in=thin.values("author").union(hill.values("editor")))
    assert [author.name for author in authors] == ["Ann"]
    own = Book.objects.filter(author=OuterRef("pk"))
    either = own.filter(pages=100).union(own.filter(pages=500))
    assert [a.name for a in Author.objects.filter(Exists(either)).order_by("pk")] == ["Ann", "Cid"]
    most = own.filter(pages__lt=300).values("pages").union(own.filter(pages=400).values("pages")).order_by("-pages")[:1]
    found = Author.objects.annotate(most=Subquery(most)).order_by("pk")
    assert list(found.values_list("most", flat=True)) == [200, 400, None]
    inner = Book.objects.filter(pk__in=Review.objects.filter(book__in=both).values("book"))
    assert Book.objects.filter(pk__in=inner.intersection(middle)).update(pages=1) == 2


def test_columns_of_the_whole(parts):
    thin, middle, _ = parts
    pairs = thin.values("title", "pages").union(middle.values("title", "pages")).order_by("-pages")
    assert list(pairs.values_list("pages", flat=True)) == [400, 300, 200, 100]
    assert list(pairs.values_list("pages", "title"))[0] == (400, "Valley")
    assert list(pairs.values_list(named=True))[0].title == "Valley"
    with pytest.raises(FieldError, match="rating"):
        pairs.values("rating")
    with pytest.raises(DatabaseError, match="as many columns as the first"):
        list(thin.values("title").union(middle.values("title", "pages")))
    grouped = Book.objects.values("author__name").annotate(n=Count("pk"))
    edited = Book.objects.values("editor__name").annotate(n=Count("pk"))
    together = grouped.union(edited, all=True).order_by("-n", "author__name")
    assert list(together.values_list("n", flat=True)) == [2, 2, 2, 2, 1, 1]
    related = thin.select_related("author").union(middle.select_related("author")).order_by("pages")
    with recorded_statements() as seen:
        assert [book.author.name for book in related] == ["Ann", "Ann", "Bob", "Bob"]
    assert len(seen) == 1
    prefetched = thin.prefetch_related("tags").union(middle).order_by("pages")
    assert [len(book.tags.all()) for book in prefetched] == [2, 1, 1, 0]


def test_a_related_manager_gives_its_own_rows_their_instance(shelf):
    both = shelf.ann.book_set.all().union(Book.objects.filter(author=shelf.bob))
    pairs = {(book.title, book.author.name) for book in both}
    assert pairs == {("Sea", "Ann"), ("Seaside", "Ann"), ("Hill", "Bob"), ("Valley", "Bob")}


def test_a_second_run_plans_nothing(shelf):
    def ask(low, high):
        books = Book.objects
        both = books.filter(pages__lt=low).union(books.filter(pages__gt=high), all=True).order_by("-pages")[:3]
        return titles(both), both.count(), list(both.values_list("pages", flat=True)), both.aggregate(Sum("pages"))

    assert ask(200, 300)[0] == ["Desert", "Valley", "Sea"]
    before = cache.info().planned
    assert ask(300, 400) == (["Desert", "Seaside", "Sea"], 3, [500, 200, 100], {"pages__sum": 800})
    assert cache.info().planned == before
