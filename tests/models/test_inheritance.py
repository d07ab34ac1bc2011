"""Abstract bases and proxies: which fields, options and managers a child gets."""

from __future__ import annotations

import pytest

from rowsmith import models
from rowsmith.exceptions import FieldError
from rowsmith.metadata.checks import check_models


class Owner(models.Model):
    pass


class Base(models.Model):
    name = models.CharField(max_length=10)
    owner = models.ForeignKey(Owner, models.CASCADE, related_name="%(app_label)s_%(class)s_things")

    class Meta:
        abstract = True
        ordering = ["name"]


class Left(Base):
    extra = models.IntegerField()


class Right(Base):
    class Meta(Base.Meta):
        verbose_name = "right one"


@pytest.mark.feature("M-064", "MG-023")
def test_abstract_models_have_no_instances():
    with pytest.raises(TypeError, match="Base is abstract"):
        Base()
    with pytest.raises(AttributeError):
        Base.objects


@pytest.mark.feature("M-065", "M-067", "M-068")
def test_fields_and_meta_are_inherited():
    assert [field.name for field in Left._meta.fields] == ["id", "name", "owner", "extra"]
    assert Left._meta.get_field("name").model is Left
    assert Left._meta.get_field("name") is not Right._meta.get_field("name")
    assert Left._meta.ordering == Right._meta.ordering == ["name"]
    assert Right._meta.verbose_name == "right one"
    assert not Left._meta.abstract
    assert not Right._meta.abstract


@pytest.mark.feature("M-071")
def test_related_names_are_filled_in_per_child():
    label = Left._meta.app_label
    names = {rel.name for rel in Owner._meta.related_objects}
    assert names == {f"{label}_left_things", f"{label}_right_things"}


@pytest.mark.feature("M-073")
def test_without_a_related_name_each_child_has_its_own():
    class Target(models.Model):
        pass

    class Pointing(models.Model):
        target = models.ForeignKey(Target, models.CASCADE)

        class Meta:
            abstract = True

    class One(Pointing):
        pass

    class Two(Pointing):
        pass

    assert {rel.get_accessor_name() for rel in Target._meta.related_objects} == {"one_set", "two_set"}


@pytest.mark.feature("M-066", "M-092")
def test_inherited_fields_may_be_replaced_or_removed():
    class Renamed(Base):
        name = models.TextField()

    class Without(Base):
        name = None

    class Constant(Base):
        name = "fixed"

    assert isinstance(Renamed._meta.get_field("name"), models.TextField)
    assert "name" not in Without._meta.names
    assert Constant.name == "fixed"
    assert Constant().name == "fixed"


@pytest.mark.feature("M-070", "M-089")
def test_only_the_first_meta_is_inherited():
    class Second(models.Model):
        class Meta:
            abstract = True
            verbose_name = "second"

    class Both(Base, Second):
        pass

    class Explicit(Base, Second):
        class Meta(Base.Meta, Second.Meta):
            pass

    assert Both._meta.verbose_name == "both"
    assert Explicit._meta.verbose_name == "second"
    assert Explicit._meta.ordering == ["name"]


@pytest.mark.feature("M-094")
def test_fields_of_abstract_parents_come_depth_first():
    class Root(models.Model):
        field = models.CharField(max_length=1)

        class Meta:
            abstract = True

    class A(Root):
        class Meta:
            abstract = True

    class B(Root):
        field = models.CharField(max_length=2)

        class Meta:
            abstract = True

    class Diamond(A, B):
        pass

    assert Diamond._meta.get_field("field").max_length == 1


def test_a_plain_mixin_before_the_base_hides_its_field():
    class Mixin:
        name = "mixed in"

    class Mixed(Mixin, Base):
        pass

    assert Mixed().name == "mixed in"
    assert "name" not in Mixed._meta.names


@pytest.mark.feature("M-069")
def test_a_table_name_is_inherited_as_it_is():
    class Fixed(models.Model):
        class Meta:
            abstract = True
            db_table = "fixed"

    class Child(Fixed):
        pass

    assert Child._meta.db_table == "fixed"


