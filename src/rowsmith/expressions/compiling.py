"""Compiling: what `as_sql` of a user's class is given, and how the text it returns becomes a part of a statement."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Any, NoReturn

from rowsmith.exceptions import EmptyResultSet, FullResultSet, NotSupportedError, ProgrammingError
from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.protocol import VENDORS, asks_for_types, frozen, overrides, plain_resolve, writes_itself
from rowsmith.expressions.settled import Opened, Settled, times_opened
from rowsmith.expressions.values import type_of_value
from rowsmith.records import replace
from rowsmith.sql import expressions as sql
from rowsmith.sql import types
from rowsmith.sql.nodes import Node, rewrite, walk
from rowsmith.sql.predicates import Holds, Predicate, negation
from rowsmith.sql.statement import Binding

Written = tuple[str, tuple[Any, ...]]


class Bound:
    """The parameter of a nested expression: a place for a value that is not known while the text is written."""

    __slots__ = ("binding",)

    def __init__(self, binding: Any) -> None:
        self.binding = binding

    def __repr__(self) -> str:
        raise Opened

    def _opened(self, *_: Any) -> NoReturn:
        raise Opened

    __str__ = __format__ = __eq__ = __lt__ = __gt__ = __le__ = __ge__ = __add__ = __radd__ = _opened
    __bool__ = __len__ = __iter__ = __int__ = __float__ = __getitem__ = __contains__ = __hash__ = _opened
    __mul__ = __rmul__ = __mod__ = __rmod__ = __getattr__ = __index__ = __neg__ = __sub__ = _opened


class Facade:
    """The connection that `as_sql` sees: which database it is and what it can do, but no way to reach it."""

    def __init__(self, vendor: str, features: Any, quote: Callable[[str], str]) -> None:
        self.vendor = vendor
        self.features = features
        self.ops = Operations(quote)


class Operations:
    """What a database does to names."""

    def __init__(self, quote: Callable[[str], str]) -> None:
        self.quote_name = quote


class Compiler:
    """Writes nested expressions as `%s` text with parameters."""

    def __init__(self, writer: sql.Writer, *, is_open: bool) -> None:
        self.writer = writer
        self.is_open = is_open
        self.connection = Facade(writer.dialect.name, writer.dialect.features, writer.quote)
        self.quote_name = self.quote_name_unless_alias = writer.quote

    def compile(self, expression: Any) -> Written:
        """SQL text with one `%s` for each parameter, and the parameters."""
        if _writes(expression):
            return written(expression, self)
        return self.fragment(node_of(expression))

    def fragment(self, node: Node) -> Written:
        """The text of a part of a tree, with its parameters."""
        text, bindings = self.writer.fragment(node)
        return text, tuple([self._parameter(binding) for binding in bindings])

    def _parameter(self, binding: Binding) -> Any:
        if self.is_open and isinstance(binding.source, sql.Constant):
            value = binding.source()
            return value if value is None or binding.encode is None else binding.encode(value)
        return Bound(binding)


class Rehearsal:
    """Stands in for a compiler while it is found out whether `as_sql` looks at values."""

    is_open = False

    def __init__(self, vendor: str) -> None:
        self.connection = Facade(vendor, Anything(), self.quote_name)

    def quote_name(self, name: str) -> str:
        return f'"{name}"'

    quote_name_unless_alias = quote_name

    def compile(self, expression: Any) -> Written:
        if _writes(expression):
            return written(expression, self)
        return "(%s)", (Bound(None),)

    def fragment(self, node: Node) -> Written:
        return "(%s)", (Bound(None),)


class Anything:
    """Features of a database that is not known: none."""

    def __getattr__(self, name: str) -> bool:
        return False


class Done:
    """The scope of an expression whose parts are resolved already."""

    summarizing = True

    def name(self, path: str) -> Resolved:
        raise TypeError(f"{path!r} has to be resolved before its SQL can be written.")

    def value(self, value: Any, type_: types.Type, *, cast: bool = False) -> sql.Expression:
        return sql.Ambient(sql.Constant(value), type=type_)

    def condition(self, q: Any) -> Predicate:
        [child] = q.children
        if not isinstance(child, Settled):
            raise TypeError(f"{q!r} has to be resolved before its SQL can be written.")
        node = child.resolved.node
        predicate = node.predicate if isinstance(node, sql.Truth) else Holds(node)
        return negation(predicate) if q.negated else predicate

    def subquery(self, queryset: Any, *, exists: bool = False) -> tuple[Any, Any]:
        raise TypeError("A queryset has to be resolved before its SQL can be written.")

    def field_for(self, type_: types.Type) -> Any:
        return Expression.field_of_type(type_)

    def type_of(self, field: Any) -> types.Type:
        type_: types.Type = field.sql_type
        return type_


DONE: Any = Done()


def _writes(expression: Any) -> bool:
    return isinstance(expression, Expression) and writes_itself(type(expression))


def node_of(expression: Any) -> Node:
    """The node of an expression whose parts are resolved."""
    if isinstance(expression, Node):
        return expression
    if isinstance(expression, Settled):
        return expression.resolved.node
    if expression._is_aggregate:
        # What is around the call of an aggregate is written by whoever asked for it.
        expression = expression.copy()
        expression.filter = expression.default = None
    resolved: Resolved = plain_resolve(type(expression))(expression, DONE)
    return resolved.node


def written(expression: Any, compiler: Any) -> Written:
    """What the class of `expression` writes for the compiler's database."""
    connection = compiler.connection
    method = getattr(expression, f"as_{connection.vendor}", None) or expression.as_sql
    text, parameters = method(compiler, connection)
    return text, tuple(parameters)


