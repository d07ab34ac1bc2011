"""Deleting rows, what goes along with them, and what prevents it."""

from __future__ import annotations

import pytest

from rowsmith import models
from rowsmith.exceptions import IntegrityError, ProtectedError, RestrictedError
from rowsmith.models import Count
from rowsmith.signals import post_delete, pre_delete
from rowsmith.testing import recorded_statements
from tests.behaviour.library import Author, Book, Publisher, Review, Tag, titles


class Land(models.Model):
    name = models.CharField(max_length=20)
    capital = models.ForeignKey("City", models.SET_NULL, null=True, related_name="+")


class City(models.Model):
    name = models.CharField(max_length=20)
    land = models.ForeignKey(Land, models.CASCADE, null=True)


class Street(models.Model):
    """Restricts its city, but goes along with its land."""

    city = models.ForeignKey(City, models.RESTRICT)
    land = models.ForeignKey(Land, models.CASCADE)


class Flag(models.Model):
    land = models.ForeignKey(Land, models.SET_DEFAULT, default=None, null=True)
    maker = models.ForeignKey(Land, models.SET(lambda: None), null=True, related_name="made")
    loose = models.ForeignKey(Land, models.DO_NOTHING, null=True, related_name="+", db_constraint=False)


class Node(models.Model):
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="children")


class Hidden(models.Model):
    """Its delete() is overridden."""

    land = models.ForeignKey(Land, models.CASCADE)

    def delete(self, *args, **kwargs):
        raise AssertionError("nobody calls this for rows that go along")


@pytest.fixture
def lands(tables):
    tables(Land, City, Street, Flag, Hidden)


@pytest.mark.feature("Q-102", "V-030")
def test_delete_removes_the_row_at_once_and_counts(shelf):
    review = Review.objects.get(stars=4)
    with recorded_statements() as seen:
        assert review.delete() == (1, {Review._meta.label: 1})
    assert len(seen) == 1 and seen[0].startswith("DELETE")
    assert review.pk is None and not review._state.adding
    with pytest.raises(ValueError, match="None"):
        review.delete()
    with pytest.raises(ValueError, match="None"):
        Book().delete()


@pytest.mark.feature("Q-103", "Q-104")
def test_rows_that_refer_go_along_and_are_counted(shelf):
    total, counts = Book.objects.filter(author=shelf.ann).delete()
    through = Book.tags.through._meta.label
    assert (total, counts) == (8, {Book._meta.label: 2, Review._meta.label: 3, through: 3})
    assert titles(Book.objects.order_by("pk")) == ["Hill", "Valley", "Desert"]
    assert Book.objects.filter(pages=-1).delete() == (0, {})
    _, counts = Author.objects.all().delete()
    assert counts[Author._meta.label] == 3 and Book.objects.count() == 0


@pytest.mark.feature("Q-105", "MG-016")
def test_managers_do_not_delete(shelf):
    assert not hasattr(Book.objects, "delete") and not hasattr(Book.objects, "adelete")
    Review.objects.all().delete()
    assert Review.objects.count() == 0


@pytest.mark.feature("Q-106")
def test_a_deleted_question_is_asked_anew(shelf):
    reviews = Review.objects.filter(stars=5)
    assert len(reviews) == 2
    reviews.delete()
    assert list(reviews) == []


@pytest.mark.feature("Q-107")
def test_a_delete_may_look_at_other_tables(shelf):
    assert Review.objects.filter(book__author__name="Ann").delete() == (3, {Review._meta.label: 3})
    _, counts = Book.objects.filter(review__text__startswith="Hill").delete()
    assert counts[Book._meta.label] == 1 and counts[Review._meta.label] == 3
    _, counts = Author.objects.annotate(n=Count("book")).filter(n__lt=2).delete()
    assert counts[Author._meta.label] == 2


@pytest.mark.feature("Q-108")
def test_chosen_columns_and_distinct_fields_cannot_be_deleted(shelf):
    for rows in (Review.objects.values("stars"), Review.objects.values_list("stars")):
        with pytest.raises(TypeError, match="values"):
            rows.delete()
    with pytest.raises(TypeError, match="distinct"):
        Review.objects.distinct("stars").delete()
    assert Review.objects.filter(stars=5).distinct().delete()[0] == 2
    assert Book.objects.filter(tags__isnull=False).distinct().delete()[1][Book._meta.label] == 4


def test_rows_that_nobody_refers_to_are_not_loaded(shelf):
    with recorded_statements() as seen:
        Review.objects.filter(stars__lt=4).delete()
    assert len(seen) == 1 and seen[0].startswith("DELETE")


@pytest.mark.feature("Q-024")
def test_a_slice_cannot_be_deleted(shelf):
    with pytest.raises(TypeError, match="limit"):
        Book.objects.all()[:2].delete()


@pytest.mark.feature("V-033")
def test_protected_rows_stop_the_deletion_before_anything_is_deleted(shelf):
    with pytest.raises(ProtectedError) as caught:
        shelf.north.delete()
    assert caught.value.protected_objects == {shelf.sea, shelf.seaside}
    assert "Book.publisher" in str(caught.value)
    with pytest.raises(ProtectedError):
        Publisher.objects.all().delete()
    assert (Publisher.objects.count(), Book.objects.count()) == (2, 5)
    assert isinstance(caught.value, IntegrityError)
    Book.objects.update(publisher=None)
    assert shelf.north.delete() == (1, {Publisher._meta.label: 1})


