"""Queries under a name, plain and recursive, which other queries read and join as tables; and LATERAL.

There is nothing to compare these with, so most tests are laws: the same rows come out of Python, or of a query without
the common table.
"""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from rowsmith import models
from rowsmith.exceptions import FieldError, NotSupportedError
from rowsmith.models import CTE, Avg, Count, Exists, F, Lateral, Max, OuterRef, Q, Subquery, Sum, Value, Window
from rowsmith.models.functions import Concat, Rank
from rowsmith.query.shape import cache
from rowsmith.testing import recorded_statements


class Part(models.Model):
    name = models.CharField(max_length=20)
    whole = models.ForeignKey("self", models.CASCADE, null=True, related_name="parts")
    weight = models.IntegerField(default=1)
    price = models.DecimalField(max_digits=8, decimal_places=2, default=Decimal("1.50"))

    class Meta:
        app_label = "common_tables"

    def __str__(self):
        return self.name


class Link(models.Model):
    start = models.IntegerField()
    end = models.IntegerField()

    class Meta:
        app_label = "common_tables"


@pytest.fixture
def parts(tables):
    """A car of wheels and an engine with pistons; a bell with nothing; see `tree`."""
    tables(Part, Link)
    made = {}
    for name, whole, weight in [
        ("car", None, 1), ("wheel", "car", 10), ("engine", "car", 30), ("tyre", "wheel", 4),
        ("piston", "engine", 2), ("ring", "piston", 1), ("bell", None, 3),
    ]:  # fmt: skip
        made[name] = Part.objects.create(name=name, whole=made.get(whole), weight=weight)
    return made


def tree(name="car", start=0, **options):
    """What a part consists of, with how deep it is inside."""
    return CTE.recursive(
        Part.objects.filter(name=name).values("id", "name", depth=Value(start)),
        lambda inside: inside.join(Part.objects.all(), whole=inside.col.id).values(
            "id", "name", depth=inside.col.depth + 1
        ),
        name="inside",
        **options,
    )


def names(rows):
    return [row["name"] if isinstance(row, dict) else row.name for row in rows]


DEPTHS = [("car", 0), ("engine", 1), ("wheel", 1), ("piston", 2), ("tyre", 2), ("ring", 3)]


def test_a_recursive_table_is_what_a_loop_finds(parts):
    inside = tree()
    with recorded_statements() as seen:
        rows = inside.queryset().with_cte(inside).order_by("depth", "name")
        assert [(row["name"], row["depth"]) for row in rows] == DEPTHS
    assert len(seen) == 1 and "WITH RECURSIVE" in seen[0]
    found = inside.join(Part, id=inside.col.id).with_cte(inside).annotate(depth=inside.col.depth)
    assert [(part.name, part.depth) for part in found.order_by("depth", "name")] == DEPTHS
    assert all(type(part) is Part and part.weight for part in found)
    for name in parts:
        expected, new = {name}, {name}
        while new:
            new = {part.name for part in Part.objects.filter(whole__name__in=new)}
            expected |= new
        inside = tree(name)
        assert set(names(inside.queryset().with_cte(inside))) == expected


def test_random_graphs_are_walked_to_their_ends(parts):
    chance = random.Random(7)
    for size in (1, 4, 9, 15):
        Link.objects.all().delete()
        edges = {(chance.randrange(size), chance.randrange(size)) for _ in range(2 * size)}
        Link.objects.bulk_create([Link(start=start, end=end) for start, end in edges])
        reached, new = {0}, {0}
        while new:
            new = {end for start, end in edges if start in new} - reached
            reached |= new
        # Rows that are alike come once, so cycles come to an end.
        way = CTE.recursive(
            Link.objects.filter(start=0).values(node=F("end")),
            lambda way: way.join(Link, start=way.col.node).values(node=F("end")),
            name="way",
        )
        found = set(way.queryset().with_cte(way).values_list("node", flat=True))
        assert found | {0} == reached and way.queryset().with_cte(way).count() == len(found)


