"""Models that inherit from models with tables of their own: a restaurant is a place."""

from __future__ import annotations

import copy
import pickle
import uuid

import pytest

import rowsmith
from rowsmith import models, transaction
from rowsmith.exceptions import DatabaseError, FieldDoesNotExist, FieldError, IntegrityError, ValidationError
from rowsmith.models import Count, Exists, F, Max, OuterRef, Q
from rowsmith.signals import post_delete, post_save, pre_delete, pre_save
from rowsmith.testing import recorded_statements


class Chain(models.Model):
    name = models.CharField(max_length=20)


class Label(models.Model):
    text = models.CharField(max_length=20, unique=True)


class Venue(models.Model):
    name = models.CharField(max_length=20, unique=True)
    address = models.CharField(max_length=40, default="")
    opened = models.DateField(null=True)
    chain = models.ForeignKey(Chain, models.SET_NULL, null=True, related_name="venues")
    labels = models.ManyToManyField(Label, related_name="venues")

    class Meta:
        ordering = ["name"]
        get_latest_by = "opened"

    def __str__(self):
        return self.name


class Notice(models.Model):
    """Something said of a venue, of whatever kind."""

    venue = models.ForeignKey(Venue, models.CASCADE, related_name="notices")
    text = models.CharField(max_length=20)


class Diner(Venue):
    pizza = models.BooleanField(default=False)
    seats = models.IntegerField(default=0)
    rival = models.ForeignKey("self", models.SET_NULL, null=True, related_name="rivals")


class Trattoria(Diner):
    gnocchi = models.BooleanField(default=False)


class Cinema(Venue):
    link = models.OneToOneField(Venue, models.CASCADE, parent_link=True, related_name="as_cinema")
    screens = models.IntegerField(default=1)

    class Meta:
        ordering = []


class Cook(models.Model):
    diner = models.ForeignKey(Diner, models.CASCADE, related_name="cooks")
    name = models.CharField(max_length=20)


class QuietDiner(Diner):
    class Meta:
        proxy = True
        ordering = ["-name"]


class Opus(models.Model):
    title = models.CharField(max_length=20)


class Paper(Opus):
    paper_opus = models.OneToOneField(Opus, models.CASCADE, parent_link=True)
    heading = models.CharField(max_length=20, default="")


class Volume(Opus):
    volume_opus = models.OneToOneField(Opus, models.CASCADE, parent_link=True)
    pages = models.IntegerField(default=0)


class Essay(Volume, Paper):
    stars = models.IntegerField(default=0)


class Engine(models.Model):
    engine_id = models.AutoField(primary_key=True)
    power = models.IntegerField()


class Hull(models.Model):
    hull_id = models.AutoField(primary_key=True)
    length = models.IntegerField()


class Boat(Engine, Hull):
    name = models.CharField(max_length=20)


ALL = (
    Chain, Label, Venue, Notice, Diner, Trattoria, Cinema, Cook, Opus, Paper, Volume, Essay, Engine, Hull, Boat,
)  # fmt: skip


@pytest.fixture
def town(tables):
    """Three venues: a park, a diner of a chain with two cooks and a notice, and a trattoria, which is its rival."""
    tables(*ALL)
    chain = Chain.objects.create(name="Golden")
    park = Venue.objects.create(name="Park", address="1 Green")
    diner = Diner.objects.create(name="Dora", address="2 Main", chain=chain, pizza=True, seats=40)
    trattoria = Trattoria.objects.create(name="Alma", seats=20, gnocchi=True, rival=diner)
    Cook.objects.create(diner=diner, name="Ann")
    Cook.objects.create(diner=diner, name="Bob")
    Notice.objects.create(venue=diner, text="closed")
    diner.labels.add(Label.objects.create(text="warm"))
    return {"park": park, "diner": diner, "trattoria": trattoria, "chain": chain}


def names(queryset):
    return [venue.name for venue in queryset]


# Reading


@pytest.mark.feature("M-074")
def test_a_child_reads_filters_and_saves_the_columns_of_its_parent(town):
    diner = Diner.objects.get(name="Dora")
    assert (diner.address, diner.seats, diner.chain) == ("2 Main", 40, town["chain"])
    assert diner.pk == diner.id == diner.venue_ptr_id == town["diner"].pk
    assert names(Diner.objects.filter(address="2 Main", pizza=True)) == ["Dora"]
    diner.address, diner.seats = "3 Main", 41
    diner.save()
    assert Venue.objects.get(name="Dora").address == "3 Main"
    assert Diner.objects.get(address="3 Main").seats == 41
    assert names(Venue.objects.all()) == ["Alma", "Dora", "Park"]
    with recorded_statements() as seen:
        assert Diner.objects.values_list("seats", flat=True).order_by("pk")[0] == 41
        assert Diner.objects.filter(id=diner.pk).order_by().count() == 1
    assert not any("JOIN" in str(statement) for statement in seen)


