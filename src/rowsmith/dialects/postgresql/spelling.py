"""How PostgreSQL spells functions that have another name or form there."""

from __future__ import annotations

import re
from typing import ClassVar

from rowsmith.dialects.renderer import Renderer
from rowsmith.records import replace
from rowsmith.sql import expressions as e
from rowsmith.sql import types as t
from rowsmith.sql.statement import Binding

_TEXTUAL = (t.Text, t.Varchar)
_OF_TEXT: dict[str, tuple[int, ...]] = {
    "LOWER": (),
    "UPPER": (),
    "REVERSE": (),
    "TRIM": (),
    "LTRIM": (),
    "RTRIM": (),
    "LENGTH": (),
    "UNACCENT": (),
    "ORD": (),
    "MD5": (),
    "REPLACE": (),
    "STRPOS": (),
    "CHR": (0,),
    "LEFT": (1,),
    "RIGHT": (1,),
    "SUBSTR": (1, 2),
    "LPAD": (1,),
    "RPAD": (1,),
    "REPEAT": (1,),
}
"""Functions of texts; the arguments with these numbers are whole numbers of 32 bits."""
_OF_NUMBERS = frozenset(
    {
        *("ACOS", "ASIN", "ATAN", "ATAN2", "CEILING", "COS", "COT", "DEGREES", "EXP", "FLOOR", "LN", "LOG", "MOD"),
        *("POWER", "RADIANS", "ROUND", "SIGN", "SIN", "SQRT", "TAN"),
    }
)
"""Functions whose result may be of another type than the same function has elsewhere."""
_EXACT = frozenset({"LOG", "MOD", "ROUND"})
"""Those of them that take exact numbers only, at least with two arguments."""
_DIGESTS = frozenset({"SHA224", "SHA256", "SHA384", "SHA512"})
_OFFSET = re.compile(r"(UTC)?([+-])(\d\d:?\d\d(?::?\d\d)?)")


def open_type(type_: t.Type) -> t.Type:
    """The type without limits on its size."""
    match type_:
        case t.Varchar():
            return t.Text()
        case t.Serial(bits) | t.Integer(bits):
            return t.Integer(bits)
        case t.Vector():
            return t.Vector()
        case t.Array(of):
            # Arrays compare with arrays of the very same type only: one of varchar is none of text.
            return t.Array(t.Varchar() if isinstance(of, t.Varchar) else open_type(of))
        case _:
            return t.unsized(type_)


def posix_zone(name: str) -> str:
    """A time zone as the server reads its name: distances from UTC count to the west there."""
    match = _OFFSET.fullmatch(name)
    if match is None:
        return name
    return f"UTC{'-' if match[2] == '+' else '+'}{match[3]}"


def _truth(name: str, node: e.AggregateCall) -> str:
    """The aggregate that stands for MAX and MIN of truth values."""
    if not isinstance(node.arguments[0].type, t.Boolean):
        return name
    return "BOOL_OR" if name == "MAX" else "BOOL_AND"


class PostgresqlFunctions(Renderer):
    """The functions of a renderer for PostgreSQL."""

    functions: ClassVar[dict[str, str]] = {
        "JSON_OBJECT": "JSONB_BUILD_OBJECT",
        "JSON_ARRAY": "JSONB_BUILD_ARRAY",
        "ORD": "ASCII",
        "RAND": "RANDOM",
        "UUIDV4": "GEN_RANDOM_UUID",
    }

    def function(self, node: e.Function) -> str:
        whole = _OF_TEXT.get(node.name)
        if whole is not None:
            name = self.functions.get(node.name, node.name)
            parts = [
                self.whole(argument) if number in whole else self.text(argument)
                for number, argument in enumerate(node.arguments)
            ]
            return f"{name}({', '.join(parts)})"
        if node.name in _OF_NUMBERS:
            return f"{self.number(node)}::{self.dialect.column_type(open_type(node.type))}"
        if node.name in _DIGESTS:
            return f"ENCODE({node.name}({self.octets(node.arguments[0])}), 'hex')"
        return super().function(node)

    def text(self, node: e.Expression) -> str:
        rendered = self.render(node)
        if isinstance(node.type, _TEXTUAL):
            return rendered
        return f"{rendered}::text" if isinstance(node, e.Column | e.Parameter) else f"({rendered})::text"

    def whole(self, node: e.Expression) -> str:
        text = self.render(node)
        return text if isinstance(node, e.Parameter | e.Literal) else f"({text})::integer"

    def number(self, node: e.Function) -> str:
        arguments = [self.render(argument) for argument in node.arguments]
        if node.name in _EXACT:
            arguments[0] = f"({arguments[0]})::numeric"
            if node.name != "ROUND":
                arguments[1] = f"({arguments[1]})::numeric"
        return f"{node.name}({', '.join(arguments)})"

    def octets(self, node: e.Expression) -> str:
        return self.render(node) if isinstance(node.type, t.Binary) else f"CONVERT_TO({self.text(node)}, 'UTF8')"

    def function_sha1(self, node: e.Function) -> str:
        return f"ENCODE(DIGEST({self.octets(node.arguments[0])}, 'sha1'), 'hex')"

    def aggregate_max(self, node: e.AggregateCall) -> str:
        return self.plain_aggregate(replace(node, name=_truth("MAX", node)))

    def aggregate_min(self, node: e.AggregateCall) -> str:
        return self.plain_aggregate(replace(node, name=_truth("MIN", node)))

    def aggregate_string_agg_comma(self, node: e.AggregateCall) -> str:
        return self.aggregate_string_agg(node)

    def aggregate_string_agg(self, node: e.AggregateCall) -> str:
        text, *others = node.arguments
        distinct = "DISTINCT " if node.distinct else ""
        parts = [self.text(text), *([self.text(other) for other in others] or ["','"])]
        order = f" ORDER BY {self.list(node.order_by)}" if node.order_by else ""
        return f"STRING_AGG({distinct}{', '.join(parts)}{order})"

    def zone(self, node: e.Expression) -> str:
        """A time zone by its name."""
        if isinstance(node, e.Ambient):
            return f"{self.bind(Binding(None, posix_zone, node.source))}::text"
        return self.render(node)

    def zoned(self, operand: e.Expression, zone: e.Expression | None) -> str:
        text = self.render(operand)
        return text if zone is None else f"({text} AT TIME ZONE {self.zone(zone)})"

    def truncate(self, node: e.Truncate) -> str:
        if isinstance(node.type, t.DateTime):
            operand, zone = self.render(node.operand), "" if node.zone is None else f", {self.zone(node.zone)}"
            return f"DATE_TRUNC('{node.kind}', {operand}{zone})"
        text = self.zoned(node.operand, node.zone)
        if isinstance(node.operand.type, t.Date):
            # As an instant it would depend on the session's zone, and could not be indexed.
            text = f"({text})::timestamp"
        kind = "time" if isinstance(node.type, t.Time) else "date"
        return f"(DATE_TRUNC('{node.kind}', {text}))::{kind}"
