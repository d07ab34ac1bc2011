"""Indexes, operator classes and exclusion constraints of PostgreSQL."""

from __future__ import annotations

import datetime

import pytest

from rowsmith import models, transaction
from rowsmith.db import connections
from rowsmith.exceptions import ExclusionViolation, IntegrityError, ValidationError
from rowsmith.execution.checking import findings
from rowsmith.models import Deferrable, F, Func, Q
from rowsmith.models.functions import Lower
from rowsmith.postgres.constraints import ExclusionConstraint
from rowsmith.postgres.fields import ArrayField, DateTimeRangeField, IntegerRangeField, RangeBoundary, RangeOperators
from rowsmith.postgres.indexes import (
    BloomIndex,
    BrinIndex,
    BTreeIndex,
    GinIndex,
    GistIndex,
    HashIndex,
    OpClass,
    SpGistIndex,
)
from rowsmith.testing import isolate_apps

pytestmark = pytest.mark.only("postgresql")

NOW = datetime.datetime(2024, 3, 1, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)


class TsTzRange(Func):
    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class Hall(models.Model):
    name = models.CharField(max_length=20)

    class Meta:
        app_label = "halls"


class Booking(models.Model):
    hall = models.ForeignKey(Hall, models.CASCADE)
    start = models.DateTimeField()
    end = models.DateTimeField()
    cancelled = models.BooleanField(default=False)

    class Meta:
        app_label = "halls"
        constraints = [
            ExclusionConstraint(
                name="halls_once",
                expressions=[
                    (TsTzRange("start", "end", RangeBoundary()), RangeOperators.OVERLAPS),
                    ("hall", RangeOperators.EQUAL),
                ],
                condition=Q(cancelled=False),
                violation_error_message="The hall is taken (%(name)s).",
                violation_error_code="taken",
            )
        ]