def test_a_grandchild_has_the_columns_of_all(town):
    found = Trattoria.objects.get(name="Alma", seats=20)
    assert (found.name, found.seats, found.gnocchi) == ("Alma", 20, True)
    assert found.pk == found.diner_ptr_id == found.venue_ptr_id == found.id
    assert found.rival == town["diner"]
    with recorded_statements() as seen:
        assert list(Trattoria.objects.order_by("name").values_list("name", "id", "venue_ptr")) == [
            ("Alma", found.pk, found.pk)
        ]
    assert str(seen[0]).count("JOIN") == 1


@pytest.mark.feature("M-076")
def test_a_parent_reaches_its_child_by_the_childs_name(town):
    venue = Venue.objects.get(name="Dora")
    assert venue.diner == town["diner"]
    assert venue.diner.seats == 40
    assert venue.diner.venue_ptr is venue
    with pytest.raises(Diner.DoesNotExist):
        Venue.objects.get(name="Park").diner
    assert not hasattr(town["park"], "diner")
    assert names(Venue.objects.filter(diner__pizza=True)) == ["Dora"]
    assert names(Venue.objects.filter(diner__trattoria__gnocchi=True)) == ["Alma"]
    assert names(Venue.objects.filter(diner__isnull=True)) == ["Park"]
    assert names(Venue.objects.exclude(diner__seats__gt=30)) == ["Alma", "Park"]
    assert names(Venue.objects.filter(Q(diner__seats=40) | Q(name="Park"))) == ["Dora", "Park"]
    assert names(Venue.objects.filter(diner__name="Dora")) == ["Dora"]


def test_select_related_reaches_down_and_up(town):
    with recorded_statements() as seen:
        found = {venue.name: venue for venue in Venue.objects.select_related("diner__trattoria")}
        assert found["Dora"].diner.seats == 40
        assert found["Dora"].diner.name == "Dora"
        assert found["Alma"].diner.trattoria.gnocchi
        assert found["Alma"].diner.trattoria.name == "Alma"
        assert found["Alma"].diner.venue_ptr is found["Alma"]
        assert not hasattr(found["Park"], "diner")
        assert not hasattr(found["Dora"].diner, "trattoria")
    assert len(seen) == 1
    with recorded_statements() as seen:
        [cook, _] = Cook.objects.select_related("diner__chain").order_by("name")
        assert cook.diner.name == "Dora"
        assert cook.diner.chain.name == "Golden"
        [alma] = Trattoria.objects.select_related("rival")
        assert alma.rival.name == "Dora"
    assert len(seen) == 2


def test_deferred_columns_of_every_table_are_loaded_when_asked_for(town):
    diner = Diner.objects.only("seats").get(seats=40)
    assert diner.get_deferred_fields() == {"id", "name", "address", "opened", "chain_id", "pizza", "rival_id"}
    with recorded_statements() as seen:
        assert diner.id == diner.pk
    assert seen == []
    assert diner.name == "Dora"
    trattoria = Trattoria.objects.only("name").get()
    with recorded_statements() as seen:
        assert trattoria.venue_ptr_id == trattoria.id == trattoria.pk
    assert seen == []
    assert trattoria.gnocchi
    down = {v.name: v for v in Venue.objects.select_related("diner").only("name", "diner__seats")}
    assert down["Dora"].diner.get_deferred_fields() == {"address", "opened", "chain_id", "pizza", "rival_id"}
    with recorded_statements() as seen:
        assert down["Dora"].diner.name == "Dora"
    assert seen == []
    trattoria = Trattoria.objects.defer("address", "seats").get()
    trattoria.name = "Elsa"
    trattoria.save()
    assert list(Trattoria.objects.values_list("name", "seats")) == [("Elsa", 20)]


def test_relations_of_the_parent_belong_to_the_child(town):
    diner = Diner.objects.get(name="Dora")
    assert [notice.text for notice in diner.notices.all()] == ["closed"]
    assert [label.text for label in diner.labels.all()] == ["warm"]
    assert names(Diner.objects.filter(notices__text="closed")) == ["Dora"]
    assert names(Diner.objects.exclude(notices__text="closed")) == ["Alma"]
    assert names(Diner.objects.filter(labels__text="warm", chain__name="Golden")) == ["Dora"]
    assert names(Diner.objects.exclude(labels__text="warm")) == ["Alma"]
    assert names(town["chain"].venues.all()) == ["Dora"]
    assert Chain.objects.filter(venues__diner__seats=40).get() == town["chain"]
    assert Notice.objects.get(venue=diner).venue == town["diner"].venue_ptr
    assert Notice.objects.filter(venue__in=Diner.objects.all()).count() == 1
    assert Cook.objects.filter(diner=Venue.objects.get(name="Dora")).count() == 2
    assert Cook.objects.filter(diner__name="Dora", diner__venue_ptr__address="2 Main").count() == 2
    with recorded_statements() as seen:
        found = Diner.objects.prefetch_related("notices", "labels", "cooks", "chain")
        got = {d.name: (len(d.notices.all()), len(d.labels.all()), len(d.cooks.all()), d.chain) for d in found}
    assert got == {"Alma": (0, 0, 0, None), "Dora": (1, 1, 2, town["chain"])}
    assert len(seen) == 5
    diner.labels.create(text="new")
    diner.notices.create(text="open")
    assert Label.objects.filter(venues=diner).count() == 2
    with recorded_statements() as seen:
        [label] = Label.objects.filter(text="warm").prefetch_related(
            models.Prefetch("venues", Diner.objects.order_by("pk"))
        )
        assert [(type(v), v.name) for v in label.venues.all()] == [(Diner, "Dora")]
    assert len(seen) == 2


