"""Func: a call of a database function, which named functions derive from."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

from rowsmith.expressions.base import Expression, MixedTypes, Resolved, Scope, as_condition_or_expression
from rowsmith.expressions.names import F
from rowsmith.sql import expressions as sql
from rowsmith.sql import types


class Func(Expression):
    """A function of the database called with expressions; strings name fields, other plain values become Values."""

    function: ClassVar[str | None] = None
    arity: ClassVar[int | None] = None
    result: ClassVar[types.Type | None] = None
    """What the function returns; None means what its first argument is."""
    name: str = "FUNC"
    _ours: ClassVar[bool] = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.name = cls.function or cls.__name__.upper()
        cls._ours = cls.__module__.startswith("rowsmith.")

    def __init__(self, *expressions: Any, output_field: Any = None, function: str | None = None) -> None:
        if self.arity is not None and len(expressions) != self.arity:
            noun = "argument" if self.arity == 1 else "arguments"
            raise TypeError(f"{type(self).__name__} takes exactly {self.arity} {noun} ({len(expressions)} given).")
        self.expressions = [F(e) if type(e) is str else as_condition_or_expression(e) for e in expressions]
        self.output_field = output_field
        if function is not None:
            if not function.replace("_", "").isalnum():
                raise ValueError(f"{function!r} is not the name of a function.")
            self.name = function

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.expressions))})"

    def fingerprint(self, values: list[Any]) -> Hashable:
        keys = tuple(expression.fingerprint(values) for expression in self.expressions)
        return (type(self), self.name, self._field_key(), keys, self._extra_key())

    def _extra_key(self) -> Hashable:
        """What a user's own class keeps besides: all of it may change the SQL."""
        if self._ours:
            return None
        extra = [(name, value) for name, value in vars(self).items() if name not in _KNOWN]
        try:
            hash(key := tuple(extra))
        except TypeError:
            return object()  # equal to nothing: such a query is planned anew each time
        return key

    def result_type(self, *arguments: sql.Expression) -> types.Type | None:
        """What the function returns for these arguments; None when they do not say."""
        return self.result or (types.unsized(arguments[0].type) if arguments else types.Unknown())

    def call(self, arguments: tuple[sql.Expression, ...], type_: types.Type) -> sql.Expression:
        """The call in the SQL tree."""
        return sql.Function(self.name, arguments, type=type_)

    def resolve(self, scope: Scope) -> Resolved:
        resolved = [expression.resolve(scope) for expression in self.expressions]
        arguments = tuple([argument.node for argument in resolved])
        type_ = scope.type_of(self.output_field) if self.output_field else self.result_type(*arguments)
        if type_ is None:
            first, *others = [a.type for a in arguments if not isinstance(a.type, types.Unknown)]
            differing = next(other for other in others if type(other) is not type(first))
            return Resolved(self.call(arguments, types.Unknown()), MixedTypes(first, "and", differing))
        inferred = next((a.field for a in resolved if a.node.type == type_), None)
        return self._typed(self.call(arguments, type_), scope, inferred)


_KNOWN = frozenset({"default", "distinct", "expressions", "filter", "name", "output_field"})
