"""Aggregates: one value from the rows of a group."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

from rowsmith.exceptions import FieldError
from rowsmith.expressions.base import Resolved, Scope
from rowsmith.expressions.combinable import Combinable, as_expression
from rowsmith.expressions.func import Func
from rowsmith.expressions.names import F
from rowsmith.expressions.ordering import OrderBy
from rowsmith.expressions.q import Q
from rowsmith.expressions.singles import single
from rowsmith.expressions.values import Value
from rowsmith.sql import expressions as sql
from rowsmith.sql import types
from rowsmith.sql.computed import has_aggregate, has_window, own_parts
from rowsmith.sql.predicates import all_known


class Aggregate(Func):
    """An aggregate function; `filter` restricts its rows, `default` replaces NULL for an empty set.

    allow_distinct, allow_order_by:  whether it may be told to leave repeated values out, and to sort them.
    empty_result_set_value:          what it is of no rows.
    """

    _is_aggregate = True
    keyed_by_parts = False
    contains_aggregate = True
    template = "%(function)s(%(distinct)s%(expressions)s)"
    window_compatible = True
    allow_distinct: ClassVar[bool] = False
    allow_order_by: ClassVar[bool] = False
    empty_result_set_value: Any = None
    distinct = False
    filter: Any = None
    default: Any = None
    order_by: tuple[OrderBy, ...] = ()
    known_state = Func.known_state | {"_expressions", "_path"}

    def __init__(
        self,
        *expressions: Any,
        distinct: bool = False,
        filter: Any = None,
        default: Any = None,
        order_by: Any = None,
        output_field: Any = None,
        **extra: Any,
    ) -> None:
        if len(expressions) == 1 and type(expressions[0]) is str and self.arity in (1, None) and not extra:
            # The usual case. Its F is not made before the query is planned: most often it has been already.
            self._path = expressions[0]
            if self._path == "*":
                self.expressions = [self._star(filter)]
            if output_field is not None:
                self.output_field = output_field
        else:
            super().__init__(*expressions, output_field=output_field, **extra)
        # What is not given is left to the class: most aggregates have none of it.
        if distinct:
            if not self.allow_distinct:
                raise TypeError(f"{type(self).__name__} does not allow distinct.")
            self.distinct = True
        if filter is not None:
            self.filter = filter
        if default is not None:
            if self.empty_result_set_value is not None:
                raise TypeError(f"{type(self).__name__} does not allow default.")
            self.default = default
        if order_by is not None:
            if not self.allow_order_by:
                raise TypeError(f"{type(self).__name__} does not allow order_by.")
            self.order_by = _sort_keys(order_by)

    def _star(self, filter: Any) -> F:
        raise TypeError(f"{type(self).__name__} takes a field, not '*'.")

    @property
    def expressions(self) -> list[Any]:
        """The arguments."""
        state = vars(self)
        if "_expressions" not in state:
            state["_expressions"] = [F(state.pop("_path"))]
        found: list[Any] = state["_expressions"]
        return found

    @expressions.setter
    def expressions(self, expressions: list[Any]) -> None:
        vars(self).pop("_path", None)
        self._expressions = expressions

    @property
    def default_alias(self) -> str:
        """The name of the result where none was given: `<path>__<function>`."""
        expression = self.expressions[0]
        if isinstance(expression, F) and len(self.expressions) == 1 and type(expression) is not Star:
            return f"{expression.name}__{type(self).__name__.lower()}"
        raise TypeError("Complex expressions require an alias: give the aggregate a keyword name.")

    def template_context(self) -> dict[str, Any]:
        return {"distinct": "DISTINCT " if self.distinct else "", "order_by": ""}

    def fingerprint(self, values: list[Any]) -> Hashable:
        state = self.__dict__
        if len(state) == 1 and self._ours:
            # Nothing but its argument was given.
            path = state.get("_path")
            if path is not None:
                return (self.__class__, path)
            first = self.expressions[0]
            if type(first) is F and len(self.expressions) == 1:
                return (self.__class__, first.name)
        condition = None if self.filter is None else self.filter.fingerprint(values)
        key = super().fingerprint(values)
        order = tuple([item.fingerprint(values) for item in self.order_by])
        default = None if self.default is None else as_expression(self.default).fingerprint(values)
        return (key, self.distinct, condition, order, default)

    def empty_value(self) -> Any:
        """What the aggregate of no rows is; NotImplemented when only the database can tell."""
        if self.default is None:
            return self.empty_result_set_value
        if isinstance(self.default, Combinable):
            return self.default.value if isinstance(self.default, Value) else NotImplemented
        return self.default

    def resolve(self, scope: Scope) -> Resolved:
        condition = None
        if self.filter is not None:
            condition = scope.condition(self.filter if isinstance(self.filter, Q) else Q(self.filter))
        resolved = [expression.resolve(scope) for expression in self.expressions]
        arguments = tuple([self._argument(argument.node) for argument in resolved])
        for argument in arguments:
            self._check(argument, scope)
        order_by = tuple([key for item in self.order_by for key in item.resolve_keys(scope)])
        type_ = scope.type_of(self.output_field) if self.output_field else self.result_type(*arguments)
        type_ = type_ or types.Unknown()
        node: sql.Expression = sql.Aggregate(
            self.sql_name, arguments, distinct=self.distinct, filter=condition, order_by=order_by, type=type_
        )
        field = self.output_field or self.read_by(resolved, type_)
        if self.default is not None:
            node = sql.Function("COALESCE", (node, self._default(scope, type_)), type=type_)
        resolved_call = Resolved(node, field or scope.field_for(type_))
        if "template" in self.extra:
            return self._written(scope, lambda expression, scope: resolved_call)
        return resolved_call

    def read_by(self, arguments: list[Resolved], type_: types.Type) -> Any:
        """The field that reads the result; None for the plainest of `type_`."""
        return next((argument.field for argument in arguments if _reads(argument, type_)), None)

    def _default(self, scope: Scope, type_: types.Type) -> sql.Expression:
        default = as_expression(self.default)
        if isinstance(default, Value) and default.given_field is None and isinstance(default.value, list | dict):
            # A list says nothing of what is in it.
            return scope.value(default.value, type_, cast=True)
        return default.resolve(scope).node

    def _argument(self, node: sql.Expression) -> sql.Expression:
        """An argument in the form in which the aggregate takes it."""
        return single(node, self)

    def _check(self, argument: sql.Expression, scope: Scope) -> None:
        """Raise FieldError for an argument that is known only once the rows are grouped."""
        if any(isinstance(node, sql.Summary) for node in own_parts(argument)):
            raise FieldError(f"Cannot compute {self!r}: it would aggregate over an aggregate of the same call.")
        if not scope.summarizing and has_aggregate(argument):
            raise FieldError(f"Cannot compute {self!r}: it would aggregate over an aggregate.")
        if self.contains_over_clause or (not scope.summarizing and has_window(argument)):
            raise FieldError(
                f"Cannot compute {self!r}: it would aggregate over a window. Name the window with annotate(), and ask "
                "aggregate() for the rest."
            )


def _reads(argument: Resolved, type_: types.Type) -> bool:
    """Whether an argument's field is the one to read results of `type_`, too: also those that it converts itself."""
    own = argument.node.type
    return own == type_ or (type(own) is type(type_) and hasattr(argument.field, "from_db_value"))


