"""RawSQL: a fragment that the caller wrote, with its parameters apart."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.values import type_of_value
from rowsmith.sql import expressions as sql
from rowsmith.sql import types


class RawSQL(Expression):
    """SQL text with one `%s` for each of `params`; `%%` is a percent sign."""

    allowed_default = True
    known_state = frozenset({"sql", "params", "output_field"})

    def __init__(self, sql: str, params: Sequence[Any], output_field: Any = None) -> None:
        self.sql = sql
        self.params = tuple(params)
        self.output_field = output_field

    def __repr__(self) -> str:
        return f"RawSQL({self.sql!r}, {self.params!r})"

    def fingerprint(self, values: list[Any]) -> Hashable:
        values.extend(self.params)
        return (RawSQL, self.sql, tuple(map(type, self.params)), self._field_key())

    def resolve(self, scope: Scope) -> Resolved:
        texts = around_placeholders(self.sql)
        if len(texts) != len(self.params) + 1:
            raise ValueError(f"{self!r} has {len(texts) - 1} placeholders for {len(self.params)} parameters.")
        arguments = tuple(scope.value(value, type_of_value(value), cast=True) for value in self.params)
        type_ = scope.type_of(self.output_field) if self.output_field else types.Unknown()
        return Resolved(sql.Raw(texts, arguments, type=type_), self.output_field)


def around_placeholders(text: str) -> tuple[str, ...]:
    """The n + 1 texts around the n placeholders `%s` of a fragment, in which `%%` is a percent sign."""
    return tuple([part.replace("\0", "%") for part in text.replace("%%", "\0").split("%s")])
