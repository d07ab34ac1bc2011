"""Records: frozen values that are made, compared and hashed by what they hold."""

from __future__ import annotations

import copy
import pickle
from typing import Any, ClassVar

import pytest

from rowsmith.records import Record, as_dict, field, replace


class Empty(Record):
    """Holds nothing."""


class Point(Record):
    x: int
    y: int = 0


class Labelled(Point):
    units: ClassVar[str] = "mm"
    label: str = field(default="", kw_only=True)
    secret: str = field(default="", repr=False)


class Shouted(Labelled):
    label: str = field(default="HERE", kw_only=True)


class OtherPoint(Record):
    x: int
    y: int = 0


def test_a_record_is_made_by_position_and_by_name():
    assert Point(1, 2) == Point(x=1, y=2) == Point(1, y=2)


def test_what_is_left_out_has_its_default():
    assert as_dict(Labelled(1)) == {"x": 1, "y": 0, "label": "", "secret": ""}


def test_a_subclass_has_the_fields_of_its_base_first():
    assert as_dict(Labelled(1, 2, "s", label="a")) == {"x": 1, "y": 2, "label": "a", "secret": "s"}


def test_a_subclass_may_give_an_inherited_field_another_default():
    assert (Labelled(1).label, Shouted(1).label) == ("", "HERE")


def test_a_base_that_was_used_first_leaves_its_subclasses_their_own_constructors():
    class Base(Record):
        a: int

    class Sub(Base):
        b: int

    Base(1)
    assert as_dict(Sub(1, 2)) == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Point(), "missing 1 required positional argument: 'x'"),
        (lambda: Point(1, 2, 3), "takes from 2 to 3 positional arguments"),
        (lambda: Point(1, z=3), "unexpected keyword argument 'z'"),
        (lambda: Labelled(1, 2, "s", "label"), "positional arguments"),
        (lambda: replace(Point(1), z=3), "unexpected keyword argument 'z'"),
    ],
)
def test_a_call_that_does_not_fit_is_a_type_error_that_names_the_class(make, message):
    with pytest.raises(TypeError, match=rf"\w+\.__init__\(\) .*{message}"):
        make()


def test_records_are_equal_when_they_are_of_one_class_and_hold_equal_values():
    assert Point(1, 2) == Point(1, 2)
    assert Point(1, 2) != Point(2, 1)
    assert Point(1, 2) != OtherPoint(1, 2)
    assert Point(1) != Labelled(1)
    assert Point(1) != (1, 0)
    assert Empty() == Empty()


def test_equal_records_have_equal_hashes_and_records_of_two_classes_do_not():
    assert hash(Point(1, 2)) == hash(Point(1, 2))
    assert len({Point(1), Point(1), OtherPoint(1), Labelled(1), Empty(), Empty()}) == 4


@pytest.mark.parametrize(
    "change", [lambda p: setattr(p, "x", 2), lambda p: delattr(p, "x"), lambda p: setattr(p, "z", 2)]
)
def test_a_record_never_changes(change):
    point = Point(1)
    with pytest.raises(AttributeError, match="a record never changes"):
        change(point)
    assert point == Point(1)


def test_replace_makes_a_changed_copy():
    point = Labelled(1, label="a")
    assert replace(point, y=2, label="b") == Labelled(1, 2, label="b")
    assert point == Labelled(1, label="a")


def test_a_record_has_slots_and_no_dictionary():
    assert not hasattr(Shouted(1), "__dict__")
    assert Shouted.__slots__ == ()


def test_positional_fields_can_be_matched():
    match Labelled(1, 2, label="a"):
        case Labelled(x, y):
            assert (x, y) == (1, 2)


def test_the_repr_can_be_read_back_and_shows_no_secret():
    assert repr(Point(1)) == "Point(x=1, y=0)"
    assert repr(Labelled(1, secret="s3cret")) == "Labelled(x=1, y=0, label='')"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))])
def test_copies_and_pickles_hold_the_same(copied: Any):
    assert copied(Labelled(1, 2, "s", label="a")) == Labelled(1, 2, "s", label="a")


def test_methods_reach_those_of_the_base_by_super():
    class Loud(Point):
        def __repr__(self) -> str:
            return super().__repr__().upper()

    assert "X=1" in repr(Loud(1))
