"""Arrays in columns of PostgreSQL: what they hold, how they are validated, and their lookups."""

from __future__ import annotations

import datetime
import json
import uuid
from decimal import Decimal

import pytest

from rowsmith import models
from rowsmith.exceptions import FieldError, ValidationError
from rowsmith.execution.checking import findings
from rowsmith.models import F, Q, Value
from rowsmith.postgres.fields import ArrayField, HStoreField
from rowsmith.testing import isolate_apps

pytestmark = pytest.mark.only("postgresql")


class Basket(models.Model):
    name = models.CharField(max_length=20, default="")
    numbers = ArrayField(models.IntegerField(), null=True)
    tags = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    grid = ArrayField(ArrayField(models.IntegerField()), default=list)
    count = models.IntegerField(default=0)

    class Meta:
        app_label = "baskets"


class Everything(models.Model):
    documents = ArrayField(models.JSONField(), default=list)
    moments = ArrayField(models.DateTimeField(), default=list)
    days = ArrayField(models.DateField(), default=list)
    spans = ArrayField(models.DurationField(), default=list)
    prices = ArrayField(models.DecimalField(max_digits=6, decimal_places=2), default=list)
    keys = ArrayField(models.UUIDField(), default=list)
    flags = ArrayField(models.BooleanField(), default=list)
    octets = ArrayField(models.BinaryField(), default=list)
    addresses = ArrayField(models.GenericIPAddressField(), default=list)
    floats = ArrayField(models.FloatField(), default=list)
    stores = ArrayField(HStoreField(), default=list)
    deep = ArrayField(ArrayField(ArrayField(models.TextField())), default=list)

    class Meta:
        app_label = "baskets"


ROWS = (
    ("one", [1], ["a"], [[1, 2], [3, 4]]),
    ("two", [1, 2], ["a", "b"], []),
    ("three", [2, 3, None], ["B", 'x"{,}\\', "NULL", ""], [[5], [6]]),
    ("empty", [], [], []),
    ("none", None, [], []),
)


@pytest.fixture
def baskets(tables):
    tables(Basket)
    Basket.objects.bulk_create([Basket(name=n, numbers=i, tags=t, grid=g) for n, i, t, g in ROWS])


def names(*conditions, **lookups):
    return list(Basket.objects.filter(*conditions, **lookups).order_by("pk").values_list("name", flat=True))


@pytest.mark.feature("PG-008", "PG-012")
def test_arrays_hold_what_columns_hold(tables, database):
    with database.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS hstore")
    tables(Everything)
    values = {
        "documents": [{"a": [1, 'q"']}, None, 3, "text"],
        "moments": [datetime.datetime(2024, 2, 29, 1, 2, 3, 4, datetime.UTC), None],
        "days": [datetime.date(1, 1, 1), datetime.date(9999, 12, 31)],
        "spans": [datetime.timedelta(-1, 5, 7)],
        "prices": [Decimal("1.20"), Decimal("-1000.00")],
        "keys": [uuid.UUID(int=1)],
        "flags": [True, None, False],
        "octets": [b"\0\xff\\\"", b""],
        "addresses": ["::1", "10.0.0.1"],
        "floats": [1.5, float("inf"), -0.0],
        "stores": [{"a": 'b"\\', "c": None}, {}],
        "deep": [[["a", "b"], ["c", None]], [["", "e,"], ["{", "}"]]],
    }
    Everything.objects.create(**values)
    Everything.objects.bulk_create([Everything(**values), Everything()])
    saved = Everything()
    for name, value in values.items():
        setattr(saved, name, value)
    saved.save()
    saved.save()
    plain, many, empty, again = Everything.objects.order_by("pk")
    for row in (plain, many, again):
        got = {name: getattr(row, name) for name in values}
        got["octets"] = [bytes(item) for item in got["octets"]]
        assert got == values
    assert all(getattr(empty, name) == [] for name in values)
    # The null of documents and the NULL of the database are one for an element.
    assert Everything.objects.filter(documents__1__isnull=True).count() == 4
    for name, value in values.items():
        if name != "documents":
            assert Everything.objects.filter(**{name: value}).count() == 3, name
    field = Basket._meta.get_field("grid")
    assert field.db_type(database) == "integer[][]"
    assert ArrayField(models.IntegerField(), size=3).clone().size == 3
    _, path, args, options = ArrayField(models.CharField(max_length=3), size=2).deconstruct()
    assert (path, args) == ("rowsmith.postgres.fields.ArrayField", [])
    assert options["base_field"].max_length == 3 and options["size"] == 2


