"""Expressions: what has a value in SQL, from a column to a scalar subselect."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from rowsmith.records import field
from rowsmith.sql.nodes import Node
from rowsmith.sql.statement import Binding
from rowsmith.sql.types import Boolean, Integer, Type, Unknown

if TYPE_CHECKING:
    from rowsmith.sql.predicates import Predicate
    from rowsmith.sql.select import Query


class Writer(Protocol):
    """What a part of a tree that writes itself may ask of the renderer.

    dialect:  the database's name, features and codecs.
    """

    dialect: Any

    def quote(self, name: str) -> str: ...
    def bind(self, binding: Binding) -> str: ...
    def fragment(self, node: Node) -> tuple[str, tuple[Binding, ...]]: ...


Spell = Callable[[tuple["Expression", ...], Writer], str]
"""What writes the text of a node, given its arguments as they are by then."""


class Expression(Node):
    """What has a value; `type` says of which kind."""

    @property
    def type(self) -> Type:
        return Unknown()


class Typed(Expression):
    """An expression that was told its type."""

    type: Type = field(default=Unknown(), kw_only=True)


class Column(Typed):
    """A column of a table in scope, by the table's alias; `computed` when that table is the result of a query."""

    alias: str
    name: str
    nullable: bool = field(default=True, kw_only=True)
    computed: bool = field(default=False, kw_only=True)


class Parameter(Typed):
    """The value in one slot of the query's values; `cast` where the database must be told its type."""

    slot: int
    cast: bool = False


class RowValue(Typed):
    """A value that behaves like one read from a column of `type`."""

    operand: Expression


class ListParameter(Typed):
    """A slot that holds a sequence of values, all of `type`; stands for a set, not for one value."""

    slot: int


class Constant:
    """A source that always answers with one value; equal to another of an equal value of the same type."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self) -> Any:
        return self.value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Constant) or type(self.value) is not type(other.value):
            return False
        return self.value is other.value or bool(self.value == other.value)

    def __hash__(self) -> int:
        return hash(type(self.value))


class Ambient(Typed):
    """A value that is asked for each time the statement runs, such as the current time zone's name."""

    source: Callable[[], Any]


class Literal(Typed):
    """A constant that is part of the text: a number, a truth value or NULL, never a caller's string."""

    value: int | bool | None


class Star(Expression):
    """`*`, the whole row."""


class Row(Expression):
    """Several values side by side, such as a key of several columns: compared as one, selected one by one."""

    items: tuple[Expression, ...]


class Outer(Expression):
    """A name that the enclosing query will resolve when this one is put into it."""

    name: Any


class Reference(Typed):
    """An output column of the same SELECT, or of the derived table `alias`, by its name."""

    name: str
    alias: str | None = None


class Function(Typed):
    """A call; the dialect may spell `name` in a way of its own."""

    name: str
    arguments: tuple[Expression, ...]


class Native(Typed):
    """A call of a function that only some databases know, under the name that it has there."""

    name: str
    arguments: tuple[Expression, ...]


class Infix(Typed):
    """Two operands around an operator that only some databases know; NULL when one of them is."""

    operator: str
    left: Expression
    right: Expression


class Subscript(Typed):
    """An element of an array; or a `part` of it, up to `last` or to its end. The first element is number 1."""

    operand: Expression
    first: Expression
    last: Expression | None = None
    part: bool = field(default=False, kw_only=True)


class ArrayItems(Typed):
    """The array of several expressions."""

    items: tuple[Expression, ...]


class ArrayRows(Typed):
    """The array of the single column of a query."""

    query: Query


class Spelled(Typed):
    """What a class of the user's writes itself, around its arguments.

    filterable:  whether a condition may be made of it.
    grouped:     which arguments a query that groups rows has to group by; None for the whole.
    """

    arguments: tuple[Expression, ...]
    spell: Spell = field(kw_only=True)
    grouped: tuple[int, ...] | None = field(default=None, kw_only=True)
    filterable: bool = field(default=True, kw_only=True)


class Arithmetic(Typed):
    """Two operands and one of + - * / % ^ & | # << >>, with the meaning that Python gives to the first five."""

    operator: str
    left: Expression
    right: Expression


class Negative(Typed):
    """The operand with its sign changed."""

    operand: Expression


class Collated(Typed):
    """A text that is compared and sorted by the rules of `collation`."""

    operand: Expression
    collation: str = field(kw_only=True)


class Cast(Typed):
    """The operand turned into `type` by the database."""

    operand: Expression


class DatePart(Typed):
    """One number out of a date, a time or an instant: year, month, day, week, iso_year, hour and so on."""

    part: str
    operand: Expression
    zone: Expression | None = None
    type: Type = field(default=Integer(), kw_only=True)


class DateOf(Typed):
    """The calendar day, or with `time` the time of day, of an instant seen in `zone`."""

    operand: Expression
    zone: Expression | None = None
    time: bool = False


class Truncate(Typed):
    """The start of the year, quarter, month, week, day, hour, minute or second of a moment seen in `zone`."""

    kind: str
    operand: Expression
    zone: Expression | None = None


class When(Node):
    """One branch of a CASE."""

    condition: Predicate
    result: Expression


class Case(Typed):
    """The result of the first branch whose condition holds, else `default`."""

    branches: tuple[When, ...]
    default: Expression | None = None


class Ordering(Node):
    """A sort key; `nulls_first` None leaves NULLs where the database puts them."""

    expression: Expression
    descending: bool = False
    nulls_first: bool | None = None


class AggregateCall(Typed):
    """A call of an aggregate; `spell` writes the call where a class of the user's does."""

    name: str
    arguments: tuple[Expression, ...]
    distinct: bool = False
    filter: Predicate | None = None
    order_by: tuple[Ordering, ...] = ()
    spell: Spell | None = field(default=None, kw_only=True)


class Aggregate(AggregateCall):
    """An aggregate over the rows of a group."""


class Summary(Typed):
    """The value of one aggregate() argument, named by a later one of the same call."""

    value: Expression


class JsonPath(Typed):
    """The value at the end of a path into a JSON document; NULL where there is none.

    keys:  names of members and indices of elements; what reads as a whole number is an index.
    form:  `value` as the database compares it, `text` for its text, `json` for a document of its own.
    """

    operand: Expression
    keys: tuple[str, ...]
    form: str = "value"


class JsonNull(Typed):
    """The document null, which is a value."""


class Subselect(Typed):
    """The single value of a query with one column and at most one row."""

    query: Query


class Raw(Typed):
    """A fragment that the caller wrote, split at its placeholders: n + 1 texts around n arguments."""

    texts: tuple[str, ...]
    arguments: tuple[Expression, ...]


class Truth(Typed):
    """A predicate used as a value."""

    predicate: Predicate
    type: Type = field(default=Boolean(), kw_only=True)


def items_of(node: Expression) -> tuple[Expression, ...]:
    """The values of a row; any other expression is the only one of its own."""
    return node.items if isinstance(node, Row) else (node,)
