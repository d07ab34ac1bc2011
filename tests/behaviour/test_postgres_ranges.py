"""Ranges in columns of PostgreSQL: what they hold, how they are given, and their lookups."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal

import pytest

from rowsmith import models
from rowsmith.exceptions import ValidationError
from rowsmith.models import F, Func, Q
from rowsmith.postgres.fields import (
    BigIntegerRangeField,
    DateRangeField,
    DateTimeRangeField,
    DecimalRangeField,
    IntegerRangeField,
    Range,
    RangeBoundary,
    RangeField,
    RangeOperators,
)
from rowsmith.postgres.validators import RangeMaxValueValidator, RangeMinValueValidator

pytestmark = pytest.mark.only("postgresql")

UTC = datetime.UTC
DAY = datetime.timedelta(days=1)
NOW = datetime.datetime(2024, 3, 1, 12, tzinfo=UTC)


class FloatRangeField(RangeField):
    base_field = models.FloatField
    range_type = Range

    def db_type(self, connection):
        return "floatrange"


class Span(models.Model):
    ints = IntegerRangeField(null=True)
    bigs = BigIntegerRangeField(null=True)
    decimals = DecimalRangeField(null=True, default_bounds="(]")
    moments = DateTimeRangeField(null=True, default_bounds="[]")
    days = DateRangeField(null=True)

    class Meta:
        app_label = "spans"


class Point(models.Model):
    number = models.IntegerField(default=5)
    small = models.SmallIntegerField(default=5)
    large = models.BigIntegerField(default=5)
    positive = models.PositiveIntegerField(default=5)
    real = models.FloatField(default=5.5)
    exact = models.DecimalField(max_digits=5, decimal_places=1, default=Decimal("5.5"))
    day = models.DateField(default=NOW.date)
    moment = models.DateTimeField(default=NOW)
    span = IntegerRangeField(default=(0, 6))

    class Meta:
        app_label = "spans"


class FloatSpan(models.Model):
    span = FloatRangeField(null=True)

    class Meta:
        app_label = "spans"


@pytest.fixture
def spans(tables):
    tables(Span)
    Span.objects.bulk_create(
        Span(ints=ints) for ints in ((0, 10), (5, 15), (None, 0), (5, None), Range(empty=True), None)
    )


def found(*conditions, **lookups):
    rows = Span.objects.filter(*conditions, **lookups).order_by("pk")
    return [str(ints) for ints in rows.values_list("ints", flat=True)]


@pytest.mark.feature("PG-016", "PG-017")
def test_ranges_are_held_as_objects_and_given_as_pairs(tables):
    tables(Span)
    given = Span.objects.create(
        ints=Range(1, 4, "[]"), bigs=[2**40, None], decimals=(Decimal("1.5"), Decimal("2.5")), moments=(NOW, NOW + DAY),
        days=(NOW.date(), NOW.date() + DAY),
    )  # fmt: skip
    later = Range(NOW.date(), None, "()")
    Span.objects.bulk_create([Span(ints=(3, 3), decimals=Range(empty=True), days=later), Span()])
    first, second, third = Span.objects.order_by("pk")
    assert first.pk == given.pk
    # Ranges of whole values come back with their first value and without the one behind their last.
    assert first.ints == Range(1, 5) and first.bigs == Range(2**40, None)
    assert first.decimals == Range(Decimal("1.5"), Decimal("2.5"), "(]")
    assert first.moments == Range(NOW, NOW + DAY, "[]")
    assert first.days == Range(NOW.date(), NOW.date() + DAY)
    assert second.ints.isempty and second.decimals.isempty
    assert second.days == Range(NOW.date() + DAY, None)
    assert third.ints is None
    assert [span.pk for span in Span.objects.filter(ints=(1, 5))] == [first.pk]
    assert [span.pk for span in Span.objects.filter(ints__in=[(1, 5), Range(empty=True)]).order_by("pk")] == [
        first.pk, second.pk
    ]  # fmt: skip
    Span.objects.filter(pk=third.pk).update(ints=(7, 9))
    assert Span.objects.get(ints=Range(7, 9)).pk == third.pk
    assert Span(ints=[1, 2]).full_clean(exclude=["bigs", "decimals", "moments", "days"]) is None
    for field in (IntegerRangeField, BigIntegerRangeField, DateRangeField):
        with pytest.raises(ValueError, match="default_bounds"):
            field(default_bounds="[]")
    with pytest.raises(ValueError, match="one of"):
        DecimalRangeField(default_bounds="<>")
    with pytest.raises(ValueError, match="two bounds"):
        Span.objects.filter(ints=(1, 2, 3))
    with pytest.raises(ValidationError, match="two bounds"):
        Span(ints=(1, 2, 3)).full_clean()
    assert DecimalRangeField(default_bounds="()").clone().default_bounds == "()"
    assert IntegerRangeField().deconstruct()[1] == "rowsmith.postgres.fields.IntegerRangeField"


@pytest.mark.feature("PG-018")
def test_ranges_are_compared_with_ranges_and_values(spans):
    a, b, low, high, empty = "[0, 10)", "[5, 15)", "(-inf, 0)", "[5, +inf)", "empty"
    names = {str(span.ints): span.ints for span in Span.objects.exclude(ints=None)}
    a, b, low, high, empty = (str(names[key]) for key in names)
    assert found(ints__contains=7) == [a, b, high]
    assert found(ints__contains=(6, 8)) == [a, b, high]
    assert found(ints__contains=Range(6, 100)) == [high]
    assert found(ints__contained_by=(0, 20)) == [a, b, empty]
    assert found(ints__overlap=(12, 13)) == [b, high]
    assert found(ints__fully_lt=(10, 20)) == [a, low]
    assert found(ints__fully_gt=(-5, 5)) == [b, high]
    assert found(ints__not_lt=(1, 20)) == [b, high]
    assert found(ints__not_gt=(1, 10)) == [a, low]
    assert found(ints__adjacent_to=(15, 20)) == [b]
    assert found(ints__gt=(0, 10)) == [b, high]
    assert found(ints__lt=(0, 10)) == [low, empty]
    assert found(ints__gte=(5, 15)) == [b, high] and found(ints__lte=(0, 10)) == [a, low, empty]
    assert found(ints__startswith=5) == [b, high]
    assert found(ints__startswith__lt=5) == [a]
    assert found(ints__endswith=15) == [b]
    assert found(ints__endswith__isnull=True) == [high, empty, "None"]
    assert found(ints__isempty=True) == [empty]
    assert found(ints__lower_inc=True) == [a, b, high]
    assert found(ints__lower_inf=True) == [low]
    assert found(ints__upper_inc=True) == []
    assert found(ints__upper_inf=True) == [high]
    assert found(ints__contains=F("ints__startswith")) == [a, b, high]
    assert found(ints__overlap=F("ints")) == [a, b, low, high]
    assert found(~Q(ints__contains=7)) == [low, empty, "None"]
    assert found(ints__isnull=True) == ["None"]
    listed = Span.objects.order_by("ints__startswith", "pk").values_list("ints__startswith", "ints__isempty")
    assert list(listed)[:3] == [(0, False), (5, False), (5, False)]


@pytest.mark.feature("PG-018")
def test_ranges_of_moments_hold_moments_and_days(tables):
    tables(Span)
    Span.objects.create(moments=(NOW, NOW + DAY), days=(NOW.date(), NOW.date() + 3 * DAY), decimals=(1, 2))
    assert Span.objects.filter(moments__contains=NOW + DAY).count() == 1
    assert Span.objects.filter(moments__contains=NOW + 2 * DAY).count() == 0
    assert Span.objects.filter(days__contains=NOW.date() + DAY).count() == 1
    assert Span.objects.filter(decimals__contains=Decimal("1.5")).count() == 1
    assert Span.objects.filter(decimals__contains=1).count() == 0
    assert Span.objects.filter(moments__startswith__date=NOW.date(), days__endswith__year=2024).count() == 1


@pytest.mark.feature("PG-019")
def test_single_values_lie_within_ranges(tables):
    tables(Point)
    Point.objects.create()

    def within(**lookups):
        return Point.objects.filter(**lookups).exists()

    for name in ("number", "small", "large", "positive", "real", "exact"):
        assert within(**{f"{name}__contained_by": (1, 6)})
        assert not within(**{f"{name}__contained_by": Range(6, None)})
    assert within(id__contained_by=(1, 2)) and not within(id__contained_by=(2, 9))
    assert within(day__contained_by=(NOW.date(), NOW.date() + DAY))
    assert not within(day__contained_by=Range(NOW.date(), None, "()"))
    assert within(moment__contained_by=Range(NOW, NOW, "[]"))
    assert not within(moment__contained_by=(NOW - DAY, NOW))
    assert within(number__contained_by=F("span"))
    with pytest.raises(TypeError, match="range"):
        within(number__contained_by=3)


@pytest.mark.feature("PG-020")
def test_operators_and_bounds_have_names(tables):
    tables(Point)
    Point.objects.create(number=1, large=3)
    assert (RangeOperators.EQUAL, RangeOperators.OVERLAPS, RangeOperators.ADJACENT_TO) == ("=", "&&", "-|-")
    assert (RangeOperators.NOT_EQUAL, RangeOperators.CONTAINS, RangeOperators.CONTAINED_BY) == ("<>", "@>", "<@")
    assert (RangeOperators.FULLY_LT, RangeOperators.FULLY_GT) == ("<<", ">>")
    assert (RangeOperators.NOT_LT, RangeOperators.NOT_GT) == ("&>", "&<")

    class Int8Range(Func):
        function = "INT8RANGE"
        output_field = BigIntegerRangeField()

    for boundary, upper in ((RangeBoundary(), 3), (RangeBoundary(inclusive_upper=True), 4)):
        row = Point.objects.annotate(made=Int8Range("number", "large", boundary)).get()
        assert row.made == Range(1, upper)
    assert RangeBoundary(False, True).bounds == "(]" and RangeBoundary() == RangeBoundary() != RangeBoundary(False)


@pytest.mark.feature("PG-021")
def test_ranges_of_types_of_ones_own(tables, database):
    with database.cursor() as cursor:
        cursor.execute("DROP TYPE IF EXISTS floatrange CASCADE")
        cursor.execute("CREATE TYPE floatrange AS RANGE (subtype = float8, subtype_diff = float8mi)")
    tables(FloatSpan)
    FloatSpan.objects.bulk_create([FloatSpan(span=(1.5, 2.5)), FloatSpan(span=Range(None, 1e300, "(]")), FloatSpan()])
    FloatSpan.objects.create(span=Range(empty=True))
    assert [row.span for row in FloatSpan.objects.order_by("pk")] == [
        Range(1.5, 2.5), Range(None, 1e300, "(]"), None, Range(empty=True)
    ]  # fmt: skip
    assert FloatSpan.objects.filter(span__contains=2.0).count() == 2
    assert FloatSpan.objects.get(span__startswith__gt=1).span.upper == 2.5
    with database.cursor() as cursor:
        cursor.execute("DROP TABLE spans_floatspan")
        cursor.execute("DROP TYPE floatrange")
    from tests.conftest import _Tables

    _Tables.current._made.pop("spans_floatspan")


@pytest.mark.plain
@pytest.mark.feature("PG-047")
def test_ranges_are_validated_and_written_as_text(database):
    field = Span._meta.get_field("ints")
    shown = field.value_to_string(Span(ints=Range(1, None, "(]")))
    assert json.loads(shown) == {"lower": "1", "upper": None, "bounds": "()"}
    assert field.to_python(shown) == Range(1, None, "()")
    assert field.to_python(field.value_to_string(Span(ints=Range(empty=True)))).isempty
    moments = Span._meta.get_field("moments")
    assert moments.to_python(moments.value_to_string(Span(moments=Range(NOW, None)))) == Range(NOW, None)
    with pytest.raises(ValidationError, match="must not exceed"):
        field.clean(Range(3, 1), None)
    for validator, wrong, right, code in (
        (RangeMaxValueValidator(10), (Range(1, 11), Range(1, None)), Range(1, 10), "max_value"),
        (RangeMinValueValidator(10), (Range(9, 20), Range(None, 20)), Range(10, 11), "min_value"),
    ):
        validator(right)
        for value in wrong:
            with pytest.raises(ValidationError) as caught:
                validator(value)
            assert caught.value.code == code and "10" in caught.value.messages[0]