@pytest.mark.feature("V-033")
def test_restricted_rows_stop_the_deletion_unless_they_go_along(lands):
    land = Land.objects.create(name="a")
    city = City.objects.create(name="b", land=land)
    street = Street.objects.create(city=city, land=land)
    with pytest.raises(RestrictedError) as caught:
        city.delete()
    assert caught.value.restricted_objects == {street}
    assert City.objects.count() == 1
    total, counts = land.delete()
    assert (total, counts) == (3, {Land._meta.label: 1, City._meta.label: 1, Street._meta.label: 1})


@pytest.mark.feature("V-032")
def test_circles_are_broken_by_null(lands):
    land = Land.objects.create(name="a")
    city = City.objects.create(name="b", land=land)
    land.capital = city
    land.save()
    assert land.delete() == (2, {Land._meta.label: 1, City._meta.label: 1})
    land = Land.objects.create(name="a")
    city = City.objects.create(name="b", land=land)
    Land.objects.update(capital=city)
    city.delete()
    assert Land.objects.get().capital is None
    land = Land.objects.get()
    Land.objects.update(capital=City.objects.create(name="c", land=land))
    assert Land.objects.all().delete() == (2, {Land._meta.label: 1, City._meta.label: 1})


def test_references_are_set_as_their_fields_say(lands):
    land = Land.objects.create(name="a")
    flag = Flag.objects.create(land=land, maker=land)
    assert land.delete() == (1, {Land._meta.label: 1})
    flag.refresh_from_db()
    assert flag.land is None and flag.maker is None


def test_trees_go_with_their_root(tables):
    tables(Node)
    root = Node.objects.create()
    child = Node.objects.create(parent=root)
    for _ in range(3):
        Node.objects.create(parent=child)
    other = Node.objects.create()
    assert root.delete() == (5, {Node._meta.label: 5})
    assert list(Node.objects.all()) == [other]


@pytest.mark.feature("M-062")
def test_overridden_delete_is_not_called_for_rows_that_go_along(lands):
    land = Land.objects.create(name="a")
    one = Hidden.objects.create(land=land)
    told = []

    def before(sender, instance, **kwargs):
        told.append(("pre", instance.pk))

    def after(sender, instance, **kwargs):
        told.append(("post", instance.pk))

    pre_delete.connect(before, sender=Hidden)
    post_delete.connect(after, sender=Hidden)
    try:
        key = one.pk
        land.delete()
        Hidden.objects.create(land=Land.objects.create(name="b"))
        other = Hidden.objects.get().pk
        Hidden.objects.all().delete()
    finally:
        pre_delete.disconnect(before, sender=Hidden)
        post_delete.disconnect(after, sender=Hidden)
    assert told == [("pre", key), ("post", key), ("pre", other), ("post", other)]
    assert Hidden.objects.count() == 0


def test_deleting_many_thousands_is_no_other_matter(empty_library):
    Tag.objects.bulk_create([Tag(label=str(number)) for number in range(5000)])
    keys = list(Tag.objects.values_list("pk", flat=True))
    assert Tag.objects.filter(pk__in=keys[:4999]).delete()[0] == 4999
    assert Tag.objects.count() == 1


class Staff(models.Model):
    name = models.CharField(max_length=20)
    boss = models.ForeignKey("self", models.SET_NULL, null=True, related_name="team")


def test_rows_found_by_a_reference_that_deletion_clears_are_deleted_all_the_same(tables):
    tables(Staff)
    chief = Staff.objects.create(name="chief")
    Staff.objects.filter(pk=chief.pk).update(boss=chief)
    for name in ("one", "two"):
        Staff.objects.create(name=name, boss=chief)
    other = Staff.objects.create(name="other")
    outside = Staff.objects.create(name="outside", boss=Staff.objects.get(name="one"))
    assert Staff.objects.filter(boss=chief).delete() == (3, {"behaviour.Staff": 3})
    assert sorted(Staff.objects.values_list("name", "boss")) == [("other", None), ("outside", None)]
    assert other.pk and outside.pk


class Vessel(models.Model):
    number = models.IntegerField()


class Crewman(models.Model):
    vessel = models.ForeignKey(Vessel, models.CASCADE)


class Rack(models.Model):
    number = models.IntegerField()


class Carton(models.Model):
    shelf = models.ForeignKey(Rack, models.CASCADE)


class Sticker(models.Model):
    shelf = models.ForeignKey(Rack, models.CASCADE)
    carton = models.ForeignKey(Carton, models.CASCADE, null=True)


def test_a_deletion_met_again_takes_one_statement_where_the_database_can_do_that(tables, world):
    tables(Vessel, Crewman)
    for number in range(3):
        Vessel.objects.create(number=number).crewman_set.create()
    gone = (2, {"behaviour.Crewman": 1, "behaviour.Vessel": 1})
    assert Vessel.objects.filter(number=0).delete() == gone
    with recorded_statements() as seen:
        assert Vessel.objects.filter(number=1).delete() == gone
    assert len(seen) == (1 if world.vendor == "postgresql" else 2)
    assert Vessel.objects.filter(number=1).delete() == (0, {})
    assert Vessel.objects.count() == Crewman.objects.count() == 1


def test_a_table_reached_in_two_ways_is_counted_once(tables):
    tables(Rack, Carton, Sticker)
    for number in (0, 1):
        shelf = Rack.objects.create(number=number)
        carton = shelf.carton_set.create()
        shelf.sticker_set.create(carton=carton)
    for number in (0, 1):
        assert Rack.objects.filter(number=number).delete()[0] == 3
    assert Sticker.objects.count() == 0
