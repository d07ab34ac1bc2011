"""Lookups: comparisons, text, lists, ranges, nulls and regular expressions."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from rowsmith import models
from rowsmith.models import F, Sum, Value, Window
from rowsmith.models.functions import Lag, Lead
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Stock, Tag, names, titles


class Coded(models.Model):
    code = models.UUIDField(null=True)
    flag = models.BooleanField(null=True)


def labels(**conditions):
    return [tag.label for tag in Tag.objects.filter(**conditions).order_by("pk")]


@pytest.fixture
def texts(empty_library):
    for label in ("Abc", "abd", "xabc", "100%", "a_b", "a\\b", "ab", "Äbc", "%", "_", "a'b", 'a"b', "line\nabc"):
        Tag.objects.create(label=label)


@pytest.mark.feature("Q-031")
def test_text_lookups_find_parts_with_and_without_case(world, texts):
    # LIKE ignores the case of ASCII letters on SQLite.
    sqlite = ["Abc"] if world.vendor == "sqlite" else []
    assert labels(label__exact="Abc") == ["Abc"]
    assert labels(label__iexact="ABC") == ["Abc"]
    assert labels(label__contains="ab") == [*sqlite, "abd", "xabc", "ab", "line\nabc"]
    assert labels(label__icontains="AB") == ["Abc", "abd", "xabc", "ab", "line\nabc"]
    assert labels(label__startswith="ab") == [*sqlite, "abd", "ab"]
    assert labels(label__istartswith="aB") == ["Abc", "abd", "ab"]
    assert labels(label__endswith="abc") == [*sqlite, "xabc", "line\nabc"]
    assert labels(label__iendswith="ABC") == ["Abc", "xabc", "line\nabc"]
    assert labels(label__contains="") == labels()
    assert labels(label__iexact="ÄBC") == ["Äbc"]
    assert labels(label__startswith="Ä") == ["Äbc"]


@pytest.mark.feature("Q-032")
def test_wildcards_of_the_database_are_plain_characters(texts):
    assert labels(label__contains="%") == ["100%", "%"]
    assert labels(label__contains="_") == ["a_b", "_"]
    assert labels(label__contains="\\") == ["a\\b"]
    assert labels(label__startswith="%") == ["%"]
    assert labels(label__endswith="%") == ["100%", "%"]
    assert labels(label__istartswith="A_") == ["a_b"]
    assert labels(label__icontains="A\\B") == ["a\\b"]
    assert labels(label__iexact="A_B") == ["a_b"]
    assert labels(label__iendswith="_B") == ["a_b"]
    assert labels(label__contains="'") == ["a'b"]
    assert labels(label__contains='"') == ['a"b']


def test_wildcards_in_columns_are_plain_characters_too(texts):
    assert [t.label for t in Tag.objects.filter(label__startswith=F("label")).order_by("pk")] == labels()
    matching = Tag.objects.annotate(text=Value("100%")).filter(text__contains=F("label"))
    assert sorted(t.label for t in matching) == ["%", "100%"]


@pytest.mark.feature("Q-042")
def test_comparing_with_none_means_is_null(shelf):
    assert names(Author.objects.filter(nickname=None)) == ["Bob"]
    assert names(Author.objects.filter(nickname__exact=None)) == ["Bob"]
    assert names(Author.objects.filter(nickname__iexact=None)) == ["Bob"]
    with recorded_statements() as seen:
        list(Author.objects.filter(nickname=None))
    assert "IS NULL" in seen[0]
    for lookup in ("gt", "contains", "in", "range", "regex", "startswith"):
        with pytest.raises((ValueError, TypeError)):
            Author.objects.filter(**{f"nickname__{lookup}": None})


@pytest.mark.feature("Q-043")
def test_in_takes_any_iterable(shelf):
    expected = ["Sea", "Hill"]
    for pages in (
        [100, 300],
        (100, 300),
        {100, 300},
        frozenset({100, 300}),
        {100: "a", 300: "b"},
        range(100, 301, 200),
        (number for number in (100, 300)),
        iter([100, 300]),
        [100, 300, 300, 100],
        [100, None, 300],
    ):
        assert titles(Book.objects.filter(pages__in=pages).order_by("pk")) == expected
    assert labels(label__in="blue") == []
    Tag.objects.create(label="b")
    assert labels(label__in="blue") == ["b"]
    with recorded_statements() as seen:
        assert list(Book.objects.filter(pages__in=[])) == []
        assert list(Book.objects.filter(pages__in=[None])) == []
    assert seen == []
    with recorded_statements() as seen:
        found = Book.objects.filter(author__in=Author.objects.filter(name="Ann")).order_by("pk")
        assert titles(found) == ["Sea", "Seaside"]
    assert len(seen) == 1 and seen[0].count("SELECT") == 2
    assert titles(Book.objects.filter(pages__in=[F("pages"), 5]).order_by("pk")) == titles(Book.objects.order_by("pk"))
    assert titles(Book.objects.filter(title__in=[Value("Sea"), "Hill"]).order_by("pk")) == expected
    with pytest.raises(TypeError, match="iterable"):
        Book.objects.filter(pages__in=5)


@pytest.mark.feature("Q-044")
def test_in_takes_one_column(shelf):
    for rows in (
        Author.objects.values("pk", "name"),
        Author.objects.values_list("pk", "name"),
        Author.objects.values(),
    ):
        for kind in (TypeError, ValueError):
            with pytest.raises(kind):
                list(Book.objects.filter(author__in=rows))
    assert Book.objects.filter(author__in=Author.objects.all()).count() == 5
    assert Book.objects.filter(pk__in=Book.objects.filter(pages=100)).count() == 1
    assert Book.objects.filter(title__in=Book.objects.values_list("title")).count() == 5


@pytest.mark.feature("Q-046")
def test_order_lookups_compare_numbers_dates_and_text(shelf):
    def found(**conditions):
        return titles(Book.objects.filter(**conditions).order_by("pk"))

    assert found(pages__gt=300) == ["Valley", "Desert"]
    assert found(pages__gte=300) == ["Hill", "Valley", "Desert"]
    assert found(pages__lt=200) == ["Sea"]
    assert found(pages__lte=200) == ["Sea", "Seaside"]
    assert found(published__gt="2002-02-28") == ["Valley", "Desert"]
    assert found(published__lte="2002-02-28") == ["Sea", "Seaside"]
    assert found(title__gt="Sea") == ["Seaside", "Valley"]
    assert found(rating__gte=3) == ["Sea", "Hill"]
    assert found(price__lt=Decimal("25.01")) == ["Sea", "Seaside"]
    assert found(pages__gt="300") == ["Valley", "Desert"]
    assert found(rating__gt=Decimal("2.5")) == ["Sea", "Hill"]
    assert found(price=12.5) == ["Sea"]


def test_whole_number_columns_compare_with_fractions(shelf):
    assert titles(Book.objects.filter(pages__lt=100.5)) == ["Sea"]
    assert titles(Book.objects.filter(pages__gte=499.5)) == ["Desert"]
    assert titles(Book.objects.filter(pages__gt=499.5)) == ["Desert"]
    assert titles(Book.objects.filter(pages__lte=100.5)) == ["Sea"]
    assert titles(Book.objects.filter(pages=100.0)) == ["Sea"]


@pytest.mark.feature("Q-047")
def test_a_range_includes_both_ends(shelf, tables):
    with recorded_statements() as seen:
        assert titles(Book.objects.filter(pages__range=(200, 400)).order_by("pk")) == ["Seaside", "Hill", "Valley"]
    assert "BETWEEN" in seen[0]
    assert titles(Book.objects.filter(pages__range=[400, 200])) == []
    assert titles(Book.objects.filter(published__range=("2001-01-31", "2002-02-28")).order_by("pk")) == [
        "Sea",
        "Seaside",
    ]
    assert titles(Book.objects.filter(pages__range=(F("pages"), 200)).order_by("pk")) == ["Sea", "Seaside"]
    for wrong in ((1,), (1, 2, 3), 5):
        with pytest.raises((ValueError, TypeError)):
            Book.objects.filter(pages__range=wrong)
    from datetime import UTC, date, datetime

    from tests.behaviour.library import Event

    tables(Event)
    for hour in (0, 12):
        Event.objects.create(name=str(hour), at=datetime(2005, 1, 2, hour, tzinfo=UTC))
    assert names(Event.objects.filter(at__range=(date(2005, 1, 1), date(2005, 1, 2)))) == ["0"]


@pytest.mark.feature("Q-048")
def test_isnull_is_true_or_false(shelf):
    assert titles(Book.objects.filter(rating__isnull=True).order_by("pk")) == ["Seaside", "Desert"]
    assert titles(Book.objects.filter(rating__isnull=False).order_by("pk")) == ["Sea", "Hill", "Valley"]
    for wrong in (1, 0, "true", None, [True]):
        with pytest.raises(ValueError, match="must be True or False"):
            Book.objects.filter(rating__isnull=wrong)


@pytest.mark.feature("Q-049")
def test_regular_expressions_match_in_the_databases_own_syntax(world, texts):
    assert labels(label__regex=r"^ab") == ["abd", "ab"]
    assert labels(label__iregex=r"^AB") == ["Abc", "abd", "ab"]
    assert labels(label__regex=r"[0-9]+%") == ["100%"]
    assert labels(label__regex=r"^a.b$") == ["a_b", "a\\b", "a'b", 'a"b']
    assert names(Author.objects.filter(nickname__regex=".")) == []
    if world.vendor == "sqlite":
        # Look-ahead is known to Python's re.
        assert labels(label__regex=r"^ab(?!d)") == ["ab"]


@pytest.mark.feature("Q-057")
def test_parts_of_uuids(world, tables):
    tables(Coded)
    one = Coded.objects.create(code=UUID("12345678-1234-5678-1234-567812345678"))
    assert Coded.objects.get(code="12345678123456781234567812345678") == one
    assert Coded.objects.get(code=UUID("12345678-1234-5678-1234-567812345678")) == one
    unhyphenated = Coded.objects.filter(code__contains="123456781234")
    assert unhyphenated.count() == (0 if world.vendor == "postgresql" else 1)
    with pytest.raises((ValueError, TypeError)):
        Coded.objects.filter(code="not a uuid")


def test_truth_values(tables):
    tables(Coded)
    for flag in (True, False, None):
        Coded.objects.create(flag=flag)
    assert Coded.objects.get(flag=True).flag is True
    assert Coded.objects.get(flag=False).flag is False
    assert Coded.objects.get(flag=None).flag is None
    assert Coded.objects.filter(flag__in=[True, False]).count() == 2
    assert Coded.objects.exclude(flag=True).count() == 2
    assert Coded.objects.filter(flag=1).count() == 1
    assert Coded.objects.filter(flag="False").count() == 1


def test_numbers_are_text_to_text_lookups(shelf):
    assert titles(Book.objects.filter(pages__startswith=1)) == ["Sea"]
    assert titles(Book.objects.filter(pages__contains="00").order_by("pk"))[:2] == ["Sea", "Seaside"]
    assert titles(Book.objects.filter(pages__endswith="00", pages__regex="^[45]").order_by("pk")) == [
        "Valley",
        "Desert",
    ]
    assert titles(Book.objects.filter(published__startswith="2001")) == ["Sea"]
    assert titles(Book.objects.filter(title=5)) == []


def test_what_is_computed_may_be_larger_than_any_number_of_its_column(stock):
    Stock.objects.bulk_create([Stock(code=code, count=2_000_000_000) for code in "abc"])
    total = Stock.objects.values("name").annotate(total=Sum("count"))
    for found in (
        total.filter(total=6_000_000_000),
        total.filter(total__gt=5_000_000_000),
        total.filter(total__in=[6_000_000_000]),
        total.filter(total__range=(5_000_000_000, 7_000_000_000)),
        total.filter(total__lt=2**80).exclude(total__gt=2**80),
    ):
        assert [row["total"] for row in found] == [6_000_000_000]
    assert total.filter(total__gt=6_000_000_000).count() == 0
    beside = Stock.objects.annotate(last=Window(Lag("count", default=Value(3_000_000_000)), order_by="code"))
    assert [item.code for item in beside.filter(last=3_000_000_000)] == ["a"]
    assert [item.code for item in beside.exclude(last__lte=2_500_000_000)] == ["a"]
    # NULL is neither larger nor not larger.
    missing = Stock.objects.annotate(next=Window(Lead("count"), order_by="code"))
    assert missing.exclude(next__lte=2**80).count() == 0 == missing.filter(next__gt=2**80).count()


def test_no_row_is_among_numbers_that_its_column_cannot_hold(shelf):
    ages = Author.objects.annotate(years=F("age"))
    assert names(ages.filter(years__in=[2**40])) == names(Author.objects.filter(age__in=[2**40])) == []
    # A row without a value does differ from them, but nothing is known of what was computed from it.
    assert names(Author.objects.exclude(age__in=[2**40]).order_by("pk")) == ["Ann", "Bob", "Cid"]
    assert names(ages.exclude(years__in=[2**40]).order_by("pk")) == ["Ann", "Bob"]
    assert names(ages.exclude(years__in=[]).order_by("pk")) == ["Ann", "Bob", "Cid"]
