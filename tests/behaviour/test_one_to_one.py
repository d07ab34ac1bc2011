"""Places and restaurants: at most one row on either side."""

from __future__ import annotations

import pytest

from rowsmith import models
from rowsmith.exceptions import IntegrityError, ObjectDoesNotExist
from rowsmith.testing import recorded_statements


class Place(models.Model):
    name = models.CharField(max_length=50)
    address = models.CharField(max_length=80)

    def __str__(self):
        return f"{self.name} the place"


class Restaurant(models.Model):
    place = models.OneToOneField(Place, models.CASCADE, primary_key=True)
    serves_pizza = models.BooleanField(default=False)

    def __str__(self):
        return f"{self.place.name} the restaurant"


class Waiter(models.Model):
    restaurant = models.ForeignKey(Restaurant, models.CASCADE)
    name = models.CharField(max_length=50)


class Sign(models.Model):
    place = models.OneToOneField(Place, models.SET_NULL, null=True, related_name="board")


@pytest.fixture
def town(tables):
    """Two places; the first has a restaurant."""
    tables(Place, Restaurant, Waiter, Sign)
    demon = Place.objects.create(name="Demon Dogs", address="944 W. Fullerton")
    ace = Place.objects.create(name="Ace Hardware", address="1013 N. Ashland")
    return {"demon": demon, "ace": ace, "r": Restaurant.objects.create(place=demon, serves_pizza=True)}


@pytest.mark.feature("EX-028", "M-052")
def test_a_relation_may_be_the_key(town):
    assert town["r"].pk == town["r"].place_id == town["demon"].pk
    assert Restaurant.objects.get(pk=town["demon"].pk) == town["r"]
    assert Restaurant.objects.get(pk=town["demon"]) == town["r"]
    assert Sign._meta.pk.name == "id"


@pytest.mark.feature("EX-029", "Q-133")
def test_both_sides_reach_one_object(town):
    demon = Place.objects.get(name="Demon Dogs")
    with recorded_statements() as seen:
        assert demon.restaurant == town["r"]
        assert demon.restaurant.place is demon
        assert demon.restaurant is demon.restaurant
    assert len(seen) == 1
    assert Restaurant.objects.get().place == town["demon"]


@pytest.mark.feature("EX-030", "Q-133")
def test_a_missing_partner_is_an_error_that_hasattr_understands(town):
    ace = town["ace"]
    with pytest.raises(ObjectDoesNotExist) as caught:
        ace.restaurant
    assert isinstance(caught.value, AttributeError)
    assert isinstance(caught.value, Restaurant.DoesNotExist)
    assert not hasattr(ace, "restaurant")
    assert hasattr(town["demon"], "restaurant")
    assert not hasattr(Place(), "restaurant")


@pytest.mark.feature("EX-031")
def test_assigning_another_place_where_it_is_the_key_makes_a_second_row(town):
    r = town["r"]
    r.place = town["ace"]
    r.save()
    assert Restaurant.objects.count() == 2
    assert Restaurant.objects.get(pk=town["ace"].pk).place == town["ace"]


@pytest.mark.feature("EX-032", "Q-134")
def test_the_other_side_can_be_assigned(town):
    demon, r = town["demon"], town["r"]
    r.place = town["ace"]
    demon.restaurant = r
    assert r.place is demon and demon.restaurant is r
    assert r.place_id == demon.pk
    sign = Sign.objects.create()
    demon.board = sign
    sign.save()
    assert Place.objects.get(pk=demon.pk).board == sign
    with pytest.raises(ValueError, match="must be a Restaurant instance"):
        demon.restaurant = town["ace"]


@pytest.mark.feature("EX-033")
def test_an_unsaved_partner_is_refused(town):
    with pytest.raises(ValueError, match="unsaved related object 'place'"):
        Restaurant.objects.create(place=Place(name="x"))
    with pytest.raises(ValueError, match="unsaved related object"):
        Sign(place=Place(name="x")).save()


@pytest.mark.feature("EX-034")
def test_each_model_lists_its_own_rows(town):
    assert [str(r) for r in Restaurant.objects.all()] == ["Demon Dogs the restaurant"]
    assert [str(p) for p in Place.objects.order_by("name")] == ["Ace Hardware the place", "Demon Dogs the place"]


@pytest.mark.feature("EX-035")
def test_conditions_follow_the_relation_both_ways(town):
    demon, r = town["demon"], town["r"]
    for conditions in (
        {"place__id": demon.pk},
        {"pk": demon.pk},
        {"place": demon.pk},
        {"place": demon},
        {"place__pk": demon.pk},
        {"place__name__startswith": "Demon"},
    ):
        assert Restaurant.objects.get(**conditions) == r
    for conditions in (
        {"pk": demon.pk},
        {"restaurant__place": demon.pk},
        {"restaurant__place": demon},
        {"restaurant__pk": demon.pk},
        {"restaurant": demon.pk},
        {"restaurant": r},
        {"restaurant__place__name__startswith": "Demon"},
        {"restaurant__serves_pizza": True},
    ):
        assert Place.objects.get(**conditions) == demon
    assert list(Place.objects.filter(restaurant__isnull=True)) == [town["ace"]]
    assert list(Place.objects.exclude(restaurant__serves_pizza=True)) == [town["ace"]]
    assert Restaurant.objects.exclude(place__address__contains="Ashland").count() == 1


@pytest.mark.feature("EX-036")
def test_a_foreign_key_leads_on_to_the_place(town):
    joe = town["r"].waiter_set.create(name="Joe")
    assert joe.restaurant_id == town["demon"].pk
    for conditions in (
        {"restaurant__place": town["demon"].pk},
        {"restaurant__place": town["demon"]},
        {"restaurant__pk": town["demon"].pk},
        {"restaurant": town["r"]},
        {"restaurant__place__name__startswith": "Demon"},
    ):
        assert list(Waiter.objects.filter(**conditions)) == [joe]
    assert list(Place.objects.filter(restaurant__waiter__name="Joe")) == [town["demon"]]


@pytest.mark.feature("EX-037")
def test_deleting_a_place_counts_both_models(town):
    assert town["demon"].delete() == (2, {Restaurant._meta.label: 1, Place._meta.label: 1})
    assert Restaurant.objects.count() == 0


@pytest.mark.feature("EX-038")
def test_assigning_none_to_the_other_side_detaches_the_object_at_hand(town):
    demon = Place.objects.get(name="Demon Dogs")
    restaurant = demon.restaurant
    demon.restaurant = None
    assert restaurant.place_id is None
    sign = Sign.objects.create(place=demon)
    assert demon.board is sign
    demon.board = None
    assert sign.place is None and sign.place_id is None
    sign.save()
    assert not hasattr(Place.objects.get(pk=demon.pk), "board")


def test_two_cannot_have_one_partner(town):
    Sign.objects.create(place=town["ace"])
    with pytest.raises(IntegrityError):
        Sign.objects.create(place=town["ace"])
    Sign.objects.create(place=None)
    Sign.objects.create(place=None)


def test_a_partner_that_may_be_missing_is_set_to_null_on_delete(town):
    sign = Sign.objects.create(place=town["ace"])
    town["ace"].delete()
    assert Sign.objects.get(pk=sign.pk).place is None