@pytest.mark.feature("M-080", "M-082", "M-088")
def test_a_proxy_shares_the_table():
    class Sorted(Left):
        class Meta:
            proxy = True
            ordering = ["extra"]

        def shout(self):
            return self.name.upper()

    assert Sorted._meta.db_table == Left._meta.db_table
    assert Sorted._meta.concrete_model is Left
    assert Sorted._meta.fields == Left._meta.fields
    assert Sorted._meta.ordering == ["extra"]
    assert Left._meta.ordering == ["name"]
    assert Sorted(name="x").shout() == "X"
    assert issubclass(Sorted.DoesNotExist, Left.DoesNotExist)
    assert Sorted._meta.pk is Left._meta.pk


@pytest.mark.feature("M-083", "M-084")
def test_what_a_proxy_may_not_be():
    with pytest.raises(TypeError, match="exactly one concrete model"):

        class Two(Left, Right):
            class Meta:
                proxy = True

    with pytest.raises(TypeError, match="exactly one concrete model"):

        class NoBase(Base):
            class Meta:
                proxy = True

    with pytest.raises(FieldError, match="fields of its own"):

        class Fields(Left):
            more = models.IntegerField()

            class Meta:
                proxy = True


@pytest.mark.feature("M-085", "M-086", "MG-018", "MG-021", "MG-022", "MG-026", "MG-024")
def test_managers_are_inherited_and_bound_to_the_child():
    class Extra(models.Model):
        more = models.Manager()

        class Meta:
            abstract = True

    class Owned(models.Model):
        first = models.Manager()

        class Meta:
            abstract = True

    class Child(Owned, Extra):
        pass

    class Own(Owned):
        mine = models.Manager()

    class Proxied(Child):
        class Meta:
            proxy = True

    assert Child.first.model is Child
    assert Child.more.model is Child
    assert Child._default_manager.name == "first"
    assert Own._default_manager.name == "mine"
    assert Own.first.model is Own
    assert Proxied.first.model is Proxied
    assert Child.first is not Own.first


def test_a_relation_to_a_proxy_is_seen_from_the_concrete_model():
    class Solid(models.Model):
        pass

    class Thin(Solid):
        class Meta:
            proxy = True

    class Pointer(models.Model):
        to = models.ForeignKey(Thin, models.CASCADE)

    assert Solid._meta.get_field("pointer").related_model is Pointer
    assert Thin._meta.get_field("pointer").related_model is Pointer


# Parents with tables of their own


class Landlord(models.Model):
    pass


class Place(models.Model):
    name = models.CharField(max_length=10)
    owner = models.ForeignKey(Landlord, models.CASCADE, related_name="%(class)ss", null=True)

    class Meta:
        verbose_name = "spot"


class Inn(Place):
    beds = models.IntegerField(default=0)


@pytest.mark.feature("M-074", "M-075")
def test_a_child_of_a_concrete_model_adds_a_table():
    meta = Inn._meta
    assert [field.name for field in meta.fields] == ["id", "name", "owner", "place_ptr", "beds"]
    assert [field.name for field in meta.local_fields] == ["place_ptr", "beds"]
    assert meta.get_field("name").model is Place
    assert meta.parents == {Place: meta.pk}
    assert meta.all_parents == (Place,)
    assert meta.get_parent_list() == [Place]
    assert meta.get_ancestor_link(Place) is meta.pk
    assert meta.get_ancestor_link(Landlord) is None
    assert meta.get_base_chain(Place) == [Place]
    assert [field.name for field in meta.get_fields(include_parents=False)] == ["place_ptr", "beds"]
    assert meta.verbose_name == "inn"
    assert issubclass(Inn.DoesNotExist, Place.DoesNotExist)
    assert Inn(1, "n", 2, 1, 30).beds == 30
    assert [rel.name for rel in Landlord._meta.related_objects] == ["places"]


def test_names_lead_down_but_neither_up_again_nor_aside():
    class Hostel(Place):
        class Meta:
            app_label = "aside"

    assert {"inn", "hostel"} <= set(Place._meta.names)
    assert not {"inn", "hostel"} & set(Inn._meta.names)


@pytest.mark.feature("M-091", "XC-011")
def test_a_column_of_a_concrete_parent_cannot_be_defined_again():
    with pytest.raises(FieldError, match="Local field 'name' in class 'Again' clashes .* base class 'Place'"):

        class Again(Place):
            name = models.TextField()

    with pytest.raises(FieldError, match="'owner_id' in class 'Attribute'"):

        class Attribute(Place):
            owner_id = models.IntegerField()

    with pytest.raises(FieldError, match="'name' in class 'Mixed'"):

        class Mixed(Base, Place):
            pass

    with pytest.raises(FieldError, match="Auto-generated field 'place_ptr' .* clashes with declared field"):

        class Taken(Place):
            place_ptr = models.IntegerField()


