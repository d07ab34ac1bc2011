"""What is searched and what is searched for, as columns; and the configuration that makes one of the other."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Literal, overload

from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.combinable import as_expression
from rowsmith.expressions.values import Value
from rowsmith.fields.base import G, S
from rowsmith.postgres.common import TypedField
from rowsmith.sql import expressions as sql
from rowsmith.sql import types


class SearchVectorField(TypedField[S, G]):
    """A column of prepared text, to be kept current by the database or by whoever writes it."""

    column_type = types.TextVector()
    face = "rowsmith.postgres.search"
    description = "A text prepared for searching"

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: SearchVectorField[str, str],
            *args: Any,
            null: Literal[False] = ...,
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(
            self: SearchVectorField[str | None, str | None],
            *args: Any,
            null: Literal[True],
            **options: Any,
        ) -> None: ...
        @overload
        def __init__(self, *args: Any, null: bool = ..., **options: Any) -> None: ...
        def __init__(self, *args: Any, **options: Any) -> None: ...


class SearchQueryField(TypedField[S, G]):
    """A column of queries against prepared text."""

    column_type = types.TextQuery()
    face = "rowsmith.postgres.search"
    description = "A query of prepared texts"


class SearchConfig(Expression):
    """A configuration of the server, by its name or by an expression such as a column that holds the name."""

    def __init__(self, config: Any) -> None:
        self.config = as_expression(config)

    @classmethod
    def from_parameter(cls, config: Any) -> SearchConfig | None:
        """The configuration that an argument means; None for the server's own."""
        return config if config is None or isinstance(config, cls) else cls(config)

    def __repr__(self) -> str:
        return f"SearchConfig({self.config!r})"

    def get_source_expressions(self) -> list[Any]:
        return [self.config]

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (SearchConfig, self.config.fingerprint(values))

    def resolve(self, scope: Scope) -> Resolved:
        return Resolved(constant_of(self.config, REGCONFIG, scope))

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """The import path and the arguments that build it again."""
        return "rowsmith.postgres.search.SearchConfig", (getattr(self.config, "value", self.config),), {}


REGCONFIG = types.Custom("regconfig")


def constant_of(expression: Any, type_: types.Type, scope: Scope) -> sql.Expression:
    """An expression as `type_`; a value is told to be nothing else before, so that indexes may be built of it."""
    if isinstance(expression, Value):
        return sql.Cast(scope.value(expression.value, types.Text()), type=type_)
    return sql.Cast(expression.resolve(scope).node, type=type_)


def configured(config: SearchConfig | None, scope: Scope) -> tuple[sql.Expression, ...]:
    """The configuration as the first argument of a function, if there is one."""
    return () if config is None else (config.resolve(scope).node,)


def config_key(config: SearchConfig | None, values: list[Any]) -> Hashable:
    """The part of a fingerprint that a configuration is."""
    return None if config is None else config.fingerprint(values)


def config_of(node: sql.Expression) -> tuple[sql.Expression, ...]:
    """The configuration that a vector, or a query, was made with."""
    match node:
        case sql.Native(_, (sql.Cast(type=types.Custom("regconfig")) as config, *_)):
            return (config,)
        case sql.Native("setweight" | "!!", (inner, *_)) | sql.Infix(_, inner, _):
            return config_of(inner)
        case _:
            return ()
