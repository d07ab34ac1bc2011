"""Abstract bases and proxies: which fields, options and managers a child gets."""

from __future__ import annotations

import pytest

from rowsmith import models
from rowsmith.exceptions import FieldError


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
