"""Predicates: what is true, false or unknown of a row, and the laws that simplify it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rowsmith.sql.expressions import (
    Arithmetic,
    Cast,
    Collated,
    Column,
    DateOf,
    DatePart,
    Expression,
    Function,
    Infix,
    JsonPath,
    ListParameter,
    Negative,
    Row,
    Subscript,
    Truncate,
    items_of,
)
from rowsmith.sql.nodes import Node, walk

if TYPE_CHECKING:
    from rowsmith.sql.select import Query


class Predicate(Node):
    """What holds or does not; SQL knows a third answer, unknown, for comparisons with NULL."""


class Constant(Predicate):
    """True or false of every row."""

    value: bool


ALWAYS = Constant(True)
NEVER = Constant(False)


class Comparison(Predicate):
    """Two expressions and one of = <> < <= > >=."""

    operator: str
    left: Expression
    right: Expression


class IsNull(Predicate):
    """The expression is NULL; always known."""

    operand: Expression


class InList(Predicate):
    """The operand equals one of a list of any length, bound as one value where the database can.

    Of a row the list holds sequences, each of as many values as the row.
    """

    operand: Expression
    values: ListParameter


class InExpressions(Predicate):
    """The operand equals one of a few expressions."""

    operand: Expression
    choices: tuple[Expression, ...]


class InSelect(Predicate):
    """The operand is among the single column of a query; a row, among its rows."""

    operand: Expression
    query: Query


class Between(Predicate):
    """The operand lies between two bounds, both included."""

    operand: Expression
    low: Expression
    high: Expression


class Like(Predicate):
    """The text matches a pattern whose wildcards are % and _, escaped by a backslash."""

    operand: Expression
    pattern: Expression
    ignore_case: bool = False


class Contains(Predicate):
    """The text holds another at its `position`: start, end or anywhere; for right sides that are not plain values."""

    operand: Expression
    text: Expression
    position: str
    ignore_case: bool = False


class SameText(Predicate):
    """Two texts are equal when case is ignored."""

    operand: Expression
    text: Expression


class Regex(Predicate):
    """The text matches a regular expression, in the database's own syntax."""

    operand: Expression
    pattern: Expression
    ignore_case: bool = False


class JsonContains(Predicate):
    """The document holds all that another does."""

    operand: Expression
    part: Expression


class JsonHasKeys(Predicate):
    """The object has all of the keys, or with `any` one of them."""

    operand: Expression
    keys: Expression
    any: bool = False


class Exists(Predicate):
    """The query has at least one row."""

    query: Query


class Holds(Predicate):
    """An expression of a truth value, used as a predicate."""

    operand: Expression


class Not(Predicate):
    """The opposite; unknown stays unknown."""

    operand: Predicate


class And(Predicate):
    """All of them."""

    operands: tuple[Predicate, ...]


class Or(Predicate):
    """At least one of them."""

    operands: tuple[Predicate, ...]


class Xor(Predicate):
    """An odd number of them."""

    operands: tuple[Predicate, ...]


def conjunction(operands: Iterable[Predicate]) -> Predicate:
    """All of `operands`, flattened; ALWAYS when there are none, NEVER as soon as one is."""
    flat: list[Predicate] = []
    for operand in operands:
        if operand == NEVER:
            return NEVER
        if isinstance(operand, And):
            flat.extend(operand.operands)
        elif operand != ALWAYS:
            flat.append(operand)
    if not flat:
        return ALWAYS
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def disjunction(operands: Iterable[Predicate]) -> Predicate:
    """Any of `operands`, flattened; NEVER when there are none, ALWAYS as soon as one is."""
    flat: list[Predicate] = []
    for operand in operands:
        if operand == ALWAYS:
            return ALWAYS
        if isinstance(operand, Or):
            flat.extend(operand.operands)
        elif operand != NEVER:
            flat.append(operand)
    if not flat:
        return NEVER
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def exclusive(operands: Iterable[Predicate]) -> Predicate:
    """An odd number of `operands`; constants are counted, not written. The answer never is unknown."""
    rest: list[Predicate] = []
    odd = False
    for operand in operands:
        if isinstance(operand, Constant):
            odd ^= operand.value
        else:
            rest.append(operand)
    if not rest:
        return Constant(odd)
    result = Xor(tuple(rest))
    return negation(result) if odd else result


def negation(operand: Predicate) -> Predicate:
    """The opposite of `operand`; constants turn over, a double negation goes."""
    if isinstance(operand, Constant):
        return Constant(not operand.value)
    if isinstance(operand, Not):
        return operand.operand
    return Not(operand)


