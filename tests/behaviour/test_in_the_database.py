"""What the database itself does for a row: its defaults, what follows a deletion, collations, and comments."""

from __future__ import annotations

import datetime as dt

import pytest

from rowsmith import models, transaction
from rowsmith.exceptions import DataError, IntegrityError
from rowsmith.execution.cascade import referring
from rowsmith.models import DatabaseDefault, ExpressionWrapper, F, Value
from rowsmith.models.functions import Cast, Concat, Now, Pi, Upper
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Event


class Coupon(models.Model):
    """Columns that the database fills in where a row brings nothing."""

    number = models.IntegerField(db_default=7)
    word = models.CharField(max_length=20, db_default=Concat(Upper(Value("a")), Value("'b")))
    pi = models.FloatField(db_default=Pi())
    made = models.DateTimeField(db_default=Now())
    nothing = models.IntegerField(null=True, db_default=None)
    data = models.JSONField(db_default={"a": [1]})
    flag = models.BooleanField(db_default=True)
    name = models.CharField(max_length=20, default="python", db_default="database")


class Lettered(models.Model):
    """A key that the database gives."""

    code = models.CharField(max_length=10, primary_key=True, db_default=Value("first"))
    note = models.CharField(max_length=10, default="")


class Root(models.Model):
    name = models.CharField(max_length=20, db_collation=None)


class Leaf(models.Model):
    root = models.ForeignKey(Root, models.DB_CASCADE, related_name="leaves")
    other = models.ForeignKey(Root, models.DB_SET_NULL, null=True, related_name="+")
    third = models.ForeignKey(Root, models.DB_SET_DEFAULT, db_default=1, related_name="+")


class Vein(models.Model):
    leaf = models.ForeignKey(Leaf, models.DB_CASCADE)


class Described(models.Model):
    word = models.CharField(max_length=10, db_comment="It's a word")
    free = models.CharField(null=True)

    class Meta:
        db_table_comment = "Words that are described"


@pytest.fixture
def coupons(tables):
    tables(Coupon, Lettered)


@pytest.fixture
def leaves(tables):
    tables(Root, Leaf, Vein)
    return [Root.objects.create(name=name) for name in ("default", "a", "b")]


@pytest.mark.feature("G-011", "G-013")
def test_a_row_that_brings_nothing_gets_the_defaults_of_the_database(coupons):
    coupon = Coupon()
    assert isinstance(coupon.number, DatabaseDefault)
    assert coupon.name == "python"
    with recorded_statements() as seen:
        coupon.save()
    assert len(seen) == 1
    for found in (coupon, Coupon.objects.get()):
        assert (found.number, found.word, found.nothing, found.flag) == (7, "A'b", None, True)
        assert (found.data, found.name) == ({"a": [1]}, "python")
        assert abs(found.pi - 3.14159) < 0.001
        assert abs(found.made - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=5)
    assert Coupon.objects.create(number=1).number == 1
    assert Coupon.objects.create(number=Value(3) + 1).number == 4


@pytest.mark.feature("G-014")
def test_bulk_create_mixes_rows_with_and_without_values(coupons):
    made = Coupon.objects.bulk_create(
        [Coupon(number=1), Coupon(), Coupon(word="w"), Coupon(number=2, word="x"), Coupon(number=5), Coupon()]
    )
    expected = [(1, "A'b"), (7, "A'b"), (7, "w"), (2, "x"), (5, "A'b"), (7, "A'b")]
    assert [(coupon.number, coupon.word) for coupon in made] == expected
    assert all(coupon.pk for coupon in made)
    stored = {coupon.pk: coupon for coupon in Coupon.objects.all()}
    assert [(stored[coupon.pk].number, stored[coupon.pk].word) for coupon in made] == expected
    with pytest.raises(IntegrityError), transaction.atomic():
        Coupon.objects.bulk_create([Coupon(), Coupon(number=None)])


