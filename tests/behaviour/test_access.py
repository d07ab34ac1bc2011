"""What each way of access costs, in statements."""

from __future__ import annotations

import functools
import re

import pytest

import rowsmith
from rowsmith import models
from rowsmith.models import Count, F, Q, prefetch_related_objects
from rowsmith.signals import post_init
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Publisher, Review, Tag, titles


class Part(models.Model):
    number = models.IntegerField(db_index=True)
    colour = models.CharField(max_length=10)

    class Meta:
        indexes = [models.Index(fields=["colour"], name="part_colour")]

    @functools.cached_property
    def label(self):
        self.computed = getattr(self, "computed", 0) + 1
        return f"{self.colour} {self.number}"


def sent(call):
    with recorded_statements() as seen:
        call()
    return seen


@pytest.mark.feature("OP-002")
def test_indexes_are_there_and_used(tables, world):
    tables(Part)
    plan = Part.objects.filter(colour="red").explain()
    if world.vendor == "sqlite":
        assert "part_colour" in plan
        assert "USING INDEX" in Part.objects.filter(number=3).explain()
    else:
        with rowsmith.connections["default"].cursor() as cursor:
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'behaviour_part'")
            found = " ".join(row[0] for row in cursor.fetchall())
        assert "part_colour" in found
        assert "(number)" in found


@pytest.mark.feature("OP-003", "OP-021")
def test_a_related_instance_is_loaded_once(shelf):
    book = Book.objects.get(pk=shelf.sea.pk)
    assert sent(lambda: book.author_id) == []
    assert len(sent(lambda: book.author.pk)) == 1
    assert sent(lambda: book.author.name) == []


@pytest.mark.feature("OP-004")
def test_a_related_manager_asks_each_time_unless_prefetched(shelf):
    book = Book.objects.get(pk=shelf.sea.pk)
    assert len(sent(lambda: [list(book.tags.all()), list(book.tags.all())])) == 2
    book = Book.objects.prefetch_related("tags").get(pk=shelf.sea.pk)
    assert sent(lambda: [list(book.tags.all()), list(book.tags.all())]) == []


@pytest.mark.feature("OP-005")
def test_cached_properties_are_the_models_own(tables):
    tables(Part)
    Part.objects.create(number=1, colour="red")
    part = Part.objects.get()
    assert (part.label, part.label, part.computed) == ("red 1", "red 1", 1)
    part.refresh_from_db()
    assert (part.label, part.computed) == ("red 1", 1)


@pytest.mark.feature("OP-006")
def test_a_stream_keeps_nothing(shelf):
    books = Book.objects.order_by("pk")
    assert len(titles(books.iterator())) == 5
    assert books._result_cache is None
    assert any(sent(lambda: titles(books)))


@pytest.mark.feature("OP-007")
def test_work_is_done_by_the_database(shelf):
    assert len(sent(lambda: Book.objects.filter(pages__gt=F("rating") * 10).update(pages=F("pages") + 1))) == 1
    found = Author.objects.annotate(n=Count("book")).filter(n__gt=1)
    assert len(sent(lambda: list(found))) == 1


@pytest.mark.feature("OP-008")
def test_what_was_sent_can_be_seen(shelf, database):
    database.force_debug_cursor = True
    try:
        rowsmith.reset_queries()
        list(Book.objects.raw("SELECT * FROM behaviour_book WHERE id = %s", [shelf.sea.pk]))
        [entry] = database.queries
        assert "behaviour_book" in entry["sql"]
    finally:
        database.force_debug_cursor = False


@pytest.mark.feature("OP-010", "OP-011")
def test_get_looks_at_few_rows(shelf):
    [statement] = sent(lambda: Tag.objects.get(label="blue"))
    assert "LIMIT 21" in statement
    for _ in range(30):
        Tag.objects.create(label=f"many {_}")
    with pytest.raises(Tag.MultipleObjectsReturned, match="more than 20"):
        Tag.objects.get(label__startswith="many")


@pytest.mark.feature("OP-012")
def test_relations_come_along(shelf):
    assert len(sent(lambda: [book.author.name for book in Book.objects.select_related("author")])) == 1
    assert len(sent(lambda: [book.tags.all()[:] for book in Book.objects.prefetch_related("tags")])) == 2


