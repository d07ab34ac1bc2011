"""Vectors in columns, and the nearest of them, on every database."""

from __future__ import annotations

import random
from array import array

import pytest

from rowsmith import models, transaction
from rowsmith.db import connections
from rowsmith.exceptions import Error, ValidationError
from rowsmith.execution.checking import findings
from rowsmith.models import Avg, F, Value
from rowsmith.postgres.indexes import HnswIndex, IvfflatIndex
from rowsmith.postgres.operations import VectorExtension
from rowsmith.vectors import CosineDistance, L1Distance, L2Distance, MaxInnerProduct, VectorField


class Picture(models.Model):
    name = models.CharField(max_length=10)
    colours = VectorField(dimensions=3, null=True)
    other = VectorField(null=True)

    class Meta:
        app_label = "pictures"


class Indexed(models.Model):
    place = VectorField(dimensions=8)

    class Meta:
        app_label = "pictures"
        indexes = [
            HnswIndex(fields=["place"], m=8, ef_construction=32, opclasses=["vector_l2_ops"], name="pictures_hnsw"),
            IvfflatIndex(fields=["place"], lists=4, opclasses=["vector_cosine_ops"], name="pictures_lists"),
        ]


@pytest.fixture
def extension(database):
    if database.vendor == "postgresql":
        VectorExtension().create()


@pytest.fixture
def pictures(extension, tables):
    tables(Picture)
    Picture.objects.bulk_create(
        [
            Picture(name="red", colours=[1, 0, 0]),
            Picture(name="green", colours=(0, 1, 0), other=[1]),
            Picture(name="pink", colours=array("f", [1, 0.5, 0.5]), other=[1, 2]),
            Picture(name="none"),
        ]
    )


def test_vectors_are_lists_of_numbers_of_single_precision(pictures):
    assert Picture.objects.get(name="red").colours == [1.0, 0.0, 0.0]
    assert Picture.objects.get(name="pink").colours == [1.0, 0.5, 0.5]
    assert Picture.objects.get(name="none").colours is None
    assert Picture.objects.get(name="pink").other == [1.0, 2.0]
    [stored] = Picture.objects.filter(name="red").values_list("colours", flat=True)
    assert stored == [1.0, 0.0, 0.0]
    third = Picture.objects.create(name="third", colours="[0.1, 0.2, 1e-7]")
    third.refresh_from_db()
    assert third.colours == array("f", [0.1, 0.2, 1e-7]).tolist()
    third.colours = [3, 2, 1]
    third.save()
    assert [picture.name for picture in Picture.objects.filter(colours=[3, 2, 1])] == ["third"]
    assert Picture.objects.filter(colours__in=[[3, 2, 1], (0, 1, 0)]).count() == 2
    Picture.objects.bulk_update([Picture(pk=third.pk, colours=[9, 9, 9])], ["colours"])
    assert Picture.objects.filter(name="third").update(other=[1, 2, 3]) == 1
    assert Picture.objects.get(colours=[9, 9, 9]).other == [1.0, 2.0, 3.0]
    for wrong in ([1, 2], [1, 2, 3, 4], [1, 2, float("nan")], [1, 2, float("inf")], "x", ["a", "b", "c"], 7):
        with pytest.raises(ValueError):
            Picture.objects.create(name="wrong", colours=wrong)
    with pytest.raises(ValueError, match="2 dimensions, not 3"):
        list(Picture.objects.filter(colours=[1, 2]))


