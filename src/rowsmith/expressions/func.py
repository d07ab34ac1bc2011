"""Func: a call of a database function, which named functions derive from."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from rowsmith.expressions.agreement import alike, common_type, disagreement
from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.names import F
from rowsmith.expressions.protocol import frozen, overrides
from rowsmith.expressions.singles import single
from rowsmith.expressions.values import as_condition_or_expression
from rowsmith.sql import expressions as sql
from rowsmith.sql import types


class Func(Expression):
    """A function of the database called with expressions; strings name fields, other plain values become Values.

    function, template, arg_joiner:  how a class of the user's, or a call, is written; `extra` fills the template.
    """

    function: ClassVar[str | None] = None
    template: ClassVar[str] = "%(function)s(%(expressions)s)"
    arg_joiner: ClassVar[str] = ", "
    arity: ClassVar[int | None] = None
    result: ClassVar[types.Type | None] = None
    """What the function returns; None means what its first argument is."""
    sql_name: str = "FUNC"
    """What it is called in the SQL tree."""
    extra: Mapping[str, Any] = MappingProxyType({})
    known_state = frozenset({"distinct", "default", "expressions", "filter", "order_by", "output_field", "sql_name"})
    _ours: ClassVar[bool] = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.sql_name = cls.function or cls.__name__.upper()
        cls._ours = cls.__module__.startswith("rowsmith.")

    def __init__(self, *expressions: Any, output_field: Any = None, **extra: Any) -> None:
        if self.arity is not None and len(expressions) != self.arity:
            noun = "argument" if self.arity == 1 else "arguments"
            raise TypeError(f"{type(self).__name__} takes exactly {self.arity} {noun} ({len(expressions)} given).")
        self.expressions = [F(e) if type(e) is str else as_condition_or_expression(e) for e in expressions]
        if output_field is not None:
            # A class may have a field, or a property that finds it, of its own.
            self.output_field = output_field
        if extra:
            self.extra = extra
            function = extra.get("function")
            if function is not None:
                if not _NAME.fullmatch(function):
                    raise ValueError(f"{function!r} is not the name of a function.")
                self.sql_name = function

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.expressions))})"

    @property
    def source_expressions(self) -> list[Any]:
        """The arguments."""
        return self.expressions

    @source_expressions.setter
    def source_expressions(self, expressions: list[Any]) -> None:
        self.expressions = expressions

    def copy(self) -> Any:
        twin = super().copy()
        if self.extra:
            twin.extra = dict(self.extra)
        return twin

    def get_source_expressions(self) -> list[Any]:
        return self.expressions

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        self.expressions = list(expressions)

    @property
    def allowed_default(self) -> bool:
        """Whether a column's default may be computed by it."""
        return all(getattr(expression, "allowed_default", False) for expression in self.expressions)

    def fingerprint(self, values: list[Any]) -> Hashable:
        keys = tuple(expression.fingerprint(values) for expression in self.expressions)
        return (type(self), self.sql_name, self._field_key(), keys, frozen(self.extra) if self.extra else None)

    def result_type(self, *arguments: sql.Expression) -> types.Type | None:
        """What the function returns for these arguments; None when they do not say."""
        result = self.result
        if not isinstance(result, types.Type):
            # It may also be an attribute that a class of the user's has for itself.
            result = None
        if result is None and (not self._ours or type(self) is Func):
            # Nothing is known of the function: only arguments that agree tell what comes out.
            return common_type(arguments)
        return result or (types.unsized(arguments[0].type) if arguments else types.Unknown())

    def call(self, arguments: tuple[sql.Expression, ...], type_: types.Type) -> sql.Expression:
        """The call in the SQL tree."""
        return sql.Function(vars(self).get("function") or self.sql_name, arguments, type=type_)

    def resolve(self, scope: Scope) -> Resolved:
        if "template" in self.extra or "arg_joiner" in self.extra:
            return self._written(scope, None)
        resolved = [expression.resolve(scope) for expression in self.expressions]
        arguments = tuple([single(argument.node, self) for argument in resolved])
        if not isinstance(self.result, types.Type):
            arguments = alike(arguments)
        type_ = scope.type_of(self.output_field) if self.output_field else self.result_type(*arguments)
        if type_ is None:
            return Resolved(self.call(arguments, types.Unknown()), disagreement(arguments))
        inferred = next((a.field for a in resolved if a.node.type == type_), None)
        return self._typed(self.call(arguments, type_), scope, inferred)

    def result_field(self, nodes: tuple[sql.Expression, ...], scope: Scope) -> Any:
        told = self.output_field is not None or overrides(type(self), "_resolve_output_field")
        if told or not isinstance(self.result, types.Type):
            return super().result_field(nodes, scope)
        return scope.field_for(self.result)

    def template_context(self) -> dict[str, Any]:
        """What the template may name besides the function, its arguments and `extra`."""
        return {}

    def as_sql(
        self,
        compiler: Any,
        connection: Any,
        function: str | None = None,
        template: str | None = None,
        arg_joiner: str | None = None,
        **extra_context: Any,
    ) -> tuple[str, Any]:
        """The call as the template says; without a template of the user's, as the database spells it."""
        asked = (function, template, arg_joiner) != (None, None, None) or bool(extra_context) or bool(self.extra)
        if not asked and not overrides(type(self), "template", "arg_joiner"):
            return super().as_sql(compiler, connection)
        texts: list[str] = []
        parameters: list[Any] = []
        for source in self.get_source_expressions():
            text, more = compiler.compile(source)
            texts.append(text)
            parameters.extend(more)
        data = {**self.template_context(), **self.extra, **extra_context}
        data["function"] = function if function is not None else data.get("function", self.function or self.sql_name)
        joiner = arg_joiner if arg_joiner is not None else data.get("arg_joiner", self.arg_joiner)
        data["expressions"] = data["field"] = joiner.join(texts)
        form = template if template is not None else data.get("template", self.template)
        return form % data, tuple(parameters)


_NAME = re.compile(r"\w+")
