"""Relations under a name of their own, of which only some rows hang on."""

from __future__ import annotations

import pytest

from rowsmith.exceptions import FieldError
from rowsmith.models import Count, Exists, F, FilteredRelation, Max, OuterRef, Prefetch, Q, Sum
from rowsmith.query.shape import cache
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Review, Tag, names, titles


@pytest.fixture
def authors(shelf):
    """Authors with their books of fewer than 400 pages under the name `short`."""
    return Author.objects.order_by("pk").annotate(short=FilteredRelation("book", condition=Q(book__pages__lt=400)))


@pytest.mark.feature("Q-229")
def test_the_condition_stands_in_the_join(authors):
    pages = authors.values_list("name", "short__pages").order_by("pk", "short__pages")
    with recorded_statements() as seen:
        assert list(pages) == [("Ann", 100), ("Ann", 200), ("Bob", 300), ("Cid", None)]
    assert "WHERE" not in seen[0] and seen[0].count("LEFT OUTER JOIN") == 1
    assert seen[0].index(" ON ") < seen[0].index('"pages" <')
    with recorded_statements() as seen:
        assert names(authors) == ["Ann", "Bob", "Cid"]
        assert authors.count() == 3
    assert all("JOIN" not in text for text in seen)
    with pytest.raises(TypeError):
        FilteredRelation("book", Q(book__pages=1))


@pytest.mark.feature("Q-229")
def test_the_relation_itself_stays_as_it_is(authors):
    assert names(authors.filter(book__pages=400)) == ["Bob"]
    assert names(authors.filter(book__pages=400, short__pages=300)) == ["Bob"]
    assert names(authors.filter(book__pages=400, short__pages=400)) == []
    both = authors.annotate(n=Count("short", distinct=True), m=Count("book", distinct=True))
    assert list(both.values_list("n", "m")) == [(2, 2), (1, 2), (0, 1)]


def test_its_rows_are_asked_for_as_those_of_any_relation(authors, shelf):
    assert names(authors.filter(short__pages__gt=100)) == ["Ann", "Bob"]
    assert names(authors.filter(short=shelf.sea)) == names(authors.filter(short=shelf.sea.pk)) == ["Ann"]
    assert names(authors.filter(short__in=[shelf.hill, shelf.valley])) == ["Bob"]
    assert names(authors.filter(short__in=Book.objects.filter(pages=200))) == ["Ann"]
    assert names(authors.filter(short__isnull=True)) == ["Cid"]
    assert names(authors.filter(short__editor__name="Bob")) == ["Ann"]
    assert names(authors.filter(short__tags__label="blue", short__pages=200)) == ["Ann"]
    assert names(authors.filter(Q(short__pages=100) | Q(name="Cid"))) == ["Ann", "Cid"]
    assert names(authors.filter(short__pages=F("age") * 10 - 200)) == ["Ann"]
    assert names(authors.exclude(short__pages=100)) == ["Bob", "Cid"]
    assert names(authors.exclude(short__tags__label="green")) == ["Ann", "Cid"]
    assert names(authors.exclude(short=shelf.sea)) == ["Bob", "Cid"]
    assert names(authors.exclude(short__isnull=True)) == names(authors.exclude(short=None)) == ["Ann", "Bob"]
    assert names(authors.exclude(short__isnull=False)) == ["Cid"]
    assert names(authors.exclude(short__editor=None)) == ["Bob"]
    assert names(authors.exclude(short__pages__gt=F("age") * 5)) == ["Cid"]
    assert names(authors.filter(~Q(short__pages=100) | Q(name="Ann"))) == ["Ann", "Bob", "Cid"]
    assert names(authors.filter(short__pages__gt=50).filter(short__pages__lt=150)) == ["Ann", "Ann"]
    assert names(authors.order_by("-short__pages", "name").filter(short__isnull=False)) == ["Bob", "Ann", "Ann"]
    assert list(authors.annotate(pages=F("short__pages")).order_by("pk", "pages").values_list("pages", flat=True)) == [
        100, 200, 300, None,
    ]  # fmt: skip
    assert list(authors.values("name", "short").order_by("-short").filter(short__isnull=False))[0]["name"] == "Bob"
    assert titles(Book.objects.filter(author__in=authors.filter(short__pages=300)).order_by("pk")) == ["Hill", "Valley"]
    assert authors.filter(short__pages=300).exists() and authors.filter(short__isnull=False).count() == 3
    assert names(authors.filter(short__isnull=False).distinct()) == ["Ann", "Bob"]
    assert names(authors.filter(short__pages=300).union(authors.filter(name="Cid")).order_by("name")) == ["Bob", "Cid"]
    assert authors.filter(short__pages=300).update(nickname="B") == 1
    assert (
        authors.alias(thin=FilteredRelation("book", condition=Q(book__pages=100))).filter(thin__isnull=False).count()
        == 1
    )


