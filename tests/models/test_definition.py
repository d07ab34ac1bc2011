"""A class body becomes a model: fields, options, labels, managers, and what each mistake is told."""

from __future__ import annotations

import pytest

from rowsmith import models
from rowsmith.apps import Apps
from rowsmith.exceptions import (
    DatabaseError,
    FieldDoesNotExist,
    FieldError,
    MultipleObjectsReturned,
    ObjectDoesNotExist,
    ObjectNotUpdated,
)
from rowsmith.metadata.names import app_label, shortened


class Writer(models.Model):
    name = models.CharField(max_length=50)
    pen_name = models.CharField("known as", max_length=50, db_column="alias")

    class Meta:
        app_label = "library"


class Volume(models.Model):
    title = models.CharField(max_length=100)
    writer = models.ForeignKey(Writer, models.CASCADE)
    subjects = models.ManyToManyField("Subject", related_name="volumes")

    class Meta:
        app_label = "library"


class Subject(models.Model):
    word = models.TextField(primary_key=True)

    class Meta:
        app_label = "library"


@pytest.mark.feature("M-001", "M-002", "M-005", "O-003", "F-093")
def test_names_are_derived_from_the_class():
    meta = Writer._meta
    assert (meta.db_table, meta.label, meta.label_lower) == ("library_writer", "library.Writer", "library.writer")
    assert (meta.app_label, meta.model_name, meta.object_name) == ("library", "writer", "Writer")
    assert [field.name for field in meta.fields] == ["id", "name", "pen_name"]
    assert [field.column for field in meta.concrete_fields] == ["id", "name", "alias"]
    assert (meta.abstract, meta.proxy, meta.managed) == (False, False, True)


@pytest.mark.feature("M-003", "M-004", "O-003")
@pytest.mark.parametrize(
    "module, label",
    [
        ("myapp.models", "myapp"),
        ("myapp.models.organic", "myapp"),
        ("mysite.blog.models", "blog"),
        ("shop", "shop"),
        ("shop.tables", "shop"),
    ],
)
def test_the_app_label_comes_from_the_module(module, label):
    assert app_label(module) == label


@pytest.mark.feature("O-003")
def test_a_script_lends_its_name(monkeypatch):
    script = type("Script", (), {"__file__": "/home/ann/my-script.py"})
    monkeypatch.setitem(__import__("sys").modules, "__main__", script)
    assert app_label("__main__") == "my_script"


@pytest.mark.feature("M-007", "M-009", "M-011", "M-008")
def test_a_model_without_a_key_gets_one():
    class Bare(models.Model):
        pass

    [key] = Bare._meta.fields
    assert (key.name, type(key), key.primary_key, key.auto_created) == ("id", models.BigAutoField, True, True)
    assert Subject._meta.pk.name == "word"
    assert Subject._meta.pk_fields == [Subject._meta.get_field("word")]


@pytest.mark.feature("M-010")
def test_two_keys_are_an_error():
    with pytest.raises(ValueError, match="two primary keys, 'a' and 'b'"):

        class Twice(models.Model):
            a = models.IntegerField(primary_key=True)
            b = models.IntegerField(primary_key=True)


def test_two_counted_fields_are_an_error():
    with pytest.raises(ValueError, match="more than one auto-generated field"):

        class Twice(models.Model):
            a = models.AutoField(primary_key=True)
            b = models.AutoField()


@pytest.mark.feature("O-001")
def test_unknown_options_are_refused_with_the_nearest():
    with pytest.raises(TypeError, match=r"invalid attribute 'orderng'. Did you mean 'ordering'"):

        class Wrong(models.Model):
            class Meta:
                orderng = ["x"]


@pytest.mark.feature("O-026")
def test_verbose_names_split_the_class_name():
    class HTTPRequestLog(models.Model):
        pass

    assert HTTPRequestLog._meta.verbose_name == "http request log"
    assert HTTPRequestLog._meta.verbose_name_plural == "http request logs"


