"""Columns on the class: expressions that are compared, sorted by and computed with."""

from __future__ import annotations

import copy
import pickle
from datetime import date, time

import pytest

from rowsmith.models import Count, F, Max, Q
from tests.behaviour.library import Author, Book, Cover, Event, names, titles

CONDITIONS = [
    (Book.title == "Sea", Q(title="Sea")),
    (Book.title != "Sea", ~Q(title="Sea")),
    (Book.rating == None, Q(rating=None)),  # noqa: E711
    (Book.rating != 3.0, ~Q(rating=3.0)),
    (Book.pages < 300, Q(pages__lt=300)),
    (Book.pages <= 300, Q(pages__lte=300)),
    (Book.pages > 300, Q(pages__gt=300)),
    (Book.pages >= 300, Q(pages__gte=300)),
    (Book.pages.in_([100, 500]), Q(pages__in=[100, 500])),
    (Book.pages.range(200, 400), Q(pages__range=(200, 400))),
    (Book.rating.isnull(), Q(rating__isnull=True)),
    (Book.rating.isnull(False), Q(rating__isnull=False)),
    (Book.title.iexact("sEA"), Q(title__iexact="sEA")),
    (Book.title.contains("ea"), Q(title__contains="ea")),
    (Book.title.icontains("EA"), Q(title__icontains="EA")),
    (Book.title.startswith("Sea"), Q(title__startswith="Sea")),
    (Book.title.istartswith("sea"), Q(title__istartswith="sea")),
    (Book.title.endswith("ll"), Q(title__endswith="ll")),
    (Book.title.iendswith("LL"), Q(title__iendswith="LL")),
    (Book.title.regex("^.ea"), Q(title__regex="^.ea")),
    (Book.title.iregex("^S"), Q(title__iregex="^S")),
    (Book.title.lookup("exact", "Hill"), Q(title__exact="Hill")),
    (Book.published.year == 2002, Q(published__year=2002)),
    (Book.published.month.in_([1, 2]), Q(published__month__in=[1, 2])),
    (Book.published > date(2002, 1, 1), Q(published__gt=date(2002, 1, 1))),
    (Book.author_id == 1, Q(author_id=1)),
]


@pytest.mark.parametrize(("condition", "like"), CONDITIONS)
def test_a_comparison_is_the_condition_of_its_lookup(shelf, condition, like):
    assert condition == like
    assert titles(Book.objects.filter(condition).order_by("pk")) == titles(Book.objects.filter(like).order_by("pk"))


def test_conditions_are_joined_and_nested(shelf):
    found = Book.objects.filter((Book.pages > 100) & ~(Book.title == "Hill") & (Book.pages < F("rating") * 250))
    assert titles(found) == ["Valley"]
    assert titles(Book.objects.exclude(Book.title.contains("e")).order_by(Book.title)) == ["Hill"]
    assert Book.objects.get(Book.title == "Sea", pages=100).title == "Sea"


def test_attributes_are_compared_with_one_another_and_with_querysets(shelf):
    assert titles(Book.objects.filter(Book.editor_id == Book.author_id)) == ["Valley"]
    old = Author.objects.filter(Author.age >= 40)
    assert titles(Book.objects.filter(Book.author.in_(old)).order_by("pk")) == ["Hill", "Valley"]
    longest = Book.objects.order_by(Book.pages.desc()).values("pages")[:1]
    assert titles(Book.objects.filter(Book.pages == longest)) == ["Desert"]


def test_a_relation_is_compared_with_instances_and_keys(shelf):
    assert titles(Book.objects.filter(Book.author == shelf.bob).order_by("pk")) == ["Hill", "Valley"]
    assert titles(Book.objects.filter(Book.author == shelf.bob.pk).order_by("pk")) == ["Hill", "Valley"]
    assert titles(Book.objects.filter(Book.editor == None).order_by("pk")) == ["Seaside", "Desert"]  # noqa: E711
    assert titles(Book.objects.filter(Book.author != shelf.bob).order_by("pk")) == ["Sea", "Seaside", "Desert"]
    assert list(Cover.objects.filter(Cover.book.in_(Book.objects.all()))) == []


def test_attributes_are_expressions_wherever_one_is_taken(shelf):
    assert titles(Book.objects.order_by(Book.rating.desc(nulls_last=True), Book.title)) == [
        "Sea", "Hill", "Valley", "Desert", "Seaside",
    ]  # fmt: skip
    row = Book.objects.aggregate(longest=Max(Book.pages), rated=Count(Book.rating))
    assert row == {"longest": 500, "rated": 3}
    by_author = Book.objects.values(writer=Book.author).annotate(n=Count("pk")).order_by(Book.author)
    assert [group["n"] for group in by_author] == [2, 2, 1]
    Book.objects.filter(Book.title == "Sea").update(pages=Book.pages + 1)
    assert Book.objects.get(title="Sea").pages == 101
    assert list(Book.objects.annotate(double=Book.pages * 2).values_list("double", flat=True).order_by("pk"))[0] == 202


def test_parts_of_dates_and_times(events):
    assert names(Event.objects.filter(Event.clock.hour == 12).order_by("pk")) == names(
        Event.objects.filter(clock__hour=12).order_by("pk")
    )
    assert names(Event.objects.filter(Event.at.time > time(12, 30)).order_by("pk")) == names(
        Event.objects.filter(at__time__gt=time(12, 30)).order_by("pk")
    )
    assert names(Event.objects.filter(Event.at.date.year >= 2000).order_by("pk")) == names(
        Event.objects.filter(at__date__year__gte=2000).order_by("pk")
    )


def test_attributes_tell_their_field_and_are_themselves():
    assert Book.title is Book.title
    assert Book.title.field is Book._meta.get_field("title")
    assert Book.author.field is Book._meta.get_field("author")
    assert len({Book.title, Author.name, Book.author, Book.editor}) == 4
    assert repr(Book.title) == "Attribute(title)"
    assert pickle.loads(pickle.dumps(Book.title)).field is Book.title.field
    assert copy.deepcopy(Book.title == "Sea") == Q(title="Sea")


def test_an_unknown_attribute_says_of_what_so_that_python_can_suggest():
    assert {"title", "author_id", "objects"} <= set(dir(Book))
    with pytest.raises(AttributeError) as caught:
        Book.titel
    assert (caught.value.name, caught.value.obj) == ("titel", Book)
