"""Aggregates, subqueries as arrays, and functions of PostgreSQL."""

from __future__ import annotations

import uuid

import pytest

from rowsmith import models, transaction
from rowsmith.models import F, OuterRef, Q, Value
from rowsmith.postgres.aggregates import (
    ArrayAgg,
    BitAnd,
    BitOr,
    BitXor,
    BoolAnd,
    BoolOr,
    Corr,
    CovarPop,
    JSONBAgg,
    RegrAvgX,
    RegrAvgY,
    RegrCount,
    RegrIntercept,
    RegrR2,
    RegrSlope,
    RegrSXX,
    RegrSXY,
    RegrSYY,
    StringAgg,
)
from rowsmith.postgres.expressions import ArraySubquery
from rowsmith.postgres.functions import RandomUUID, TransactionNow

pytestmark = pytest.mark.only("postgresql")


class Crew(models.Model):
    name = models.CharField(max_length=20)

    class Meta:
        app_label = "crews"


class Sailor(models.Model):
    crew = models.ForeignKey(Crew, models.CASCADE, related_name="sailors")
    name = models.CharField(max_length=20)
    age = models.IntegerField(null=True)
    pay = models.IntegerField(default=0)
    sober = models.BooleanField(default=True)
    key = models.UUIDField(db_default=RandomUUID())

    class Meta:
        app_label = "crews"


@pytest.fixture
def crews(tables):
    tables(Crew, Sailor)
    first, second, _ = (Crew.objects.create(name=name) for name in ("first", "second", "third"))
    for crew, name, age, pay, sober in (
        (first, "ann", 30, 3, True), (first, "bob", None, 6, False), (first, "cid", 50, 6, True),
        (second, "dan", 40, 1, True),
    ):  # fmt: skip
        Sailor.objects.create(crew=crew, name=name, age=age, pay=pay, sober=sober)


@pytest.mark.feature("PG-027")
def test_arrays_and_documents_gather_the_values_of_a_group(crews):
    everyone = Sailor.objects
    assert everyone.aggregate(ages=ArrayAgg("age", order_by="pk")) == {"ages": [30, None, 50, 40]}
    oldest_first = ArrayAgg("age", order_by=F("age").desc(nulls_last=True))
    assert everyone.aggregate(ages=oldest_first)["ages"] == [50, 40, 30, None]
    assert everyone.aggregate(pays=ArrayAgg("pay", distinct=True))["pays"] == [1, 3, 6]
    assert everyone.aggregate(pays=ArrayAgg("pay", distinct=True, order_by="-pay"))["pays"] == [6, 3, 1]
    some = everyone.aggregate(names=ArrayAgg("name", filter=Q(sober=True), order_by=["-crew__name", "name"]))
    assert some["names"] == ["dan", "ann", "cid"]
    assert everyone.aggregate(all=JSONBAgg("name", order_by="-name"))["all"] == ["dan", "cid", "bob", "ann"]
    assert everyone.aggregate(all=JSONBAgg("sober", distinct=True))["all"] == [False, True]
    grouped = Crew.objects.annotate(crew=ArrayAgg("sailors__name", order_by="sailors__name")).order_by("pk")
    assert list(grouped.values_list("crew", flat=True)) == [["ann", "bob", "cid"], ["dan"], [None]]
    keys = everyone.aggregate(keys=ArrayAgg("key"))["keys"]
    assert all(isinstance(key, uuid.UUID) for key in keys) and len(set(keys)) == 4
    for aggregate in (ArrayAgg("age"), JSONBAgg("age"), BoolAnd("sober"), Corr("age", "pay")):
        with pytest.raises(TypeError, match="require an alias"):
            everyone.aggregate(aggregate)


@pytest.mark.feature("PG-028")
def test_truth_values_and_bits_come_together(crews):
    together = Sailor.objects.aggregate(
        all=BoolAnd("sober"), any=BoolOr("sober"), rich=BoolOr(Q(pay__gt=5)), some=BoolAnd("sober", filter=Q(pay__lt=4))
    )
    assert together == {"all": False, "any": True, "rich": True, "some": True}
    nothing = Sailor.objects.filter(pay=-1)
    assert nothing.aggregate(all=BoolAnd("sober"), any=BoolOr("sober", default=False)) == {"all": None, "any": False}
    for aggregate, expected in ((BitAnd, 0), (BitOr, 7), (BitXor, 2)):
        with pytest.warns(DeprecationWarning, match=f"rowsmith.models.{aggregate.__name__}"):
            made = aggregate("pay")
        assert Sailor.objects.aggregate(bits=made) == {"bits": expected}
    with pytest.warns(DeprecationWarning, match="StringAgg"):
        joined = StringAgg("name", "; ", order_by="-name", default="-")
    assert Sailor.objects.aggregate(names=joined) == {"names": "dan; cid; bob; ann"}
    assert nothing.aggregate(names=joined) == {"names": "-"}


