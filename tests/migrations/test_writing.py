"""Values in migrations: written as Python that makes them again, the same each time."""

from __future__ import annotations

import datetime
import enum
import functools
import math
import pathlib
import re
import uuid
import zoneinfo
from decimal import Decimal

import pytest

from rowsmith import migrations, models, validators
from rowsmith.migrations import deconstructible
from rowsmith.migrations.serializer import BaseSerializer, serialize
from rowsmith.migrations.writer import MigrationWriter
from rowsmith.models import F, Q, Value, functions


class Colour(enum.Enum):
    RED = 1
    BLUE = "two"


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


class Size(models.TextChoices):
    SMALL = "s", "Small"


class Outer:
    class Inner:
        pass

    @classmethod
    def made(cls):
        return 1

    @staticmethod
    def plain():
        return 2


def default():
    return 3


@functools.wraps(default)
def wrapping():
    return default()


@functools.lru_cache
def remembered():
    return 4


@functools.cache
def kept():
    return 5


def doubled(number, times=2):
    return number * times


@deconstructible
class Range:
    def __init__(self, low, high=9):
        self.low, self.high = low, high

    def __eq__(self, other):
        return isinstance(other, Range) and (self.low, self.high) == (other.low, other.high)

    def __hash__(self):
        return hash((self.low, self.high))


class Told:
    def deconstruct(self):
        return ("tests.migrations.test_writing.Told", (), {})

    def __eq__(self, other):
        return isinstance(other, Told)

    __hash__ = None


def again(value):
    """The value that its text makes, with nothing but the imports that it asks for."""
    text, imports = serialize(value)
    names: dict[str, object] = {}
    for line in imports:
        exec(line, names)
    return eval(text, names)


SAME = [
    1, -5, 10**30, True, None, 1.5, 2 + 3j, "text", "it's \"quoted\"\n", b"\x00bytes", "", (), [], {}, set(),
    frozenset(), [1, "a", None], (1,), (1, 2), {1, 2, 3}, frozenset({"a", "b"}), {"a": [1], 2: (3,)}, range(1, 9, 2),
    slice(1, 2), ..., datetime.date(2020, 1, 2), datetime.datetime(2020, 1, 2, 3, 4, 5, 6), datetime.time(1, 2),
    datetime.timedelta(days=1, seconds=2), datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC), datetime.UTC,
    Decimal("1.50"), uuid.UUID(int=7), Colour.RED, Colour.BLUE, Rights.READ | Rights.WRITE, Rights.READ,
    re.compile("^a+$", re.IGNORECASE | re.MULTILINE), zoneinfo.ZoneInfo("Europe/Berlin"),
    pathlib.PurePosixPath("/a/b"), int, dict, Outer, Outer.Inner, type(None), models.Model, models.CharField,
    default, kept, remembered, Outer.made, Outer.plain, len, doubled, Range(1), Range(1, high=4), Told(),
    Q(a=1) & ~Q(b__gt=F("c")) | Q(d__in=[1]), F("a") + 1, functions.Lower("a"), Value("x"),
    F("a").desc(nulls_last=True),
    functions.Extract("a", "year"), functions.JSONObject(x="a"), F("a")[1:3], functions.Now(),
    models.Case(models.When(a=1, then=Value(2)), default=F("b")), models.CASCADE, models.DB_SET_NULL,
    models.Index(fields=["a", "-b"], name="x"), models.Index(functions.Upper("a"), name="y", condition=Q(a=1)),
    models.CheckConstraint(condition=Q(a__gt=1), name="c"),
    models.UniqueConstraint(fields=["a"], name="u", deferrable=models.Deferrable.DEFERRED),
    validators.MinValueValidator(3), validators.RegexValidator("^a", flags=re.IGNORECASE),
]  # fmt: skip


@pytest.mark.feature("MI-053", "MI-056")
@pytest.mark.parametrize("value", SAME, ids=repr)
def test_what_is_read_is_what_was_written(value):
    found = again(value)
    assert found == value and type(found) is type(value)


@pytest.mark.feature("MI-053", "G-008")
@pytest.mark.parametrize(
    "field",
    [
        models.CharField(max_length=3, choices=[("a", "A"), ("G", [("b", "B")])], default=Size.SMALL),
        models.ForeignKey("shop.Author", models.SET(default), to_field="name", related_name="+", null=True),
        models.ManyToManyField("self", through="shop.Link", through_fields=("a", "b")),
        models.DecimalField(max_digits=5, decimal_places=2, validators=[validators.MaxValueValidator(9)]),
        models.GeneratedField(
            expression=functions.Lower("name"), output_field=models.CharField(max_length=9), db_persist=True
        ),
        models.CompositePrimaryKey("a", "b"),
        models.DateTimeField(auto_now_add=True, db_default=functions.Now(), db_comment="when", db_index=True),
        models.IntegerField(choices=Colour, verbose_name="a colour", help_text="why"),
        models.UUIDField(default=uuid.uuid4, primary_key=True, editable=False),
    ],
    ids=lambda field: type(field).__name__,
)
def test_a_field_is_read_as_it_was_written(field):
    found = again(field)
    assert type(found) is type(field) and serialize(found) == serialize(field)