def native(text: str, parameters: Sequence[Any], writer: sql.Writer) -> str:
    """`%s` text as the writer's database spells it, its parameters bound in order."""
    pieces = _PERCENT.split(text)
    wanted = pieces[1::2].count("%s")
    if wanted != len(parameters):
        raise ProgrammingError(f"{text!r} has {wanted} placeholders for {len(parameters)} parameters.")
    remaining = iter(parameters)
    for index in range(1, len(pieces), 2):
        pieces[index] = "%" if pieces[index] == "%%" else writer.bind(_binding(next(remaining), writer))
    return "".join(pieces)


_PERCENT = re.compile(r"(%[s%])")


def _binding(parameter: Any, writer: sql.Writer) -> Binding:
    if type(parameter) is Bound:
        binding: Binding = parameter.binding
        return binding
    type_ = types.Json() if isinstance(parameter, dict | list) else type_of_value(parameter)
    return Binding(None, writer.dialect.codec(type_).encode, sql.Constant(parameter))


class Fixed:
    """Writes what was written before."""

    def __init__(self, text: str, parameters: Sequence[Any]) -> None:
        self.text = text
        self.parameters = parameters

    def __call__(self, arguments: tuple[sql.Expression, ...], writer: sql.Writer) -> str:
        return native(self.text, self.parameters, writer)


class Spelling:
    """Writes a user's expression: a copy of it, around parts that are resolved.

    is_open:  the statement serves the present values alone, so that code of the user's may look at them.
    """

    def __init__(self, expression: Any, *, is_open: bool = False) -> None:
        self.expression = expression
        self.is_open = is_open
        values: list[Any] = []
        key = around(expression, repeat(sql.Star()), is_open=is_open).fingerprint(values)
        self.key = (type(expression), key, frozen(values), is_open)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spelling) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __call__(self, arguments: tuple[sql.Expression, ...], writer: sql.Writer) -> str:
        expression = around(self.expression, iter(arguments), is_open=self.is_open)
        before = times_opened()
        try:
            text, parameters = written(expression, Compiler(writer, is_open=self.is_open))
        except Opened:
            parameters = None
        if parameters is None or times_opened() != before:
            raise NotSupportedError(
                f"as_sql() of {type(expression).__name__} looks at a value that varies from call to call in a way "
                "that could not be foreseen. Give the value to the constructor and keep it as an attribute instead."
            )
        return native(text, parameters, writer)


def leaves(expression: Any) -> Iterator[Settled]:
    """The resolved parts of an expression, through its transforms, in order."""
    for source in expression.get_source_expressions():
        if isinstance(source, Settled):
            yield source
        elif source is not None:
            yield from leaves(source)


def around(expression: Any, nodes: Iterator[sql.Expression], *, is_open: bool) -> Any:
    """A copy of an expression with other nodes in the place of its leaves."""
    sources: list[Any] = []
    for source in expression.get_source_expressions():
        if isinstance(source, Settled):
            sources.append(source.but(next(nodes), is_open=is_open))
        else:
            sources.append(None if source is None else around(source, nodes, is_open=is_open))
    copy = expression.copy()
    if sources:
        copy.set_source_expressions(sources)
    return copy


