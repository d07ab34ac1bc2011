"""How SQLite spells the tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from json import dumps
from typing import Any

from rowsmith.dialects.sqlite.documents import SqliteDocuments
from rowsmith.dialects.sqlite.search import SqliteSearch
from rowsmith.dialects.sqlite.spelling import SqliteFunctions
from rowsmith.exceptions import NotSupportedError
from rowsmith.sql import expressions as e
from rowsmith.sql import modify as m
from rowsmith.sql import predicates as p
from rowsmith.sql import select as s
from rowsmith.sql import types as t
from rowsmith.sql.statement import Binding

_MOMENTS = (t.DateTime, t.Date, t.Time)
_OCTETS = (t.Binary, t.Vector)
"""Types that are kept as bytes, which JSON has no place for."""


def _number(value: float) -> str:
    # JSON has no word for infinity; SQLite reads a number beyond its range as one.
    return repr(value) if value - value == 0 else ("9e999" if value > 0 else "-9e999")


def _json_array(type_: t.Type, encode: Callable[[Any], Any] | None) -> Callable[[Sequence[Any]], str]:
    """What turns a list of prepared values into the JSON text that json_each() reads."""
    if isinstance(type_, t.Float):
        return lambda values: f"[{','.join([_number(value) for value in values])}]"
    if isinstance(type_, _OCTETS):
        octets = encode or bytes
        return lambda values: dumps([octets(value).hex().upper() for value in values])
    if encode is None:
        return lambda values: dumps(list(values))
    return lambda values: dumps([encode(value) for value in values])


@lru_cache(maxsize=256)
def _json_rows(kinds: tuple[tuple[t.Type, Callable[[Any], Any] | None], ...]) -> Callable[[Sequence[Any]], str]:
    """The same for a list of sequences, each of one value of every kind."""
    arrays = [_json_array(type_, encode) for type_, encode in kinds]

    def encode_rows(rows: Sequence[Sequence[Any]]) -> str:
        written = []
        for row in rows:
            # An array of one value each, without its brackets, is the value.
            values = [array((value,))[1:-1] for array, value in zip(arrays, row, strict=True)]
            written.append(f"[{','.join(values)}]")
        return f"[{','.join(written)}]"

    return encode_rows


def _stored(node: e.Expression) -> bool:
    """Whether it is a column of a table, which has an affinity."""
    return isinstance(node, e.Column) and not node.computed


class SqliteRenderer(SqliteFunctions, SqliteDocuments, SqliteSearch):
    """SQLite's differences from the common spelling."""

    def parameter(self, node: e.Parameter) -> str:
        text = super().parameter(node)
        # Exact numbers are bound as text, which sorts and adds up like text where no column turns it into a number.
        return f"CAST({text} AS NUMERIC)" if node.cast and isinstance(node.type, t.Decimal) else text

    def row_value(self, node: e.RowValue) -> str:
        # A column keeps text that is no number whatever its type says; a cast would destroy it.
        numeric = t.Integer | t.Serial | t.Float | t.Decimal | t.Boolean | t.Duration
        return super().row_value(node) if isinstance(node.type, numeric) else self.render(node.operand)

    def literal(self, node: e.Literal) -> str:
        return str(int(node.value)) if node.value is not None else "NULL"

    def arithmetic_node(self, node: e.Arithmetic) -> str:
        left, right = node.left.type, node.right.type
        if node.operator == "^":
            return f"POWER({self.render(node.left)}, {self.render(node.right)})"
        if node.operator == "#":
            return f"ROWSMITH_XOR({self.render(node.left)}, {self.render(node.right)})"
        if isinstance(left, _MOMENTS) and isinstance(right, _MOMENTS) and node.operator == "-":
            return f"ROWSMITH_ELAPSED({self.render(node.left)}, {self.render(node.right)})"
        if isinstance(left, _MOMENTS) and isinstance(right, t.Duration):
            return f"ROWSMITH_SHIFT('{node.operator}', {self.render(node.left)}, {self.render(node.right)})"
        if isinstance(left, t.Duration) and isinstance(right, _MOMENTS) and node.operator == "+":
            # The moment goes first, but the placeholders must keep the order of the text.
            return f"ROWSMITH_SHIFT_BY({self.render(node.left)}, {self.render(node.right)})"
        return super().arithmetic_node(node)

    def date_part(self, node: e.DatePart) -> str:
        if isinstance(node.operand.type, t.Duration):
            raise ValueError("Extract requires a database with a type for durations; SQLite keeps them as numbers.")
        operand = self.render(node.operand)
        zone = "NULL" if node.zone is None else self.render(node.zone)
        return f"ROWSMITH_PART('{node.part}', {operand}, {zone})"

    def date_of(self, node: e.DateOf) -> str:
        name = "ROWSMITH_TIME" if node.time else "ROWSMITH_DATE"
        operand = self.render(node.operand)
        zone = "NULL" if node.zone is None else self.render(node.zone)
        return f"{name}({operand}, {zone})"

    def truncate(self, node: e.Truncate) -> str:
        operand = self.render(node.operand)
        zone = "NULL" if node.zone is None else self.render(node.zone)
        form = {t.Date: "date", t.Time: "time"}.get(type(node.type), "instant")
        return f"ROWSMITH_TRUNC('{node.kind}', {operand}, {zone}, '{form}')"

    def number(self, node: e.Expression, beside: e.Expression) -> str:
        """One side of a comparison: exact numbers are bound as text, and only a column turns them into numbers."""
        text = self.render(node)
        bound = isinstance(node, e.Parameter) and isinstance(node.type, t.Decimal) and not node.cast
        return f"CAST({text} AS NUMERIC)" if bound and not _stored(beside) else text

    def comparison(self, node: p.Comparison) -> str:
        if isinstance(node.left, e.Row) or isinstance(node.right, e.Row):
            return self.compared_rows(node)
        return f"{self.number(node.left, node.right)} {node.operator} {self.number(node.right, node.left)}"

    def between(self, node: p.Between) -> str:
        operand = self.render(node.operand)
        return f"{operand} BETWEEN {self.number(node.low, node.operand)} AND {self.number(node.high, node.operand)}"

    def listable(self, row: e.Row) -> e.Row:
        binary = [isinstance(item.type, _OCTETS) for item in row.items]
        items = zip(row.items, binary, strict=True)
        return e.Row(tuple(e.Function("HEX", (item,)) if is_binary else item for item, is_binary in items))

    def listed_rows(self, row: e.Row, values: e.ListParameter) -> str:
        types = [item.type for item in row.items]
        encode = _json_rows(tuple((type_, self.dialect.codec(type_).encode) for type_ in types))
        columns = []
        for number, item in enumerate(row.items):
            value = f"json_extract(value, '$[{number}]')"
            if isinstance(item.type, t.Decimal) and not _stored(item):
                value = f"CAST({value} AS NUMERIC)"
            columns.append(f"{value} AS c{number + 1}")
        return f"SELECT {', '.join(columns)} FROM json_each({self.bind(Binding(values.slot, encode))})"

    def in_list(self, node: p.InList) -> str:
        if isinstance(node.operand, e.Row):
            return self.row_in_list(node.operand, node.values)
        operand = self.render(node.operand)
        if isinstance(node.values.type, _OCTETS):
            operand = f"HEX({operand})"
        encode = _json_array(node.values.type, self.dialect.codec(node.values.type).encode)
        exact = isinstance(node.values.type, t.Decimal) and not _stored(node.operand)
        value = "CAST(value AS NUMERIC)" if exact else "value"
        return f"{operand} IN (SELECT {value} FROM json_each({self.bind(Binding(node.values.slot, encode))}))"

    def like(self, node: p.Like) -> str:
        return f"{self.render(node.operand)} LIKE {self.render(node.pattern)} ESCAPE '\\'"

    def contains(self, node: p.Contains) -> str:
        operand, text = self.text(node.operand), self.render(node.text)
        escaped = f"REPLACE(REPLACE(REPLACE({text}, '\\', '\\\\'), '%', '\\%'), '_', '\\_')"
        before = "" if node.position == "start" else "'%' || "
        after = "" if node.position == "end" else " || '%'"
        return f"{operand} LIKE {before}{escaped}{after} ESCAPE '\\'"

    def same_text(self, node: p.SameText) -> str:
        return f"{self.text(node.operand)} = {self.text(node.text)} COLLATE NOCASE"

    def regex(self, node: p.Regex) -> str:
        flag = "'(?i)' || " if node.ignore_case else ""
        return f"{self.render(node.operand)} REGEXP {flag}{self.render(node.pattern)}"

    def operand(self, query: s.Query) -> str:
        # SQLite allows no parentheses around the parts of a compound select, and nothing behind them but the last.
        if isinstance(query, s.Select) and not (query.ordering or query.limit or query.offset or query.tables):
            return self.render(query)
        return f"SELECT * FROM ({self.render(query)})"

    def no_limit(self) -> str:
        return " LIMIT -1"

    def lock(self, node: s.Lock) -> str:
        return ""

    def insert(self, node: m.Insert) -> str:
        if any(value is None for row in node.rows for value in row):
            raise NotSupportedError(
                "SQLite has no DEFAULT keyword in VALUES; leave the column out of the INSERT."
            )
        return super().insert(node)
