"""Keys of several columns, and relations of several columns, as definitions: what is right and what is refused."""

from __future__ import annotations

import pytest

from rowsmith import models
from rowsmith.apps import Apps
from rowsmith.metadata.checks import check_models
from rowsmith.models import F


def meta(**attributes):
    return type("Meta", (), {"apps": Apps(), "app_label": "keyed", **attributes})


class Plain(models.Model):
    class Meta:
        app_label = "keyed_plain"


def findings(*chosen):
    return {message.id: message for message in check_models(chosen)}


@pytest.mark.feature("PK-002", "CK-010")
@pytest.mark.parametrize(
    "name, field",
    [
        ("missing", None),
        ("b", models.IntegerField(null=True)),
        ("b", models.ManyToManyField(Plain)),
        ("b", models.GeneratedField(expression=F("a") + 1, output_field=models.IntegerField(), db_persist=True)),
    ],
    ids=["missing", "null", "many", "generated"],
)
def test_members_are_columns_of_the_model_that_are_never_null(name, field):
    body = {"pk": models.CompositePrimaryKey("a", name), "a": models.IntegerField()}
    if field is not None:
        body["b"] = field
    model = type("Bad", (models.Model,), {"__module__": __name__, "Meta": meta(), **body})
    assert name in findings(model)["models.E042"].msg


@pytest.mark.feature("PK-017")
@pytest.mark.parametrize(
    "options",
    [
        {"unique_together": [("pk", "c")]},
        {"indexes": [models.Index(fields=["pk"], name="by_pk")]},
        {"constraints": [models.UniqueConstraint(fields=["pk", "c"], name="one_pk")]},
    ],
    ids=["unique_together", "indexes", "constraints"],
)
def test_constraints_and_indexes_cannot_name_the_key(options):
    class Keyed(models.Model):
        pk = models.CompositePrimaryKey("a", "b")
        a = models.IntegerField()
        b = models.IntegerField()
        c = models.IntegerField()

        Meta = meta(**options)

    assert "models.E048" in findings(Keyed)


def pair(**options):
    """A model with a key of two columns, and one that refers to it."""
    shared = meta()

    class Target(models.Model):
        pk = models.CompositePrimaryKey("a", "b")
        a = models.IntegerField()
        b = models.CharField(max_length=5)

        Meta = shared

    class Source(models.Model):
        a = models.IntegerField(null=True)
        b = models.CharField(max_length=5, default="")
        target = models.ForeignObject(
            Target, models.CASCADE, **{"from_fields": ("a", "b"), "to_fields": ("a", "b"), **options}
        )

        Meta = shared

    return Target, Source


@pytest.mark.feature("CK-010")
def test_a_foreign_object_joins_columns_that_exist_and_name_one_row():
    assert not findings(*pair())
    assert "fields.E312" in findings(*pair(from_fields=("a", "missing")))
    assert "fields.E312" in findings(*pair(to_fields=("a", "missing")))
    assert "fields.E310" in findings(*pair(from_fields=("a",), to_fields=("a",)))


@pytest.mark.feature("PK-013")
def test_a_foreign_object_has_no_column():
    _, source = pair()
    assert [field.name for field in source._meta.concrete_fields] == ["id", "a", "b"]
    assert source._meta.get_field("target").column is None


class Kept(models.Model):
    pk = models.CompositePrimaryKey("a", "b")
    a = models.IntegerField()
    b = models.CharField(max_length=5)

    class Meta:
        app_label = "keyed_kept"


def test_a_foreign_key_to_several_columns_owns_a_column_for_each():
    class Line(models.Model):
        before = models.IntegerField()
        kept = models.ForeignKey(Kept, models.CASCADE)
        after = models.IntegerField()

        Meta = meta()

    assert [field.attname for field in Line._meta.concrete_fields] == ["id", "before", "kept_a", "kept_b", "after"]
    line = Line(kept=Kept(1, "x"), before=1, after=2)
    assert (line.kept_id, line.kept_a, line.kept_b) == ((1, "x"), 1, "x")
    line.kept_id = None
    assert (line.kept_id, line.kept_a, line.kept_b) == (None, None, None)
    assert Line(kept_id=(2, "y")).kept_b == "y"
    assert Line(kept_a=2, kept_b="y").kept_id == (2, "y")
    assert Line(kept_a=2).kept_id is None
    with pytest.raises(ValueError, match="must have 2 elements"):
        line.kept_id = (1,)