class Slot(models.Model):
    span = IntegerRangeField(null=True)
    note = models.CharField(max_length=10, default="")

    class Meta:
        app_label = "halls"
        constraints = [
            ExclusionConstraint(
                name="halls_later", expressions=[("span", "&&")], index_type="SPGIST", include=["note"],
                deferrable=Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(OpClass(Lower("note"), name="text_pattern_ops"), "span", name="halls_notes"),
        ]  # fmt: skip


class Shelf(models.Model):
    tags = ArrayField(models.CharField(max_length=5), default=list)
    title = models.CharField(max_length=50)
    number = models.IntegerField()
    span = IntegerRangeField(null=True)

    class Meta:
        app_label = "halls"
        indexes = [
            BloomIndex(
                fields=["number", "title"], length=80, columns=[4, 2], opclasses=["int4_ops", "text_ops"], name="bl"
            ),
            BrinIndex(fields=["number"], autosummarize=True, pages_per_range=4),
            BTreeIndex(fields=["-number"], fillfactor=80, deduplicate_items=False),
            GinIndex(fields=["tags"], fastupdate=False, gin_pending_list_limit=128),
            GistIndex(fields=["span"], buffering=False, fillfactor=70),
            HashIndex(fields=["title"], fillfactor=60),
            SpGistIndex(fields=["span"], fillfactor=50),
            GinIndex(OpClass(Lower("title"), name="gin_trgm_ops"), name="halls_trigrams"),
            models.Index(OpClass(F("title"), "varchar_pattern_ops").desc(), name="halls_pattern"),
        ]


@pytest.fixture
def extensions(database):
    with connections["default"].cursor() as cursor:
        for name in ("btree_gist", "bloom", "pg_trgm"):
            cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")


def definitions(table, relation="pg_indexes"):
    with connections["default"].cursor() as cursor:
        cursor.execute(f"SELECT indexname, indexdef FROM pg_indexes WHERE tablename = '{table}'")
        return dict(cursor.fetchall())


@pytest.mark.feature("PG-024", "PG-025")
def test_indexes_say_their_method_their_options_and_their_classes(extensions, tables):
    tables(Shelf)
    found = definitions("halls_shelf")
    by_suffix = {name.rsplit("_", 1)[-1]: text.partition(" USING ")[2] for name, text in found.items()}
    assert by_suffix["bl"] == "bloom (number, title) WITH (length='80', col1='4', col2='2')"
    assert by_suffix["brin"] == "brin (number) WITH (autosummarize='on', pages_per_range='4')"
    assert by_suffix["btree"] == "btree (number DESC) WITH (fillfactor='80', deduplicate_items=off)"
    assert by_suffix["gin"] == "gin (tags) WITH (fastupdate=off, gin_pending_list_limit='128')"
    assert by_suffix["gist"] == "gist (span) WITH (buffering=off, fillfactor='70')"
    assert by_suffix["hash"] == "hash (title) WITH (fillfactor='60')"
    assert by_suffix["spgist"] == "spgist (span) WITH (fillfactor='50')"
    assert by_suffix["trigrams"] == "gin (lower((title)::text) gin_trgm_ops)"
    assert by_suffix["pattern"] == "btree (title varchar_pattern_ops DESC)"
    tables(Slot)
    assert "lower((note)::text) text_pattern_ops, span" in definitions("halls_slot")["halls_notes"]
    Slot.objects.create(span=(1, 2), note="A")
    with pytest.raises(ValidationError, match="halls_notes"):
        Slot(span=(1, 2), note="a").validate_constraints()
    with pytest.raises(ValueError, match="operator class"):
        OpClass("title", name="x; DROP TABLE y")
    assert OpClass("title", "a_ops") == OpClass("title", "a_ops") != OpClass("title", "b_ops")


@pytest.mark.plain
@pytest.mark.feature("PG-026")
def test_wrong_options_are_refused_and_names_tell_the_method(database):
    for make in (
        lambda: BloomIndex(fields=["a"], length=0),
        lambda: BloomIndex(fields=["a"], length=4097),
        lambda: BloomIndex(fields=["a"], columns=[4096]),
        lambda: BloomIndex(fields=["a"], columns=[0]),
        lambda: BloomIndex(fields=["a"], columns=[1, 2]),
        lambda: BloomIndex(fields=["a"], columns={1}),
        lambda: BloomIndex(fields=[f"f{number}" for number in range(33)]),
        lambda: BrinIndex(fields=["a"], pages_per_range=0),
    ):
        with pytest.raises(ValueError):
            make()
    for kind, suffix in (
        (BloomIndex, "bloom"), (BrinIndex, "brin"), (BTreeIndex, "btree"), (GinIndex, "gin"), (GistIndex, "gist"),
        (HashIndex, "hash"), (SpGistIndex, "spgist"),
    ):  # fmt: skip
        index = kind(fields=["number"])
        index.set_name_with_model(Shelf)
        assert index.name.endswith(f"_{suffix}") and len(index.name) <= index.max_name_length == 27 + len(suffix)
        assert index.deconstruct()[0] == f"rowsmith.postgres.indexes.{kind.__name__}"
        assert index.clone() == index
    given = BrinIndex(fields=["a"], name="b", autosummarize=False, pages_per_range=3)
    assert given.deconstruct()[2] == {"name": "b", "fields": ["a"], "autosummarize": False, "pages_per_range": 3}
    bloom = BloomIndex(fields=["a"], name="b", length=3, columns=[4])
    assert bloom.deconstruct()[2] == {"name": "b", "fields": ["a"], "length": 3, "columns": [4]}


@pytest.mark.feature("PG-022", "PG-023")
def test_rows_exclude_each_other_in_the_database_and_before(extensions, tables):
    tables(Hall, Booking)
    one, two = Hall.objects.create(name="one"), Hall.objects.create(name="two")
    first = Booking.objects.create(hall=one, start=NOW, end=NOW + 2 * HOUR)
    clash = Booking(hall=one, start=NOW + HOUR, end=NOW + 3 * HOUR)
    with pytest.raises(ValidationError) as caught:
        clash.full_clean()
    [told] = caught.value.error_dict["__all__"]
    assert (told.code, told.messages) == ("taken", ["The hall is taken (halls_once)."])
    with pytest.raises(IntegrityError) as refused:
        with transaction.atomic():
            clash.save()
    assert isinstance(refused.value, ExclusionViolation) and refused.value.constraint == "halls_once"
    for other in (
        Booking(hall=two, start=NOW, end=NOW + HOUR),
        Booking(hall=one, start=NOW + 2 * HOUR, end=NOW + 3 * HOUR),
        Booking(hall=one, start=NOW, end=NOW + HOUR, cancelled=True),
    ):
        other.full_clean()
        other.save()
        other.full_clean()
    first.end = NOW + 3 * HOUR
    with pytest.raises(ValidationError):
        first.full_clean()
    first.full_clean(exclude=["end"])


@pytest.mark.feature("PG-022")
def test_exclusions_may_wait_and_use_other_methods(extensions, tables):
    tables(Slot)
    with transaction.atomic():
        first = Slot.objects.create(span=(1, 5), note="a")
        Slot.objects.create(span=(4, 6), note="b")
        Slot.objects.filter(pk=first.pk).update(span=(1, 4))
    with pytest.raises(IntegrityError):
        with transaction.atomic():
            Slot.objects.create(span=(5, 9))
    Slot.objects.create(span=None)
    Slot(span=None, note="c").validate_constraints()
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'halls_later'")
        [[definition]] = cursor.fetchall()
    assert definition == "EXCLUDE USING spgist (span WITH &&) INCLUDE (note) DEFERRABLE INITIALLY DEFERRED"


@pytest.mark.plain
@pytest.mark.feature("PG-023")
def test_wrong_exclusions_are_refused(database):
    for options, told in (
        ({"expressions": []}, "At least one"),
        ({"expressions": ["span"]}, "2-tuples"),
        ({"expressions": [("span", "&&", "x")]}, "2-tuples"),
        ({"expressions": [("span", "&& x")]}, "operator"),
        ({"expressions": [("span", "&&")], "index_type": "gin"}, "GiST, Hash, or SP-GiST"),
        ({"expressions": [("span", "&&")], "condition": "x"}, "condition"),
        ({"expressions": [("span", "&&")], "deferrable": "x"}, "deferrable"),
        ({"expressions": [("span", "&&")], "include": "x"}, "include"),
        ({"expressions": [("span", "=")], "include": ["x"], "index_type": "hash"}, "Hash"),
    ):
        with pytest.raises(ValueError, match=told):
            ExclusionConstraint(name="wrong", **options)
    waiting = {"condition": Q(note="a"), "deferrable": Deferrable.IMMEDIATE}
    given = ExclusionConstraint(name="x", expressions=[("span", "&&")], index_type="SPGiST", **waiting)
    assert given.index_type == "spgist" and given.clone() == given
    assert given.deconstruct() == (
        "rowsmith.postgres.constraints.ExclusionConstraint",
        (),
        {
            "name": "x", "expressions": [(F("span"), "&&")], "index_type": "spgist", "condition": Q(note="a"),
            "deferrable": Deferrable.IMMEDIATE,
        },
    )  # fmt: skip
    with isolate_apps():

        class Misnamed(models.Model):
            class Meta:
                app_label = "halls"
                constraints = [ExclusionConstraint(name="misnamed", expressions=[("nothing", "&&")])]

    assert [message.id for message in findings([Misnamed])] == ["models.E012"]