def test_aggregates_over_its_rows(authors):
    counted = authors.annotate(n=Count("short"), longest=Max("short__pages"))
    assert list(counted.values_list("n", "longest")) == [(2, 200), (1, 300), (0, None)]
    assert authors.aggregate(Sum("short__pages"), n=Count("short")) == {"short__pages__sum": 600, "n": 3}
    summed = authors.annotate(s=Sum("short__pages", filter=Q(short__pages__gt=100)))
    assert list(summed.values_list("s", flat=True)) == [
        200, 300, None,
    ]  # fmt: skip
    assert names(authors.annotate(n=Count("short")).filter(n__gt=1)) == ["Ann"]
    grouped = authors.order_by().values("short__title").annotate(n=Count("pk")).order_by("short__title")
    assert {row["short__title"]: row["n"] for row in grouped} == {"Sea": 1, "Seaside": 1, "Hill": 1, None: 1}


def test_conditions_of_many_kinds(shelf):
    def found(relation, condition, *more):
        rows = Author.objects.annotate(x=FilteredRelation(relation, condition=condition))
        found = rows.values_list("pk", "x__pk", "x__title")
        return [title for _, _, title in sorted(found, key=lambda row: (row[0], row[1] or 0))]

    assert found("book", Q(book__pages=100) | Q(book__pages=500)) == ["Sea", None, "Desert"]
    assert found("book", ~Q(book__pages=100)) == ["Seaside", "Hill", "Valley", "Desert"]
    assert found("book", ~Q(book__rating=4.5)) == ["Seaside", "Hill", "Valley", "Desert"]
    assert found("book", Q(book__editor=shelf.bob)) == ["Sea", "Valley", None]
    assert found("book", Q(book__editor__isnull=True)) == ["Seaside", None, "Desert"]
    assert found("book", Q(book__in=[shelf.sea, shelf.hill])) == ["Sea", "Hill", None]
    assert found("book", Q(book__pages__gt=F("age") * 5)) == ["Seaside", "Hill", "Valley", None]
    assert found("book", Q(book__title=F("edited__title"))) == [None, None, "Valley", None]
    assert found("book", Q(book__author=F("book__editor"))) == [None, "Valley", None]
    assert found("book", Q(name="Ann")) == ["Sea", "Seaside", None, None]
    assert found("book", Q(mentor__name="Ann", book__pages__gt=300)) == [None, "Valley", None]
    assert found("book", Q()) == ["Sea", "Seaside", "Hill", "Valley", "Desert"]
    reviewed = Exists(Review.objects.filter(book=OuterRef("book"), stars=5))
    assert found("book", Q(reviewed)) == ["Sea", "Hill", None]
    assert found("book", Q(book__published__year=2001)) == ["Sea", None, None]


