"""Relations as data and as attributes: joins, names, caches, and what assignment allows."""

from __future__ import annotations

import sys

import pytest

from rowsmith import bridge, models
from rowsmith.exceptions import FieldDoesNotExist, FieldError, LazyLoadInAsync, ObjectDoesNotExist


class City(models.Model):
    name = models.CharField(max_length=10)
    code = models.CharField(max_length=3, unique=True)


class House(models.Model):
    city = models.ForeignKey(City, models.CASCADE, related_name="houses", related_query_name="house")
    zone = models.ForeignKey(City, models.CASCADE, to_field="code", null=True, related_name="+")


class Roof(models.Model):
    house = models.OneToOneField(House, models.CASCADE, primary_key=True)


class Person(models.Model):
    friends = models.ManyToManyField("self")
    idols = models.ManyToManyField("self", symmetrical=False, related_name="fans")
    homes = models.ManyToManyField(House, through="Stay")


class Stay(models.Model):
    person = models.ForeignKey(Person, models.CASCADE)
    house = models.ForeignKey(House, models.CASCADE)
    since = models.IntegerField()


def columns(step):
    return [(source.column, target.column) for source, target in step.pairs]


@pytest.mark.feature("M-037", "F-055")
def test_a_foreign_key_is_one_join_either_way():
    [there] = House._meta.get_field("city").steps
    assert (there.model, columns(there), there.multiple, there.nullable) == (City, [("city_id", "id")], False, False)
    [back] = City._meta.get_field("house").steps
    assert (back.model, columns(back), back.multiple, back.nullable) == (House, [("id", "city_id")], True, True)
    [zone] = House._meta.get_field("zone").steps
    assert (columns(zone), zone.nullable) == ([("zone_id", "code")], True)


@pytest.mark.feature("M-052", "M-053")
def test_a_one_to_one_field_meets_one_row():
    [back] = House._meta.get_field("roof").steps
    assert (back.model, back.multiple, back.nullable) == (Roof, False, True)
    assert Roof._meta.pk.name == "house"


@pytest.mark.feature("M-039", "M-040", "M-042", "M-043", "F-072", "F-073")
def test_many_to_many_goes_over_the_linking_table():
    through = Person.friends.through
    assert [field.column for field in through._meta.fields] == ["id", "from_person_id", "to_person_id"]
    assert through._meta.auto_created is Person
    link, target = Person._meta.get_field("idols").steps
    assert (columns(link), columns(target)) == ([("id", "from_person_id")], [("to_person_id", "id")])
    link, target = Person._meta.get_field("fans").steps
    assert (columns(link), columns(target)) == ([("id", "to_person_id")], [("from_person_id", "id")])
    link, target = Person._meta.get_field("homes").steps
    assert (link.model, columns(link), columns(target)) == (Stay, [("id", "person_id")], [("house_id", "id")])
    link, target = House._meta.get_field("person").steps
    assert (link.model, columns(link), target.model) == (Stay, [("id", "house_id")], Person)


@pytest.mark.feature("M-049")
def test_the_automatic_linking_table_is_unique_over_both_keys():
    assert Person.friends.through._meta.unique_together == (("from_person", "to_person"),)


@pytest.mark.feature("F-072")
def test_a_symmetrical_relation_has_no_other_end():
    assert not any(name.startswith("friends_rel") for name in Person._meta.names)
    assert Person.fans.reverse


@pytest.mark.feature("F-064", "F-065", "O-009")
def test_names_of_the_other_end():
    assert "house" in City._meta.names
    assert "houses" not in City._meta.names
    assert City._meta.get_field("house").get_accessor_name() == "houses"

    class Aim(models.Model):
        pass

    class Arrow(models.Model):
        one = models.ForeignKey(Aim, models.CASCADE)
        two = models.ForeignKey(Aim, models.CASCADE, related_name="doubles")
        hidden = models.ForeignKey(Aim, models.CASCADE, related_name="gone+")

        class Meta:
            default_related_name = "%(model_name)s_things"

    assert set(Aim._meta.names) == {"id", "arrow_things", "doubles"}
    assert hasattr(Aim, "arrow_things")
    with pytest.raises(FieldDoesNotExist):
        Aim._meta.get_field("gone+")


@pytest.mark.feature("M-041", "CK-013")
def test_a_linking_model_without_the_right_keys():
    class Side(models.Model):
        others = models.ManyToManyField(City, through="Link")

    class Link(models.Model):
        side = models.ForeignKey(Side, models.CASCADE)

    with pytest.raises(FieldError, match="needs a foreign key to"):
        Side._meta.get_field("others").m2m_fields


@pytest.mark.feature("F-075")
def test_through_fields_choose_the_keys():
    class Player(models.Model):
        opponents = models.ManyToManyField("self", through="Game", through_fields=("black", "white"))

    class Game(models.Model):
        white = models.ForeignKey(Player, models.CASCADE, related_name="as_white")
        black = models.ForeignKey(Player, models.CASCADE, related_name="as_black")

    field = Player._meta.get_field("opponents")
    assert (field.m2m_field_name(), field.m2m_reverse_field_name()) == ("black", "white")