@pytest.mark.feature("OP-013")
def test_relations_are_loaded_onto_what_is_there_already(shelf):
    books = list(Book.objects.all())
    assert len(sent(lambda: prefetch_related_objects(books, "tags", "author"))) == 2
    assert sent(lambda: [(book.author.name, len(book.tags.all())) for book in books]) == []


@pytest.mark.feature("OP-014")
def test_values_make_no_instances(shelf):
    made = []

    def made_one(sender, **kwargs):
        made.append(sender)

    post_init.connect(made_one, sender=Book)
    try:
        assert len(Book.objects.values()) == len(Book.objects.values_list()) == 5
        assert made == []
        assert len(list(Book.objects.all())) == len(made) == 5
    finally:
        post_init.disconnect(made_one, sender=Book)


@pytest.mark.feature("OP-015")
def test_columns_left_out_cost_a_query_when_they_are_read(shelf):
    [statement] = sent(lambda: list(Book.objects.only("title")))
    assert "pages" not in statement
    book = Book.objects.defer("pages").get(pk=shelf.sea.pk)
    assert len(sent(lambda: (book.pages, book.pages))) == 1


@pytest.mark.feature("OP-016", "OP-017")
def test_facts_are_asked_for_without_rows(shelf):
    for call in (lambda: Book.objects.contains(shelf.sea), Book.objects.count, Book.objects.exists):
        [statement] = sent(call)
        assert "title" not in statement


@pytest.mark.feature("OP-018", "OP-019")
def test_a_queryset_is_asked_once(shelf):
    books = Book.objects.order_by("pk")

    def use():
        if books:
            assert len(books) == 5
            for book in books:
                assert book in books
            assert shelf.hill in books

    assert len(sent(use)) == 1


@pytest.mark.feature("OP-020")
def test_bulk_statements_skip_what_instances_do(shelf, monkeypatch):
    monkeypatch.setattr(Review, "save", lambda *args, **kwargs: 1 / 0)
    monkeypatch.setattr(Review, "delete", lambda *args, **kwargs: 1 / 0)
    assert len(sent(lambda: Review.objects.update(stars=1))) == 1
    assert len(sent(lambda: Review.objects.all().delete())) == 1


@pytest.mark.feature("OP-022")
def test_an_empty_order_drops_that_of_the_model(shelf):
    assert "ORDER BY" in sent(lambda: list(Publisher.objects.all()))[0]
    assert "ORDER BY" not in sent(lambda: list(Publisher.objects.order_by()))[0]


@pytest.mark.feature("OP-023", "OP-024")
def test_many_rows_are_one_statement(shelf):
    tags = [Tag(label=f"new {number}") for number in range(50)]
    assert len(sent(lambda: Tag.objects.bulk_create(tags))) == 1
    for tag in tags:
        tag.label += "!"
    assert len(sent(lambda: Tag.objects.bulk_update(tags, ["label"]))) == 1
    inserts = [s for s in sent(lambda: shelf.valley.tags.add(*tags[:2])) if s.startswith("INSERT")]
    assert len(inserts) == 1
    deletes = [s for s in sent(lambda: shelf.valley.tags.remove(*tags[:2])) if s.startswith("DELETE")]
    assert len(deletes) == 1


@pytest.mark.feature("OP-025", "OP-026")
def test_links_of_different_pairs_are_one_statement(shelf):
    through = Book.tags.through
    pairs = [(shelf.valley, shelf.blue), (shelf.sea, shelf.green), (shelf.sea, shelf.blue)]
    links = [through(book_id=book.pk, tag_id=tag.pk) for book, tag in pairs]
    before = through.objects.count()
    assert len(sent(lambda: through.objects.bulk_create(links, ignore_conflicts=True))) == 1
    assert through.objects.count() == before + 2
    condition = Q(book=shelf.valley, tag=shelf.blue) | Q(book=shelf.sea, tag=shelf.green)
    assert len(sent(lambda: through.objects.filter(condition).delete())) == 1
    assert through.objects.count() == before


@pytest.mark.feature("OP-028")
def test_a_relation_in_a_loop_is_one_query_a_row(shelf):
    assert len(sent(lambda: [book.author.name for book in Book.objects.all()])) == 1 + 5
    counted = sent(lambda: [book.tags.count() for book in Book.objects.all()])
    assert len([s for s in counted if re.search("behaviour_book_tags", s)]) == 5
