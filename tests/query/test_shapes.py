"""The shape cache: what was asked before is not planned again, and what is kept stays within bounds."""

from __future__ import annotations

import threading

import pytest

from rowsmith import models
from rowsmith.models import Avg, Case, Count, Exists, F, OuterRef, Prefetch, Q, Subquery, Value, When
from rowsmith.query.shape import ShapeCache, cache
from rowsmith.signals import post_init


class Pot(models.Model):
    name = models.CharField(max_length=20)
    weight = models.IntegerField(null=True)
    lid = models.ForeignKey("Lid", models.SET_NULL, null=True, related_name="pots")
    uses = models.ManyToManyField("Use")

    class Meta:
        app_label = "kitchen"


class Lid(models.Model):
    name = models.CharField(max_length=20)

    class Meta:
        app_label = "kitchen"


class Use(models.Model):
    name = models.CharField(max_length=20)

    class Meta:
        app_label = "kitchen"


QUERIES = {
    "get": lambda n: Pot.objects.filter(pk=n).first(),
    "conditions": lambda n: list(Pot.objects.filter(name=f"p{n}", weight__gt=n).order_by("-weight")[: n + 1]),
    "joins": lambda n: list(Pot.objects.filter(lid__name__startswith=str(n)).exclude(uses__name=str(n))),
    "lists": lambda n: list(Pot.objects.filter(pk__in=range(n + 1))),
    "Q": lambda n: list(Pot.objects.filter(Q(weight=n) | ~Q(name=str(n)) ^ Q(lid=n))),
    "F": lambda n: list(Pot.objects.filter(weight__gt=F("id") + n)),
    "truth": lambda n: list(Pot.objects.filter(weight__isnull=bool(n % 2))),
    "values": lambda n: list(Pot.objects.filter(weight=n).values("name", "lid__name")),
    "aggregate": lambda n: Pot.objects.filter(weight=n).aggregate(Count("id"), mean=Avg("weight")),
    "groups": lambda n: list(Lid.objects.annotate(n=Count("pots", filter=Q(pots__weight=n))).filter(n__gte=n)),
    "case": lambda n: list(Pot.objects.annotate(c=Case(When(weight=n, then=Value(n)), default=Value(0)))),
    "in a queryset": lambda n: list(Pot.objects.filter(lid__in=Lid.objects.filter(name=str(n)))),
    "subquery": lambda n: list(
        Pot.objects.annotate(l=Subquery(Lid.objects.filter(pk=OuterRef("lid"), name=str(n)).values("name")))
    ),
    "exists": lambda n: list(Lid.objects.filter(Exists(Pot.objects.filter(lid=OuterRef("pk"), weight=n)))),
    "prefetch": lambda n: list(
        Lid.objects.prefetch_related(Prefetch("pots", Pot.objects.filter(weight=n), to_attr="heavy"), "pots__uses")
    ),
    "select_related": lambda n: list(Pot.objects.select_related("lid").filter(pk=n)),
    "count": lambda n: (Pot.objects.filter(weight=n).count(), Pot.objects.filter(weight=n).exists()),
    "update": lambda n: Pot.objects.filter(weight=n).update(weight=F("weight") + n),
    "delete": lambda n: Pot.objects.filter(name=f"none {n}").delete(),
    "combined": lambda n: list(Pot.objects.filter(weight=n) | Pot.objects.filter(name=str(n))),
}


@pytest.fixture
def kitchen(tables):
    tables(Lid, Use, Pot)
    lids = Lid.objects.bulk_create([Lid(name=str(i)) for i in range(3)])
    pots = Pot.objects.bulk_create([Pot(name=f"p{i}", weight=i, lid=lids[i % 3]) for i in range(9)])
    pots[0].uses.add(Use.objects.create(name="1"))


@pytest.mark.parametrize("kind", QUERIES)
def test_a_query_asked_again_with_other_values_is_not_planned_again(kitchen, kind):
    ask = QUERIES[kind]
    ask(1), ask(2)
    before = cache.info().planned
    first, second = ask(1), ask(2)
    assert cache.info().planned == before
    cache.clear()
    if kind != "update":
        assert (ask(1), ask(2)) == (first, second)


def test_a_value_that_needs_another_sql_gets_it(kitchen):
    found = [Pot.objects.filter(weight=value).count() for value in (1, 2**80, 1, None, -(2**80))]
    assert found == [1, 0, 1, 0, 0]
    assert [Pot.objects.filter(pk__in=keys).count() for keys in ([1], [], [None], [1, 2])] == [1, 0, 0, 2]
    assert Pot.objects.exclude(pk__in=[]).count() == 9


def test_the_cache_forgets_what_was_not_used_lately(kitchen, monkeypatch):
    small = ShapeCache(limit=50)
    monkeypatch.setattr("rowsmith.query.shape.cache", small)
    monkeypatch.setattr("rowsmith.queryset.refining.cache", small)
    Pot._meta.root_shape = None
    try:
        for number in range(400):
            assert Pot.objects.annotate(**{f"n{number}": F("weight")}).filter(weight=3).count() == 1
            assert small.info().size <= 50
        assert small.info().sweeps > 0
    finally:
        Pot._meta.root_shape = None


def test_shapes_of_a_model_that_changed_do_not_count_any_more(kitchen, monkeypatch):
    small = ShapeCache(limit=20)
    monkeypatch.setattr("rowsmith.query.shape.cache", small)
    monkeypatch.setattr("rowsmith.queryset.refining.cache", small)
    try:
        for _ in range(5):
            Pot._meta.root_shape = None
            for number in range(19):
                Pot.objects.alias(**{f"n{number}": F("weight")})
        assert small.info().size <= 20
    finally:
        Pot._meta.root_shape = None


@pytest.mark.plain
def test_many_threads_build_the_same_queries(kitchen):
    cache.clear()
    wrong = []

    def ask():
        for number in range(30):
            if [pot.weight for pot in Pot.objects.filter(weight=number % 9, name__contains="p")] != [number % 9]:
                wrong.append(number)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_queryset_made_before_somebody_listens_announces_its_instances(kitchen):
    pots = Pot.objects.filter(weight__lt=3)
    assert len(pots.all()) == 3
    seen = []

    def listen(instance, **_):
        seen.append(instance.weight)

    post_init.connect(listen, sender=Pot)
    try:
        assert len(pots.all()) == 3
    finally:
        post_init.disconnect(listen, sender=Pot)
    assert sorted(seen) == [0, 1, 2]
    assert len(pots.all()) == 3
    assert len(seen) == 3