@pytest.mark.feature("F-076")
def test_many_to_many_cannot_be_assigned():
    for owner, name in ((Person(id=1), "friends"), (Person(id=1), "fans"), (City(id=1), "houses")):
        with pytest.raises(TypeError, match=r"Use \w+.set\(\) instead"):
            setattr(owner, name, [])


# Forward access without a database ---------------------------------------------------------------------------------


@pytest.mark.feature("V-027")
def test_a_changed_key_drops_the_cached_instance():
    city = City(id=1)
    house = House(city=city)
    assert house.city is city
    house.city_id = None
    with pytest.raises(House.city.RelatedObjectDoesNotExist):
        house.city
    house.city_id = 1
    assert house.city is city


@pytest.mark.feature("V-026", "EX-033")
def test_an_unsaved_instance_is_kept_until_its_key_is_known():
    city = City(name="Basel")
    house = House(city=city)
    assert (house.city_id, house.city) == (None, city)
    city.id = 7
    assert house.city is city
    house.city_id = 8
    assert House.city.cached(house) is not city


def test_a_deleted_instance_stays_the_one_that_was_meant():
    city = City(id=1)
    house = House(city=city)
    city.id = None
    assert house.city is city


@pytest.mark.feature("F-078", "EX-030")
def test_a_missing_relation_is_an_attribute_error_and_a_does_not_exist():
    with pytest.raises(AttributeError):
        House().city
    with pytest.raises(City.DoesNotExist):
        House().city
    assert House().zone is None
    assert not hasattr(House(), "roof")
    assert issubclass(House.roof.RelatedObjectDoesNotExist, ObjectDoesNotExist)


@pytest.mark.feature("EX-003")
def test_only_instances_of_the_target_can_be_assigned():
    with pytest.raises(ValueError, match=r"House.city must be a City instance"):
        House(city=Person())
    with pytest.raises(ValueError, match="must be a Roof instance"):
        House(id=1).roof = City()


def test_none_can_be_assigned():
    house = House(zone=City(code="BS"))
    assert house.zone_id == "BS"
    house.zone = None
    assert (house.zone, house.zone_id) == (None, None)


@pytest.mark.feature("EX-032", "EX-029", "EX-038")
def test_one_to_one_keeps_both_sides():
    house, roof = House(id=1), Roof()
    roof.house = house
    assert house.roof is roof
    other = House(id=2)
    other.roof = roof
    assert (roof.house, roof.house_id, other.roof) == (other, 2, roof)
    other.roof = None
    assert roof.house_id is None


def test_on_delete_choices_are_plain_data():
    assert repr(models.CASCADE) == "CASCADE"
    assert models.DB_SET_NULL.database == "SET NULL"
    assert models.SET(5).resolve() == 5
    assert models.SET(lambda: 6).resolve() == 6
    assert models.SET(5) == models.SET(5)
    pickle = pytest.importorskip("pickle")
    assert pickle.loads(pickle.dumps(models.PROTECT)) is models.PROTECT
    assert pickle.loads(pickle.dumps(models.SET(5))) == models.SET(5)


# With a database ---------------------------------------------------------------------------------------------------


@pytest.mark.feature("EX-029", "F-067", "MG-008")
def test_related_instances_are_fetched_once(tables):
    tables(City, House, Roof)
    city = City.objects.create(name="Basel", code="BS")
    House.objects.create(city=city, zone=city)
    house = House.objects.get()
    assert house.city == city
    assert house.city is house.city
    assert house.zone == city
    assert not hasattr(house, "roof")
    roof = Roof.objects.create(house=house)
    fresh = House.objects.get()
    assert fresh.roof == roof
    assert fresh.roof.house is fresh
    house.city_id = 99
    with pytest.raises(City.DoesNotExist):
        house.city


async def test_a_lazy_load_on_the_event_loop_names_the_way_out(tables):
    await bridge.run(tables, City, House)
    await City.objects.acreate(name="Basel", code="BS")
    city = await City.objects.aget()
    await House.objects.acreate(city=city)
    house = await House.objects.defer("zone").aget()
    with pytest.raises(LazyLoadInAsync, match=r"house.city is not loaded.*await house.aload\('city'\)"):
        house.city
    with pytest.raises(LazyLoadInAsync, match=r"house.zone_id is deferred.*await house.aload\('zone_id'\)"):
        house.zone_id
    assert await house.aload("city") == city
    assert house.city == city
    assert await house.aload("zone_id") is None
    assert house.zone is None


@pytest.mark.feature("V-008")
@pytest.mark.skipif(sys.version_info < (3, 12), reason="costs too much before Python 3.12")
def test_a_deleted_value_is_loaded_again(tables):
    tables(City)
    City.objects.create(name="Basel", code="BS")
    city = City.objects.get()
    del city.name
    assert city.name == "Basel"
    with pytest.raises(AttributeError, match="'City' object has no attribute 'nothing'"):
        city.nothing
