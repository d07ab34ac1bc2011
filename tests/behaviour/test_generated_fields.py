"""Generated columns: computed by the database from the rest of the row, read like any other column, never written."""

from __future__ import annotations

import copy
import datetime as dt
import decimal
import pickle

import pytest

from rowsmith import models
from rowsmith.exceptions import FieldError, IntegrityError, ValidationError
from rowsmith.models import F, Q, Value
from rowsmith.models.functions import (
    Cast,
    Coalesce,
    Concat,
    ExtractYear,
    Length,
    Lower,
    Round,
    TruncDate,
    TruncHour,
    Upper,
)
from rowsmith.testing import recorded_statements


class Piece(models.Model):
    """A line of an order: what it costs follows from its other columns."""

    name = models.CharField(max_length=20, default="bolt")
    price = models.DecimalField(max_digits=8, decimal_places=2, default=decimal.Decimal("2.50"))
    amount = models.IntegerField(null=True, default=2)
    note = models.TextField(default="")
    total = models.GeneratedField(
        expression=F("price") * F("amount"),
        output_field=models.DecimalField(max_digits=10, decimal_places=2),
        db_persist=True,
    )
    label = models.GeneratedField(
        expression=Concat(Upper("name"), Value(": "), "note"),
        output_field=models.CharField(max_length=60),
        db_persist=False,
    )


class Booking(models.Model):
    """Results of many types."""

    starts = models.DateTimeField()
    lasts = models.DurationField()
    data = models.JSONField(default=dict)
    rooms = models.IntegerField(default=1)
    hour = models.GeneratedField(expression=TruncHour("starts"), output_field=models.DateTimeField(), db_persist=True)
    day = models.GeneratedField(expression=TruncDate("starts"), output_field=models.DateField(), db_persist=False)
    year = models.GeneratedField(expression=ExtractYear("starts"), output_field=models.IntegerField(), db_persist=True)
    many = models.GeneratedField(expression=Q(rooms__gt=2), output_field=models.BooleanField(), db_persist=False)
    city = models.GeneratedField(expression=F("data__city"), output_field=models.JSONField(), db_persist=True)
    kind = models.GeneratedField(
        expression=models.Case(
            models.When(rooms=1, then=Value("single")), models.When(rooms__in=[2, 3], then=Value("small")),
            default=Value("it's large"),
        ),
        output_field=models.CharField(max_length=20),
        db_persist=True,
    )  # fmt: skip
    half = models.GeneratedField(
        expression=Round(Cast("rooms", models.FloatField()) / 2), output_field=models.FloatField(), db_persist=False
    )
    span = models.GeneratedField(expression=F("lasts") * 2, output_field=models.DurationField(), db_persist=True)


class Shout(models.TextField):
    """A field of the user's own, with conversions."""

    def from_db_value(self, value, expression, connection):
        return value if value is None else f"{value}!"

    def get_prep_value(self, value):
        return value if value is None else str(value).removesuffix("!")


class Own(models.Model):
    word = models.TextField(null=True)
    loud = models.GeneratedField(expression=Upper("word"), output_field=Shout(), db_persist=True)


class Sized(models.Model):
    """A generated column that is unique, and one that is a key of a foreign key."""

    word = models.TextField(null=True)
    size = models.GeneratedField(
        expression=Length("word"), output_field=models.IntegerField(), db_persist=True, unique=True
    )


class Pointer(models.Model):
    to = models.ForeignKey(Sized, models.CASCADE, to_field="size", related_name="pointers")


@pytest.fixture
def pieces(tables):
    tables(Piece)


@pytest.fixture
def bookings(tables):
    tables(Booking)


@pytest.mark.feature("G-001", "G-003", "G-004")
def test_the_value_is_there_after_an_insert(pieces):
    piece = Piece.objects.create(note="x")
    with recorded_statements() as seen:
        assert piece.total == decimal.Decimal("5.00")
        assert piece.label == "BOLT: x"
    assert not seen
    assert Piece.objects.get() == piece
    assert Piece.objects.values_list("total", "label").get() == (decimal.Decimal("5.00"), "BOLT: x")


@pytest.mark.feature("G-004")
def test_what_is_assigned_is_never_written(pieces):
    piece = Piece(total=99, label="mine")
    assert (piece.total, piece.label) == (99, "mine")
    piece.save()
    assert (piece.total, piece.label) == (5, "BOLT: ")
    piece.total = 7
    piece.save()
    assert piece.total == 5
    assert Piece.objects.get().total == 5


