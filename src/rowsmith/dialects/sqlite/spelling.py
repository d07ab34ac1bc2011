"""How SQLite spells functions that have another name or form there; those that it lacks are in `functions`."""

from __future__ import annotations

from typing import ClassVar

from rowsmith.dialects.renderer import Renderer
from rowsmith.dialects.sqlite.aggregates import AGGREGATES, OVER
from rowsmith.dialects.sqlite.vectors import DISTANCES
from rowsmith.exceptions import NotSupportedError
from rowsmith.records import replace
from rowsmith.sql import expressions as e
from rowsmith.sql import types as t
from rowsmith.sql import windows as w

_TEXTUAL = (t.Text, t.Varchar, t.Unknown)
_MOMENTS = (t.Date, t.Time, t.DateTime)
_FOREIGN = frozenset(
    {
        *("ARRAY_AGG", "JSONB_AGG", "BOOL_AND", "BOOL_OR", "CORR", "COVAR_POP", "COVAR_SAMP", "REGR_AVGX", "REGR_AVGY"),
        *("REGR_COUNT", "REGR_INTERCEPT", "REGR_R2", "REGR_SLOPE", "REGR_SXX", "REGR_SXY", "REGR_SYY"),
    }
)
"""Aggregates that SQLite lacks."""
_SUMS = frozenset({"SUM", "AVG", "STDDEV_POP", "STDDEV_SAMP", "VAR_POP", "VAR_SAMP"})


