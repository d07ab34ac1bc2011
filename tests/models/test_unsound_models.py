"""Models that cannot work are refused before a table is made: where they are defined, or by a check with the mend."""

from __future__ import annotations

import datetime
import itertools

import pytest

from rowsmith import models
from rowsmith.apps import Apps
from rowsmith.exceptions import FieldDoesNotExist
from rowsmith.execution.checking import findings
from rowsmith.models import F, OuterRef, Q, Value
from rowsmith.models.expressions import RawSQL
from rowsmith.models.functions import Lower, Now, Random, RowNumber

_labels = itertools.count()


def world(*specifications):
    """Models of one app of their own, each from its name, its fields and its options."""
    shared = {"apps": Apps(), "app_label": f"unsound{next(_labels)}"}
    return [
        type(name, (models.Model,), {"__module__": __name__, "Meta": type("Meta", (), {**shared, **meta}), **fields})
        for name, fields, meta in specifications
    ]


def told(*specifications):
    return {message.id: message for message in findings(world(*specifications))}


def integer(**options):
    return models.IntegerField(**options)


def text(**options):
    return models.CharField(**{"max_length": 10, **options})


def to(target="Other", on_delete=models.CASCADE, **options):
    return models.ForeignKey(target, on_delete, **options)


def many(**options):
    return models.ManyToManyField("Other", **options)


def generated(expression, output_field=None, **options):
    return models.GeneratedField(
        expression=expression, output_field=output_field or integer(), **{"db_persist": True, **options}
    )


def check(condition):
    return {"constraints": [models.CheckConstraint(condition=condition, name="rule")]}


def unique(*expressions, **options):
    return {"constraints": [models.UniqueConstraint(*expressions, name="rule", **options)]}


def index(*expressions, **options):
    return {"indexes": [models.Index(*expressions, name="by", **options)]}


OTHER = ("Other", {"n": integer()}, {})
LINK = ("Link", {"other": to(), "bad": to("Bad")}, {})


