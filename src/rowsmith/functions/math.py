"""Numbers: rounding, powers, logarithms and angles."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from rowsmith.expressions.func import Func
from rowsmith.expressions.values import as_condition_or_expression
from rowsmith.functions.results import Numeric, OfNumber, Real
from rowsmith.sql import expressions as sql
from rowsmith.sql import types


class Abs(Numeric):
    """The number without its sign."""

    lookup_name = "abs"


class Ceil(Numeric):
    """The next whole number up."""

    function = "CEILING"
    lookup_name = "ceil"


class Floor(Numeric):
    """The next whole number down."""

    lookup_name = "floor"


class Sign(Numeric):
    """-1, 0 or 1."""

    lookup_name = "sign"


class ACos(OfNumber):
    """The angle, in radians, whose cosine this is."""

    lookup_name = "acos"


class ASin(OfNumber):
    """The angle, in radians, whose sine this is."""

    lookup_name = "asin"


class ATan(OfNumber):
    """The angle, in radians, whose tangent this is."""

    lookup_name = "atan"


class ATan2(Real):
    """The angle of the point (x, y), given as `ATan2(y, x)`."""

    arity = 2


class Cos(OfNumber):
    """The cosine of an angle in radians."""

    lookup_name = "cos"


class Cot(OfNumber):
    """The cotangent of an angle in radians."""

    lookup_name = "cot"


class Degrees(OfNumber):
    """An angle in radians as degrees."""

    lookup_name = "degrees"


class Exp(OfNumber):
    """e to this power."""

    lookup_name = "exp"


class Ln(OfNumber):
    """The natural logarithm."""

    lookup_name = "ln"


class Log(Real):
    """The logarithm to a base, which comes first."""

    arity = 2


class Mod(Real):
    """What is left of a division; it has the sign of the number divided."""

    arity = 2


class Power(Real):
    """The first number to the power of the second."""

    arity = 2


class Radians(OfNumber):
    """An angle in degrees as radians."""

    lookup_name = "radians"


class Sin(OfNumber):
    """The sine of an angle in radians."""

    lookup_name = "sin"


class Sqrt(OfNumber):
    """The square root."""

    lookup_name = "sqrt"


class Tan(OfNumber):
    """The tangent of an angle in radians."""

    lookup_name = "tan"


class Pi(Func):
    """The number pi."""

    arity = 0
    result = types.Float()


class Random(Func):
    """A random number from 0 up to, but without, 1."""

    function = "RAND"
    arity = 0
    result = types.Float()


class Round(Numeric):
    """The number rounded to `precision` places behind the point; negative ones count from before it."""

    lookup_name = "round"

    def __init__(self, expression: Any, precision: Any = 0, **options: Any) -> None:
        # How many places is part of the text where it is known: a database may refuse some.
        known = isinstance(precision, int)
        super().__init__(expression, **options)
        self.expressions += [] if known else [as_condition_or_expression(precision)]
        self.precision: int | None = precision if known else None

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (super().fingerprint(values), self.precision)

    def call(self, arguments: tuple[sql.Expression, ...], type_: types.Type) -> sql.Expression:
        if self.precision is not None:
            arguments = (*arguments, sql.Literal(self.precision, type=types.Integer()))
        return super().call(arguments, type_)
