"""Functions of numbers."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from rowsmith.models import DecimalField, F, FloatField, IntegerField, Sum, Value
from rowsmith.models.functions import (
    Abs,
    ACos,
    ASin,
    ATan,
    ATan2,
    Ceil,
    Cos,
    Cot,
    Degrees,
    Exp,
    Floor,
    Ln,
    Log,
    Mod,
    Pi,
    Power,
    Radians,
    Random,
    Round,
    Sign,
    Sin,
    Sqrt,
    Tan,
)
from rowsmith.testing import recorded_statements
from tests.behaviour.functions.conftest import Sample

ONE_NUMBER = {
    Abs: abs,
    ACos: math.acos,
    ASin: math.asin,
    ATan: math.atan,
    Ceil: math.ceil,
    Cos: math.cos,
    Cot: lambda x: 1 / math.tan(x),
    Degrees: math.degrees,
    Exp: math.exp,
    Floor: math.floor,
    Ln: math.log,
    Radians: math.radians,
    Sign: lambda x: (x > 0) - (x < 0),
    Sin: math.sin,
    Sqrt: math.sqrt,
    Tan: math.tan,
}
KEEPING = {Abs, Ceil, Floor, Sign}
"""The functions whose result is of the type of their argument."""


@pytest.mark.feature("FN-022", "FN-023", "FN-027")
@pytest.mark.parametrize("function", ONE_NUMBER)
def test_functions_of_one_number(value_of, sample, function):
    Sample.objects.filter(pk=sample.pk).update(whole=1, real=0.25, exact=Decimal("0.50"))
    expected = ONE_NUMBER[function]
    of_whole, of_real, of_exact = (value_of(function(name)) for name in ("whole", "real", "exact"))
    assert of_whole == pytest.approx(expected(1)) and of_real == pytest.approx(expected(0.25))
    assert float(of_exact) == pytest.approx(expected(0.5))
    assert type(of_whole) is (int if function in KEEPING else float)
    assert type(of_real) is float and type(of_exact) is Decimal
    with pytest.raises(TypeError, match="exactly 1 argument"):
        function("whole", "real")
    for field in (IntegerField, FloatField, DecimalField):
        field.register_lookup(function)
    try:
        name = function.lookup_name
        assert Sample.objects.filter(**{f"real__{name}__gt": expected(0.25) - 0.01}).count() == 1
        assert Sample.objects.filter(**{f"real__{name}__gt": expected(0.25) + 0.01}).count() == 0
        assert Sample.objects.filter(**{f"whole__{name}__lt": expected(1) + 1}).get() == sample
        assert list(Sample.objects.filter(exact__isnull=True).values_list(f"exact__{name}", flat=True)) == [None]
    finally:
        for field in (IntegerField, FloatField, DecimalField):
            field._unregister_lookup(function)


@pytest.mark.feature("FN-024")
def test_functions_of_two_numbers(value_of):
    assert value_of(ATan2("whole", "real")) == pytest.approx(math.atan2(-7, 2.5))
    assert value_of(Log(2, "large")) == pytest.approx(40)
    assert value_of(Log("real", "exact")) == Decimal(str(value_of(Log("real", "exact"))))
    assert float(value_of(Log("real", "exact"))) == pytest.approx(math.log(12.5, 2.5))
    assert value_of(Mod("whole", 3)) == -1 and value_of(Mod("real", 2)) == 0.5
    assert value_of(Mod("exact", 5)) == Decimal("2.5")
    assert value_of(Power("whole", 2)) == 49 and value_of(Power("exact", 2)) == Decimal("156.25")
    assert value_of(Power("real", 2)) == 6.25
    for function in (ATan2, Log, Mod, Power):
        with pytest.raises(TypeError, match="exactly 2 arguments"):
            function("whole")


@pytest.mark.feature("FN-025")
def test_rounding(value_of, sample, database):
    Sample.objects.filter(pk=sample.pk).update(real=2.1267, exact=Decimal("12.55"), whole=17)
    assert value_of(Round("real")) == 2.0 and value_of(Round("real", 2)) == 2.13
    assert value_of(Round("real", precision=3)) == 2.127
    assert value_of(Round("exact")) == Decimal("13") and value_of(Round("whole")) == 17
    assert type(value_of(Round("exact", 1))) is Decimal and type(value_of(Round("whole"))) is int
    tens = Sample.objects.annotate(found=Round("whole", -1)).order_by("pk").values_list("found", flat=True)
    if database.vendor == "sqlite":
        with pytest.raises(ValueError, match="negative precision"):
            list(tens)
    else:
        assert list(tens) == [20, None]


@pytest.mark.feature("FN-026")
def test_pi_and_random_numbers(sample):
    assert Sample.objects.annotate(found=Pi()).first().found == pytest.approx(math.pi)
    Sample.objects.bulk_create(Sample() for _ in range(20))
    found = list(Sample.objects.annotate(found=Random()).values_list("found", flat=True))
    assert all(0 <= number < 1 for number in found) and len(set(found)) > 15
    for function in (Pi, Random):
        with pytest.raises(TypeError, match="exactly 0 arguments"):
            function("whole")


def test_a_whole_number_stays_one_in_what_follows(value_of):
    assert value_of(Ceil("whole") / 2) == value_of(F("whole") / 2)
    assert value_of(Abs("whole") + 1) == 8


def test_numbers_in_conditions_and_updates(sample):
    assert Sample.objects.annotate(root=Sqrt(Abs("whole"))).filter(root__gt=2.6, root__lt=2.7).get() == sample
    assert Sample.objects.filter(exact=Abs(Value(Decimal("-12.5")))).get() == sample
    assert Sample.objects.order_by(Abs("whole").desc(nulls_last=True)).first() == sample
    assert Sample.objects.aggregate(found=Sum(Abs("whole"))) == {"found": 7}
    Sample.objects.update(real=Sqrt(Abs("whole")), whole=Abs("whole"))
    assert Sample.objects.get(pk=sample.pk).real == pytest.approx(math.sqrt(7))


def test_a_function_is_planned_once(sample):
    from rowsmith.query.shape import cache

    def ask(number):
        return list(Sample.objects.annotate(found=Power(Abs("whole"), number)).values_list("found", flat=True))

    assert ask(2) == [49.0, None]
    planned = cache.info().planned
    with recorded_statements() as seen:
        assert ask(1) == [7.0, None]
    assert cache.info().planned == planned and len(seen) == 1