# One model alone: its fields, its options, and what is found.
ALONE = [
    ({"a_": integer()}, {}, "fields.E001"),
    ({"a__b": integer()}, {}, "fields.E002"),
    ({"pk": integer()}, {}, "fields.E003"),
    ({"check": integer()}, {}, "models.E020"),
    ({"id": integer()}, {}, "models.E004"),
    ({"a": integer(), "b": integer(db_column="a")}, {}, "models.E007"),
    ({"a": integer(db_index="yes")}, {}, "fields.E006"),
    ({"a": integer(primary_key=True, null=True)}, {}, "fields.E007"),
    ({"a": integer(validators=[1])}, {}, "fields.E008"),
    ({"a": text(max_length=1, choices=[("ab", "x")])}, {}, "fields.E009"),
    ({"a": models.JSONField(default={})}, {}, "fields.E010"),
    ({"a": models.JSONField(default=[])}, {}, "fields.E010"),
    ({"a": integer(), "b": integer(db_default=F("a"))}, {}, "fields.E012"),
    ({"a": integer(), "b": integer(db_default=F("a") + 1)}, {}, "fields.E012"),
    ({"a": integer(db_default=models.Max("id"))}, {}, "fields.E012"),
    ({"a": text(max_length=0)}, {}, "fields.E121"),
    ({"a": text(max_length=-1)}, {}, "fields.E121"),
    ({"a": text(max_length="5")}, {}, "fields.E121"),
    ({"a": text(max_length=True)}, {}, "fields.E121"),
    ({"a": models.SlugField(max_length=-3)}, {}, "fields.E121"),
    ({"a": integer(max_length=5)}, {}, "fields.W122"),
    ({"a": models.DecimalField(max_digits=5, decimal_places=-1)}, {}, "fields.E131"),
    ({"a": models.DecimalField(max_digits=5, decimal_places="a")}, {}, "fields.E131"),
    ({"a": models.DecimalField(max_digits=0, decimal_places=0)}, {}, "fields.E133"),
    ({"a": models.DecimalField(max_digits="x", decimal_places=1)}, {}, "fields.E133"),
    ({"a": models.DecimalField(max_digits=2, decimal_places=3)}, {}, "fields.E134"),
    ({"a": models.DecimalField(max_digits=2)}, {}, "fields.E135"),
    ({"a": models.FilePathField(path="/", allow_files=False)}, {}, "fields.E140"),
    ({"a": models.GenericIPAddressField(blank=True)}, {}, "fields.E150"),
    ({"a": models.DateField(auto_now=True, auto_now_add=True)}, {}, "fields.E160"),
    ({"a": models.DateTimeField(auto_now=True, default=datetime.datetime.now)}, {}, "fields.E160"),
    ({"a": models.BinaryField(default="x")}, {}, "fields.E170"),
    ({"a": models.FileField(upload_to="/x")}, {}, "fields.E202"),
    ({"a": models.ImageField(width_field="nothing")}, {}, "rowsmith.E108"),
    ({"a": text(unique_for_date="nothing")}, {}, "rowsmith.E108"),
    ({"a": text(unique_for_year="b"), "b": integer()}, {}, "rowsmith.E109"),
    ({"a": to("Nothing")}, {}, "fields.E300"),
    ({"a": to("self", related_name="a")}, {}, "fields.E302"),
    ({"bad": to("self")}, {}, "fields.E303"),
    ({"a": to("self", on_delete=models.SET_NULL)}, {}, "fields.E320"),
    ({}, {"ordering": "id"}, "models.E014"),
    ({}, {"ordering": ["nothing"]}, "models.E015"),
    ({}, {"ordering": ["nothing__b"]}, "models.E015"),
    ({"a": integer()}, {"ordering": ["a__nothing"]}, "models.E015"),
    ({}, {"ordering": ["pk__nothing"]}, "models.E015"),
    ({}, {"ordering": ["?id"]}, "models.E015"),
    ({}, {"ordering": [F("nothing").asc()]}, "models.E015"),
    ({"a": models.ManyToManyField("self")}, {"ordering": ["a"]}, "models.E015"),
    ({}, {"unique_together": [("nothing", "id")]}, "models.E012"),
    ({"a": models.ManyToManyField("self")}, {"unique_together": [("a",)]}, "models.E013"),
    ({}, {"required_db_features": ["partial_index"]}, "rowsmith.E106"),
    # Generated fields
    ({"g": generated(F("nothing"))}, {}, "rowsmith.E101"),
    ({"a": to("self"), "g": generated(F("a__a"))}, {}, "rowsmith.E101"),
    ({"g": generated(Q(id__nothing=1), models.BooleanField())}, {}, "rowsmith.E101"),
    ({"a": integer(), "g": generated(models.Sum("a"))}, {}, "rowsmith.E102"),
    ({"g": generated(models.Window(RowNumber()))}, {}, "rowsmith.E102"),
    ({"g": generated(Now(), models.DateTimeField())}, {}, "rowsmith.E102"),
    ({"g": generated(Random(), models.FloatField())}, {}, "rowsmith.E102"),
    ({"g": generated(OuterRef("id"))}, {}, "rowsmith.E102"),
    ({"a": generated(F("id")), "g": generated(F("a"))}, {}, "rowsmith.E103"),
    ({"g": generated(F("g"))}, {}, "rowsmith.E103"),
    ({"a": integer(), "g": generated(F("a"), primary_key=True)}, {}, "rowsmith.E104"),
    ({"g": generated(F("id"), text(max_length=-1))}, {}, "fields.E223"),
    ({"g": generated(F("id"), integer(max_length=3))}, {}, "fields.W224"),
    # Constraints and indexes
    ({}, check(Q(nothing=1)), "models.E012"),
    ({}, check(Q(id__nothing=1)), "models.E012"),
    ({}, check(Q(id__gt=F("nothing"))), "models.E012"),
    ({"a": to("self")}, check(Q(a__a=1)), "models.E041"),
    ({"a": to("self")}, check(Q(id__gt=F("a__a"))), "models.E041"),
    ({"a": to("self", related_name="kids")}, check(Q(kids=1)), "models.E041"),
    ({"a": models.ManyToManyField("self")}, check(Q(a=1)), "models.E041"),
    ({}, check(Q(RawSQL("id > 0", (), models.BooleanField()))), "models.W045"),
    ({"a": models.DateTimeField()}, check(Q(a__lt=Now())), "rowsmith.E105"),
    ({"a": integer()}, check(Q(a__lt=Random())), "rowsmith.E105"),
    ({}, unique(fields=["nothing"]), "models.E012"),
    ({}, unique(fields=["id"], condition=Q(nothing=1)), "models.E012"),
    ({}, unique(fields=["id"], include=["nothing"]), "models.E012"),
    ({"a": models.ManyToManyField("self")}, unique(fields=["a"]), "models.E013"),
    ({"a": to("self")}, unique(F("a__a")), "models.E041"),
    ({}, unique(Lower("nothing")), "models.E012"),
    ({}, index(fields=["nothing"]), "models.E012"),
    ({}, index(fields=["id"], include=["nothing"]), "models.E012"),
    ({"a": models.ManyToManyField("self")}, index(fields=["a"]), "models.E013"),
    ({}, index(F("nothing").desc()), "models.E012"),
    ({"a": to("self")}, index("a__id"), None),
    ({"a": to("self")}, index("a__a"), "models.E041"),
    ({"a": to("self")}, index(fields=["id"], condition=Q(a__a=1)), "models.E041"),
    ({"a": models.DateTimeField()}, index(F("a") - Now()), "rowsmith.E105"),
    ({}, {"indexes": [models.Index(fields=["id"], name="_by")]}, "models.E033"),
    ({}, {"indexes": [models.Index(fields=["id"], name="1by")]}, "models.E033"),
    ({}, {"indexes": [models.Index(fields=["id"], name="i" * 31)]}, "models.E034"),
    ({}, {"indexes": [models.Index(fields=[f], name="same") for f in ("id", "-id")]}, "models.E029"),
    ({}, {"constraints": check(Q(id=1))["constraints"] + unique(fields=["id"])["constraints"]}, "models.E031"),
    # Two keys of deletion
    (
        {"a": to("self", models.DB_CASCADE), "b": to("self", related_name="+")},
        {},
        "models.E050",
    ),
    ({"a": to("self", models.DB_CASCADE), "b": to("self", models.DO_NOTHING, related_name="+")}, {}, None),
]


