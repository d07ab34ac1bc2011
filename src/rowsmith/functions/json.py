"""JSON: documents made in the database."""

from __future__ import annotations

from itertools import chain
from typing import Any

from rowsmith.expressions.func import Func
from rowsmith.expressions.names import F
from rowsmith.expressions.values import Value
from rowsmith.sql import types


class JSONArray(Func):
    """An array of its arguments; NULL becomes null."""

    function = "JSON_ARRAY"
    result = types.Json()


class JSONObject(Func):
    """An object with a member for each keyword; NULL becomes null."""

    function = "JSON_OBJECT"
    result = types.Json()

    def __init__(self, **fields: Any) -> None:
        members = [(Value(key), F(value) if isinstance(value, str) else value) for key, value in fields.items()]
        super().__init__(*chain.from_iterable(members))

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, _, _ = super().deconstruct()
        parts = self.get_source_expressions()
        return path, (), {key.value: value for key, value in zip(parts[::2], parts[1::2], strict=True)}
