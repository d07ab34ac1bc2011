"""Reporters and their articles: the many rows on the other side of a foreign key."""

from __future__ import annotations

import pytest

from rowsmith import models
from rowsmith.exceptions import IntegrityError
from rowsmith.models import Prefetch
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, titles


class PublicEntries(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(public=True)

    def loudest(self):
        return self.order_by("-volume").first()


class Reporter(models.Model):
    first_name = models.CharField(max_length=30)
    last_name = models.CharField(max_length=30)

    def __str__(self):
        return f"{self.first_name} {self.last_name}"


class Report(models.Model):
    headline = models.CharField(max_length=100)
    reporter = models.ForeignKey(Reporter, models.CASCADE)
    source = models.ForeignKey(Reporter, models.SET_NULL, null=True, related_name="sourced")
    code = models.CharField(max_length=10, unique=True, null=True)

    class Meta:
        ordering = ["headline"]

    def __str__(self):
        return self.headline


class Note(models.Model):
    """Its default manager lists all; `published` lists those that are public."""

    reporter = models.ForeignKey(Reporter, models.CASCADE)
    public = models.BooleanField(default=True)
    volume = models.IntegerField(default=0)

    objects = models.Manager()
    published = PublicEntries()


class Counted(models.Model):
    """Counts its saves, as an override of save() would."""

    reporter = models.ForeignKey(Reporter, models.CASCADE, null=True, related_name="counted")
    saves = models.IntegerField(default=0)

    def save(self, *args, **kwargs):
        self.saves += 1
        super().save(*args, **kwargs)


@pytest.fixture
def desk(tables):
    """John with two reports, Paul with one."""
    tables(Reporter, Report, Note, Counted)
    john = Reporter.objects.create(first_name="John", last_name="Smith")
    paul = Reporter.objects.create(first_name="Paul", last_name="Jones")
    return {
        "john": john,
        "paul": paul,
        "first": Report.objects.create(headline="This is a test", reporter=john),
        "second": Report.objects.create(headline="John's second", reporter=john),
        "third": Report.objects.create(headline="Paul's story", reporter=paul, source=john),
    }


@pytest.mark.feature("Q-005")
def test_assigning_a_parent_stores_its_key(desk):
    report = Report(headline="x", reporter=desk["paul"])
    assert report.reporter_id == desk["paul"].pk
    report.save()
    assert Report.objects.get(pk=report.pk).reporter == desk["paul"]
    report.reporter = desk["john"]
    report.save()
    assert Report.objects.get(pk=report.pk).reporter_id == desk["john"].pk


@pytest.mark.feature("Q-006")
def test_assigning_an_object_of_another_class_is_refused(desk):
    for wrong in (desk["first"], desk["john"].pk, "John"):
        with pytest.raises(ValueError, match=r"Report\.reporter must be a Reporter instance"):
            desk["first"].reporter = wrong
    with pytest.raises(TypeError, match="'Report' instance expected"):
        desk["john"].report_set.add(desk["paul"])


@pytest.mark.feature("Q-123")
def test_none_is_stored_as_null(desk):
    third = desk["third"]
    third.source = None
    assert third.source_id is None
    third.save()
    assert Report.objects.filter(source__isnull=True, pk=third.pk).exists()
    assert Report.objects.get(pk=third.pk).source is None


@pytest.mark.feature("EX-016", "V-026")
def test_an_unsaved_parent_must_be_saved_first(desk):
    unsaved = Reporter(first_name="New")
    with pytest.raises(ValueError, match=r"save\(\) prohibited .* unsaved related object 'reporter'"):
        Report(headline="x", reporter=unsaved).save()
    with pytest.raises(ValueError, match="unsaved related object"):
        Report.objects.create(headline="x", reporter=unsaved)
    with pytest.raises(ValueError, match="unsaved related object"):
        Report.objects.bulk_create([Report(headline="x", reporter=unsaved)])
    report = Report(headline="later", reporter=unsaved)
    unsaved.save()
    assert report.reporter is unsaved
    report.save()
    assert report.reporter_id == unsaved.pk
    assert Report.objects.get(headline="later").reporter == unsaved


@pytest.mark.feature("EX-017")
def test_an_explicit_none_is_no_key(desk):
    report = Report.objects.create(id=None, headline="x", reporter=desk["john"])
    assert report.id is not None
    assert Report(pk=None, headline="x", reporter=desk["john"]).pk is None


@pytest.mark.feature("EX-018", "Q-126", "Q-138", "Q-129")
def test_creating_through_the_set_fills_the_relation(desk):
    john = desk["john"]
    new = john.report_set.create(headline="John's third")
    assert new.reporter is john and new.reporter_id == john.pk
    assert [r.headline for r in john.report_set.all()] == ["John's second", "John's third", "This is a test"]
    assert [r.headline for r in john.report_set.filter(headline__startswith="This")] == ["This is a test"]
    assert list(john.sourced.all()) == [desk["third"]]
    john.report_set.add(desk["third"])
    assert Report.objects.get(pk=desk["third"].pk).reporter == john


@pytest.mark.feature("EX-019", "EX-021")
def test_adding_moves_an_object_from_one_set_to_the_other(desk):
    john, paul, first = desk["john"], desk["paul"], desk["first"]
    assert (john.report_set.count(), paul.report_set.count()) == (2, 1)
    paul.report_set.add(first)
    assert first.reporter == paul
    assert Report.objects.get(pk=first.pk).reporter == paul
    assert (john.report_set.count(), paul.report_set.count()) == (1, 2)
    assert paul.report_set.filter(headline__contains="test").count() == 1


@pytest.mark.feature("EX-020")
def test_adding_an_object_of_another_model_tells_which_is_expected(desk):
    with pytest.raises(TypeError, match="'Report' instance expected, got <Reporter: Paul Jones>"):
        desk["john"].report_set.add(desk["paul"])
    assert desk["john"].report_set.count() == 2


@pytest.mark.feature("EX-023")
def test_a_queryset_of_parents_may_be_looked_for(desk):
    johns = Reporter.objects.filter(first_name="John")
    with recorded_statements() as seen:
        assert Report.objects.filter(reporter__in=johns).count() == 2
        assert Report.objects.filter(reporter__in=johns.distinct()).count() == 2
    assert len(seen) == 2


@pytest.mark.feature("EX-024", "EX-025")
def test_spanning_back_repeats_parents_and_may_go_in_circles(desk):
    found = Reporter.objects.filter(report__headline__contains="s")
    assert sorted(str(r) for r in found) == ["John Smith", "John Smith", "Paul Jones"]
    assert (found.count(), found.distinct().count()) == (3, 2)
    circle = Reporter.objects.filter(report__reporter__first_name="John")
    assert [str(r) for r in circle] == ["John Smith", "John Smith"]
    assert [str(r) for r in circle.distinct()] == ["John Smith"]
    assert [str(r) for r in Reporter.objects.filter(report__reporter=desk["john"]).distinct()] == ["John Smith"]


@pytest.mark.feature("EX-026", "Q-104")
def test_deleting_a_parent_takes_its_children(desk):
    total, counts = desk["john"].delete()
    assert total == 3
    assert counts == {Report._meta.label: 2, Reporter._meta.label: 1}
    assert [r.headline for r in Report.objects.all()] == ["Paul's story"]
    assert Report.objects.get().source is None


@pytest.mark.feature("EX-027", "Q-107")
def test_a_delete_may_be_filtered_through_a_join(desk):
    total, counts = Reporter.objects.filter(report__headline__startswith="This").delete()
    assert (total, counts) == (3, {Report._meta.label: 2, Reporter._meta.label: 1})
    assert [str(r) for r in Reporter.objects.all()] == ["Paul Jones"]
    assert Report.objects.count() == 1


@pytest.mark.feature("Q-127")
def test_another_manager_can_be_asked_for(desk):
    john = desk["john"]
    john.note_set.create(volume=1)
    john.note_set.create(volume=3, public=False)
    assert john.note_set.count() == 2
    assert isinstance(john.note_set, models.Manager)
    public = john.note_set(manager="published")
    assert public.count() == 1
    assert public.loudest().volume == 1
    assert isinstance(public, PublicEntries)
    john.note_set(manager="published").create(volume=9)
    assert john.note_set(manager="published").loudest().volume == 9
    assert desk["paul"].note_set(manager="published").count() == 0


@pytest.mark.feature("Q-128")
def test_prefetching_takes_the_default_manager_unless_told_otherwise(desk):
    john = desk["john"]
    john.note_set.create()
    john.note_set.create(public=False)
    [found] = Reporter.objects.filter(pk=john.pk).prefetch_related("note_set")
    assert len(found.note_set.all()) == 2
    custom = Prefetch("note_set", queryset=Note.published.all())
    [found] = Reporter.objects.filter(pk=john.pk).prefetch_related(custom)
    assert len(found.note_set.all()) == 1


@pytest.mark.feature("Q-130")
def test_set_cannot_take_away_what_cannot_be_without(desk):
    john, paul = desk["john"], desk["paul"]
    john.report_set.set([desk["third"]])
    assert john.report_set.count() == 3 and paul.report_set.count() == 0
    john.sourced.set([desk["first"], desk["second"]])
    assert list(john.sourced.all()) == [desk["second"], desk["first"]]
    john.sourced.set([desk["first"]], clear=True)
    assert list(john.sourced.all()) == [desk["first"]]
    assert Report.objects.count() == 3


@pytest.mark.feature("Q-136")
def test_adding_in_bulk_is_one_update_and_takes_saved_objects(desk):
    paul = desk["paul"]
    with recorded_statements() as seen:
        paul.report_set.add(desk["first"], desk["second"])
    assert len(seen) == 1 and seen[0].startswith("UPDATE")
    with pytest.raises(ValueError, match=r"isn't saved\. Use bulk=False"):
        paul.report_set.add(Report(headline="new"))
    one, two = Counted.objects.create(), Counted()
    paul.counted.add(one, two, bulk=False)
    assert [c.saves for c in paul.counted.order_by("pk")] == [2, 1]
    three = Counted.objects.create()
    paul.counted.add(three)
    assert Counted.objects.get(pk=three.pk).saves == 1
    assert three.reporter == paul


@pytest.mark.feature("Q-139")
def test_removing_is_for_relations_that_may_be_empty(desk, monkeypatch):
    john, paul, third = desk["john"], desk["paul"], desk["third"]
    assert not hasattr(john.report_set, "remove") and not hasattr(john.report_set, "clear")
    with pytest.raises(Reporter.DoesNotExist, match="is not related to"):
        paul.sourced.remove(third)
    john.sourced.remove(third)
    assert Report.objects.get(pk=third.pk).source is None
    john.sourced.add(third, desk["first"])
    with recorded_statements() as seen:
        john.sourced.clear()
    assert len(seen) == 1 and seen[0].startswith("UPDATE")
    assert john.sourced.count() == 0
    john.counted.add(Counted(), bulk=False)
    saved = []
    monkeypatch.setattr(Counted, "save", lambda self, **options: saved.append((self.reporter, options)))
    john.counted.clear(bulk=False)
    assert saved == [(None, {"update_fields": ["reporter"]})]


@pytest.mark.feature("Q-143")
def test_get_or_create_looks_within_the_set(desk):
    john, paul = desk["john"], desk["paul"]
    assert john.report_set.get_or_create(headline="This is a test") == (desk["first"], False)
    new, created = paul.report_set.get_or_create(headline="This is a test")
    assert created and new.reporter == paul
    Report.objects.filter(pk=desk["first"].pk).update(code="A")
    with pytest.raises(IntegrityError):
        paul.report_set.get_or_create(code="A", defaults={"headline": "x"})
    with pytest.raises(IntegrityError):
        paul.report_set.update_or_create(code="A", defaults={"headline": "x"})
    found, created = john.report_set.update_or_create(code="A", defaults={"headline": "changed"})
    assert (found, created) == (desk["first"], False)
    assert Report.objects.get(code="A").headline == "changed"


@pytest.mark.feature("V-027")
def test_a_changed_key_forgets_the_parent_that_was_loaded(desk):
    first = desk["first"]
    assert first.reporter == desk["john"]
    first.reporter_id = desk["paul"].pk
    assert first.reporter == desk["paul"]


def test_rows_of_a_set_know_their_parent(desk):
    john = Reporter.objects.get(first_name="John")
    with recorded_statements() as seen:
        assert all(report.reporter is john for report in john.report_set.all())
        assert all(report.reporter is john for report in john.report_set.iterator())
        assert john.report_set.first().reporter is john
        assert john.report_set.get(headline__contains="test").reporter is john
    assert len(seen) == 4


def test_a_set_of_an_unsaved_parent_is_refused(desk):
    with pytest.raises(ValueError, match="primary key value"):
        Reporter().report_set.all()
    with pytest.raises(TypeError, match=r"report_set\.set\(\)"):
        desk["john"].report_set = []


def test_a_missing_parent_that_must_be_there_is_an_error(desk):
    with pytest.raises(Reporter.DoesNotExist, match=r"Report has no reporter"):
        Report().reporter
    assert Report().source is None


def test_a_parent_of_its_own_kind_is_reached_both_ways(shelf):
    assert [a.name for a in shelf.ann.pupils.all()] == ["Bob"]
    assert Author.objects.get(name="Cid").mentor.mentor == shelf.ann
    assert titles(Book.objects.filter(author__pupils__name="Cid").order_by("pk")) == ["Hill", "Valley"]


def test_a_related_manager_hides_no_method_of_the_manager_it_is_built_on(shelf):
    assert [tag.label for tag in shelf.sea.tags.reverse()] == ["deep", "blue"]
    assert titles(shelf.deep.books.order_by("pk").reverse()) == ["Desert", "Sea"]
    assert titles(shelf.north.books.order_by("pk").reverse()) == ["Seaside", "Sea"]
