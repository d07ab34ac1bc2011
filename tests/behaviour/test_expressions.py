"""Names, values and arithmetic: what is computed, of which type, and where."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from rowsmith import models
from rowsmith.exceptions import FieldError, NotSupportedError
from rowsmith.models import Avg, Count, Exists, ExpressionWrapper, F, Func, OrderBy, Q, Sum, Value, Window
from rowsmith.models.expressions import RawSQL
from rowsmith.models.functions import Length, Lower, Now, RowNumber, Upper
from rowsmith.testing import recorded_statements


class Shelf(models.Model):
    label = models.CharField(max_length=20)

    class Meta:
        app_label = "expressions"


class Item(models.Model):
    name = models.CharField(max_length=30, null=True)
    n = models.IntegerField(null=True)
    m = models.IntegerField(default=0)
    f = models.FloatField(null=True)
    d = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    flag = models.BooleanField(null=True)
    day = models.DateField(null=True)
    at = models.DateTimeField(null=True)
    clock = models.TimeField(null=True)
    span = models.DurationField(null=True)
    shelf = models.ForeignKey(Shelf, models.CASCADE, null=True, related_name="items")

    class Meta:
        app_label = "expressions"


AT = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def item(tables):
    tables(Shelf, Item)
    return Item.objects.create(
        name="abcdef",
        n=7,
        m=2,
        f=2.5,
        d=Decimal("1.25"),
        flag=True,
        day=date(2020, 1, 2),
        at=AT,
        clock=time(3, 4),
        span=timedelta(hours=2),
        shelf=Shelf.objects.create(label="top"),
    )


def value(expression):
    [found] = Item.objects.annotate(x=expression).values_list("x", flat=True)
    return found


@pytest.mark.feature("E-001")
def test_expressions_work_in_every_place(item):
    assert Item.objects.filter(n__gt=F("m") * 3).exists()
    assert [i.pk for i in Item.objects.order_by(-F("n"))] == [item.pk]
    assert Item.objects.aggregate(s=Sum(F("n") + F("m")))["s"] == 9
    assert value(F("n") + 1) == 8
    seven = ExpressionWrapper(Q(n=7), output_field=models.BooleanField())
    assert Item.objects.filter(Exists(Item.objects.filter(n=7)), seven).exists()
    assert Item.objects.update(n=F("n") + F("m")) == 1
    item.refresh_from_db()
    assert item.n == 9
    made = Item.objects.create(name=Lower(Value("ABC")), n=Value(2) + 3, at=Now())
    assert (made.name, made.n) == ("abc", 5) and made.at is not None
    made.name = Upper("name")
    made.save()
    assert made.name == "ABC"


@pytest.mark.feature("E-002", "E-005")
def test_arithmetic_in_both_orders(item, world):
    assert value(F("n") + F("m")) == 9 and value(F("n") - 1) == 6 and value(10 - F("n")) == 3
    assert value(F("n") * 2) == 14 and value(2 * F("n")) == 14 and value(-F("n")) == -7
    assert value(F("n") % 4) == 3 and value(10 % F("n")) == 3
    assert value(F("m") ** 3) == 8 and value(3 ** F("m")) == 9
    assert value((F("n") + 1) * (F("m") - 5) + 100) == 76
    assert value(F("f") / 2) == 1.25 and value(5 / F("f")) == 2.0
    # Whole numbers are divided the way that both databases divide them.
    assert value(F("n") / 2) == 3 and value(15 / F("n")) == 2 and value(-F("n") / 2) == -3
    assert value(ExpressionWrapper(F("n") / 2, models.FloatField())) == 3.0
    assert value(ExpressionWrapper(F("n") * 2, models.DecimalField(max_digits=6, decimal_places=2))) == Decimal("14")


@pytest.mark.feature("E-003")
def test_operands_of_unlike_types_need_to_be_told_apart(item):
    assert isinstance(value(F("n") + F("m")), int) and isinstance(value(F("f") * F("f")), float)
    assert isinstance(value(F("d") + F("d")), Decimal)
    assert value(F("span") + F("span")) == timedelta(hours=4)
    for unlike in (
        F("n") + F("name"),
        F("name") + F("name"),
        F("d") * F("f"),
        F("span") * 2,
        F("n") + F("flag"),
        F("day") - F("at"),
        F("f") + Decimal("1.5"),
    ):
        with pytest.raises(FieldError, match="output_field"):
            value(unlike)
    assert value(ExpressionWrapper(F("d") * F("n"), output_field=models.FloatField())) == 8.75


@pytest.mark.feature("E-004")
def test_pairs_whose_result_is_known(item):
    for expression, kind, expected in (
        (F("n") * F("f"), float, 17.5),
        (F("n") + 0.5, float, 7.5),
        (F("n") * F("d"), Decimal, Decimal("8.75")),
        (F("d") - F("n"), Decimal, Decimal("-5.75")),
        (F("n") + Decimal("1.5"), Decimal, Decimal("8.5")),
        (F("at") - F("at"), timedelta, timedelta()),
        (F("day") - F("day"), timedelta, timedelta()),
        (F("clock") - time(1, 4), timedelta, timedelta(hours=2)),
        (F("at") - datetime(2020, 1, 1, 3, 4, 5, tzinfo=UTC), timedelta, timedelta(days=1)),
        (F("at") + F("span"), datetime, datetime(2020, 1, 2, 5, 4, 5, tzinfo=UTC)),
        (F("at") - timedelta(days=1), datetime, datetime(2020, 1, 1, 3, 4, 5, tzinfo=UTC)),
        (F("span") + F("at"), datetime, datetime(2020, 1, 2, 5, 4, 5, tzinfo=UTC)),
    ):
        found = value(expression)
        assert found == expected and type(found) is kind, expression


@pytest.mark.feature("E-006")
def test_arithmetic_with_none_is_null(item):
    for nothing in (F("n") + None, F("n") * Value(None), None - F("n"), F("n") + Value(None, models.IntegerField())):
        assert value(nothing) is None, nothing
    assert not Item.objects.filter(n__gt=F("m") + None).exists()
    Item.objects.update(n=F("n") + None)
    assert value(F("n")) is None


@pytest.mark.feature("E-008", "E-009")
def test_a_computed_attribute_is_computed_once_and_holds_what_came_out(item, world):
    item.n = F("n") + 1
    with recorded_statements() as seen:
        item.save()
    assert len(seen) == 1 and "RETURNING" in seen[0]
    assert item.n == 8
    item.save()
    assert item.n == 8 and value(F("n")) == 8
    item.n = F("n") * 2
    item.m = F("m") + 1
    item.save(update_fields=["n", "m"])
    assert (item.n, item.m) == (16, 3)
    item.save()
    item.refresh_from_db()
    assert (item.n, item.m) == (16, 3)


@pytest.mark.feature("E-010")
def test_a_relation_by_name_is_its_key(item):
    assert value(F("shelf")) == item.shelf_id and value(F("shelf_id")) == item.shelf_id
    assert value(F("shelf__label")) == "top"
    assert value(Func("shelf", function="ABS")) == item.shelf_id


@pytest.mark.feature("E-011")
def test_texts_are_sliced_by_place(item):
    assert value(F("name")[2]) == "c" and value(F("name")[1:3]) == "bc"
    assert value(F("name")[:2]) == "ab" and value(F("name")[2:]) == "cdef"
    assert value(F("name")[0:99]) == "abcdef" and value(F("name")[99]) == "" and value(F("name")[2:2]) == ""
    assert value(F("name")[1:][1:2]) == "c"
    assert Item.objects.filter(name__startswith=F("name")[:3]).exists()
    assert Item.objects.annotate(x=F("name")[:3]).filter(x="abc").order_by(F("name")[1:]).exists()
    Item.objects.update(name=F("name")[1:4])
    assert value(F("name")) == "bcd"
    for wrong in (-1, slice(-2, None), slice(None, -1), slice(0, 4, 2), slice(3, 1)):
        with pytest.raises(ValueError):
            F("name")[wrong]
    with pytest.raises(TypeError):
        F("name")["a"]
    with pytest.raises(NotSupportedError, match="IntegerField"):
        value(F("n")[1])
    assert F("name")[1:3] == F("name")[1:3] != F("name")[1:4]
    with pytest.raises(TypeError):
        list(F("name"))


@pytest.mark.feature("E-012")
def test_a_truth_value_is_turned_over(item):
    assert value(~F("flag")) is False
    assert Item.objects.filter(~F("flag")).count() == 0
    Item.objects.update(flag=~F("flag"))
    assert value(F("flag")) is False and value(~~F("flag")) is False
    item.refresh_from_db()
    item.flag = ~F("flag")
    item.save()
    assert item.flag is True


@pytest.mark.feature("E-013", "E-055")
def test_sort_keys(item):
    Item.objects.create(name="none")
    assert [i.name for i in Item.objects.order_by(F("n").asc(nulls_first=True))] == ["none", "abcdef"]
    assert [i.name for i in Item.objects.order_by(F("n").asc(nulls_last=True))] == ["abcdef", "none"]
    assert [i.name for i in Item.objects.order_by(F("n").desc(nulls_first=True))] == ["none", "abcdef"]
    assert [i.name for i in Item.objects.order_by(F("n").desc(nulls_last=True)).reverse()] == ["none", "abcdef"]
    key = F("n").desc(nulls_last=True)
    assert isinstance(key, OrderBy) and key.descending and key.nulls_last and not key.nulls_first
    assert key == OrderBy(F("n"), descending=True, nulls_last=True) and key != F("n").desc()
    for method in (F("n").asc, F("n").desc):
        with pytest.raises(ValueError, match="mutually exclusive"):
            method(nulls_first=True, nulls_last=True)
        with pytest.raises(ValueError, match="True or None"):
            method(nulls_first=False)
    with pytest.raises(ValueError):
        OrderBy("n")
    with recorded_statements() as seen:
        assert Item.objects.aggregate(n=Count("*"))["n"] == 2
    assert "COUNT(*)" in seen[0]


@pytest.mark.feature("E-014")
def test_names_are_values(item):
    assert F("n") == F("n") != F("m") and hash(F("n")) == hash(F("n")) and len({F("n"), F("n"), F("m")}) == 2
    assert F("n") + 1 == F("n") + 1 != F("n") + 2
    for expression in (F("n"), F("n") + 1, F("name")[1:3], ~F("flag"), F("n").desc(), Lower("name"), Q(n=F("m"))):
        again = pickle.loads(pickle.dumps(expression))
        assert again == expression and repr(again) == repr(expression)
    assert value(pickle.loads(pickle.dumps(F("n") + 1))) == 8


@pytest.mark.feature("E-015")
def test_a_new_row_has_no_columns_to_name_yet(item):
    for wrong in (F("n"), F("n") + 1, Length("name")):
        with pytest.raises(ValueError, match="can only be used to update"):
            Item.objects.create(n=wrong)
    with pytest.raises(ValueError, match="can only be used to update"):
        Item.objects.bulk_create([Item(n=F("m"))])
    with pytest.raises(FieldError):
        Item.objects.create(n=Window(RowNumber()))
    assert Item.objects.count() == 1


@pytest.mark.feature("E-021")
def test_aggregates_sort_and_annotate_but_set_nothing(item):
    Shelf.objects.create(label="empty")
    assert [s.label for s in Shelf.objects.order_by(Count("items"), "label")] == ["empty", "top"]
    assert [s.label for s in Shelf.objects.annotate(n=Count("items")).order_by("-n")] == ["top", "empty"]
    with pytest.raises(FieldError, match="Aggregate"):
        Item.objects.update(n=Count("pk"))


@pytest.mark.feature("E-022")
def test_a_value_knows_its_field():
    for given, field in {
        "text": models.CharField,
        True: models.BooleanField,
        5: models.IntegerField,
        1.5: models.FloatField,
        Decimal("2.5"): models.DecimalField,
        date(2020, 1, 1): models.DateField,
        time(1): models.TimeField,
        datetime(2020, 1, 1): models.DateTimeField,
        timedelta(1): models.DurationField,
        UUID(int=1): models.UUIDField,
        b"x": models.BinaryField,
    }.items():
        assert isinstance(Value(given).output_field, field), given
    assert Value(None).output_field is None and Value(object()).output_field is None
    told = models.FloatField()
    assert Value(1, output_field=told).output_field is told


@pytest.mark.feature("E-022")
def test_values_come_back_as_they_went(item):
    for given in (
        "text", "%s", "'", True, 5, -(2**40), 1.5, Decimal("1.5"), date(2020, 1, 1), time(1, 2, 3, 4), AT, timedelta(1),
        UUID(int=1), b"x\0", None,
    ):  # fmt: skip
        found = value(Value(given))
        assert found == given and type(found) is type(given), given


@pytest.mark.feature("E-023")
def test_a_wrapper_tells_the_type_and_casts_nothing(item):
    with recorded_statements() as seen:
        assert value(ExpressionWrapper(F("n") + 1, output_field=models.FloatField())) == 8.0
    assert "CAST" not in seen[0] and "::" not in seen[0].replace("::int", "")
    assert value(ExpressionWrapper(Q(n__gt=5), output_field=models.BooleanField())) is True


@pytest.mark.feature("E-038", "Q-098")
def test_a_truth_value_is_a_condition(item):
    truth = Func(F("n"), Value(7), template="(%(expressions)s)", arg_joiner=" = ", output_field=models.BooleanField())
    assert truth.conditional and not F("n").conditional
    assert Item.objects.filter(truth).count() == 1 and Item.objects.exclude(truth).count() == 0
    assert Item.objects.filter(Q(truth) & Q(n=7)).count() == 1 and Item.objects.filter(truth | Q(n=8)).count() == 1
    assert Item.objects.filter(RawSQL("n = %s", (7,), output_field=models.BooleanField())).count() == 1
    assert Item.objects.filter(Value(True)).count() == 1 and Item.objects.filter(Value(False)).count() == 0
    assert Item.objects.annotate(t=truth).filter(t=True).aggregate(a=Avg("n", filter=truth))["a"] == 7
    with pytest.raises(TypeError, match="not a truth value"):
        Item.objects.filter(F("n"))


def test_bits_of_numbers(item):
    assert value(F("n").bitand(3)) == 3 and value(F("n").bitor(8)) == 15 and value(F("n").bitxor(2)) == 5
    assert value(F("n").bitleftshift(2)) == 28 and value(F("n").bitrightshift(1)) == 3
    with pytest.raises(NotImplementedError, match="bitand"):
        F("n") & 1
