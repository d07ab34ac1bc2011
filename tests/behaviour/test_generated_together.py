"""Generated columns, constraints and places of models that inherit, and of models with keys of several columns."""

from __future__ import annotations

import pytest

from rowsmith import models
from rowsmith.exceptions import ValidationError
from rowsmith.models import F, Q
from rowsmith.testing import recorded_statements


class Shelfmark(models.Model):
    name = models.CharField(max_length=10, default="")


class Ware(models.Model):
    price = models.IntegerField(default=2)
    twice = models.GeneratedField(expression=F("price") * 2, output_field=models.IntegerField(), db_persist=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["twice"], name="one_twice"),
            models.CheckConstraint(condition=Q(twice__lt=100), name="low_twice"),
        ]


class Tome(Ware):
    pages = models.IntegerField(default=3)
    shelf = models.ForeignKey(Shelfmark, models.CASCADE, null=True, blank=True)
    sheets = models.GeneratedField(expression=F("pages") + 1, output_field=models.IntegerField(), db_persist=False)

    class Meta:
        order_with_respect_to = "shelf"
        constraints = [models.CheckConstraint(condition=Q(pages__lt=50), name="few_sheets")]


class MapBook(Tome):
    maps = models.IntegerField(db_default=9)


class Perch(models.Model):
    pk = models.CompositePrimaryKey("row", "number")
    row = models.IntegerField()
    number = models.IntegerField()
    weight = models.IntegerField(default=1)
    shelf = models.ForeignKey(Shelfmark, models.CASCADE, null=True, blank=True)
    area = models.GeneratedField(expression=F("row") * F("number"), output_field=models.IntegerField(), db_persist=True)

    class Meta:
        order_with_respect_to = "shelf"
        constraints = [
            models.UniqueConstraint(fields=["weight"], name="one_weight"),
            models.CheckConstraint(condition=Q(area__gt=0), name="some_area"),
        ]


@pytest.fixture
def shelf(tables):
    tables(Shelfmark, Ware, Tome, MapBook, Perch)
    return Shelfmark.objects.create()


@pytest.mark.feature("G-004", "G-005", "V-029")
def test_a_child_has_the_generated_columns_of_both_tables(shelf):
    volume = Tome.objects.create(price=5, pages=7, shelf=shelf)
    assert (volume.twice, volume.sheets) == (10, 8)
    volume.price, volume.pages = 6, 8
    volume.save()
    assert (volume.twice, volume.sheets) == (12, 9)
    volume.price, volume.pages = 7, 30
    volume.save(update_fields=["price"])
    assert (volume.twice, volume.sheets) == (14, 9)
    assert Tome.objects.filter(twice__gt=13, sheets__lt=10).get() == volume
    assert Tome.objects.filter(pk=volume.pk).update(twice=1, pages=40) == 1
    assert Tome.objects.bulk_update([volume], ["twice", "pages"]) == 1
    assert Tome.objects.values_list("twice", "sheets").get() == (14, 31)
    atlas = MapBook.objects.create(price=1)
    assert (atlas.twice, atlas.sheets, atlas.maps) == (2, 4, 9)
    assert Tome.objects.defer("twice").get(pk=atlas.pk).twice == 2


@pytest.mark.feature("C-021", "V-048", "V-046")
def test_the_constraints_of_parents_are_asked_about_too(shelf):
    Tome.objects.create(price=5)
    for volume, told in (
        (Tome(price=5), "Twice"),
        (Tome(price=60), "low_twice"),
        (Tome(price=6, pages=60), "few_sheets"),
        (MapBook(price=5), "Twice"),
    ):
        with pytest.raises(ValidationError, match=told):
            volume.full_clean()
    with recorded_statements() as seen:
        Tome(price=6).full_clean()
    assert len(seen) == 3


@pytest.mark.feature("O-017", "O-018")
def test_children_keep_places(shelf):
    volumes = [Tome.objects.create(price=n, shelf=shelf) for n in range(3)]
    atlas = MapBook.objects.create(price=9, shelf=shelf)
    assert [volume._order for volume in (*volumes, atlas)] == [0, 1, 2, 3]
    keys = [volume.pk for volume in volumes][::-1]
    shelf.set_tome_order([atlas.pk, *keys])
    assert list(shelf.get_tome_order()) == [atlas.pk, *keys]
    assert volumes[2].get_previous_in_order().pk == atlas.pk


@pytest.mark.feature("G-004", "G-010", "C-021", "O-017")
def test_keys_of_several_columns(shelf):
    one = Perch.objects.create(row=2, number=3, weight=1, shelf=shelf)
    [two] = Perch.objects.bulk_create([Perch(row=2, number=4, weight=2, shelf=shelf)])
    assert (one.area, two.area, one._order, two._order) == (6, 8, 0, 1)
    one.weight = 5
    one.save()
    assert one.area == 6
    shelf.set_perch_order([(2, 4), (2, 3)])
    assert list(shelf.get_perch_order()) == [(2, 4), (2, 3)]
    assert two.get_next_in_order() == one
    one.full_clean()
    for seat, told in (
        (Perch(row=2, number=9, weight=5), "Weight"),
        (Perch(row=-2, number=9, weight=50), "some_area"),
        (Perch(row=2, number=3, weight=50), "Row and Number"),
    ):
        with pytest.raises(ValidationError, match=told):
            seat.full_clean()