class SqliteFunctions(Renderer):
    """The functions of a renderer for SQLite."""

    functions: ClassVar[dict[str, str]] = {
        "ANY_VALUE": "MIN",
        "CHR": "ROWSMITH_CHR",
        "GREATEST": "MAX",
        "LEAST": "MIN",
        "ORD": "ROWSMITH_ORD",
        "STRPOS": "INSTR",
        "UNACCENT": "ROWSMITH_UNACCENT",
        "UUIDV4": "ROWSMITH_UUID4",
    }

    natives: ClassVar[dict[str, str]] = {
        "SIMILARITY": "ROWSMITH_SIMILARITY",
        "WORD_SIMILARITY": "ROWSMITH_WORD_SIMILARITY",
        "STRICT_WORD_SIMILARITY": "ROWSMITH_STRICT_WORD_SIMILARITY",
        "<->": "ROWSMITH_TRIGRAM_DISTANCE",
        "<<->": "ROWSMITH_WORD_DISTANCE",
        "<<<->": "ROWSMITH_STRICT_WORD_DISTANCE",
        "%": "ROWSMITH_SIMILAR",
        "%>": "ROWSMITH_WORD_SIMILAR",
        "%>>": "ROWSMITH_STRICT_WORD_SIMILAR",
    }

    def infix(self, node: e.Infix) -> str:
        if isinstance(node.left.type, t.Vector) and node.operator in DISTANCES:
            return f"{DISTANCES[node.operator]}({self.render(node.left)}, {self.render(node.right)})"
        return super().infix(node)

    def argument(self, node: e.Expression) -> str:
        # Exact numbers are bound as text, and only a column would turn them into numbers.
        text = self.render(node)
        bound = isinstance(node, e.Parameter) and isinstance(node.type, t.Decimal)
        return f"CAST({text} AS NUMERIC)" if bound else text

    def text(self, node: e.Expression) -> str:
        rendered = self.render(node)
        return rendered if isinstance(node.type, _TEXTUAL) else f"CAST({rendered} AS TEXT)"

    def cast(self, node: e.Cast) -> str:
        operand = self.argument(node.operand)
        match node.type:
            case t.Date():
                return f"DATE({operand})"
            case t.DateTime():
                return f"ROWSMITH_INSTANT({operand})"
            case t.Time():
                return f"ROWSMITH_TIME({operand}, NULL)"
            case t.Decimal(_, places):
                number = f"CAST({operand} AS NUMERIC)"
                return number if places is None else f"ROUND({number}, {places})"
            case t.Varchar(length) if length is not None:
                return f"SUBSTR(CAST({operand} AS TEXT), 1, {length})"
            case t.Boolean():
                return f"(CAST({operand} AS NUMERIC) <> 0)"
            case t.Uuid():
                return f"LOWER(REPLACE(CAST({operand} AS TEXT), '-', ''))"
            case type_:
                return f"CAST({operand} AS {self.dialect.column_type(type_)})"

    def function_left(self, node: e.Function) -> str:
        text, length = node.arguments
        return f"SUBSTR({self.render(text)}, 1, {self.render(length)})"

    def function_right(self, node: e.Function) -> str:
        # The length stands there twice: from the end backwards, and then so many characters.
        text, length = node.arguments
        return f"SUBSTR({self.render(text)}, -({self.render(length)}), {self.render(length)})"

    def function_round(self, node: e.Function) -> str:
        match node.arguments:
            case (_, e.Literal(int() as precision)) if precision < 0:
                raise ValueError(f"SQLite does not support negative precision: Round(..., precision={precision}).")
            case _:
                return f"ROUND({', '.join([self.argument(argument) for argument in node.arguments])})"

    def function_statement_timestamp(self, node: e.Function) -> str:
        now = "STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')"
        if self.dialect.use_tz:
            return now
        # Without zones instants are kept as clocks show them.
        return f"ROWSMITH_LOCAL({now}, '{self.dialect.zone}')"

    def function_uuidv7(self, node: e.Function) -> str:
        if node.arguments:
            raise NotSupportedError("UUID7(shift=...) is not supported by SQLite; call UUID7() without shift.")
        return "ROWSMITH_UUID7()"

    def function_row(self, node: e.Function) -> str:
        # Documents are equal when all of their values are; only bytes have no place in one.
        texts = [(self.render(argument), argument.type) for argument in node.arguments]
        values = [f"HEX({text})" if isinstance(type_, t.Binary | t.Vector) else text for text, type_ in texts]
        return f"JSON_ARRAY({', '.join(values)})"

    def function_json_array(self, node: e.Function) -> str:
        return f"JSON_ARRAY({', '.join([self.json(argument) for argument in node.arguments])})"

    def function_json_object(self, node: e.Function) -> str:
        return f"JSON_OBJECT({', '.join([self.json(argument) for argument in node.arguments])})"

    def plain_aggregate(self, node: e.AggregateCall) -> str:
        if node.name in _FOREIGN:
            raise self.lacking(f"aggregate {node.name}")
        if node.name in _SUMS and any(isinstance(argument.type, _MOMENTS) for argument in node.arguments):
            raise NotSupportedError(
                f"SQLite keeps dates and times as text, of which it cannot compute {node.name}. Compute it of a number "
                "made of them, such as ExtractYear()."
            )
        return super().plain_aggregate(node)

    def window(self, node: w.Window) -> str:
        call = node.call
        if isinstance(call, w.WindowAggregate) and call.name in AGGREGATES and call.spell is None:
            node = replace(node, call=self._in_python(call, node.frame))
        return super().window(node)

    def _in_python(self, call: w.WindowAggregate, frame: w.Frame | None) -> w.WindowAggregate:
        """An aggregate in Python over a window of which it is sure that it always holds a row: the current one."""
        if frame is not None:
            around = (frame.start is None or frame.start <= 0) and (frame.end is None or frame.end >= 0)
            if not around or frame.exclusion is not None:
                raise NotSupportedError(
                    f"SQLite can compute {call.name} over windows that hold the current row, and no others."
                )
        arguments = call.arguments
        if call.filter is not None:
            [argument] = arguments
            arguments = (e.Case((e.When(call.filter, argument),), type=argument.type),)
        return replace(call, name=OVER + call.name, arguments=arguments, filter=None)

    def aggregate_string_agg_comma(self, node: e.AggregateCall) -> str:
        return self._joined_texts(node, "','")

    def aggregate_string_agg(self, node: e.AggregateCall) -> str:
        if node.distinct:
            raise NotSupportedError("On SQLite StringAgg(distinct=True) takes no delimiter but Value(',').")
        return self._joined_texts(node, None)

    def _joined_texts(self, node: e.AggregateCall, comma: str | None) -> str:
        text = self.render(node.arguments[0])
        if not node.order_by and comma is not None:
            return f"GROUP_CONCAT({'DISTINCT ' if node.distinct else ''}{text})"
        delimiter = comma or self.render(node.arguments[1])
        if not node.order_by:
            return f"GROUP_CONCAT({text}, {delimiter})"
        # SQLite sorts the arguments of aggregates only from version 3.44 on.
        order = "d" if node.distinct else ""
        for key in node.order_by:
            first = not key.descending if key.nulls_first is None else key.nulls_first
            order += (">" if key.descending else "<") + ("f" if first else "l")
        keys = self.list([key.expression for key in node.order_by])
        return f"ROWSMITH_STRING_AGG('{order}', {text}, {delimiter}, {keys})"

    def json(self, node: e.Expression) -> str:
        """A value as it stands in a document: SQLite keeps documents as text and truth values as numbers."""
        if isinstance(node, e.JsonPath):
            return f"JSON({self.render(replace(node, form='json'))})"
        text = self.argument(node)
        if isinstance(node.type, t.Json) and not isinstance(node, e.Function):
            return f"JSON({text})"
        if isinstance(node.type, t.Boolean):
            return f"JSON(CASE {text} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"
        return text
