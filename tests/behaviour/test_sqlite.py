"""What is particular to SQLite."""

from __future__ import annotations

import datetime as dt
import hashlib
import sqlite3
from zoneinfo import ZoneInfo

import pytest

import rowsmith
from rowsmith import models, transaction
from rowsmith.db import connections
from rowsmith.drivers.sqlite import driver
from rowsmith.exceptions import NotSupportedError, OperationalError
from rowsmith.models import Avg, F, StdDev, Sum, Variance
from rowsmith.models.functions import MD5, Collate, Extract, LPad, Power, TruncMonth

feature = pytest.mark.feature
pytestmark = pytest.mark.only("sqlite")


class Kayak(models.Model):
    name = models.CharField(max_length=40)
    nick = models.CharField(max_length=40, null=True)
    length = models.IntegerField(default=0)
    double = models.GeneratedField(expression=F("length") * 2, output_field=models.IntegerField(), db_persist=True)
    launched = models.DateTimeField(null=True)
    day = models.DateField(null=True)
    hour = models.TimeField(null=True)
    facts = models.JSONField(default=dict)


class Paddle(models.Model):
    kayak = models.ForeignKey(Kayak, models.CASCADE, related_name="paddles")


class Buoy(models.Model):
    """Compared without regard to case by its column."""

    name = models.CharField(max_length=20, db_collation="nocase")


@pytest.fixture
def kayaks(tables):
    tables(Kayak, Paddle, Buoy)
    Kayak.objects.create(
        name="Straße ÉTÉ",
        nick="Otter",
        length=5,
        launched=dt.datetime(2024, 3, 31, 0, 30, tzinfo=dt.UTC),
        day=dt.date(2024, 3, 31),
        hour=dt.time(10, 30),
    )
    Kayak.objects.create(name="Plain", length=3)
    return connections["default"]


@feature("SL-001")
@pytest.mark.plain
def test_old_versions_are_refused_and_names_are_paths(tmp_path, monkeypatch, database):
    other = database.copy("other")
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    with pytest.raises(NotSupportedError, match=r"needs SQLite 3\.37\.0"):
        other.fetch("SELECT 1", (), list)
    monkeypatch.undo()
    assert driver._is_in_memory(":memory:") and not driver._is_in_memory(str(tmp_path / "x.db"))
    rowsmith.configure(f"sqlite:///{tmp_path / 'x.db'}")
    connections["default"].fetch("SELECT 1", (), list)
    assert (tmp_path / "x.db").exists()


@feature("SL-005")
def test_like_knows_the_case_of_no_letters_but_ascii(kayaks):
    def found(**condition):
        return Kayak.objects.filter(**condition).count()

    assert found(name__contains="STRA") == found(name__startswith="strA") == found(nick__endswith="OTTER") == 1
    assert found(name__contains="été") == found(name__icontains="été") == found(name__iexact="straße été") == 0
    assert found(name__icontains="ÉTÉ") == found(name__iexact="STRAße ÉTÉ") == 1


@feature("SL-006")
def test_patterns_are_those_of_python(kayaks):
    assert Kayak.objects.filter(name__regex=r"^Stra\w+ (?=É)").count() == 1
    assert Kayak.objects.filter(name__regex=r"^stra").count() == 0
    assert Kayak.objects.filter(name__iregex=r"été$").count() == 1
    assert Kayak.objects.filter(nick__regex=".*").count() == 1
    assert Kayak.objects.exclude(nick__iregex="x").filter(nick=None).count() == 1


@feature("SL-008")
def test_dates_are_text_and_functions_come_from_python(kayaks):
    table = Kayak._meta.db_table
    kinds = f"SELECT typeof(launched), typeof(day), typeof(hour), day, hour FROM {table} WHERE day IS NOT NULL"
    assert kayaks.fetch(kinds, (), list) == [("text", "text", "text", "2024-03-31", "10:30:00")]
    berlin = ZoneInfo("Europe/Berlin")
    row = (
        Kayak.objects.filter(day__year=2024)
        .annotate(
            hour_there=Extract("launched", "hour", tzinfo=berlin),
            month=TruncMonth("launched", tzinfo=berlin),
            power=Power("length", 3),
            hash=MD5("nick"),
            padded=LPad("nick", 7, models.Value("*")),
        )
        .get()
    )
    assert (row.hour_there, row.power, row.padded) == (1, 125, "**Otter")
    assert row.month == dt.datetime(2024, 3, 1, tzinfo=berlin)
    assert row.hash == hashlib.md5(b"Otter").hexdigest()
    assert Kayak.objects.aggregate(d=StdDev("length"), v=Variance("length")) == {"d": 1.0, "v": 1.0}