@pytest.mark.feature("G-004")
def test_an_unsaved_instance_has_no_value_of_it():
    piece = Piece()
    with pytest.raises(AttributeError, match="'total'"):
        piece.total
    assert {"total", "label"} <= piece.get_deferred_fields()
    assert Piece.total.field is Piece._meta.get_field("total")


@pytest.mark.feature("G-004", "G-005")
def test_an_update_brings_back_what_changed_with_one_statement(pieces):
    piece = Piece.objects.create()
    piece.amount, piece.name = 4, "nut"
    with recorded_statements() as seen:
        piece.save()
        assert (piece.total, piece.label) == (10, "NUT: ")
    assert len(seen) == 1
    piece.amount, piece.name = 6, "nail"
    with recorded_statements() as seen:
        piece.save(update_fields=["amount"])
    assert len(seen) == 1
    # What does not depend on the amount was left alone.
    assert (piece.total, piece.label) == (15, "NUT: ")
    assert "label" not in seen[0].partition("RETURNING")[2]
    piece.amount = F("amount") + 1
    piece.save()
    assert (piece.amount, piece.total, piece.label) == (7, decimal.Decimal("17.50"), "NAIL: ")
    piece.amount = None
    piece.save()
    assert piece.total is None


@pytest.mark.feature("G-005", "G-010")
def test_naming_it_among_what_is_to_be_written_writes_nothing(pieces):
    piece = Piece.objects.create()
    with recorded_statements() as seen:
        piece.save(update_fields=["total"])
        assert Piece.objects.update(total=9) == 0
        assert Piece.objects.bulk_update([piece], ["total", "label"]) == 0
    assert not [s for s in seen if s.startswith("UPDATE")]
    piece.amount = 8
    assert Piece.objects.bulk_update([piece], ["total", "amount"]) == 1
    assert Piece.objects.values_list("total", flat=True).get() == 20
    assert Piece.objects.update(total=0, amount=3) == 1
    assert Piece.objects.update(amount=F("amount") + 1, label="x") == 1
    assert Piece.objects.get().total == 10


@pytest.mark.feature("G-010")
def test_bulk_create_returns_the_values(pieces):
    made = Piece.objects.bulk_create([Piece(amount=n, total=77) for n in (1, None, 3)])
    assert [piece.total for piece in made] == [decimal.Decimal("2.50"), None, decimal.Decimal("7.50")]
    assert {piece.label for piece in made} == {"BOLT: "}
    made[0].amount = 10
    [again] = Piece.objects.bulk_create(
        [Piece(id=made[0].pk, amount=10)],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["amount", "total"],
    )
    assert again.total == 25
    Piece.objects.bulk_create([Piece(id=made[0].pk)], ignore_conflicts=True)
    assert Piece.objects.get(pk=made[0].pk).total == 25


@pytest.mark.feature("G-007", "G-008")
def test_it_is_asked_for_like_any_other_column(pieces):
    for number in (1, 2, None, 4):
        Piece.objects.create(amount=number, note="n")
    assert Piece.objects.filter(total__gte="5.00").count() == 2
    assert Piece.objects.filter(label__iexact="bolt: N").count() == 4
    assert Piece.objects.filter(label__startswith="BOLT", total__isnull=True).count() == 1
    # A row without a value does differ from 5.
    assert Piece.objects.exclude(total=5).count() == 3
    assert list(Piece.objects.order_by("-total").exclude(total=None).values_list("amount", flat=True)) == [4, 2, 1]
    assert Piece.objects.aggregate(models.Sum("total"), models.Max("label")) == {
        "total__sum": decimal.Decimal("17.50"),
        "label__max": "BOLT: n",
    }
    assert Piece.objects.annotate(twice=F("total") * 2).get(amount=4).twice == 20
    assert Piece.objects.filter(total__gt=F("amount")).count() == 3
    assert list(Piece.objects.values("label").annotate(n=models.Count("id")).values_list("n", flat=True)) == [4]
    with pytest.raises(FieldError, match="nothing"):
        Piece.objects.filter(total__nothing=1)


