"""Texts by their keys in columns of PostgreSQL."""

from __future__ import annotations

import pytest

from rowsmith import models
from rowsmith.exceptions import ValidationError
from rowsmith.models import F, Q
from rowsmith.postgres.fields import HStoreField
from rowsmith.postgres.validators import ArrayMinLengthValidator, KeysValidator

pytestmark = pytest.mark.only("postgresql")


class Pet(models.Model):
    name = models.CharField(max_length=20)
    data = HStoreField(null=True)

    class Meta:
        app_label = "pets"


ROWS = (
    ("rufus", {"breed": "labrador", "owner": "Bob"}),
    ("meg", {"breed": "collie", "age": None}),
    ("odd", {'k"\\=>': 'v",\\ =>\n', "": "", "NULL": "NULL", "ü": "ß"}),
    ("empty", {}),
    ("none", None),
)


@pytest.fixture
def pets(tables, database):
    with database.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS hstore")
    tables(Pet)
    Pet.objects.bulk_create([Pet(name=name, data=data) for name, data in ROWS])


def names(*conditions, **lookups):
    return list(Pet.objects.filter(*conditions, **lookups).order_by("pk").values_list("name", flat=True))


@pytest.mark.feature("PG-014")
def test_texts_or_none_are_stored_by_their_keys(pets):
    assert [(pet.name, pet.data) for pet in Pet.objects.order_by("pk")] == list(ROWS)
    pet = Pet.objects.create(name="cast", data={"n": 1, 2: True})
    pet.refresh_from_db()
    assert pet.data == {"n": "1", "2": "True"}
    pet.data["new"] = 'x"'
    pet.save()
    assert Pet.objects.get(data__new='x"').pk == pet.pk
    field = Pet._meta.get_field("data")
    assert field.to_python('{"a": "b"}') == {"a": "b"}
    assert field.value_to_string(Pet(data={"a": None})) == '{"a": null}'
    with pytest.raises(ValidationError) as caught:
        field.clean({"a": 1}, None)
    assert caught.value.error_list[0].code == "not_a_string"
    assert field.clean({"a": "1", "b": None}, None) == {"a": "1", "b": None}


@pytest.mark.feature("PG-015")
def test_keys_pairs_and_values_are_looked_up(pets):
    assert names(data={"breed": "collie", "age": None}) == ["meg"]
    assert names(data__breed="labrador") == ["rufus"]
    assert names(data__breed__icontains="LAB") == ["rufus"]
    assert names(data__breed__in=["collie", "x"]) == ["meg"]
    assert names(data__age__isnull=True) == ["rufus", "meg", "odd", "empty", "none"]
    assert names(data__owner__isnull=False) == ["rufus"]
    assert names(**{'data__k"\\=>__startswith': 'v"'}) == ["odd"]
    assert names(data__contains={"breed": "collie"}) == ["meg"]
    assert names(data__contains={}) == ["rufus", "meg", "odd", "empty"]
    assert names(data__contained_by={"breed": "collie", "age": None, "x": "y"}) == ["meg", "empty"]
    assert names(data__has_key="age") == ["meg"]
    assert names(data__has_keys=["breed", "owner"]) == ["rufus"]
    assert names(data__has_any_keys=["owner", "age"]) == ["rufus", "meg"]
    assert names(data__has_key="") == ["odd"]
    assert names(data__keys__overlap=["owner", "ü"]) == ["rufus", "odd"]
    assert names(data__keys__len=2) == ["rufus", "meg"]
    assert names(data__values__contains=["Bob"]) == ["rufus"]
    assert names(data__values__0="Bob") == names(data__values=["nobody"]) == []
    assert names(~Q(data__breed="collie"), data__has_key="breed") == ["rufus"]
    assert names(data__breed=F("data__breed")) == ["rufus", "meg"]
    shown = Pet.objects.annotate(breed=F("data__breed")).order_by("pk").values_list("breed", flat=True)
    assert list(shown)[:3] == ["labrador", "collie", None]
    assert list(Pet.objects.order_by("data__breed").values_list("data__breed", flat=True))[:2] == ["collie", "labrador"]
    groups = Pet.objects.values("data__breed").annotate(n=models.Count("pk")).order_by("-n")
    assert groups[0] == {"data__breed": None, "n": 3}
    with pytest.raises(ValueError, match="list of keys"):
        names(data__has_keys="breed")


@pytest.mark.plain
def test_validators_judge_keys_and_lengths(database):
    loose = KeysValidator(["a", "b"])
    strict = KeysValidator(["a", "b"], strict=True, messages={"extra_keys": "Foreign"})
    loose({"a": 1, "b": 2, "c": 3})
    for validator, value, code, message in (
        (loose, {"c": 3}, "missing_keys", "Some keys were missing: a, b"),
        (strict, {"a": 1, "b": 2, "c": 3}, "extra_keys", "Foreign"),
    ):
        with pytest.raises(ValidationError) as caught:
            validator(value)
        assert (caught.value.code, caught.value.messages) == (code, [message])
    assert loose == KeysValidator(["b", "a"]) != strict
    assert strict.deconstruct() == (
        "rowsmith.postgres.validators.KeysValidator",
        (),
        {"keys": ["a", "b"], "strict": True, "messages": {**KeysValidator.messages, "extra_keys": "Foreign"}},
    )
    with pytest.raises(ValidationError, match="no fewer than 2"):
        ArrayMinLengthValidator(2)([1])