@pytest.mark.feature("MI-053")
def test_values_that_come_back_as_something_plainer():
    assert again(Size.SMALL) == "s" and type(again(Size.SMALL)) is str
    assert math.isnan(again(math.nan)) and again(-math.inf) == -math.inf
    assert again(pathlib.Path("/a/b")) == pathlib.PurePosixPath("/a/b")
    assert again(item for item in (1, 2)) == (1, 2)
    berlin = datetime.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
    assert again(berlin) == berlin and again(berlin).tzinfo is datetime.UTC
    partly = again(functools.partial(doubled, 4, times=3))
    assert partly() == 12 and partly.func is doubled
    assert serialize(models.CASCADE)[0] == "models.CASCADE"
    assert again(migrations.RunSQL("SELECT 1", "SELECT 2")).reverse_sql == "SELECT 2"


@pytest.mark.feature("MI-054")
def test_wrapped_functions_are_written_as_references():
    module = "tests.migrations.test_writing"
    assert serialize(wrapping) == (f"{module}.default", {f"import {module}"})
    assert serialize(remembered) == (f"{module}.remembered", {f"import {module}"})
    assert serialize(kept) == (f"{module}.kept", {f"import {module}"})


@pytest.mark.feature("MI-055")
def test_what_cannot_be_imported_cannot_be_written():
    def inner():
        pass

    class Inner:
        pass

    for value, message in [
        (lambda: 1, "lambda"),
        (inner, "inside of a function"),
        (Inner, "inside of a function"),
        (Inner(), "deconstruct"),
        (object(), "deconstruct"),
    ]:
        with pytest.raises(ValueError, match=message):
            serialize(value)


@pytest.mark.feature("MI-056")
def test_a_deconstructible_class_may_be_imported_from_elsewhere():
    @deconstructible(path="elsewhere.Thing")
    class Thing:
        def __init__(self, *args, **kwargs):
            pass

    assert Thing(1, a=2).deconstruct() == ("elsewhere.Thing", (1,), {"a": 2})


@pytest.mark.feature("MI-057")
def test_a_serializer_of_ones_own():
    class Celsius(float):
        pass

    class CelsiusSerializer(BaseSerializer):
        def serialize(self):
            return f"float({self.value + 273.15!r})", {"import math"}

    MigrationWriter.register_serializer(Celsius, CelsiusSerializer)
    assert MigrationWriter.serialize(Celsius(0)) == ("float(273.15)", {"import math"})
    MigrationWriter.unregister_serializer(Celsius)
    assert MigrationWriter.serialize(Celsius(1)) == ("1.0", set())
    with pytest.raises(ValueError, match="BaseSerializer"):
        MigrationWriter.register_serializer(Celsius, int)


@pytest.mark.feature("MI-058", "MI-002")
def test_a_file_has_what_it_needs_and_is_the_same_each_time():
    migration = migrations.Migration("0002_more", "shop")
    migration.dependencies = [("shop", "0001_initial"), migrations.swappable_dependency("other.User")]
    migration.run_before = [("late", "0001_initial")]
    migration.replaces = [("shop", "0002_old")]
    migration.atomic = False
    migration.operations = [
        migrations.AddField(
            "book", "price", models.DecimalField(max_digits=4, decimal_places=1, default=Decimal("1.5"))
        ),
        migrations.RunPython(default),
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("Old")]),
    ]
    text = MigrationWriter(migration, include_header=False).as_string()
    assert (
        text
        == """import tests.migrations.test_writing
from decimal import Decimal
from rowsmith import migrations, models


class Migration(migrations.Migration):
    atomic = False

    replaces = [
        ("shop", "0002_old"),
    ]

    run_before = [
        ("late", "0001_initial"),
    ]

    dependencies = [
        ("shop", "0001_initial"),
        migrations.swappable_dependency("other.User"),
    ]

    operations = [
        migrations.AddField(
            model_name="book",
            name="price",
            field=models.DecimalField(decimal_places=1, default=Decimal("1.5"), max_digits=4),
        ),
        migrations.RunPython(
            code=tests.migrations.test_writing.default,
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel(
                    name="Old",
                ),
            ],
        ),
    ]
"""
    )
    assert MigrationWriter(migration, include_header=False).as_string() == text
    header, _, rest = MigrationWriter(migration).as_string().partition("\n\n")
    assert re.fullmatch(r"# Generated by rowsmith \S+ on \d{4}-\d\d-\d\d \d\d:\d\d", header) and rest == text
    names: dict[str, object] = {}
    exec(text, names)
    found = names["Migration"]("0002_more", "shop")
    assert MigrationWriter(found, include_header=False).as_string() == text
