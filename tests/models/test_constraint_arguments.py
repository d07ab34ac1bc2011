"""What constraints and indexes take, and what is refused where they are written."""

from __future__ import annotations

import pytest

from rowsmith import models
from rowsmith.models import Deferrable, F, Q
from rowsmith.models.functions import Lower

DEFERRED = Deferrable.DEFERRED


@pytest.mark.feature("C-001", "C-010", "C-011", "C-015")
@pytest.mark.parametrize(
    "args, options, error, told",
    [
        ((), {"fields": ["a"]}, ValueError, "named"),
        ((), {"name": "x"}, ValueError, "At least one field or expression"),
        ((Lower("a"),), {"fields": ["a"], "name": "x"}, ValueError, "mutually exclusive"),
        ((), {"fields": "a", "name": "x"}, ValueError, "list of names"),
        ((), {"fields": [F("a")], "name": "x"}, ValueError, "list of names"),
        ((), {"fields": ["a"], "name": "x", "condition": "a"}, ValueError, "Q instance"),
        ((), {"fields": ["a"], "name": "x", "deferrable": "deferred"}, TypeError, "Deferrable"),
        ((), {"fields": ["a"], "name": "x", "deferrable": DEFERRED, "condition": Q(a=1)}, ValueError, "deferred"),
        ((), {"fields": ["a"], "name": "x", "deferrable": DEFERRED, "include": ["b"]}, ValueError, "deferred"),
        ((), {"fields": ["a"], "name": "x", "deferrable": DEFERRED, "opclasses": ["o"]}, ValueError, "deferred"),
        ((Lower("a"),), {"name": "x", "deferrable": DEFERRED}, ValueError, "deferred"),
        ((Lower("a"),), {"name": "x", "opclasses": ["o"]}, ValueError, "OpClass"),
        ((), {"fields": ["a"], "name": "x", "opclasses": ["o", "p"]}, ValueError, "same number"),
        ((), {"fields": ["a"], "name": "x", "opclasses": "o"}, TypeError, "list or tuple"),
        ((), {"fields": ["a"], "name": "x", "include": "b"}, TypeError, "list or tuple"),
        ((), {"fields": ["a"], "name": "x", "nulls_distinct": "no"}, TypeError, "bool"),
    ],
)
def test_unique_constraints_that_mean_nothing(args, options, error, told):
    with pytest.raises(error, match=told):
        models.UniqueConstraint(*args, **options)


@pytest.mark.feature("C-001", "C-006")
@pytest.mark.parametrize("condition", ["a > 1", F("a"), 5, None, models.Value(1)])
def test_a_check_takes_a_condition(condition):
    with pytest.raises(TypeError, match="Q instance or boolean expression"):
        models.CheckConstraint(condition=condition, name="x")
    with pytest.raises(TypeError):
        models.CheckConstraint(condition=Q(a=1))
    with pytest.raises(TypeError):
        models.CheckConstraint(Q(a=1), "x")


@pytest.mark.feature("C-024", "C-025", "C-026")
@pytest.mark.parametrize(
    "args, options, told",
    [
        ((), {}, "At least one field or expression"),
        ((Lower("a"),), {"fields": ["a"], "name": "x"}, "mutually exclusive"),
        ((Lower("a"),), {}, "named to use expressions"),
        ((Lower("a"),), {"name": "x", "opclasses": ["o"]}, "OpClass"),
        ((), {"fields": ["a"], "opclasses": ["o"]}, "named to use opclasses"),
        ((), {"fields": ["a"], "condition": Q(a=1)}, "named to use condition"),
        ((), {"fields": ["a"], "include": ["b"]}, "named"),
        ((), {"fields": ["a"], "name": "x", "condition": "a"}, "condition"),
        ((), {"fields": ["a"], "name": "x", "opclasses": ["o", "p"]}, "same number"),
        ((), {"fields": ["a"], "name": "x", "opclasses": "o"}, "list or tuple"),
        ((), {"fields": ["a"], "name": "x", "include": "b"}, "list or tuple"),
        ((), {"fields": "a"}, "list or tuple"),
        ((), {"fields": [F("a")]}, "only names"),
    ],
)
def test_indexes_that_mean_nothing(args, options, told):
    with pytest.raises(ValueError, match=told):
        models.Index(*args, **options)


@pytest.mark.feature("C-024", "C-005")
def test_an_index_can_be_built_again():
    index = models.Index(
        Lower("a").desc(), "b", name="x", db_tablespace="fast", condition=Q(a=1), include=["c"]
    )
    assert index.clone() == index
    assert index != models.Index(Lower("a"), "b", name="x", db_tablespace="fast", condition=Q(a=1), include=["c"])
    plain = models.Index(fields=["a", "-b"], name="y", opclasses=["o", "p"])
    assert plain.clone() == plain
    assert plain.deconstruct() == (
        "rowsmith.models.Index", (), {"fields": ["a", "-b"], "name": "y", "opclasses": ("o", "p")}
    )  # fmt: skip
