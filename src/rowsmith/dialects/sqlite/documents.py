"""How SQLite, which keeps JSON documents as text, spells paths into them."""

from __future__ import annotations

import re
from collections.abc import Callable
from json import dumps

from rowsmith.dialects.renderer import Renderer
from rowsmith.sql import expressions as e
from rowsmith.sql import predicates as p
from rowsmith.sql.statement import Binding

_INDEX = re.compile(r"-?[0-9]+")
_WORDS = "('true', 'false', 'null')"


def _step(key: str) -> str:
    if _INDEX.fullmatch(key) is None:
        return f".{dumps(key)}"
    return f"[#{key}]" if key.startswith("-") else f"[{key}]"


class SqliteDocuments(Renderer):
    """Paths are constants, written by `string` alone; keys with a quote, which paths cannot hold, are compared with."""

    def json_path(self, node: e.JsonPath) -> str:
        *before, last = node.keys
        if '"' in last:
            value = {
                "json": f"CASE WHEN type IN {_WORDS} THEN type WHEN type IN ('object', 'array') THEN value "
                "ELSE json_quote(value) END",
                "text": f"CAST(CASE WHEN type IN {_WORDS} THEN type ELSE value END AS TEXT)",
            }.get(node.form, f"CASE WHEN type IN {_WORDS} THEN type ELSE value END")
            return f"(SELECT {value} FROM {self._members(node.operand, tuple(before))} WHERE key = {self.string(last)})"
        document, path = self._located(node.operand, node.keys)
        if node.form == "json":
            return f"({document()} -> {path})"
        value = (
            f"(CASE WHEN JSON_TYPE({document()}, {path}) IN {_WORDS} THEN JSON_TYPE({document()}, {path}) "
            f"ELSE JSON_EXTRACT({document()}, {path}) END)"
        )
        return f"CAST({value} AS TEXT)" if node.form == "text" else value

    def _located(self, operand: e.Expression, keys: tuple[str, ...]) -> tuple[Callable[[], str], str]:
        """What writes the document that a path starts from, and the rest of the path, as a constant."""
        quoted = [place for place, key in enumerate(keys) if '"' in key]
        if not quoted:
            return lambda: self.render(operand), self.string("$" + "".join(map(_step, keys)))
        place = quoted[-1]

        def document() -> str:
            members = self._members(operand, keys[:place])
            # What is no document has no members further in.
            return (
                f"(SELECT value FROM {members} WHERE key = {self.string(keys[place])} AND type IN ('object', 'array'))"
            )

        return document, self.string("$" + "".join(map(_step, keys[place + 1 :])))

    def _members(self, operand: e.Expression, keys: tuple[str, ...]) -> str:
        """The members of the object at the end of a path, as a table."""
        document, path = self._located(operand, keys)
        return f"json_each({document()}, {path})"

    def json_has_keys(self, node: p.JsonHasKeys) -> str:
        operand: e.Expression = node.operand
        keys: tuple[str, ...] = ()
        if isinstance(node.operand, e.JsonPath):
            operand, keys = node.operand.operand, node.operand.keys
        if not isinstance(node.keys, e.ListParameter):
            return f"EXISTS (SELECT 1 FROM {self._members(operand, keys)} WHERE key = {self.render(node.keys)})"
        wanted = Binding(node.keys.slot, dumps)
        if node.any:
            return (
                f"EXISTS (SELECT 1 FROM {self._members(operand, keys)} "
                f"WHERE key IN (SELECT value FROM json_each({self.bind(wanted)})))"
            )
        document, path = self._located(operand, keys)
        return (
            f"(JSON_TYPE({document()}, {path}) IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "
            f"json_each({self.bind(wanted)}) WHERE value NOT IN "
            f"(SELECT key FROM {self._members(operand, keys)} WHERE key IS NOT NULL)))"
        )
