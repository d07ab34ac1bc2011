"""Conditions and expressions as values: Q and F objects."""

from __future__ import annotations

import pickle

import pytest

from rowsmith.exceptions import FieldError
from rowsmith.models import Case, Count, Exists, F, OuterRef, Q, Value, When
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Review, names, titles


def found(*args, **kwargs):
    return titles(Book.objects.filter(*args, **kwargs).order_by("pk"))


@pytest.mark.feature("Q-095")
def test_conditions_combine_with_explicit_grouping(shelf):
    long, ann, rated = Q(pages__gte=300), Q(author__name="Ann"), Q(rating__isnull=False)
    assert found(long & rated) == ["Hill", "Valley"]
    assert found(long | ann) == ["Sea", "Seaside", "Hill", "Valley", "Desert"]
    assert found(~long) == ["Sea", "Seaside"]
    assert found((long | ann) & rated) == ["Sea", "Hill", "Valley"]
    assert found(long | (ann & rated)) == ["Sea", "Hill", "Valley", "Desert"]
    assert found(~(long & rated) & ~ann) == ["Desert"]
    assert long.children == (("pages__gte", 300),)
    assert found(Q(pages__gte=300, author__name="Bob")) == ["Hill", "Valley"]


@pytest.mark.feature("Q-096")
def test_exclusive_or_is_true_for_an_odd_number(shelf):
    a, b, c = Q(pages__gte=200), Q(author__name="Ann"), Q(rating__gt=2.5)
    assert found(a ^ b) == ["Sea", "Hill", "Valley", "Desert"]
    assert found(a ^ b ^ c) == ["Valley", "Desert"]
    assert found(~(a ^ b)) == ["Seaside"]
    assert found(a ^ a) == []


@pytest.mark.feature("Q-097")
def test_conditions_stand_before_keywords_and_all_must_hold(shelf):
    assert found(Q(pages__gte=300), author=shelf.bob) == ["Hill", "Valley"]
    assert found(Q(pages__gte=300) | Q(pages=100), Q(rating__gt=1), author=shelf.bob) == ["Hill", "Valley"]
    assert Book.objects.get(Q(title="Sea"), pages=100) == shelf.sea
    assert titles(Book.objects.exclude(Q(pages__lt=300), author=shelf.ann).order_by("pk")) == [
        "Hill",
        "Valley",
        "Desert",
    ]
    with pytest.raises(SyntaxError):
        compile("f(a=1, Q(b=2))", "", "eval")


def test_conditions_hold_expressions_and_serve_as_such(shelf):
    five = Exists(Review.objects.filter(book=OuterRef("pk"), stars=5))
    assert found(five) == ["Sea", "Hill"]
    assert found(~five) == ["Seaside", "Valley", "Desert"]
    assert found(Q(five) & Q(pages=300)) == ["Hill"]
    assert found(five | Q(pages=500)) == ["Sea", "Hill", "Desert"]
    rows = Book.objects.order_by("pk").annotate(long=Q(pages__gt=300)).values_list("long", flat=True)
    assert list(rows) == [False, False, False, True, True]
    size = Case(When(Q(pages__lt=200) | Q(pages=500), then=Value("odd")), default=Value("even"))
    assert list(Book.objects.order_by("pk").annotate(size=size).values_list("size", flat=True)) == [
        "odd",
        "even",
        "even",
        "even",
        "odd",
    ]
    assert Author.objects.annotate(n=Count("book", filter=Q(book__pages__gt=100))).get(name="Ann").n == 1
    with pytest.raises(TypeError):
        Book.objects.filter(F("pages") + 1)


@pytest.mark.feature("Q-099")
def test_an_empty_condition_says_nothing(shelf):
    q = Q(pages=100)
    assert Q() & q == q and q & Q() == q and Q() | q == q and q | Q() == q
    assert found(Q()) == found()
    assert titles(Book.objects.exclude(Q()).order_by("pk")) == found()
    assert not Q() and q
    assert found(~Q()) == found()
    assert found(Q(Q(), pages=100)) == ["Sea"]


@pytest.mark.feature("Q-100")
def test_conditions_are_compared_by_content_and_pickled(shelf):
    q = Q(pages=1) & ~Q(title__in=["a"]) | Q(author=shelf.ann)
    assert q == Q(pages=1) & ~Q(title__in=["a"]) | Q(author=shelf.ann)
    assert q != Q(pages=2) & ~Q(title__in=["a"]) | Q(author=shelf.ann)
    assert Q(pages=1) != ~Q(pages=1) and Q(a=1) & Q(b=2) != Q(a=1) | Q(b=2)
    again = pickle.loads(pickle.dumps(q))
    assert again == q and found(again) == found(q)
    path, args, kwargs = q.deconstruct()
    assert path.endswith(".Q") and Q(*args, **kwargs) == q
    path, args, kwargs = (~Q(pages=1)).deconstruct()
    assert Q(*args, **kwargs) == ~Q(pages=1)


