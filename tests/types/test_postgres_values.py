"""What stubs tell of columns of types that few databases have."""

from __future__ import annotations

import pytest

from rowsmith import models
from rowsmith.cli.stubs.values import read, taken
from rowsmith.postgres.fields import ArrayField, HStoreField
from rowsmith.vectors import VectorField


@pytest.mark.parametrize(
    "field, held, given",
    [
        (ArrayField(models.IntegerField()), "list[int]", "list[int]"),
        (ArrayField(ArrayField(models.CharField(max_length=3))), "list[list[str]]", "list[list[str]]"),
        (HStoreField(), "dict[str, str | None]", "Mapping[str, Any]"),
        (VectorField(dimensions=3), "list[float]", "Sequence[float]"),
    ],
)
def test_stubs_tell_what_is_held_and_what_is_taken(field, held, given):
    assert (read(field), taken(field)) == (held, given)