@pytest.mark.feature("G-006", "G-008")
def test_every_type_comes_back_as_its_output_field_reads_it(bookings):
    starts = dt.datetime(2024, 12, 31, 23, 30, tzinfo=dt.UTC)
    booking = Booking.objects.create(starts=starts, lasts=dt.timedelta(hours=2), data={"city": ["Ulm", 1]}, rooms=3)
    for found in (booking, Booking.objects.get()):
        assert found.hour == starts.replace(minute=0)
        assert found.day == dt.date(2024, 12, 31)
        assert found.year == 2024
        assert found.many is True
        assert found.city == ["Ulm", 1]
        assert found.kind == "small"
        assert found.half == 2.0
        assert isinstance(found.half, float)
        assert found.span == dt.timedelta(hours=4)
    assert Booking.objects.filter(hour__year=2024, day__month=12, city__0="Ulm", many=True).count() == 1
    assert Booking.objects.filter(hour__date=dt.date(2024, 12, 31), kind__in=["small"], year__lt=2025).count() == 1
    assert not Booking.objects.exclude(many=True).exists()
    booking.rooms = 9
    booking.save(update_fields=["rooms"])
    assert (booking.kind, booking.half, booking.many) == ("it's large", 5.0, True)


@pytest.mark.feature("G-008")
def test_fields_and_lookups_of_the_users_own_count(tables):
    tables(Own)
    own = Own.objects.create(word="hey")
    assert own.loud == "HEY!"
    assert Own.objects.get(loud="HEY!") == own
    assert Own.objects.values_list("loud", flat=True).get() == "HEY!"

    class Doubled(models.Transform):
        lookup_name = "doubled"

        def as_sql(self, compiler, connection):
            sql, params = compiler.compile(self.lhs)
            return f"({sql} || {sql})", params * 2

    Shout.register_lookup(Doubled)
    try:
        assert Own.objects.get(loud__doubled="HEYHEY") == own
    finally:
        Shout._unregister_lookup(Doubled)


@pytest.mark.feature("G-004")
def test_it_can_be_deferred_copied_pickled_and_refreshed(pieces):
    Piece.objects.create(amount=4)
    piece = Piece.objects.defer("total").get()
    assert "total" in piece.get_deferred_fields()
    piece.name = "saved"
    piece.save()
    with recorded_statements() as seen:
        assert piece.total == 10
        assert piece.total == 10
    assert len(seen) <= 1
    Piece.objects.update(amount=1)
    piece.refresh_from_db()
    assert piece.total == decimal.Decimal("2.50")
    Piece.objects.update(amount=2)
    piece.refresh_from_db(fields=["total"])
    assert (piece.total, piece.amount) == (5, 1)
    assert copy.copy(piece).total == 5
    assert pickle.loads(pickle.dumps(piece)).total == 5
    fresh = pickle.loads(pickle.dumps(Piece(amount=6)))
    with pytest.raises(AttributeError):
        fresh.total
    fresh.save()
    assert fresh.total == 15


@pytest.mark.feature("G-007")
def test_it_may_be_unique_and_what_foreign_keys_refer_to(tables):
    tables(Sized, Pointer)
    three = Sized.objects.create(word="abc")
    Sized.objects.create(word=None)
    Sized.objects.create(word=None)
    pointer = Pointer.objects.create(to=three)
    assert pointer.to_id == 3
    assert Pointer.objects.select_related("to").get().to == three
    assert list(three.pointers.all()) == [pointer]
    with pytest.raises(ValidationError, match="Size"):
        Sized(word="xyz").full_clean()
    Sized(word="xyzt").full_clean()
    three.full_clean()
    with pytest.raises(IntegrityError):
        Sized.objects.create(word="xyz")


@pytest.mark.feature("G-004")
async def test_the_awaitable_twins_bring_the_values_back(pieces):
    piece = await Piece.objects.acreate(amount=3)
    assert piece.total == decimal.Decimal("7.50")
    piece.amount = 5
    await piece.asave()
    assert piece.total == decimal.Decimal("12.50")
    [other] = await Piece.objects.abulk_create([Piece(amount=1)])
    assert other.total == decimal.Decimal("2.50")


@pytest.mark.feature("G-007")
def test_a_generated_null_is_a_null(pieces):
    assert Piece.objects.create(amount=None).total is None
    assert Piece.objects.filter(total=None).count() == 1
    assert Piece.objects.annotate(known=Coalesce("total", Value(decimal.Decimal(0)))).get().known == 0
    assert Piece.objects.annotate(low=Lower("label")).get().low == "bolt: "
