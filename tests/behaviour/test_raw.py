"""Instances from statements of one's own, and fragments of SQL inside of queries."""

from __future__ import annotations

import pytest

from rowsmith import models
from rowsmith.exceptions import DatabaseError, FieldDoesNotExist, ProgrammingError
from rowsmith.models.expressions import RawSQL
from rowsmith.models.query import RawQuerySet
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Publisher, titles


class OddColumns(models.Model):
    """Columns with names of their own and conversions."""

    label = models.CharField(max_length=20, db_column="text of it")
    data = models.JSONField(null=True)
    at = models.DateTimeField(null=True)


@pytest.mark.feature("RW-001", "Q-200")
def test_a_statement_becomes_instances_when_it_is_read(shelf):
    with recorded_statements() as seen:
        books = Book.objects.filter(pk=-1).raw('SELECT * FROM "behaviour_book" ORDER BY "id"')
        assert isinstance(books, RawQuerySet)
    assert seen == []
    found = list(books)
    assert titles(found) == ["Sea", "Seaside", "Hill", "Valley", "Desert"]
    assert found[0] == shelf.sea
    assert found[0].price == shelf.sea.price
    assert found[0]._state.db == "default"
    assert not found[0]._state.adding


@pytest.mark.feature("RW-002", "RW-007")
def test_columns_are_told_by_their_names(shelf):
    [book] = Book.objects.raw(
        'SELECT "pages" + 1 AS more, "title", "author_id", "id", 7 AS "odd name" FROM "behaviour_book" WHERE "id" = %s',
        [shelf.sea.pk],
    )
    assert (book.title, book.author_id, book.more, getattr(book, "odd name")) == ("Sea", shelf.ann.pk, 101, 7)
    [author] = Author.objects.raw('SELECT "title" AS name, "id" FROM "behaviour_book" WHERE "title" = %s', ["Hill"])
    assert author.name == "Hill"


@pytest.mark.feature("RW-003")
def test_translations_map_columns_to_fields(shelf):
    books = Book.objects.raw(
        'SELECT "id" AS key, "title" AS heading FROM "behaviour_book" WHERE "pages" < %s ORDER BY "id"',
        [250],
        translations={"key": "id", "heading": "title"},
    )
    assert titles(books) == ["Sea", "Seaside"]
    assert books.columns == ["id", "title"]


@pytest.mark.feature("RW-003", "RW-002")
def test_columns_with_names_and_conversions_of_their_own(tables):
    tables(OddColumns)
    OddColumns.objects.create(label="x", data={"a": [1]}, at="2020-01-02T03:04:05Z")
    [by_column] = OddColumns.objects.raw('SELECT * FROM "behaviour_oddcolumns"')
    text = 'SELECT "id", "text of it" AS t, "data", "at" FROM "behaviour_oddcolumns"'
    [by_name] = OddColumns.objects.raw(text, (), {"t": "label"})
    for odd in (by_column, by_name):
        assert (odd.label, odd.data, odd.at.isoformat()) == ("x", {"a": [1]}, "2020-01-02T03:04:05+00:00")


@pytest.mark.feature("RW-004")
def test_indexing_and_slicing_happen_after_all_rows_were_fetched(shelf):
    books = Book.objects.raw('SELECT * FROM "behaviour_book" ORDER BY "id"')
    with recorded_statements() as seen:
        assert books[0] == shelf.sea
        assert books[1:3] == [shelf.seaside, shelf.hill]
        assert books[-1] == shelf.desert
        with pytest.raises(IndexError):
            books[17]
    assert len(seen) == 1
    assert "LIMIT" not in seen[0]


@pytest.mark.feature("RW-005")
def test_fields_that_were_not_selected_load_when_they_are_read(shelf):
    books = list(Book.objects.raw('SELECT "id", "title" FROM "behaviour_book" ORDER BY "id"'))
    assert books[0].get_deferred_fields() >= {"pages", "author_id"}
    with recorded_statements() as seen:
        assert [book.pages for book in books[:2]] == [100, 200]
        assert books[0].rating == 4.5
    assert len(seen) == 3


@pytest.mark.feature("RW-006")
def test_the_key_must_be_selected(shelf):
    with pytest.raises(FieldDoesNotExist, match=r"primary key of Book.*'id'.*returned: title"):
        list(Book.objects.raw('SELECT "title" FROM "behaviour_book"'))


@pytest.mark.feature("RW-008", "RW-012")
def test_values_are_bound_by_place_or_by_name(shelf):
    hostile = "Sea'; DROP TABLE behaviour_book; --"
    text = 'SELECT * FROM "behaviour_book" WHERE "title" = %s OR "title" = %s'
    assert titles(Book.objects.raw(text, [hostile, "Hill"])) == ["Hill"]
    assert titles(Book.objects.raw(text, ("Hill", hostile))) == ["Hill"]
    named = 'SELECT * FROM "behaviour_book" WHERE "title" = %(name)s AND "title" <> %(other)s'
    assert titles(Book.objects.raw(named, {"other": hostile, "name": "Hill"})) == ["Hill"]
    assert Book.objects.count() == 5


