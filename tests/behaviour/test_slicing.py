"""Parts of a result: slices, single rows and what may not follow them."""

from __future__ import annotations

import pytest

from rowsmith.testing import recorded_statements
from tests.behaviour.library import Book, titles


@pytest.fixture
def books(shelf):
    return Book.objects.order_by("pages")


@pytest.mark.feature("Q-018")
def test_a_slice_is_a_query_with_limit_and_offset(books):
    with recorded_statements() as seen:
        part = books[1:3]
        assert seen == []
        assert titles(part) == ["Seaside", "Hill"]
        assert titles(books[:2]) == ["Sea", "Seaside"]
        assert titles(books[3:]) == ["Valley", "Desert"]
    assert "LIMIT" in seen[0] and "OFFSET" in seen[0]
    assert "LIMIT" in seen[1] and "OFFSET" not in seen[1]
    assert "OFFSET" in seen[2]
    assert len(seen) == 3


def test_a_slice_of_a_slice_counts_within_it(books):
    assert titles(books[1:4][1:]) == ["Hill", "Valley"]
    assert titles(books[1:4][:2]) == ["Seaside", "Hill"]
    assert titles(books[1:][2:3]) == ["Valley"]
    assert titles(books[1:3][5:]) == []
    assert titles(books[2:2]) == []
    assert titles(books[3:1]) == []
    assert titles(books[:]) == ["Sea", "Seaside", "Hill", "Valley", "Desert"]
    assert books[1:4][1].title == "Hill"
    assert books[1:4].count() == 3
    assert books[3:10].count() == 2
    assert books[1:4].exists()
    assert not books[5:].exists()


@pytest.mark.feature("Q-019")
def test_a_slice_with_a_step_is_a_list(books):
    with recorded_statements() as seen:
        part = books[0:5:2]
    assert isinstance(part, list)
    assert titles(part) == ["Sea", "Hill", "Desert"]
    assert len(seen) == 1


@pytest.mark.feature("Q-020")
@pytest.mark.parametrize("key", [-1, slice(-2, None), slice(None, -1), slice(2, -1)], ids=str)
def test_negative_positions_are_refused(books, key):
    with pytest.raises(ValueError, match=r"(?i)negative indexing is not supported"):
        books[key]
    len(books)
    with pytest.raises(ValueError, match=r"(?i)negative indexing is not supported"):
        books[key]


@pytest.mark.feature("Q-021")
@pytest.mark.parametrize(
    "call",
    [
        lambda part: part.filter(pages=1),
        lambda part: part.exclude(pages=1),
        lambda part: part.order_by("title"),
        lambda part: part.distinct(),
        lambda part: part.reverse(),
        lambda part: part.get(pages=100),
    ],
    ids=["filter", "exclude", "order_by", "distinct", "reverse", "get"],
)
def test_what_is_sliced_cannot_be_refined(books, call):
    with pytest.raises(TypeError, match="once a slice has been taken"):
        call(books[:3])


@pytest.mark.feature("Q-022")
def test_an_index_fetches_one_row(books):
    with recorded_statements() as seen:
        assert books[2].title == "Hill"
    assert len(seen) == 1 and "LIMIT" in seen[0]
    with pytest.raises(IndexError):
        books[5]
    with pytest.raises(Book.DoesNotExist):
        books[5:6].get()
    assert books[4:5].get().title == "Desert"


@pytest.mark.feature("Q-023")
def test_slices_of_loaded_rows_come_from_memory(books):
    len(books)
    with recorded_statements() as seen:
        assert isinstance(books[1:3], list)
        assert titles(books[1:3]) == ["Seaside", "Hill"]
        assert books[0].title == "Sea"
        with pytest.raises(IndexError):
            books[5]
    assert seen == []


@pytest.mark.feature("Q-024")
def test_a_slice_can_be_neither_updated_nor_deleted_and_may_lie_past_the_end(books):
    with pytest.raises(TypeError, match="slice"):
        books[:2].update(pages=1)
    with pytest.raises(TypeError):
        books[:2].delete()
    assert list(books[100:200]) == []
    assert Book.objects.count() == 5


def test_a_slice_may_stand_inside_another_query(books):
    longest = Book.objects.order_by("-pages")[:2]
    assert titles(Book.objects.filter(pk__in=longest).order_by("pk")) == ["Valley", "Desert"]
    assert titles(Book.objects.exclude(pk__in=longest.values("pk")).order_by("pk")) == ["Sea", "Seaside", "Hill"]


def test_other_things_are_no_positions(books):
    for key in ("1", 1.0, None):
        with pytest.raises(TypeError):
            books[key]
    with pytest.raises(TypeError):
        books["a":"b"]
