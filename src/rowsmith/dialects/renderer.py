"""Renderer: a tree becomes text with bindings, one short method per node."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from datetime import tzinfo
from typing import Any, ClassVar, Protocol

from rowsmith.dialects.deciding import decided
from rowsmith.exceptions import EmptyResultSet, FullResultSet, NotSupportedError
from rowsmith.records import replace
from rowsmith.sql import expressions as e
from rowsmith.sql import modify as m
from rowsmith.sql import predicates as p
from rowsmith.sql import search as r
from rowsmith.sql import select as s
from rowsmith.sql import types as t
from rowsmith.sql import windows as w
from rowsmith.sql.codec import Codec
from rowsmith.sql.features import Features
from rowsmith.sql.nodes import Node
from rowsmith.sql.statement import Binding, Statement


class Spelling(Protocol):
    """What a renderer asks of its dialect."""

    name: ClassVar[str]
    features: Features
    use_tz: bool
    zone: tzinfo

    def codec(self, type_: t.Type) -> Codec: ...
    def column_type(self, type_: t.Type) -> str: ...


_NUMBERS = (t.Integer, t.Serial, t.Float, t.Decimal)


def _adds_numbers(node: e.Arithmetic) -> bool:
    return node.operator in "+-" and isinstance(node.left.type, _NUMBERS) and isinstance(node.right.type, _NUMBERS)


_LISTED = "rowsmith_listed"
"""The alias of the rows that a row is looked for among, where databases cannot compare rows."""


def _numbered(query: s.Query) -> s.Query:
    """A query whose columns are called c1, c2 and so on."""
    if isinstance(query, s.Combination):
        first, *others = query.queries
        return replace(query, queries=(_numbered(first), *others))
    assert isinstance(query, s.Select)
    return replace(query, outputs=tuple(s.Output(o.expression, f"c{n}") for n, o in enumerate(query.outputs, 1)))


def _as_row(node: e.Expression) -> e.Row:
    """A row of single values: those of a query's row are asked for one by one."""
    if isinstance(node, e.Subselect) and isinstance(node.query, s.Select):
        return e.Row(tuple(e.Subselect(replace(node.query, outputs=(output,))) for output in node.query.outputs))
    if not isinstance(node, e.Row):
        raise NotSupportedError("A row can only be compared with another row, or with that of a query.")
    return node


_HELD = "\0"
"""Stands for a placeholder in a fragment; no SQL text may hold it."""