@pytest.mark.feature("Q-058")
def test_columns_compare_with_columns_and_arithmetic(shelf):
    Book.objects.filter(title="Sea").update(rating=100)
    assert found(rating=F("pages")) == ["Sea"]
    assert found(pages__gt=F("rating") * 100) == ["Valley"]
    assert found(pages__lt=F("rating") + 1) == ["Sea"]
    assert found(pages=F("pages") - 100 + 100) == found()
    assert found(pages=F("pages") / 2 * 2) == found()
    assert found(pages__lt=500 - F("pages")) == ["Sea", "Seaside"]
    assert found(pages=F("pages") % 300) == ["Sea", "Seaside"]
    assert found(pages=F("rating") ** 1) == ["Sea"]
    assert Book.objects.annotate(square=F("pages") ** 2).get(title="Sea").square == 10_000
    assert Book.objects.annotate(minus=-F("pages")).get(title="Sea").minus == -100
    assert found(pages=F("pages") + F("pages") - F("pages")) == found()


@pytest.mark.feature("Q-059")
def test_columns_of_related_rows_join(shelf):
    with recorded_statements() as seen:
        assert found(author__name__lt=F("editor__name")) == ["Sea"]
        assert found(author=F("editor")) == ["Valley"]
    assert seen[0].count("JOIN") == 2 and "JOIN" not in seen[1]
    assert found(pages__gt=F("author__age") * 8) == ["Valley"]
    assert names(Author.objects.filter(mentor__age__lt=F("age"))) == ["Bob"]
    with pytest.raises(FieldError, match="nothing"):
        Book.objects.filter(pages=F("nothing"))
    with pytest.raises(FieldError):
        Book.objects.filter(pages=F("author__nothing"))


@pytest.mark.feature("Q-061")
def test_bits(shelf):
    Book.objects.filter(title="Sea").update(pages=0b1100)

    def of(expression):
        return Book.objects.filter(title="Sea").annotate(x=expression).values_list("x", flat=True).get()

    assert of(F("pages").bitand(0b0110)) == 0b0100
    assert of(F("pages").bitor(0b0011)) == 0b1111
    assert of(F("pages").bitxor(0b0110)) == 0b1010
    assert of(F("pages").bitleftshift(2)) == 0b110000
    assert of(F("pages").bitrightshift(2)) == 0b11
    Book.objects.filter(title="Sea").update(pages=F("pages").bitxor(F("pages")))
    assert Book.objects.get(title="Sea").pages == 0
    for operator in ("__and__", "__or__"):
        with pytest.raises((TypeError, NotImplementedError)):
            getattr(F("pages"), operator)(1)


@pytest.mark.feature("Q-201")
def test_questions_combine(shelf):
    long, ann = Book.objects.filter(pages__gte=200), Book.objects.filter(author__name="Ann")
    assert titles((long & ann).order_by("pk")) == ["Seaside"]
    assert titles((long | ann).order_by("pk")) == ["Sea", "Seaside", "Hill", "Valley", "Desert"]
    assert titles((long ^ ann).order_by("pk")) == ["Sea", "Hill", "Valley", "Desert"]
    assert titles(long & Book.objects.none()) == []
    assert titles((ann | Book.objects.none()).order_by("pk")) == ["Sea", "Seaside"]
    assert titles((Book.objects.none() | ann).order_by("pk")) == ["Sea", "Seaside"]
    for combine in (lambda a, b: a & b, lambda a, b: a | b, lambda a, b: a ^ b):
        with pytest.raises(TypeError, match="base model"):
            combine(long, Author.objects.all())
    for sliced in (lambda: long[:1] & ann, lambda: long & ann[:1]):
        with pytest.raises(TypeError, match="slice"):
            sliced()
    # The rows of a slice are told by their keys.
    shortest = Book.objects.order_by("pages")[:1]
    assert titles((shortest | long.filter(pages__gt=400)).order_by("pk")) == ["Sea", "Desert"]
    assert titles((ann ^ shortest).order_by("pk")) == ["Seaside"]
    assert titles(Book.objects.none() ^ ann) == titles(ann ^ Book.objects.none()) == titles(ann)
    assert titles(Book.objects.none() & long) == []
    either = shelf.ann.book_set.all() | Book.objects.filter(author=shelf.bob)
    assert {(book.title, book.author.name) for book in either} >= {("Sea", "Ann"), ("Hill", "Bob")}


def test_a_condition_knows_every_value_anew(shelf):
    for pages, title in [(100, "Sea"), (300, "Hill"), (500, "Desert")]:
        assert found(Q(pages=pages) | Q(title="never"), ~Q(title="x")) == [title]
        assert found(Q(pages__in=[pages])) == [title]
        assert found(pages=F("pages") * 0 + pages) == [title]