def foreseen(expression: Any) -> bool:
    """Whether the text of an expression around resolved parts is the same for all values in them."""
    if asks_for_types(type(expression)):
        return False
    before = times_opened()
    for vendor in VENDORS:
        try:
            written(expression, Rehearsal(vendor))
        except (EmptyResultSet, FullResultSet, NotSupportedError):
            pass
        except Exception:
            # Whatever went wrong, it may not go wrong with the values themselves; if it does, that error is shown.
            return False
    return times_opened() == before


def spelled(expression: Any, scope: Scope, plain: Any) -> Resolved:
    """The node of an expression that writes itself; `plain` resolves the built-in class that it is derived from."""
    if expression._is_aggregate:
        return _spelled_aggregate(expression, plain(expression, scope), scope)
    # What `resolve_expression` of the user's class left is resolved now.
    expression = expression._over_settled(scope)
    nodes, spelling = spelling_of(expression, scope)
    field = expression.result_field(nodes, scope)
    if field is not None and expression.output_field is None:
        # From here on it is known, also to as_sql().
        expression.output_field = field
    type_ = scope.type_of(field) if field is not None else types.Unknown()
    filterable, grouped = expression.filterable, _grouped(expression)
    return Resolved(sql.Spelled(nodes, type=type_, spell=spelling, filterable=filterable, grouped=grouped), field)


def _grouped(expression: Any) -> tuple[int, ...] | None:
    """The places of the parts that a class of the user's wants rows to be grouped by; None for the whole."""
    if not overrides(type(expression), "get_group_by_cols"):
        return None
    wanted = expression.get_group_by_cols()
    if any(column is expression for column in wanted):
        return None
    return tuple([place for place, part in enumerate(leaves(expression)) if any(part is column for column in wanted)])


def _is_a_call(cls: type) -> bool:
    """Whether a class of aggregates only says by a template how its call is written."""
    return not overrides(cls, "as_sql") and not any(hasattr(cls, f"as_{vendor}") for vendor in VENDORS)


def _where(condition: Predicate, node: sql.Expression) -> sql.Expression:
    """The argument of an aggregate in the rows that meet a condition, else NULL."""
    result = sql.Literal(1, type=types.Integer()) if isinstance(node, sql.Star) else node
    return sql.Case((sql.When(condition, result),), type=result.type)


def _spelled_aggregate(expression: Any, built: Resolved, scope: Scope) -> Resolved:
    """The same for an aggregate, whose node stays one: all that queries do with aggregates goes on as for others."""
    call = next(node for node in walk(built.node) if isinstance(node, sql.Aggregate))
    parts = [Settled(Resolved(node, scope.field_for(node.type))) for node in call.arguments]
    expression = expression.copy()
    expression.set_source_expressions(parts)
    nodes, spelling = spelling_of(expression, scope)
    condition = call.filter
    if condition is not None and not _is_a_call(type(expression)):
        # What the class writes may be more than a call, behind which a FILTER could stand.
        nodes = tuple([_where(condition, node) for node in nodes])
        condition = None
    written_call = replace(call, arguments=nodes, filter=condition, spell=spelling)
    return Resolved(rewrite(built.node, lambda node: written_call if node is call else None), built.field)


def spelling_of(
    expression: Any, scope: Scope, *, is_open: bool = False
) -> tuple[tuple[sql.Expression, ...], Spelling]:
    """What writes an expression whose parts are resolved, and the nodes that it writes it around."""
    nodes = tuple([part.resolved.node for part in leaves(expression)])
    if not is_open and any(map(_has_slots, nodes)) and not foreseen(expression):
        is_open = True
    if is_open:
        nodes = tuple([scope.opened(node) for node in nodes])
    return nodes, Spelling(expression, is_open=is_open)


def _has_slots(node: Node) -> bool:
    return any(isinstance(part, sql.Parameter | sql.ListParameter) for part in walk(node))


def compiled(expression: Any, compiler: Any) -> Written:
    """What the node says that an expression resolves to."""
    result: Written = compiler.fragment(node_of(expression))
    return result


Expression.written = spelled
Expression.compiled = compiled
