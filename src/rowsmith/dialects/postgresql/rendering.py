"""How PostgreSQL spells the tree."""

from __future__ import annotations

from collections.abc import Sequence

from rowsmith.dialects.postgresql.arrays import column_writer, writer
from rowsmith.dialects.postgresql.documents import PostgresqlDocuments
from rowsmith.dialects.postgresql.search import PostgresqlSearch
from rowsmith.dialects.postgresql.spelling import PostgresqlFunctions, open_type
from rowsmith.dialects.renderer import Renderer, Spelling
from rowsmith.records import replace
from rowsmith.sql import expressions as e
from rowsmith.sql import modify as m
from rowsmith.sql import predicates as p
from rowsmith.sql import select as s
from rowsmith.sql import types as t
from rowsmith.sql.statement import Binding

_TEXTUAL = (t.Text, t.Varchar)
_UNTYPED = (t.Text, t.Varchar, t.Unknown, t.Json, t.JsonText)
_TOLD = (t.Array, t.HStore, t.Range, t.TextVector, t.TextQuery, t.Vector)
"""Types whose values travel as text, which the server is told wherever they stand."""
_PARTS = {
    "week_day": "EXTRACT(DOW FROM {}) + 1",
    "iso_week_day": "EXTRACT(ISODOW FROM {})",
    "iso_year": "EXTRACT(ISOYEAR FROM {})",
    "second": "FLOOR(EXTRACT(SECOND FROM {}))",
}