def test_an_abstract_base_after_a_concrete_one_adds_what_that_one_lacks():
    class Named(models.Model):
        name = models.TextField()
        note = models.TextField()

        class Meta:
            abstract = True

    class Noted(Place, Named):
        pass

    assert [field.name for field in Noted._meta.local_fields] == ["place_ptr", "note"]
    assert Noted._meta.get_field("name").model is Place


@pytest.mark.feature("M-090")
def test_two_parents_cannot_both_bring_an_id():
    class Licensed(models.Model):
        number = models.IntegerField()

    with pytest.raises(FieldError, match="would inherit two fields named 'id'"):

        class Pub(Place, Licensed):
            pass


def test_an_abstract_child_of_a_concrete_model_hands_its_columns_on():
    class Open(Place):
        hours = models.IntegerField()

        class Meta:
            abstract = True

    class Stall(Open):
        pass

    class Kiosk(Open):
        pass

    assert [field.name for field in Stall._meta.fields] == ["id", "name", "owner", "place_ptr", "hours"]
    assert Stall._meta.pk.model is Stall
    assert Kiosk._meta.pk.model is Kiosk
    assert {"stall", "kiosk"} <= set(Place._meta.names)


def test_a_proxy_of_a_child_and_a_child_of_a_proxy():
    class Quiet(Inn):
        class Meta:
            proxy = True
            ordering = ["-name"]

    class Cabin(Quiet):
        stove = models.BooleanField(default=False)

    assert Quiet._meta.fields == Inn._meta.fields
    assert Quiet._meta.parents == {Inn: None}
    assert Quiet._meta.all_parents == (Inn, Place)
    assert Cabin._meta.pk.remote_field.model is Inn
    assert Cabin._meta.pk.name == "inn_ptr"
    assert Cabin._meta.ordering == ["-name"]
    assert Cabin._meta.all_parents == (Inn, Place)


def test_a_key_of_ones_own_leaves_the_link_a_unique_column():
    class Coded(Place):
        code = models.CharField(max_length=5, primary_key=True)

    assert Coded._meta.pk.name == "code"
    assert Coded._meta.get_field("place_ptr").unique
    assert not Coded._meta.get_field("place_ptr").primary_key


@pytest.mark.feature("M-078")
def test_a_relation_to_the_parent_needs_a_name_of_its_own():
    class Branch(Place):
        head = models.ForeignKey(Place, models.CASCADE)

    found = [message for message in check_models([Branch]) if message.id == "fields.E305"]
    assert {str(message.obj).split(".")[-1] for message in found} == {"head", "place_ptr"}
    assert all("Branch.head" in message.msg and "Branch.place_ptr" in message.msg for message in found)

    class Outpost(Place):
        head = models.ForeignKey(Place, models.CASCADE, related_name="outposts")

    assert not check_models([Outpost])


def test_a_table_says_nothing_of_columns_in_another_one():
    class Lodge(Place):
        beds = models.IntegerField()

        class Meta:
            unique_together = [["name", "beds"]]
            indexes = [models.Index(fields=["name"], name="lodge_name")]
            constraints = [models.UniqueConstraint(fields=["owner"], name="lodge_owner")]

    found = check_models([Lodge])
    assert [message.id for message in found] == ["models.E016"] * 3
    assert "'unique_together' refers to field 'name' which is not local" in found[0].msg
    assert "Place" in found[0].hint


def test_a_field_added_to_a_parent_later_is_inherited():
    class Early(models.Model):
        pass

    class Child(Early):
        pass

    class Grandchild(Child):
        pass

    Early.add_to_class("late", models.IntegerField(default=3))
    assert Grandchild().late == 3
    assert "late" in Child._meta.names


def test_models_may_refer_to_children_that_come_later():
    class Guest(models.Model):
        inn = models.ForeignKey("LaterInn", models.CASCADE, related_name="guests")
        spot = models.ForeignKey("LaterPlace", models.CASCADE)

    class LaterPlace(models.Model):
        name = models.CharField(max_length=10)

    class LaterInn(LaterPlace):
        beds = models.IntegerField()

    assert Guest._meta.get_field("inn").target_field is LaterInn._meta.pk
    assert [rel.name for rel in LaterInn._meta.related_objects] == ["guest", "guests"]