@pytest.mark.feature("O-005", "O-006", "F-074")
def test_long_names_are_shortened_the_same_way_every_time():
    long = "a" * 80
    assert len(shortened(long)) == 63
    assert shortened(long) == shortened(long)
    assert shortened(long) != shortened(long + "b")
    assert shortened('"' + long + '"') == '"' + long + '"'
    assert shortened("short") == "short"


@pytest.mark.feature("F-091")
def test_fields_are_found_by_name_and_relations_by_query_name():
    assert Volume._meta.get_field("title").name == "title"
    assert Writer._meta.get_field("volume").related_model is Volume
    assert Subject._meta.get_field("volumes").related_model is Volume
    with pytest.raises(FieldDoesNotExist, match="Did you mean 'title'"):
        Volume._meta.get_field("titel")
    with pytest.raises(FieldDoesNotExist):
        Writer._meta.get_field("Volume_subjects+")


@pytest.mark.feature("F-092", "F-088")
def test_fields_are_listed_forward_and_reverse():
    assert [field.name for field in Writer._meta.get_fields()] == ["volume", "id", "name", "pen_name"]
    assert [field.name for field in Volume._meta.get_fields()] == ["id", "title", "writer", "subjects"]
    hidden = [field.name for field in Volume._meta.get_fields(include_hidden=True)]
    assert "Volume_subjects+" in hidden
    reverse = Writer._meta.get_field("volume")
    assert (reverse.one_to_many, reverse.is_relation, reverse.concrete, reverse.auto_created) == (
        True,
        True,
        False,
        True,
    )
    assert Writer._meta.related_objects == (reverse,)
    assert Volume._meta.get_field("writer").many_to_one
    assert Volume._meta.get_field("subjects").many_to_many


@pytest.mark.feature("F-087")
def test_attaching_a_field_sets_its_names():
    field = Volume._meta.get_field("writer")
    assert (field.name, field.attname, field.column, field.model) == ("writer", "writer_id", "writer_id", Volume)


@pytest.mark.feature("XC-002", "XC-003", "XC-004")
def test_each_model_has_its_own_errors():
    assert issubclass(Writer.DoesNotExist, ObjectDoesNotExist)
    assert issubclass(Writer.MultipleObjectsReturned, MultipleObjectsReturned)
    assert issubclass(Writer.NotUpdated, ObjectNotUpdated)
    assert issubclass(Writer.NotUpdated, DatabaseError)
    assert Writer.DoesNotExist is not Volume.DoesNotExist
    pickle = pytest.importorskip("pickle")
    error = pickle.loads(pickle.dumps(Writer.DoesNotExist("gone")))
    assert type(error) is Writer.DoesNotExist
    assert error.args == ("gone",)


@pytest.mark.feature("M-054", "MG-001", "MG-019")
def test_objects_exists_only_without_other_managers():
    class Plain(models.Model):
        pass

    class Peopled(models.Model):
        people = models.Manager()

    assert Plain.objects.model is Plain
    assert Peopled.people.model is Peopled
    with pytest.raises(AttributeError):
        Peopled.objects
    assert Peopled._default_manager is Peopled.people


@pytest.mark.feature("M-055")
def test_instances_have_no_managers():
    with pytest.raises(AttributeError, match="Manager isn't accessible via Writer instances"):
        Writer().objects


@pytest.mark.feature("MG-006", "MG-005", "O-004", "MG-011", "MG-020")
def test_the_first_manager_is_the_default_unless_named():
    class First(models.Model):
        one = models.Manager()
        two = models.Manager()

    class Named(models.Model):
        one = models.Manager()
        two = models.Manager()

        class Meta:
            default_manager_name = "two"
            base_manager_name = "one"

    class Lost(models.Model):
        class Meta:
            default_manager_name = "gone"

    assert First._default_manager.name == "one"
    assert Named._default_manager.name == "two"
    assert Named._base_manager.name == "one"
    with pytest.raises(ValueError, match="no manager named 'gone'"):
        Lost._default_manager


