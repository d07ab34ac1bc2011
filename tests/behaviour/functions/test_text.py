"""Functions of text."""

from __future__ import annotations

import hashlib

import pytest

from rowsmith.models import CharField, Count, F, TextField, Value
from rowsmith.models.functions import (
    MD5,
    SHA1,
    SHA224,
    SHA256,
    SHA384,
    SHA512,
    Cast,
    Chr,
    Concat,
    ConcatPair,
    Left,
    Length,
    Lower,
    LPad,
    LTrim,
    Ord,
    Repeat,
    Replace,
    Reverse,
    Right,
    RPad,
    RTrim,
    StrIndex,
    Substr,
    Trim,
    Upper,
)
from tests.behaviour.functions.conftest import Sample


@pytest.mark.feature("FN-028")
def test_characters_and_code_points(value_of):
    assert value_of(Ord("name")) == ord("S")
    assert value_of(Ord(Value("é")), empty=ord("é")) == ord("é")
    assert value_of(Ord(Value("")), empty=0) == 0
    assert value_of(Chr(F("whole") + 72)) == "A"
    assert value_of(Chr(Value(233)), empty="é") == "é"
    assert Sample.objects.annotate(first=Ord("name")).filter(first=83).count() == 1
    assert Sample.objects.annotate(made=Chr(Ord("name"))).get(made="S").whole == -7


@pytest.mark.feature("FN-029")
def test_texts_one_after_the_other(value_of):
    assert value_of(Concat("name", Value(": "), "name"), empty=": ") == "Sea Wolf: Sea Wolf"
    assert value_of(Concat("name", None, "name"), empty="") == "Sea WolfSea Wolf"
    assert value_of(ConcatPair("note", Value("!")), empty="!") == "deep!"
    assert value_of(Concat("name", "note"), empty="") == "Sea Wolfdeep"  # CharField and TextField hold the same texts
    both = Concat("name", "note", output_field=TextField())
    assert value_of(both, empty="") == "Sea Wolfdeep"
    assert Sample.objects.annotate(both=both).filter(both__endswith="fdeep").count() == 1
    assert value_of(Concat("name", "whole", output_field=CharField()), empty="") == "Sea Wolf-7"
    with pytest.raises(ValueError, match="at least two"):
        Concat("name")


@pytest.mark.feature("FN-030")
def test_parts_of_a_text(value_of):
    assert value_of(Left("name", 3)) == "Sea"
    assert value_of(Left("name", 99)) == "Sea Wolf"
    assert value_of(Right("name", 4)) == "Wolf"
    assert value_of(Right("name", 99)) == "Sea Wolf"
    assert value_of(Substr("name", 5)) == "Wolf"
    assert value_of(Substr("name", 5, 2)) == "Wo"
    assert value_of(Substr("name", StrIndex("name", Value(" ")) + 1, Length("note"))) == "Wolf"
    assert value_of(Left("name", Length("note"))) == "Sea "
    assert value_of(Right("name", Length("note"))) == "Wolf"
    for wrong in (
        lambda: Left("name", 0),
        lambda: Left("name", -1),
        lambda: Right("name", 0),
        lambda: Substr("name", 0),
        lambda: Substr("name", 1, 0),
    ):
        with pytest.raises(ValueError, match="must be at least 1"):
            wrong()


@pytest.mark.feature("FN-031")
@pytest.mark.parametrize(
    "function, given, expected",
    [
        (Length, "Sea Wolf", 8),
        (Lower, "Sea Wolf", "sea wolf"),
        (Upper, "Sea Wolf", "SEA WOLF"),
        (Reverse, "Sea Wölf", "flöW aeS"),
        (Trim, "  Sea  ", "Sea"),
        (LTrim, "  Sea  ", "Sea  "),
        (RTrim, "  Sea  ", "  Sea"),
    ],
)
def test_one_text_is_taken_and_null_gives_null(value_of, sample, function, given, expected):
    Sample.objects.filter(pk=sample.pk).update(name=given)
    assert value_of(function("name")) == expected
    with pytest.raises(TypeError, match="exactly 1 argument"):
        function("name", "note")
    CharField.register_lookup(function)
    try:
        path = f"name__{function.lookup_name}"
        assert Sample.objects.get(**{path: expected}) == sample
        assert list(Sample.objects.order_by("pk").values_list(path, flat=True)) == [expected, None]
    finally:
        CharField._unregister_lookup(function)


