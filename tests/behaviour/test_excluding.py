"""What exclude leaves: rows with missing values, and rows with many related ones."""

from __future__ import annotations

import pytest

from rowsmith.models import F, Q
from tests.behaviour.library import Author, Book, Tag, names, titles


def kept(*args, **kwargs):
    return titles(Book.objects.exclude(*args, **kwargs).order_by("pk"))


def test_a_row_without_a_value_differs_from_any_value(shelf):
    assert kept(rating=3.0) == ["Sea", "Seaside", "Valley", "Desert"]
    assert kept(rating__gt=2.5) == ["Seaside", "Valley", "Desert"]
    assert kept(rating__in=[3.0, 2.0]) == ["Sea", "Seaside", "Desert"]
    assert names(Author.objects.exclude(nickname="Annie").order_by("pk")) == ["Bob", "Cid"]
    assert names(Author.objects.exclude(nickname__startswith="An").order_by("pk")) == ["Bob", "Cid"]


def test_excluding_missing_values_leaves_those_that_are_there(shelf):
    assert kept(rating=None) == kept(rating__isnull=True) == ["Sea", "Hill", "Valley"]
    assert kept(rating__isnull=False) == ["Seaside", "Desert"]
    assert kept(publisher=None) == ["Sea", "Seaside", "Hill"]


def test_a_row_without_a_parent_differs_from_those_with_one(shelf):
    assert kept(publisher__name="North") == ["Hill", "Valley", "Desert"]
    assert kept(editor__name="Bob") == ["Seaside", "Hill", "Desert"]
    assert kept(editor=shelf.bob) == ["Seaside", "Hill", "Desert"]
    assert kept(editor__mentor__name="Ann") == ["Seaside", "Hill", "Desert"]


@pytest.mark.feature("EX-010")
def test_a_row_with_many_related_ones_goes_when_any_of_them_matches(shelf):
    assert kept(tags=shelf.blue) == ["Hill", "Valley", "Desert"]
    assert kept(tags__label="deep") == ["Seaside", "Hill", "Valley"]
    assert kept(review__stars__gt=4) == ["Seaside", "Valley", "Desert"]
    assert names(Author.objects.exclude(book__tags__label="blue").order_by("pk")) == ["Bob", "Cid"]
    assert [t.label for t in Tag.objects.exclude(books__author__name="Ann")] == ["green", "unused"]


def test_excluding_rows_without_related_ones_leaves_those_with_some(shelf):
    assert kept(review__isnull=True) == ["Sea", "Seaside", "Hill", "Desert"]
    assert kept(tags__isnull=True) == ["Sea", "Seaside", "Hill", "Desert"]
    assert kept(tags__isnull=False) == ["Valley"]
    assert kept(tags=None) == ["Sea", "Seaside", "Hill", "Desert"]


def test_negations_inside_a_q_mean_what_exclude_means(shelf):
    def found(condition):
        return titles(Book.objects.filter(condition).order_by("pk"))

    assert found(~Q(tags__label="deep")) == kept(tags__label="deep")
    assert found(~Q(rating=3.0)) == kept(rating=3.0)
    assert found(~~Q(rating=3.0)) == ["Hill"]
    assert found(~Q(~Q(tags__label="deep"))) == ["Sea", "Desert"]
    assert found(~(Q(rating__gt=2) & Q(pages=100))) == ["Seaside", "Hill", "Valley", "Desert"]
    assert found(~Q(rating=3.0) & ~Q(editor__name="Bob")) == ["Seaside", "Desert"]
    assert found(~(Q(rating=3.0) | Q(editor__name="Bob"))) == ["Seaside", "Desert"]


def test_two_columns_where_one_is_missing_differ(shelf):
    Book.objects.filter(title="Sea").update(rating=100)
    assert kept(rating=F("pages")) == ["Seaside", "Hill", "Valley", "Desert"]
    assert kept(pages=F("rating")) == ["Seaside", "Hill", "Valley", "Desert"]
    assert kept(editor=F("author")) == ["Sea", "Seaside", "Hill", "Desert"]


@pytest.mark.feature("Q-045")
def test_a_subquery_with_a_null_excludes_every_row(shelf):
    ratings = Book.objects.values("rating")
    assert kept(pages__in=ratings) == []
    assert kept(pages__in=ratings.filter(rating__isnull=False)) == titles(Book.objects.order_by("pk"))
    assert kept(pages__in=Book.objects.filter(pages__lt=0).values("pages")) != []
    nicknames = Author.objects.values("age")
    assert Author.objects.exclude(pk__in=nicknames).count() == 0


def test_filter_and_exclude_split_every_table_in_two(shelf):
    for condition in (
        Q(pages__gt=200),
        Q(rating__gt=2.5),
        Q(publisher__name="North"),
        Q(tags__label="deep"),
        Q(review__stars=5),
        Q(author__mentor__name="Ann", pages__gt=300),
        Q(tags__label="deep") | Q(rating__isnull=True),
    ):
        chosen = set(Book.objects.filter(condition))
        rest = set(Book.objects.exclude(condition))
        assert chosen | rest == set(Book.objects.all())
        assert not chosen & rest