@pytest.mark.plain
@pytest.mark.feature("PG-008")
def test_checks_tell_of_wrong_elements_and_shared_defaults(database):
    with isolate_apps():

        class Wrong(models.Model):
            relations = ArrayField(models.ForeignKey("Wrong", models.CASCADE))
            nameless = ArrayField(models.CharField(max_length=-1))
            shared = ArrayField(models.IntegerField(), default=[])

            class Meta:
                app_label = "wrong_baskets"

        found = {(message.obj.name, message.id) for message in findings([Wrong])}
    assert found >= {
        ("relations", "postgres.E002"), ("nameless", "postgres.E001"), ("shared", "fields.E010")
    }  # fmt: skip


@pytest.mark.feature("PG-009")
def test_arrays_hold_are_held_by_and_overlap_others(baskets):
    assert names(numbers__contains=[1]) == ["one", "two"]
    assert names(numbers__contains=[]) == ["one", "two", "three", "empty"]
    assert names(numbers__contained_by=[1, 2]) == ["one", "two", "empty"]
    assert names(numbers__overlap=[2, 9]) == ["two", "three"]
    assert names(tags__contains=("b",)) == ["two"]
    assert names(tags__overlap=['x"{,}\\']) == names(tags__overlap=["NULL"]) == names(tags__overlap=[""]) == ["three"]
    assert names(numbers__contains=[F("count") + 1, 2]) == ["two"]
    assert names(tags__overlap=[Value("b"), "B"]) == ["two", "three"]
    assert names(numbers__overlap=Basket.objects.filter(name="two").values_list("pk")) == ["two", "three"]
    assert names(numbers__contained_by=Basket.objects.values("pk")) == ["one", "two", "empty"]
    assert names(numbers__overlap=Basket.objects.none().values("pk")) == []
    assert names(numbers__contains=F("numbers")) == ["one", "two", "empty"]
    assert names(~Q(numbers__overlap=[1])) == ["three", "empty", "none"]
    assert names(numbers=[1, 2]) == names(numbers=(1, 2)) == ["two"]
    assert names(numbers=[F("count") + 1]) == ["one"]
    assert names(numbers=None) == names(numbers__isnull=True) == ["none"]
    assert names(numbers__in=[[1], [1, 2], []]) == ["one", "two", "empty"]
    assert names(tags__in=[["a"], ["B", 'x"{,}\\', "NULL", ""]]) == ["one", "three"]
    assert names(numbers__gt=[1]) == ["two", "three"]
    assert names(numbers__lte=[1, 2]) == ["one", "two", "empty"]
    assert names(numbers__range=([1], [2])) == ["one", "two"]
    assert names(grid__contains=[[3]]) == ["one"]
    assert names(numbers__in=Basket.objects.filter(name="one").values("numbers")) == ["one"]
    assert Basket.objects.filter(name="two").update(numbers=[7]) == 1
    assert names(numbers=[7]) == ["two"]
    with pytest.raises(ValueError, match="list of values"):
        names(tags__contains="ab")
    Basket.objects.filter(name="two").update(numbers=None)
    assert names(numbers=None) == ["two", "none"]


