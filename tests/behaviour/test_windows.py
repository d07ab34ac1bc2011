"""What is computed of a row from the rows around it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from rowsmith import models
from rowsmith.exceptions import FieldError, NotSupportedError
from rowsmith.models import (
    Avg,
    Case,
    Count,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    RowRange,
    Subquery,
    Sum,
    Value,
    ValueRange,
    When,
    Window,
    WindowFrameExclusion,
)
from rowsmith.models.functions import (
    CumeDist,
    DenseRank,
    FirstValue,
    Lag,
    LastValue,
    Lead,
    NthValue,
    Ntile,
    PercentRank,
    Rank,
    RowNumber,
    Upper,
)
from rowsmith.query.shape import cache
from rowsmith.testing import recorded_statements


class Team(models.Model):
    name = models.CharField(max_length=20)

    class Meta:
        app_label = "windows"


class Worker(models.Model):
    name = models.CharField(max_length=20)
    team = models.ForeignKey(Team, models.CASCADE, related_name="workers")
    pay = models.IntegerField()
    bonus = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    since = models.DateField()

    class Meta:
        app_label = "windows"


ROWS = (
    ("Ann", "north", 15, "1.50", 1),
    ("Bob", "north", 20, "2.25", 2),
    ("Cid", "north", 20, None, 3),
    ("Dan", "south", 20, "4.00", 4),
    ("Eve", "south", 30, "0.50", 5),
    ("Fay", "south", 30, None, 6),
    ("Gus", "west", 40, "3.00", 7),
)


@pytest.fixture
def workers(tables):
    tables(Team, Worker)
    teams = {name: Team.objects.create(name=name) for name in ("north", "south", "west", "empty")}
    for name, team, pay, bonus, day in ROWS:
        worth = None if bonus is None else Decimal(bonus)
        Worker.objects.create(name=name, team=teams[team], pay=pay, bonus=worth, since=date(2020, 1, day))
    return Worker.objects.order_by("pk")


def column(queryset, window):
    """The value of a window for every row."""
    return list(queryset.annotate(found=window).values_list("found", flat=True))


def names(queryset):
    return [worker.name for worker in queryset]


@pytest.mark.feature("E-039")
def test_a_window_is_the_whole_table_unless_it_is_divided_and_ordered(workers):
    assert column(workers, Window(Sum("pay"))) == [175] * 7
    assert " OVER ()" in str(workers.annotate(found=Window(Sum("pay"))).query)
    assert column(workers, Window(Sum("pay"), partition_by="team")) == [55, 55, 55, 80, 80, 80, 40]
    assert column(workers, Window(Sum("pay"), order_by="name")) == [15, 35, 55, 75, 105, 135, 175]
    both = Window(Max("since"), partition_by=F("team"), order_by=F("pay").asc())
    assert [day.day for day in column(workers, both)] == [1, 3, 3, 4, 6, 6, 7]
    running = Window(Sum("pay"), partition_by="team", order_by="name", frame=RowRange(None, 0))
    assert column(workers, running) == [15, 35, 55, 20, 50, 80, 40]
    text = Window(Sum("pay"), output_field=models.CharField())
    assert isinstance(text.output_field, models.CharField)
    assert column(workers, Window(Avg("bonus"), partition_by="team"))[0] == Decimal("1.875")
    assert column(workers, Window(Avg("pay"), partition_by="team"))[3] == pytest.approx(80 / 3)
    assert column(workers, Window(Count("bonus"), partition_by="team")) == [2, 2, 2, 2, 2, 2, 1]
    assert column(workers, Window(Count("*"), partition_by="pay", order_by=[])) == [1, 3, 3, 3, 2, 2, 1]


def test_an_aggregate_keeps_its_filter_and_its_default_over_a_window(workers):
    rich = Window(Count("pk", filter=Q(pay__gte=30)), partition_by="team")
    assert column(workers, rich) == [0, 0, 0, 2, 2, 2, 1]
    gained = Window(Sum("bonus", filter=Q(pay__gt=30), default=Decimal(0)), partition_by="team")
    assert column(workers, gained) == [0, 0, 0, 0, 0, 0, 3]
    assert column(workers, Window(Sum("pay")) - F("pay")) == [160, 155, 155, 155, 145, 145, 135]
    assert column(workers, Case(When(pay__gt=Window(Avg("pay")), then=1), default=0)) == [0, 0, 0, 0, 1, 1, 1]


@pytest.mark.feature("E-040")
def test_the_parts_of_a_window_are_checked_when_it_is_made(workers):
    assert column(workers, Window(Count("*"), partition_by=["team__name", F("pay") / 2])) == [1, 2, 2, 1, 2, 2, 1]
    assert column(workers, Window(RowNumber(), order_by="-name")) == [7, 6, 5, 4, 3, 2, 1]
    assert column(workers, Window(RowNumber(), order_by=("-pay", F("name").asc()))) == [7, 4, 5, 6, 2, 3, 1]
    nulls = Window(RowNumber(), order_by=[F("bonus").asc(nulls_first=True), "name"])
    assert column(workers, nulls) == [4, 5, 1, 7, 3, 2, 6]
    with pytest.raises(ValueError, match="'Upper' isn't compatible with OVER clauses"):
        Window(Upper("name"))
    with pytest.raises(ValueError, match="isn't compatible"):
        Window(F("pay"))
    for wrong in (1, ["name", 2], {"name"}):
        with pytest.raises(ValueError, match=r"Window\.order_by must be"):
            Window(RowNumber(), order_by=wrong)
        with pytest.raises(ValueError, match=r"Window\.partition_by takes"):
            Window(RowNumber(), partition_by=wrong)
    with pytest.raises(ValueError, match=r"Window\.frame"):
        Window(RowNumber(), frame="ROWS")
    with pytest.raises(FieldError, match="nope"):
        workers.annotate(found=Window(RowNumber(), order_by="nope"))


@pytest.mark.feature("E-041")
def test_where_a_window_may_stand(workers):
    rank = Window(Rank(), order_by="-pay")
    assert [worker.found for worker in workers.annotate(found=rank)] == [7, 4, 4, 4, 2, 2, 1]
    assert names(Worker.objects.order_by(rank, "name")) == ["Gus", "Eve", "Fay", "Bob", "Cid", "Dan", "Ann"]
    assert names(Worker.objects.alias(found=rank).order_by("-found", "-name"))[:2] == ["Ann", "Dan"]
    assert list(workers.values("name", found=rank))[0] == {"name": "Ann", "found": 7}
    assert list(workers.values_list("name", rank))[6] == ("Gus", 1)
    team = Team.objects.first()
    for change in (
        lambda: workers.update(pay=rank),
        lambda: workers.annotate(found=rank).update(pay=F("found")),
        lambda: Worker.objects.create(name="x", team=team, since=date(2020, 1, 1), pay=rank),
    ):
        with pytest.raises(FieldError, match="Window expressions are not allowed in this query"):
            change()
    for nested in (
        lambda: workers.annotate(found=Sum(rank)),
        lambda: workers.annotate(found=rank).annotate(more=Sum("found")),
        lambda: workers.aggregate(found=Sum(rank)),
        lambda: workers.annotate(found=Window(Sum(Window(Count("*"))))),
        lambda: workers.annotate(found=Window(Sum("pay"), order_by=rank)),
    ):
        with pytest.raises(FieldError, match=r"over a window|from another one"):
            nested()


@pytest.mark.feature("E-042")
def test_conditions_on_a_window_are_looked_at_around_the_query(workers):
    best = Window(RowNumber(), partition_by="team", order_by=["-pay", "name"])
    first = workers.annotate(place=best).filter(place=1)
    with recorded_statements() as seen:
        assert [(worker.name, worker.place) for worker in first] == [("Bob", 1), ("Eve", 1), ("Gus", 1)]
    assert len(seen) == 1 and seen[0].count("SELECT") == 2
    assert names(workers.annotate(place=best).exclude(place=1)) == ["Ann", "Cid", "Dan", "Fay"]
    assert names(workers.alias(place=best).filter(place__lte=2).order_by("-pay", "name")[1:3]) == ["Eve", "Fay"]
    assert names(workers.alias(place=best).filter(Q(place=1) | Q(name="Ann"))) == ["Ann", "Bob", "Eve", "Gus"]
    assert names(workers.alias(place=best).filter(Q(place=1) ^ Q(name="Bob"))) == ["Eve", "Gus"]
    assert names(workers.alias(place=best).filter(~(Q(place=1) & Q(pay__gt=20)))) == ["Ann", "Bob", "Cid", "Dan", "Fay"]
    # Conditions on rows are looked at first, whichever call asks for them.
    assert names(workers.alias(place=best).filter(place=1).filter(pay__lt=30)) == ["Bob", "Dan"]
    assert names(workers.filter(pay__gt=Window(Avg("pay"), partition_by="team"))) == ["Bob", "Cid", "Eve", "Fay"]
    assert names(workers.alias(most=Window(Max("pay"), partition_by="team")).filter(pay=F("most"))) == [
        "Bob", "Cid", "Eve", "Fay", "Gus",
    ]  # fmt: skip
    before = workers.alias(before=Window(Lag("name"), order_by="name"))
    assert names(before.filter(before=None)) == ["Ann"]
    assert names(before.filter(before__startswith="C")) == ["Dan"]
    many = workers.alias(n=Window(Count("*"), partition_by="team__name")).filter(n=3, team__name__startswith="n")
    assert names(many) == ["Ann", "Bob", "Cid"]
    assert names(workers.alias(place=best).filter(place=1, team__in=Team.objects.filter(name="west"))) == ["Gus"]
    longer = Worker.objects.filter(pay__gt=OuterRef("pay"))
    assert names(workers.alias(place=best).filter(Q(place=1) | ~Exists(longer))) == ["Bob", "Eve", "Gus"]


@pytest.mark.feature("E-042")
def test_all_that_can_be_asked_of_rows_can_be_asked_after_such_a_condition(workers):
    best = Window(RowNumber(), partition_by="team", order_by=["-pay", "name"])
    first = workers.annotate(place=best).filter(place=1)
    assert first.count() == 3 and first.exists() and not first.filter(pay=0).exists()
    assert first.aggregate(Sum("pay"), Max("place"), n=Count("*")) == {"pay__sum": 90, "place__max": 1, "n": 3}
    assert first.get(name="Gus").place == 1 and first.first().name == "Bob" and first.last().name == "Gus"
    assert set(first.in_bulk()) == {worker.pk for worker in first}
    assert list(first.values_list("name", flat=True)) == ["Bob", "Eve", "Gus"]
    assert list(first.values("place").distinct().order_by("place")) == [{"place": 1}]
    assert [worker.team.name for worker in first.select_related("team")] == ["north", "south", "west"]
    assert first.reverse()[0].name == "Gus"
    assert first.contains(first[1])
    teams = Team.objects.filter(workers__in=first.filter(pay__lt=40)).order_by("name")
    assert [team.name for team in teams] == ["north", "south"]
    top = Worker.objects.filter(team=OuterRef("pk")).annotate(place=best).filter(place=2).values("name")
    assert list(Team.objects.order_by("pk").values_list("name", Subquery(top))) == [
        ("north", "Cid"), ("south", "Fay"), ("west", None), ("empty", None),
    ]  # fmt: skip
    assert names(first.union(workers.annotate(place=Value(0)).filter(name="Ann")).order_by("place", "name"))[0] == "Ann"
    assert first.filter(pay__gt=20).update(pay=50) == 2
    assert names(Worker.objects.filter(pay=50).order_by("name")) == ["Eve", "Gus"]
    assert workers.alias(place=best).filter(place__gt=1).delete()[0] == 4
    assert names(Worker.objects.order_by("name")) == ["Bob", "Eve", "Gus"]


@pytest.mark.feature("E-043")
def test_an_or_of_a_window_and_a_row_is_refused_where_rows_are_grouped(workers):
    paid = Worker.objects.values("team__name").annotate(total=Sum("pay"))
    ranked = paid.annotate(place=Window(Rank(), order_by="-total")).order_by("place")
    assert [row["team__name"] for row in ranked.filter(Q(place=1) | Q(total=55))] == ["south", "north"]
    assert [row["team__name"] for row in ranked.filter(Q(place__lt=3) ^ Q(total=55))] == ["south"]
    for mixed in (Q(place=1) | Q(name="Ann"), Q(place=1) ^ Q(name="Ann")):
        with pytest.raises(NotImplementedError, match="Heterogeneous disjunctive predicates against window functions"):
            list(ranked.filter(mixed))


@pytest.mark.feature("E-044")
def test_windows_over_groups_and_aggregates_over_windows(workers):
    ranked = Worker.objects.values("team__name").annotate(total=Sum("pay")).annotate(
        place=Window(Rank(), order_by=F("total").desc())
    ).order_by("place")  # fmt: skip
    assert [(row["team__name"], row["total"], row["place"]) for row in ranked] == [
        ("south", 80, 1), ("north", 55, 2), ("west", 40, 3),
    ]  # fmt: skip
    assert [row["total"] for row in ranked.filter(place__gt=1, total__gt=40)] == [55]
    assert ranked.filter(place__gt=1).count() == 2
    teams = Team.objects.annotate(n=Count("workers"), place=Window(DenseRank(), order_by="-n")).order_by(
        "place", "name"
    )
    assert [(team.name, team.n, team.place) for team in teams] == [
        ("north", 3, 1), ("south", 3, 1), ("west", 1, 2), ("empty", 0, 3),
    ]  # fmt: skip
    share = workers.annotate(total=Window(Sum("pay"), partition_by="team"))
    assert share.aggregate(Sum("total"), top=Max("total"), n=Count("pk", filter=Q(total__gt=50))) == {
        "total__sum": 55 * 3 + 80 * 3 + 40, "top": 80, "n": 6,
    }  # fmt: skip
    assert share[:2].aggregate(Sum("total")) == {"total__sum": 110}
    with pytest.raises(TypeError, match="not an aggregate"):
        workers.aggregate(found=Window(Sum("pay")))
    for nested in (
        lambda: Worker.objects.values("team").annotate(found=Window(Sum(Sum("pay")))),
        lambda: Worker.objects.values("team").annotate(s=Sum("pay")).annotate(found=Window(Sum("s"))),
        lambda: list(share.values("total").annotate(n=Count("pk"))),
    ):
        with pytest.raises(FieldError, match=r"over an aggregate|grouped by a window"):
            nested()
    with pytest.raises(NotSupportedError, match="no windows over distinct values"):
        workers.annotate(found=Window(Count("pay", distinct=True)))
    with pytest.raises(NotSupportedError, match="outer query window expression"):
        share.annotate(n=Subquery(Team.objects.filter(pk=OuterRef("total")).values("pk")))


@pytest.mark.feature("E-045", "E-046")
def test_frames_by_number_of_rows(workers):
    def summed(*bounds):
        return column(workers, Window(Sum("pay"), order_by="pk", frame=RowRange(*bounds)))

    pays = [15, 20, 20, 20, 30, 30, 40]
    for start, end in [(None, 0), (0, None), (-1, 1), (-2, -1), (1, 2), (None, None), (0, 0), (None, -2), (3, None)]:
        expected = []
        for position in range(7):
            low = 0 if start is None else max(0, position + start)
            high = 7 if end is None else max(0, position + end + 1)
            expected.append(sum(pays[low:high]) if pays[low:high] else None)
        assert summed(start, end) == expected
    assert summed() == [175] * 7
    for start, end in ((2, 1), (0, -1), (-1, -2)):
        with pytest.raises(ValueError, match="start cannot be greater than end"):
            RowRange(start, end)
    with pytest.raises(ValueError, match="start argument must be an integer, zero, or None"):
        RowRange("1", None)
    assert str(RowRange(-1, 0)) == "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW"
    assert repr(ValueRange(None, 2)) == "<ValueRange: RANGE BETWEEN UNBOUNDED PRECEDING AND 2 FOLLOWING>"


@pytest.mark.feature("E-045", "E-046", "E-048")
def test_frames_by_value(workers, world):
    def summed(*bounds):
        return column(workers, Window(Sum("pay"), order_by="pay", frame=ValueRange(*bounds)))

    assert summed(None, 0) == [15, 75, 75, 75, 135, 135, 175]
    assert summed(0, None) == [175, 160, 160, 160, 100, 100, 40]
    assert summed(0, 0) == [15, 60, 60, 60, 60, 60, 40]
    assert summed() == [175] * 7
    if world.vendor == "postgresql":
        with pytest.raises(NotSupportedError, match="only supports UNBOUNDED"):
            summed(-5, 5)
    else:
        assert summed(-5, 5) == [75, 75, 75, 75, 60, 60, 40]
        assert summed(None, 10) == [75, 135, 135, 135, 175, 175, 175]
    with pytest.raises(ValueError, match="start argument must be a negative integer"):
        ValueRange(1, 2)
    with pytest.raises(ValueError, match="end argument must be a positive integer"):
        ValueRange(None, -1)


@pytest.mark.feature("E-047")
def test_a_frame_may_leave_rows_out(workers):
    def summed(exclusion):
        frame = RowRange(None, None, exclusion=exclusion)
        return column(workers, Window(Sum("pay"), order_by="pay", frame=frame))

    assert summed(WindowFrameExclusion.CURRENT_ROW) == [160, 155, 155, 155, 145, 145, 135]
    assert summed(WindowFrameExclusion.GROUP) == [160, 115, 115, 115, 115, 115, 135]
    assert summed(WindowFrameExclusion.TIES) == [175, 135, 135, 135, 145, 145, 175]
    assert summed(WindowFrameExclusion.NO_OTHERS) == [175] * 7
    with pytest.raises(TypeError, match="must be a WindowFrameExclusion"):
        RowRange(None, None, exclusion="TIES")


@pytest.mark.feature("FN-038", "FN-042")
def test_ranks(workers):
    assert column(workers, Window(RowNumber(), order_by=["pay", "name"])) == [1, 2, 3, 4, 5, 6, 7]
    assert column(workers, Window(Rank(), order_by="pay")) == [1, 2, 2, 2, 5, 5, 7]
    assert column(workers, Window(DenseRank(), order_by="pay")) == [1, 2, 2, 2, 3, 3, 4]
    percent = column(workers, Window(PercentRank(), order_by="pay"))
    assert percent == pytest.approx([0, 1 / 6, 1 / 6, 1 / 6, 4 / 6, 4 / 6, 1])
    assert all(type(value) is float for value in percent)
    share = column(workers, Window(CumeDist(), order_by="pay"))
    assert share == pytest.approx([1 / 7, 4 / 7, 4 / 7, 4 / 7, 6 / 7, 6 / 7, 1])
    for function in (RowNumber, Rank, DenseRank, PercentRank, CumeDist):
        with pytest.raises(TypeError):
            function("pay")


@pytest.mark.feature("FN-039")
def test_rows_are_dealt_into_buckets(workers):
    assert column(workers, Window(Ntile(4), order_by="pk")) == [1, 1, 2, 2, 3, 3, 4]
    assert column(workers, Window(Ntile(), order_by="pk")) == [1] * 7
    assert column(workers, Window(Ntile(num_buckets=2), order_by="pk")) == [1, 1, 1, 1, 2, 2, 2]
    for wrong in (0, -1, None, "2", 1.5):
        with pytest.raises(ValueError, match="num_buckets must be greater than 0"):
            Ntile(wrong)


@pytest.mark.feature("FN-040")
def test_rows_before_and_behind(workers):
    assert column(workers, Window(Lag("name"), order_by="pk")) == [None, "Ann", "Bob", "Cid", "Dan", "Eve", "Fay"]
    assert column(workers, Window(Lead("pay", 2), order_by="pk")) == [20, 20, 30, 30, 40, None, None]
    padded = Window(Lag("name", offset=6, default=Value("nobody")), order_by="pk")
    assert column(workers, padded) == ["nobody"] * 6 + ["Ann"]
    assert column(workers, Window(Lead("pay", default=0), partition_by="team", order_by="pk")) == [
        20,
        20,
        0,
        30,
        30,
        0,
        0,
    ]
    assert column(workers, Window(Lead("pay", default=F("pay") * 2), order_by="pk"))[-1] == 80
    assert column(workers, Window(Lag("since"), order_by="pk"))[1] == date(2020, 1, 1)
    assert column(workers, Window(Lag("bonus"), order_by="pk"))[1:3] == [Decimal("1.50"), Decimal("2.25")]
    assert column(workers, Window(Lag(F("pay") + 1), order_by="pk"))[1] == 16
    for function in (Lag, Lead):
        with pytest.raises(ValueError, match="requires a non-null source expression"):
            function(None)
        for wrong in (0, -1, None, "1"):
            with pytest.raises(ValueError, match=f"{function.__name__} requires a positive integer for the offset"):
                function("name", wrong)


@pytest.mark.feature("FN-041")
def test_the_first_the_last_and_the_nth_row(workers):
    first = Window(FirstValue("name"), partition_by="team", order_by="-name")
    assert column(workers, first) == ["Cid"] * 3 + ["Fay"] * 3 + ["Gus"]
    assert column(workers, Window(LastValue("name"), partition_by="team", order_by="pk")) == [r[0] for r in ROWS]
    whole = Window(LastValue("name"), partition_by="team", order_by="pk", frame=RowRange(None, None))
    assert column(workers, whole) == ["Cid"] * 3 + ["Fay"] * 3 + ["Gus"]
    third = Window(NthValue("name", nth=3), partition_by="team", order_by="pk")
    assert column(workers, third) == [None, None, "Cid", None, None, "Fay", None]
    assert column(workers, Window(NthValue("pay"), order_by="pk")) == [15] * 7
    for wrong in (0, -1, None):
        with pytest.raises(ValueError, match="NthValue requires a positive integer as for nth"):
            NthValue("name", wrong)
    for function in (FirstValue, LastValue, NthValue):
        with pytest.raises(ValueError, match="requires a non-null source expression"):
            function(None)


@pytest.mark.feature("FN-043")
def test_a_window_function_needs_a_window(workers):
    for function in (RowNumber(), Rank(), Ntile(2), Lag("pay"), FirstValue("pay"), CumeDist()):
        with pytest.raises(FieldError, match="is a window function, which has no value outside of a window"):
            workers.annotate(found=function)
        with pytest.raises(FieldError, match="outside of a window"):
            workers.filter(pay=function)


def test_a_second_run_plans_nothing(workers):
    def ask(place, low):
        window = Window(Lag("pay", default=Value(low)), partition_by="team", order_by="pk", frame=None)
        found = Worker.objects.annotate(before=window).filter(before__gt=place).order_by("pk")
        return names(found), found.count(), found.aggregate(Sum("before"))

    assert ask(15, 1)[0] == ["Cid", "Eve", "Fay"]
    before = cache.info().planned
    assert ask(20, 100) == (["Ann", "Dan", "Fay", "Gus"], 4, {"before__sum": 330})
    assert cache.info().planned == before
    assert column(workers, Window(Ntile(2), order_by="pk"))[-1] == 2
    assert column(workers, Window(Ntile(3), order_by="pk"))[-1] == 3
    one, two = (Window(Sum("pay"), order_by="pk", frame=RowRange(n, 0)) for n in (-1, -2))
    assert column(workers, one)[2] == 40 and column(workers, two)[2] == 55
