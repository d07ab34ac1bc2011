"""Rules, defaults and computed columns over PostgreSQL's own types: full_clean() says what the database would."""

from __future__ import annotations

import pytest

from rowsmith import models, transaction
from rowsmith.db import connections
from rowsmith.exceptions import IntegrityError, ValidationError
from rowsmith.models import F, Q
from rowsmith.postgres.fields import ArrayField, HStoreField, IntegerRangeField, Range

pytestmark = pytest.mark.only("postgresql")


class Parcel(models.Model):
    tags = ArrayField(models.CharField(max_length=5), db_default=["new"], blank=True)
    data = HStoreField(db_default={"a": 'b"'})
    span = IntegerRangeField(null=True, blank=True, db_default=Range(1, 5))
    size = models.GeneratedField(expression=F("tags__len"), output_field=models.IntegerField(), db_persist=True)

    class Meta:
        app_label = "parcels"
        constraints = [
            models.CheckConstraint(condition=Q(tags__len__lte=3), name="parcels_few"),
            models.CheckConstraint(condition=Q(span__contained_by=(0, 100)) | Q(span=None), name="parcels_within"),
            models.CheckConstraint(condition=~Q(data__has_key="bad"), name="parcels_good"),
            models.CheckConstraint(condition=~Q(tags=["no"]) & ~Q(tags__contains=["bad"]), name="parcels_words"),
            models.UniqueConstraint(fields=["tags"], condition=Q(tags__overlap=["one"]), name="parcels_one"),
            models.UniqueConstraint(F("tags__0"), F("span__startswith"), name="parcels_first"),
        ]
        indexes = [models.Index(fields=["span"], condition=Q(tags__0__in=["a", "b"]), name="parcels_some")]


@pytest.fixture
def parcels(tables):
    with connections["default"].cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS hstore")
    tables(Parcel)


def test_defaults_of_the_database_and_computed_columns(parcels):
    parcel = Parcel.objects.create()
    assert (parcel.tags, parcel.data, parcel.span, parcel.size) == (["new"], {"a": 'b"'}, Range(1, 5), 1)
    parcel.tags = ["a", "b"]
    parcel.save()
    assert parcel.size == 2 and Parcel.objects.get(size=2) == parcel


@pytest.mark.parametrize(
    "broken, values",
    [
        (None, {"tags": ["a", "b", "c"]}),
        ("parcels_few", {"tags": ["a", "b", "c", "d"]}),
        ("parcels_within", {"tags": ["a"], "span": (0, 101)}),
        (None, {"tags": ["a"], "span": None}),
        ("parcels_good", {"tags": ["a"], "data": {"bad": "x"}}),
        ("parcels_words", {"tags": ["no"]}),
        ("parcels_words", {"tags": ["a", "bad"]}),
        ("parcels_one", {"tags": ["one"], "span": (4, 5)}),
        ("parcels_first", {"tags": ["one", "two"], "span": (3, 9)}),
        (None, {"tags": ["one", "two"], "span": (5, 9)}),
    ],
)
def test_a_rule_is_broken_before_and_in_the_database_alike(parcels, broken, values):
    values = {"data": {"a": "b"}, **values}
    Parcel.objects.create(tags=["one"], span=(3, 4))
    parcel = Parcel(**values)
    if broken is None:
        parcel.full_clean()
        parcel.save()
        return
    with pytest.raises(ValidationError, match=broken):
        parcel.full_clean()
    with pytest.raises(IntegrityError) as refused:
        with transaction.atomic():
            parcel.save()
    assert refused.value.constraint == broken