@pytest.mark.feature("PG-010")
def test_length_elements_and_parts_of_arrays_chain(baskets):
    assert names(numbers__len=2) == ["two"]
    assert names(numbers__len=0) == ["empty"]
    assert names(numbers__len__gte=1) == ["one", "two", "three"]
    assert names(numbers__0=1) == ["one", "two"]
    assert names(numbers__5=1) == []
    assert names(numbers__2__isnull=True) == ["one", "two", "three", "empty", "none"]
    assert names(numbers__0_2=[1, 2]) == ["two"]
    assert names(numbers__0_1=[1]) == ["one", "two"]
    assert names(tags__0__iexact="b") == ["three"]
    assert names(tags__1__icontains="X") == ["three"]
    assert names(tags__0__in=["a", "c"]) == ["one", "two"]
    assert names(grid__0__1=2) == ["one"]
    assert names(grid__1_2=[[3, 4]]) == ["one"]
    assert names(tags__0_1__overlap=["B"]) == ["three"]
    assert names(numbers__len=F("numbers__0") + 1) == ["two", "three"]
    listed = Basket.objects.order_by("-numbers__len", "name").exclude(numbers=None)
    assert list(listed.values_list("numbers__0", "numbers__len", "tags__0_1")) == [
        (2, 3, ["B"]), (1, 2, ["a"]), (1, 1, ["a"]), (None, 0, [])
    ]  # fmt: skip
    with pytest.raises(FieldError, match="first"):
        names(numbers__first=1)


@pytest.mark.feature("E-011")
def test_parts_of_arrays_are_taken_by_slices_of_names(baskets):
    three = Basket.objects.filter(name="three")
    for part, expected in (
        (F("numbers")[0:2], [2, 3]), (F("numbers")[1:], [3, None]), (F("numbers")[:1], [2]), (F("numbers")[1], [3]),
        (F("tags")[2:9], ["NULL", ""]), (F("grid")[1:], [[6]]), (F("numbers")[7:], []),
    ):  # fmt: skip
        assert three.annotate(part=part).get().part == expected, part
    assert names(numbers__0_2=F("numbers")[:2]) == ["one", "two", "three", "empty"]
    for wrong in (lambda: F("numbers")[-1], lambda: F("numbers")[0:2:2]):
        with pytest.raises(ValueError):
            wrong()


@pytest.mark.plain
@pytest.mark.feature("PG-011")
def test_each_item_is_validated(database):
    field = ArrayField(models.IntegerField(validators=[lambda value: _refuse(value > 9, "big")]), size=2)
    field.set_attributes_from_name("numbers")
    assert field.clean([1, 2], None) == [1, 2]
    with pytest.raises(ValidationError) as caught:
        field.clean([1, 2, 3], None)
    assert caught.value.messages == ["List contains 3 items, it should contain no more than 2."]
    with pytest.raises(ValidationError) as caught:
        field.clean([1, 10], None)
    [told] = caught.value.error_list
    assert told.code == "item_invalid" and told.params["nth"] == 2
    assert told.messages == ["Item 2 in the array did not validate: too big"]
    with pytest.raises(ValidationError) as caught:
        field.clean([1, None], None)
    assert caught.value.error_list[0].params == {"nth": 2}
    nested = ArrayField(ArrayField(models.IntegerField()))
    with pytest.raises(ValidationError) as caught:
        nested.clean([[1, 2], [3]], None)
    assert caught.value.error_list[0].code == "nested_array_mismatch"
    with pytest.raises(ValidationError, match="field must not be null"):
        field.clean(None, None)
    assert Basket(name="x", numbers=[1], grid=[[1]]).full_clean() is None


def _refuse(wrong, how):
    if wrong:
        raise ValidationError(f"too {how}", code="refused")


@pytest.mark.plain
@pytest.mark.feature("PG-013")
def test_the_field_of_the_elements_converts_them(database):
    field = ArrayField(models.DateField())
    field.set_attributes_from_name("days")
    day = datetime.date(2024, 1, 2)
    assert field.to_python('["2024-01-02", null]') == [day, None]
    assert field.get_prep_value(["2024-01-02", day, None]) == [day, day, None]

    class Holder:
        days = (day, None)

    assert json.loads(field.value_to_string(Holder)) == ["2024-01-02", None]

    class Shouted(models.CharField):
        def from_db_value(self, value, expression, connection):
            return value.upper()

        def get_prep_value(self, value):
            return value.lower()

    assert ArrayField(Shouted()).from_db_value(["a", "b"], None, None) == ["A", "B"]
    assert ArrayField(Shouted()).get_db_prep_value(["A"], database) == ["a"]
    with pytest.raises(AttributeError):
        field.from_db_value  # an ordinary column is read without a call
