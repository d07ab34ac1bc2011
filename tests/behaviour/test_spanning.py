"""Following relations in conditions, forward and back, and what one call means on many related rows."""

from __future__ import annotations

import pytest

from rowsmith.models import Q
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Blog, Book, Entry, Publisher, Review, Tag, Writer, names, titles


@pytest.mark.feature("Q-033")
def test_conditions_follow_relations_to_any_depth(shelf):
    assert titles(Book.objects.filter(author__name="Ann").order_by("pk")) == ["Sea", "Seaside"]
    assert titles(Book.objects.filter(author__mentor__mentor__name="Ann")) == ["Desert"]
    assert names(Author.objects.filter(book__title="Hill")) == ["Bob"]
    assert names(Author.objects.filter(edited__title="Hill")) == ["Ann"]
    assert names(Author.objects.filter(book__review__stars=4)) == ["Ann"]
    assert names(Publisher.objects.filter(books__tags__label="deep")) == ["North"]
    assert [t.label for t in Tag.objects.filter(books__author__name="Cid")] == ["deep", "green"]
    assert [r.stars for r in Review.objects.filter(book__author__mentor__name="Bob")] == [3]


@pytest.mark.feature("Q-034")
def test_what_is_missing_on_the_way_is_no_error_and_no_match(shelf):
    assert titles(Book.objects.filter(publisher__name="Nowhere")) == []
    assert titles(Book.objects.filter(editor__mentor__name="Ann").order_by("pk")) == ["Sea", "Valley"]
    assert titles(Book.objects.filter(publisher__books__editor__name="Nobody")) == []


@pytest.mark.feature("Q-035")
def test_isnull_across_a_relation_is_true_without_a_related_row_too(blogs):
    anonymous = Writer.objects.create(name=None)
    known = Writer.objects.create(name="Yoko")
    lennon = Entry.objects.get(headline="Lennon sings")
    lennon.authors.add(anonymous)
    for entry in Entry.objects.exclude(pk=lennon.pk).filter(blog=blogs.beatles):
        entry.authors.add(known)
    Entry.objects.get(year=2020).authors.add(known)
    found = Blog.objects.filter(entry__authors__name__isnull=True).order_by("name")
    assert names(found) == ["Beatles", "Pop", "Quiet"]
    found = Blog.objects.filter(entry__authors__isnull=False, entry__authors__name__isnull=True)
    assert names(found) == ["Beatles"]


@pytest.mark.feature("Q-036", "Q-037", "Q-038", "Q-039")
def test_one_call_means_one_related_row_and_two_calls_may_mean_two(blogs):
    together = Blog.objects.filter(entry__headline__contains="Lennon", entry__year=2008)
    apart = Blog.objects.filter(entry__headline__contains="Lennon").filter(entry__year=2008)
    assert names(together) == ["Beatles"]
    assert sorted(names(apart)) == ["Beatles", "Beatles", "Pop"]
    assert sorted(names(apart.distinct())) == ["Beatles", "Pop"]
    assert apart.count() == 3
    assert apart.distinct().count() == 2


@pytest.mark.feature("Q-036")
def test_conditions_in_one_q_and_beside_it_mean_one_related_row(blogs):
    lennon, early = Q(entry__headline__contains="Lennon"), Q(entry__year=2008)
    assert names(Blog.objects.filter(lennon & early)) == ["Beatles"]
    assert names(Blog.objects.filter(lennon, early)) == ["Beatles"]
    assert names(Blog.objects.filter(lennon, entry__year=2008)) == ["Beatles"]


@pytest.mark.feature("Q-040")
def test_exclude_does_not_ask_for_one_and_the_same_related_row(blogs):
    both = Blog.objects.exclude(entry__headline__contains="Lennon", entry__year=2008)
    # Pop has an entry about Lennon and another one of 2008, so it goes as well.
    assert names(both.order_by("name")) == ["Quiet"]
    same = Blog.objects.exclude(entry__in=Entry.objects.filter(headline__contains="Lennon", year=2008))
    assert names(same.order_by("name")) == ["Pop", "Quiet"]


@pytest.mark.feature("Q-041")
def test_the_first_filter_on_a_related_manager_means_its_own_link(shelf):
    blue = shelf.blue
    # Sea is blue and deep, Seaside is blue only.
    assert titles(blue.books.filter(tags__label="deep")) == []
    assert titles(blue.books.filter(tags__label="blue").order_by("pk")) == ["Sea", "Seaside"]
    assert titles(blue.books.all().filter(tags__label="deep")) == []
    assert titles(blue.books.filter().filter(tags__label="deep")) == ["Sea"]
    assert titles(blue.books.filter(pages__gt=1).filter(tags__label="deep")) == ["Sea"]
    # exclude() looks at that link first as well: theirs is blue, and not deep.
    assert titles(blue.books.exclude(tags__label="deep").order_by("pk")) == ["Sea", "Seaside"]
    assert titles(blue.books.exclude(tags__label="blue")) == []
    assert titles(blue.books.filter().exclude(tags__label="deep")) == ["Seaside"]


@pytest.mark.feature("EX-022")
def test_two_attributes_of_one_parent_take_one_join(shelf):
    with recorded_statements() as seen:
        assert titles(Book.objects.filter(author__name="Ann", author__age=30).order_by("pk")) == [
            "Sea",
            "Seaside",
        ]
    assert seen[0].count("JOIN") == 1
    with recorded_statements() as seen:
        found = Book.objects.filter(author__name="Ann").filter(author__age=30).order_by("author__name", "pk")
        assert titles(found) == ["Sea", "Seaside"]
    assert seen[0].count("JOIN") == 1


def test_the_key_of_a_parent_needs_no_join(shelf):
    with recorded_statements() as seen:
        list(Book.objects.filter(author__id=1, publisher__pk=2, editor__isnull=True))
    assert "JOIN" not in seen[0]


def test_or_over_a_missing_relation_keeps_rows_without_it(shelf):
    either = Book.objects.filter(Q(publisher__name="South") | Q(pages=500)).order_by("pk")
    assert titles(either) == ["Hill", "Desert"]
    assert titles(Book.objects.filter(Q(review__stars=4) | Q(title="Valley")).order_by("pk")) == [
        "Seaside",
        "Valley",
    ]