@pytest.mark.feature("CK-003", "CK-004", "CK-008", "CK-010", "C-008", "G-002", "G-011")
@pytest.mark.parametrize("fields, meta, code", ALONE, ids=[f"{n}-{case[2]}" for n, case in enumerate(ALONE)])
def test_a_model_that_is_wrong_in_itself(fields, meta, code):
    found = told(("Bad", fields, meta))
    if code is None:
        assert found == {}
        return
    assert code in found
    assert found[code].msg
    assert found[code].obj is not None


# Several models: what is wrong between them.
TOGETHER = [
    ([OTHER, ("Bad", {"a": to(to_field="nothing")}, {})], "fields.E312"),
    ([OTHER, ("Bad", {"a": to(to_field="n")}, {})], "fields.E311"),
    ([("Other", {"n": integer()}, unique(fields=["n"], condition=Q(n=1))), ("Bad", {"a": to(to_field="n")}, {})],
     "fields.E311"),
    ([OTHER, ("Bad", {"a": to(unique=True)}, {})], "fields.W342"),
    ([OTHER, ("Bad", {"a": to(on_delete=models.SET_DEFAULT)}, {})], "fields.E321"),
    ([OTHER, ("Bad", {"a": to(on_delete=models.DB_SET_DEFAULT)}, {})], "fields.E322"),
    ([OTHER, ("Bad", {"a": to(on_delete=models.DB_SET_NULL)}, {})], "fields.E320"),
    ([("Other", {"bad_set": integer()}, {}), ("Bad", {"a": to()}, {})], "fields.E302"),
    ([("Other", {"bad": integer()}, {}), ("Bad", {"a": to()}, {})], "fields.E303"),
    ([OTHER, ("Bad", {"a": to(), "b": to()}, {})], "fields.E304"),
    ([OTHER, ("Bad", {"a": to(related_name="x y")}, {})], "fields.E306"),
    ([OTHER, ("Bad", {"a": to(related_name="class")}, {})], "fields.E306"),
    ([OTHER, ("Bad", {"a": to(related_name="bads_")}, {})], "fields.E308"),
    ([OTHER, ("Bad", {"a": to(related_query_name="b__s")}, {})], "fields.E309"),
    ([OTHER, ("Bad", {"a": to(related_name="objects")}, {})], "fields.E348"),
    ([OTHER, ("Bad", {"a": to(), "a_id": integer()}, {})], "models.E006"),
    ([OTHER, ("Bad", {"a": to(), "b": integer(db_column="a_id")}, {})], "models.E007"),
    ([OTHER, ("Bad", {"a": many(unique=True)}, {})], "fields.E330"),
    ([OTHER, ("Bad", {"a": many(null=True)}, {})], "fields.W340"),
    ([OTHER, ("Bad", {"a": many(validators=[len])}, {})], "fields.W341"),
    ([OTHER, ("Bad", {"a": many(db_comment="x")}, {})], "fields.W346"),
    ([OTHER, ("Bad", {"a": many(through="Nothing")}, {})], "fields.E331"),
    ([OTHER, ("Link", {"other": to()}, {}), ("Bad", {"a": many(through="Link")}, {})], "fields.E336"),
    ([OTHER, ("Link", {"other": to(), "again": to(related_name="+"), "bad": to("Bad")}, {}),
      ("Bad", {"a": many(through="Link")}, {})], "fields.E335"),
    ([OTHER, LINK, ("Bad", {"a": many(through="Link", through_fields=("bad",))}, {})], "fields.E337"),
    ([OTHER, LINK, ("Bad", {"a": many(through="Link", through_fields=("nothing", "other"))}, {})], "fields.E338"),
    ([OTHER, LINK, ("Bad", {"a": many(through="Link", through_fields=("other", "bad"))}, {})], "fields.E339"),
    ([OTHER, ("Bad", {"a": many(db_table="t", related_name="x"), "b": many(db_table="t", related_name="y")}, {})],
     "fields.E340"),
    ([OTHER, ("Bad", {"a": many(db_table="taken")}, {}), ("Third", {}, {"db_table": "taken"})], "fields.E340"),
    ([OTHER, LINK, ("Bad", {"a": many(through="Link", related_name="x"), "b": many(through="Link", related_name="y")},
      {})], "models.E003"),
    ([("One", {}, {"db_table": "same"}), ("Two", {}, {"db_table": "same"})], "models.E028"),
    ([("One", {}, index(fields=["id"])), ("Two", {}, index(fields=["id"]))], "models.E030"),
    ([("One", {}, check(Q(id=1))), ("Two", {}, check(Q(id=1)))], "models.E032"),
    ([OTHER, ("Bad", {"a": to()}, {"ordering": ["a__nothing"]})], "models.E015"),
    ([OTHER, ("Bad", {"a": to()}, check(Q(a__n=1)))], "models.E041"),
    ([OTHER, ("Bad", {"a": to()}, index(fields=["id"], condition=Q(a__n=1)))], "models.E041"),
    # Deletions that the database does on one side only
    ([OTHER, ("Middle", {"a": to(on_delete=models.DB_CASCADE)}, {}), ("Bad", {"b": to("Middle")}, {})], "fields.E323"),
    ([OTHER, ("Middle", {"a": to()}, {}), ("Bad", {"b": to("Middle", models.DB_CASCADE)}, {})], "fields.E323"),
    ([OTHER, ("Middle", {"a": to(on_delete=models.DB_CASCADE)}, {}), ("Good", {"b": to("Middle", models.DB_CASCADE)},
      {})], None),
    ([OTHER, ("Middle", {"a": to(on_delete=models.DO_NOTHING)}, {}), ("Good", {"b": to("Middle", models.DB_CASCADE)},
      {})], None),
]  # fmt: skip


