"""Aggregates: one value from the rows of a group."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

from rowsmith.exceptions import FieldError
from rowsmith.expressions.base import Resolved, Scope, as_expression
from rowsmith.expressions.func import Func
from rowsmith.expressions.names import F
from rowsmith.expressions.q import Q
from rowsmith.sql import expressions as sql
from rowsmith.sql import types
from rowsmith.sql.computed import has_window
from rowsmith.sql.nodes import walk


class Aggregate(Func):
    """An aggregate function; `filter` restricts its rows, `default` replaces NULL for an empty set."""

    aggregates = True
    contains_aggregate = True
    template = "%(function)s(%(distinct)s%(expressions)s)"
    arity = 1
    window_compatible = True
    allow_distinct: ClassVar[bool] = False
    empty_result: ClassVar[Any] = None

    def __init__(
        self,
        *expressions: Any,
        distinct: bool = False,
        filter: Any = None,
        default: Any = None,
        output_field: Any = None,
        **extra: Any,
    ) -> None:
        if distinct and not self.allow_distinct:
            raise TypeError(f"{type(self).__name__} does not allow distinct.")
        if default is not None and self.empty_result is not None:
            raise TypeError(f"{type(self).__name__} does not allow default.")
        if len(expressions) == 1 and type(expressions[0]) is str and not extra:
            # The usual case, made without going through the common constructor.
            self.expressions = [F(expressions[0])] if expressions[0] != "*" else [self._star(filter)]
            if output_field is not None:
                self.output_field = output_field
        else:
            super().__init__(*expressions, output_field=output_field, **extra)
        self.distinct = distinct
        self.filter = filter
        self.default = default

    def _star(self, filter: Any) -> F:
        raise TypeError(f"{type(self).__name__} takes a field, not '*'.")

    @property
    def default_alias(self) -> str:
        """The name of the result where none was given: `<path>__<function>`."""
        [expression] = self.expressions
        if isinstance(expression, F):
            return f"{expression.name}__{type(self).__name__.lower()}"
        raise TypeError("Complex expressions require an alias: give the aggregate a keyword name.")

    def template_context(self) -> dict[str, Any]:
        return {"distinct": "DISTINCT " if self.distinct else "", "order_by": ""}

    def fingerprint(self, values: list[Any]) -> Hashable:
        if self.filter is None and self.default is None and self.output_field is None and self._ours and not self.extra:
            keys = [expression.fingerprint(values) for expression in self.expressions]
            return (type(self), self.name, self.distinct, *keys)
        condition = None if self.filter is None else self.filter.fingerprint(values)
        key = super().fingerprint(values)
        default = None if self.default is None else as_expression(self.default).fingerprint(values)
        return (key, self.distinct, condition, default)

    def empty_value(self) -> Any:
        """What the aggregate of no rows is."""
        return getattr(self.default, "value", self.default) if self.default is not None else self.empty_result

    def resolve(self, scope: Scope) -> Resolved:
        condition = None
        if self.filter is not None:
            condition = scope.condition(self.filter if isinstance(self.filter, Q) else Q(self.filter))
        [argument] = [expression.resolve(scope) for expression in self.expressions]
        if not scope.summarizing and any(isinstance(node, sql.Aggregate) for node in walk(argument.node)):
            raise FieldError(f"Cannot compute {self!r}: it would aggregate over an aggregate.")
        if self.contains_over_clause or (not scope.summarizing and has_window(argument.node)):
            raise FieldError(
                f"Cannot compute {self!r}: it would aggregate over a window. Name the window with annotate(), and ask "
                "aggregate() for the rest."
            )
        type_ = scope.type_of(self.output_field) if self.output_field else self.result_type(argument.node)
        type_ = type_ or types.Unknown()
        node: sql.Expression = sql.Aggregate(
            self.name, (argument.node,), distinct=self.distinct, filter=condition, type=type_
        )
        field = self.output_field or (
            argument.field if type_ == argument.node.type else scope.field_for(type_)
        )
        if self.default is not None:
            default = as_expression(self.default).resolve(scope)
            node = sql.Function("COALESCE", (node, default.node), type=type_)
        return Resolved(node, field)


class Count(Aggregate):
    """The number of rows whose value is not NULL; of all rows for `"*"`."""

    allow_distinct = True
    empty_result = 0
    result = types.Integer(64)

    def _star(self, filter: Any) -> F:
        if filter is not None:
            raise ValueError("Star cannot be used with filter. Please specify a field.")
        return Star()


class Star(F):
    """`*` as the argument of Count."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("*")

    def fingerprint(self, values: list[Any]) -> Hashable:
        return Star

    def resolve(self, scope: Scope) -> Resolved:
        return Resolved(sql.Star())


class Sum(Aggregate):
    """The sum."""

    allow_distinct = True


class Avg(Aggregate):
    """The mean; of whole numbers a float."""

    allow_distinct = True

    def result_type(self, *arguments: sql.Expression) -> types.Type:
        type_ = arguments[0].type
        return types.Float() if isinstance(type_, types.Integer | types.Serial) else types.unsized(type_)


class Max(Aggregate):
    """The largest value."""


class Min(Aggregate):
    """The smallest value."""
