"""Instances: what the constructor takes, what they hold, how they compare, copy and pickle."""

from __future__ import annotations

import copy
import pickle
import warnings

import pytest

import rowsmith
from rowsmith import models
from rowsmith.exceptions import FieldError
from rowsmith.fields.defaults import DEFERRED
from rowsmith.signals import post_init, pre_init


class Maker(models.Model):
    name = models.CharField(max_length=20, default="?")


class Tool(models.Model):
    title = models.CharField(max_length=20)
    weight = models.IntegerField(null=True)
    maker = models.ForeignKey(Maker, models.CASCADE, null=True)
    notes = models.JSONField(default=list)
    kinds = models.ManyToManyField("self")
    stock = models.IntegerField(db_default=7)

    @property
    def label(self):
        return self.title

    @label.setter
    def label(self, value):
        self.title = value.upper()


class Greedy(models.Model):
    size = models.IntegerField(default=1)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.double = self.size * 2


@pytest.mark.feature("V-001", "M-001")
def test_keywords_are_fields_attnames_properties_and_pk():
    maker = Maker(id=5)
    tool = Tool(title="saw", maker=maker, label="hammer", pk=9)
    assert (tool.title, tool.maker_id, tool.maker, tool.id) == ("HAMMER", 5, maker, 9)
    assert Tool(maker_id=5).maker_id == 5


@pytest.mark.feature("V-001")
def test_positional_arguments_follow_the_fields():
    tool = Tool(1, "saw", 3, 5)
    assert (tool.id, tool.title, tool.weight, tool.maker_id) == (1, "saw", 3, 5)


@pytest.mark.feature("V-001", "V-002")
def test_arguments_that_fit_nothing():
    with pytest.raises(TypeError, match=r"unexpected keyword argument: 'titel'. Did you mean 'title'\?"):
        Tool(titel="x")
    with pytest.raises(FieldError):
        Tool(titel="x")
    with pytest.raises(TypeError, match="'alpha', 'beta'"):
        Tool(alpha=1, beta=2)
    with pytest.raises(IndexError, match="at most 6 positional arguments"):
        Tool(*range(9))
    with pytest.raises(TypeError, match="title"):
        Tool(1, "saw", title="saw")
    with pytest.raises(TypeError, match=r"Use kinds.set\(\) instead"):
        Tool(kinds=[])


@pytest.mark.feature("V-003")
def test_values_stay_as_they_were_given():
    assert Tool(weight="12").weight == "12"


@pytest.mark.feature("M-028", "F-016", "G-013")
def test_defaults_are_made_for_each_instance():
    one, two = Tool(), Tool()
    assert one.notes == []
    assert one.notes is not two.notes
    assert (one.title, one.weight, one.maker_id, one.id) == ("", None, None, None)
    assert isinstance(one.stock, models.DatabaseDefault)
    assert Tool(stock=3).stock == 3


@pytest.mark.feature("M-029")
def test_the_python_default_wins_over_the_database_s():
    class TwoDefaults(models.Model):
        n = models.IntegerField(default=1, db_default=2)

    assert TwoDefaults().n == 1


@pytest.mark.feature("F-016")
def test_the_default_of_a_relation_is_a_key():
    class Branded(models.Model):
        maker = models.ForeignKey(Maker, models.CASCADE, default=4)
        other = models.ForeignKey(Maker, models.CASCADE, default=lambda: Maker(id=6), related_name="+")

    assert (Branded().maker_id, Branded().other_id) == (4, 6)


def test_an_overridden_constructor_just_works():
    assert Greedy(size=4).double == 8
    assert Greedy(7, 3).double == 6

    class Greedier(Greedy):
        class Meta:
            proxy = True

    assert Greedier(size=5).double == 10


def test_field_names_that_cannot_be_parameters():
    odd = type("Odd", (models.Model,), {"__module__": __name__, "class": models.IntegerField(default=3)})
    assert getattr(odd(), "class") == 3
    assert getattr(odd(**{"class": 4}), "class") == 4
    assert getattr(odd(1, 5), "class") == 5
    with pytest.raises(TypeError):
        odd(1, 5, **{"class": 6})
    with pytest.raises(IndexError):
        odd(1, 2, 3)


@pytest.mark.feature("SG-011")
def test_construction_is_announced_while_somebody_listens():
    seen = []

    def before(sender, args, kwargs, **named):
        seen.append((sender, args, kwargs))

    def after(sender, instance, **named):
        seen.append((sender, instance.name, instance._state.db))

    plain = Maker.__init__
    pre_init.connect(before, sender=Maker)
    post_init.connect(after, sender=Maker)
    try:
        Maker(3, name="Ann")
        Greedy()
    finally:
        pre_init.disconnect(before, sender=Maker)
        post_init.disconnect(after, sender=Maker)
    assert seen[0] == (Maker, (3,), {"name": "Ann"})
    assert seen[1] == (Maker, "Ann", None)
    assert Maker.__init__ is plain