def test_a_related_manager_keeps_what_was_selected_along(town):
    trattoria = Trattoria.objects.get()
    Cook.objects.create(diner=trattoria, name="Eve")
    assert trattoria.cooks.get().diner is trattoria
    with recorded_statements() as seen:
        diner = trattoria.cooks.select_related("diner__trattoria").get().diner
        assert (type(diner), diner.trattoria) == (Diner, trattoria)
    assert len(seen) == 1


def test_a_prefetch_goes_from_one_child_to_what_may_be_another_of_the_same_parent(town):
    with recorded_statements() as seen:
        [diner] = Diner.objects.filter(name="Dora").prefetch_related("notices__venue__as_cinema")
        [notice] = diner.notices.all()
        assert notice.venue is diner
        assert not hasattr(diner, "as_cinema")
    assert len(seen) == 3
    cinema = Cinema(link_id=diner.pk, screens=3)
    cinema.save_base(raw=True)
    [diner] = Diner.objects.filter(name="Dora").prefetch_related("notices__venue__as_cinema")
    assert diner.notices.all()[0].venue.as_cinema.screens == 3


def test_values_of_relations_are_looked_up_as_keys(town):
    first = str(town["diner"].pk)[0]
    assert Diner.objects.annotate(key=F("pk")).filter(key__startswith=first).exists()
    assert Diner.objects.annotate(key=Max("rival")).filter(key__range=(1, 10**6)).count() == 1


def test_a_childs_rows_are_counted_grouped_and_related_to_outer_ones(town):
    counted = Diner.objects.annotate(n=Count("cooks"), said=Count("notices", distinct=True)).order_by("name")
    assert [(d.name, d.address, d.n, d.said) for d in counted] == [("Alma", "", 0, 0), ("Dora", "2 Main", 2, 1)]
    assert list(Diner.objects.values("chain__name").annotate(most=Max("seats")).order_by("most")) == [
        {"chain__name": None, "most": 20},
        {"chain__name": "Golden", "most": 40},
    ]
    assert Diner.objects.aggregate(most=Max("name"), n=Count("id")) == {"most": "Dora", "n": 2}
    assert Diner.objects.distinct().aggregate(n=Count("name")) == {"n": 2}
    cooking = Cook.objects.filter(diner=OuterRef("pk"), diner__name=OuterRef("name"))
    assert names(Diner.objects.filter(Exists(cooking))) == ["Dora"]
    assert names(Venue.objects.filter(pk__in=Diner.objects.filter(pizza=True))) == ["Dora"]
    assert names(Diner.objects.filter(name=F("rival__name"))) == []
    assert names(Diner.objects.filter(rival__name="Dora", rival__chain__name="Golden")) == ["Alma"]
    assert sorted(Diner.objects.in_bulk()) == sorted([town["diner"].pk, town["trattoria"].pk])
    assert Diner.objects.in_bulk(["Dora"], field_name="name") == {"Dora": town["diner"]}
    assert Diner.objects.order_by("pk").first() == town["diner"]
    assert Diner.objects.order_by("-venue_ptr").first() == town["diner"]  # as the parent orders itself
    both = Diner.objects.filter(name="Dora").union(Diner.objects.filter(seats=20))
    assert sorted(names(both)) == ["Alma", "Dora"]
    assert names(Diner.objects.filter(pizza=True) | Diner.objects.filter(name="Alma")) == ["Alma", "Dora"]


@pytest.mark.feature("M-077", "O-013")
def test_order_and_latest_are_inherited_and_nothing_else(town):
    assert Diner._meta.ordering == Trattoria._meta.ordering == ["name"]
    assert Diner._meta.get_latest_by == "opened"
    assert Diner._meta.verbose_name == "diner"
    assert Cinema._meta.ordering == []
    assert QuietDiner._meta.ordering == ["-name"]
    assert names(Diner.objects.all()) == ["Alma", "Dora"]
    assert names(QuietDiner.objects.all()) == ["Dora", "Alma"]
    with recorded_statements() as seen:
        list(Cinema.objects.all())
    assert "ORDER BY" not in str(seen[0])
    Diner.objects.filter(name="Alma").update(opened="2020-01-01")
    Diner.objects.filter(name="Dora").update(opened="2021-01-01")
    assert Diner.objects.latest().name == "Dora"
    assert Diner.objects.earliest().name == "Alma"


@pytest.mark.feature("M-075", "F-079", "M-053")
def test_a_link_of_ones_own_replaces_the_automatic_one(town):
    link = Diner._meta.pk
    assert (link.name, link.one_to_one, link.remote_field.parent_link) == ("venue_ptr", True, True)
    assert (link.primary_key, link.remote_field.on_delete, link.remote_field.model) == (True, models.CASCADE, Venue)
    cinema = Cinema.objects.create(name="Rex", screens=3)
    assert Cinema._meta.pk.name == "link"
    assert "venue_ptr" not in Cinema._meta.names
    assert Venue.objects.get(name="Rex").as_cinema == cinema
    assert Venue.objects.get(as_cinema__screens=3).pk == cinema.link_id
    assert Cinema.objects.get(link__name="Rex") == cinema


