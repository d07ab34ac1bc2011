"""How PostgreSQL spells paths into JSON documents."""

from __future__ import annotations

import re
from typing import Any

from rowsmith.dialects.renderer import Renderer
from rowsmith.sql import expressions as e
from rowsmith.sql import predicates as p
from rowsmith.sql import types as t

_INDEX = re.compile(r"-?[0-9]{1,9}")


class PostgresqlDocuments(Renderer):
    """Keys are constants, written by `string` alone."""

    def string(self, text: str) -> str:
        constant = super().string(text)
        # A backslash means itself between these quotes, whatever the server's standard_conforming_strings says.
        return "E" + constant.replace("\\", "\\\\") if "\\" in text else constant

    def array(self, slot: int, type_: t.Type) -> str:
        raise NotImplementedError

    def json_path(self, node: e.JsonPath) -> str:
        operand = self.render(node.operand)
        more = ">" if node.form == "text" else ""
        if len(node.keys) > 1:
            return f"({operand} #>{more} ARRAY[{', '.join(map(self.string, node.keys))}])"
        [key] = node.keys
        return f"({operand} ->{more} {key if _INDEX.fullmatch(key) else self.string(key)})"

    def json_null(self, node: e.JsonNull) -> str:
        return "'null'::jsonb"

    def json_contains(self, node: p.JsonContains) -> str:
        return f"{self.render(node.operand)} @> {self.render(node.part)}"

    def json_has_keys(self, node: p.JsonHasKeys) -> str:
        operand: Any = self.render(node.operand)
        if not isinstance(node.keys, e.ListParameter):
            return f"{operand} ? {self.render(node.keys)}"
        return f"{operand} ?{'|' if node.any else '&'} {self.array(node.keys.slot, t.Text())}"
