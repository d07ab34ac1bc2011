"""Case and When, and conditions as values."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from rowsmith import models
from rowsmith.exceptions import FieldError
from rowsmith.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    Sum,
    TextField,
    Value,
    When,
)
from rowsmith.models.functions import Concat, Lower
from rowsmith.query.shape import cache
from tests.behaviour.library import Author, Book, Review, Tag, titles


class Plan(models.Model):
    then = models.IntegerField()
    name = models.CharField(max_length=10)

    class Meta:
        app_label = "cases"


SIZE = Case(
    When(pages__gte=400, then=Value("long")), When(pages__gte=200, then=Value("middle")), default=Value("short")
)


@pytest.mark.feature("E-034")
def test_the_first_branch_that_holds_counts(shelf):
    rows = Book.objects.annotate(size=SIZE).order_by("pk")
    assert [book.size for book in rows] == ["short", "middle", "middle", "long", "long"]
    assert Book.objects.annotate(x=Case(When(pages=100, then=1))).get(title="Hill").x is None
    assert Book.objects.annotate(x=Case(When(pages=100, then=1), default="pages")).get(title="Hill").x == 300
    assert Book.objects.annotate(x=Case(When(pages=100, then=None), default=2)).get(title="Sea").x is None
    rows = Book.objects.annotate(x=Case(When(pages=100, then=F("price") * 2), default=Value(Decimal("1.5"))))
    assert [book.x for book in rows.order_by("pk")][:2] == [Decimal("25.00"), Decimal("1.5")]
    later = Case(When(published__year=2001, then="published"), default=Value(date(2000, 1, 1)))
    assert Book.objects.annotate(x=later).get(title="Seaside").x == date(2000, 1, 1)
    mixed = Case(When(pages=100, then="title"), default=Lower("review__text"), output_field=TextField())
    assert Book.objects.annotate(x=mixed).filter(x="sea").count() == 0
    for wrong in ("pages", Q(pages=1), 3):
        with pytest.raises(TypeError, match="takes When objects"):
            Case(wrong)
    for branches in ((When(pages=1, then=1), 2.5), (When(pages=1, then="title"), "rating")):
        with pytest.raises(FieldError):
            list(Book.objects.annotate(x=Case(branches[0], default=branches[1])))


@pytest.mark.feature("E-032")
def test_what_a_branch_may_ask(shelf):
    conditions = [
        When(pages__gt=300, then=1),
        When(Q(pages__gt=300), then=1),
        When(Q(pages__gt=200), pages__gt=300, then=1),
        When(~Q(pages__lte=300), then=Value(1)),
        When(Exists(Book.objects.filter(pk=OuterRef("pk"), pages__gt=300)), then=1),
        When(Q(title="Valley") | Q(title="Desert"), then=1),
        When(author__name__gt="Ann", pages__gt=F("author__age") * 8, then=1),
        When(pk__in=Book.objects.filter(pages__gt=300), then=1),
    ]
    for when in conditions:
        rows = Book.objects.annotate(x=Case(when, default=0)).order_by("pk")
        expected = [0, 0, 0, 1, 0] if "author__age" in repr(when) else [0, 0, 0, 1, 1]
        assert [book.x for book in rows] == expected
    for wrong in (
        lambda: When(),
        lambda: When(then=1),
        lambda: When(Value(1), then=1),
        lambda: When("pages", then=1),
    ):
        with pytest.raises(TypeError, match="takes a Q, a boolean expression or lookups"):
            wrong()
    with pytest.raises(ValueError, match="empty Q"):
        When(Q(), then=1)
    assert Book.objects.annotate(x=Case(When(pages=100, then="rating"))).get(title="Sea").x == 4.5


@pytest.mark.feature("E-033")
def test_a_field_that_is_called_then(tables):
    tables(Plan)
    for number in (1, 2):
        Plan.objects.create(then=number, name=f"plan {number}")
    for when in (When(then__exact=1, then="name"), When(Q(then=1), then="name")):
        rows = Plan.objects.annotate(x=Case(when, default=Value("-"))).order_by("then")
        assert [plan.x for plan in rows] == ["plan 1", "-"]


@pytest.mark.feature("E-035")
def test_branches_that_can_never_be_taken(shelf):
    def of_all(case):
        return set(Book.objects.annotate(x=case).values_list("x", flat=True))

    assert of_all(Case(When(pk__in=[], then=Value(1)), default=Value(2))) == {2}
    assert of_all(Case(When(Exists(Review.objects.none()), then=1), When(pk__in=[], then=3), default=2)) == {2}
    assert of_all(Case(When(pk__in=[], then=1), output_field=IntegerField())) == {None}
    assert of_all(Case(When(~Q(pk__in=[]), then=5), When(pages=100, then=1), default=2)) == {5}
    assert of_all(Case(When(pk__in=[], then=1), When(pages=100, then=3), default=2)) == {2, 3}
    assert of_all(Case(default=Value("x"))) == {"x"}
    assert "CASE" not in str(Book.objects.annotate(x=Case(When(pk__in=[], then=1), default=2)).query)
    assert Book.objects.filter(pages=Case(When(pk__in=[], then=1), default=100)).count() == 1
    never = Book.objects.annotate(x=Case(When(pk__in=[], then=F("pages"))))
    assert titles(never.order_by("x", "-pages"))[0] == "Desert" and never.order_by("x").count() == 5
    assert (
        never.order_by("-x").distinct().values("x").count() == 1 and len(never.values("x").annotate(n=Count("pk"))) == 1
    )
    assert Book.objects.filter(Case(When(pk__in=[], then=True), default=False)).count() == 0


@pytest.mark.feature("E-036")
def test_cases_wherever_an_expression_may_stand(shelf):
    assert titles(Book.objects.filter(pages=Case(When(title="Sea", then=100), default=400)).order_by("pk")) == [
        "Sea",
        "Valley",
    ]
    assert titles(
        Book.objects.filter(pages__lt=Case(When(rating=None, then=Value(10)), default=F("pages") + 1)).order_by("pk")
    ) == [
        "Sea",
        "Hill",
        "Valley",
    ]
    first = Case(When(title="Hill", then=0), When(title="Desert", then=1), default=2)
    assert titles(Book.objects.order_by(first, "pk"))[:3] == ["Hill", "Desert", "Sea"]
    assert titles(Book.objects.order_by(first.desc(), "pk"))[:2] == ["Sea", "Seaside"]
    assert Book.objects.aggregate(
        x=Sum(Case(When(pages__gt=250, then="pages"), default=1)), y=Count(Case(When(rating=None, then=1)))
    ) == {
        "x": 1202,
        "y": 2,
    }
    sizes = Book.objects.annotate(size=SIZE).values("size").annotate(n=Count("pk")).order_by("size")
    assert list(sizes) == [{"size": "long", "n": 2}, {"size": "middle", "n": 2}, {"size": "short", "n": 1}]
    Book.objects.update(title=Case(When(pages__gt=250, then=Concat("title", Value("!"))), default="title"))
    assert titles(Book.objects.order_by("pk")) == ["Sea", "Seaside", "Hill!", "Valley!", "Desert!"]
    Author.objects.update(
        nickname=Case(When(name__startswith="A", then=Value("a")), default=Value(None), output_field=CharField())
    )
    assert list(Author.objects.order_by("pk").values_list("nickname", flat=True)) == ["a", None, None]


def test_conditions_over_many_rows_speak_of_the_joined_row(shelf):
    rows = Book.objects.annotate(x=Case(When(~Q(tags__label="blue"), then=Value("other")), default=Value("blue")))
    assert sorted(rows.filter(title="Sea").values_list("x", flat=True)) == ["blue", "other"]
    counted = Book.objects.annotate(n=Count("tags", filter=~Q(tags__label="blue"))).order_by("pk")
    assert [book.n for book in counted] == [1, 0, 1, 0, 2]
    assert titles(Book.objects.filter(~Q(tags__label="blue")).order_by("pk")) == ["Hill", "Valley", "Desert"]


@pytest.mark.feature("E-038")
def test_boolean_expressions_are_conditions_by_themselves(shelf):
    Book.objects.filter(title="Sea").update(in_print=False)
    assert Book.objects.filter(F("in_print")).count() == 4
    assert Book.objects.exclude(F("in_print")).get().title == "Sea"
    assert Book.objects.filter(~F("in_print")).get().title == "Sea"
    assert Book.objects.filter(ExpressionWrapper(Q(pages__gt=250), output_field=BooleanField())).count() == 3
    assert Book.objects.filter(Case(When(pages=100, then=True), default=False)).get().title == "Sea"
    assert Book.objects.filter(Q(Case(When(pages=100, then=True), default=False)) | Q(pages=200)).count() == 2
    assert Book.objects.filter(Value(True)).count() == 5 and Book.objects.filter(Value(False)).count() == 0
    rows = Book.objects.annotate(long=Q(pages__gt=250), empty=ExpressionWrapper(Q(pk__in=[]), BooleanField()))
    assert [(book.long, book.empty) for book in rows.order_by("pk")] == [(False, False)] * 2 + [(True, False)] * 3
    assert rows.filter(long=True).count() == rows.filter(F("long")).count() == 3
    with pytest.raises(TypeError, match="not a truth value"):
        Book.objects.filter(F("pages"))
    assert Tag.objects.filter(Exists(Book.objects.filter(tags=OuterRef("pk"))), label__gt="c").count() == 2


def test_a_case_is_planned_once(shelf):
    def ask(pages, word):
        case = Case(When(pages__gt=pages, then=Value(word)), default=Value("-"))
        return list(Book.objects.annotate(x=case).order_by("pk").values_list("x", flat=True))

    assert ask(350, "a") == ["-", "-", "-", "a", "a"]
    planned = cache.info().planned
    assert ask(450, "b") == ["-", "-", "-", "-", "b"]
    assert cache.info().planned == planned