def _sort_keys(order_by: Any) -> tuple[OrderBy, ...]:
    """The sort keys of `order_by`: a name, perhaps with a `-` before it, an expression, or several of them."""
    items = order_by if isinstance(order_by, list | tuple) else (order_by,)
    keys = []
    for item in items:
        if isinstance(item, str):
            keys.append(OrderBy(F(item.removeprefix("-")), descending=item.startswith("-")))
        elif isinstance(item, Combinable):
            keys.append(item if isinstance(item, OrderBy) else OrderBy(item))
        else:
            raise ValueError(f"order_by takes names of fields and expressions, not {item!r}.")
    return tuple(keys)


class Count(Aggregate):
    """The number of rows whose value is not NULL; of all rows for `"*"`."""

    arity = 1
    allow_distinct = True
    empty_result_set_value = 0
    result = types.Integer(64)

    def _argument(self, node: sql.Expression) -> sql.Expression:
        if not isinstance(node, sql.Row):
            return node
        # Of which one column is NULL names nothing; of the others it matters what they are only to tell them apart.
        one: sql.Expression = sql.Literal(1, type=types.Integer())
        counted = sql.Function("ROW", node.items) if self.distinct else one
        return sql.Case((sql.When(all_known(node), counted),), type=counted.type)

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


class _OfOne(Aggregate):
    """An aggregate whose result is of the type of its argument."""

    arity = 1

    def result_type(self, *arguments: sql.Expression) -> types.Type:
        return arguments[0].type


