"""Parts of moments, starts of periods, and the time of the database."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from rowsmith import timezone as zones
from rowsmith.exceptions import FieldError
from rowsmith.models import CharField, Count, DateField, DateTimeField, F, IntegerField, TimeField
from rowsmith.models.functions import (
    Extract,
    ExtractDay,
    ExtractHour,
    ExtractIsoWeekDay,
    ExtractIsoYear,
    ExtractMinute,
    ExtractMonth,
    ExtractQuarter,
    ExtractSecond,
    ExtractWeek,
    ExtractWeekDay,
    ExtractYear,
    Now,
    Trunc,
    TruncDate,
    TruncDay,
    TruncHour,
    TruncMinute,
    TruncMonth,
    TruncQuarter,
    TruncSecond,
    TruncTime,
    TruncWeek,
    TruncYear,
)
from tests.behaviour.functions.conftest import Sample

MELBOURNE = ZoneInfo("Australia/Melbourne")
NEW_YORK = ZoneInfo("America/New_York")
INDIA = timezone(timedelta(hours=5, minutes=30))
PARTS = {
    "year": (ExtractYear, 2015, 2015),
    "iso_year": (ExtractIsoYear, 2015, 2015),
    "quarter": (ExtractQuarter, 2, 2),
    "month": (ExtractMonth, 6, 6),
    "week": (ExtractWeek, 25, 25),
    "day": (ExtractDay, 15, 16),
    "week_day": (ExtractWeekDay, 2, 3),
    "iso_week_day": (ExtractIsoWeekDay, 1, 2),
    "hour": (ExtractHour, 23, 9),
    "minute": (ExtractMinute, 30, 30),
    "second": (ExtractSecond, 1, 1),
}
"""Each part of 2015-06-15 23:30:01 UTC, and of the same instant in Melbourne."""
OF_TIMES = ("hour", "minute", "second")


@pytest.mark.feature("FN-009", "FN-010", "FN-012")
@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_a_moment(value_of, sample, part):
    function, in_utc, in_melbourne = PARTS[part]
    assert value_of(Extract("at", part)) == value_of(function("at")) == in_utc
    assert value_of(function("at", tzinfo=MELBOURNE)) == in_melbourne
    assert type(value_of(function("at"))) is int
    assert Sample.objects.get(**{f"at__{part}": in_utc}) == sample
    assert list(Sample.objects.order_by("pk").values_list(f"at__{part}", flat=True)) == [in_utc, None]
    assert Sample.objects.annotate(found=function("at")).filter(found__gte=in_utc).get() == sample
    fitting, other = ("clock", "day") if part in OF_TIMES else ("day", "clock")
    assert value_of(function(fitting)) == in_utc
    assert Sample.objects.get(**{f"{fitting}__{part}": in_utc}) == sample
    with pytest.raises(ValueError, match=f"has no {part}"):
        list(Sample.objects.annotate(found=function(other)))
    with pytest.raises(FieldError):
        Sample.objects.filter(**{f"{other}__{part}": 1})


@pytest.mark.feature("FN-008")
def test_what_extract_refuses(sample):
    with pytest.raises(ValueError, match="lookup_name must be provided"):
        Extract("at")
    for part in ("foo", "year' FROM x); --", "YEAR", "epoch", ""):
        with pytest.raises(ValueError, match="no part"):
            Extract("at", part)
    with pytest.raises(ValueError, match="Extract input expression must be"):
        list(Sample.objects.annotate(found=Extract("whole", "year")))
    with pytest.raises(ValueError, match="tzinfo can only be used with"):
        list(Sample.objects.annotate(found=ExtractDay("day", tzinfo=MELBOURNE)))
    with pytest.raises(ValueError, match="tzinfo must be"):
        ExtractDay("at", tzinfo="Australia/Melbourne")
    found = Sample.objects.annotate(found=Extract("at", "year")).order_by("pk").values_list("found", flat=True)
    assert list(found) == [2015, None]


@pytest.mark.feature("FN-011")
def test_parts_of_a_duration(sample, database):
    rows = Sample.objects.annotate(d=Extract("length", "day"), h=ExtractHour("length"))
    if database.vendor == "sqlite":
        with pytest.raises(ValueError, match="type for durations"):
            list(rows)
    else:
        assert list(rows.order_by("pk").values_list("d", "h")) == [(2, 3), (None, None)]
        with pytest.raises(ValueError, match="has no year"):
            list(Sample.objects.annotate(found=ExtractYear("length")))


@pytest.mark.feature("FN-013")
def test_a_given_zone_goes_before_the_current_one(value_of):
    assert value_of(ExtractHour("at")) == 23
    with zones.override(MELBOURNE):
        assert value_of(ExtractHour("at")) == 9 and value_of(ExtractDay("at")) == 16
        assert value_of(ExtractHour("at", tzinfo=NEW_YORK)) == 19
        assert value_of(TruncDay("at")) == datetime(2015, 6, 16, tzinfo=MELBOURNE)
        assert value_of(TruncDay("at", tzinfo=NEW_YORK)) == datetime(2015, 6, 15, tzinfo=NEW_YORK)
        assert value_of(TruncDate("at")) == date(2015, 6, 16)
    assert value_of(ExtractHour("at", tzinfo=INDIA)) == 5
    assert value_of(ExtractHour("at", tzinfo=timezone(-timedelta(hours=5, minutes=30)))) == 18
    assert value_of(TruncDay("at", tzinfo=INDIA)) == datetime(2015, 6, 16, tzinfo=INDIA)


@pytest.mark.feature("FN-014")
def test_the_time_of_the_database(sample, database):
    def now():
        return Sample.objects.annotate(now=Now()).first().now

    first, second = now(), now()
    assert abs(first - datetime.now(UTC)) < timedelta(minutes=5) and first.utcoffset() == timedelta(0)
    assert first <= second
    if database.vendor == "sqlite":
        assert first.microsecond % 1000 == 0
    assert Sample.objects.filter(at__lt=Now()).get() == sample
    assert Sample.objects.filter(at__gt=Now() - timedelta(days=1)).count() == 0
    Sample.objects.filter(pk=sample.pk).update(at=Now())
    assert Sample.objects.filter(at__gt=Now() - timedelta(days=1)).count() == 1
    if database.vendor == "postgresql":
        assert "STATEMENT_TIMESTAMP" in str(Sample.objects.annotate(now=Now()).query)


STARTS = {
    "year": (TruncYear, (2015, 1, 1), None),
    "quarter": (TruncQuarter, (2015, 4, 1), None),
    "month": (TruncMonth, (2015, 6, 1), None),
    "week": (TruncWeek, (2015, 6, 15), None),
    "day": (TruncDay, (2015, 6, 15), None),
    "hour": (TruncHour, (2015, 6, 15, 23), (23, 0, 0)),
    "minute": (TruncMinute, (2015, 6, 15, 23, 30), (23, 30, 0)),
    "second": (TruncSecond, (2015, 6, 15, 23, 30, 1), (23, 30, 1)),
}


@pytest.mark.feature("FN-015", "FN-016")
@pytest.mark.parametrize("kind", STARTS)
def test_the_start_of_every_period(value_of, sample, kind):
    function, start, clock = STARTS[kind]
    instant = datetime(*start, tzinfo=UTC)
    assert value_of(Trunc("at", kind)) == value_of(function("at")) == instant
    if clock is None:
        assert value_of(Trunc("day", kind)) == value_of(function("day")) == date(*start)
        assert value_of(function("at", output_field=DateField())) == date(*start)
    else:
        assert value_of(Trunc("clock", kind)) == value_of(function("clock")) == time(*clock)
        assert value_of(function("at", output_field=TimeField())) == time(*clock)
    assert Sample.objects.annotate(start=function("at")).get(start=instant) == sample
    assert Sample.objects.filter(at__gt=function("at")).get() == sample
    with pytest.raises(ValueError, match="'kind' must be one of"):
        Trunc("at", f"{kind}'")


@pytest.mark.feature("FN-017")
@pytest.mark.parametrize(
    "expression",
    [
        Trunc("day", "hour"),
        TruncSecond("day"),
        Trunc("clock", "year"),
        TruncWeek("clock"),
        TruncDay("day", output_field=DateTimeField()),
        TruncHour("clock", output_field=DateTimeField()),
        TruncDay("day", output_field=TimeField()),
        TruncHour("at", output_field=DateField()),
        TruncDay("at", output_field=TimeField()),
        TruncDay("at", output_field=IntegerField()),
        TruncDate("at", output_field=CharField()),
        TruncDate("clock"),
        TruncTime("day"),
        TruncDay("day", tzinfo=MELBOURNE),
    ],
    ids=repr,
)
def test_what_cannot_be_truncated(sample, expression):
    with pytest.raises(ValueError, match="cannot truncate|output_field must be|tzinfo can only"):
        list(Sample.objects.annotate(found=expression))
    with pytest.raises(TypeError, match="cannot be truncated"):
        list(Sample.objects.annotate(found=TruncDay("whole")))


@pytest.mark.feature("FN-018")
def test_the_day_and_the_time_of_an_instant(value_of, sample):
    assert value_of(TruncDate("at")) == date(2015, 6, 15)
    assert value_of(TruncDate("at", tzinfo=MELBOURNE)) == date(2015, 6, 16)
    assert value_of(TruncTime("at")) == time(23, 30, 1, 321)
    assert value_of(TruncTime("at", tzinfo=MELBOURNE)) == time(9, 30, 1, 321)
    assert Sample.objects.get(at__date=date(2015, 6, 15)) == sample
    assert Sample.objects.get(at__time=time(23, 30, 1, 321)) == sample
    assert Sample.objects.filter(day=TruncDate("at")).get() == sample
    for kind in ("year", "month", "hour"):
        assert not isinstance(Sample._meta.get_field("at").get_transform(f"trunc{kind}"), type)
    assert list(Sample.objects.order_by("pk").values_list("at__date", flat=True)) == [date(2015, 6, 15), None]


@pytest.mark.feature("FN-019")
def test_instants_carry_their_zone_and_its_offset_on_that_day(sample):
    Sample.objects.all().delete()
    for month in (1, 7):
        Sample.objects.create(at=datetime(2016, month, 20, 12, tzinfo=UTC))
    found = Sample.objects.order_by("at").values_list(TruncMonth("at", tzinfo=NEW_YORK), flat=True)
    assert [(day, day.utcoffset()) for day in found] == [
        (datetime(2016, 1, 1, tzinfo=NEW_YORK), timedelta(hours=-5)),
        (datetime(2016, 7, 1, tzinfo=NEW_YORK), timedelta(hours=-4)),
    ]
    assert all(day.tzinfo is NEW_YORK for day in found)
    # The start of this day lies before the clocks were changed, the moment itself after.
    Sample.objects.create(at=datetime(2015, 11, 1, 20, tzinfo=UTC))
    day = Sample.objects.filter(at__year=2015).values_list(TruncDay("at", tzinfo=NEW_YORK), flat=True).get()
    assert (day, day.utcoffset()) == (datetime(2015, 11, 1, tzinfo=NEW_YORK), timedelta(hours=-4))


def test_an_hour_that_clocks_show_twice_is_two_hours(sample):
    Sample.objects.all().delete()
    for hour in (5, 6):
        Sample.objects.create(at=datetime(2015, 11, 1, hour, 30, tzinfo=UTC))
    found = list(Sample.objects.order_by("at").values_list(TruncHour("at", tzinfo=NEW_YORK), flat=True))
    assert [(hour.hour, hour.utcoffset()) for hour in found] == [(1, timedelta(hours=-4)), (1, timedelta(hours=-5))]
    assert Sample.objects.annotate(h=TruncHour("at", tzinfo=NEW_YORK)).values("h").annotate(n=Count("pk")).count() == 2


def test_a_truncated_instant_is_compared_and_taken_apart_as_one(sample):
    rows = Sample.objects.annotate(start=TruncDay("at", tzinfo=MELBOURNE))
    assert rows.get(start=datetime(2015, 6, 16, tzinfo=MELBOURNE)) == sample
    assert rows.get(start=datetime(2015, 6, 15, 14, tzinfo=UTC)) == sample
    assert not rows.filter(start=datetime(2015, 6, 16, tzinfo=UTC)).exists()
    assert rows.filter(start__lt=F("at")).get() == sample
    assert rows.annotate(h=ExtractHour("start")).get(pk=sample.pk).h == 14
    assert rows.filter(start__year=2015, start__date=date(2015, 6, 15)).get() == sample


@pytest.mark.feature("FN-020")
def test_one_row_a_month(sample):
    for day in (1, 30):
        Sample.objects.create(at=datetime(2015, 6, day, tzinfo=UTC))
    Sample.objects.create(at=datetime(2015, 8, 1, tzinfo=UTC))
    months = (
        Sample.objects.exclude(at=None).annotate(m=TruncMonth("at")).values("m").annotate(c=Count("id")).order_by("m")
    )
    assert list(months) == [
        {"m": datetime(2015, 6, 1, tzinfo=UTC), "c": 3},
        {"m": datetime(2015, 8, 1, tzinfo=UTC), "c": 1},
    ]
    assert [row["m"].month for row in months.values("m", "c")] == [6, 8]


def test_a_zone_that_a_database_does_not_know_by_name(sample):
    class Fixed(tzinfo):
        def utcoffset(self, moment):
            return timedelta(hours=2)

        def tzname(self, moment):
            return "+02:00"

        def dst(self, moment):
            return None

    found = Sample.objects.filter(pk=sample.pk).values_list(ExtractHour("at", tzinfo=Fixed()), flat=True)
    assert list(found) == [1]


@pytest.mark.feature("Q-168")
def test_distinct_days(sample):
    Sample.objects.create(day=date(2015, 6, 20), at=datetime(2016, 2, 3, 4, tzinfo=UTC))
    Sample.objects.create(day=date(2014, 12, 31))
    assert list(Sample.objects.dates("day", "year")) == [date(2014, 1, 1), date(2015, 1, 1)]
    assert list(Sample.objects.dates("day", "month", order="DESC")) == [date(2015, 6, 1), date(2014, 12, 1)]
    assert list(Sample.objects.dates("day", "week")) == [date(2014, 12, 29), date(2015, 6, 15)]
    assert list(Sample.objects.filter(day__year=2015).dates("day", "day")) == [date(2015, 6, 15), date(2015, 6, 20)]
    assert list(Sample.objects.dates("at", "month")) == [date(2015, 6, 1), date(2016, 2, 1)]
    for wrong in (("day", "hour"), ("day", "quarter"), ("day", "month", "UP"), ("clock", "month")):
        with pytest.raises(ValueError):
            list(Sample.objects.dates(*wrong))
    with pytest.raises(TypeError):
        list(Sample.objects.dates("whole", "year"))
    with pytest.raises(FieldError):
        Sample.objects.dates("nothing", "year")


@pytest.mark.feature("Q-169")
def test_distinct_instants(sample):
    Sample.objects.create(at=datetime(2015, 6, 15, 23, 45, tzinfo=UTC))
    utc = datetime(2015, 6, 15, 23, tzinfo=UTC)
    assert list(Sample.objects.datetimes("at", "hour")) == [utc]
    assert list(Sample.objects.datetimes("at", "minute", order="DESC")) == [
        utc.replace(minute=45),
        utc.replace(minute=30),
    ]
    assert list(Sample.objects.datetimes("at", "second"))[0] == utc.replace(minute=30, second=1)
    assert list(Sample.objects.datetimes("at", "week")) == [datetime(2015, 6, 15, tzinfo=UTC)]
    [day] = Sample.objects.datetimes("at", "day", tzinfo=MELBOURNE)
    assert day == datetime(2015, 6, 16, tzinfo=MELBOURNE) and day.tzinfo is MELBOURNE
    with zones.override(MELBOURNE):
        assert list(Sample.objects.datetimes("at", "day")) == [day]
    for wrong in (("at", "foo"), ("at", "month", "UP"), ("day", "month")):
        with pytest.raises(ValueError):
            list(Sample.objects.datetimes(*wrong))