def test_all_keeps_rows_that_are_alike(parts):
    Link.objects.bulk_create([Link(start=start, end=end) for start, end in [(0, 1), (0, 2), (1, 3), (2, 3)]])

    def ways(**options):
        way = CTE.recursive(
            Link.objects.filter(start=0).values(node=F("end")),
            lambda way: way.join(Link, start=way.col.node).values(node=F("end")),
            **options,
        )
        return sorted(way.queryset().with_cte(way).values_list("node", flat=True))

    assert ways() == [1, 2, 3]
    assert ways(all=True) == [1, 2, 3, 3]


def test_a_table_has_the_rows_of_its_query(parts):
    for queryset in (
        Part.objects.all(),
        Part.objects.filter(weight__gt=2),
        Part.objects.exclude(parts__weight__gt=5),
        Part.objects.order_by("-weight")[1:4],
        Part.objects.filter(weight=1).union(Part.objects.filter(weight=4)),
        Part.objects.annotate(n=Count("parts")).filter(n__gt=0),
        Part.objects.alias(place=Window(Rank(), order_by="-weight")).filter(place__lt=4),
        Part.objects.none(),
    ):
        table = CTE(queryset)
        assert set(table.queryset().with_cte(table)) == set(queryset)
        assert table.queryset().with_cte(table).count() == len(queryset)
        assert table.queryset().with_cte(table).exists() == bool(queryset)
        heavy = table.queryset().with_cte(table).filter(weight__gt=3).order_by("pk")
        assert list(heavy) == sorted((part for part in queryset if part.weight > 3), key=lambda part: part.pk)


def test_columns_keep_their_types(parts):
    prices = Part.objects.values("whole__name").annotate(total=Sum("price"), mean=Avg("weight"), most=Max("price"))
    table = CTE(prices, "prices")
    rows = {row["whole__name"]: row for row in table.queryset().with_cte(table)}
    assert rows == {row["whole__name"]: row for row in prices}
    assert type(rows["car"]["total"]) is Decimal and type(rows["car"]["mean"]) is float
    doubled = table.queryset().with_cte(table).annotate(double=F("total") * 2).filter(total__gt=2)
    assert [row["double"] for row in doubled] == [6, 6] and all(type(row["double"]) is Decimal for row in doubled)
    with_names = CTE(Part.objects.annotate(label=Concat("name", Value("!"))), "labelled")
    assert with_names.queryset().with_cte(with_names).get(name="bell").label == "bell!"
    flat = CTE(Part.objects.values_list("name", flat=True), "flat")
    assert "bell" in list(flat.queryset().with_cte(flat).order_by("name"))


def test_instances_of_a_table_are_whole(parts):
    heavy = CTE(Part.objects.filter(weight__gt=3), "heavy")
    found = heavy.queryset().with_cte(heavy)
    assert names(found.order_by("-weight")) == ["engine", "wheel", "tyre"]
    inner = found.select_related("whole").filter(whole__name="car").order_by("pk")
    assert [(part.name, part.whole.name) for part in inner] == [
        ("wheel", "car"), ("engine", "car"),
    ]  # fmt: skip
    assert [len(part.parts.all()) for part in found.prefetch_related("parts").order_by("pk")] == [1, 1, 0]
    assert [(part.name, part.n) for part in found.annotate(n=Count("parts")).order_by("-n", "name")] == [
        ("engine", 1), ("wheel", 1), ("tyre", 0),
    ]  # fmt: skip
    some = found.get(name="tyre")
    some.weight = 5
    some.save()
    assert Part.objects.get(name="tyre").weight == 5
    below = CTE.recursive(Part.objects.filter(name="engine"), lambda t: t.join(Part, whole=t.col.pk), name="below")
    assert names(below.queryset().with_cte(below).order_by("pk")) == ["engine", "piston", "ring"]
    above = CTE.recursive(Part.objects.filter(name="ring"), lambda t: t.join(Part, id=t.col.whole), name="above")
    assert names(above.queryset().with_cte(above).order_by("pk")) == ["car", "engine", "piston", "ring"]


def test_text_may_grow_longer_than_the_column_that_it_began_with(parts):
    paths = CTE.recursive(
        Part.objects.filter(whole=None).values("id", path=F("name")),
        lambda t: t.join(Part, whole=t.col.id).values("id", path=Concat(t.col.path, Value("/"), "name")),
        name="paths",
    )
    assert list(paths.queryset().with_cte(paths).order_by("path").values_list("path", flat=True)) == [
        "bell", "car", "car/engine", "car/engine/piston", "car/engine/piston/ring", "car/wheel", "car/wheel/tyre",
    ]  # fmt: skip