@pytest.mark.feature("FN-032")
def test_texts_are_padded_or_cut_to_a_length(value_of):
    assert value_of(LPad("note", 6)) == "  deep"
    assert value_of(RPad("note", 6)) == "deep  "
    assert value_of(LPad("note", 7, Value("xy"))) == "xyxdeep"
    assert value_of(RPad("note", 7, Value("xy"))) == "deepxyx"
    assert value_of(LPad("note", 2)) == value_of(RPad("note", 2)) == "de"
    assert value_of(LPad("note", 0)) == value_of(RPad("note", 0)) == ""
    assert value_of(LPad("note", Length("name"), "note")) == "deepdeep"
    assert value_of(LPad("note", 9, None)) is None
    for function in (LPad, RPad):
        with pytest.raises(ValueError, match="0 or more"):
            function("name", -1)


@pytest.mark.feature("FN-033")
def test_texts_are_repeated_and_replaced(value_of):
    assert value_of(Repeat("note", 2)) == "deepdeep"
    assert value_of(Repeat("note", 0)) == ""
    assert value_of(Repeat("note", None)) is None
    with pytest.raises(ValueError, match="0 or more"):
        Repeat("note", -1)
    assert value_of(Replace("name", Value("Wolf"))) == "Sea "
    assert value_of(Replace("name", Value("wolf"), Value("Bird"))) == "Sea Wolf"
    assert value_of(Replace("name", Value("Sea"), "note")) == "deep Wolf"
    assert Sample.objects.update(name=Replace("name", Value(" "), Value("_"))) == 2
    assert Sample.objects.filter(name="Sea_Wolf").exists()


@pytest.mark.feature("FN-034")
def test_digests(value_of, database):
    functions = [MD5, SHA224, SHA256, SHA384, SHA512]
    if database.vendor == "postgresql":
        with database.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pgcrypto'")
            if cursor.fetchone():
                cursor.execute("CREATE EXTENSION IF NOT EXISTS pgcrypto")
                functions.append(SHA1)
            else:
                assert "DIGEST" in str(Sample.objects.annotate(digest=SHA1("name")).query)
    else:
        functions.append(SHA1)
    for function in functions:
        digest = hashlib.new(function.__name__.lower(), b"Sea Wolf").hexdigest()
        assert value_of(function("name")) == digest
        assert Sample.objects.annotate(digest=function("name")).filter(digest=digest).count() == 1
    assert value_of(SHA256(Value("é")), empty=hashlib.sha256("é".encode()).hexdigest())


@pytest.mark.feature("FN-035")
def test_where_a_text_stands_in_another(value_of):
    assert value_of(StrIndex("name", Value("Wolf"))) == 5
    assert value_of(StrIndex("name", Value("wolf"))) == 0
    assert value_of(StrIndex("name", "note")) == 0
    assert Sample.objects.annotate(at_=StrIndex("name", Value("a"))).filter(at_=3).count() == 1


def test_numbers_count_as_their_text(value_of):
    assert value_of(Length("whole")) == 2
    assert value_of(Lower("whole")) == value_of(Trim("whole")) == "-7"
    assert value_of(Reverse("large")) == str(2**40)[::-1]
    assert value_of(Left("whole", 1)) == "-"
    assert value_of(Length(Cast("whole", CharField()))) == 2


def test_a_group_by_the_first_letter(sample):
    Sample.objects.create(name="Sun")
    rows = Sample.objects.annotate(letter=Left("name", 1)).values("letter").annotate(n=Count("pk")).order_by("letter")
    assert {row["letter"]: row["n"] for row in rows} == {"S": 2, None: 1}
