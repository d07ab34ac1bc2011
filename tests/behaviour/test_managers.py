"""Managers of one's own: the doors to a model's rows, and the methods they have."""

from __future__ import annotations

import pytest

from rowsmith import models
from rowsmith.models import Count
from rowsmith.testing import recorded_statements
from tests.behaviour.library import names


class ShipQuerySet(models.QuerySet):
    def fast(self, knots=20):
        """Ships of at least so many knots."""
        return self.filter(knots__gte=knots)

    def _secret(self):
        return self.filter(name="Secret")

    def _shown(self):
        return self.filter(name="Shown")

    _shown.queryset_only = False

    def kept_back(self):
        return self.none()

    kept_back.queryset_only = True


class Afloat(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(sunk=False)

    def fleet_of(self, knots):
        """Not a queryset: any answer will do."""
        return {ship.name: self.model.__name__ for ship in self.filter(knots=knots)}

    def by_size(self):
        return self.annotate(crew=Count("sailor")).order_by("-crew", "name")


FromQuerySet = models.Manager.from_queryset(ShipQuerySet)
AfloatFromQuerySet = Afloat.from_queryset(ShipQuerySet, "AfloatShips")


class Ship(models.Model):
    name = models.CharField(max_length=20)
    knots = models.IntegerField(default=10)
    sunk = models.BooleanField(default=False)

    objects = models.Manager()
    afloat = Afloat()
    ships = ShipQuerySet.as_manager()
    made = FromQuerySet()
    both = AfloatFromQuerySet()


class Sailor(models.Model):
    name = models.CharField(max_length=20)
    ship = models.ForeignKey(Ship, models.CASCADE, null=True)


@pytest.fixture
def harbour(tables):
    tables(Ship, Sailor)
    for name, knots, sunk in (("Ada", 10, False), ("Bea", 20, False), ("Cleo", 30, False), ("Titan", 21, True)):
        ship = Ship.objects.create(name=name, knots=knots, sunk=sunk)
        Sailor.objects.bulk_create([Sailor(name=f"{name} {n}", ship=ship) for n in range(knots // 10)])


@pytest.mark.feature("MG-002", "MG-003")
def test_a_manager_has_methods_of_its_own(harbour):
    assert Ship.afloat.fleet_of(20) == {"Bea": "Ship"}
    assert [(ship.name, ship.crew) for ship in Ship.afloat.by_size()] == [("Cleo", 3), ("Bea", 2), ("Ada", 1)]


@pytest.mark.feature("MG-004")
def test_get_queryset_is_where_every_method_starts(harbour):
    afloat = Ship.afloat
    assert names(afloat.all().order_by("pk")) == names(afloat.order_by("name")) == ["Ada", "Bea", "Cleo"]
    assert afloat.count() == 3 and not afloat.filter(name="Titan").exists()
    assert names(afloat.exclude(knots=10).order_by("pk")) == ["Bea", "Cleo"]
    assert list(afloat.values_list("name", flat=True).order_by("-name"))[0] == "Cleo"
    assert afloat.aggregate(n=Count("pk")) == {"n": 3} and len(afloat.in_bulk()) == 3
    with pytest.raises(Ship.DoesNotExist):
        afloat.get(name="Titan")
    assert afloat.update(knots=1) == 3
    assert Ship.objects.get(name="Titan").knots == 21
    assert afloat.get_or_create(name="Titan")[1]


@pytest.mark.feature("MG-012")
def test_a_plain_manager_lacks_the_methods_of_a_queryset_class(harbour):
    for manager in (Ship.objects, Ship.afloat):
        with pytest.raises(AttributeError, match="fast"):
            manager.fast()
    assert Ship.ships.fast().count() == Ship.made.fast().count() == 3


@pytest.mark.feature("MG-013", "Q-228")
def test_a_queryset_class_gives_a_manager_with_its_methods(harbour):
    assert isinstance(Ship.ships, models.Manager) and isinstance(Ship.ships.all(), ShipQuerySet)
    assert names(Ship.ships.fast().order_by("pk")) == ["Bea", "Cleo", "Titan"]
    assert names(Ship.ships.fast(knots=25)) == names(Ship.ships.filter(sunk=False).fast(25)) == ["Cleo"]
    assert Ship.ships.fast.__doc__ == ShipQuerySet.fast.__doc__
    assert ShipQuerySet.as_manager() is not ShipQuerySet.as_manager()


@pytest.mark.feature("MG-014")
def test_from_queryset_makes_a_class_of_managers(harbour):
    assert issubclass(FromQuerySet, models.Manager) and FromQuerySet.__name__ == "ManagerFromShipQuerySet"
    assert issubclass(AfloatFromQuerySet, Afloat) and AfloatFromQuerySet.__name__ == "AfloatShips"
    assert names(Ship.both.fast().order_by("pk")) == ["Bea", "Cleo"]
    assert Ship.both.fleet_of(10) == {"Ada": "Ship"}
    again = FromQuerySet()
    again.contribute_to_class(Ship, "again")
    assert names(Ship.again.fast(30)) == ["Cleo"]


@pytest.mark.feature("MG-015")
def test_which_methods_a_manager_takes_over(harbour):
    for manager in (Ship.ships, Ship.made):
        assert not hasattr(manager, "_secret") and not hasattr(manager, "kept_back")
        assert list(manager._shown()) == []
        assert list(manager.all()._secret()) == list(manager.all().kept_back()) == []


@pytest.mark.feature("MG-017")
def test_what_destroys_or_makes_managers_is_for_querysets(harbour):
    for manager in (Ship.objects, Ship.ships, Ship.made):
        for name in ("delete", "adelete", "as_manager"):
            assert not hasattr(manager, name), name
    for name in ("delete", "adelete", "as_manager"):
        assert hasattr(Ship.objects.all(), name)


@pytest.mark.feature("MG-027", "MG-028")
def test_a_manager_can_be_bound_to_a_database(harbour, database):
    import rowsmith
    from rowsmith.db import connections

    settings = connections.settings["default"]
    rowsmith.configure({"default": settings, "second": settings})
    bound = Ship.both.db_manager("second")
    assert type(bound) is AfloatFromQuerySet and bound.model is Ship
    assert (bound._db, bound.db) == ("second", "second")
    assert (Ship.both._db, Ship.both.db) == (None, "default")
    with recorded_statements("second") as there, recorded_statements() as here:
        assert names(bound.fast().order_by("pk")) == ["Bea", "Cleo"]
        assert bound.fleet_of(10) == {"Ada": "Ship"}
        assert bound.get(name="Ada")._state.db == "second"
        assert bound.create(name="New")._state.db == "second"
    assert len(there) == 4 and here == []
    assert bound.db_manager("default").db == "default"


class Hiding(models.Manager):
    def get_queryset(self):
        return super().get_queryset().exclude(name="hidden")


class Port(models.Model):
    name = models.CharField(max_length=20)

    everything = models.Manager()
    seen = Hiding()

    class Meta:
        base_manager_name = "seen"


class Pier(models.Model):
    name = models.CharField(max_length=20)
    port = models.ForeignKey(Port, models.CASCADE)
    ports = models.ManyToManyField(Port, related_name="piers")

    everything = models.Manager()
    seen = Hiding()

    class Meta:
        base_manager_name = "seen"


@pytest.fixture
def ports(tables):
    tables(Port, Pier)
    port = Port.everything.create(name="hidden")
    pier = Pier.everything.create(name="hidden", port=port)
    pier.ports.add(port)
    return port, pier


@pytest.mark.feature("MG-009")
def test_a_base_manager_has_no_say_across_relations(ports):
    port, pier = ports
    assert Pier.everything.filter(port__name="hidden").get() == pier
    assert Port.everything.filter(pier__name="hidden").get() == port
    assert list(port.pier_set.all()) == [pier]
    assert list(port.piers.all()) == [pier] and list(pier.ports.all()) == [port]


@pytest.mark.feature("MG-010")
def test_a_base_manager_that_hides_rows_hides_them_from_forward_access(ports):
    pier = Pier.everything.get()
    with pytest.raises(Port.DoesNotExist):
        pier.port
    Port.everything.update(name="open")
    assert pier.port.name == "open"


class Visible(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(state="open")


class Stateful(models.Model):
    state = models.CharField(max_length=10)

    objects = models.Manager()
    visible = Visible()

    class Meta:
        abstract = True


class Gate(Stateful):
    state = models.TextField(default="open", db_column="condition")


@pytest.mark.feature("MG-025")
def test_an_inherited_manager_uses_the_field_that_the_child_has(tables):
    tables(Gate)
    Gate.objects.create()
    Gate.objects.create(state="shut")
    with recorded_statements() as seen:
        assert Gate.visible.count() == 1
    assert '"condition"' in seen[0]