def test_tables_are_joined_by_any_condition(parts):
    totals = CTE(Part.objects.filter(whole__isnull=False).values("whole").annotate(total=Sum("weight")), "totals")
    inner = totals.join(Part, id=totals.col.whole).with_cte(totals).annotate(total=totals.col.total).order_by("pk")
    assert [(part.name, part.total) for part in inner] == [("car", 40), ("wheel", 4), ("engine", 2), ("piston", 1)]
    outer = totals.join(Part.objects.filter(weight__lt=5), outer=True, id=totals.col.whole).with_cte(totals)
    assert list(outer.annotate(total=totals.col.total).order_by("pk").values_list("name", "total")) == [
        ("car", 40), ("tyre", None), ("piston", 1), ("ring", None), ("bell", None),
    ]  # fmt: skip
    heavier = totals.join(Part, weight__gt=totals.col.total).with_cte(totals)
    expected = [(part.name, row["total"]) for part in Part.objects.all() for row in
                Part.objects.filter(whole__isnull=False).values("whole").annotate(total=Sum("weight"))
                if part.weight > row["total"]]  # fmt: skip
    assert sorted(heavier.values_list("name", totals.col.total)) == sorted(expected)
    assert heavier.count() == len(expected)
    either = totals.join(Part, Q(id=totals.col.whole) | Q(weight=totals.col.total)).with_cte(totals).distinct()
    assert names(either.order_by("pk")) == ["car", "wheel", "engine", "tyre", "piston", "ring"]
    own = (
        totals.join(Part, whole=totals.col.whole).with_cte(totals).annotate(share=F("weight") * 100 / totals.col.total)
    )
    assert list(own.filter(name="engine").values_list("share", flat=True)) == [75]
    above = totals.join(Part, whole__name="car", id=totals.col.whole).with_cte(totals).order_by("pk")
    assert names(above) == ["wheel", "engine"]


def test_a_table_is_read_wherever_a_queryset_is(parts):
    inside = tree("engine")
    ids = inside.queryset().values("id")
    expected = ["engine", "piston", "ring"]
    assert names(Part.objects.filter(pk__in=ids.with_cte(inside)).order_by("pk")) == expected
    assert names(Part.objects.with_cte(inside).filter(pk__in=ids).order_by("pk")) == expected
    assert names(Part.objects.exclude(pk__in=ids.with_cte(inside)).order_by("pk")) == ["car", "wheel", "tyre", "bell"]
    rows = inside.queryset().with_cte(inside)
    assert (
        names(Part.objects.filter(Exists(rows.filter(id=OuterRef("pk"), depth__gt=0))).order_by("pk")) == expected[1:]
    )
    depth = Subquery(rows.filter(id=OuterRef("pk")).values("depth"))
    assert list(Part.objects.annotate(depth=depth).order_by("pk").values_list("depth", flat=True)) == [
        None, None, 0, None, 1, 2, None,
    ]  # fmt: skip
    bell = Part.objects.filter(name="bell").values_list("id", "name")
    for either in (
        rows.values_list("id", "name").union(bell),
        inside.queryset().values_list("id", "name").union(bell).with_cte(inside),
    ):
        assert [name for _, name in either.order_by("id")] == [*expected, "bell"]
        assert either.count() == 4
    assert rows.aggregate(Max("depth"), n=Count("id")) == {"depth__max": 2, "n": 3}
    assert rows.filter(depth=1).exists() and not rows.filter(depth=9).exists()
    assert rows.first()["name"] in expected and rows.order_by("-depth").first()["name"] == "ring"
    assert rows.get(depth=1)["name"] == "piston"
    assert list(rows.order_by("-depth")[1:].values_list("name", flat=True)) == ["piston", "engine"]
    assert list(rows.values("depth").annotate(n=Count("id")).order_by("depth"))[0] == {"depth": 0, "n": 1}
    ranked = rows.annotate(place=Window(Rank(), order_by="-depth")).filter(place=1)
    assert names(ranked) == ["ring"]
    assert sorted(names(rows.iterator(chunk_size=2))) == expected