@pytest.mark.feature("PG-029")
def test_no_rows_give_none_or_the_default_and_arrays_are_looked_into(crews):
    nothing = Sailor.objects.filter(pay=-1)
    assert nothing.aggregate(ages=ArrayAgg("age"), docs=JSONBAgg("age")) == {"ages": None, "docs": None}
    assert nothing.aggregate(ages=ArrayAgg("age", default=[]), docs=JSONBAgg("age", default=Value([]))) == {
        "ages": [], "docs": []
    }  # fmt: skip
    assert nothing.aggregate(names=ArrayAgg("name", default=Value(["none"])))["names"] == ["none"]
    crews = Crew.objects.annotate(ages=ArrayAgg("sailors__age", order_by="sailors__name")).order_by("pk")
    assert [crew.name for crew in crews.filter(ages__0=30)] == ["first"]
    assert [crew.name for crew in crews.filter(ages__0_1__contains=[40])] == ["second"]
    assert [crew.name for crew in crews.filter(ages__len__gt=1)] == ["first"]
    assert list(crews.values_list("ages__2", flat=True)) == [50, None, None]
    none = Sailor.objects.none()
    assert none.aggregate(ages=ArrayAgg("age"), some=ArrayAgg("age", default=[1])) == {"ages": None, "some": [1]}


@pytest.mark.feature("PG-030")
def test_statistics_of_pairs(crews):
    def of(aggregate):
        return Sailor.objects.aggregate(found=aggregate)["found"]

    # The pairs (y, x) of pay and age: (3, 30), (6, 50), (1, 40).
    assert of(RegrCount("pay", "age")) == 3 and type(of(RegrCount("pay", "age"))) is int
    for aggregate, expected in (
        (Corr("pay", "age"), 0.5960395606792697),
        (CovarPop("pay", "age"), 10.0),
        (CovarPop("pay", "age", sample=True), 15.0),
        (RegrAvgX("pay", "age"), 40.0),
        (RegrAvgY("pay", "age"), 10 / 3),
        (RegrIntercept("pay", "age"), 10 / 3 - 6.0),
        (RegrR2("pay", "age"), 0.5960395606792697**2),
        (RegrSlope("pay", "age"), 0.15),
        (RegrSXX("pay", "age"), 200.0),
        (RegrSXY("pay", "age"), 30.0),
        (RegrSYY("pay", "age"), 38 / 3),
        (RegrSXX("pay", "age", filter=Q(pay__gt=2)), 200.0),
    ):
        found = of(aggregate)
        assert type(found) is float and found == pytest.approx(expected), aggregate
    nothing = Sailor.objects.filter(pay=-1)
    assert nothing.aggregate(a=Corr("pay", "age"), b=Corr("pay", "age", default=1.5), n=RegrCount("pay", "age")) == {
        "a": None, "b": 1.5, "n": 0
    }  # fmt: skip
    with pytest.raises(TypeError, match="default"):
        RegrCount("pay", "age", default=1)


@pytest.mark.plain
@pytest.mark.feature("PG-031")
def test_statistics_need_two_arguments(database):
    with pytest.raises(TypeError):
        Corr("pay")
    for arguments in ((None, "age"), ("pay", None), ("", "age")):
        with pytest.raises(ValueError, match="Both y and x"):
            Corr(*arguments)


@pytest.mark.feature("PG-032")
def test_subqueries_become_arrays_and_the_database_makes_keys_and_times(crews):
    sailors = Sailor.objects.filter(crew=OuterRef("pk")).order_by("-name")
    found = Crew.objects.order_by("pk").annotate(names=ArraySubquery(sailors.values("name")))
    assert list(found.values_list("names", flat=True)) == [["cid", "bob", "ann"], ["dan"], []]
    assert [crew.name for crew in found.filter(names__contains=["dan"])] == ["second"]
    assert [crew.name for crew in found.filter(names__len=0)] == ["third"]
    assert Crew.objects.annotate(x=ArraySubquery(Sailor.objects.none().values("age"))).first().x == []
    keys = Sailor.objects.annotate(made=RandomUUID()).values_list("made", flat=True)
    assert len({key.version for key in keys}) == 1 and len(set(keys)) == 4
    with transaction.atomic():
        [first] = set(Sailor.objects.annotate(now=TransactionNow()).values_list("now", flat=True))
        [second] = set(Crew.objects.annotate(now=TransactionNow()).values_list("now", flat=True))
    assert first == second and first.tzinfo is not None
    Crew.objects.filter(name="third").update(name=Value("at"))
    assert Crew.objects.annotate(now=TransactionNow()).first().now > first
