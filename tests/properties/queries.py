"""Random queries: every chain, condition and ending that the comparison covers, from one seed."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field, replace
from typing import Any

from tests.properties import data
from tests.properties.chapters import chapter
from tests.properties.expressions import IMPOSSIBLE, Composer
from tests.properties.program import Bin, Call, Get, Index, Lit, Name, Node, Not, Seq
from tests.properties.rules import rule
from tests.properties.schema import LINKS, TABLES, Link, is_nullable, key_kind, keys, kinds_of

BOOK_HEAVY = ["Book"] * 5 + ["Author"] * 4 + ["Review", "Review", "Publisher", "Tag", "Profile", "Country"]
BOOK_HEAVY += ["Shelf", "Shelf", "Item", "Item"]
BOOK_HEAVY += ["Chapter"] * 2 + ["Store"] * 3 + ["Flagship", "Flagship", "Venue", "Venue", "Visit"]
BOOK_HEAVY += ["Depot", "Depot", "Licence"]

TEXT_LOOKUPS = [
    "exact", "iexact", "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith",
]  # fmt: skip
ORDER_LOOKUPS = ["gt", "gte", "lt", "lte"]
DATE_PARTS = {
    "year": (2018, 2022), "iso_year": (2018, 2022), "month": (1, 12), "day": (1, 28), "week": (1, 53),
    "week_day": (1, 7), "iso_week_day": (1, 7), "quarter": (1, 4),
}  # fmt: skip
TIME_PARTS = {"hour": (0, 23), "minute": (0, 59), "second": (0, 59)}
DAYS = {"Author": "born", "Book": "day", "Venue": "since", "Store": "since", "Flagship": "since", "Depot": "until"}
PATTERNS = ["^s", "a$", "[a-c]", "a.c", "^$", "sea|Ann", r"\d", "(?i)SEA", ".*", "é"]


@dataclass(frozen=True)
class Query:
    """A random query. `ordered`: its order is part of the answer. `writes`: run in a block that is undone."""

    model: str
    node: Node
    ordered: bool = False
    writes: bool = False

    def __str__(self) -> str:
        return str(self.node)


@dataclass(frozen=True)
class Chain:
    """A queryset on its way: what has been asked so far, as far as it decides what may come next."""

    model: str
    node: Node
    total: bool = False  # is the order of the rows decided to the last tie?
    ordered: bool = False  # has order_by been called with something?
    sliced: bool = False
    multiplied: bool = False  # does the order go through a to-many relation?
    distinct: bool = False
    shape: str = "instances"  # or "dicts", "tuples", "flat"
    columns: tuple[str, ...] = field(default=())

    def call(self, name: str, *args: Node, **kwargs: Node) -> Chain:
        return replace(self, node=Call(self.node, name, args, tuple(kwargs.items())))

    def then(self, name: str, args: tuple[Node, ...] = (), kwargs: tuple[tuple[str, Node], ...] = ()) -> Chain:
        return replace(self, node=Call(self.node, name, args, kwargs))


@dataclass(frozen=True)
class Path:
    """A name in a query: the links followed, and the column or relation at its end."""

    links: tuple[Link, ...]
    model: str  # the model at the end of the links
    name: str  # "" when the path ends in the last link itself
    kind: str  # the kind of value, or "relation"

    @property
    def text(self) -> str:
        return "__".join([link.name for link in self.links] + ([self.name] if self.name else []))

    @property
    def many(self) -> bool:
        return any(link.many for link in self.links)


class Writer:
    """Writes random queries about one universe of rows."""

    def __init__(
        self,
        seed: int | str,
        rows: dict[str, list[data.Row]],
        *,
        aggregates: bool = False,
        expressions: float = 0,
        single: bool = False,
    ) -> None:
        self.rng = random.Random(seed)
        self.rows = rows
        self.aggregates = aggregates
        self.expressions = expressions
        self.single = single  # what is compared with lies along relations to one only
        self.composer = Composer(self)

    # --- small choices

    kinds = staticmethod(kinds_of)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def stored(self, model: str, name: str) -> Any:
        """A value that some row of the table has, or None."""
        rows = self.rows[model]
        return self.rng.choice(rows).get(name) if rows else None

    def key(self, model: str) -> Any:
        if TABLES[model].key:
            return self.row(model)
        found = self.stored(model, keys(model)[0])
        if found is None or self.chance(0.04):
            return "AA" if model == "Country" else self.rng.choice([1, 2, 3, 999])
        return found

    def row(self, model: str) -> Any:
        """A key of several columns: one that is there, or one that perhaps is not."""
        if self.rows[model] and self.chance(0.7):
            held = self.rng.choice(self.rows[model])
            found = tuple(held[name] for name in TABLES[model].key)
        else:
            found = (self.rng.choice([0, 1, 2, 3]), self.rng.choice(["a", "B", ""]))
        if self.chance(0.04):
            found = (None, found[1])
        return list(found) if self.chance(0.1) else found

    # --- paths

    def path(
        self, model: str, *, deep: int = 2, many: bool = True, relation_end: bool = True, firm: bool = False
    ) -> Path:
        """A random path; `many`: also through to-many relations; `firm`: only where a row is always found."""
        links: list[Link] = []
        here = model

        def allowed(link: Link) -> bool:
            return not link.optional and not link.many if firm else many or not link.many

        while len(links) < deep and self.chance(0.5):
            choices = [link for link in LINKS[here].values() if allowed(link)]
            if not choices:
                break
            links.append(self.rng.choice(choices))
            here = links[-1].target
        if relation_end and self.chance(0.2):
            choices = [link for link in LINKS[here].values() if allowed(link)]
            if choices:
                link = self.rng.choice(choices)
                return Path((*links, link), link.target, "", "relation")
        kinds = kinds_of(here)
        name = self.rng.choice(sorted(kinds))
        if self.chance(0.12):
            return Path(tuple(links), here, "pk", key_kind(here))
        return Path(tuple(links), here, name, kinds[name])

    def path_of_kind(
        self, model: str, kind: str, *, deep: int = 1, many: bool = True, firm: bool = False
    ) -> Path | None:
        for _ in range(12):
            found = self.path(model, deep=deep, many=many, relation_end=False, firm=firm)
            if found.kind == kind:
                return found
        return None

    @staticmethod
    def nullable(path: Path) -> bool:
        return any(link.optional for link in path.links) or is_nullable(path.model, path.name)

    # --- values

    def value(self, path: Path) -> Any:
        if path.kind == "json":
            return data.json(self.rng)
        if path.name and path.name != "pk" and self.chance(0.6):
            found = self.stored(path.model, path.name)
            if found is not None:
                return found
        if path.name == "pk":
            return self.key(path.model)
        if path.name == "population":
            return self.rng.randint(0, 20)  # below zero Django takes any comparison for true, of NULL too
        return data.value(self.rng, path.kind)

    def operand(self, model: str, path: Path, *, firm: bool = False) -> Node:
        """A value, or now and then an F expression of the same kind, to compare with."""
        if path.kind != "json" and self.chance(0.12):
            # Beside a to-many relation only a column of the model itself: what Django excludes by comparing
            # two relations is joined to the wrong one of them.
            deep, many = 0 if path.many else 1, self.chance(0.2) and not self.single
            other = self.path_of_kind(model, path.kind, deep=deep, many=many, firm=firm)
            if other is not None:
                return self.arithmetic(other)
        return Lit(self.value(path))

    def arithmetic(self, path: Path) -> Node:
        reference: Node = Call(None, "F", (Lit(path.text),))
        if path.kind in ("int", "float") and self.chance(0.5):
            op = self.rng.choice(["+", "-", "*", "+", "%", "/"])
            return Bin(op, reference, Lit(self.rng.choice([1, 2, 3, -1, 2.5]) if op != "%" else 3))
        if path.kind == "datetime" and self.chance(0.5):
            return Bin(self.rng.choice("+-"), reference, Lit(dt.timedelta(days=self.rng.randint(0, 400), hours=1)))
        return reference

    # --- conditions

    def condition(self, model: str, *, deep: int = 2, many: bool = True, firm: bool = False) -> tuple[str, Node]:
        path = self.path(model, deep=deep, many=many, firm=firm)
        if path.kind == "relation":
            return self.relation_condition(path)
        name, rng = path.text, self.rng
        if path.kind == "row":
            return self.row_condition(path)
        if self.chance(0.1):
            return f"{name}__isnull", Lit(self.chance(0.5))
        if self.chance(0.03) and path.kind != "json":
            return name + rng.choice(["", "__exact"]), Lit(None)
        if path.kind != "json" and self.chance(0.15):
            return f"{name}__in", self.values_for_in(path)
        match path.kind:
            case "text":
                lookup = rng.choice([*TEXT_LOOKUPS, *TEXT_LOOKUPS, *ORDER_LOOKUPS, "regex", "iregex", "range"])
                if lookup in ("regex", "iregex"):
                    return f"{name}__{lookup}", Lit(rng.choice(PATTERNS))
                if lookup == "iexact":
                    # Of another column Django takes % and _ for wildcards.
                    return f"{name}__iexact", Lit(self.value(path))
                if lookup in TEXT_LOOKUPS and lookup != "exact":
                    if self.chance(0.08):
                        other = self.path_of_kind(model, "text", many=False, firm=firm)
                        if other is not None:
                            return f"{name}__{lookup}", Call(None, "F", (Lit(other.text),))
                    whole = str(self.value(path))
                    start = rng.randint(0, max(0, len(whole) - 1))
                    return f"{name}__{lookup}", Lit(whole[start : start + rng.randint(0, 4)] or whole)
            case "int" | "float" | "decimal" | "duration" | "uuid":
                lookup = rng.choice(["exact", *ORDER_LOOKUPS, *ORDER_LOOKUPS, "range"])
                if path.kind == "uuid":
                    lookup = "exact"
                elif path.kind == "int" and self.chance(0.08) and not linking(path):
                    return f"{name}__{rng.choice(TEXT_LOOKUPS)}", Lit(str(rng.randint(0, 20)))
                elif path.kind == "int" and self.chance(0.08) and not self.nullable(path) and not linking(path):
                    # Of a nullable column Django answers such a comparison with the NULL rows too; and it cuts what is
                    # compared with a link to a whole number, whichever way.
                    odd = rng.choice([2**63, -(2**63) - 1, 2**100, 3.5, -0.5, "7"])
                    return f"{name}__{rng.choice(['exact', *ORDER_LOOKUPS])}", Lit(odd)
            case "bool" | "json":
                lookup = "exact"
            case "date" | "datetime" | "time":
                if self.chance(0.4):
                    return self.date_part_condition(path)
                lookup = rng.choice(["exact", *ORDER_LOOKUPS, *ORDER_LOOKUPS, "range"])
            case _:
                lookup = "exact"
        if lookup == "range":
            low, high = sorted([self.value(path), self.value(path)])
            if self.chance(0.15):
                return f"{name}__range", Seq(tuple(self.operand(model, path, firm=firm) for _ in "ab"))
            return f"{name}__range", Lit((low, high))
        if lookup == "exact" and self.chance(0.7):
            return name, self.operand(model, path, firm=firm)
        return f"{name}__{lookup}", self.operand(model, path, firm=firm)

    def row_condition(self, path: Path) -> tuple[str, Node]:
        """A condition on a key of several columns."""
        rng, name = self.rng, path.text
        match rng.randrange(6):
            case 0:
                return f"{name}__isnull", Lit(self.chance(0.5))
            case 1:
                return f"{name}__in", Lit([self.row(path.model) for _ in range(rng.choice([0, 1, 2, 3, 5]))])
            case 2:
                inner = self.chain(path.model, budget=1, plain=True)
                names = rng.choice([("pk",), TABLES[path.model].key, ()])
                return f"{name}__in", inner.call("values", *map(Lit, names)).node if names else inner.node
            case 3 | 4:
                return f"{name}__{rng.choice(ORDER_LOOKUPS)}", Lit(self.row(path.model))
        return name, Lit(self.row(path.model))

    def date_part_condition(self, path: Path) -> tuple[str, Node]:
        rng = self.rng
        parts = dict(TIME_PARTS) if path.kind == "time" else dict(DATE_PARTS)
        if path.kind == "datetime":
            parts |= TIME_PARTS
            if self.chance(0.2):
                lookup = rng.choice(["", "__gt", "__lte", "__year"])
                value: Any = 2020 if lookup == "__year" else data.date(rng)
                return f"{path.text}__date{lookup}", Lit(value)
            if self.chance(0.1):
                lookup = rng.choice(["", "__gt", "__lte", "__hour"])
                return f"{path.text}__time{lookup}", Lit(12 if lookup == "__hour" else data.time(rng))
        part, (low, high) = rng.choice(sorted(parts.items()))
        lookup = rng.choice(["", "", "__exact", "__gt", "__gte", "__lt", "__lte", "__in", "__range"])
        number = rng.randint(low, high)
        if lookup == "__in":
            return f"{path.text}__{part}__in", Lit([rng.randint(low, high) for _ in range(rng.randint(0, 3))])
        if lookup == "__range":
            return f"{path.text}__{part}__range", Lit((number, number + 2))
        return f"{path.text}__{part}{lookup}", Lit(number)

    def values_for_in(self, path: Path) -> Node:
        if self.chance(0.15) and path.name and path.name != "pk":
            inner = self.chain(path.model, budget=1, plain=True)
            return inner.call("values", Lit(path.name)).node
        if path.kind == "text" and self.chance(0.05):
            return Lit("axé")
        values = [self.value(path) for _ in range(self.rng.choice([0, 1, 1, 2, 3, 3, 5, 17]))]
        if self.chance(0.1):
            values.append(None)
        return Lit(tuple(values) if self.chance(0.2) else values)

    def instance(self, model: str) -> Node:
        """An instance read by its key; one that no table has raises, and both must say so."""
        return Call(Get(Name(model), "objects"), "get", (), (("pk", Lit(self.key(model))),))

    def relation_condition(self, path: Path) -> tuple[str, Node]:
        link, rng = path.links[-1], self.rng
        choice = rng.random()
        if choice < 0.3:
            return f"{path.text}__isnull", Lit(self.chance(0.5))
        if choice < 0.35:
            return path.text, Lit(None)
        by_slug = link.name in ("reviewer",) or (link.name == "reviews" and link.target == "Review")
        if choice < 0.5 and self.rows[link.target] and not (link.forward and by_slug):
            return path.text, self.instance(link.target)
        if choice < 0.62:
            inner = self.chain(link.target, budget=rng.randint(0, 2), plain=True)
            form = rng.random()
            if form < 0.4:
                return f"{path.text}__in", inner.node
            key = Lit("slug" if link.forward and by_slug else "pk")
            if form < 0.7:
                return f"{path.text}__in", inner.call("values", key).node
            return f"{path.text}__in", inner.call("values_list", key, flat=Lit(True)).node
        keys = [self.key(link.target) for _ in range(rng.randint(0, 4))]
        if link.forward and by_slug:
            slugs = [self.stored("Author", "slug") or "none" for _ in keys]
            return f"{path.text}__in", Lit(slugs)
        if choice < 0.75:
            return f"{path.text}__in", Lit(keys)
        if choice < 0.8 and keys:
            return f"{path.text}__in", Seq(tuple(self.instance(link.target) for _ in keys[:2]))
        composite = link.column is not None and link.column.kind == "ForeignObject"
        if link.forward and not link.many and not composite and self.chance(0.4):
            return path.text + "_id", Lit(self.key(link.target))
        return path.text, Lit(self.key(link.target))

    def q(self, model: str, depth: int = 2, *, firm: bool = False) -> Node:
        if depth == 0 or self.chance(0.35):
            pairs = tuple(self.condition(model, firm=firm) for _ in range(self.rng.choice([1, 1, 2])))
            node: Node = Call(None, "Q", (), unique(pairs))
        else:
            op = self.rng.choice("&&|||^")
            # Under xor Django makes joins inner that may find no row, so it cannot be asked about those.
            firm = firm or op == "^"
            node = Bin(op, self.q(model, depth - 1, firm=firm), self.q(model, depth - 1, firm=firm))
        return Not(node) if self.chance(0.2) else node

    def conditions(self, model: str) -> tuple[tuple[Node, ...], tuple[tuple[str, Node], ...]]:
        args = tuple(self.q(model) for _ in range(self.rng.choice([0, 0, 0, 1, 1, 2])))
        count = self.rng.choice([1, 1, 2, 3]) if not args else self.rng.choice([0, 0, 1])
        return args, unique(tuple(self.condition(model) for _ in range(count)))

    # --- chains

    def start(self, model: str) -> Chain:
        if self.chance(0.1) and self.rows[model]:
            sources = [
                (owner, link)
                for owner, links in LINKS.items()
                for link in links.values()
                if link.many and link.accessor and link.target == model and self.rows[owner]
            ]
            if sources:
                owner, link = self.rng.choice(sources)
                assert link.accessor is not None
                return Chain(model, Get(self.instance(owner), link.accessor))
        return Chain(model, Get(Name(model), "objects"))

    def chain(self, model: str, budget: int, *, plain: bool = False) -> Chain:
        """A queryset of instances; `plain`: only conditions, as for a subquery."""
        chain = self.start(model) if not plain else Chain(model, Get(Name(model), "objects"))
        for _ in range(budget):
            chain = self.step(chain, plain)
        if isinstance(chain.node, Get):
            chain = chain.call("all")  # a manager is not iterable
        return chain

    def step(self, chain: Chain, plain: bool) -> Chain:
        choice = self.rng.random()
        if chain.sliced:
            return chain
        if choice < 0.5 or plain:
            name = "filter" if self.chance(0.65) else "exclude"
            args, kwargs = self.conditions(chain.model)
            return chain.then(name, args, kwargs)
        if choice < 0.72:
            return self.order(chain)
        if choice < 0.78:
            return replace(chain.call("distinct"), distinct=True)
        if choice < 0.83:
            return chain.call("reverse")
        if choice < 0.87 and is_manager_chain(chain.node):
            # From a related manager Django loads a deferred key at once, to compare it.
            return self.columns_only(chain)
        if choice < 0.89:
            return replace(chain.call("none"))
        if choice < 0.93 and not chain.ordered and not chain.distinct and is_manager_chain(chain.node):
            other = self.chain(chain.model, budget=self.rng.randint(1, 2), plain=True)
            base = Chain(chain.model, Get(Name(chain.model), "objects"))
            mine = self.step(base, plain=True)
            return replace(mine, node=Bin(self.rng.choice("&||"), mine.node, other.node))
        return chain.call("all")

    def order(self, chain: Chain) -> Chain:
        if self.chance(0.07):
            return replace(chain.call("order_by"), total=False, ordered=False)
        terms: list[Node] = []
        multiplied = chain.multiplied
        for _ in range(self.rng.choice([0, 1, 1, 2])):
            path = self.path(chain.model, deep=2, many=self.chance(0.25), relation_end=True)
            if path.kind == "json":
                continue
            if path.kind == "relation" and (path.many or path.links[-1].target in ("Publisher", "Review")):
                continue
            multiplied |= path.many
            if self.chance(0.15):
                way = self.rng.choice(["asc", "desc"])
                nulls = self.rng.choice([{}, {"nulls_first": Lit(True)}, {"nulls_last": Lit(True)}])
                terms.append(Call(Call(None, "F", (Lit(path.text),)), way, (), tuple(nulls.items())))
            else:
                terms.append(Lit(self.rng.choice(["", "-"]) + path.text))
        total = self.chance(0.85)
        if total:
            terms.append(Lit(self.rng.choice(["pk", "-pk"])))
        if not terms:
            return chain
        return replace(chain.call("order_by", *terms), total=total, ordered=True, multiplied=multiplied)

    def columns_only(self, chain: Chain) -> Chain:
        own = sorted(kinds_of(chain.model))
        name = self.rng.choice(["only", "defer"])
        return chain.call(name, *[Lit(n) for n in self.rng.sample(own, self.rng.randint(1, 3))])

    def projection(self, chain: Chain) -> Chain:
        """values or values_list at the end of a chain."""
        paths: list[Path] = []
        for _ in range(self.rng.randint(0, 3)):
            path = self.path(chain.model, deep=2, many=self.chance(0.4))
            if path.text not in [p.text for p in paths] and (path.kind != "json" or not chain.distinct):
                paths.append(path)
        names = [Lit(path.text) for path in paths]
        if chain.distinct and not paths:
            return chain
        many = any(path.many for path in paths)
        chain = replace(chain, total=chain.total and not many and not chain.distinct,
                        columns=tuple(path.text for path in paths))  # fmt: skip
        way = self.rng.random()
        if way < 0.4:
            return replace(chain.call("values", *names), shape="dicts")
        if way < 0.6 and len(names) == 1:
            return replace(chain.call("values_list", *names, flat=Lit(True)), shape="flat")
        if way < 0.7 and names:
            return replace(chain.call("values_list", *names, named=Lit(True)), shape="tuples")
        return replace(chain.call("values_list", *names), shape="tuples")

    # --- endings

    def query(self) -> Query:
        """The next random query; a share of `expressions` of them is made of expressions."""
        if self.expressions and self.chance(self.expressions):
            return self.composer.query()
        if self.chance(0.05):
            return self.mistaken()
        if self.chance(0.12):
            return self.writing()
        if self.chance(0.04):
            return Query("Book", rule(self), ordered=True)
        model = self.rng.choice(BOOK_HEAVY)
        if self.aggregates and self.chance(0.2):
            return self.aggregating(model)
        if self.chance(0.12):
            return self.loading(model)
        chain = self.chain(model, budget=self.rng.choice([0, 1, 1, 2, 2, 3, 4]))
        if self.chance(0.35):
            chain = self.projection(chain)
        return self.ending(chain)

    def ending(self, chain: Chain) -> Query:
        rng, choice = self.rng, self.rng.random()
        rows = Query(chain.model, Call(None, "list", (chain.node,)), chain.total)
        alone = replace(rows, ordered=True)
        if chain.total and choice < 0.25:
            start = rng.randint(0, 6)
            stop = rng.choice([None, start + rng.randint(0, 6)])
            cut = Index(chain.node, rng.choice([None, start]), stop, rng.choice([None, None, None, 2]), slice=True)
            # Counting a slice, Django forgets an order, and with it the rows that its joins repeat.
            if self.chance(0.2) and cut.step is None and not chain.multiplied:
                return replace(alone, node=Call(cut, rng.choice(["count", "exists"])))
            return replace(alone, node=Call(None, "list", (cut,)))
        if choice < 0.4:
            return replace(alone, node=Call(chain.node, "count"))
        if choice < 0.45:
            return replace(alone, node=Call(chain.node, "exists"))
        if choice < 0.48:
            return replace(alone, node=Call(None, rng.choice(["len", "bool"]), (chain.node,)))
        unordered = not chain.ordered and not chain.distinct and not chain.columns and chain.shape == "instances"
        if (chain.total or unordered) and choice < 0.56 and not self.empty_order(chain.node):
            return replace(alone, node=Call(chain.node, rng.choice(["first", "last"])))
        if chain.total and choice < 0.6:
            return replace(alone, node=Index(chain.node, rng.randint(0, 5)))
        if chain.shape == "instances":
            if choice < 0.63:
                return replace(alone, node=Call(chain.node, "get", (), (("pk", Lit(self.key(chain.model))),)))
            if choice < 0.65:
                return replace(alone, node=Call(chain.node, "contains", (self.instance(chain.model),)))
            if choice < 0.67:
                keys = Lit([self.key(chain.model) for _ in range(rng.randint(0, 4))])
                return replace(alone, node=Call(chain.node, "in_bulk", (keys,)))
            if choice < 0.69:
                fields = [Lit(rng.choice(sorted(kinds_of(chain.model)))), Lit("pk")]
                return replace(alone, node=Call(chain.node, rng.choice(["latest", "earliest"]), tuple(fields)))
            if choice < 0.71 and chain.model in DAYS:
                return self.dates(chain)
            if choice < 0.73:
                return replace(rows, node=Call(None, "list", (Call(chain.node, "iterator"),)))
        return rows

    def dates(self, chain: Chain) -> Query:
        rng = self.rng
        name = DAYS[chain.model]
        kinds = ["year", "month", "week", "day"]
        way = "dates"
        if chain.model in ("Author", "Book") and self.chance(0.5):
            name = {"Author": "joined", "Book": "published"}[chain.model]
            kinds += ["hour", "minute", "second"]
            way = "datetimes"
        args = [Lit(name), Lit(rng.choice(kinds))] + ([Lit(rng.choice(["ASC", "DESC"]))] if self.chance(0.5) else [])
        return Query(chain.model, Call(None, "list", (Call(chain.node, way, tuple(args)),)), ordered=True)

    @staticmethod
    def empty_order(node: Node) -> bool:
        while isinstance(node, (Call, Index, Get)):
            if isinstance(node, Call) and node.name == "order_by" and not node.args:
                return True
            target = node.target
            if target is None:
                return False
            node = target
        return isinstance(node, Bin)

    def loading(self, model: str) -> Query:
        """select_related, prefetch_related and Prefetch, read back through the relations."""
        chain = self.chain(model, budget=self.rng.choice([0, 0, 1, 2]))
        paths: list[str] = []
        for _ in range(self.rng.choice([1, 1, 2])):
            joined = self.chance(0.5)
            links: list[Link] = []
            here = model
            while not links or (len(links) < 3 and self.chance(0.35)):
                choices = [link for link in LINKS[here].values() if not (joined and link.many) and link.accessor]
                if not choices:
                    break
                links.append(self.rng.choice(choices))
                here = links[-1].target
            if not links:
                continue
            names = [link.name if joined else str(link.accessor) for link in links]
            if joined:
                chain = chain.call("select_related", Lit("__".join(names)))
                paths.append("__".join(str(link.accessor) for link in links))
            elif self.chance(0.3) and links[-1].many and len(links) == 1:
                inner = self.chain(here, budget=1, plain=True)
                if self.chance(0.5):
                    inner = inner.call("order_by", Lit(self.rng.choice(["pk", "-pk"])))
                to = (("to_attr", Lit("found")),) if self.chance(0.4) and "found" not in paths else ()
                if to and not self.empty_order(inner.node) and "order_by" not in str(inner.node):
                    inner = inner.call("order_by", Lit("pk"))
                prefetch = Call(None, "Prefetch", (Lit(names[0]), inner.node), to)
                chain = chain.call("prefetch_related", prefetch)
                paths.append("found" if to else names[0])
            else:
                chain = chain.call("prefetch_related", Lit("__".join(names)))
                paths.append("__".join(names))
        return Query(model, Call(None, "walk", (chain.node, *map(Lit, sorted(set(paths))))), chain.total)

    def aggregating(self, model: str) -> Query:
        """aggregate(), annotate() with and without values() before it."""
        rng = self.rng
        chain = self.chain(model, budget=rng.choice([0, 1, 1]), plain=True)
        if self.chance(0.3):
            terms = tuple((f"a{i}", self.aggregate(model)) for i in range(rng.randint(1, 3)))
            return Query(model, Call(chain.node, "aggregate", (), terms), ordered=True)
        terms = tuple((f"n{i}", self.aggregate(model)) for i in range(rng.choice([1, 1, 2])))
        if self.chance(0.5):
            paths = {self.path(model, deep=1, many=False).text for _ in range(rng.randint(1, 2))}
            chain = chain.call("values", *[Lit(p) for p in sorted(paths)])
            if model in ("Publisher", "Review"):
                chain = chain.call("order_by")
        chain = chain.then("annotate", (), terms)
        if self.chance(0.3):
            chain = chain.then("filter", (), (("n0__gt", Lit(rng.randint(0, 3))),))
        if self.chance(0.2):
            return Query(model, Call(chain.node, "count"), ordered=True)
        if self.chance(0.3):
            chain = chain.call("order_by", Lit(rng.choice(["n0", "-n0"])))
        return Query(model, Call(None, "list", (chain.node,)))

    def aggregate(self, model: str) -> Node:
        name = self.rng.choice(["Count", "Count", "Sum", "Avg", "Min", "Max"])
        kinds = {"Sum": ("int", "float", "decimal"), "Avg": ("int", "float", "decimal")}.get(name)
        path = self.path(model, deep=1)
        while (
            path.kind == "json"
            or (kinds and path.kind not in kinds)
            or (name != "Count" and path.kind in ("relation", "bool", "uuid"))
        ):
            path = self.path(model, deep=1)
        extra: list[tuple[str, Node]] = []
        if name == "Count" and self.chance(0.4):
            extra.append(("distinct", Lit(True)))
        if self.chance(0.15):
            condition = self.condition(model, deep=0, many=False)
            if not IMPOSSIBLE.search(str(condition[1])):  # of no rows at all Django counts NULL
                extra.append(("filter", Call(None, "Q", (), (condition,))))
        return Call(None, name, (Lit(path.text),), tuple(extra))

    # --- writes

    def writing(self) -> Query:
        rng, choice = self.rng, self.rng.random()
        model = rng.choice(BOOK_HEAVY)
        chain = self.chain(model, budget=rng.choice([0, 1, 1, 2]), plain=self.chance(0.9))
        node: Node
        if choice < 0.3:
            values = self.assignments(model)
            if any(name in str(chain.node) for name, _ in values):
                # A condition that reads what the update writes, through a relation to the same table, is
                # answered differently by SQLite depending on the order of the rows.
                chain = Chain(model, Get(Name(model), "objects"))
            node = Call(chain.node, "update", (), values)
        elif choice < 0.5:
            node = Call(chain.node, "delete")
        elif choice < 0.58:
            node = Call(self.instance(model), "delete")
            if model == "Flagship" and self.chance(0.3):
                node = replace(node, kwargs=(("keep_parents", Lit(True)),))
        elif choice < 0.68:
            values = tuple((k, v) for k, v in self.assignments(model) if isinstance(v, Lit))
            if values and self.chance(0.3):
                values = (("save", Lit({"update_fields": [values[0][0]]})), *values)
            held = self.instance(model)
            if TABLES[model].parents and self.chance(0.5):
                # What was not loaded is not written, whichever of its tables it is in.
                base = self.columns_only(Chain(model, Get(Name(model), "objects")))
                held = Call(base.node, "get", (), (("pk", Lit(self.key(model))),))
            node = Call(None, "change", (held,), values)
        elif choice < 0.82:
            node = self.relating()
        elif choice < 0.9:
            values = tuple((k, v) for k, v in self.assignments(model) if isinstance(v, Lit))[:1]
            if model == "Depot":
                # Columns of a second parent Django writes by the keys of the first.
                values = tuple(pair for pair in values if pair[0] not in TABLES["Licence"].columns)
            fields = Lit([k for k, _ in values])
            base = Call(Get(Name(model), "objects"), "order_by", (Lit("pk"),))
            options = Seq(tuple(v for _, v in values for _ in range(1)) or (Lit(1),))
            node = Call(None, "change_many", (base, fields, options)) if values else Call(base, "count")
        else:
            node = self.creating()
        return Query(model, node, ordered=True, writes=True)

    def assignments(self, model: str) -> tuple[tuple[str, Node], ...]:
        rng = self.rng
        told = ("id", "number", "code", "slug", "isbn", *TABLES[model].key)
        names = [n for n in sorted(kinds_of(model)) if n not in told]
        found: dict[str, Node] = {}
        for name in rng.sample(names, rng.randint(1, min(2, len(names)))):
            kind = kinds_of(model)[name]
            column = TABLES[model].columns[name]
            if is_nullable(model, name) and self.chance(0.15):
                found[name] = Lit(None)
            elif kind in ("int", "float") and self.chance(0.3) and column.kind != "PositiveIntegerField":
                found[name] = Bin(rng.choice("+-*"), Call(None, "F", (Lit(name),)), Lit(rng.randint(1, 3)))
            elif column.kind == "PositiveIntegerField":
                found[name] = Lit(rng.randint(0, 9))
            else:
                found[name] = Lit(data.value(rng, kind, column.options.get("max_length", 60)))
        links = [link for link in LINKS[model].values() if link.forward and not link.many]
        if links and self.chance(0.25):
            link = rng.choice(links)
            assert link.column is not None
            if link.column.kind == "ForeignKey" and not link.column.options.get("to_field"):
                found[link.name] = Lit(None) if link.column.null and self.chance(0.3) else self.instance(link.target)
        return tuple(found.items())

    def relating(self) -> Node:
        """add, remove, set and clear through a many-to-many or a reverse key."""
        rng = self.rng
        owner, name = rng.choice(
            [("Book", "tags"), ("Tag", "books"), ("Author", "friends"), ("Author", "edited"), ("Store", "labels"),
             ("Tag", "venues")]
        )  # fmt: skip
        target = LINKS[owner]["edited_book" if name == "edited" else name].target
        manager = Get(self.instance(owner), name)
        members = tuple(self.instance(target) for _ in range(rng.randint(0, 3)))
        keys = Lit([self.key(target) for _ in range(rng.randint(0, 3))])
        match rng.choice(["add", "add", "remove", "set", "clear", "set_keys"]):
            case "add":
                return Call(manager, "add", members)
            case "remove":
                return Call(manager, "remove", members)
            case "set":
                return Call(manager, "set", (Seq(members),))
            case "set_keys" if name != "edited":
                return Call(manager, "set", (keys,))
        return Call(manager, "clear")

    def creating(self) -> Node:
        rng = self.rng
        label = Lit(data.text(rng, 20))
        tags = Get(Name("Tag"), "objects")
        if self.chance(0.3):
            return chapter(self)
        if self.chance(0.35):
            return self.creating_child(label)
        match rng.choice(["create", "get_or_create", "update_or_create", "bulk_create", "ignore", "reverse", "m2m"]):
            case "create":
                return Call(tags, "create", (), (("label", label), ("weight", Lit(data.number(rng)))))
            case "get_or_create":
                defaults = Lit({"weight": data.number(rng)})
                return Call(tags, "get_or_create", (), (("label", label), ("defaults", defaults)))
            case "update_or_create":
                defaults = Lit({"weight": data.number(rng)})
                return Call(tags, "update_or_create", (), (("pk", Lit(self.key("Tag"))), ("defaults", defaults)))
            case "ignore":
                new = Call(None, "Tag", (), (("pk", Lit(self.key("Tag"))), ("label", label)))
                return Call(tags, "bulk_create", (Seq((new,)),), (("ignore_conflicts", Lit(True)),))
            case "reverse":
                text = ("text", Lit(data.text(rng)))
                stars, at = ("stars", Lit(rng.randint(1, 5))), ("at", Lit(data.datetime(rng)))
                return Call(Get(self.instance("Book"), "reviews"), "create", (), (text, stars, at))
            case "m2m":
                return Call(Get(self.instance("Book"), "tags"), "create", (), (("label", label),))
        new_tags = [
            Call(None, "Tag", (), (("label", Lit(data.text(rng, 20))), ("weight", Lit(data.number(rng)))))
            for _ in range(rng.randint(0, 4))
        ]
        return Call(tags, "bulk_create", (Seq(tuple(new_tags)),))

    def creating_child(self, name: Node) -> Node:
        """A row that is spread over tables: new, or made of the row of a parent that is there."""
        rng = self.rng
        model, parent, column = rng.choice(
            [("Store", "Venue", "stock"), ("Flagship", "Store", "floors"), ("Depot", "Licence", "area")]
        )
        rows, number = Get(Name(model), "objects"), Lit(rng.randint(0, 9))
        link = f"{parent.lower()}_ptr"
        ways = ["create", "get_or_create", "update_or_create", "of_parent", "by_key", "raw", "visit", "bulk"]
        match rng.choice(ways):
            case "create":
                return Call(rows, "create", (), (("name", name), (column, number)))
            case "get_or_create":
                value = Lit(self.stored("Store", "name") or "none")
                defaults = Lit({column: rng.randint(0, 9)})
                return Call(rows, "get_or_create", (), (("name", value), ("defaults", defaults)))
            case "update_or_create":
                defaults = Lit({column: rng.randint(0, 9), "name": data.text(rng, 20)})
                return Call(rows, "update_or_create", (), (("pk", Lit(self.key("Venue"))), ("defaults", defaults)))
            case "of_parent":
                new = Call(None, model, (), ((link, self.instance(parent)), ("name", name), (column, number)))
                return Call(new, "save")
            case "by_key":
                way = rng.choice(["id", "pk", f"{link}_id"])
                new = Call(None, model, (), ((way, Lit(self.key("Venue"))), ("name", name), (column, number)))
                return Call(new, "save", (), rng.choice([(), (("force_insert", Lit(True)),)]))
            case "raw":
                new = Call(None, model, (), ((f"{link}_id", Lit(self.key(parent))), (column, number)))
                return Call(new, "save_base", (), (("raw", Lit(True)),))
            case "visit":
                return Call(Get(self.instance(model), "visits"), "create", (), (("note", name),))
        return Call(rows, "bulk_create", (Seq((Call(None, model, (), (("name", name),)),)),))

    # --- mistakes

    def mistaken(self) -> Query:
        """A query that must be refused, or that must find out that there is no such row."""
        rng = self.rng
        model = rng.choice(BOOK_HEAVY)
        base = self.chain(model, budget=rng.choice([0, 1])).node
        link = rng.choice(list(LINKS[model].values()))
        key: Any = self.key(model)

        def filtered(name: str, value: Any) -> Node:
            return Call(base, rng.choice(["filter", "exclude"]), (), ((name, Lit(value)),))

        choices: list[Node] = [
            filtered("nothing", 1),
            filtered("pk__nothing", 1),
            filtered(f"{link.name}__nothing", 1),
            filtered(f"{link.name}__isnull", "yes"),
            filtered("pk__isnull", 1),
            filtered("pk__exact__gt", 1),
            filtered(f"{link.name}__gt__lt", 1),
            filtered("", 1),
            filtered("pk__", 1),
            Call(base, "order_by", (Lit("nothing"),)),
            Call(base, "order_by", (Lit("-" + link.name + "__nothing"),)),
            Call(base, "values", (Lit("nothing"),)),
            Call(base, "values_list", (Lit("pk"), Lit("pk")), (("flat", Lit(True)),)),
            Call(base, "values_list", (Lit("pk"),), (("flat", Lit(True)), ("named", Lit(True)))),
            Call(base, "select_related", (Lit("nothing"),)),
            Call(base, "only", (Lit("nothing"),)),
            Call(Call(base, "values", (Lit("pk"),)), "only", (Lit("pk"),)),
            Index(base, -1),
            Index(base, -3, -1, None, slice=True),
            Index(base, 100_000),
            Call(Index(base, 1, 3, None, slice=True), "filter", (), (("pk", Lit(key)),)),
            Call(Index(base, 1, 3, None, slice=True), "order_by", (Lit("pk"),)),
            Call(Index(base, 1, 3, None, slice=True), "delete"),
            Call(Index(base, 1, 3, None, slice=True), "update", (), (("pk", Lit(key)),)),
            Call(Index(base, 1, 3, None, slice=True), "reverse"),
            Call(base, "get"),
            Call(base, "get", (), (("pk", Lit(None)),)),
            Call(base, "update", (), (("nothing", Lit(1)),)),
            Call(base, "update", (), ((f"{link.name}__pk", Lit(1)),)),
            Call(base, "in_bulk", (), (("field_name", Lit("nothing")),)),
            Call(base, "dates", (Lit("pk"), Lit("year"))),
            Call(base, "distinct", (Lit("pk"),)),
            Call(base, "filter", (), ((link.name, Call(None, link.target)),)),
            Call(base, "filter", (), ((link.name, self.instance("Profile")),)),
            Call(base, "iterator", (), (("chunk_size", Lit(0)),)),
            Call(Get(Name(model), "objects"), "create", (), (("nothing", Lit(1)),)),
            Call(None, model, (), (("nothing", Lit(1)),)),
            Call(base, "prefetch_related", (Lit("nothing"),)),
            Call(base, "filter", (Lit(1),)),
            Call(base, "latest", (Lit("nothing"),)),
        ]
        if model != "Country":
            choices += [filtered("pk", "abc"), filtered("pk__in", ["abc"]), filtered("pk__in", 5)]
        if TABLES[model].key:
            wrong = [(1,), (1, "a", 2), 7, "ab", None]
            choices += [filtered("pk", each) for each in wrong] + [filtered("pk__in", [each]) for each in wrong[:3]]
            choices += [filtered("pk__gt", each) for each in wrong[:3]]
            choices += [
                Call(base, "update", (), (("pk", Lit((1, "z"))),)),
                Call(base, "update", (), (("label", Call(None, "F", (Lit("pk"),))),)),
                Call(base, "aggregate", (), (("a", Call(None, "Max", (Lit("pk"),))),)),
                Call(base, "annotate", (), (("a", Call(None, "Upper", (Lit("pk"),))),)),
            ]
        if model == "Book":
            choices += [
                filtered("pages", "many"), filtered("price", "dear"), filtered("published__year", "soon"),
                filtered("day", "2020-13-40"), filtered("day", "someday"), filtered("published", 5),
                filtered("rating__gt", "high"), filtered("title__in", 3), filtered("pages__range", 3),
                filtered("author__token", "no-uuid"), filtered("author__name__nothing", 3),
                filtered("author__active", "perhaps"), filtered("lasts", "long"), filtered("opens", "25:00"),
                Call(base, "update", (), (("pages", Call(None, "F", (Lit("author__age"),))),)),
                Call(base, "filter", (), (("author__in",
                     Call(Get(Name("Author"), "objects"), "values", (Lit("pk"), Lit("name")))),)),
            ]  # fmt: skip
        node = rng.choice(choices)
        text = str(node)
        evaluated = not isinstance(node, Index) or node.slice
        lazy = isinstance(node, Call) and node.name in (
            "filter", "exclude", "order_by", "values", "values_list", "select_related", "only", "dates",
            "distinct", "iterator", "prefetch_related", "reverse",
        )  # fmt: skip
        if evaluated and lazy:
            node = Call(None, "list", (node,))
        writes = any(word in text for word in (".update(", ".delete(", ".create("))
        return Query(model, node, ordered=False, writes=writes)


def unique(pairs: tuple[tuple[str, Node], ...]) -> tuple[tuple[str, Node], ...]:
    return tuple(dict(pairs).items())


def linking(path: Path) -> bool:
    """Does the path end on a child's key, which is a relation?"""
    return path.name == "pk" and bool(TABLES[path.model].parents)


def is_manager_chain(node: Node) -> bool:
    """Does the chain start at a model's own manager, so that another queryset can be combined with it?"""
    while isinstance(node, (Call, Index)):
        if node.target is None:
            return False
        node = node.target
    return isinstance(node, Get) and isinstance(node.target, Name)
