"""Random queries whose parts are expressions: functions, subqueries, windows, groups, combinations, JSON paths."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.properties import data
from tests.properties.program import Bin, Call, Get, Index, Lit, Name, Node, Not, Seq
from tests.properties.schema import LINKS, TABLES, Link, ancestors, key_kind

if TYPE_CHECKING:
    from tests.properties.queries import Chain, Query, Writer

# Values that no row can be equal to: no values at all, and numbers beyond every column.
IMPOSSIBLE = re.compile(r"^[\[(](None)?,?[)\]]$|\d{19}")

Pairs = tuple[tuple[str, Node], ...]

KINDS = ("text", "int", "float", "decimal", "bool", "date", "datetime", "duration")

JSON_PATHS = ["a", "a__b", "a__b__0", "a__b__2", "0", "1", "é", "missing", "a__missing"]

FIELDS = {
    "text": "CharField", "int": "IntegerField", "float": "FloatField", "bool": "BooleanField", "date": "DateField",
    "datetime": "DateTimeField", "duration": "DurationField",
}  # fmt: skip


def call(name: str, /, *args: Node, **kwargs: Node) -> Node:
    return Call(None, name, args, tuple(kwargs.items()))


def wrapped(node: Node, kind: str) -> Node:
    if kind == "decimal":
        field = call("DecimalField", max_digits=Lit(20), decimal_places=Lit(2))
    else:
        field = call(FIELDS[kind])
    return call("ExpressionWrapper", node, output_field=field)


class Composer:
    """Writes such queries for a Writer, with its dice."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.rng = writer.rng

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    # --- expressions of a kind

    def column(self, model: str, kind: str, *, deep: int = 1) -> Node | None:
        path = self.writer.path_of_kind(model, kind, deep=deep, many=False)
        return None if path is None else call("F", Lit(path.text))

    def value(self, kind: str) -> Node:
        return call("Value", Lit(data.value(self.rng, kind)))

    def leaf(self, model: str, kind: str) -> Node:
        found = self.column(model, kind) if self.chance(0.85) else None
        return found or self.value(kind)

    def expression(self, model: str, kind: str, depth: int = 2) -> Node:
        """A random expression over rows of `model`, with values of `kind`."""
        if depth == 0 or self.chance(0.3):
            return self.leaf(model, kind)
        general = self.rng.random()
        if general < 0.12:
            return self.case(model, kind, depth)
        if general < 0.2:
            return call("Coalesce", self.expression(model, kind, depth - 1), self.value(kind))
        if general < 0.25 and kind not in ("bool", "duration", "text"):
            # The text of one column may be of another type than that of the next, which needs an output_field.
            ways = ["Greatest", "Least"]
            return call(self.rng.choice(ways), self.leaf(model, kind), self.leaf(model, kind))
        if general < 0.28 and kind != "bool":
            return call("NullIf", self.expression(model, kind, depth - 1), self.value(kind))
        made: Node = getattr(self, f"some_{kind}")(model, depth - 1)
        return made

    def case(self, model: str, kind: str, depth: int) -> Node:
        whens = []
        for _ in range(self.rng.choice([1, 1, 2])):
            condition = self.writer.q(model, 1, firm=True) if self.chance(0.4) else self.own_condition(model)
            whens.append(call("When", condition, then=self.expression(model, kind, depth - 1)))
        default = {"default": self.value(kind)} if self.chance(0.7) else {}
        return call("Case", *whens, **default)

    def own_condition(self, model: str) -> Node:
        """A Q over the model's own columns and what many-to-one relations lead to."""
        while True:
            name, value = self.writer.condition(model, deep=1, many=False)
            # As a value, a condition that cannot be met is answered by Django like one that was not asked.
            if not IMPOSSIBLE.search(str(value)):
                return call("Q", **{name: value})

    def some_text(self, model: str, depth: int) -> Node:
        rng = self.rng
        inner = self.expression(model, "text", depth)
        word = call("Value", Lit(rng.choice(["a", "e", "sea", " ", "x_", "%"])))
        match rng.randrange(11):
            case 0 | 1:
                return call(rng.choice(["Lower", "Upper", "Trim", "LTrim", "RTrim", "Reverse"]), inner)
            case 2:
                return call("Concat", inner, word, self.leaf(model, "text"), output_field=call("TextField"))
            case 3:
                return call(rng.choice(["Left", "Right"]), inner, Lit(rng.randint(1, 5)))
            case 4:
                length = [Lit(rng.randint(1, 4))] if self.chance(0.5) else []
                return call("Substr", inner, Lit(rng.randint(1, 4)), *length)
            case 5:
                return call("Replace", inner, word, call("Value", Lit(rng.choice(["", "o", "__"]))))
            case 6:
                return call("Repeat", inner, Lit(rng.randint(0, 3)))
            case 7:
                return call(rng.choice(["LPad", "RPad"]), inner, Lit(rng.randint(0, 8)), word)
            case 8:
                return call(rng.choice(["MD5", "SHA256"]), inner)
            case 9:
                return call("Cast", self.leaf(model, "int"), call("CharField"))
        return call("Coalesce", inner, word)

    def some_int(self, model: str, depth: int) -> Node:
        rng = self.rng
        match rng.randrange(9):
            case 0:
                return call("Length", self.expression(model, "text", depth))
            case 1:
                return call("StrIndex", self.expression(model, "text", depth), call("Value", Lit(rng.choice("aeSx"))))
            case 2:
                return Bin(rng.choice("+-*"), self.expression(model, "int", depth), Lit(rng.randint(1, 4)))
            case 3:
                return Bin(rng.choice("+-*"), self.leaf(model, "int"), self.leaf(model, "int"))
            case 4:
                kind = rng.choice(["date", "datetime"])
                parts = ["Year", "Month", "Day", "Quarter", "Week", "WeekDay", "IsoYear", "IsoWeekDay"]
                if kind == "datetime":
                    parts += ["Hour", "Minute", "Second"]
                operand = self.column(model, kind)
                if operand is not None:
                    return call(f"Extract{rng.choice(parts)}", operand)
            case 5:
                way = rng.choice(["bitand", "bitor", "bitxor", "bitleftshift", "bitrightshift"])
                operand = self.column(model, "int", deep=0)
                if operand is not None:
                    return Call(operand, way, (Lit(rng.randint(0, 5)),))
            case 6:
                return call("Abs", self.expression(model, "int", depth))
            case 7:
                return call("Sign", self.leaf(model, "int"))
        return call("Coalesce", self.leaf(model, "int"), call("Value", Lit(0)))

    def some_float(self, model: str, depth: int) -> Node:
        rng = self.rng
        inner = self.expression(model, "float", depth)
        match rng.randrange(7):
            case 0:
                return Bin(rng.choice("+-*"), inner, self.leaf(model, "float"))
            case 1:
                return call(rng.choice(["Floor", "Ceil", "Abs", "Round"]), inner)
            case 2:
                return call("Sqrt", call("Abs", inner))
            case 3:
                return call("Cast", self.leaf(model, "int"), call("FloatField"))
            case 4:
                return call(rng.choice(["Sin", "Cos", "ATan", "Radians", "Degrees"]), self.leaf(model, "float"))
            case 5:
                return Bin("/", inner, Lit(rng.choice([2.0, 4.0, 0.5])))
        return Bin("+", inner, Lit(rng.choice([1.5, 2.0])))

    def some_decimal(self, model: str, depth: int) -> Node:
        inner = self.expression(model, "decimal", depth)
        match self.rng.randrange(3):
            case 0:
                return Bin(self.rng.choice("+-"), inner, self.leaf(model, "decimal"))
            case 1:
                return call(self.rng.choice(["Abs", "Floor", "Ceil"]), inner)
        return Bin("*", inner, Lit(Decimal(2)))

    def some_bool(self, model: str, depth: int) -> Node:
        if self.chance(0.3):
            return self.existence(model)
        return wrapped(self.own_condition(model), "bool")

    def some_date(self, model: str, depth: int) -> Node:
        if self.chance(0.3):
            moment = self.column(model, "datetime")
            if moment is not None:
                return call("TruncDate", moment)
        way = self.rng.choice(["TruncYear", "TruncQuarter", "TruncMonth", "TruncWeek", "TruncDay"])
        return call(way, self.column(model, "date") or self.value("date"))

    def some_datetime(self, model: str, depth: int) -> Node:
        moment = self.column(model, "datetime") or self.value("datetime")
        if self.chance(0.3):
            shifted = Bin(self.rng.choice("+-"), moment, Lit(dt.timedelta(days=self.rng.randint(0, 40), hours=1)))
            return wrapped(shifted, "datetime")
        kinds = ["Year", "Quarter", "Month", "Week", "Day", "Hour", "Minute", "Second"]
        return call(f"Trunc{self.rng.choice(kinds)}", moment)

    def some_duration(self, model: str, depth: int) -> Node:
        left, right = self.column(model, "datetime"), self.column(model, "datetime")
        if left is None or right is None:
            return self.leaf(model, "duration")
        return wrapped(Bin("-", left, right), "duration")

    # --- subqueries

    def inner(self, model: str) -> tuple[Link, Node]:
        """Rows of another model that belong to one row of `model`: the link, and the correlated queryset."""
        links = [link for link in LINKS[model].values() if not link.forward and link.accessor]
        if not links:
            links = [link for link in LINKS[model].values() if link.accessor]
        link = self.rng.choice(links)
        back = [other for other in LINKS[link.target].values() if self.leads_back(other, link, model)]
        base: Node = Get(Name(link.target), "objects")
        if self.chance(0.4):
            conditions = dict([self.writer.condition(link.target, deep=0, many=False)])
            if IMPOSSIBLE.search(str(*conditions.values())):
                conditions = {}  # of no rows at all Django counts NULL
            base = Call(base, self.rng.choice(["filter", "filter", "exclude"]), (), tuple(conditions.items()))
        condition: tuple[str, Node] = (back[0].name if back else "pk", call("OuterRef", Lit("pk")))
        if not back and "row" in (key_kind(model), key_kind(link.target)):
            # Keys of several columns are only compared with their like.
            condition = ("pk__isnull", Lit(False))
        return link, Call(base, "filter", (), (condition,))

    @staticmethod
    def leads_back(candidate: Link, link: Link, model: str) -> bool:
        if candidate.target != model or not candidate.forward:
            return False
        if candidate.column is not None and candidate.column.options.get("to_field"):
            return False
        query_name = candidate.column.options.get("related_query_name") if candidate.column else None
        related = candidate.column.options.get("related_name") if candidate.column else None
        return link.name in (query_name, related) or (related is None and query_name is None)

    def existence(self, model: str) -> Node:
        exists = call("Exists", self.inner(model)[1])
        return Not(exists) if self.chance(0.3) else exists

    def single(self, model: str) -> Node:
        """A Subquery for one value of a correlated row, or for an aggregate over those rows."""
        link, rows = self.inner(model)
        own = sorted(self.writer.kinds(link.target))
        name = self.rng.choice([n for n in own if self.writer.kinds(link.target)[n] != "json"])
        if self.chance(0.5):
            order = Lit(self.rng.choice(["pk", "-pk"]))
            rows = Call(Call(rows, "order_by", (order,)), "values", (Lit(name),))
            return call("Subquery", Index(rows, None, 1, slice=True))
        kind = key_kind(link.target)
        counted = Call(Call(rows, "order_by"), "annotate", (), (("one", call("Value", Lit(1))),))
        grouped = Call(Call(counted, "values", (Lit("one"),)), "annotate", (), (("n", call("Count", Lit("pk"))),))
        assert kind
        return call("Subquery", Call(grouped, "values", (Lit("n"),)))

    # --- windows

    def window(self, model: str, kind: str) -> tuple[Node, str]:
        """A window expression, and the kind of its values."""
        rng = self.rng
        options: dict[str, Node] = {}
        parts = [self.writer.path(model, deep=1, many=False) for _ in range(rng.choice([0, 1, 1, 2]))]
        if parts := [p for p in parts if p.kind != "json"]:
            options["partition_by"] = Seq(tuple(call("F", Lit(p.text)) for p in parts))
        order: list[Node] = []
        if self.chance(0.7):
            path = self.writer.path(model, deep=1, many=False, relation_end=False)
            if path.kind != "json":
                order.append(Call(call("F", Lit(path.text)), rng.choice(["asc", "desc"])))
        # Rows that are equal in the order have no place of their own.
        order.append(Call(call("F", Lit("pk")), rng.choice(["asc", "desc"])))
        options["order_by"] = Seq(tuple(order))
        operand = self.column(model, kind, deep=0) or call("F", Lit("pk"))
        match rng.randrange(5):
            case 0 | 1:
                name = rng.choice(["RowNumber", "Rank", "DenseRank", "PercentRank", "CumeDist"])
                return call("Window", call(name), **options), "int"
            case 2:
                return call("Window", call("Ntile", num_buckets=Lit(rng.randint(1, 4))), **options), "int"
            case 3:
                function = call(rng.choice(["Lag", "Lead"]), operand, offset=Lit(rng.randint(1, 2)))
                if self.chance(0.3):
                    function = call("FirstValue", operand)
                return call("Window", function, **options), kind
        name = rng.choice(["Sum", "Count", "Max", "Min", "Avg"])
        number = self.column(model, rng.choice(["int", "float"]), deep=0) or call("F", Lit("pk"))
        if self.chance(0.4):
            start, end = rng.choice([(None, 0), (-1, 1), (0, None), (-2, 0), (None, None)])
            by_rows = self.chance(0.7) or {start, end} & {-2, -1, 1}
            frame = "RowRange" if by_rows else "ValueRange"
            options["frame"] = call(frame, start=Lit(start), end=Lit(end))
        return call("Window", call(name, number), **options), "float"

    # --- queries

    def query(self) -> Query:
        """The next random query of these."""
        from tests.properties.queries import BOOK_HEAVY

        model = self.rng.choice(BOOK_HEAVY)
        ways = [
            (30, self.annotating), (16, self.grouping), (12, self.windowing), (10, self.combining),
            (8, self.json_paths), (8, self.nesting), (6, self.aggregating), (6, self.updating),
            (4, self.filtered_relation),
        ]  # fmt: skip
        way = self.rng.choices([way for _, way in ways], [weight for weight, _ in ways])[0]
        return way(model)

    def start(self, model: str, budget: tuple[int, ...] = (0, 0, 1)) -> Chain:
        return self.writer.chain(model, budget=self.rng.choice(budget), plain=True)

    def annotations(self, model: str) -> dict[str, tuple[Node, str]]:
        found: dict[str, tuple[Node, str]] = {}
        for number in range(self.rng.choice([1, 1, 2, 3])):
            kind = self.rng.choice(KINDS)
            found[f"e{number}"] = (self.expression(model, kind), kind)
        return found

    def comparison(self, name: str, kind: str) -> tuple[str, Node]:
        """A condition on an annotation."""
        rng = self.rng
        if self.chance(0.15) and kind != "bool":
            # Django writes NOT EXISTS(...) IS NULL without parentheses.
            return f"{name}__isnull", Lit(self.chance(0.5))
        if kind == "bool":
            return name, Lit(self.chance(0.5))
        if kind == "text" and self.chance(0.5):
            lookup = rng.choice(["contains", "icontains", "startswith", "iexact", "endswith"])
            return f"{name}__{lookup}", Lit(data.text(rng)[:3])
        if self.chance(0.15):
            return f"{name}__in", Lit([data.value(rng, kind) for _ in range(rng.randint(0, 3))])
        if kind == "int":
            # Below zero Django takes any comparison with a positive column for true, of NULL too.
            return f"{name}{rng.choice(['', '__gt', '__gte', '__lt', '__lte'])}", Lit(rng.randint(0, 9))
        return f"{name}{rng.choice(['', '__gt', '__gte', '__lt', '__lte'])}", Lit(data.value(rng, kind))

    def annotating(self, model: str) -> Query:
        rng = self.rng
        chain = self.start(model)
        named = self.annotations(model)
        way = "alias" if self.chance(0.1) else "annotate"
        chain = chain.then(way, (), tuple((name, node) for name, (node, _) in named.items()))
        for name, (_, kind) in named.items():
            if self.chance(0.4):
                chain = chain.then(rng.choice(["filter", "exclude"]), (), (self.comparison(name, kind),))
        if self.chance(0.2) and way == "annotate":
            kind = rng.choice(KINDS)
            chain = chain.then("annotate", (), (("late", self.expression(model, kind, 1)),))
        ordered = False
        if self.chance(0.4):
            name = rng.choice(list(named))
            chain = chain.call("order_by", Lit(rng.choice(["", "-"]) + name), Lit(rng.choice(["pk", "-pk"])))
            ordered = True
        return self.finished(chain, list(named) if way == "annotate" else [], ordered)

    def finished(self, chain: Chain, names: list[str], ordered: bool) -> Query:
        from tests.properties.queries import Query

        rng, choice = self.rng, self.rng.random()
        rows = Query(chain.model, Call(None, "list", (chain.node,)), ordered)
        if choice < 0.12:
            return replace(rows, node=Call(chain.node, "count"), ordered=True)
        if choice < 0.17:
            return replace(rows, node=Call(chain.node, "exists"), ordered=True)
        if choice < 0.45 and names:
            columns = [Lit("pk"), *(Lit(name) for name in names)]
            way = rng.choice(["values", "values_list"])
            return replace(rows, node=Call(None, "list", (Call(chain.node, way, tuple(columns)),)))
        if choice < 0.55 and ordered:
            cut = Index(chain.node, rng.choice([None, 1, 2]), rng.randint(2, 5), slice=True)
            return replace(rows, node=Call(None, "list", (cut,)))
        if choice < 0.6 and ordered:
            return replace(rows, node=Call(chain.node, rng.choice(["first", "last"])))
        return rows

    def nesting(self, model: str) -> Query:
        """Subqueries as annotations and as conditions."""
        chain = self.start(model)
        names: list[str] = []
        for number in range(self.rng.choice([1, 1, 2])):
            if self.chance(0.4):
                chain = chain.then(self.rng.choice(["filter", "exclude"]), (self.existence(model),))
            else:
                names.append(f"s{number}")
                chain = chain.then("annotate", (), ((names[-1], self.single(model)),))
                if self.chance(0.3):
                    chain = chain.then("filter", (), ((f"{names[-1]}__isnull", Lit(self.chance(0.5))),))
        return self.finished(chain, names, False)

    def windowing(self, model: str) -> Query:
        chain = self.start(model)
        kind = self.rng.choice(["int", "text", "float"])
        window, made = self.window(model, kind)
        chain = chain.then("annotate", (), (("w", window),))
        if self.chance(0.4):
            way = self.rng.choice(["filter", "filter", "exclude"])
            chain = chain.then(way, (), (self.comparison("w", made),))
            if self.chance(0.3):
                chain = chain.then("filter", (), (self.writer.condition(model, deep=0, many=False),))
        ordered = self.chance(0.4)
        if ordered:
            chain = chain.call("order_by", Lit(self.rng.choice(["w", "-w"])), Lit("pk"))
        return self.finished(chain, ["w"], ordered)

    def grouping(self, model: str) -> Query:
        """values() before annotate(): by columns, by expressions, filtered before and after."""
        from tests.properties.queries import Query

        rng = self.rng
        chain = self.start(model)
        keys: list[str] = []
        if self.chance(0.5):
            kind = rng.choice(["text", "int", "date", "datetime", "bool"])
            key = self.expression(model, kind, 1)
            # Grouped by a constant alone, Django counts no rows on some databases.
            if "F(" in str(key):
                chain = chain.then("annotate", (), (("k", key),))
                keys.append("k")
        if not keys or self.chance(0.4):
            path = self.writer.path(model, deep=1, many=False)
            if path.kind != "json":
                keys.append(path.text)
        if not keys:
            keys.append("pk")
        if self.chance(0.85):
            chain = chain.call("values", *map(Lit, keys))
        else:
            keys = []
        terms = tuple((f"n{number}", self.aggregate(model)) for number in range(rng.choice([1, 1, 2])))
        chain = chain.then("annotate", (), terms)
        if self.chance(0.3):
            chain = chain.then(rng.choice(["filter", "exclude"]), (), (("n0__gt", Lit(rng.randint(0, 3))),))
        if self.chance(0.2):
            chain = chain.then("filter", (), (self.writer.condition(model, deep=0, many=False),))
        if self.chance(0.3):
            chain = chain.then("annotate", (), (("more", Bin("+", call("F", Lit("n0")), Lit(1))),))
        choice = rng.random()
        if choice < 0.15:
            return Query(model, Call(chain.node, "count"), ordered=True)
        if choice < 0.25:
            total = call(rng.choice(["Sum", "Max", "Count"]), Lit("n0"))
            return Query(model, Call(chain.node, "aggregate", (), (("all", total),)), ordered=True)
        chain = chain.call("order_by", *map(Lit, ["n0"] if self.chance(0.3) else []))
        return Query(model, Call(None, "list", (chain.node,)))

    def aggregate(self, model: str) -> Node:
        rng = self.rng
        if self.chance(0.5):
            plain = self.writer.aggregate(model)
            while re.search(r"=(\[(None)?\]|\(\))", str(plain)):
                # Over no rows that could ever be, Django adds up to 0 what is NULL.
                plain = self.writer.aggregate(model)
            return plain
        name, kinds = rng.choice(
            [("Sum", ("int", "float", "decimal")), ("Avg", ("int", "float")), ("Max", ("int", "text", "date")),
             ("Min", ("int", "text", "datetime")), ("Count", ("int", "text", "date")),
             ("StdDev", ("int", "float")), ("Variance", ("int", "float"))]
        )  # fmt: skip
        kind = rng.choice(kinds)
        options: dict[str, Node] = {}
        if name in ("Sum", "Avg", "Count") and self.chance(0.2):
            options["distinct"] = Lit(True)
        if self.chance(0.25):
            options["filter"] = self.own_condition(model)
        if name in ("Sum", "Max", "Min") and self.chance(0.25):
            options["default"] = Lit(data.value(rng, kind)) if kind != "decimal" else Lit(Decimal(0))
        return call(name, self.expression(model, kind, 1), **options)

    def aggregating(self, model: str) -> Query:
        """aggregate() over annotations, conditions, slices and distinct rows."""
        from tests.properties.queries import Query

        rng = self.rng
        chain = self.start(model)
        kind = rng.choice(["int", "float"])
        chain = chain.then("annotate", (), (("x", self.expression(model, kind)),))
        if self.chance(0.3):
            chain = chain.call("order_by", Lit("pk"))
            chain = replace(chain, node=Index(chain.node, None, rng.randint(1, 6), slice=True))
        elif self.chance(0.2):
            chain = chain.call("distinct")
        terms: list[tuple[str, Node]] = [("a", call(rng.choice(["Sum", "Max", "Min", "Avg", "Count"]), Lit("x")))]
        if self.chance(0.3):
            terms.append(("b", Bin(rng.choice("+-"), call("Max", Lit("x")), call("Min", Lit("x")))))
        if self.chance(0.3):
            terms.append(("c", call("Count", Lit("pk"), filter=self.own_condition(model))))
        return Query(model, Call(chain.node, "aggregate", (), tuple(terms)), ordered=True)

    def combining(self, model: str) -> Query:
        from tests.properties.queries import Query

        rng = self.rng
        names = [n for n, kind in sorted(self.writer.kinds(model).items()) if kind != "json"]
        columns = [Lit(n) for n in rng.sample(names, min(len(names), rng.randint(1, 2)))]
        whole = self.chance(0.4)

        def part() -> Node:
            # Django drops an empty part, and with it the UNION that would have removed repeated rows.
            condition = self.own_condition(model)
            while re.search(r"F\(|\d{19}", str(condition)):
                condition = self.own_condition(model)
            chain = self.start(model, (0,)).then(rng.choice(["filter", "exclude"]), (condition,)).call("order_by")
            return chain.node if whole else chain.call("values_list", *columns).node

        node = part()
        for _ in range(rng.choice([1, 1, 2])):
            way = rng.choice(["union", "union", "intersection", "difference"])
            options = (("all", Lit(True)),) if way == "union" and self.chance(0.3) else ()
            node = Call(node, way, (part(),), options)
        choice = rng.random()
        if choice < 0.2:
            return Query(model, Call(node, "count"), ordered=True)
        if choice < 0.3:
            return Query(model, Call(node, "exists"), ordered=True)
        if choice < 0.6:
            order = Lit(rng.choice(["pk", "-pk"])) if whole else columns[0]
            node = Call(node, "order_by", (order,))
            ordered = whole or len(columns) == 1
            if ordered and self.chance(0.4):
                node = Index(node, rng.choice([None, 1]), 4, slice=True)
            return Query(model, Call(None, "list", (node,)), ordered)
        return Query(model, Call(None, "list", (node,)))

    def json_paths(self, model: str) -> Query:
        """Conditions and results along paths of the one JSON column."""
        rng = self.rng
        chain = self.start("Profile")
        for _ in range(rng.choice([1, 1, 2])):
            path = f"extra__{rng.choice(JSON_PATHS)}"
            match rng.randrange(6):
                case 0:
                    condition = (f"{path}__isnull", Lit(self.chance(0.5)))
                case 1:
                    keys = ["a", "é", "b"]
                    condition = rng.choice(
                        [("extra__has_key", Lit(rng.choice(keys))), ("extra__has_keys", Lit(keys[:2])),
                         ("extra__has_any_keys", Lit(keys))]
                    )  # fmt: skip
                case 2:
                    lookup = rng.choice(["icontains", "startswith", "endswith", "iexact"])
                    condition = (f"{path}__{lookup}", Lit(rng.choice(["x", "日本", "1"])))
                case 3:
                    condition = (f"{path}__{rng.choice(['gt', 'gte', 'lt', 'lte'])}", Lit(rng.choice([1, 2, "x"])))
                case 4:
                    condition = (f"{path}__in", Lit([1, "x", "日本", 2.5]))
                case _:
                    condition = (path, Lit(rng.choice([1, 2, "x", "日本", None, {"b": [1, 2, None]}, [1, 2, None]])))
            chain = chain.then(rng.choice(["filter", "filter", "exclude"]), (), (condition,))
        if self.chance(0.4):
            path = f"extra__{rng.choice(JSON_PATHS)}"
            return self.finished(chain.call("values_list", Lit("pk"), Lit(path)), [], False)
        return self.finished(chain, [], False)

    def updating(self, model: str) -> Query:
        from tests.properties.queries import Query

        kinds = {"Book": {"title": "text", "pages": "int", "rating": "float", "day": "date"},
                 "Author": {"age": "int", "score": "float"}, "Tag": {"weight": "int"}}  # fmt: skip
        if model not in kinds:
            model = "Book"
        name, kind = self.rng.choice(sorted(kinds[model].items()))
        # An update reads no other table.
        expression = self.flat(model, kind)
        if kind == "text":
            expression = call("Left", expression, Lit(60))
        rows = Get(Name(model), "objects")
        node: Node = rows
        if self.chance(0.5):
            node = Call(rows, "filter", (), (self.writer.condition(model, deep=0, many=False),))
        return Query(model, Call(node, "update", (), ((name, expression),)), ordered=True, writes=True)

    def flat(self, model: str, kind: str) -> Node:
        """An expression over the model's own columns."""
        for _ in range(20):
            found = self.expression(model, kind)
            if "__" not in str(found).replace("__isnull", "") and "objects" not in str(found):
                return found
        return self.value(kind)

    def filtered_relation(self, model: str) -> Query:
        rng = self.rng
        links = [link for link in LINKS[model].values() if link.accessor]
        if not links:
            model, links = "Book", list(LINKS["Book"].values())
        link = rng.choice(links)
        while True:
            # A condition that no row meets makes Django drop all rows, and one on a relation, or on a column of a
            # parent's table, makes it write joins in an order that few databases take.
            name, value = self.writer.condition(link.target, deep=0, many=False)
            parents = [column for parent in ancestors(link.target) for column in TABLES[parent].columns]
            plain = name.split("__")[0] in self.writer.kinds(link.target).keys() - parents
            if plain and not IMPOSSIBLE.search(str(value)):
                break
        condition = call("Q", **{f"{link.name}__{name}": value})
        relation = call("FilteredRelation", Lit(link.name), condition=condition)
        chain = self.start(model, (0,)).then("annotate", (), (("fr", relation),))
        if self.chance(0.5):
            path, value = self.writer.condition(link.target, deep=0, many=False)
            chain = chain.then("filter", (), ((f"fr__{path}", value),))
        else:
            chain = chain.then("annotate", (), (("n", call("Count", Lit("fr"))),))
            return self.finished(chain, ["n"], False)
        return self.finished(chain, [], False)
