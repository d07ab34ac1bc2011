"""Many rows with few statements: bulk_create, upserts and bulk_update."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rowsmith import models
from rowsmith.exceptions import FieldDoesNotExist, IntegrityError
from rowsmith.models import Case, F, Func, Value, When
from rowsmith.signals import post_save, pre_save
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Stock, Tag


class Pair(models.Model):
    """Unique over two columns, one of which has another name in the database."""

    left = models.IntegerField()
    right = models.IntegerField(db_column="the right")
    note = models.CharField(max_length=20, default="")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["left", "right"], name="pair_unique"),)


@pytest.mark.feature("Q-207")
def test_bulk_create_inserts_in_few_statements_and_keeps_the_order(stock):
    items = [Stock(code=f"c{number}", count=number) for number in range(1000)]
    with recorded_statements() as seen:
        made = Stock.objects.bulk_create(items)
    assert len(seen) <= 5
    assert made == items and made[0] is items[0]
    assert Stock.objects.count() == 1000
    assert [Stock.objects.get(code=f"c{n}").count for n in (0, 499, 999)] == [0, 499, 999]
    with recorded_statements() as seen:
        Stock.objects.bulk_create((Stock(code=f"d{number}") for number in range(10)), batch_size=4)
    assert len(seen) == 3
    assert Stock.objects.filter(code__startswith="d").count() == 10
    with recorded_statements() as seen:
        assert Stock.objects.bulk_create([]) == []
    assert seen == []


@pytest.mark.feature("Q-208")
def test_bulk_create_sets_the_keys(stock):
    items = [Stock(code="a"), Stock(code="b", pk=77), Stock(code="c")]
    Stock.objects.bulk_create(items)
    assert items[1].pk == 77
    assert {item.code: item.pk for item in Stock.objects.all()} == {item.code: item.pk for item in items}
    assert all(not item._state.adding and item._state.db == "default" for item in items)
    [ignored] = Stock.objects.bulk_create([Stock(code="d")], ignore_conflicts=True)
    assert ignored.pk is None
    assert Stock.objects.filter(code="d").exists()


@pytest.mark.feature("Q-209")
def test_bulk_create_calls_nobody(stock):
    told = []

    def listen(sender, **kwargs):
        told.append(sender)

    for signal in (pre_save, post_save):
        signal.connect(listen)
    try:
        Stock.objects.bulk_create([Stock(code="a")])
    finally:
        for signal in (pre_save, post_save):
            signal.disconnect(listen)
    assert told == []
    for size in (0, -1):
        with pytest.raises(ValueError, match="positive"):
            Stock.objects.bulk_create([Stock(code="b")], batch_size=size)


@pytest.mark.feature("M-063")
def test_bulk_methods_call_neither_save_nor_receivers(stock, monkeypatch):
    told = []
    monkeypatch.setattr(Stock, "save", lambda self, **kwargs: told.append("save"))

    def listen(sender, **kwargs):
        told.append(sender)

    pre_save.connect(listen, sender=Stock)
    post_save.connect(listen, sender=Stock)
    try:
        [item] = Stock.objects.bulk_create([Stock(code="a")])
        item.count = 3
        Stock.objects.bulk_update([item], ["count"])
        Stock.objects.update(name="x")
    finally:
        pre_save.disconnect(listen, sender=Stock)
        post_save.disconnect(listen, sender=Stock)
    assert told == []
    assert Stock.objects.values_list("count", "name").get() == (3, "x")


def test_bulk_create_keeps_nothing_of_a_failed_batch(stock):
    Stock.objects.create(code="taken")
    items = [Stock(code=f"c{number}") for number in range(10)] + [Stock(code="taken")]
    with pytest.raises(IntegrityError):
        Stock.objects.bulk_create(items, batch_size=3)
    assert Stock.objects.count() == 1


def test_ignored_conflicts_leave_the_rows_that_are_there(stock):
    Stock.objects.create(code="a", count=1)
    Stock.objects.bulk_create([Stock(code="a", count=2), Stock(code="b", count=3)], ignore_conflicts=True)
    assert sorted(Stock.objects.values_list("code", "count")) == [("a", 1), ("b", 3)]


@pytest.mark.feature("Q-211")
def test_conflicts_can_become_updates(stock, tables):
    old = Stock.objects.create(code="a", name="old", count=1)
    items = [Stock(code="a", name="new", count=2), Stock(code="b", name="new", count=3)]
    with recorded_statements() as seen:
        Stock.objects.bulk_create(items, update_conflicts=True, unique_fields=["code"], update_fields=["count"])
    assert len(seen) == 1
    assert sorted(Stock.objects.values_list("code", "name", "count")) == [("a", "old", 2), ("b", "new", 3)]
    assert [item.pk for item in items] == [old.pk, Stock.objects.get(code="b").pk]
    by_key = [Stock(pk=old.pk, code="z", count=9)]
    Stock.objects.bulk_create(by_key, update_conflicts=True, unique_fields=["pk"], update_fields=["code", "count"])
    assert Stock.objects.get(pk=old.pk).code == "z"
    tables(Pair)
    Pair.objects.create(left=1, right=2, note="old")
    Pair.objects.bulk_create(
        [Pair(left=1, right=2, note="new"), Pair(left=1, right=3, note="other")],
        update_conflicts=True,
        unique_fields=["left", "right"],
        update_fields=["note"],
    )
    assert sorted(Pair.objects.values_list("left", "right", "note")) == [(1, 2, "new"), (1, 3, "other")]


@pytest.mark.feature("Q-210", "Q-211")
@pytest.mark.parametrize(
    "options, told",
    [
        ({"ignore_conflicts": True, "update_conflicts": True}, "mutually exclusive"),
        ({"update_conflicts": True, "unique_fields": ["code"]}, "will be updated"),
        ({"update_conflicts": True, "update_fields": ["count"]}, "[Uu]nique fields"),
        ({"update_conflicts": True, "update_fields": ["id"], "unique_fields": ["code"]}, "primary keys"),
        ({"update_conflicts": True, "update_fields": ["pk"], "unique_fields": ["code"]}, "primary keys"),
    ],
    ids=["both", "no update_fields", "no unique_fields", "key", "pk"],
)
def test_contradicting_options_are_refused(stock, options, told):
    with recorded_statements() as seen, pytest.raises(ValueError, match=told):
        Stock.objects.bulk_create([Stock(code="a")], **options)
    assert seen == []


@pytest.mark.feature("Q-211")
def test_only_columns_can_be_updated_on_conflict(empty_library):
    with pytest.raises(ValueError, match="concrete"):
        Book.objects.bulk_create([Book()], update_conflicts=True, update_fields=["tags"], unique_fields=["pk"])
    with pytest.raises(FieldDoesNotExist, match="nothing"):
        Book.objects.bulk_create([Book()], update_conflicts=True, update_fields=["nothing"], unique_fields=["pk"])


@pytest.mark.feature("Q-212")
def test_bulk_update_writes_the_named_fields_and_tells_how_many(shelf):
    books = list(Book.objects.order_by("pk"))
    for book in books:
        book.pages += 1
        book.title += "!"
        book.price = Decimal("1.25")
        book.editor = shelf.cid
        book.rating = None
    with recorded_statements() as seen:
        assert Book.objects.bulk_update(books, ["pages", "price", "editor", "rating"]) == 5
    assert len(seen) == 1
    rows = Book.objects.order_by("pk").values_list("title", "pages", "price", "editor", "rating")
    assert rows[0] == ("Sea", 101, Decimal("1.25"), shelf.cid.pk, None)
    assert rows[4][1] == 501
    with recorded_statements() as seen:
        assert Book.objects.bulk_update(books, ["title"], batch_size=2) == 5
    assert len(seen) == 3
    assert Book.objects.filter(title__endswith="!").count() == 5
    assert Book.objects.bulk_update([], ["title"]) == 0
    Book.objects.filter(title="Valley!").delete()
    assert Book.objects.bulk_update(books, ["title"]) == 4
    for fields in ([], ["id"], ["pk"], ["tags"]):
        with pytest.raises((ValueError, FieldDoesNotExist)):
            Book.objects.bulk_update(books, fields)
    with pytest.raises(ValueError, match="primary key"):
        Book.objects.bulk_update([Book(title="x")], ["title"])
    with pytest.raises(FieldDoesNotExist, match="nothing"):
        Book.objects.bulk_update(books, ["nothing"])
    for size in (0, -1):
        with pytest.raises(ValueError, match="positive"):
            Book.objects.bulk_update(books, ["title"], batch_size=size)


@pytest.mark.feature("Q-213")
def test_bulk_update_takes_expressions_and_the_first_of_two(shelf):
    first, second = Book.objects.order_by("pk")[:2]
    first.pages = F("pages") + 1000
    first.title = Func(F("title"), function="LOWER")
    second.title = "plain"
    assert Book.objects.bulk_update([first, second], ["pages", "title"]) == 2
    assert list(Book.objects.order_by("pk").values_list("title", "pages"))[:2] == [("sea", 1100), ("plain", 200)]
    one, two = Book.objects.get(pk=first.pk), Book.objects.get(pk=first.pk)
    one.title, two.title = "one", "two"
    assert Book.objects.bulk_update([one, two], ["title"]) == 1
    assert Book.objects.get(pk=first.pk).title == "one"
    assert Book.objects.bulk_update([one, two], ["title"], batch_size=1) == 2
    assert Book.objects.get(pk=first.pk).title == "two"
    one.rating = Case(When(pages__gt=1000, then=Value(9.0)), default=Value(1.0))
    Book.objects.bulk_update([one], ["rating"])
    assert Book.objects.get(pk=first.pk).rating == 9.0


@pytest.mark.feature("Q-213")
def test_bulk_update_keeps_nothing_of_a_failed_batch(stock):
    items = Stock.objects.bulk_create([Stock(code=f"c{number}") for number in range(6)])
    for item in items:
        item.code = "same" if item.code in ("c4", "c5") else item.code + "x"
    with pytest.raises(IntegrityError):
        Stock.objects.bulk_update(items, ["code"], batch_size=2)
    assert sorted(Stock.objects.values_list("code", flat=True)) == ["c0", "c1", "c2", "c3", "c4", "c5"]


def test_bulk_create_takes_over_keys_of_parents_saved_meanwhile(empty_library):
    author = Author(name="Ann")
    books = [Book(title=f"b{number}", author=author) for number in range(3)]
    author.save()
    Book.objects.bulk_create(books)
    assert Book.objects.filter(author=author).count() == 3


def test_rows_of_many_kinds_of_values_survive_bulk_create(empty_library):
    author = Author.objects.create(name="x")
    odd = ["", "'", '"', "\\", "%s", "$1", "?", "{}", "NULL", "null", "\n\t", "é", "日本", "😀", ",", "(", '{"a"}', " "]
    Book.objects.bulk_create([Book(title=title, author=author, rating=float(n)) for n, title in enumerate(odd)])
    assert list(Book.objects.order_by("rating").values_list("title", flat=True)) == odd
    books = list(Book.objects.order_by("rating"))
    for book in books:
        book.title = book.title[::-1] + "'"
    Book.objects.bulk_update(books, ["title"])
    assert list(Book.objects.order_by("rating").values_list("title", flat=True)) == [t[::-1] + "'" for t in odd]
    Tag.objects.bulk_create([Tag(label=title) for title in odd])
    assert set(Tag.objects.values_list("label", flat=True)) == set(odd)