def test_the_state_of_new_and_loaded_instances():
    new = Maker()
    assert (new._state.adding, new._state.db) == (True, None)
    loaded = Maker.from_db("default", ["id", "name"], [1, "Ann"])
    assert (loaded._state.adding, loaded._state.db) == (False, "default")
    loaded._state.db = "other"
    assert loaded._state.db == "other"


@pytest.mark.feature("V-004", "V-007")
def test_from_db_takes_values_with_gaps():
    for names, values in ((["id"], [1]), (["id", "name"], [1, DEFERRED])):
        maker = Maker.from_db("default", names, values)
        assert maker.get_deferred_fields() == {"name"}
        assert maker.id == 1
        assert maker.__class__ is Maker
        assert isinstance(maker, Maker)
    assert Maker.from_db("default", ["name", "id"], ["Ann", 2]).id == 2
    assert Maker().get_deferred_fields() == set()


@pytest.mark.feature("V-014")
def test_a_missing_value_of_an_unsaved_instance_is_an_attribute_error():
    maker = Maker.from_db("default", ["id"], [1])
    maker._state.adding = True
    with pytest.raises(AttributeError, match="name"):
        maker.name


@pytest.mark.feature("V-013")
def test_deferred_values_are_loaded_through_refresh_from_db():
    class Lazy(models.Model):
        a = models.IntegerField()
        b = models.IntegerField()

        def refresh_from_db(self, using=None, fields=None, **options):
            for name in fields:
                setattr(self, name, 42)

    lazy = Lazy.from_db("default", ["id"], [1])
    assert lazy.a == 42
    assert lazy.get_deferred_fields() == {"b"}
    assert lazy.b == 42
    assert type(lazy) is Lazy


@pytest.mark.feature("M-057", "V-038")
def test_text_forms():
    assert str(Maker(id=3)) == "Maker object (3)"
    assert repr(Maker(id=3)) == "<Maker: Maker object (3)>"

    class Fred(models.Model):
        name = models.TextField()

        def __str__(self):
            return self.name

    assert repr(Fred(name="Fred")) == "<Fred: Fred>"


@pytest.mark.feature("V-034", "V-035")
def test_equality_is_by_model_and_key():
    class Alias(Maker):
        class Meta:
            proxy = True

    assert Maker(id=1) == Maker(id=1, name="x")
    assert Maker(id=1) == Alias(id=1)
    assert Maker(id=1) != Maker(id=2)
    assert Maker(id=1) != Tool(id=1)
    assert Maker() != Maker()
    assert hash(Maker(id=1)) == hash(1)
    with pytest.raises(TypeError, match="without a primary key"):
        hash(Maker())


@pytest.mark.feature("V-039")
def test_a_key_is_set_when_it_has_a_value_of_its_own():
    class Counted(models.Model):
        key = models.IntegerField(primary_key=True, db_default=5)

    assert not Maker()._is_pk_set()
    assert Maker(id=1)._is_pk_set()
    assert not Counted()._is_pk_set()


@pytest.mark.feature("V-036")
def test_instances_are_pickled_with_the_version():
    tool = Tool(1, "saw", 3, 5, ["x"])
    again = pickle.loads(pickle.dumps(tool))
    assert again == tool
    assert again.notes == ["x"]
    assert again._state.adding
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pickle.loads(pickle.dumps(Maker.from_db("default", ["id"], [1])))
    data = pickle.dumps(tool).replace(rowsmith.__version__.encode(), b"0" * len(rowsmith.__version__))
    with pytest.warns(RuntimeWarning, match="does not match the current version"):
        pickle.loads(data)


@pytest.mark.feature("V-036")
def test_deferred_and_linking_instances_are_pickled():
    partial = pickle.loads(pickle.dumps(Maker.from_db("default", ["id"], [1])))
    assert partial.get_deferred_fields() == {"name"}
    through = Tool.kinds.through
    link = pickle.loads(pickle.dumps(through(1, 2, 3)))
    assert type(link) is through
    assert (link.from_tool_id, link.to_tool_id) == (2, 3)


@pytest.mark.feature("V-037")
def test_a_copy_has_a_state_of_its_own():
    maker, other = Maker(id=1), Maker(id=2)
    tool = Tool(maker=maker)
    twin = copy.copy(tool)
    twin.maker = other
    twin._state.adding = False
    assert tool.maker is maker
    assert tool._state.adding
    deep = copy.deepcopy(tool)
    assert deep.maker == maker
    assert deep.maker is not maker


@pytest.mark.feature("M-056")
def test_methods_and_properties_are_plain_python():
    assert Tool(title="saw").label == "saw"


def test_an_error_of_a_property_is_not_hidden_on_deferred_instances():
    class Broken(models.Model):
        a = models.IntegerField()

        @property
        def wrong(self):
            raise AttributeError("deep inside")

    for instance in (Broken(), Broken.from_db("default", ["id"], [1])):
        with pytest.raises(AttributeError, match="deep inside"):
            instance.wrong
        with pytest.raises(AttributeError, match="no attribute 'other'"):
            instance.other