@pytest.mark.feature("G-015")
def test_a_key_that_the_database_gives_counts_as_unset(coupons):
    named = Lettered()
    assert not named._is_pk_set()
    with pytest.raises(ValueError, match="no primary key"):
        Lettered().save(force_update=True)
    with recorded_statements() as seen:
        named.save()
    assert len(seen) == 1 and seen[0].startswith("INSERT")
    assert named.pk == "first"
    with pytest.raises(IntegrityError), transaction.atomic():
        Lettered().save()
    other = Lettered(code="second")
    with recorded_statements() as seen:
        other.save()
    assert [text.split()[0] for text in seen] == ["INSERT"]
    other.note = "again"
    other.save()
    assert Lettered.objects.get(code="second").note == "again"
    assert Lettered.objects.bulk_create([Lettered(code="third")])[0].pk == "third"


@pytest.mark.feature("F-060", "F-061", "F-062")
def test_the_database_follows_a_deletion(leaves):
    default, a, b = leaves
    gone = Leaf.objects.create(root=a, other=b)
    Vein.objects.create(leaf=gone)
    kept = Leaf.objects.create(root=b, other=a, third=a)
    assert not list(referring(Root))
    with recorded_statements() as seen:
        assert a.delete() == (1, {"behaviour.Root": 1})
    assert len([text for text in seen if text.startswith(("DELETE", "UPDATE", "SELECT"))]) == 1
    assert list(Leaf.objects.all()) == [kept]
    kept.refresh_from_db()
    assert (kept.root, kept.other, kept.third) == (b, None, default)
    assert Vein.objects.count() == 0
    Root.objects.filter(name="b").delete()
    assert not Leaf.objects.exists()


@pytest.mark.feature("F-013", "O-007", "F-030")
def test_comments_and_lengths_of_columns(tables, database):
    tables(Described)
    Described.objects.create(word="x", free="long " * 1000)
    assert len(Described.objects.get().free) == 5000
    if database.vendor == "postgresql":
        with database.cursor() as cursor:
            cursor.execute(
                "SELECT obj_description(%s::regclass), col_description(%s::regclass, 2)", [Described._meta.db_table] * 2
            )
            assert cursor.fetchone() == ("Words that are described", "It's a word")
        with pytest.raises(DataError), transaction.atomic():
            Described.objects.create(word="x" * 11)


@pytest.mark.feature("F-033", "F-030")
def test_a_collation_sorts_and_compares(tables, database):
    collation = "NOCASE" if database.vendor == "sqlite" else "C"

    class Sorted(models.Model):
        word = models.CharField(max_length=10, db_collation=collation)
        text = models.TextField(db_collation=collation)

        class Meta:
            app_label = f"collated_{database.vendor}"

    tables(Sorted)
    Sorted.objects.bulk_create([Sorted(word=word, text=word) for word in ("b", "A", "a", "B")])
    # Without regard to case there; capital letters first here.
    expected = ["A", "a", "b", "B"] if database.vendor == "sqlite" else ["A", "B", "a", "b"]
    for name in ("word", "text"):
        assert list(Sorted.objects.order_by(name, "pk").values_list(name, flat=True)) == expected
        assert Sorted.objects.filter(**{name: "A"}).count() == (2 if database.vendor == "sqlite" else 1)


@pytest.mark.feature("F-038")
def test_a_day_moved_by_a_duration_is_an_instant(events, database):
    day = Event.objects.exclude(day=None).order_by("pk").first().day
    rows = Event.objects.filter(day=day).annotate(later=F("day") + dt.timedelta(days=2, hours=3))
    later = rows.first().later
    assert isinstance(later, dt.datetime)
    assert later.replace(tzinfo=None) == dt.datetime.combine(day, dt.time(3)) + dt.timedelta(days=2)
    cast = rows.annotate(date=Cast("later", models.DateField())).first().date
    assert cast == day + dt.timedelta(days=2)
    earlier = Event.objects.filter(day=day).annotate(
        back=ExpressionWrapper(F("day") - dt.timedelta(days=1), models.DateTimeField())
    )
    assert earlier.first().back.date() == day - dt.timedelta(days=1)
    assert Event.objects.filter(day__lt=F("day") + dt.timedelta(days=1), day=day).exists()
    if database.vendor == "postgresql":
        week = ExpressionWrapper(F("day") + 7, models.DateField())
        assert rows.annotate(week=week).first().week == day + dt.timedelta(days=7)