@pytest.mark.feature("M-095")
def test_relations_by_name_are_resolved_when_the_model_appears():
    registry = Apps()

    class Early(models.Model):
        late = models.ForeignKey("Late", models.CASCADE)

        class Meta:
            apps = registry
            app_label = "lazy"

    assert registry.pending == ["lazy.late"]

    class Late(models.Model):
        class Meta:
            apps = registry
            app_label = "lazy"

    assert Early._meta.get_field("late").related_model is Late
    assert registry.pending == []
    assert Late._meta.get_field("early").related_model is Early
    assert hasattr(Late, "early_set")


@pytest.mark.feature("M-096")
def test_a_relation_to_a_model_that_never_comes_says_so():
    class Waiting(models.Model):
        godot = models.ForeignKey("play.Godot", models.CASCADE)

        class Meta:
            apps = Apps()

    with pytest.raises(FieldError, match=r"Waiting.godot refers to 'play.Godot', which is not defined"):
        Waiting._meta.get_field("godot").related_model


@pytest.mark.feature("M-097", "XC-017", "TT-013", "O-028")
def test_models_are_looked_up_by_label():
    registry = Apps()

    class Thing(models.Model):
        class Meta:
            apps = registry
            app_label = "shop"

    assert registry.get_model("shop.thing") is Thing
    assert registry.get_model("shop", "Thing") is Thing
    assert registry.get_models() == [Thing]
    with pytest.raises(LookupError, match=r"no model 'Thingy'. Did you mean 'Thing'"):
        registry.get_model("shop.Thingy")
    with pytest.raises(LookupError, match="Did you mean 'shop'"):
        registry.get_model("shp.Thing")


def test_a_model_that_is_defined_again_takes_the_place_of_the_older_one():
    registry = Apps()

    def define(**attributes):
        meta = type("Meta", (), {"apps": registry, "app_label": "book"})
        return type("Owner", (models.Model,), {"__module__": __name__, "Meta": meta, **attributes})

    old = define(name=models.TextField())

    class Pet(models.Model):
        owner = models.ForeignKey(old, models.CASCADE)
        friends = models.ManyToManyField(old, related_name="+")

        class Meta:
            apps = registry
            app_label = "book"

    new = define(title=models.TextField())
    assert registry.get_model("book.Owner") is new
    assert Pet._meta.get_field("owner").related_model is new
    assert Pet._meta.get_field("owner").steps[0].model is new
    assert new._meta.get_field("pet").related_model is Pet
    assert new.pet_set
    assert Pet.friends.through._meta.get_field("owner").related_model is new


def test_the_same_label_in_another_module_is_an_error():
    registry = Apps()
    meta = {"apps": registry, "app_label": "clash"}
    type("One", (models.Model,), {"__module__": "a.models", "Meta": type("Meta", (), dict(meta))})
    with pytest.raises(RuntimeError, match=r"Two models are labelled 'clash.One'"):
        type("One", (models.Model,), {"__module__": "b.models", "Meta": type("Meta", (), dict(meta))})


@pytest.mark.feature("SG-024")
def test_class_prepared_is_sent_for_each_model():
    from rowsmith.signals import class_prepared

    seen = []

    def note(sender, **named):
        seen.append(sender)

    class_prepared.connect(note)
    try:

        class Base(models.Model):
            class Meta:
                abstract = True

        class Real(Base):
            pass

        class Double(Real):
            class Meta:
                proxy = True

    finally:
        class_prepared.disconnect(note)
    assert seen == [Real, Double]


def test_columns_are_plain_attributes_that_the_class_serves_by_name():
    assert "title" not in vars(Volume)
    assert Volume.title.field is Volume._meta.get_field("title")
    assert Volume.writer_id.field is Volume._meta.get_field("writer")
    with pytest.raises(AttributeError, match="'Volume' has no attribute 'missing'"):
        Volume.missing


@pytest.mark.feature("O-024", "O-025", "O-023", "C-032", "C-027")
def test_unique_together_and_indexes_are_normalised():
    class Seat(models.Model):
        row = models.IntegerField()
        number = models.IntegerField()

        class Meta:
            unique_together = ["row", "number"]
            indexes = [models.Index(fields=["-row"])]

    assert Seat._meta.unique_together == (("row", "number"),)
    [index] = Seat._meta.indexes
    assert index.name.endswith("_idx")
    assert len(index.name) <= 30