def equal(left: Expression, right: Expression) -> Predicate:
    """Both are equal; rows, value by value, which databases look up in indexes as they do for single columns."""
    if isinstance(left, Row) and isinstance(right, Row):
        return conjunction(
            Comparison("=", one, other) for one, other in zip(left.items, right.items, strict=True)
        )
    return Comparison("=", left, right)


def beyond(operator: str, left: Row, right: Row) -> Predicate:
    """One of < <= > >= between rows, as comparisons of their values: the first that differ decide."""
    strict = operator.rstrip("=")
    *before, last = zip(left.items, right.items, strict=True)
    predicate: Predicate = Comparison(operator, *last)
    for one, other in reversed(before):
        same = conjunction([Comparison("=", one, other), predicate])
        predicate = disjunction([Comparison(strict, one, other), same])
    return predicate


def all_known(node: Expression) -> Predicate:
    """No value of a row is NULL."""
    return conjunction(Not(IsNull(item)) for item in items_of(node))


_COMPARING = (
    Comparison, JsonContains, Between, Like, Contains, SameText, Regex, InList, InExpressions, Holds,
)  # fmt: skip


def rejected_aliases(predicate: Predicate, strict_functions: frozenset[str]) -> frozenset[str]:
    """The aliases of which this predicate cannot be true when all their columns are NULL.

    A left join to such an alias may as well be an inner one: the rows that it would add are filtered out.
    `strict_functions` names the functions whose result is NULL as soon as one argument is.
    """
    return _rejected(predicate, True, strict_functions)


def _rejected(predicate: Predicate, wanted: bool, strict: frozenset[str]) -> frozenset[str]:
    # `wanted` is the truth value that the predicate must take for the row to stay: False below a NOT.
    if isinstance(predicate, Not):
        return _rejected(predicate.operand, not wanted, strict)
    if isinstance(predicate, (And, Or)):
        parts = [_rejected(operand, wanted, strict) for operand in predicate.operands]
        if isinstance(predicate, And) is wanted:
            return frozenset().union(*parts)
        return frozenset.intersection(*parts)
    if isinstance(predicate, IsNull):
        return frozenset() if wanted else _strict_aliases(predicate.operand, strict)
    if isinstance(predicate, (InSelect, Exists)):
        # NULL IN (an empty select) is false, not unknown, so only the positive form rejects.
        if isinstance(predicate, InSelect) and wanted:
            return _strict_aliases(predicate.operand, strict)
        return frozenset()
    if isinstance(predicate, JsonHasKeys):
        return _strict_aliases(predicate.operand, strict) if wanted else frozenset()
    if isinstance(predicate, _COMPARING):
        operands: list[Expression] = []
        match predicate:
            case InExpressions(operand, _) | InList(operand, _) | Holds(operand):
                operands = [operand]
            case Between(operand, low, high) if wanted:
                operands = [operand, low, high]
            case Between(operand, _, _):
                operands = [operand]  # NULL in one bound alone may still make it false
            case Comparison(_, left, right) | JsonContains(left, right):
                operands = [left, right]
            case (
                Like(operand, text) | Contains(operand, text) | SameText(operand, text) | Regex(operand, text)
            ):
                operands = [operand, text]
        return frozenset().union(*(_strict_aliases(operand, strict) for operand in operands))
    if isinstance(predicate, Xor) and wanted:
        # An unknown operand counts as one that does not hold, so only all of them together reject.
        return frozenset.intersection(*(_rejected(operand, True, strict) for operand in predicate.operands))
    return frozenset()


def _strict_aliases(expression: Expression, strict: frozenset[str]) -> frozenset[str]:
    """The aliases whose NULLs make `expression` NULL."""
    if isinstance(expression, Row):
        # A row of which one value is known may still be smaller than another.
        return frozenset.intersection(*(_strict_aliases(item, strict) for item in expression.items))
    from_here: set[str] = set()
    pending = [expression]
    while pending:
        current = pending.pop()
        if isinstance(current, Column):
            from_here.add(current.alias)
        elif isinstance(current, Arithmetic | Infix):
            pending += [current.left, current.right]
        elif isinstance(current, Negative | Subscript | Cast | Collated | DatePart | DateOf | JsonPath | Truncate):
            pending.append(current.operand)
        elif isinstance(current, Function) and current.name in strict:
            pending += current.arguments
    return frozenset(from_here)


def aliases_in(node: Node) -> frozenset[str]:
    """Every table alias that a column below `node` names."""
    return frozenset(part.alias for part in walk(node) if isinstance(part, Column))
