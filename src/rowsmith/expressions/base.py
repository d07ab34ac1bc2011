"""Expression: what every part that users compose a query of can do, and what it may ask while it is resolved."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from rowsmith.exceptions import FieldError
from rowsmith.expressions.combinable import Combinable, kind_of
from rowsmith.expressions.deconstruction import constructor_arguments, import_path
from rowsmith.expressions.protocol import ExpressionType, is_ours, overrides
from rowsmith.records import Record
from rowsmith.sql import expressions as sql
from rowsmith.sql import types
from rowsmith.sql.predicates import Predicate

if TYPE_CHECKING:
    from rowsmith.expressions.ordering import OrderBy
    from rowsmith.expressions.q import Q


class Resolved(Record):
    """A SQL expression and the field that prepares and reads its values; None when only its type is known."""

    node: sql.Expression
    field: Any = None


class Scope(Protocol):
    """What an expression may ask while it is resolved.

    summarizing:  whether values of a whole query are resolved, so that aggregates of annotations are allowed.
    """

    summarizing: bool

    def name(self, path: str) -> Resolved:
        """What a path of names, such as `author__name`, stands for."""

    def named_column(self, table: str, column: str) -> Resolved:
        """A column of a table that stands in the query under a name of its own."""

    def value(self, value: Any, type_: types.Type, *, cast: bool = False) -> sql.Expression:
        """The place of a plain value that varies from call to call."""

    def condition(self, q: Q) -> Predicate:
        """What a Q demands of a row."""

    def compared(self, lookup: Any, left: Any, right: Any) -> Predicate:
        """What a lookup demands of its two sides."""

    def subquery(self, queryset: Any, *, exists: bool = False) -> tuple[Any, Any]:
        """The SELECT of a queryset nested in this one, and the field of its single column."""

    def opened(self, node: sql.Expression) -> sql.Expression:
        """`node` with its values written into it; the query then serves these values alone."""

    def without_joins(self) -> Scope:
        """This scope without names that lead along relations."""

    def field_for(self, type_: types.Type) -> Any:
        """The plainest field that holds `type_`."""

    def type_of(self, field: Any) -> types.Type:
        """The SQL type of a field instance, such as an output_field."""


class Expression(Combinable, metaclass=ExpressionType):
    """An expression with an optional `output_field`; equal to another when built from the same arguments."""

    output_field: Any = None
    filterable: bool = True
    window_compatible: bool = False
    constraint_validation_compatible: bool = True
    set_returning: bool = False
    allows_composite_expressions: bool = False
    empty_result_set_value: Any = NotImplemented

    # What is defined above this class.
    orderings: ClassVar[Any] = None
    """The class OrderBy."""
    settle: ClassVar[Callable[[Any, Scope], Any]]
    """What resolves a part of an expression."""
    converted: ClassVar[Callable[[Any, Any], Any]]
    """The field whose values an expression converts once more."""
    field_of_type: ClassVar[Callable[[types.Type], Any]]
    """The plainest field of a type."""
    written: ClassVar[Callable[[Any, Scope, Any], Resolved]]
    """What makes a node of an expression that writes itself."""
    compiled: ClassVar[Callable[[Any, Any], tuple[str, tuple[Any, ...]]]]
    """What writes an expression by the node that it resolves to."""


    transparent: ClassVar[bool] = False
    """Whether it stays what it is, over resolved parts, when an expression of the user's is made of it."""
    _is_aggregate: ClassVar[bool] = False
    """Whether it is an aggregate itself."""
    keyed_by_parts: ClassVar[bool] = True
    """Whether its parts, in their order, are all that it takes values for once it writes itself."""
    constructor: ClassVar[Mapping[str, str]] = {}
    """The attributes that hold arguments of the constructor under other names."""
    known_state: ClassVar[frozenset[str]] = frozenset({"output_field"})
    """The attributes that `fingerprint` of the library's own classes speaks for."""

    def __init__(self, output_field: Any = None) -> None:
        if output_field is not None:
            self.output_field = output_field

    # Parts

    def get_source_expressions(self) -> list[Any]:
        """The expressions that this one is made of, in the order in which they are resolved."""
        return []

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        """Put others in their place."""
        if expressions:
            raise TypeError(f"{type(self).__name__} is made of no other expressions.")

    def copy(self) -> Any:
        """A copy that may be changed, also in the lists that it keeps; its parts are shared."""
        twin = copy(self)
        for name, value in vars(twin).items():
            if type(value) is list:
                vars(twin)[name] = list(value)
        return twin

    def flatten(self) -> Iterator[Any]:
        """This expression and all below it, parents first."""
        yield self
        for source in self.get_source_expressions():
            if source is not None:
                yield from source.flatten() if hasattr(source, "flatten") else (source,)

    @property
    def conditional(self) -> bool:
        """Whether it is a truth value, and so a condition."""
        return isinstance(getattr(self.output_field, "sql_type", None), types.Boolean)

    @property
    def allowed_default(self) -> bool:
        """Whether a column's default may be computed by it, which has no row to look at."""
        sources = self.get_source_expressions()
        return bool(sources) and all(getattr(source, "allowed_default", True) for source in sources)

    @property
    def contains_aggregate(self) -> bool:
        """Whether a part of it is computed over a group."""
        return any(getattr(source, "contains_aggregate", False) for source in self.get_source_expressions())

    @property
    def contains_over_clause(self) -> bool:
        """Whether a part of it is computed over a window."""
        return any(getattr(source, "contains_over_clause", False) for source in self.get_source_expressions())

    # Resolving

    def resolve_expression(
        self,
        query: Any = None,
        allow_joins: bool = True,
        reuse: Any = None,
        summarize: bool = False,
        for_save: bool = False,
    ) -> Any:
        """A copy made of resolved parts, columns in the place of names; one of the library's own resolves as a whole.

        query:        the scope that knows the names.
        allow_joins:  whether names may lead along relations.
        """
        scope = query if allow_joins else query.without_joins()
        if is_ours(type(self)) and not self.transparent:
            return Expression.settle(self, scope)
        return self._over_settled(scope)

    def _over_settled(self, scope: Scope) -> Any:
        """A copy whose parts are resolved."""
        twin = self.copy()
        parts = [None if part is None else Expression.settle(part, scope) for part in self.get_source_expressions()]
        if parts:
            twin.set_source_expressions(parts)
        return twin

    def _written(self, scope: Scope, plain: Any) -> Resolved:
        """The node of a class that writes itself; `plain` is what resolves the class that it is derived from."""
        return Expression.written(self, scope, plain)

    def _converted(self, resolved: Resolved) -> Resolved:
        """What was resolved, with a class's own `convert_value` between the database and the field."""
        if not overrides(type(self), "convert_value"):
            return resolved
        return Resolved(resolved.node, Expression.converted(resolved.field, self))

    def _resolve_output_field(self) -> Any:
        """The field of the result where none was given: that of the parts, when they agree."""
        found = [getattr(source, "output_field", None) for source in self.get_source_expressions()]
        fields = [field for field in found if field is not None]
        for field in fields[1:]:
            if _kind(field.sql_type) is not _kind(fields[0].sql_type):
                raise FieldError(
                    f"Expression contains mixed types: {type(fields[0]).__name__}, {type(field).__name__}. "
                    f"You must set output_field of {type(self).__name__}."
                )
        return fields[0] if fields else None

    def result_field(self, nodes: tuple[sql.Expression, ...], scope: Scope) -> Any:
        """The field of what a class that writes itself makes of its parts; None when it is not known."""
        return self.output_field if self.output_field is not None else self._resolve_output_field()

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """SQL text with one `%s` for each parameter, and the parameters."""
        return Expression.compiled(self, compiler)

    def convert_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """What the database returned, as its field reads it, turned into what the caller gets."""
        return value

    def get_group_by_cols(self) -> list[Any]:
        """The expressions that a query which selects this one has to group by."""
        if self._is_aggregate:
            return []
        if not self.contains_aggregate:
            return [self]
        return [
            column for source in self.get_source_expressions() if source is not None
            for column in source.get_group_by_cols()
        ]  # fmt: skip

    def relabeled_clone(self, change_map: Mapping[str, str]) -> Any:
        """A copy in which tables have other aliases."""
        clone = self.copy()
        sources = self.get_source_expressions()
        if sources:
            clone.set_source_expressions([s.relabeled_clone(change_map) if s is not None else None for s in sources])
        return clone

    def get_lookup(self, name: str) -> Any:
        """The lookup of a name on the result."""
        return self.output_field.get_lookup(name)

    def get_transform(self, name: str) -> Any:
        """The transform of a name on the result."""
        return self.output_field.get_transform(name)

    # Sort keys

    def asc(self, *, nulls_first: bool | None = None, nulls_last: bool | None = None) -> OrderBy:
        """A sort key, smallest first."""
        key: OrderBy = Expression.orderings(self, nulls_first=nulls_first, nulls_last=nulls_last)
        return key

    def desc(self, *, nulls_first: bool | None = None, nulls_last: bool | None = None) -> OrderBy:
        """A sort key, largest first."""
        key: OrderBy = Expression.orderings(
            self, descending=True, nulls_first=nulls_first, nulls_last=nulls_last
        )
        return key

    def reverse_ordering(self) -> Any:
        """This expression as it is sorted when the order is turned around."""
        return self

    # Identity

    def empty_value(self) -> Any:
        """What aggregate() answers for this expression where there are no rows."""
        return None

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """The import path and the arguments that build an equal expression."""
        args, kwargs = constructor_arguments(self)
        return import_path(type(self)), args, kwargs

    def fingerprint(self, values: list[Any]) -> Hashable:
        keys = [None if s is None else kind_of(s, values) for s in self.get_source_expressions()]
        return (type(self), *keys, self._field_key())

    def _identity(self) -> tuple[Hashable, list[Any]]:
        values: list[Any] = []
        return self.fingerprint(values), values

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Expression):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity()[0])

    def _field_key(self) -> Hashable:
        """The part of the fingerprint that `output_field` is; fields compare by what they were built from."""
        field = self.output_field
        return None if field is None else (type(field), *map(repr, field.deconstruct()[1:]))

    def _typed(self, node: sql.Expression, scope: Scope, inferred: Any = None) -> Resolved:
        """`node` with the field that was asked for, or else the inferred one."""
        return Resolved(node, self.output_field or inferred or scope.field_for(node.type))


def _kind(type_: types.Type) -> Any:
    """What a type holds, whatever its size."""
    kinds: dict[Any, Any] = {types.Varchar: types.Text, types.Serial: types.Integer}
    return kinds.get(type(type_), type(type_))
