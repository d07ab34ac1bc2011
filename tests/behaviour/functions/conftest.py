"""The model that the tests of functions ask about, with one full and one empty row."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from rowsmith import models


class Sample(models.Model):
    name = models.CharField(max_length=40, null=True)
    note = models.TextField(null=True)
    whole = models.IntegerField(null=True)
    large = models.BigIntegerField(null=True)
    real = models.FloatField(null=True)
    exact = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    flag = models.BooleanField(null=True)
    day = models.DateField(null=True)
    clock = models.TimeField(null=True)
    at = models.DateTimeField(null=True)
    length = models.DurationField(null=True)
    data = models.JSONField(null=True)
    key = models.UUIDField(null=True)

    class Meta:
        app_label = "functions"
        ordering = ["pk"]


@pytest.fixture
def sample(tables):
    """One row with a value in every column, and one with NULL in all of them."""
    tables(Sample)
    full = Sample.objects.create(
        name="Sea Wolf",
        note="deep",
        whole=-7,
        large=2**40,
        real=2.5,
        exact=Decimal("12.50"),
        flag=True,
        day=date(2015, 6, 15),
        clock=time(23, 30, 1, 321),
        at=datetime(2015, 6, 15, 23, 30, 1, 321, tzinfo=UTC),
        length=timedelta(days=2, hours=3),
        data={"a": [1, 2]},
        key=UUID(int=5),
    )
    Sample.objects.create()
    return full


@pytest.fixture
def value_of(sample):
    """`value_of(expression)`: what it is of the full row, after making sure that it is NULL of the empty one."""

    def value_of(expression, empty=None):
        found = list(Sample.objects.annotate(found=expression).order_by("pk").values_list("found", flat=True))
        assert found[1] == empty
        return found[0]

    return value_of