class PostgresqlRenderer(PostgresqlFunctions, PostgresqlDocuments, PostgresqlSearch):
    """PostgreSQL's differences from the common spelling; placeholders are numbered."""

    arithmetic = Renderer.arithmetic | {"^": "^", "#": "#"}

    def __init__(self, dialect: Spelling) -> None:
        super().__init__(dialect)
        self._numbers: dict[Binding, int] = {}

    def bind(self, binding: Binding) -> str:
        # The same value has the same number wherever it stands: only then does the server see that what is
        # selected, grouped by and ordered by is one expression.
        number = self._numbers.setdefault(binding, len(self.bindings) + 1)
        if number > len(self.bindings):
            self.bindings.append(binding)
        return f"${number}"

    def parameter(self, node: e.Parameter) -> str:
        text = super().parameter(node)
        if isinstance(node.type, _TOLD):
            return f"{text}::{self.dialect.column_type(open_type(node.type))}"
        # The driver tells the server the type of numbers and dates, but sends text and NULL untyped.
        if node.cast and isinstance(node.type, _UNTYPED) and not isinstance(node.type, t.Unknown):
            return f"{text}::{self.dialect.column_type(node.type)}"
        return text

    def row_value(self, node: e.RowValue) -> str:
        # A column rounds numbers to its places, as a cast does; but it refuses the texts that a cast would cut.
        type_ = t.Text() if isinstance(node.type, t.Varchar) else node.type
        return f"({self.render(node.operand)})::{self.dialect.column_type(type_)}"

    def literal(self, node: e.Literal) -> str:
        text = super().literal(node)
        # NULL says nothing of what a function is to make of it.
        typed = node.value is None and not isinstance(node.type, t.Unknown)
        return f"{text}::{self.dialect.column_type(open_type(node.type))}" if typed else text

    def ambient(self, node: e.Ambient) -> str:
        text = super().ambient(node)
        told = isinstance(node.type, (*_TEXTUAL, *_TOLD))
        return f"{text}::{self.dialect.column_type(open_type(node.type))}" if told else text

    def subscript(self, node: e.Subscript) -> str:
        # One dimension after the other; parentheses between them would make an array of its own of each.
        operand = self.render(node.operand)
        if not isinstance(node.operand, e.Subscript):
            operand = f"({operand})"
        first = self.render(node.first)
        if not node.part:
            return f"{operand}[{first}]"
        return f"{operand}[{first}:{'' if node.last is None else self.render(node.last)}]"

    def array_items(self, node: e.ArrayItems) -> str:
        return f"ARRAY[{self.list(node.items)}]::{self.dialect.column_type(open_type(node.type))}"

    def array_rows(self, node: e.ArrayRows) -> str:
        return f"ARRAY({self.render(node.query)})"

    def array(self, slot: int, type_: t.Type) -> str:
        if isinstance(type_, t.Array):
            # The server would take an array of arrays apart to the last element: they come as their texts.
            return f"{self.bind(Binding(slot, writer(t.Text, self.dialect.codec(type_).encode)))}::text[]"
        encode = writer(type(type_), self.dialect.codec(type_).encode)
        # A cast to varchar(n) or numeric(p, s) would cut values down to it without a word.
        return f"{self.bind(Binding(slot, encode))}::{self.dialect.column_type(open_type(type_))}[]"

    def growing(self, query: s.Query, first: s.Query) -> str:
        # The server takes the types of the first rows for those of all, limits on the size of text included.
        if not isinstance(query, s.Select) or query.distinct_on:
            return self.operand(query)
        outputs = []
        for output, model in zip(query.outputs, first.outputs, strict=False):
            type_ = model.expression.type
            known = not isinstance(type_, t.Unknown | t.Custom)
            cast = e.Cast(output.expression, type=open_type(type_)) if known else output.expression
            outputs.append(s.Output(cast, output.name))
        return self.operand(replace(query, outputs=tuple(outputs)))

    def native(self, node: e.Native) -> str:
        return f"{node.name}({self.list(node.arguments)})"

    def infix(self, node: e.Infix) -> str:
        return f"({self.render(node.left)} {node.operator} {self.render(node.right)})"

    def cast(self, node: e.Cast) -> str:
        return f"({self.render(node.operand)})::{self.dialect.column_type(node.type)}"

    def arithmetic_node(self, node: e.Arithmetic) -> str:
        left, right = node.left.type, node.right.type
        if isinstance(left, t.Date) and isinstance(right, t.Date) and node.operator == "-":
            # The difference of two dates is a number of days there; everywhere else, and here, it is a duration.
            return f"(interval '1 day' * ({self.render(node.left)} - {self.render(node.right)}))"
        text = super().arithmetic_node(node)
        if isinstance(node.type, t.DateTime) and (isinstance(left, t.Date) or isinstance(right, t.Date)):
            # A date moved by an interval is an instant everywhere else; there it has no zone until it is given one.
            return f"{text}::{self.dialect.column_type(node.type)}"
        return text

    def date_part(self, node: e.DatePart) -> str:
        template = _PARTS.get(node.part, f"EXTRACT({node.part.upper()} FROM {{}})")
        return f"({template.format(self.zoned(node.operand, node.zone))})::integer"

    def date_of(self, node: e.DateOf) -> str:
        return f"({self.zoned(node.operand, node.zone)})::{'time' if node.time else 'date'}"

    def listed_rows(self, row: e.Row, values: e.ListParameter) -> str:
        arrays = []
        for number, item in enumerate(row.items):
            encode = column_writer(type(item.type), self.dialect.codec(item.type).encode, number)
            text = self.bind(Binding(values.slot, encode))
            arrays.append(f"{text}::{self.dialect.column_type(open_type(item.type))}[]")
        names = ", ".join([f"c{number}" for number, _ in enumerate(arrays, 1)])
        return f"SELECT * FROM unnest({', '.join(arrays)}) AS listed({names})"

    def in_list(self, node: p.InList) -> str:
        if isinstance(node.operand, e.Row):
            return self.row_in_list(node.operand, node.values)
        listed = self.array(node.values.slot, node.values.type)
        if isinstance(node.values.type, t.Array):
            type_ = self.dialect.column_type(open_type(node.values.type))
            return f"{self.render(node.operand)} IN (SELECT listed::{type_} FROM unnest({listed}) AS listed)"
        return f"{self.render(node.operand)} = ANY({listed})"

    def like(self, node: p.Like) -> str:
        operand, pattern = self.text(node.operand), self.render(node.pattern)
        if node.ignore_case:
            return f"UPPER({operand}) LIKE UPPER({pattern})"
        return f"{operand} LIKE {pattern}"

    def contains(self, node: p.Contains) -> str:
        operand, text = self.text(node.operand), self.text(node.text)
        escaped = f"REPLACE(REPLACE(REPLACE({text}, E'\\\\', E'\\\\\\\\'), '%', E'\\\\%'), '_', E'\\\\_')"
        before = "" if node.position == "start" else "'%' || "
        after = "" if node.position == "end" else " || '%'"
        pattern = f"{before}{escaped}{after}"
        if node.ignore_case:
            return f"UPPER({operand}) LIKE UPPER({pattern})"
        return f"{operand} LIKE {pattern}"

    def same_text(self, node: p.SameText) -> str:
        return f"UPPER({self.text(node.operand)}) = UPPER({self.text(node.text)})"

    def regex(self, node: p.Regex) -> str:
        return f"{self.text(node.operand)} {'~*' if node.ignore_case else '~'} {self.render(node.pattern)}"

    def arrays(self, types: Sequence[t.Type]) -> str:
        return ", ".join([self.array(slot, type_) for slot, type_ in enumerate(types)])

    def given(self, name: str, type_: t.Type) -> str:
        """A value that came along in an array, as the column takes it."""
        return f"{name}::{self.dialect.column_type(type_)}" if isinstance(type_, t.Array) else name

    def insert_many(self, node: m.InsertMany) -> str:
        columns = ", ".join(map(self.quote, node.columns))
        values, source = "*", f"unnest({self.arrays(node.types)})"
        if any(isinstance(type_, t.Array) for type_ in node.types):
            names = [f"c{number}" for number, _ in enumerate(node.types)]
            values = ", ".join(map(self.given, names, node.types))
            source += f" AS given({', '.join(names)})"
        return (
            f"INSERT INTO {self.quote(node.table)} ({columns}) SELECT {values} FROM {source}"
            f"{self.conflict(node.conflict)}{self.returning(node.returning)}"
        )

    def update_many(self, node: m.UpdateMany) -> str:
        names = [*node.keys, *node.columns]
        types = node.types[len(node.keys) :]
        given = [self.given(f"new.{self.quote(name)}", type_) for name, type_ in zip(node.columns, types, strict=True)]
        assignments = ", ".join(f"{self.quote(name)} = {new}" for name, new in zip(node.columns, given, strict=True))
        table = self.quote(node.table)
        condition = " AND ".join(f"{table}.{self.quote(name)} = new.{self.quote(name)}" for name in node.keys)
        return (
            f"UPDATE {table} SET {assignments} FROM unnest({self.arrays(node.types)}) "
            f"AS new({', '.join(map(self.quote, names))}) WHERE {condition}"
        )

    def delete_together(self, node: m.DeleteTogether) -> str:
        names = [self.quote(f"d{number}") for number, _ in enumerate(node.deletes)]
        deletes = [
            f"{name} AS ({self.render(delete)} RETURNING 1)" for name, delete in zip(names, node.deletes, strict=True)
        ]
        counts = [f"(SELECT COUNT(*) FROM {name})" for name in names]
        return f"WITH {', '.join(deletes)} SELECT {', '.join(counts)}"
