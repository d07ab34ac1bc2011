"""Combinable: what arithmetic, bit operations and conditions are made of, and what of a value can change the SQL."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from rowsmith.expressions.arithmetic import CombinedExpression
    from rowsmith.expressions.base import Resolved, Scope
    from rowsmith.expressions.q import Q


class Shaped:
    """What takes part in a query's shape by a structure of its own, not just by its Python type."""

    __slots__ = ()

    def fingerprint(self, values: list[Any]) -> Hashable:
        """All of this that can change the SQL; plain values are appended to `values` in the order of resolution."""
        raise NotImplementedError


def kind_of(value: Any, values: list[Any]) -> Hashable:
    """What of `value` can change the SQL: its structure when it is an expression, else its type."""
    if isinstance(value, Shaped):
        return value.fingerprint(values)
    if isinstance(value, list | tuple | set | frozenset):
        if any(isinstance(item, Shaped) for item in value):
            return (list, *[kind_of(item, values) for item in value])
        values.append(value)
        return list
    if value is True or value is False:
        # The value of isnull changes the SQL, so truth values are part of the shape.
        values.append(value)
        return value
    values.append(value)
    return type(value)  # type: ignore[return-value]  # mypy looks at the __hash__ of its instances


class Combinable(Shaped):
    """Arithmetic and bit operations between expressions and plain values."""

    __slots__ = ()

    conditions: ClassVar[Any] = None
    """The class Q, which is defined above this one."""
    valued: ClassVar[Any] = None
    """The class Value, which is defined above this one."""
    negated: ClassVar[Any] = None
    """The class NegatedExpression, which is defined above this one."""
    combined: ClassVar[Any] = None
    """The class CombinedExpression, which is defined above this one."""

    def _combine(self, other: Any, operator: str, *, reverse: bool = False) -> CombinedExpression:
        left, right = (as_expression(other), self) if reverse else (self, as_expression(other))
        combined: CombinedExpression = Combinable.combined(left, operator, right)
        return combined

    def __add__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "+")

    def __radd__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "+", reverse=True)

    def __sub__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "-")

    def __rsub__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "-", reverse=True)

    def __mul__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "*")

    def __rmul__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "*", reverse=True)

    def __truediv__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "/")

    def __rtruediv__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "/", reverse=True)

    def __mod__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "%")

    def __rmod__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "%", reverse=True)

    def __pow__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "^")

    def __rpow__(self, other: Any) -> CombinedExpression:
        return self._combine(other, "^", reverse=True)

    def __neg__(self) -> CombinedExpression:
        return self._combine(-1, "*")

    def bitand(self, other: Any) -> CombinedExpression:
        """The bits set in both."""
        return self._combine(other, "&")

    def bitor(self, other: Any) -> CombinedExpression:
        """The bits set in either."""
        return self._combine(other, "|")

    def bitxor(self, other: Any) -> CombinedExpression:
        """The bits set in exactly one."""
        return self._combine(other, "#")

    def bitleftshift(self, other: Any) -> CombinedExpression:
        """The bits moved up by `other` places."""
        return self._combine(other, "<<")

    def bitrightshift(self, other: Any) -> CombinedExpression:
        """The bits moved down by `other` places."""
        return self._combine(other, ">>")

    def _condition(self) -> Q:
        q_class: type[Q] = Combinable.conditions
        return q_class(self)

    def _joined(self, other: Any, connector: str) -> Q:
        if not isinstance(other, Shaped):
            raise NotImplementedError("Use .bitand(), .bitor() and .bitxor() for the bits of numbers.")
        return self._condition()._joined(other, connector)

    def __and__(self, other: Any) -> Q:
        return self._joined(other, "AND")

    def __or__(self, other: Any) -> Q:
        return self._joined(other, "OR")

    def __xor__(self, other: Any) -> Q:
        return self._joined(other, "XOR")

    def __invert__(self) -> Any:
        return Combinable.negated(self)

    def resolve(self, scope: Scope) -> Resolved:
        """The SQL of this expression, with names turned into columns by `scope`."""
        raise NotImplementedError


def as_expression(value: Any) -> Combinable:
    """`value` itself when it is an expression, else a Value of it."""
    if isinstance(value, Combinable):
        return value
    made: Combinable = Combinable.valued(value)
    return made
