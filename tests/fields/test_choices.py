"""Choices in every form in which they may be written, and the enumerations that carry them."""

from __future__ import annotations

import datetime
import enum

import pytest

from rowsmith import models
from rowsmith.exceptions import ValidationError


class Suit(models.IntegerChoices):
    DIAMOND = 1
    SPADE = 2, "Pik"


class Year(models.TextChoices):
    FIRST_YEAR = "FR", "First"
    SECOND_YEAR = "SO"
    __empty__ = "none yet"


PAIRS = [(1, "Diamond"), (2, "Pik")]


@pytest.mark.feature("F-003", "F-004", "M-023", "M-024")
@pytest.mark.parametrize(
    "given",
    [PAIRS, tuple(PAIRS), dict(PAIRS), Suit, lambda: PAIRS, lambda: Suit, iter(PAIRS)],
    ids=["list", "tuple", "mapping", "enumeration", "callable", "callable enumeration", "iterator"],
)
def test_every_form_reads_as_a_list_of_pairs(given):
    field = models.IntegerField(choices=given)
    assert list(field.choices) == PAIRS
    assert field.flatchoices == PAIRS


@pytest.mark.feature("F-003")
def test_groups_may_be_mixed_with_single_choices():
    nested = {"Audio": {"v": "Vinyl", "c": "CD"}, "Video": [("d", "DVD")], "u": "unknown"}
    field = models.CharField(choices=nested)
    assert field.choices == [("Audio", [("v", "Vinyl"), ("c", "CD")]), ("Video", [("d", "DVD")]), ("u", "unknown")]
    assert field.flatchoices == [("v", "Vinyl"), ("c", "CD"), ("d", "DVD"), ("u", "unknown")]


@pytest.mark.feature("F-004")
def test_a_callable_is_asked_at_every_reading():
    offered = [("a", "A")]
    field = models.CharField(choices=lambda: list(offered))
    offered.append(("b", "B"))
    assert list(field.choices) == [("a", "A"), ("b", "B")]
    source = field.deconstruct()[3]["choices"]
    assert callable(source)


@pytest.mark.parametrize("wrong", ["abc", 5, [1, 2], [("a",)], ["ab"]])
def test_what_is_no_choices_is_a_type_error(wrong):
    with pytest.raises(TypeError, match="choices"):
        models.CharField(choices=wrong)


@pytest.mark.feature("F-006")
def test_a_choice_for_nothing_replaces_the_blank_one():
    assert models.IntegerField(choices=PAIRS).get_choices()[0] == ("", "---------")
    assert models.CharField(choices=Year).get_choices() == Year.choices


@pytest.mark.feature("F-005", "M-026")
def test_display_searches_groups_and_may_be_overridden():
    class Disc(models.Model):
        medium = models.CharField(choices={"Audio": {"v": "Vinyl"}})
        kind = models.CharField(choices={"a": "A"})

        def get_kind_display(self):
            return "mine"

    assert Disc(medium="v").get_medium_display() == "Vinyl"
    assert Disc(medium="?").get_medium_display() == "?"
    assert Disc(kind="a").get_kind_display() == "mine"


@pytest.mark.feature("F-007", "F-008", "F-012")
def test_members_equal_their_values_and_carry_labels():
    assert Suit.SPADE == 2
    assert Suit.SPADE.label == "Pik"
    assert Suit.DIAMOND.label == "Diamond"
    assert Suit.choices == PAIRS
    assert Suit.labels == ["Diamond", "Pik"]
    assert Suit.values == [1, 2]
    assert Suit.names == ["DIAMOND", "SPADE"]
    assert str(Suit.SPADE) == "2"
    assert f"{Year.FIRST_YEAR}" == "FR"
    assert Year.SECOND_YEAR.label == "Second Year"
    assert repr(Year.FIRST_YEAR) == "Year.FIRST_YEAR"
    assert 2 in Suit
    assert 7 not in Suit
    assert "FR" in Year


@pytest.mark.feature("F-009")
def test_values_are_unique_and_the_class_s_own_names_are_kept():
    with pytest.raises(ValueError):

        class Twice(models.TextChoices):
            A = "x"
            B = "x"

    with pytest.raises(ValueError, match="labels"):

        class Reserved(models.TextChoices):
            labels = "x"


@pytest.mark.feature("F-010")
def test_empty_adds_a_choice_for_none():
    assert Year.choices == [(None, "none yet"), ("FR", "First"), ("SO", "Second Year")]
    assert Year.names == ["__empty__", "FIRST_YEAR", "SECOND_YEAR"]
    assert Year.labels[0] == "none yet"


@pytest.mark.feature("F-011")
def test_choices_may_be_of_other_types():
    class Landing(datetime.date, models.Choices):
        APOLLO_11 = 1969, 7, 20, "Apollo 11 (Eagle)"
        APOLLO_12 = 1969, 11, 19

    assert datetime.date(1969, 7, 20) == Landing.APOLLO_11
    assert Landing.APOLLO_11.label == "Apollo 11 (Eagle)"
    assert Landing.APOLLO_12.label == "Apollo 12"


@pytest.mark.feature("M-027")
def test_the_functional_form_takes_its_labels_from_the_names():
    medal = models.TextChoices("MedalType", "GOLD SILVER BRONZE")
    assert medal.choices == [("GOLD", "Gold"), ("SILVER", "Silver"), ("BRONZE", "Bronze")]


def test_a_plain_enumeration_serves_as_well():
    class Plain(enum.Enum):
        A = "a"

    assert models.CharField(choices=Plain).choices == [("a", "A")]


@pytest.mark.feature("M-023", "V-050")
def test_validation_refuses_other_values():
    field = models.CharField(choices={"Audio": {"v": "Vinyl"}})
    field.set_attributes_from_name("medium")
    assert field.clean("v", None) == "v"
    with pytest.raises(ValidationError) as caught:
        field.clean("Audio", None)
    assert caught.value.code == "invalid_choice"