def test_a_relation_that_nothing_asks_for_leaves_the_rows_alone(shelf):
    same = FilteredRelation("book", condition=Q(book__title=F("edited__title")))
    deep = FilteredRelation("book__review", condition=Q(book__review__stars=5))
    authors = Author.objects.order_by("pk").annotate(same=same, deep=deep)
    assert names(authors) == ["Ann", "Bob", "Cid"] and authors.count() == 3
    assert names(authors.filter(same__isnull=False)) == ["Bob"]
    assert names(authors.filter(deep__isnull=False)) == ["Ann", "Bob"]
    assert names(authors.filter(edited__pages=400)) == ["Bob"]
    assert names(authors.filter(edited__pages=400, same__pages=400)) == ["Bob"]
    assert names(authors.exclude(same__pages=400)) == ["Ann", "Cid"]
    assert names(authors.exclude(deep__stars=5)) == ["Cid"]
    longer = Book.objects.order_by("pk").annotate(
        longer=FilteredRelation("author__book", condition=Q(author__book__pages__gt=F("pages")))
    )
    assert titles(longer) == ["Sea", "Seaside", "Hill", "Valley", "Desert"]
    assert (
        titles(longer.exclude(longer__pages__gt=0))
        == titles(longer.filter(longer=None))
        == ["Seaside", "Valley", "Desert"]
    )
    assert list(authors.annotate(n=Count("deep", distinct=True)).values_list("n", flat=True)) == [1, 1, 0]


def test_relations_of_every_kind(shelf):
    books = Book.objects.order_by("pk")
    deep = books.annotate(deep=FilteredRelation("tags", condition=Q(tags__label="deep")))
    assert set(deep.values_list("title", "deep__label")) >= {("Desert", "deep"), ("Sea", "deep"), ("Hill", None)}
    counted = deep.annotate(n=Count("deep", distinct=True), m=Count("tags", distinct=True))
    assert list(counted.values_list("n", "m")) == [
        (1, 2), (0, 1), (0, 1), (0, 0), (1, 2),
    ]  # fmt: skip
    assert titles(deep.filter(deep__isnull=False).order_by("title")) == ["Desert", "Sea"]
    assert titles(deep.exclude(deep__label="deep")) == ["Seaside", "Hill", "Valley"]
    old = books.annotate(old=FilteredRelation("editor", condition=Q(editor__age__gt=30)))
    assert list(old.values_list("old__name", flat=True)) == ["Bob", None, None, "Bob", None]
    assert titles(old.exclude(old__name="Bob")) == ["Seaside", "Hill", "Desert"]
    tags = Tag.objects.annotate(thick=FilteredRelation("books", condition=Q(books__pages__gte=300)))
    assert list(tags.annotate(n=Count("thick")).order_by("label").values_list("label", "n")) == [
        ("blue", 0), ("deep", 1), ("green", 2), ("unused", 0),
    ]  # fmt: skip
    stars = Author.objects.order_by("pk").annotate(
        good=FilteredRelation("book__review", condition=Q(book__review__stars=5))
    )
    assert list(stars.annotate(n=Count("good")).values_list("n", flat=True)) == [1, 1, 0]


def test_one_may_be_named_from_another_and_several_from_one_relation(authors):
    deeper = authors.annotate(busy=FilteredRelation("short__editor", condition=Q(short__editor__age=40)))
    rows = deeper.values_list("name", "short__title", "busy__name").order_by("pk", "short__pk")
    assert list(rows) == [
        ("Ann", "Sea", "Bob"), ("Ann", "Seaside", None), ("Bob", "Hill", None), ("Cid", None, None),
    ]  # fmt: skip
    long = authors.annotate(long=FilteredRelation("book", condition=Q(book__pages__gte=400)))
    counted = long.annotate(n=Count("short", distinct=True), m=Count("long", distinct=True))
    assert list(counted.values_list("n", "m")) == [(2, 0), (1, 1), (0, 1)]
    assert names(long.filter(short__isnull=False, long__isnull=False)) == ["Bob"]