class Renderer:
    """Writes one statement; every method returns text and binds its placeholders in the order of the text."""

    arithmetic: ClassVar[dict[str, str]] = {operator: operator for operator in "+-*/%&|"} | {
        "<<": "<<",
        ">>": ">>",
    }
    functions: ClassVar[dict[str, str]] = {}
    natives: ClassVar[Mapping[str, str]] = {}
    """The functions and operators, among those that not every database has, that this one has under another name."""

    def __init__(self, dialect: Spelling) -> None:
        self.dialect = dialect
        self.features = dialect.features
        self.bindings: list[Binding] = []
        # The common tables that can be read at this place, by name.
        self.tables: list[str] = []

    def statement(self, tree: Node) -> Statement:
        try:
            text = self.render(decided(tree, self._rehearse))
        except RecursionError:
            raise NotSupportedError(
                "The query nests too deep to be written down. Combine conditions side by side instead, and compute "
                "long sums with fewer expressions."
            ) from None
        return Statement(text, tuple(self.bindings))

    def _rehearse(self, node: e.Spelled) -> None:
        """Write a node without keeping what it binds."""
        twin = copy(self)
        vars(twin)["bind"] = lambda binding: _HELD
        node.spell(node.arguments, twin)

    def render(self, node: Node) -> str:
        try:
            method = getattr(self, _METHODS[type(node)])
        except KeyError:
            raise NotSupportedError(
                f"{type(node).__name__} has no spelling in the {self.dialect.name} dialect."
            ) from None
        text: str = method(node)
        return text

    def list(self, nodes: Iterable[Node]) -> str:
        return ", ".join([self.render(node) for node in nodes])

    # Names and values

    def quote(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def string(self, text: str) -> str:
        """A constant text between quotes, out of which nothing breaks: only a quote could, and each is doubled."""
        if "\0" in text:
            raise ValueError("Text with NUL characters cannot be part of a query.")
        return "'" + text.replace("'", "''") + "'"

    def placeholder(self) -> str:
        return "?"

    def bind(self, binding: Binding) -> str:
        self.bindings.append(binding)
        return self.placeholder()

    def fragment(self, node: Node) -> tuple[str, tuple[Binding, ...]]:
        """`node` with `%s` for each placeholder and its percent signs doubled, and what the placeholders stand for."""
        taken: list[Binding] = []

        def hold(binding: Binding) -> str:
            taken.append(binding)
            return _HELD

        binding_before = vars(self).get("bind")
        vars(self)["bind"] = hold
        try:
            text = self.render(node)
        finally:
            if binding_before is None:
                del vars(self)["bind"]
            else:
                vars(self)["bind"] = binding_before
        if text.count(_HELD) != len(taken):
            raise ValueError("SQL text must not hold NUL characters.")
        return text.replace("%", "%%").replace(_HELD, "%s"), tuple(taken)

    def parameter(self, node: e.Parameter) -> str:
        return self.bind(Binding(node.slot, self.dialect.codec(node.type).encode))

    def row_value(self, node: e.RowValue) -> str:
        return f"CAST({self.render(node.operand)} AS {self.dialect.column_type(node.type)})"

    def ambient(self, node: e.Ambient) -> str:
        return self.bind(Binding(None, self.dialect.codec(node.type).encode, node.source))

    def literal(self, node: e.Literal) -> str:
        match node.value:
            case None:
                return "NULL"
            case bool():
                return self.boolean(node.value)
            case _:
                return str(int(node.value))

    def boolean(self, value: bool) -> str:
        return "TRUE" if value else "FALSE"

    def column(self, node: e.Column) -> str:
        return f"{self.quote(node.alias)}.{self.quote(node.name)}" if node.alias else self.quote(node.name)

    def reference(self, node: e.Reference) -> str:
        return f"{self.quote(node.alias)}.{self.quote(node.name)}" if node.alias else self.quote(node.name)

    def outer(self, node: e.Outer) -> str:
        raise ValueError(
            f"This queryset contains a reference to an outer query, {node.name!r}, and may only be used in a subquery: "
            "wrap it in Subquery() or Exists() of the queryset that it refers to."
        )

    def star(self, node: e.Star) -> str:
        return "*"

    def row(self, node: e.Row) -> str:
        return f"({self.list(node.items)})"

    # Expressions

    def function(self, node: e.Function) -> str:
        special = getattr(self, f"function_{node.name.lower()}", None)
        if special is not None:
            text: str = special(node)
            return text
        name = self.functions.get(node.name, node.name)
        return f"{name}({', '.join([self.argument(argument) for argument in node.arguments])})"

    def argument(self, node: e.Expression) -> str:
        """One argument of a function."""
        return self.render(node)

    def native(self, node: e.Native) -> str:
        """A call of a function that this database may lack."""
        return f"{self.native_name(node.name, 'function')}({self.list(node.arguments)})"

    def infix(self, node: e.Infix) -> str:
        """An operator that this database may lack; what stands in for it is a function."""
        return f"{self.native_name(node.operator, 'operator')}({self.render(node.left)}, {self.render(node.right)})"

    def native_name(self, name: str, kind: str) -> str:
        found = self.natives.get(name)
        if found is None:
            raise self.lacking(f"{kind} {name}")
        return found

    def lacking(self, what: str) -> NotSupportedError:
        """The error for what this database does not know."""
        return NotSupportedError(f"{self.dialect.name} has no {what}: this query can only be asked of PostgreSQL.")

    def subscript(self, node: e.Subscript) -> str:
        raise self.lacking("arrays")

    def array_items(self, node: e.ArrayItems) -> str:
        raise self.lacking("arrays")

    def array_rows(self, node: e.ArrayRows) -> str:
        raise self.lacking("arrays")

    def text(self, node: e.Expression) -> str:
        """An expression as text, whatever it is."""
        raise NotImplementedError

    def function_concat(self, node: e.Function) -> str:
        parts = [f"COALESCE({self.text(part)}, '')" for part in node.arguments]
        return f"({' || '.join(parts)})"

    def collated(self, node: e.Collated) -> str:
        return f"({self.render(node.operand)} COLLATE {self.quote(node.collation)})"

    def spelled(self, node: e.Spelled) -> str:
        try:
            return node.spell(node.arguments, self)
        except EmptyResultSet:
            return self.boolean(False) if isinstance(node.type, t.Boolean) else "NULL"
        except FullResultSet:
            return self.boolean(True)

    def arithmetic_node(self, node: e.Arithmetic) -> str:
        terms: list[tuple[str, e.Expression]] = []
        first: e.Expression = node
        # A long sum is written without a parenthesis for each term: parsers hold only so many open ones.
        while isinstance(first, e.Arithmetic) and (not terms or (_adds_numbers(first) and _adds_numbers(node))):
            terms.append((first.operator, first.right))
            first = first.left
        # Placeholders are bound in the order of the text.
        parts = [self.render(first)]
        parts += [f" {self.arithmetic[operator]} {self.render(term)}" for operator, term in reversed(terms)]
        return f"({''.join(parts)})"

    def negative(self, node: e.Negative) -> str:
        return f"-({self.render(node.operand)})"

    def cast(self, node: e.Cast) -> str:
        return f"CAST({self.render(node.operand)} AS {self.dialect.column_type(node.type)})"

    def case(self, node: e.Case) -> str:
        branches = "".join(
            f" WHEN {self.render(branch.condition)} THEN {self.render(branch.result)}"
            for branch in node.branches
        )
        default = "" if node.default is None else f" ELSE {self.render(node.default)}"
        return f"CASE{branches}{default} END"

    def aggregate(self, node: e.AggregateCall) -> str:
        if node.spell is not None:
            text = node.spell(node.arguments, self)
        else:
            text = getattr(self, f"aggregate_{node.name.lower()}", self.plain_aggregate)(node)
        if node.filter is not None:
            text += f" FILTER (WHERE {self.render(node.filter)})"
        return text

    def window(self, node: w.Window) -> str:
        call = self.render(node.call)
        parts = []
        if node.partition_by:
            parts.append(f"PARTITION BY {self.list(node.partition_by)}")
        if node.order_by:
            parts.append(f"ORDER BY {self.list(node.order_by)}")
        if node.frame is not None:
            parts.append(self.render(node.frame))
        return f"{call} OVER ({' '.join(parts)})"

    def frame(self, node: w.Frame) -> str:
        offsets = any(bound not in (0, None) for bound in (node.start, node.end))
        if node.mode == "RANGE" and offsets and not self.features.range_offsets:
            raise NotSupportedError(
                f"{self.dialect.name} only supports UNBOUNDED PRECEDING, CURRENT ROW and UNBOUNDED FOLLOWING for "
                "ValueRange: give None or 0 as its bounds, or write RowRange."
            )
        if node.exclusion is not None and not self.features.frame_exclusion:
            raise NotSupportedError(f"{self.dialect.name} has no window frames that exclude rows ({node.exclusion}).")
        start = "UNBOUNDED PRECEDING" if node.start is None else self.bound(node.start)
        end = "UNBOUNDED FOLLOWING" if node.end is None else self.bound(node.end)
        exclusion = "" if node.exclusion is None else f" EXCLUDE {node.exclusion}"
        return f"{node.mode} BETWEEN {start} AND {end}{exclusion}"

    def bound(self, offset: int) -> str:
        if offset == 0:
            return "CURRENT ROW"
        return f"{-offset} PRECEDING" if offset < 0 else f"{offset} FOLLOWING"

    def plain_aggregate(self, node: e.AggregateCall) -> str:
        distinct = "DISTINCT " if node.distinct else ""
        order = f" ORDER BY {self.list(node.order_by)}" if node.order_by else ""
        name = self.functions.get(node.name, node.name)
        return f"{name}({distinct}{self.list(node.arguments)}{order})"

    def json_path(self, node: e.JsonPath) -> str:
        raise NotImplementedError

    def json_null(self, node: e.JsonNull) -> str:
        return "'null'"

    def summary(self, node: e.Summary) -> str:
        return self.render(node.value)

    def subselect(self, node: e.Subselect) -> str:
        return f"({self.render(node.query)})"

    def raw(self, node: e.Raw) -> str:
        text = node.texts[0]
        for argument, after in zip(node.arguments, node.texts[1:], strict=True):
            text += self.render(argument) + after
        return f"({text})"

    def truth(self, node: e.Truth) -> str:
        return f"({self.render(node.predicate)})"

    def date_part(self, node: e.DatePart) -> str:
        raise NotImplementedError

    def date_of(self, node: e.DateOf) -> str:
        raise NotImplementedError

    def truncate(self, node: e.Truncate) -> str:
        raise NotImplementedError

    def ordering(self, node: e.Ordering) -> str:
        text = self.render(node.expression) + (" DESC" if node.descending else " ASC")
        if node.nulls_first is not None:
            text += " NULLS FIRST" if node.nulls_first else " NULLS LAST"
        return text

    # Predicates

    def constant(self, node: p.Constant) -> str:
        return "1 = 1" if node.value else "1 = 0"

    def comparison(self, node: p.Comparison) -> str:
        if isinstance(node.left, e.Row) or isinstance(node.right, e.Row):
            return self.compared_rows(node)
        return f"{self.render(node.left)} {node.operator} {self.render(node.right)}"

    def compared_rows(self, node: p.Comparison) -> str:
        """Two rows compared; one value after the other where the database knows no rows."""
        if not self.features.row_values:
            left, right = _as_row(node.left), _as_row(node.right)
            if node.operator in ("=", "<>"):
                same = p.equal(left, right)
                return self.render(same if node.operator == "=" else p.negation(same))
            return self.render(p.beyond(node.operator, left, right))
        return f"{self.render(node.left)} {node.operator} {self.render(node.right)}"

    def is_null(self, node: p.IsNull) -> str:
        return f"{self.render(node.operand)} IS NULL"

    def in_list(self, node: p.InList) -> str:
        raise NotImplementedError

    def in_expressions(self, node: p.InExpressions) -> str:
        if len(node.choices) == 1 and isinstance(node.choices[0], e.Raw):
            # A query of the caller's yields many values; in parentheses of its own it would be a single one.
            return f"{self.render(node.operand)} IN {self.render(node.choices[0])}"
        return f"{self.render(node.operand)} IN ({self.list(node.choices)})"

    def in_select(self, node: p.InSelect) -> str:
        if isinstance(node.operand, e.Row) and not self.features.row_values:
            return self.row_among(node.operand, lambda: self.render(_numbered(node.query)))
        return f"{self.render(node.operand)} IN ({self.render(node.query)})"

    def row_in_list(self, row: e.Row, values: e.ListParameter) -> str:
        """A row that is one of a list of sequences."""
        operand = self.listable(row)
        if self.features.row_values:
            return f"{self.row(operand)} IN ({self.listed_rows(row, values)})"
        return self.row_among(operand, lambda: self.listed_rows(row, values))

    def listable(self, row: e.Row) -> e.Row:
        """The row in the form in which `listed_rows` has its values."""
        return row

    def listed_rows(self, row: e.Row, values: e.ListParameter) -> str:
        """The SELECT of a list of sequences, whose columns are called c1, c2 and so on."""
        raise NotImplementedError

    def row_among(self, row: e.Row, select: Callable[[], str]) -> str:
        """What IN says of a row, where only single values can be IN: unknown where none is equal and one may be."""

        def any_row(condition: Callable[[str], str]) -> str:
            rows, same = select(), self.equal_to_listed(row)
            return f"EXISTS (SELECT 1 FROM ({rows}) {self.quote(_LISTED)} WHERE {condition(same)})"

        found = any_row(lambda same: same)
        perhaps = any_row(lambda same: f"({same}) IS NULL")
        return f"({found} OR (NULL AND {perhaps}))"

    def equal_to_listed(self, row: e.Row) -> str:
        listed = e.Row(tuple(e.Reference(f"c{n}", _LISTED) for n, _ in enumerate(row.items, 1)))
        return self.render(p.equal(row, listed))

    def between(self, node: p.Between) -> str:
        return f"{self.render(node.operand)} BETWEEN {self.render(node.low)} AND {self.render(node.high)}"

    def like(self, node: p.Like) -> str:
        raise NotImplementedError

    def contains(self, node: p.Contains) -> str:
        raise NotImplementedError

    def same_text(self, node: p.SameText) -> str:
        raise NotImplementedError

    def regex(self, node: p.Regex) -> str:
        raise NotImplementedError

    def json_contains(self, node: p.JsonContains) -> str:
        raise NotSupportedError(f"The {self.dialect.name} database has no contains and contained_by for documents.")

    def json_has_keys(self, node: p.JsonHasKeys) -> str:
        raise NotImplementedError

    def exists(self, node: p.Exists) -> str:
        return f"EXISTS ({self.render(node.query)})"

    def holds(self, node: p.Holds) -> str:
        return self.render(node.operand)

    def negation(self, node: p.Not) -> str:
        if isinstance(node.operand, p.IsNull):
            return f"{self.render(node.operand.operand)} IS NOT NULL"
        return f"NOT ({self.render(node.operand)})"

    def conjunction(self, node: p.And) -> str:
        return self.chain(node.operands, " AND ")

    def disjunction(self, node: p.Or) -> str:
        return f"({self.chain(node.operands, ' OR ')})"

    def chain(self, operands: Sequence[Node], glue: str) -> str:
        # A parser reads a AND b AND c as a tree as deep as it is long, so a long chain is written as a balanced one.
        if len(operands) <= self.features.max_operand_depth:
            return glue.join([self.render(operand) for operand in operands])
        middle = len(operands) // 2
        return f"({self.chain(operands[:middle], glue)}){glue}({self.chain(operands[middle:], glue)})"

    def exclusive(self, node: p.Xor) -> str:
        return f"{self.sum_of_truths(node.operands)} % 2 = 1"

    def sum_of_truths(self, operands: Sequence[p.Predicate]) -> str:
        """How many of the operands are true; added up by halves, as databases limit how deep expressions nest."""
        if len(operands) <= 100:
            terms = [f"CASE WHEN {self.render(operand)} THEN 1 ELSE 0 END" for operand in operands]
            return f"({' + '.join(terms)})"
        middle = len(operands) // 2
        return f"({self.sum_of_truths(operands[:middle])} + {self.sum_of_truths(operands[middle:])})"

    # Queries

    def output(self, node: s.Output) -> str:
        text = self.render(node.expression)
        return f"{text} AS {self.quote(node.name)}" if node.name is not None else text

    def common_tables(self, tables: Sequence[s.CommonTable]) -> str:
        """WITH and the tables that it defines; from here on they are known by their names."""
        self.tables.extend([table.name for table in tables])
        word = "WITH RECURSIVE" if any(table.step is not None for table in tables) else "WITH"
        return f"{word} {self.list(tables)} "

    def common_table(self, node: s.CommonTable) -> str:
        hint = "" if node.materialized is None else "MATERIALIZED " if node.materialized else "NOT MATERIALIZED "
        if node.step is None:
            body = self.render(node.query)
        else:
            glue = "UNION ALL" if node.all else "UNION"
            body = f"{self.growing(node.query, node.query)} {glue} {self.growing(node.step, node.query)}"
        return f"{self.quote(node.name)} ({', '.join(map(self.quote, node.columns))}) AS {hint}({body})"

    def growing(self, query: s.Query, first: s.Query) -> str:
        """One of the two queries of a recursive table, whose columns have the types of those of the first."""
        return self.operand(query)

    def table(self, node: s.Table) -> str:
        if node.common and node.name not in self.tables:
            raise NotSupportedError(
                f"The query reads the common table {node.name!r}, but neither it nor a query around it defines one. "
                f"Add .with_cte(...) with the CTE of that name."
            )
        name = self.quote(node.name)
        return name if node.alias == node.name or not node.alias else f"{name} {self.quote(node.alias)}"

    def derived(self, node: s.Derived) -> str:
        if node.lateral and not self.features.lateral:
            raise NotSupportedError(
                f"{self.dialect.name} has no LATERAL: a joined query cannot refer to the row that it is joined to. "
                "Write a Subquery for one value, a sliced Prefetch for several rows, or rank the rows with a Window."
            )
        lateral = "LATERAL " if node.lateral else ""
        return f"{lateral}({self.render(node.query)}) {self.quote(node.alias)}"

    def join(self, node: s.Join) -> str:
        kind = "LEFT OUTER JOIN" if node.outer else "INNER JOIN"
        return f" {kind} {self.render(node.source)} ON ({self.render(node.condition)})"

    def select(self, node: s.Select) -> str:
        known = len(self.tables)
        parts = [self.common_tables(node.tables)] if node.tables else []
        parts.append("SELECT ")
        if node.distinct_on:
            if not self.features.distinct_on:
                raise NotSupportedError(
                    f"The {self.dialect.name} database has no DISTINCT ON; call distinct() without names."
                )
            parts.append(f"DISTINCT ON ({self.list(node.distinct_on)}) ")
        elif node.distinct:
            parts.append("DISTINCT ")
        parts.append(self.list(node.outputs))
        if node.source is not None:
            parts.append(f" FROM {self.render(node.source)}")
            parts.extend([self.join(join) for join in node.joins])
        if node.where != p.ALWAYS:
            parts.append(f" WHERE {self.render(node.where)}")
        if node.grouping:
            parts.append(f" GROUP BY {self.list(node.grouping)}")
        if node.having != p.ALWAYS:
            parts.append(f" HAVING {self.render(node.having)}")
        parts.append(self.tail(node))
        if node.lock is not None:
            parts.append(self.lock(node.lock))
        del self.tables[known:]
        return "".join(parts)

    def combination(self, node: s.Combination) -> str:
        known = len(self.tables)
        glue = f" {node.operator}{' ALL' if node.all else ''} "
        text = self.common_tables(node.tables) if node.tables else ""
        text += glue.join([self.operand(query) for query in node.queries]) + self.tail(node)
        del self.tables[known:]
        return text

    def operand(self, query: s.Query) -> str:
        return f"({self.render(query)})"

    def tail(self, node: s.Select | s.Combination) -> str:
        text = f" ORDER BY {self.list(node.ordering)}" if node.ordering else ""
        if node.limit is not None:
            text += f" LIMIT {self.render(node.limit)}"
        elif node.offset is not None:
            text += self.no_limit()
        if node.offset is not None:
            text += f" OFFSET {self.render(node.offset)}"
        return text

    def no_limit(self) -> str:
        return ""

    def lock(self, node: s.Lock) -> str:
        text = " FOR NO KEY UPDATE" if node.no_key else " FOR UPDATE"
        if node.of:
            text += " OF " + ", ".join(self.quote(alias) for alias in node.of)
        if node.nowait:
            text += " NOWAIT"
        if node.skip_locked:
            text += " SKIP LOCKED"
        return text

    # Search

    def fits(self, node: r.Fits) -> str:
        raise NotSupportedError(f"{self.dialect.name} has no search of documents.")

    def rank(self, node: r.Rank) -> str:
        raise NotSupportedError(f"{self.dialect.name} has no search of documents.")

    def sought(self, node: r.Sought) -> str:
        return f"(CAST({self.searched(node.search, node.encode)} AS text) || CAST({self.render(node.operand)} AS text))"

    def searched(self, node: e.Expression, encode: Callable[[Any], Any]) -> str:
        """The place of a Search, in the form that `encode` makes of it."""
        if isinstance(node, e.Ambient):
            return self.bind(Binding(None, encode, node.source))
        assert isinstance(node, e.Parameter)
        return self.bind(Binding(node.slot, encode))

    # Writes

    def insert(self, node: m.Insert) -> str:
        head = f"INSERT INTO {self.quote(node.table)}"
        if not node.columns:
            body = " DEFAULT VALUES"
        else:
            rows = ", ".join(
                "(" + ", ".join("DEFAULT" if v is None else self.render(v) for v in row) + ")"
                for row in node.rows
            )
            body = f" ({', '.join(map(self.quote, node.columns))}) VALUES {rows}"
        return head + body + self.conflict(node.conflict) + self.returning(node.returning)

    def insert_many(self, node: m.InsertMany) -> str:
        raise NotImplementedError

    def conflict(self, node: m.Conflict | None) -> str:
        if node is None:
            return ""
        if not node.updates:
            return " ON CONFLICT DO NOTHING"
        target = ", ".join(map(self.quote, node.target))
        updates = ", ".join(f"{self.quote(name)} = EXCLUDED.{self.quote(name)}" for name in node.updates)
        return f" ON CONFLICT ({target}) DO UPDATE SET {updates}"

    def returning(self, columns: Sequence[str]) -> str:
        return f" RETURNING {', '.join(map(self.quote, columns))}" if columns else ""

    def update(self, node: m.Update) -> str:
        assignments = ", ".join(f"{self.quote(a.column)} = {self.render(a.value)}" for a in node.assignments)
        where = f" WHERE {self.render(node.where)}" if node.where != p.ALWAYS else ""
        return f"UPDATE {self.table(node.table)} SET {assignments}{where}{self.returning(node.returning)}"

    def update_many(self, node: m.UpdateMany) -> str:
        raise NotImplementedError

    def delete(self, node: m.Delete) -> str:
        where = f" WHERE {self.render(node.where)}" if node.where != p.ALWAYS else ""
        return f"DELETE FROM {self.table(node.table)}{where}"

    def delete_together(self, node: m.DeleteTogether) -> str:
        raise NotImplementedError


_METHODS: dict[type[Node], str] = {
    e.Parameter: "parameter",
    e.Ambient: "ambient",
    e.RowValue: "row_value",
    e.Literal: "literal",
    e.Column: "column",
    e.Reference: "reference",
    e.Outer: "outer",
    e.Row: "row",
    e.Star: "star",
    e.Function: "function",
    e.Native: "native",
    e.Infix: "infix",
    e.Subscript: "subscript",
    e.ArrayItems: "array_items",
    e.ArrayRows: "array_rows",
    e.Spelled: "spelled",
    e.Arithmetic: "arithmetic_node",
    e.Negative: "negative",
    e.Cast: "cast",
    e.Collated: "collated",
    e.Case: "case",
    e.Aggregate: "aggregate",
    w.WindowAggregate: "aggregate",
    w.Window: "window",
    w.Frame: "frame",
    e.JsonPath: "json_path",
    e.JsonNull: "json_null",
    e.Summary: "summary",
    e.Subselect: "subselect",
    e.Raw: "raw",
    e.Truth: "truth",
    e.DatePart: "date_part",
    e.DateOf: "date_of",
    e.Truncate: "truncate",
    e.Ordering: "ordering",
    r.Fits: "fits",
    r.Rank: "rank",
    r.Sought: "sought",
    p.Constant: "constant",
    p.Comparison: "comparison",
    p.IsNull: "is_null",
    p.InList: "in_list",
    p.InExpressions: "in_expressions",
    p.InSelect: "in_select",
    p.Between: "between",
    p.Like: "like",
    p.Contains: "contains",
    p.SameText: "same_text",
    p.Regex: "regex",
    p.JsonContains: "json_contains",
    p.JsonHasKeys: "json_has_keys",
    p.Exists: "exists",
    p.Holds: "holds",
    p.Not: "negation",
    p.And: "conjunction",
    p.Or: "disjunction",
    p.Xor: "exclusive",
    s.Output: "output",
    s.Table: "table",
    s.Derived: "derived",
    s.Join: "join",
    s.Select: "select",
    s.Combination: "combination",
    s.CommonTable: "common_table",
    m.Insert: "insert",
    m.InsertMany: "insert_many",
    m.Update: "update",
    m.UpdateMany: "update_many",
    m.Delete: "delete",
    m.DeleteTogether: "delete_together",
}
