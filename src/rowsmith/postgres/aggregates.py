"""Aggregates of PostgreSQL: arrays and documents of a group, truth values together, and statistics of pairs."""

from __future__ import annotations

from typing import Any, ClassVar

from rowsmith.deprecation import discourage
from rowsmith.expressions import aggregates
from rowsmith.expressions.base import Resolved
from rowsmith.expressions.values import Value
from rowsmith.postgres.fields.arrays import ArrayField
from rowsmith.sql import expressions as sql
from rowsmith.sql import types

__all__ = [
    "ArrayAgg", "BitAnd", "BitOr", "BitXor", "BoolAnd", "BoolOr", "Corr", "CovarPop", "JSONBAgg", "RegrAvgX",
    "RegrAvgY", "RegrCount", "RegrIntercept", "RegrR2", "RegrSXX", "RegrSXY", "RegrSYY", "RegrSlope", "StatAggregate",
    "StringAgg",
]  # fmt: skip


class _Named(aggregates.Aggregate):
    """An aggregate whose result has no name unless it is given one."""

    @property
    def default_alias(self) -> str:
        raise TypeError(f"Complex aggregates require an alias: write aggregate(name={type(self).__name__}(...)).")


class ArrayAgg(_Named):
    """The values of a group as an array, NULLs included."""

    function = "ARRAY_AGG"
    arity = 1
    allow_distinct = True
    allow_order_by = True

    def result_type(self, *arguments: sql.Expression) -> types.Type:
        return types.Array(arguments[0].type)

    def read_by(self, arguments: list[Resolved], type_: types.Type) -> Any:
        """An array of what reads the argument."""
        return ArrayField(arguments[0].field, null=True) if arguments[0].field is not None else None


class JSONBAgg(_Named):
    """The values of a group as a document."""

    function = "JSONB_AGG"
    arity = 1
    allow_distinct = True
    allow_order_by = True
    result = types.Json()


class BoolAnd(_Named):
    """Whether all values are true."""

    function = "BOOL_AND"
    arity = 1
    result = types.Boolean()


class BoolOr(_Named):
    """Whether any value is true."""

    function = "BOOL_OR"
    arity = 1
    result = types.Boolean()


def _moved(cls: type) -> None:
    name = cls.__name__
    discourage(f"rowsmith.postgres.aggregates.{name} leaves in 2.0; write rowsmith.models.{name}, for every database.")


class BitAnd(_Named, aggregates.BitAnd):
    """The bits set in every value; an older name of that in `rowsmith.models`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        _moved(BitAnd)
        super().__init__(*args, **options)


class BitOr(_Named, aggregates.BitOr):
    """The bits set in any value; an older name of that in `rowsmith.models`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        _moved(BitOr)
        super().__init__(*args, **options)


class BitXor(_Named, aggregates.BitXor):
    """The bits set in an odd number of values; an older name of that in `rowsmith.models`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        _moved(BitXor)
        super().__init__(*args, **options)


class StringAgg(_Named, aggregates.StringAgg):
    """The texts one after the other; an older name of that in `rowsmith.models`, which takes texts as delimiters."""

    def __init__(self, expression: Any, delimiter: Any, **options: Any) -> None:
        _moved(StringAgg)
        super().__init__(expression, Value(delimiter) if isinstance(delimiter, str) else delimiter, **options)


class StatAggregate(_Named):
    """A number that tells of pairs of numbers: `y` depends on `x`; pairs with a NULL do not count."""

    result: ClassVar[types.Type | None] = types.Float()

    def __init__(
        self, y: Any, x: Any, output_field: Any = None, filter: Any = None, default: Any = None
    ) -> None:
        if not x or not y:
            raise ValueError("Both y and x must be provided.")
        super().__init__(y, x, output_field=output_field, filter=filter, default=default)


class Corr(StatAggregate):
    """The coefficient of correlation."""

    function = "CORR"


class CovarPop(StatAggregate):
    """The covariance, of the pairs as the whole population or, with `sample`, as a sample of it."""

    function = "COVAR_POP"

    def __init__(self, y: Any, x: Any, sample: bool = False, filter: Any = None, default: Any = None) -> None:
        super().__init__(y, x, filter=filter, default=default)
        if sample:
            self.sql_name = "COVAR_SAMP"


class RegrAvgX(StatAggregate):
    """The mean of x."""

    function = "REGR_AVGX"


class RegrAvgY(StatAggregate):
    """The mean of y."""

    function = "REGR_AVGY"


class RegrCount(StatAggregate):
    """The number of pairs."""

    function = "REGR_COUNT"
    result = types.Integer(64)
    empty_result_set_value = 0


class RegrIntercept(StatAggregate):
    """Where the line through the pairs, by least squares, has x = 0."""

    function = "REGR_INTERCEPT"


class RegrR2(StatAggregate):
    """The square of the coefficient of correlation."""

    function = "REGR_R2"


class RegrSlope(StatAggregate):
    """The slope of the line through the pairs, by least squares."""

    function = "REGR_SLOPE"


class RegrSXX(StatAggregate):
    """The sum of the squared distances of x from its mean."""

    function = "REGR_SXX"


class RegrSXY(StatAggregate):
    """The sum of the products of the distances of x and y from their means."""

    function = "REGR_SXY"


class RegrSYY(StatAggregate):
    """The sum of the squared distances of y from its mean."""

    function = "REGR_SYY"