@pytest.mark.feature("CK-005", "CK-006", "CK-007", "CK-008", "F-062")
@pytest.mark.parametrize("several, code", TOGETHER, ids=[f"{n}-{case[1]}" for n, case in enumerate(TOGETHER)])
def test_models_that_do_not_fit_together(several, code):
    # A relation belongs to one model, so each run has fields of its own.
    found = told(*[(name, {n: f.clone() for n, f in fields.items()}, dict(meta)) for name, fields, meta in several])
    if code is None:
        assert found == {}
    else:
        assert code in found


@pytest.mark.feature("CK-004")
@pytest.mark.parametrize(
    "field, fixed",
    [
        (lambda: models.DateTimeField(default=datetime.datetime.now(datetime.UTC)), True),
        (lambda: models.DateTimeField(default=datetime.datetime.now()), True),
        (lambda: models.DateField(default=datetime.date.today()), True),
        (lambda: models.TimeField(default=datetime.datetime.now().time()), True),
        (lambda: models.DateField(default=datetime.date(2000, 1, 1)), False),
        (lambda: models.DateField(default=datetime.date.today), False),
    ],
)
def test_a_default_that_is_the_present_moment(field, fixed):
    assert ("fields.W161" in told(("Bad", {"a": field()}, {}))) is fixed