@feature("SL-009")
@pytest.mark.parametrize("aggregate", [Sum, Avg, StdDev, Variance])
@pytest.mark.parametrize("column", ["launched", "day", "hour"])
def test_dates_are_not_added(kayaks, aggregate, column):
    with pytest.raises(NotSupportedError):
        Kayak.objects.aggregate(x=aggregate(column))


@feature("SL-010")
def test_locks_of_rows_are_ignored(kayaks):
    assert Kayak.objects.select_for_update().count() == 2
    assert len(Kayak.objects.select_for_update()) == 2
    with transaction.atomic():
        assert Kayak.objects.select_for_update().get(nick="Otter").length == 5


@feature("SL-011")
@pytest.mark.parametrize("lookup", ["contains", "contained_by"])
def test_documents_are_not_compared_by_what_they_contain(kayaks, lookup):
    with pytest.raises(NotSupportedError):
        list(Kayak.objects.filter(**{f"facts__{lookup}": {"a": 1}}))


@feature("SL-017")
def test_there_are_never_too_many_parameters(kayaks):
    number = 40_000  # SQLite takes 32,766
    Kayak.objects.bulk_create([Kayak(name=str(n)) for n in range(number)])
    assert Kayak.objects.count() == number + 2
    keys = list(Kayak.objects.values_list("pk", flat=True))
    assert Kayak.objects.filter(pk__in=keys).count() == number + 2
    rows = list(Kayak.objects.filter(length=0).only("length"))
    for row in rows:
        row.length = row.pk
    assert Kayak.objects.bulk_update(rows, ["length"]) == number
    assert not Kayak.objects.filter(length=0).exists()
    Paddle.objects.bulk_create([Paddle(kayak_id=key) for key in keys[:1000]])
    loaded = list(Kayak.objects.prefetch_related("paddles"))
    assert sum(len(row.paddles.all()) for row in loaded) == 1000


@feature("SL-018")
def test_a_stream_may_see_what_is_written_meanwhile(kayaks):
    seen = []
    with transaction.atomic():
        for row in Kayak.objects.order_by("pk").iterator(chunk_size=1):
            seen.append(row.pk)
            if len(seen) < 5:
                Kayak.objects.create(name="written meanwhile")
    # Neither an error nor a promise: all that was there before is seen, and what came later may be.
    assert set(Kayak.objects.exclude(name="written meanwhile").values_list("pk", flat=True)) <= set(seen)


@feature("SL-019")
def test_what_is_refused_or_ignored(kayaks):
    with pytest.raises(NotSupportedError):
        list(Kayak.objects.order_by("name").distinct("name"))

    class Plain(models.Model):
        name = models.CharField(max_length=20, db_comment="ignored")

        class Meta:
            db_tablespace = "ignored"
            db_table_comment = "ignored"
            indexes = [
                models.Index(fields=["name"], name="plain_include", include=["id"]),
                models.Index(fields=["name"], name="plain_opclass", opclasses=["varchar_pattern_ops"]),
            ]
            constraints = [
                models.UniqueConstraint(fields=["name"], name="plain_late", deferrable=models.Deferrable.DEFERRED)
            ]

    rowsmith.create_tables(Plain)
    try:
        text = str(kayaks.fetch(f"SELECT sql FROM sqlite_master WHERE tbl_name = '{Plain._meta.db_table}'", (), list))
        for word in ("ignored", "INCLUDE", "varchar_pattern_ops", "DEFERRABLE", "plain_late"):
            assert word not in text
    finally:
        rowsmith.drop_tables(Plain)


@feature("SL-020")
def test_what_the_database_computes_comes_back(kayaks):
    row = Kayak.objects.create(name="new", length=4)
    assert (row.pk is not None, row.double) == (True, 8)
    row.length = F("length") + 1
    row.save()
    assert (row.length, row.double) == (5, 10)
    made = Kayak.objects.bulk_create([Kayak(name="a", length=1), Kayak(name="b", length=2)])
    assert [one.double for one in made] == [2, 4] and None not in {one.pk for one in made}


@feature("SL-022")
def test_collations_are_those_of_the_column(kayaks):
    Buoy.objects.create(name="Red")
    assert Buoy.objects.filter(name="RED").exists()

    with pytest.raises(OperationalError, match="no_such_order"):
        list(Buoy.objects.order_by(Collate("name", "no_such_order")))


@feature("SL-023")
def test_plans_are_explained_without_a_format(kayaks):
    assert "SCAN" in Kayak.objects.filter(length=1).explain()
    with pytest.raises(ValueError):
        Kayak.objects.explain(format="json")