def test_its_row_is_selected_along_with_the_instance(authors):
    with recorded_statements() as seen:
        found = [(a.name, a.short and a.short.title, a.short and a.short.author is a)
                 for a in authors.select_related("short").order_by("pk", "short__pk")]  # fmt: skip
    assert found == [("Ann", "Sea", True), ("Ann", "Seaside", True), ("Bob", "Hill", True), ("Cid", None, None)]
    assert len(seen) == 1
    with recorded_statements() as seen:
        rows = authors.select_related("short__editor").order_by("pk", "short__pk")
        assert [a.short and a.short.editor and a.short.editor.name for a in rows] == ["Bob", None, "Ann", None]
    assert len(seen) == 1
    editors = Book.objects.annotate(old=FilteredRelation("editor", condition=Q(editor__age__gt=30)))
    rows = editors.select_related("old", "author").order_by("pk")
    assert [(book.old and book.old.name, book.author.name) for book in rows] == [
        ("Bob", "Ann"), (None, "Ann"), (None, "Bob"), ("Bob", "Bob"), (None, "Cid"),
    ]  # fmt: skip
    [first, *_] = authors.select_related("short").defer("short__title").order_by("pk", "short__pk")
    assert "title" not in vars(first.short) and first.short.pages == 100


@pytest.mark.feature("Q-230")
def test_only_and_prefetch_related_do_not_know_it(authors):
    for names_ in (("short__title",), ("name", "short__title")):
        with pytest.raises(ValueError, match=r"only\(\) is not supported with FilteredRelation"):
            authors.only(*names_)
    for lookup in ("short", "short__editor", Prefetch("short")):
        with pytest.raises(ValueError, match=r"prefetch_related\(\) is not supported with FilteredRelation"):
            authors.prefetch_related(lookup)


def test_what_it_is_made_of_is_checked(shelf):
    with pytest.raises(ValueError, match="relation_name cannot be empty"):
        FilteredRelation("")
    with pytest.raises(ValueError, match="condition argument must be a Q"):
        FilteredRelation("book", condition={"book__pages": 1})
    for relation, error, message in (
        ("book__title__icontains", ValueError, "cannot contain lookups"),
        ("book__title", FieldError, "must name a relation"),
        ("nope", FieldError, "nope"),
    ):
        with pytest.raises(error, match=message):
            Author.objects.annotate(x=FilteredRelation(relation))
    with pytest.raises(ValueError, match="doesn't support nested relations deeper than the relation_name"):
        Author.objects.annotate(x=FilteredRelation("book", condition=Q(book__editor__name="Ann")))
    for name in ("name", "book"):
        with pytest.raises(ValueError, match="conflicts with a field"):
            Author.objects.annotate(**{name: FilteredRelation("book")})
    with pytest.raises(ValueError, match="cannot name an annotation"):
        Author.objects.annotate(**{"a.b": FilteredRelation("book")})
    with pytest.raises(ValueError, match="already"):
        Author.objects.annotate(x=FilteredRelation("book")).annotate(x=FilteredRelation("edited"))
    with pytest.raises(TypeError, match="takes expressions"):
        Author.objects.aggregate(x=FilteredRelation("book"))
    one, other = (FilteredRelation("book", condition=Q(book__pages=n)) for n in (1, 1))
    assert one == other and hash(one) == hash(other)
    assert one != FilteredRelation("book", condition=Q(book__pages=2)) and one != "book"


@pytest.mark.parametrize("name", ["class", "None", "a=b", "x-y", "f(1)", "ﬁeld", "größe"])
def test_any_name_that_is_allowed_becomes_an_attribute(shelf, name):
    related = Author.objects.annotate(**{name: FilteredRelation("book", condition=Q(book__pages=100))})
    assert [a.name for a in related.select_related(name).order_by("pk") if getattr(a, name) == shelf.sea] == ["Ann"]
    assert [getattr(a, name) for a in Author.objects.annotate(**{name: F("age")}).order_by("pk")] == [30, 40, None]


def test_a_second_run_plans_nothing(shelf):
    def ask(low, high):
        found = Author.objects.annotate(x=FilteredRelation("book", condition=Q(book__pages__gt=low)))
        return names(found.filter(x__pages__lt=high).order_by("pk")), found.filter(x__pages__lt=high).count()

    assert ask(100, 400) == (["Ann", "Bob"], 2)
    before = cache.info().planned
    assert ask(300, 600) == (["Bob", "Cid"], 2)
    assert cache.info().planned == before
