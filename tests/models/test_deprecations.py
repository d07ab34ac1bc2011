"""Spellings that leave are told at the line that uses them, with what to write instead."""

from __future__ import annotations

import warnings

import pytest

from rowsmith import models, transaction
from rowsmith.deprecation import RemovedInRowsmith20
from rowsmith.models import FETCH_ONE, FETCH_PEERS, Value


class Paper(models.Model):
    title = models.CharField(max_length=20)
    data = models.JSONField(null=True)
    follows = models.ForeignKey("self", models.CASCADE, null=True)


def override():
    class OldLoaded(models.Model):
        name = models.CharField(max_length=20, default="")

        class Meta:
            app_label = f"deprecated{len(CASES)}"

        @classmethod
        def from_db(cls, db, field_names, values):
            instance = super().from_db(db, field_names, values)
            instance.seen = True
            return instance

    return OldLoaded


CASES = [
    (lambda: Paper.objects.select_related(), "select_related('author')"),
    (lambda: Paper.objects.values_list(flat=True), "values_list('pk', flat=True)"),
    (lambda: Paper.objects.annotate(**{"a%": Value(1)}), "share_percent"),
    (lambda: Paper.objects.alias(**{"b%": Value(1)}), "share_percent"),
    (lambda: Paper.objects.filter(data=None), "JSONNull()"),
    (lambda: transaction.savepoint(), "savepoint_create()"),
]


@pytest.mark.feature("XC-018")
@pytest.mark.parametrize("call, instead", CASES, ids=[case[1] for case in CASES])
def test_a_spelling_that_leaves_names_the_line_and_the_replacement(database, call, instead):
    with transaction.atomic(), warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        call()
    [warning] = seen
    assert issubclass(warning.category, DeprecationWarning)
    assert warning.category is RemovedInRowsmith20
    assert instead in str(warning.message)
    assert "2.0" in str(warning.message)
    assert (warning.filename, warning.lineno) == (__file__, call.__code__.co_firstlineno)


@pytest.mark.feature("V-005", "XC-018")
def test_from_db_without_the_fetch_mode_goes_on_to_work(tables):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        old = override()
    [warning] = seen
    assert warning.category is RemovedInRowsmith20
    assert "fetch_mode=None" in str(warning.message)
    assert warning.filename == __file__
    tables(old)
    old.objects.create(name="a")
    old.objects.create(name="b")
    for mode in (FETCH_ONE, FETCH_PEERS):
        loaded = list(old.objects.fetch_mode(mode).order_by("pk"))
        assert [one.name for one in loaded] == ["a", "b"]
        assert all(one.seen and one._state.fetch_mode is mode for one in loaded)


@pytest.mark.feature("V-005")
def test_overrides_that_take_it_are_told_it(tables):
    told = []

    class Told(models.Model):
        class Meta:
            app_label = "deprecated_not"

        @classmethod
        def from_db(cls, db, field_names, values, **options):
            told.append(options)
            return super().from_db(db, field_names, values, **options)

    tables(Told)
    Told.objects.create()
    assert Told.objects.get()._state.fetch_mode is FETCH_ONE
    assert Told.objects.fetch_mode(FETCH_PEERS).get()._state.fetch_mode is FETCH_PEERS
    assert told == [{}, {"fetch_mode": FETCH_PEERS}]


@pytest.mark.feature("V-006")
def test_the_state_of_instances(tables):
    tables(Paper)
    new = Paper(title="x")
    assert (new._state.adding, new._state.db, new._state.fetch_mode) == (True, None, FETCH_ONE)
    new.save()
    assert (new._state.adding, new._state.db) == (False, "default")
    loaded = Paper.objects.get()
    assert (loaded._state.adding, loaded._state.db, loaded._state.fetch_mode) == (False, "default", FETCH_ONE)
    loaded = Paper.objects.using("default").fetch_mode(FETCH_PEERS).get()
    assert (loaded._state.adding, loaded._state.db, loaded._state.fetch_mode) == (False, "default", FETCH_PEERS)
    assert Paper.objects.bulk_create([Paper()])[0]._state.adding is False