def test_the_model_may_be_defined_later():
    options = meta()

    class Early(models.Model):
        late = models.ForeignKey("Late", models.SET_NULL, null=True)
        again = models.ForeignKey("self", models.CASCADE, null=True)

        Meta = options

    class Late(models.Model):
        others = models.ManyToManyField("self")
        pk = models.CompositePrimaryKey("a", "up_a", "up_b")
        a = models.IntegerField()
        up = models.ForeignKey(Kept, models.CASCADE)

        Meta = options

    names = [field.attname for field in Early._meta.concrete_fields]
    assert names == ["id", "late_a", "late_up_a", "late_up_b", "again_id"]
    assert Early(late=Late(pk=(1, 2, "x"))).late_up_b == "x"
    linked = [field.attname for field in Late.others.through._meta.concrete_fields]
    assert linked == ["id", "from_late_a", "from_late_up_a", "from_late_up_b", "to_late_a", "to_late_up_a", "to_late_up_b"]  # noqa: E501
    assert not findings(Early, Late)


def test_columns_may_be_shared_with_other_fields():
    class Line(models.Model):
        a = models.IntegerField()
        kept = models.ForeignKey(Kept, models.SET_NULL, null=True, from_fields=("a", None), related_name="+")

        Meta = meta()

    assert [field.attname for field in Line._meta.concrete_fields] == ["id", "a", "kept_b"]
    line = Line(kept=Kept(3, "x"))
    assert (line.a, line.kept_b) == (3, "x")
    line.kept = None
    assert (line.a, line.kept_b, line.kept_id) == (3, None, None)
    assert not findings(Line)
    assert Line._meta.get_field("kept").deconstruct()[3]["from_fields"] == ("a", None)


def test_wrong_shares_are_refused():
    def line(**options):
        body = {"a": models.IntegerField(), "kept": models.ForeignKey(Kept, **{"on_delete": models.CASCADE, **options})}
        return type("Line", (models.Model,), {"__module__": __name__, "Meta": meta(), **body})

    with pytest.raises(ValueError, match="must have 2 items"):
        line(from_fields=("a",))
    with pytest.raises(ValueError, match="db_column cannot name it"):
        line(db_column="k")
    assert "fields.E312" in findings(line(from_fields=("missing", None)))
    assert "fields.E320" in findings(line(on_delete=models.SET_NULL))
    assert "fields.E322" in findings(line(from_fields=("a", None), null=True, on_delete=models.DB_SET_NULL))
    with pytest.raises(ValueError, match="single column"):

        class Single(models.Model):
            other = models.ForeignKey("self", models.CASCADE, from_fields=("id",))

            Meta = meta()


def test_a_model_that_is_defined_anew_changes_the_columns_of_those_that_refer_to_it():
    options = meta()

    class Line(models.Model):
        order = models.ForeignKey("Order", models.CASCADE)

        Meta = options

    def columns():
        return [field.attname for field in Line._meta.concrete_fields]

    body = {"a": models.IntegerField(), "b": models.IntegerField(), "c": models.IntegerField()}

    def define(**more):
        fields = {name: field.clone() for name, field in body.items()}
        return type("Order", (models.Model,), {"__module__": __name__, "Meta": options, **fields, **more})

    assert columns() == ["id", "order_id"]
    first = define(pk=models.CompositePrimaryKey("a", "b"))
    assert columns() == ["id", "order_a", "order_b"]
    assert Line(order=first(1, 2)).order_id == (1, 2)
    second = define(pk=models.CompositePrimaryKey("c", "a"))
    assert columns() == ["id", "order_c", "order_a"]
    assert Line(order=second(a=1, c=3)).order_id == (3, 1)
    third = define()
    assert columns() == ["id", "order_id"]
    assert Line(order=third(id=5)).order_id == 5
    assert not findings(Line)


def test_a_relation_of_several_columns_may_be_part_of_a_key():
    options = meta()

    class Detail(models.Model):
        pk = models.CompositePrimaryKey("kept", "place")
        kept = models.ForeignKey("Late", models.CASCADE)
        place = models.IntegerField()

        Meta = options

    class Late(models.Model):
        pk = models.CompositePrimaryKey("a", "b")
        a = models.IntegerField()
        b = models.IntegerField()

        Meta = options

    assert [field.name for field in Detail._meta.pk_fields] == ["kept_a", "kept_b", "place"]
    assert Detail(kept=Late(1, 2), place=3).pk == (1, 2, 3)
    assert Detail(pk=(4, 5, 6)).kept_id == (4, 5)
    assert not findings(Detail, Late)
