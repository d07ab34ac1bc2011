"""The current time zone belongs to a context, and datetimes move between zones without surprise."""

from __future__ import annotations

import asyncio
import datetime
import zoneinfo

import pytest

from rowsmith import timezone

ZURICH = zoneinfo.ZoneInfo("Europe/Zurich")


@pytest.mark.feature("CF-016")
def test_override_is_a_block_and_a_decorator():
    assert timezone.get_current_timezone() is timezone.utc
    with timezone.override("Europe/Zurich"):
        assert timezone.get_current_timezone() == ZURICH
        with timezone.override(None):
            assert timezone.get_current_timezone_name() == "UTC"
        assert timezone.get_current_timezone_name() == "Europe/Zurich"

    @timezone.override(ZURICH)
    def inside():
        return timezone.get_current_timezone()

    assert inside() == ZURICH
    assert timezone.get_current_timezone() is timezone.utc


@pytest.mark.feature("CF-016", "CF-017")
def test_each_task_has_a_zone_of_its_own():
    async def task(zone):
        timezone.activate(zone)
        await asyncio.sleep(0)
        return timezone.get_current_timezone_name()

    async def main():
        return await asyncio.gather(task("Europe/Zurich"), task("Asia/Tokyo"))

    assert asyncio.run(main()) == ["Europe/Zurich", "Asia/Tokyo"]
    timezone.activate("Asia/Tokyo")
    timezone.deactivate()
    assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.feature("CF-016")
def test_aware_and_naive():
    naive = datetime.datetime(2024, 7, 1, 12)
    aware = timezone.make_aware(naive, ZURICH)
    assert aware.utcoffset() == datetime.timedelta(hours=2)
    assert timezone.make_naive(aware, timezone.utc) == datetime.datetime(2024, 7, 1, 10)
    assert (timezone.is_aware(aware), timezone.is_naive(naive)) == (True, True)
    assert timezone.localtime(aware, timezone.utc).hour == 10
    assert timezone.localdate(datetime.datetime(2024, 1, 1, 23, 30, tzinfo=datetime.UTC), ZURICH).day == 2
    assert timezone.is_aware(timezone.now())
    for wrong in (
        lambda: timezone.make_aware(aware),
        lambda: timezone.make_naive(naive),
        lambda: timezone.localtime(naive),
    ):
        with pytest.raises(ValueError):
            wrong()


@pytest.mark.feature("CF-016")
def test_zones_are_given_by_name_offset_or_object():
    assert timezone.get_fixed_timezone(-90).tzname(None) == "-0130"
    assert timezone.get_fixed_timezone(datetime.timedelta(hours=5)).utcoffset(None) == datetime.timedelta(hours=5)
    with pytest.raises(ValueError, match="no time zone named 'Mars/Olympus'"):
        timezone.activate("Mars/Olympus")
    with pytest.raises(ValueError, match="not a time zone"):
        timezone.activate(5)