@pytest.mark.feature("RW-017")
def test_raw_rows_of_a_child_hold_what_was_selected_of_its_parents(town):
    diner, venue = Diner._meta.db_table, Venue._meta.db_table
    join = f"FROM {diner} JOIN {venue} ON {venue}.id = {diner}.venue_ptr_id"
    found = Diner.objects.raw(f"SELECT venue_ptr_id, seats, name, id {join} ORDER BY name")
    with recorded_statements() as seen:
        assert [(d.name, d.seats, d.id) for d in found] == [
            ("Alma", 20, town["trattoria"].pk),
            ("Dora", 40, town["diner"].pk),
        ]
    assert len(seen) == 1
    [dora] = Diner.objects.raw(f"SELECT venue_ptr_id, seats FROM {diner} WHERE seats = 40")
    assert "name" in dora.get_deferred_fields()
    assert dora.name == "Dora"


@pytest.mark.only("postgresql")
@pytest.mark.feature("Q-197")
def test_the_rows_of_each_table_can_be_locked_alone(town):
    def locked(queryset, *of):
        with recorded_statements() as seen, transaction.atomic():
            list(queryset.select_for_update(of=of))
        return str(seen[0]).partition(" FOR UPDATE")[2]

    venue, diner, trattoria = (f'"{model._meta.db_table}"' for model in (Venue, Diner, Trattoria))
    every = Trattoria.objects.order_by()
    assert locked(every) == ""
    assert locked(every, "self") == f" OF {trattoria}"
    assert locked(every, "diner_ptr") == f" OF {diner}"
    assert locked(every, "self", "diner_ptr__venue_ptr") == f" OF {trattoria}, {venue}"
    assert locked(every.only("name"), "self", "diner_ptr") == f" OF {trattoria}"
    assert locked(Cook.objects.select_related("diner"), "diner__venue_ptr") == f" OF {venue}"
    downward = Venue.objects.select_related("diner").filter(diner__seats=40)
    assert locked(downward, "diner") == f" OF {diner}"
    assert locked(downward, "diner__venue_ptr") == f" OF {venue}"
    with pytest.raises(FieldError, match="Choices are: self, diner_ptr, diner_ptr__venue_ptr"):
        locked(every, "venue_ptr")


# Writing


@pytest.mark.feature("M-079", "V-029")
def test_saving_writes_the_parents_rows_first_and_all_or_none(town):
    with recorded_statements() as seen:
        trattoria = Trattoria.objects.create(name="Nona", gnocchi=True)
    assert [s.split('"')[1] for s in seen if s.startswith("INSERT")] == [
        model._meta.db_table for model in (Venue, Diner, Trattoria)
    ]
    with recorded_statements() as seen:
        trattoria.save()
    assert [s.split('"')[1] for s in seen if s.startswith("UPDATE")] == [
        model._meta.db_table for model in (Venue, Diner, Trattoria)
    ]
    with recorded_statements() as seen:
        trattoria.save(update_fields=["seats"])
        trattoria.save(update_fields=["name"])
        trattoria.save(update_fields=["gnocchi"])
    assert [s.split('"')[1] for s in seen if s.startswith("UPDATE")] == [
        model._meta.db_table for model in (Diner, Venue, Trattoria)
    ]
    trattoria.name, trattoria.seats = "Changed", None
    with pytest.raises(IntegrityError):
        trattoria.save()
    assert Venue.objects.get(pk=trattoria.pk).name == "Nona"


@pytest.mark.feature("M-079", "V-031")
def test_deleting_takes_the_parents_rows_along_unless_they_are_kept(town):
    diner = town["diner"]
    total, counts = diner.delete()
    labelled = {label.split(".")[1]: count for label, count in counts.items() if "_" not in label}
    assert labelled == {"Cook": 2, "Diner": 1, "Notice": 1, "Venue": 1}
    assert total >= 5
    assert diner.pk is None
    assert names(Venue.objects.all()) == ["Alma", "Park"]
    assert Trattoria.objects.get().rival is None
    trattoria = Trattoria.objects.get()
    assert trattoria.delete(keep_parents=True) == (1, {Trattoria._meta.label: 1})
    assert names(Diner.objects.all()) == ["Alma"]
    assert Diner.objects.get().delete(keep_parents=True)[0] == 1
    assert names(Venue.objects.all()) == ["Alma", "Park"]


def test_deleting_a_parent_takes_its_child_along(town):
    total, counts = Venue.objects.filter(name="Alma").delete()
    assert (total, set(counts)) == (3, {m._meta.label for m in (Venue, Diner, Trattoria)})
    assert Venue.objects.get(name="Dora").delete()[1][Diner._meta.label] == 1
    assert not Diner.objects.exists()
    assert not Cook.objects.exists()
    assert names(Venue.objects.all()) == ["Park"]


