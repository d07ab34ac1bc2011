"""Mistakes in definitions are found before any table is made, and told with both names and a way out."""

from __future__ import annotations

import pytest

from rowsmith import checks, models
from rowsmith.apps import Apps
from rowsmith.metadata.checks import check_models


def findings(*chosen):
    return {message.id: message for message in check_models(chosen)}


def meta(**attributes):
    return type("Meta", (), {"apps": Apps(), "app_label": "checked", **attributes})


@pytest.mark.feature("M-014", "M-015", "M-017", "CK-003")
@pytest.mark.parametrize(
    "name, code", [("a__b", "fields.E002"), ("a_", "fields.E001"), ("pk", "fields.E003"), ("check", "models.E020")]
)
def test_field_names_that_queries_could_not_use(name, code):
    bad = type("Bad", (models.Model,), {"__module__": __name__, "Meta": meta(), name: models.IntegerField()})
    assert code in findings(bad)


@pytest.mark.feature("CK-004", "F-015", "F-035", "F-040", "F-027", "F-045")
@pytest.mark.parametrize(
    "field, code",
    [
        (models.CharField(max_length=1, choices={"ab": "x"}), "fields.E009"),
        (models.IntegerField(validators=[5]), "fields.E008"),
        (models.JSONField(default={}), "fields.E010"),
        (models.DateField(auto_now=True, default=None), "fields.E160"),
        (models.DateField(auto_now=True, auto_now_add=True), "fields.E160"),
        (models.DecimalField(max_digits=2, decimal_places=3), "fields.E134"),
        (models.DecimalField(max_digits=2), "fields.E135"),
        (models.CharField(max_length=0), "fields.E121"),
        (models.BinaryField(default="x"), "fields.E170"),
        (models.GenericIPAddressField(blank=True), "fields.E150"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_options_that_contradict_each_other(field, code):
    bad = type("Bad", (models.Model,), {"__module__": __name__, "Meta": meta(), "value": field})
    assert code in findings(bad)


@pytest.mark.feature("CK-005", "CK-012", "M-072")
def test_two_relations_with_one_name_are_told_apart_by_related_name():
    options = meta()

    class Target(models.Model):
        Meta = options

    class Twice(models.Model):
        first = models.ForeignKey(Target, models.CASCADE)
        second = models.ForeignKey(Target, models.CASCADE)

        Meta = options

    found = findings(Twice)
    assert {"fields.E304", "fields.E305"} <= set(found)
    assert "Twice.first" in found["fields.E304"].msg
    assert "Twice.second" in found["fields.E304"].msg
    assert "related_name" in found["fields.E304"].hint


@pytest.mark.feature("CK-005", "M-096")
def test_targets_and_names_of_relations():
    options = meta()

    class Goal(models.Model):
        shot = models.IntegerField()
        Meta = options

    class Shot(models.Model):
        goal = models.ForeignKey(Goal, models.CASCADE, related_name="shot")
        lost = models.ForeignKey("Nowhere", models.CASCADE)
        store = models.ForeignKey(Goal, models.CASCADE, related_name="objects")
        Meta = options

    assert {"fields.E302", "fields.E303", "fields.E300", "fields.E348"} <= set(findings(Shot))


@pytest.mark.feature("CK-006", "F-059", "F-061", "F-066", "F-070")
@pytest.mark.parametrize(
    "options, code",
    [
        ({"on_delete": models.SET_NULL}, "fields.E320"),
        ({"on_delete": models.DB_SET_NULL}, "fields.E320"),
        ({"on_delete": models.SET_DEFAULT}, "fields.E321"),
        ({"on_delete": models.DB_SET_DEFAULT}, "fields.E322"),
        ({"on_delete": models.CASCADE, "to_field": "plain"}, "fields.E311"),
        ({"on_delete": models.CASCADE, "to_field": "gone"}, "fields.E312"),
        ({"on_delete": models.CASCADE, "unique": True}, "fields.W342"),
    ],
)
def test_foreign_keys(options, code):
    shared = meta()

    class Hub(models.Model):
        plain = models.IntegerField()
        Meta = shared

    wheel = type(
        "Wheel", (models.Model,), {"__module__": __name__, "Meta": shared, "hub": models.ForeignKey(Hub, **options)}
    )
    assert code in findings(wheel)


@pytest.mark.feature("CK-007", "CK-013", "M-041", "M-042", "F-076")
def test_many_to_many():
    shared = meta()

    class Room(models.Model):
        guests = models.ManyToManyField("Guest", through="Night", null=True, validators=[len])
        Meta = shared

    class Guest(models.Model):
        Meta = shared

    class Night(models.Model):
        room = models.ForeignKey(Room, models.CASCADE)
        guest = models.ForeignKey(Guest, models.CASCADE)
        payer = models.ForeignKey(Guest, models.CASCADE, related_name="paid")
        Meta = shared

    class Lost(models.Model):
        others = models.ManyToManyField(Guest, through="Missing")
        Meta = shared

    assert {"fields.E335", "fields.W340", "fields.W341"} <= set(findings(Room))
    assert "fields.E331" in findings(Lost)


@pytest.mark.feature("CK-008", "O-011", "O-024", "M-069", "C-027")
def test_options_of_models():
    shared = meta()

    class Wrong(models.Model):
        id = models.IntegerField()
        key = models.IntegerField(primary_key=True)
        a = models.IntegerField(db_column="b")
        b = models.IntegerField()

        class Meta(shared):
            ordering = ["gone"]
            unique_together = [("a", "missing")]
            indexes = [models.Index(fields=["a"], name="_wrong")]

    assert {"models.E004", "models.E007", "models.E015", "models.E012", "models.E033"} <= set(findings(Wrong))

    class Text(models.Model):
        class Meta(shared):
            ordering = "id"
            db_table = "one"

    class Other(models.Model):
        class Meta(shared):
            db_table = "one"

    assert {"models.E014", "models.E028"} <= set(findings(Text, Other))


def test_ordering_may_go_along_relations_and_transforms():
    shared = meta()

    class Parent(models.Model):
        day = models.DateField()
        Meta = shared

    class Child(models.Model):
        parent = models.ForeignKey(Parent, models.CASCADE)

        class Meta(shared):
            ordering = ["-parent__day", "parent_id", "parent__day__year", "pk", "?", models.Q]

    assert not findings(Child)


@pytest.mark.feature("F-090")
def test_a_field_class_can_announce_its_end():
    class Leaving(models.IntegerField):
        system_check_deprecated_details = {"msg": "going", "hint": "use another", "id": "own.W001"}

    class Using(models.Model):
        value = Leaving()
        Meta = meta()

    assert findings(Using)["own.W001"].hint == "use another"


@pytest.mark.feature("CK-001", "CK-002")
def test_checks_of_the_user_s_own_are_run():
    @checks.register("own")
    def mine(app_configs, databases, **kwargs):
        return [checks.Warning("careful", hint="look", obj="x", id="own.W002")]

    [found] = checks.run_checks(tags=["own"])
    assert (found.level, str(found)) == (checks.WARNING, "x: (own.W002) careful\n\tHINT: look")
    checks._registered.pop()


def test_sound_models_have_no_findings():
    from tests.models.test_relations import City, House, Person, Roof, Stay

    assert check_models([City, House, Person, Roof, Stay]) == []


def declaring(annotation, related_name="books"):
    """A model that declares an accessor, and another whose relation makes one."""
    options = meta()
    target = type("Author", (models.Model,), {
        "__module__": __name__, "__annotations__": {"books": annotation}, "Meta": options,
    })  # fmt: skip
    book = type("Book", (models.Model,), {
        "__module__": __name__, "Meta": options,
        "author": models.ForeignKey(target, models.CASCADE, related_name=related_name),
    })  # fmt: skip
    return findings(target, book)


@pytest.mark.parametrize("annotation", ["models.Reverse[Book]", "Reverse['Book']", models.Reverse["Book"]])
def test_declared_accessors_are_held_against_those_that_relations_make(annotation):
    assert not declaring(annotation)
    missing = declaring(annotation, related_name="boks")["rowsmith.E121"]
    assert "'books'" in missing.msg
    assert "'boks'" in missing.hint


def test_a_declared_accessor_names_the_model_it_leads_to():
    wrong = declaring("models.Reverse['shop.Review']")["rowsmith.E122"]
    assert wrong.msg == "The accessor 'books' leads to Book, not to Review."
    assert wrong.hint == "Declare books: models.Reverse[Book]."
