"""Window functions: what is computed of a row from its place among the rows of a window."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, ClassVar

from rowsmith.exceptions import FieldError
from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.combinable import Combinable
from rowsmith.expressions.names import F
from rowsmith.expressions.singles import single
from rowsmith.expressions.values import Value
from rowsmith.sql import expressions as sql
from rowsmith.sql import types


class WindowFunction(Expression):
    """A function that exists over windows only: Window(RowNumber(), order_by="name")."""

    window_compatible = True
    function: ClassVar[str]
    result: ClassVar[types.Type | None] = types.Integer(64)
    """What it returns; None for what its first argument is."""

    def __init__(self) -> None:
        self.expressions: list[Any] = []

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.expressions))})"

    def get_source_expressions(self) -> list[Any]:
        return self.expressions

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        self.expressions = list(expressions)

    def numbers(self) -> dict[int, int]:
        """Numbers among the arguments, by the place at which they stand."""
        return {}

    def fingerprint(self, values: list[Any]) -> Hashable:
        keys = [expression.fingerprint(values) for expression in self.expressions]
        return (type(self), tuple(self.numbers().items()), self._field_key(), *keys)

    def resolve(self, scope: Scope) -> Resolved:
        raise FieldError(
            f"{self!r} is a window function, which has no value outside of a window. "
            f"Write Window({self!r}, order_by=...)."
        )

    def resolve_over(self, scope: Scope) -> Resolved:
        """The call within a window."""
        resolved = [expression.resolve(scope) for expression in self.expressions]
        arguments: list[sql.Expression] = [single(argument.node, self) for argument in resolved]
        for place, number in self.numbers().items():
            arguments.insert(place, sql.Literal(number, type=types.Integer()))
        if self.output_field is not None:
            type_, field = scope.type_of(self.output_field), self.output_field
        elif self.result is not None:
            type_, field = self.result, scope.field_for(self.result)
        else:
            type_, field = resolved[0].node.type, resolved[0].field
        return Resolved(sql.Function(self.function, tuple(arguments), type=type_), field)


class RowNumber(WindowFunction):
    """The number of the row, from 1."""

    function = "ROW_NUMBER"


class Rank(WindowFunction):
    """One more than the number of rows before the row and its peers: peers share a rank, and leave a gap."""

    function = "RANK"


class DenseRank(WindowFunction):
    """The rank without gaps."""

    function = "DENSE_RANK"


class PercentRank(WindowFunction):
    """(rank - 1) / (rows - 1), from 0 to 1."""

    function = "PERCENT_RANK"
    result = types.Float()


class CumeDist(WindowFunction):
    """The share of rows up to the row and its peers."""

    function = "CUME_DIST"
    result = types.Float()


class Ntile(WindowFunction):
    """The number of the bucket, from 1, when the rows are dealt evenly into `num_buckets`."""

    function = "NTILE"

    def __init__(self, num_buckets: int = 1, **options: Any) -> None:
        if not _positive(num_buckets):
            raise ValueError(f"num_buckets must be greater than 0, not {num_buckets!r}.")
        super().__init__(**options)
        self.num_buckets = num_buckets

    def numbers(self) -> dict[int, int]:
        return {0: self.num_buckets}


class _OfOneRow(WindowFunction):
    """An expression of another row of the window."""

    result = None

    def __init__(self, expression: Any, *others: Any, output_field: Any = None) -> None:
        if expression is None:
            raise ValueError(f"{type(self).__name__} requires a non-null source expression.")
        self.expressions = [_argument(expression), *map(_argument, others)]
        if output_field is not None:
            self.output_field = output_field


class FirstValue(_OfOneRow):
    """The value of an expression at the first row of the frame."""

    function = "FIRST_VALUE"


class LastValue(_OfOneRow):
    """The value of an expression at the last row of the frame, which by default ends with the peers of the row."""

    function = "LAST_VALUE"


class NthValue(_OfOneRow):
    """The value of an expression at the nth row of the frame, counted from 1; NULL when there are not that many."""

    function = "NTH_VALUE"

    def __init__(self, expression: Any, nth: int = 1, **options: Any) -> None:
        super().__init__(expression, **options)
        if not _positive(nth):
            raise ValueError(f"NthValue requires a positive integer as for nth, not {nth!r}.")
        self.nth = nth

    def numbers(self) -> dict[int, int]:
        return {1: self.nth}


class _AtDistance(_OfOneRow):
    """The value of an expression `offset` rows away; `default` where there is no such row."""

    def __init__(self, expression: Any, offset: int = 1, default: Any = None, **options: Any) -> None:
        super().__init__(expression, *(() if default is None else (default,)), **options)
        if not _positive(offset):
            raise ValueError(f"{type(self).__name__} requires a positive integer for the offset, not {offset!r}.")
        self.offset = offset

    def numbers(self) -> dict[int, int]:
        return {1: self.offset}


class Lag(_AtDistance):
    """The value of an expression at an earlier row of the window."""

    function = "LAG"


class Lead(_AtDistance):
    """The value of an expression at a later row of the window."""

    function = "LEAD"


def _argument(value: Any) -> Any:
    if isinstance(value, str):
        return F(value)
    return value if isinstance(value, Combinable) else Value(value)


def _positive(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number > 0
