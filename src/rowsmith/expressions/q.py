"""Q: conditions as values, joined by and, or, xor and not."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, ClassVar

from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.combinable import Combinable, Shaped, kind_of
from rowsmith.sql import expressions as sql
from rowsmith.sql import types

_CONNECTORS = ("AND", "OR", "XOR")


class Q(Shaped):
    """Lookups and boolean expressions, combined with `&`, `|`, `^` and `~`.

    children:  pairs of a lookup path and its value, other Qs, and boolean expressions, in order.
    """

    __slots__ = ("children", "connector", "negated")

    AND: ClassVar[str] = "AND"
    OR: ClassVar[str] = "OR"
    XOR: ClassVar[str] = "XOR"
    conditional: ClassVar[bool] = True
    allowed_default: ClassVar[bool] = False

    children: tuple[Any, ...]
    connector: str
    negated: bool

    def __init__(
        self, *args: Any, _connector: str | None = None, _negated: bool = False, **kwargs: Any
    ) -> None:
        if _connector is not None and _connector not in _CONNECTORS:
            raise ValueError(f"_connector must be one of 'AND', 'OR', 'XOR' or None, not {_connector!r}.")
        for argument in args:
            if not isinstance(argument, Shaped) and not _is_pair(argument):
                raise TypeError(
                    f"Q() takes Q objects, boolean expressions and keyword lookups, not {argument!r}."
                )
        self.children = (*args, *kwargs.items())
        self.connector = _connector or "AND"
        self.negated = bool(_negated)

    @classmethod
    def _of(cls, children: tuple[Any, ...], connector: str, negated: bool) -> Q:
        q = cls.__new__(cls)
        q.children = children
        q.connector = connector
        q.negated = negated
        return q

    def _joined(self, other: Any, connector: str) -> Q:
        if not isinstance(other, Q):
            if not isinstance(other, Combinable):
                raise TypeError(
                    f"{other!r} is not a condition; combine a Q with another Q or a boolean expression."
                )
            other = Q(other)
        if not self.children and not self.negated:
            joined: Q = other
            return joined
        if not other.children and not other.negated:
            return self
        children: list[Any] = []
        for q in (self, other):
            if not q.negated and (q.connector == connector or len(q.children) == 1):
                children.extend(q.children)
            else:
                children.append(q)
        return self._of(tuple(children), connector, False)

    def __and__(self, other: Any) -> Q:
        return self._joined(other, "AND")

    def __or__(self, other: Any) -> Q:
        return self._joined(other, "OR")

    def __xor__(self, other: Any) -> Q:
        return self._joined(other, "XOR")

    def __rand__(self, other: Any) -> Q:
        return Q(other) & self

    def __ror__(self, other: Any) -> Q:
        return Q(other) | self

    def __rxor__(self, other: Any) -> Q:
        return Q(other) ^ self

    def __invert__(self) -> Q:
        return self._of((self,), "AND", True)

    def __bool__(self) -> bool:
        return bool(self.children)

    def __len__(self) -> int:
        return len(self.children)

    def __repr__(self) -> str:
        # Without recursion: a Q may nest thousands deep.
        parts: list[str] = []
        pending: list[Any] = [self]
        while pending:
            node = pending.pop()
            if isinstance(node, str):
                parts.append(node)
            elif isinstance(node, Q):
                parts.append(f"<Q: {'(NOT ' if node.negated else ''}({node.connector}: ")
                pending.append("))>" if node.negated else ")>")
                for position, child in enumerate(reversed(node.children)):
                    if position:
                        pending.append(", ")
                    pending.append(child)
            elif isinstance(node, tuple):
                parts.append(f"({node[0]!r}, {node[1]!r})")
            else:
                parts.append(repr(node))
        return "".join(parts)

    def _identity(self) -> tuple[Hashable, list[Any]]:
        values: list[Any] = []
        return self.fingerprint(values), values

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Q):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity()[0])

    def __reduce__(self) -> tuple[Any, ...]:
        return Q._of, (self.children, self.connector, self.negated)

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """The import path and the arguments that build this Q again."""
        kwargs: dict[str, Any] = {}
        if self.connector != "AND":
            kwargs["_connector"] = self.connector
        if self.negated:
            kwargs["_negated"] = True
        return "rowsmith.models.Q", self.children, kwargs

    def flatten(self) -> list[Any]:
        """Every expression below this Q, parents first."""
        found: list[Any] = []
        pending: list[Any] = [self]
        while pending:
            node = pending.pop()
            if isinstance(node, tuple):
                node = node[1]
            if isinstance(node, Q):
                pending.extend(reversed(node.children))
            if isinstance(node, Shaped):
                found.append(node)
        return found

    def fingerprint(self, values: list[Any]) -> Hashable:
        # Flat and without recursion: a Q may nest thousands deep.
        tokens: list[Hashable] = [Q]
        pending: list[Any] = [self]
        while pending:
            node = pending.pop()
            if node is _END:
                tokens.append(_END)
            elif isinstance(node, Q):
                tokens.append((node.connector, node.negated))
                pending.append(_END)
                pending.extend(reversed(node.children))
            elif isinstance(node, tuple):
                tokens.append(node[0])
                tokens.append(kind_of(node[1], values))
            else:
                tokens.append(kind_of(node, values))
        return tuple(tokens)

    def resolve(self, scope: Scope) -> Resolved:
        """This condition as a truth value, for annotations and CASE."""
        return Resolved(sql.Truth(scope.condition(self)), scope.field_for(types.Boolean()))


_END = object()


def _is_pair(argument: Any) -> bool:
    return isinstance(argument, tuple) and len(argument) == 2 and isinstance(argument[0], str)


Combinable.conditions = Q


class NegatedExpression(Expression):
    """A truth value turned over."""

    __slots__ = ("expression",)

    conditional = True

    def __init__(self, expression: Any) -> None:
        self.expression = expression

    def get_source_expressions(self) -> list[Any]:
        return [self.expression]

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        [self.expression] = expressions

    def __repr__(self) -> str:
        return f"~{self.expression!r}"

    def __invert__(self) -> Any:
        return self.expression

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (NegatedExpression, self.expression.fingerprint(values))

    def resolve(self, scope: Scope) -> Resolved:
        return Resolved(sql.Truth(scope.condition(~Q(self.expression))), scope.field_for(types.Boolean()))


Combinable.negated = NegatedExpression