class Max(_OfOne):
    """The largest value."""


class Min(_OfOne):
    """The smallest value."""


class AnyValue(_OfOne):
    """Any value that is not NULL; PostgreSQL knows it from version 16 on."""

    function = "ANY_VALUE"


class BitAnd(_OfOne):
    """The bits set in every value."""

    function = "BIT_AND"


class BitOr(_OfOne):
    """The bits set in any value."""

    function = "BIT_OR"


class BitXor(_OfOne):
    """The bits set in an odd number of values."""

    function = "BIT_XOR"


class Sum(Aggregate):
    """The sum."""

    arity = 1
    allow_distinct = True

    def result_type(self, *arguments: sql.Expression) -> types.Type:
        type_ = arguments[0].type
        # It may be larger than all that the column can hold.
        return types.Integer(64) if isinstance(type_, types.Integer | types.Serial) else types.unsized(type_)


class _Mean(Aggregate):
    """An aggregate that is exact for exact numbers, and a floating-point number for whole ones."""

    arity = 1

    def result_type(self, *arguments: sql.Expression) -> types.Type:
        type_ = arguments[0].type
        whole = isinstance(type_, types.Integer | types.Serial | types.Boolean)
        return types.Float() if whole else types.unsized(type_)


class Avg(_Mean):
    """The mean; of whole numbers a float."""

    allow_distinct = True


class StdDev(_Mean):
    """The standard deviation, of the values as the whole population or, with `sample`, as a sample of it."""

    def __init__(self, expression: Any, sample: bool = False, **options: Any) -> None:
        super().__init__(expression, **options)
        if sample:
            self.sql_name = "STDDEV_SAMP"

    function = "STDDEV_POP"


class Variance(_Mean):
    """The variance, of the values as the whole population or, with `sample`, as a sample of it."""

    function = "VAR_POP"

    def __init__(self, expression: Any, sample: bool = False, **options: Any) -> None:
        super().__init__(expression, **options)
        if sample:
            self.sql_name = "VAR_SAMP"


class StringAgg(Aggregate):
    """The texts one after the other, with `delimiter` between them, in the order of `order_by`."""

    function = "STRING_AGG"
    allow_distinct = True
    allow_order_by = True
    result = types.Text()

    def __init__(self, expression: Any, delimiter: Any, **options: Any) -> None:
        super().__init__(expression, delimiter, **options)
        # A comma is what SQLite puts between different texts, and nothing else.
        if isinstance(delimiter, Value) and delimiter.value == ",":
            del self.expressions[1]
            self.sql_name = "STRING_AGG_COMMA"

    @property
    def default_alias(self) -> str:
        [expression, *_] = self.expressions
        if isinstance(expression, F):
            return f"{expression.name}__stringagg"
        return super().default_alias
