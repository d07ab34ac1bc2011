"""Lookups into dates, times and instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from rowsmith import timezone as zones
from rowsmith.models import Count, F, Min
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Event, names


def found(**conditions):
    return names(Event.objects.filter(**conditions).order_by("pk"))


@pytest.mark.feature("Q-050")
def test_the_date_of_an_instant(events):
    assert found(at__date=date(2005, 4, 30)) == ["spring"]
    assert found(at__date="2005-04-30") == ["spring"]
    assert found(at__date__gt=date(2005, 1, 1)) == ["spring", "silvester"]
    assert found(at__date__in=[date(2005, 1, 1), date(2006, 12, 31)]) == ["new year", "silvester"]
    assert found(at__date__year=2006) == ["silvester"]
    assert found(at__date__isnull=True) == ["never"]
    with zones.override("Asia/Tokyo"):
        assert found(at__date=date(2007, 1, 1)) == ["silvester"]
        assert found(at__date=date(2005, 4, 30)) == ["spring"]


@pytest.mark.feature("Q-051")
def test_the_time_of_an_instant(events):
    assert found(at__time=time(9, 30)) == ["spring"]
    assert found(at__time__lt=time(9, 30)) == ["new year"]
    assert found(at__time__range=(time(9), time(23, 59, 59, 999999))) == ["spring", "silvester"]
    assert found(at__time__hour=23) == ["silvester"]
    with zones.override("Asia/Tokyo"):
        assert found(at__time=time(18, 30)) == ["spring"]


@pytest.mark.feature("Q-052")
def test_a_year_is_a_range_that_an_index_can_serve(events):
    with recorded_statements() as seen:
        assert found(day__year=2005) == ["new year", "spring"]
        assert found(at__year=2006) == ["silvester"]
    assert all("BETWEEN" in statement for statement in seen)
    with recorded_statements() as seen:
        assert found(day__year__gt=2005) == ["silvester"]
        assert found(day__year__gte=2005) == ["new year", "spring", "silvester"]
        assert found(at__year__lt=2006) == ["new year", "spring"]
        assert found(at__year__lte=2006) == ["new year", "spring", "silvester"]
    assert not any("EXTRACT" in statement or "date_part" in statement.lower() for statement in seen)
    assert found(day__iso_year=2004) == ["new year"]  # the first of January 2005 is a Saturday
    assert found(day__iso_year__gte=2005) == ["spring", "silvester"]
    assert found(at__iso_year=2006) == ["silvester"]
    assert found(day__year__in=[2006]) == ["silvester"]
    assert found(day__year__isnull=True) == ["never"]
    assert names(Event.objects.exclude(day__year=2005).order_by("pk")) == ["silvester", "never"]


@pytest.mark.feature("Q-053")
def test_parts_of_the_calendar(events):
    for field in ("day", "at"):
        assert found(**{f"{field}__month": 4}) == ["spring"]
        assert found(**{f"{field}__month__gte": 4}) == ["spring", "silvester"]
        assert found(**{f"{field}__day": 31}) == ["silvester"]
        assert found(**{f"{field}__day__in": [1, 30]}) == ["new year", "spring"]
        assert found(**{f"{field}__quarter": 1}) == ["new year"]
        assert found(**{f"{field}__quarter": 4}) == ["silvester"]
        assert found(**{f"{field}__week": 53}) == ["new year"]
        assert found(**{f"{field}__week": 52}) == ["silvester"]
        assert found(**{f"{field}__week__lt": 53}) == ["spring", "silvester"]


@pytest.mark.feature("Q-054")
def test_days_of_the_week(events):
    for field in ("day", "at"):
        assert found(**{f"{field}__week_day": 7}) == ["new year", "spring"]  # Saturdays
        assert found(**{f"{field}__week_day": 1}) == ["silvester"]  # a Sunday
        assert found(**{f"{field}__iso_week_day": 6}) == ["new year", "spring"]
        assert found(**{f"{field}__iso_week_day": 7}) == ["silvester"]


@pytest.mark.feature("Q-055")
def test_parts_of_the_clock(events):
    for field in ("clock", "at"):
        assert found(**{f"{field}__hour": 9}) == ["spring"]
        assert found(**{f"{field}__hour__gte": 9}) == ["spring", "silvester"]
        assert found(**{f"{field}__minute": 59}) == ["silvester"]
        assert found(**{f"{field}__second": 1}) == ["new year"]
        assert found(**{f"{field}__second": 59}) == ["silvester"]


@pytest.mark.feature("Q-056")
def test_parts_are_those_of_the_current_time_zone(events):
    assert found(at__year=2007) == []
    with zones.override("Asia/Tokyo"):  # nine hours ahead
        assert found(at__year=2007) == ["silvester"]
        assert found(at__month=12) == []
        assert found(at__day=1) == ["new year", "silvester"]
        assert found(at__hour=18) == ["spring"]
        assert found(at__iso_week_day=1) == ["silvester"]
        assert found(at__quarter=4) == []
        assert found(at__week=1) == ["silvester"]
        assert found(day__year=2007) == []
    with zones.override("America/New_York"):
        assert found(at__year=2004) == ["new year"]
        assert found(at__date=date(2004, 12, 31)) == ["new year"]
        assert found(at__hour=5) == ["spring"]  # summer time
    assert found(at__hour=9) == ["spring"]


@pytest.mark.feature("Q-060")
def test_dates_and_instants_move_by_durations(events):
    assert found(until=F("at") + timedelta(hours=2)) == ["new year"]
    assert found(until__gt=F("at") + timedelta(hours=1)) == ["new year", "spring"]
    assert found(at=F("until") - timedelta(days=1)) == ["spring"]
    assert found(until=F("at") + F("length")) == ["new year", "spring", "silvester"]
    assert found(length=timedelta(hours=2)) == ["new year"]
    assert found(length__lt=timedelta(hours=2)) == ["silvester"]
    assert found(at__gte=F("day") + timedelta(0)) == ["new year", "spring", "silvester"]
    moved = Event.objects.annotate(later=F("at") + timedelta(days=1, seconds=1, microseconds=5)).get(name="spring")
    assert moved.later == datetime(2005, 5, 1, 9, 30, 1, 5, tzinfo=UTC)
    moved = Event.objects.annotate(earlier=F("day") - timedelta(days=30)).get(name="spring")
    assert moved.earlier == datetime(2005, 3, 31, tzinfo=UTC)
    Event.objects.filter(name="spring").update(at=F("at") - timedelta(hours=1))
    assert Event.objects.get(name="spring").at == datetime(2005, 4, 30, 8, 30, tzinfo=UTC)
    long = Event.objects.annotate(took=F("until") - F("at")).get(name="new year")
    assert long.took == timedelta(hours=2)


@pytest.mark.feature("Q-062")
def test_parts_may_stand_wherever_names_do(events):
    assert found(day__year=F("at__year")) == ["new year", "spring", "silvester"]
    assert names(Event.objects.filter(until__year__gt=F("at__year"))) == ["silvester"]
    assert Event.objects.aggregate(first=Min("day__year")) == {"first": 2005}
    rows = Event.objects.filter(day__isnull=False).values("day__year").annotate(n=Count("pk")).order_by("day__year")
    assert list(rows) == [{"day__year": 2005, "n": 2}, {"day__year": 2006, "n": 1}]
    assert names(Event.objects.filter(day__isnull=False).order_by("-day__month", "pk")) == [
        "silvester",
        "spring",
        "new year",
    ]
    from rowsmith.models import Exists, OuterRef

    same_year = Event.objects.filter(day__year=OuterRef("day__year")).exclude(pk=OuterRef("pk"))
    assert names(Event.objects.filter(Exists(same_year)).order_by("pk")) == ["new year", "spring"]


def test_instants_compare_across_offsets(events):
    berlin = timezone(timedelta(hours=2))
    assert found(at=datetime(2005, 4, 30, 11, 30, tzinfo=berlin)) == ["spring"]
    assert found(at__lt=datetime(2005, 4, 30, 11, 30, 1, tzinfo=berlin)) == ["new year", "spring"]
    assert found(at__in=[datetime(2005, 4, 30, 11, 30, tzinfo=berlin)]) == ["spring"]
    assert found(clock__gt=time(9)) == ["spring", "silvester"]
    assert found(clock="09:30") == ["spring"]


@pytest.mark.parametrize(
    "conditions",
    [
        {"day__year": "soon"},
        {"day__month": "May"},
        {"day": "tomorrow"},
        {"at": "2005-13-01 00:00"},
        {"clock": "25:00"},
        {"length": "long"},
        {"at__date": "nonsense"},
        {"day__year": None},
        {"day__year": 0},
        {"day__year": 10_000},
        {"at__year": 1 << 70},
        {"at__year": float("inf")},
        {"at__year": float("nan")},
        {"at__year": None},
        {"day__nothing": 1},
        {"day__hour": 1},
        {"clock__year": 1},
    ],
    ids=str,
)
def test_what_is_no_date_is_refused_or_found_nowhere(events, conditions):
    from rowsmith.exceptions import FieldError, ValidationError

    try:
        rows = list(Event.objects.filter(**conditions))
    except (ValueError, TypeError, FieldError, ValidationError):
        return
    if None in conditions.values():
        assert names(rows) == ["never"]
    else:
        assert rows == []


def test_years_beyond_the_calendar_compare_as_numbers(events):
    for far in (10_000, 1 << 70):
        assert found(day__year__lt=far) == found(at__year__lte=far) == ["new year", "spring", "silvester"]
        assert found(day__year__gt=far) == found(at__iso_year__gte=far) == []
        assert found(day__year__gt=-far) == ["new year", "spring", "silvester"]
        assert found(day__year=far) == []
        assert names(Event.objects.exclude(day__year=far).order_by("pk"))[:3] == ["new year", "spring", "silvester"]
    assert found(day__iso_year__lte=9999) == ["new year", "spring", "silvester"]
    assert found(day__year=2005) == ["new year", "spring"]