# What cannot even be defined.
DEFINED = [
    (lambda: text(choices="abc"), TypeError, "choices"),
    (lambda: text(choices=["ab", "cd"]), TypeError, "pairs"),
    (lambda: text(choices=[("a", "b", "c")]), TypeError, "pairs"),
    (lambda: text(max_lenght=3), TypeError, "max_length"),
    (lambda: models.FileField(primary_key=True), TypeError, "primary_key"),
    (lambda: models.ForeignKey("Other"), TypeError, "on_delete"),
    (lambda: models.ForeignKey("Other", "CASCADE"), TypeError, "on_delete"),
    (lambda: models.ForeignKey(5, models.CASCADE), TypeError, "must name a model"),
    (lambda: world(("Bad", {"a": integer(primary_key=True), "b": integer(primary_key=True)}, {})), ValueError, "'b'"),
    (lambda: world(("Bad", {"a": models.AutoField()}, {})), ValueError, "auto-generated"),
    (lambda: world(("Bad", {}, {"odering": ["id"]})), TypeError, "ordering"),
    (lambda: world(("Bad", {}, {"unique_together": "id"})), TypeError, "list of names"),
    (lambda: world(("Bad", {}, {"unique_together": [5]})), TypeError, "list of names"),
    (lambda: world(("Bad", {}, {"proxy": True})), TypeError, "exactly one concrete model"),
    (lambda: world(("Bad", {}, {"order_with_respect_to": "nothing"})), FieldDoesNotExist, "nothing"),
    (lambda: world(("Bad", {"objects": integer()}, {})), ValueError, "objects"),
    (lambda: world(("Bad", {}, {"default_manager_name": "x"}))[0]._default_manager, ValueError, "'x'"),
]


@pytest.mark.feature("CK-004", "CK-008")
@pytest.mark.parametrize("define, error, words", DEFINED, ids=[f"{n}-{case[2]}" for n, case in enumerate(DEFINED)])
def test_what_is_refused_where_it_is_written(define, error, words):
    with pytest.raises(error, match=words):
        define()


@pytest.mark.feature("CK-004")
def test_findings_say_how_to_mend_it():
    found = told(("Bad", {"a": integer(), "twice": generated(F("amount") * 2)}, {}))["rowsmith.E101"]
    assert "amount" in found.msg
    assert "Choices are: a, id, twice" in found.msg
    assert found.hint
    assert str(found.obj).endswith("Bad.twice")
    found = told(("Bad", {"a": generated(F("id") + 1), "b": generated(F("a") * Value(2))}, {}))["rowsmith.E103"]
    assert "'a'" in found.hint