def test_rows_that_a_table_tells_are_changed_and_deleted(parts):
    inside = tree("engine")
    found = inside.join(Part, id=inside.col.id).with_cte(inside)
    assert found.filter(name="ring").update(weight=7) == 1
    assert (
        Part.objects.with_cte(inside).filter(pk__in=inside.queryset().values("id")).update(weight=F("weight") + 1) == 3
    )
    assert list(Part.objects.order_by("pk").values_list("weight", flat=True)) == [1, 10, 31, 4, 3, 8, 3]
    assert found.filter(name="ring").delete() == (1, {"common_tables.Part": 1})
    assert Part.objects.filter(pk__in=inside.queryset().with_cte(inside).values("id")).delete()[0] == 2
    assert names(Part.objects.order_by("pk")) == ["car", "wheel", "tyre", "bell"]
    for change in (lambda rows: rows.update(name="x"), lambda rows: rows.delete()):
        heavy = CTE(Part.objects.all(), "heavy")
        with pytest.raises(NotSupportedError, match="rows of the common table 'heavy'"):
            change(heavy.queryset().with_cte(heavy))


def test_tables_may_read_one_another(parts):
    inside = tree()
    deep = CTE(inside.queryset().filter(depth__gt=1), "deep")
    heavy = CTE(Part.objects.filter(weight__gt=1), "heavy")
    assert sorted(names(deep.queryset().with_cte(inside, deep))) == ["piston", "ring", "tyre"]
    both = deep.join(heavy.queryset(), id=deep.col.id).with_cte(inside, deep, heavy).annotate(depth=deep.col.depth)
    assert [(part.name, part.depth) for part in both.order_by("name")] == [("piston", 2), ("tyre", 2)]


def test_a_subquery_may_refer_to_a_column_of_a_table(parts):
    inside = tree("engine")
    rows = inside.join(Part, weight__gte=inside.col.depth).with_cte(inside).annotate(depth=inside.col.depth)
    named = Part.objects.filter(pk=OuterRef(inside.col.id)).values("name")
    pairs = set(rows.values_list("name", Subquery(named)))
    depths = {row["name"]: row["depth"] for row in inside.queryset().with_cte(inside)}
    assert pairs == {(p.name, name) for p in Part.objects.all() for name, depth in depths.items() if p.weight >= depth}
    assert rows.filter(Exists(named.filter(name="ring"))).count() == len([pair for pair in pairs if pair[1] == "ring"])


@pytest.mark.only("postgresql", "sqlite")
def test_the_database_may_be_told_to_keep_a_table_or_to_merge_it(parts):
    for hint, word in ((True, " AS MATERIALIZED ("), (False, " AS NOT MATERIALIZED ("), (None, " AS (")):
        heavy = CTE(Part.objects.filter(weight__gt=3), "heavy", materialized=hint)
        found = heavy.queryset().with_cte(heavy)
        assert word in str(found.query) and len(found) == 3


def test_mistakes_are_told(parts):
    inside = tree()
    with pytest.raises(NotSupportedError, match=r"common table 'inside'.*with_cte"):
        list(inside.queryset())
    with pytest.raises(AttributeError, match=r"no column 'nope'. Its columns are: id, name, depth"):
        inside.col.nope
    with pytest.raises(FieldError, match=r"does not read the table 'inside'.*inside\.join"):
        Part.objects.annotate(depth=inside.col.depth)
    with pytest.raises(FieldError, match="nope"):
        inside.queryset().filter(nope=1)
    with pytest.raises(FieldError, match="weight"):
        inside.queryset().filter(weight=1)
    with pytest.raises(ValueError, match="defines a common table named 'inside' already"):
        Part.objects.with_cte(inside, inside)
    with pytest.raises(ValueError, match="has a table named 'inside' already"):
        inside.join(inside.join(Part, id=inside.col.id), id=inside.col.id)
    with pytest.raises(TypeError, match="takes CTE objects"):
        Part.objects.with_cte(Part.objects.all())
    with pytest.raises(TypeError, match="made of a queryset"):
        CTE([1, 2])
    for name in ("", "a b", 'x"', "a;b", None):
        with pytest.raises(ValueError, match="named by an identifier"):
            CTE(Part.objects.all(), name)
    short = CTE.recursive(Part.objects.values("id", "name"), lambda t: t.join(Part, whole=t.col.id).values("id"))
    with pytest.raises(ValueError, match="has 1 columns, but the rows that it begins with have 2: id, name"):
        short.queryset().with_cte(short)
    with pytest.raises(TypeError, match="once a slice has been taken"):
        inside.join(Part.objects.all()[:2], id=inside.col.id)
    with pytest.raises(NotSupportedError, match=r"join\(\) after union"):
        inside.join(Part.objects.all().union(Part.objects.all()), id=inside.col.id)