def test_rows_of_a_queryset_are_deleted_from_every_table(town):
    Cinema.objects.create(name="Rex", screens=2)
    assert Trattoria.objects.filter(name="Alma", seats=20).delete()[0] == 3
    assert names(Venue.objects.all()) == ["Dora", "Park", "Rex"]
    assert Cinema.objects.filter(screens=2).delete() == (2, {Cinema._meta.label: 1, Venue._meta.label: 1})
    assert QuietDiner.objects.filter(cooks__name="Ann").delete()[1][Venue._meta.label] == 1
    assert names(Venue.objects.all()) == ["Park"]
    assert Diner.objects.all().delete() == (0, {})


def test_what_a_cascade_reaches_goes_with_all_its_rows(town):
    """A row that goes because it refers to another one takes the rows of its parents along."""
    piece = Volume.objects.create(title="V", pages=3)
    Essay.objects.create(title="R", pages=4, heading="h", stars=5)
    assert piece.delete()[0] == 2
    essay = Paper.objects.get(heading="h")
    assert essay.delete() == (
        4,
        {m._meta.label: 1 for m in (Essay, Volume, Paper, Opus)},
    )
    assert not Opus.objects.exists()


def test_signals_of_a_deletion_tell_of_every_row(town):
    seen = []

    def note(sender, instance, signal, **kwargs):
        seen.append(("pre" if signal is pre_delete else "post", sender, instance.name))

    pre_delete.connect(note)
    post_delete.connect(note)
    try:
        town["trattoria"].delete()
    finally:
        pre_delete.disconnect(note)
        post_delete.disconnect(note)
    assert {(moment, sender) for moment, sender, _ in seen} == {
        (moment, sender) for moment in ("pre", "post") for sender in (Trattoria, Diner, Venue)
    }
    assert {name for *_, name in seen} == {"Alma"}
    assert names(Venue.objects.all()) == ["Dora", "Park"]


@pytest.mark.feature("SG-014")
def test_one_pair_of_signals_is_sent_for_a_save(town):
    seen = []

    def note(sender, created=None, **kwargs):
        seen.append((sender, created))

    for signal in (pre_save, post_save):
        signal.connect(note)
    try:
        Trattoria.objects.create(name="New")
        QuietDiner(name="Hush").save()
    finally:
        for signal in (pre_save, post_save):
            signal.disconnect(note)
    assert seen == [(Trattoria, None), (Trattoria, True), (QuietDiner, None), (QuietDiner, True)]