@pytest.mark.feature("RW-010")
def test_percent_signs_are_doubled_only_beside_values(shelf):
    assert titles(Book.objects.raw("SELECT * FROM behaviour_book WHERE title LIKE 'H%'")) == ["Hill"]
    found = Book.objects.raw("SELECT * FROM behaviour_book WHERE title LIKE 'H%%' AND pages = %s", [300])
    assert titles(found) == ["Hill"]


@pytest.mark.feature("RW-011")
def test_what_is_no_statement_with_rows_fails_when_it_is_read(shelf):
    wrong = Book.objects.raw("SELEC nonsense")
    with pytest.raises(DatabaseError):
        list(wrong)
    rowless = Book.objects.raw("UPDATE behaviour_book SET pages = pages WHERE id = -1")
    with pytest.raises(ProgrammingError, match="takes a statement that returns rows"):
        list(rowless)


@pytest.mark.feature("RW-013")
def test_its_repr_shows_the_statement_without_running_it(shelf):
    with recorded_statements() as seen:
        shown = repr(Book.objects.raw("SELECT * FROM behaviour_book WHERE id = %s", [3]))
    assert shown == "<RawQuerySet: SELECT * FROM behaviour_book WHERE id = %s with [3]>"
    assert seen == []


@pytest.mark.feature("RW-014")
def test_the_database_can_be_chosen(shelf, second):
    Publisher.objects.using(second).create(name="Elsewhere")
    text = "SELECT * FROM behaviour_publisher"
    here = Publisher.objects.raw(text)
    assert here.db == "default"
    chosen = Publisher.objects.using(second)
    for there in (Publisher.objects.raw(text, using=second), here.using(second), chosen.raw(text)):
        assert there.db == second
        [found] = there
        assert found.name == "Elsewhere"
        assert found._state.db == second


@pytest.mark.feature("RW-015")
def test_it_is_iterated_counted_and_prefetched_like_a_list(shelf):
    books = Book.objects.raw('SELECT * FROM "behaviour_book" ORDER BY "id"')
    with recorded_statements() as seen:
        assert len(books) == 5
        assert books
        assert titles(books) == titles(books)
        assert "title" in books.columns
    assert len(seen) == 1
    assert titles(books.iterator()) == titles(books)
    assert not Book.objects.raw("SELECT * FROM behaviour_book WHERE id = -1")
    with recorded_statements() as seen:
        labels = [[tag.label for tag in book.tags.all()] for book in books.prefetch_related("tags", "author")]
    assert labels == [["blue", "deep"], ["blue"], ["green"], [], ["deep", "green"]]
    assert len(seen) == 3
    assert len(books.prefetch_related("tags").prefetch_related(None)[0]._prefetched or {}) == 0


@pytest.mark.feature("RW-018")
async def test_it_is_iterated_by_tasks(shelf):
    books = Book.objects.raw('SELECT * FROM "behaviour_book" WHERE "pages" > %s ORDER BY "id"', [250])
    assert [book.title async for book in books] == ["Hill", "Valley", "Desert"]


@pytest.mark.feature("RW-032")
def test_nothing_is_quoted_around_placeholders(shelf):
    # '%s' in quotes is text for the database, so the value has no place to go.
    with pytest.raises(DatabaseError):
        list(Book.objects.raw("SELECT * FROM behaviour_book WHERE title = '%s'", ["Hill"]))


@pytest.mark.feature("RW-019", "RW-020")
def test_fragments_take_part_in_queries(shelf):
    books = Book.objects.annotate(half=RawSQL("pages / %s", (2,)))
    assert list(books.order_by("pk").values_list("half", flat=True)) == [50, 100, 150, 200, 250]
    assert titles(books.filter(half__gt=150).order_by(RawSQL("pages", ()).desc())) == ["Desert", "Valley"]
    assert titles(Book.objects.filter(pages=RawSQL("%s + %s", (100, 200)))) == ["Hill"]
    chosen = RawSQL("SELECT id FROM behaviour_book WHERE pages >= %s", (400,))
    assert titles(Book.objects.filter(pk__in=chosen).order_by("pk")) == ["Valley", "Desert"]
    with pytest.raises(TypeError):
        RawSQL("pages")
    typed = RawSQL("pages", (), output_field=models.FloatField())
    assert Book.objects.annotate(x=typed).get(pk=shelf.sea.pk).x == 100.0


@pytest.mark.feature("RW-002")
def test_a_statement_met_again_needs_no_new_loader(shelf):
    from rowsmith.execution import raw

    text = 'SELECT * FROM "behaviour_book" ORDER BY "id"'
    list(Book.objects.raw(text))
    made = raw._loader.cache_info().misses
    list(Book.objects.raw(text))
    assert raw._loader.cache_info().misses == made