def test_a_second_run_plans_nothing(parts):
    def ask(name, start):
        inside = tree(name, start)
        joined = inside.join(Part, id=inside.col.id).with_cte(inside).filter(weight__gt=0)
        rows = inside.queryset().with_cte(inside).filter(depth__gte=start).order_by("id")
        return [row["depth"] for row in rows], joined.count(), Part.objects.filter(pk__in=joined).count()

    assert ask("car", 0) == ([0, 1, 1, 2, 2, 3], 6, 6)
    before = cache.info().planned
    assert ask("engine", 5) == ([5, 6, 7], 3, 3)
    assert cache.info().planned == before


@pytest.mark.only("postgresql")
def test_a_lateral_query_is_asked_for_each_row(parts):
    largest = Lateral(Part.objects.filter(whole=OuterRef("pk")).order_by("-weight")[:1], name="largest")
    found = largest.join(Part).annotate(part=largest.col.name, weighs=largest.col.weight).order_by("pk")
    with recorded_statements() as seen:
        assert [(part.name, part.part, part.weighs) for part in found] == [
            ("car", "engine", 30), ("wheel", "tyre", 4), ("engine", "piston", 2), ("piston", "ring", 1),
        ]  # fmt: skip
    assert len(seen) == 1 and "LATERAL" in seen[0]
    every = largest.join(Part.objects.all(), outer=True).annotate(part=largest.col.name).order_by("pk")
    assert list(every.values_list("part", flat=True)) == ["engine", "tyre", "piston", None, "ring", None, None]
    assert found.filter(weighs__gt=3).count() == 2 and every.count() == 7
    two = Lateral(Part.objects.filter(whole=OuterRef("pk")).order_by("name").values("id", "name")[:2], name="two")
    pairs = [
        (whole.name, part.name) for whole in Part.objects.order_by("pk") for part in whole.parts.order_by("name")[:2]
    ]
    assert list(two.join(Part).annotate(part=two.col.name).order_by("pk", "part").values_list("name", "part")) == pairs
    totals = Lateral(Part.objects.filter(whole=OuterRef("whole")).values("whole").annotate(t=Sum("weight")), "totals")
    shares = totals.join(Part).annotate(total=totals.col.t).filter(name="engine")
    assert shares.get().total == 40
    assert two.join(Part).filter(pk__in=largest.join(Part)).aggregate(n=Count("pk"))["n"] == 5
    assert two.join(largest.join(Part)).annotate(a=two.col.name, b=largest.col.name).count() == 5

    def ask(rows, weight):
        top = Lateral(Part.objects.filter(whole=OuterRef("pk"), weight__gt=weight).order_by("name")[:rows], name="top")
        return top.join(Part).annotate(part=top.col.name).count()

    assert ask(1, 0) == 4
    before = cache.info().planned
    assert ask(2, 0) == 5 and ask(2, 3) == 3
    assert cache.info().planned == before
    with pytest.raises(ValueError, match="has a table named 'largest' already"):
        largest.join(largest.join(Part))


@pytest.mark.only("sqlite")
def test_a_database_without_lateral_says_what_to_write_instead(parts):
    largest = Lateral(Part.objects.filter(whole=OuterRef("pk"))[:1])
    with pytest.raises(NotSupportedError, match=r"sqlite has no LATERAL.*Subquery.*Prefetch.*Window"):
        list(largest.join(Part))