@pytest.mark.feature("V-021")
def test_force_insert_may_name_the_parents_whose_rows_are_new(town):
    park = town["park"]
    Diner(venue_ptr=park, name="Park").save(force_insert=True)
    assert Diner.objects.get(pk=park.pk).name == "Park"
    for forced in ((Venue,), (models.Model,), (Diner, Venue)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Trattoria(id=park.pk, name="Again").save(force_insert=forced)
    with pytest.raises(IntegrityError), transaction.atomic():
        Trattoria(id=park.pk, name="Again").save(force_insert=(Diner,))
    Trattoria(id=park.pk, name="Again").save(force_insert=(Trattoria,))
    assert Trattoria.objects.get(name="Again").pk == park.pk
    with recorded_statements() as seen:
        Trattoria(id=900, name="Far").save(force_insert=(models.Model,))
    assert not any(s.startswith("UPDATE") for s in seen)
    for wrong, message in (
        ((Cook,), "Cook must be a base of Trattoria"),
        (("Venue",), "'Venue' must be a model subclass"),
        ((object,), "must be a model subclass"),
        ([Venue], "must be a bool or tuple"),
        (Venue, "must be a bool or tuple"),
    ):
        with pytest.raises(TypeError, match=message):
            Trattoria(name="x").save(force_insert=wrong)


def test_a_child_can_be_made_of_a_parent_that_is_there(town):
    park = town["park"]
    diner = Diner(venue_ptr=park, seats=5)
    assert diner.id == park.pk
    diner.__dict__.update({name: getattr(park, name) for name in Venue._meta.columns})
    diner.save()
    assert Diner.objects.get(name="Park").seats == 5
    assert Venue.objects.count() == 3
    Trattoria(diner_ptr_id=diner.pk, gnocchi=True).save_base(raw=True)
    assert Trattoria.objects.get(name="Park", seats=5).gnocchi
    with pytest.raises(Trattoria.NotUpdated):
        Trattoria(id=town["diner"].pk, name="Dora").save(update_fields=["gnocchi"])


def test_only_what_is_loaded_is_saved_in_every_table(town):
    diner = Diner.objects.only("name").get(name="Dora")
    diner.name = "Flora"
    with recorded_statements() as seen:
        diner.save()
    assert [str(s).split('"')[1] for s in seen if "UPDATE" in str(s)] == [Venue._meta.db_table]
    diner = Diner.objects.defer("name").get(name="Flora")
    diner.seats = 44
    diner.save()
    assert "name" in diner.get_deferred_fields()
    assert Diner.objects.values_list("name", "address", "seats").get(seats=44) == ("Flora", "2 Main", 44)
    for names in (["id"], ["venue_ptr"], ["pk"]):
        with pytest.raises(ValueError, match="primary keys"):
            diner.save(update_fields=names)
    with pytest.raises(ValueError, match="primary key fields"):
        Diner.objects.bulk_update([diner], ["id"])
    assert Diner.objects.update_or_create(name="Flora", defaults={"id": diner.pk, "seats": 45})[0].seats == 45


def test_the_instance_of_the_parent_is_made_of_what_is_loaded(town):
    diner = Diner.objects.get(name="Dora")
    with recorded_statements() as seen:
        venue = diner.venue_ptr
        assert (type(venue), venue.name, venue.pk) == (Venue, "Dora", diner.pk)
        assert venue.diner is diner
        assert not venue._state.adding
    assert seen == []
    [diner] = Diner.objects.only("seats").filter(name="Dora")
    with recorded_statements() as seen:
        assert diner.venue_ptr.name == "Dora"
    assert len(seen) == 1
    diner = Diner.objects.get(name="Dora")
    assert diner.venue_ptr.name == "Dora"
    diner.name = "Flora"
    diner.save()
    assert diner.venue_ptr.name == "Flora"


@pytest.mark.feature("Q-111")
def test_a_copy_needs_both_keys_to_be_none(town):
    diner = Diner.objects.get(name="Dora")
    diner.pk = None
    diner.name = "Same"
    diner.save()
    assert Diner.objects.count() == 2
    assert names(Diner.objects.filter(seats=40)) == ["Same"]
    diner.pk = diner.id = None
    diner._state.adding = True
    diner.name = "Copy"
    diner.save()
    assert Diner.objects.count() == 3
    assert names(Diner.objects.filter(seats=40)) == ["Copy", "Same"]


@pytest.mark.feature("Q-116", "XC-011")
def test_update_sets_inherited_columns_by_a_second_statement(town):
    with recorded_statements() as seen:
        assert Diner.objects.filter(pizza=True).update(name="New", pizza=False, address="9 Main") == 1
    assert len([s for s in seen if s.startswith("UPDATE")]) == 2
    assert list(Diner.objects.values_list("name", "address", "pizza")) == [
        ("Alma", "", False),
        ("New", "9 Main", False),
    ]
    assert Diner.objects.filter(name="New").update(address=F("name"), seats=F("seats") + 1) == 1
    assert Diner.objects.get(address="New").seats == 41
    with recorded_statements() as seen:
        assert Diner.objects.filter(address="New").update(address="") == 1
    assert len(seen) == 1
    assert Trattoria.objects.filter(gnocchi=True).update(name="Elsa", seats=7, gnocchi=False) == 1
    assert list(Trattoria.objects.values_list("name", "seats", "gnocchi")) == [("Elsa", 7, False)]
    assert Diner.objects.filter(cooks__name__in=["Ann", "Bob"]).update(name="Once") == 1
    assert Diner.objects.filter(name="nobody").update(name="x", seats=3) == 0
    assert Venue.objects.filter(diner__seats=7).update(name="Up") == 1
    with pytest.raises(FieldDoesNotExist):
        Diner.objects.update(chain__name="x")
    with pytest.raises(FieldError, match="Joined field references are not permitted"):
        Diner.objects.update(seats=F("name"))
    with pytest.raises(FieldError):
        Diner.objects.update(name=F("chain__name"))


@pytest.mark.feature("Q-213")
def test_bulk_update_costs_one_query_for_each_table(town):
    found = list(Diner.objects.all())
    for number, diner in enumerate(found):
        diner.address, diner.seats = f"{number} Road", F("seats") + number
    assert Diner.objects.bulk_update(found, ["address", "seats"]) == 2
    assert list(Diner.objects.values_list("address", "seats")) == [("0 Road", 20), ("1 Road", 41)]
    found = list(Trattoria.objects.all())
    found[0].name = "Bulk"
    twin = copy.copy(found[0])
    twin.name = "later"
    with recorded_statements() as seen:
        assert Trattoria.objects.bulk_update([*found, twin], ["name"]) == 1
    assert len([s for s in seen if s.startswith("UPDATE")]) == 1
    assert names(Trattoria.objects.all()) == ["Bulk"]


@pytest.mark.feature("Q-209")
def test_bulk_create_is_refused(town):
    with pytest.raises(ValueError, match="Can't bulk create Diner"):
        Diner.objects.bulk_create([Diner(name="x")])
    with pytest.raises(ValueError, match="multi-table"):
        QuietDiner.objects.bulk_create([])


def test_rows_are_got_or_created_across_tables(town):
    diner, created = Diner.objects.get_or_create(name="Dora", defaults={"seats": 1})
    assert (diner.seats, created) == (40, False)
    diner, created = Diner.objects.get_or_create(name="Nova", defaults={"seats": 1})
    assert (diner.seats, created) == (1, True)
    diner, created = Diner.objects.update_or_create(name="Nova", defaults={"seats": 2, "address": "5 Low"})
    assert not created
    assert Diner.objects.get(address="5 Low").seats == 2


def test_refreshing_pickling_and_comparing(town):
    diner = Diner.objects.get(name="Dora")
    Diner.objects.update(seats=F("seats") + 1)
    Venue.objects.filter(name="Dora").update(address="elsewhere")
    diner.refresh_from_db(fields=["address"])
    assert (diner.address, diner.seats) == ("elsewhere", 40)
    diner.refresh_from_db()
    assert diner.seats == 41
    again = pickle.loads(pickle.dumps(diner))
    assert (again, again.name, again.seats) == (diner, "Dora", 41)
    assert diner != diner.venue_ptr
    assert diner == QuietDiner.objects.get(name="Dora")


def test_rows_of_another_database_stay_there_whole(tables, second):
    models_there = (Chain, Label, Venue, Notice, Diner, Trattoria, Cinema, Cook)
    tables(*models_there)
    rowsmith.create_tables(*models_there, using=second)
    trattoria = Trattoria(name="Far", seats=2, gnocchi=True)
    trattoria.save(using=second)
    assert not Venue.objects.exists()
    found = Trattoria.objects.using(second).get(name="Far")
    assert found.diner_ptr._state.db == found.venue_ptr._state.db == second
    found.name = "Farther"
    found.save()
    assert Diner.objects.using(second).update(address="there", seats=3) == 1
    assert Venue.objects.using(second).get(name="Farther", address="there").diner.trattoria.seats == 3
    assert found.delete()[0] == 3
    assert not Venue.objects.using(second).exists()


def test_validation_looks_at_every_table(town):
    with pytest.raises(ValidationError) as caught:
        Diner(name="Park").full_clean()
    assert caught.value.message_dict == {
        "address": ["This field is required."],
        "name": ["There is already a Diner with this Name."],
        "opened": ["This field is required."],
        "chain": ["This field is required."],
        "rival": ["This field is required."],
    }
    diner = Diner.objects.get(name="Dora")
    diner.validate_unique()
    diner.name = "Park"
    with pytest.raises(ValidationError):
        diner.validate_unique()


@pytest.mark.feature("M-090")
def test_several_parents_with_keys_of_their_own(town):
    boat = Boat.objects.create(power=9, length=12, name="Bea")
    Engine.objects.create(power=1)
    other = Boat.objects.create(power=5, length=7, name="Ida")
    assert other.engine_id == other.pk == boat.pk + 2
    assert other.hull_id == boat.hull_id + 1
    assert Boat.objects.get(power=5, length=7) == other
    assert list(Boat.objects.order_by("length").values_list("name", "engine_id", "hull_id")) == [
        ("Ida", other.engine_id, other.hull_id),
        ("Bea", boat.engine_id, boat.hull_id),
    ]
    assert Boat.objects.filter(name="Ida").update(power=6, length=8, name="Iga") == 1
    assert Engine.objects.get(boat__length=8).power == 6
    found = {hull.length: hull for hull in Hull.objects.select_related("boat")}
    assert (found[8].boat.name, found[8].boat.power, found[8].boat.hull_ptr is found[8]) == ("Iga", 6, True)
    copied = Boat.objects.get(name="Iga")
    copied.pk = None
    assert copied.hull_id is None
    assert Hull.objects.filter(length=8).delete() == (3, {m._meta.label: 1 for m in (Boat, Engine, Hull)})
    assert Boat.objects.get().delete()[0] == 3
    assert Engine.objects.count() == 1


@pytest.mark.feature("M-090")
def test_parents_with_a_common_ancestor_share_its_row(town):
    essay = Essay.objects.create(title="Sea", heading="On", pages=3, stars=5)
    assert Opus.objects.count() == 1
    assert essay.pk == essay.volume_opus_id == essay.paper_opus_id == essay.id
    found = Essay.objects.get(title="Sea", heading="On", pages=3)
    found.title, found.heading = "Lake", "Of"
    found.save()
    assert Opus.objects.get().title == "Lake"
    assert Paper.objects.get(heading="Of").pk == essay.pk
    assert Opus.objects.get(volume__essay__stars=5).paper.heading == "Of"
    assert Essay.objects.filter(stars=5).update(title="T", heading="H", pages=1, stars=1) == 1
    assert Essay.objects.values_list("title", "heading", "pages", "stars").get() == ("T", "H", 1, 1)


def test_a_failed_insert_leaves_no_parent_behind(town):
    with pytest.raises(DatabaseError):
        Diner.objects.create(name="Lost", seats=None)
    assert not Venue.objects.filter(name="Lost").exists()


@pytest.mark.feature("M-093")
def test_the_same_column_may_stand_in_both_tables(tables):
    class Base(models.Model):
        size = models.IntegerField(db_column="n")

        colour = "none"

    class Derived(Base):
        weight = models.IntegerField(db_column="n")
        colour = "red"

    tables(Base, Derived)
    Derived.objects.create(size=1, weight=2)
    found = Derived.objects.get(size=1, weight=2)
    assert (found.size, found.weight, found.colour) == (1, 2, "red")
    assert Derived.objects.filter(weight=F("size") + 1).update(size=5, weight=6) == 1
    assert Derived.objects.values_list("size", "weight").get() == (5, 6)
    assert Base.objects.get().size == 5


class Berth(models.Model):
    """A place in a harbour, told by two columns."""

    pk = models.CompositePrimaryKey("quay", "number")
    quay = models.CharField(max_length=5)
    number = models.IntegerField()
    depth = models.IntegerField(default=3)


class CoveredBerth(Berth):
    height = models.IntegerField(default=5)


class HeatedBerth(CoveredBerth):
    power = models.IntegerField(default=9)


class Mooring(models.Model):
    berth = models.ForeignKey(CoveredBerth, models.CASCADE, related_name="moorings")


def test_a_key_of_several_columns_is_inherited_whole(tables):
    tables(Berth, CoveredBerth, HeatedBerth, Mooring)
    HeatedBerth.objects.create(quay="N", number=1, depth=4, height=6, power=7)
    berth = HeatedBerth.objects.get(quay="N", depth=4, height=6)
    assert berth.pk == ("N", 1)
    assert (berth.power, berth.coveredberth_ptr.height, berth.berth_ptr.depth) == (7, 6, 4)
    Berth.objects.create(quay="S", number=2)
    Mooring.objects.create(berth=berth)
    assert Mooring.objects.get(berth__depth=4).berth == CoveredBerth.objects.get(pk=("N", 1))
    assert HeatedBerth.objects.filter(power=7).update(depth=8, height=9, power=1) == 1
    assert HeatedBerth.objects.filter(power=1).update(depth=7) == 1
    assert HeatedBerth.objects.values_list("quay", "depth", "height", "power").get() == ("N", 7, 9, 1)
    found = {b.quay: b for b in Berth.objects.select_related("coveredberth__heatedberth")}
    assert found["N"].coveredberth.heatedberth.depth == 7
    assert not hasattr(found["S"], "coveredberth")
    berth = HeatedBerth.objects.only("power").get()
    assert (berth.quay, berth.height) == ("N", 9)
    berth.depth = 2
    berth.save()
    assert Berth.objects.get(pk=("N", 1)).depth == 2
    assert HeatedBerth.objects.filter(depth=2).delete()[0] == 4
    assert Berth.objects.get().quay == "S"


class Asset(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=10, unique=True)
    price = models.IntegerField(default=2)
    gross = models.GeneratedField(expression=F("price") * 2, output_field=models.IntegerField(), db_persist=True)
    state = models.CharField(max_length=10, db_default="new")


class Vehicle(Asset):
    wheels = models.IntegerField(default=4)
    axles = models.GeneratedField(expression=F("wheels") / 2, output_field=models.IntegerField(), db_persist=True)
    grade = models.IntegerField(db_default=7)


class Plated(Asset):
    plate = models.CharField(max_length=5, primary_key=True)


class ByCode(Asset):
    asset = models.OneToOneField(Asset, models.CASCADE, parent_link=True, to_field="code")
    shelf = models.IntegerField(default=0)


@pytest.fixture
def assets(tables):
    tables(Asset, Vehicle, Plated, ByCode)


def test_what_databases_and_fields_make_up_is_made_in_each_table(assets):
    vehicle = Vehicle(code="v")
    vehicle.save()
    assert vehicle.pk == vehicle.id == vehicle.asset_ptr_id is not None
    assert (vehicle.gross, vehicle.state, vehicle.axles, vehicle.grade) == (4, "new", 2, 7)
    assert Vehicle.objects.filter(gross=4, axles=2).update(price=5, wheels=6) == 1
    found = Vehicle.objects.get(gross=10, axles=3)
    found.price, found.wheels, found.state = 1, 2, "old"
    found.save()
    assert (found.gross, found.axles) == (2, 1)
    assert Vehicle.objects.values_list("gross", "axles", "state", "grade").get() == (2, 1, "old", 7)
    # A key that was given is looked for, as everywhere; with a default, a new instance is inserted at once.
    with pytest.raises(IntegrityError), transaction.atomic():
        Vehicle(id=found.id, code="w").save()


def test_a_key_of_the_childs_own_is_not_that_of_its_parent(assets):
    plated = Plated.objects.create(code="p", plate="AB1")
    assert (plated.pk, plated.asset_ptr_id) == ("AB1", plated.id)
    assert Plated.objects.get(pk="AB1", code="p").asset_ptr == Asset.objects.get(code="p")
    assert Asset.objects.get(plated="AB1").plated == plated
    assert Plated.objects.filter(plate="AB1").update(price=9) == 1
    plated = Plated.objects.only("plate").get()
    assert (plated.id, plated.price) == (Asset.objects.get().pk, 9)
    assert plated.delete() == (2, {Plated._meta.label: 1, Asset._meta.label: 1})


def test_a_link_may_refer_to_another_unique_column(assets):
    ByCode.objects.create(code="x", shelf=3)
    found = ByCode.objects.get(code="x")
    assert (found.pk, found.asset_id, found.shelf) == ("x", "x", 3)
    assert ByCode.objects.filter(price=2).update(price=5, shelf=6) == 1
    assert ByCode.objects.values_list("price", "shelf", "asset").get() == (5, 6, "x")
    assert Asset.objects.get(bycode__shelf=6).bycode.price == 5
    assert found.delete() == (2, {ByCode._meta.label: 1, Asset._meta.label: 1})