@pytest.mark.feature("C-002", "C-031")
def test_names_on_abstract_models_are_filled_in():
    class Priced(models.Model):
        price = models.IntegerField()

        class Meta:
            abstract = True
            app_label = "shop"
            constraints = [
                models.CheckConstraint(condition=models.Q(price__gt=0), name="%(app_label)s_%(class)s_price")
            ]
            indexes = [models.Index(fields=["price"], name="%(class)s_price_idx")]

    class Apple(Priced):
        pass

    class Pear(Priced):
        pass

    assert [model._meta.constraints[0].name for model in (Apple, Pear)] == ["shop_apple_price", "shop_pear_price"]
    assert [model._meta.indexes[0].name for model in (Apple, Pear)] == ["apple_price_idx", "pear_price_idx"]


def test_a_field_may_join_a_finished_class():
    class Crate(models.Model):
        size = models.IntegerField(default=1)

    class BigCrate(Crate):
        class Meta:
            proxy = True

    class Barrel(models.Model):
        pass

    models.IntegerField(default=5).contribute_to_class(Crate, "late")
    models.ForeignKey(Barrel, models.CASCADE, null=True).contribute_to_class(Crate, "barrel")
    Crate.add_to_class("later", models.CharField(max_length=3, choices=[("a", "A")], default="a"))
    barrel = Barrel(pk=7)
    for made in (Crate(late=2, barrel=barrel), BigCrate(None, 1, 2, 7)):
        assert (made.size, made.late, made.barrel_id, made.later) == (1, 2, 7, "a")
        assert made.get_later_display() == "A"
    assert Crate().late == BigCrate().late == 5
    with pytest.raises(TypeError, match="latest"):
        Crate(latest=1)


@pytest.mark.feature("O-002")
def test_a_model_is_concrete_and_managed_unless_it_says_otherwise():
    class Plain(models.Model):
        pass

    assert (Plain._meta.abstract, Plain._meta.proxy, Plain._meta.managed) == (False, False, True)


@pytest.mark.feature("M-038")
def test_a_label_in_a_relation_is_resolved_when_its_model_is_defined():
    class Cart(models.Model):
        horse = models.ForeignKey("stable.Horse", models.CASCADE)

        class Meta:
            app_label = "yard"

    field = Cart._meta.get_field("horse")
    assert field.remote_field.model == "stable.Horse"

    class Horse(models.Model):
        class Meta:
            app_label = "stable"

    assert field.related_model is field.remote_field.model is Horse
    assert Horse(pk=1).cart_set is not None


@pytest.mark.feature("F-069")
def test_targets_of_relations_named_in_three_ways():
    class Relating(models.Model):
        own = models.ForeignKey("self", models.CASCADE, related_name="+")
        near = models.ForeignKey("Thing", models.CASCADE, related_name="+")
        far = models.ForeignKey("third.Thing", models.CASCADE, related_name="+")

        class Meta:
            abstract = True
            app_label = "abstracts"

    def thing(label):
        body = {"__module__": __name__, "Meta": type("Meta", (), {"app_label": label})}
        return type("Thing", (models.Model,), body)

    def child(label):
        body = {"__module__": __name__, "Meta": type("Meta", (), {"app_label": label})}
        return type("Child", (Relating,), body)

    one, two, third = thing("first"), thing("second"), thing("third")
    for made, near in ((child("first"), one), (child("second"), two)):
        targets = [made._meta.get_field(name).related_model for name in ("own", "near", "far")]
        assert targets == [made, near, third]


@pytest.mark.feature("M-016")
def test_a_column_named_as_a_keyword_is_reached_by_another_name():
    with pytest.raises(SyntaxError):
        compile("class Flight(models.Model):\n    from = models.CharField(max_length=3)\n", "<model>", "exec")

    class Flight(models.Model):
        origin = models.CharField(max_length=3, db_column="from")

    assert Flight._meta.get_field("origin").column == "from"
    assert list(Flight._meta.columns) == ["id", "origin"]