def test_distances_are_numbers_to_sort_and_filter_by(pictures):
    def distances(kind, vector=(1, 0, 0)):
        found = Picture.objects.annotate(away=kind("colours", vector)).order_by("pk")
        return list(found.values_list("away", flat=True))

    assert distances(L2Distance) == pytest.approx([0, 2**0.5, 0.5**0.5, None])
    assert distances(L1Distance) == pytest.approx([0, 2, 1, None])
    assert distances(CosineDistance) == pytest.approx([0, 1, 1 - 1.5**-0.5, None], abs=1e-7)
    assert distances(MaxInnerProduct) == pytest.approx([-1, 0, -1, None])
    assert distances(CosineDistance, [-2, 0, 0])[0] == pytest.approx(2)
    nearest = Picture.objects.exclude(colours=None).order_by(L2Distance("colours", [0.9, 0.4, 0.4]))
    assert [picture.name for picture in nearest] == ["pink", "red", "green"]
    assert [picture.name for picture in nearest[:1]] == ["pink"]
    close = Picture.objects.alias(away=L2Distance("colours", [1, 0, 0])).filter(away__lt=1).order_by("away")
    assert [picture.name for picture in close] == ["red", "pink"]
    assert Picture.objects.aggregate(mean=Avg(L1Distance("colours", [1, 0, 0])))["mean"] == pytest.approx(1)
    own = Picture.objects.annotate(away=L2Distance("colours", F("colours"))).get(name="red")
    assert own.away == 0
    told = L2Distance(F("colours"), Value([1, 0, 0], output_field=VectorField(dimensions=3)))
    assert Picture.objects.annotate(away=told).get(name="red").away == 0
    for _ in range(2):
        assert distances(L2Distance, [1, 0, 0])[0] == 0
        assert distances(L2Distance, [0, 1, 0])[1] == 0
    with pytest.raises(ValueError, match="2 dimensions, not 3"):
        distances(L2Distance, [1, 0])
    with pytest.raises(Error):
        with transaction.atomic():
            list(Picture.objects.annotate(away=L2Distance("other", [1, 0])))
    assert repr(L2Distance("colours", [1])) == "L2Distance(F(colours), [1.0])"
    assert L2Distance("colours", [1]) == L2Distance("colours", [1]) != CosineDistance("colours", [1])


@pytest.mark.plain
def test_vectors_are_validated_and_taken_apart(database):
    field = VectorField(dimensions=2)
    field.set_attributes_from_name("place")
    assert field.clean([1, "2"], None) == [1.0, 2.0]
    for wrong, code in (([1], "dimensions"), ("x", "invalid"), (None, "null")):
        with pytest.raises(ValidationError) as caught:
            field.clean(wrong, None)
        assert caught.value.code == code
    assert field.deconstruct()[1:] == ("rowsmith.vectors.VectorField", [], {"dimensions": 2})
    assert field.clone().dimensions == 2
    for dimensions in (0, -1, "3", 1.5, True):
        with pytest.raises(ValueError, match="dimensions"):
            VectorField(dimensions=dimensions)
    assert field.value_to_string(type("Holder", (), {"place": [1.0, 2.5]})) == "[1.0, 2.5]"


def test_indexes_find_the_nearest_and_other_databases_look_at_all(extension, tables, database):
    tables(Indexed)
    rnd = random.Random(1)
    Indexed.objects.bulk_create(Indexed(place=[rnd.random() for _ in range(8)]) for _ in range(200))
    wanted = [rnd.random() for _ in range(8)]
    rows = {row.pk: row.place for row in Indexed.objects.all()}
    nearest = sorted(rows, key=lambda pk: sum((a - b) ** 2 for a, b in zip(rows[pk], wanted, strict=True)))
    query = Indexed.objects.order_by(L2Distance("place", wanted))[:5]
    if database.vendor == "sqlite":
        assert [row.pk for row in query] == nearest[:5]
        assert [message.id for message in findings([Indexed], ["default"])] == ["models.W050", "models.W050"]
        return
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'pictures_indexed'")
        found = dict(cursor.fetchall())
    assert "USING hnsw (place vector_l2_ops) WITH (m='8', ef_construction='32')" in found["pictures_hnsw"]
    assert "USING ivfflat (place vector_cosine_ops) WITH (lists='4')" in found["pictures_lists"]
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert "pictures_hnsw" in query.explain()
        assert len(set(nearest[:5]) & {row.pk for row in query}) >= 4
    assert findings([Indexed], ["default"]) == []
