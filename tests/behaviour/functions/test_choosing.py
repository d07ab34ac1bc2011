"""Conversion, comparison, JSON and keys."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from rowsmith import models
from rowsmith.exceptions import FieldError, NotSupportedError
from rowsmith.models import (
    BooleanField,
    CharField,
    Count,
    DateField,
    DateTimeField,
    DecimalField,
    F,
    FloatField,
    IntegerField,
    JSONField,
    Max,
    TextField,
    TimeField,
    UUIDField,
    Value,
)
from rowsmith.models.functions import (
    UUID4,
    UUID7,
    Cast,
    Coalesce,
    Collate,
    Greatest,
    JSONArray,
    JSONObject,
    Least,
    Length,
    Lower,
    Now,
    NullIf,
    Upper,
)
from tests.behaviour.functions.conftest import Sample


class Named(models.Model):
    name = models.CharField(max_length=20)
    made = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "functions"
        indexes = [models.Index(Lower("name"), name="lower_name")]


@pytest.mark.feature("FN-001")
def test_functions_stand_wherever_an_expression_may(sample, tables):
    rows = Sample.objects.annotate(low=Lower("name"))
    assert rows.filter(low="sea wolf").get() == sample
    assert Sample.objects.filter(name=Upper(Value("x"))).count() == 0
    assert Sample.objects.order_by(Length("name").desc(nulls_last=True)).first() == sample
    assert Sample.objects.aggregate(n=Max(Length("name"))) == {"n": 8}
    assert rows.values("low").annotate(n=Count("pk")).order_by("low").count() == 2
    Sample.objects.update(note=Upper("name"))
    assert Sample.objects.get(pk=sample.pk).note == "SEA WOLF"
    tables(Named)
    before = datetime.now(UTC) - timedelta(minutes=5)
    made = Named.objects.create(name="X")
    assert before < Named.objects.get(pk=made.pk).made < before + timedelta(minutes=10)


@pytest.mark.feature("FN-002")
@pytest.mark.parametrize(
    "expression, field, expected",
    [
        ("whole", CharField(), "-7"),
        ("whole", TextField(), "-7"),
        ("whole", FloatField(), -7.0),
        ("real", DecimalField(max_digits=6, decimal_places=2), Decimal("2.50")),
        ("large", CharField(max_length=4), "1099"),
        ("day", DateTimeField(), datetime(2015, 6, 15, tzinfo=UTC)),
        ("at", DateField(), date(2015, 6, 15)),
        ("at", TimeField(), time(23, 30, 1, 321)),
        ("whole", BooleanField(), True),
        ("flag", IntegerField(), 1),
        ("key", CharField(), None),
        ("data", TextField(), '{"a": [1, 2]}'),
    ],
)
def test_casts(value_of, expression, field, expected):
    found = value_of(Cast(expression, field))
    assert expected is None or (found == expected and type(found) is type(expected))


@pytest.mark.feature("FN-002")
def test_casts_of_texts(sample):
    def cast(text, field):
        return Sample.objects.annotate(found=Cast(Value(text), field)).filter(found=F("found")).first().found

    assert cast("42", IntegerField()) == 42
    assert cast("3.14159", DecimalField(max_digits=4, decimal_places=2)) == Decimal("3.14")
    assert cast("3.25", FloatField()) == 3.25
    assert cast("2015-06-15", DateField()) == date(2015, 6, 15)
    assert cast("2015-06-15 10:20:30.5", DateTimeField()) == datetime(2015, 6, 15, 10, 20, 30, 500000, tzinfo=UTC)
    assert cast("10:20:30", TimeField()) == time(10, 20, 30)
    assert cast('{"a": 1}', JSONField()) == {"a": 1}
    key = "12345678-1234-5678-1234-567812345678"
    assert cast(key, UUIDField()) == uuid.UUID(key)
    assert Sample.objects.filter(at__gt=Cast("day", DateTimeField())).get() == sample
    assert (
        Sample.objects.annotate(number=Cast(Value("12.5"), DecimalField(max_digits=8, decimal_places=2)))
        .filter(exact=F("number"))
        .exists()
    )


@pytest.mark.feature("FN-003")
def test_coalesce_is_the_first_that_is_not_null(value_of, sample):
    assert value_of(Coalesce("name", Value("none")), empty="none") == "Sea Wolf"
    assert value_of(Coalesce("note", Value("none")), empty="none") == "deep"
    assert value_of(Coalesce(None, "whole")) == -7
    assert value_of(Coalesce("whole", None)) == -7
    assert value_of(Coalesce("exact", Decimal("0.5")), empty=Decimal("0.5")) == Decimal("12.50")
    assert (
        value_of(Coalesce("at", datetime(2000, 1, 1, tzinfo=UTC)), empty=datetime(2000, 1, 1, tzinfo=UTC)) == sample.at
    )
    assert value_of(Coalesce("whole", "large")) == -7
    Sample.objects.filter(pk=sample.pk).update(name="")
    assert value_of(Coalesce("name", Value("none")), empty="none") == ""
    assert Sample.objects.filter(exact__gt=Coalesce("exact", Decimal("99")) - 1).count() == 1
    with pytest.raises(ValueError, match="at least two"):
        Coalesce("name")
    with pytest.raises(FieldError):
        list(Sample.objects.annotate(found=Coalesce("exact", 0)))
    assert value_of(Coalesce("exact", 0, output_field=DecimalField(max_digits=8, decimal_places=2)), empty=0) == 12.5


@pytest.mark.feature("FN-005")
def test_collations(sample, database):
    Sample.objects.filter(pk=sample.pk).update(name="b")
    for name in ("A", "B", "a"):
        Sample.objects.create(name=name)
    named = Sample.objects.exclude(name=None)
    if database.vendor == "sqlite":
        assert named.filter(name=Collate(Value("B"), "nocase")).count() == 2
        assert list(named.order_by(Collate("name", "nocase"), "pk").values_list("name", flat=True)) == [
            "A",
            "a",
            "b",
            "B",
        ]
    else:
        assert named.filter(name=Collate(Value("B"), "C")).count() == 1
        assert list(named.order_by(Collate("name", "C")).values_list("name", flat=True)) == ["A", "B", "a", "b"]
    for name in ("a b", 'x"', "x;", "", "x'--", None):
        with pytest.raises(ValueError, match="Invalid collation name"):
            Collate("name", name)


@pytest.mark.feature("FN-006")
def test_the_largest_and_the_smallest(sample, database):
    both = Sample.objects.annotate(top=Greatest("whole", 5), low=Least("whole", "large", -2))
    assert list(both.order_by("pk").values_list("top", "low"))[0] == (5, -7)
    ignored = database.vendor == "postgresql"
    assert list(both.order_by("pk").values_list("top", "low"))[1] == ((5, -2) if ignored else (None, None))
    assert both.filter(exact=Least("exact", Decimal("99"))).get() == sample
    assert both.filter(at=Greatest("at", Value(datetime(2000, 1, 1, tzinfo=UTC)))).get() == sample
    for function in (Greatest, Least):
        with pytest.raises(ValueError, match="at least two"):
            function("whole")


@pytest.mark.feature("FN-007")
def test_null_where_two_are_equal(value_of):
    assert value_of(NullIf("whole", -7)) is None
    assert value_of(NullIf("whole", 5)) == -7
    assert value_of(NullIf("name", Value("x"))) == "Sea Wolf"
    assert value_of(NullIf("exact", Decimal("12.5"))) is None
    with pytest.raises(TypeError, match="exactly 2 arguments"):
        NullIf("whole")


@pytest.mark.feature("FN-021")
def test_json_documents(value_of, sample):
    empty = {"n": None, "t": None, "b": None, "d": None, "j": None, "in": {"x": None}, "c": 1}
    found = value_of(
        JSONObject(
            n="whole", t="name", b="flag", d="exact", j="data", c=Value(1), **{"in": JSONObject(x=F("whole") * 2)}
        ),
        empty=empty,
    )
    assert found == {"n": -7, "t": "Sea Wolf", "b": True, "d": 12.5, "j": {"a": [1, 2]}, "in": {"x": -14}, "c": 1}
    assert value_of(JSONObject(), empty={}) == {}
    assert value_of(JSONArray("whole", Lower("name"), JSONArray("flag")), empty=[None, None, [None]]) == [
        -7,
        "sea wolf",
        [True],
    ]
    assert value_of(JSONArray(), empty=[]) == []
    hostile = "\"'; DROP TABLE x --%s\\"
    assert value_of(JSONObject(**{hostile: Value(hostile)}), empty={hostile: hostile}) == {hostile: hostile}


@pytest.mark.feature("FN-036")
def test_keys_made_by_the_database(sample, database):
    found = [row.found for row in Sample.objects.annotate(found=UUID4())]
    assert all(isinstance(key, uuid.UUID) and key.version == 4 for key in found) and len(set(found)) == 2
    Sample.objects.update(key=UUID4())
    assert Sample.objects.values("key").distinct().count() == 2
    assert all(row.found.version == 7 for row in Sample.objects.annotate(found=UUID7()))


@pytest.mark.feature("FN-037")
def test_keys_of_another_time(sample, database):
    shifted = Sample.objects.annotate(found=UUID7(shift=timedelta(days=-3650)))
    if database.vendor == "sqlite":
        with pytest.raises(NotSupportedError, match="shift"):
            list(shifted)
    else:
        [then, now] = [shifted.first().found, Sample.objects.annotate(found=UUID7()).first().found]
        assert then.version == 7 and then < now
