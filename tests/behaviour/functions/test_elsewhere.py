"""Functions in indexes, constraints and defaults, without time zones, and as the base of the user's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import rowsmith
from rowsmith import config, models, timezone
from rowsmith.db import connections
from rowsmith.exceptions import IntegrityError, ValidationError
from rowsmith.models import CharField, Count, F, Q, Value
from rowsmith.models.functions import (
    MD5,
    Abs,
    Cast,
    Coalesce,
    Concat,
    Extract,
    ExtractHour,
    ExtractYear,
    Left,
    Length,
    Lower,
    Mod,
    Now,
    Pi,
    Round,
    TruncDay,
    TruncHour,
    TruncMonth,
    Upper,
)
from rowsmith.query.shape import cache
from tests.behaviour.functions.conftest import Sample


class Indexed(models.Model):
    name = models.CharField(max_length=20)
    number = models.IntegerField(default=1)
    day = models.DateField(null=True)
    real = models.FloatField(db_default=Pi())
    word = models.CharField(max_length=20, db_default=Concat(Lower(Value("AB")), Value("%'")))
    made = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "functions"
        indexes = [
            models.Index(Lower("name"), Length("name").desc(), name="indexed_words"),
            models.Index(Abs("number"), Mod("number", 3), Round("real", 2), name="indexed_numbers"),
            models.Index(ExtractYear("day"), TruncMonth("day"), name="indexed_days"),
            models.Index(Coalesce("number", 0), Left("name", 2), MD5("name"), name="indexed_rest"),
            models.Index(Concat("name", Value("x")), Cast("number", CharField(max_length=5)), name="indexed_texts"),
        ]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="indexed_unique"),
            models.CheckConstraint(condition=Q(number__gte=Abs(Value(-1))), name="indexed_check"),
        ]


@pytest.mark.feature("FN-001")
def test_functions_in_indexes_constraints_and_defaults(tables):
    tables(Indexed)
    made = Indexed.objects.get(pk=Indexed.objects.create(name="Sea").pk)
    assert (round(made.real, 3), made.word) == (3.142, "ab%'")
    assert abs(made.made - datetime.now(UTC)) < timedelta(minutes=5)
    with pytest.raises(IntegrityError):
        Indexed.objects.create(name="SEA")
    with pytest.raises(IntegrityError):
        Indexed.objects.create(name="Hill", number=0)
    with pytest.raises(ValidationError):
        Indexed(name="sEA", number=1).validate_constraints()


def test_times_without_zones(database, sample, tmp_path):
    settings = connections.settings["default"]
    rowsmith.configure({"default": settings}, use_tz=False, time_zone="Pacific/Kiritimati")
    try:
        at = datetime(2015, 6, 15, 23, 30, 1)
        made = Sample.objects.create(name="naive", at=at)
        row = Sample.objects.filter(pk=made.pk).annotate(
            day_=TruncDay("at"), hour=TruncHour("at"), h=ExtractHour("at"), now=Now()
        )
        found = row.get()
        assert (found.at, found.day_, found.hour, found.h) == (
            at,
            datetime(2015, 6, 15),
            at.replace(minute=0, second=0),
            23,
        )
        assert row.filter(day_=datetime(2015, 6, 15), at__hour=23, at__day=15).count() == 1
        assert abs(found.now - timezone.now()) < timedelta(minutes=5)
        Sample.objects.filter(pk=made.pk).update(at=timezone.now())
        assert Sample.objects.filter(
            pk=made.pk, at__gt=Now() - timedelta(minutes=5), at__lt=Now() + timedelta(minutes=5)
        ).exists()
    finally:
        config.install(None)


class Shout(Upper):
    """In capitals, with an exclamation mark."""

    def as_sql(self, compiler, connection, **extra):
        return super().as_sql(compiler, connection, template="(UPPER(%(expressions)s) || '!')", **extra)


class Decade(Extract):
    """The decade that a year lies in."""

    lookup_name = "year"

    def as_sql(self, compiler, connection, **extra):
        text, parameters = compiler.compile(ExtractYear(self.lhs))
        return f"({text} / 10)", parameters


def test_classes_derived_from_functions(sample):
    shouted = Sample.objects.annotate(found=Shout("name"))
    assert shouted.get(pk=sample.pk).found == "SEA WOLF!"
    assert shouted.filter(found="SEA WOLF!").count() == 1
    assert Sample.objects.annotate(found=Decade("at")).get(pk=sample.pk).found == 201
    groups = Sample.objects.annotate(found=Shout("name")).values("found").annotate(n=Count("pk"))
    assert {row["found"]: row["n"] for row in groups} == {"SEA WOLF!": 1, None: 1}


def test_a_spelling_attached_to_a_function(sample, database):
    def spelled(self, compiler, connection, **extra):
        return self.as_sql(compiler, connection, template="LOWER(REPLACE(%(expressions)s, ' ', '_'))", **extra)

    name = f"as_{database.vendor}"
    setattr(Lower, name, spelled)
    try:
        assert Sample.objects.annotate(found=Lower("name")).get(pk=sample.pk).found == "sea_wolf"
    finally:
        delattr(Lower, name)
    assert Sample.objects.annotate(found=Lower("name")).get(pk=sample.pk).found == "sea wolf"


def test_expressions_are_equal_when_built_alike():
    assert Left("name", 2) == Left("name", 2) != Left("name", 3)
    assert Round("real", 1) != Round("real", 2) and hash(Round("real", 1)) == hash(Round("real", 1))
    assert ExtractYear("at", tzinfo=UTC) != ExtractYear("at") and TruncDay("at") != TruncHour("at")
    assert Lower(F("name")) == Lower("name") != Upper("name")


def test_the_value_of_one_call_is_not_that_of_another(sample):
    def ask(number, word):
        rows = Sample.objects.annotate(found=Concat(Left("name", number), Value(word)), low=Round("real", 1))
        return list(rows.filter(whole__lt=number).values_list("found", flat=True))

    assert ask(3, "!") == ["Sea!"]
    planned = cache.info().planned
    assert ask(1, "?") == ["S?"]
    assert cache.info().planned == planned
    assert list(Sample.objects.filter(pk=sample.pk).values_list(Round("real", 0), flat=True)) == [3.0]
