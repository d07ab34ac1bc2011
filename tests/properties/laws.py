"""Laws that answers obey whatever the rows are, tried on random queries: no other library is needed to judge them.

    python -m tests.properties.laws --count 50000 --seed 1 --backend postgresql
"""

from __future__ import annotations

import argparse
import math
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from tests.properties import data, places, program, queries, schema, sides
from tests.properties.expressions import call, wrapped
from tests.properties.program import Bin, Call, Index, Lit, Node, Not

PER_UNIVERSE = 200


class Broken(AssertionError):
    """A law that did not hold."""


class Court:
    """Tries the laws on the rows of one database."""

    def __init__(self, side: sides.Side) -> None:
        self.side = side
        self.tried: Counter[str] = Counter()
        self.laws: list[Callable[[queries.Writer], None]] = [
            self.a_predicate_splits_rows_in_three,
            self.exclude_is_the_rest_of_filter,
            self.count_is_the_length,
            self.a_union_of_parts_is_the_whole,
            self.values_are_those_of_instances,
            self.a_slice_is_a_slice_of_the_list,
            self.reverse_turns_the_list_round,
            self.aggregates_are_computed_from_the_values,
            self.a_subquery_finds_the_same_rows,
            self.annotations_change_no_rows,
            self.windows_number_the_rows,
            self.groups_add_up,
            self.relations_are_what_their_columns_say,
            self.links_are_seen_from_both_sides,
            self.a_query_met_again_is_not_planned_again,
        ]

    def run(self, node: Node) -> Any:
        """The answer to a query; an error is one that the query itself is to blame for."""
        return program.run(node, self.side.names)

    def keys(self, node: Node) -> list[Any]:
        found: list[Any] = list(self.run(Call(Call(node, "order_by"), "values_list", (Lit("pk"),), FLAT)))
        return found

    def same(self, law: str, left: Any, right: Any, *nodes: Node) -> None:
        self.tried[law] += 1
        if left != right:
            lines = "\n  ".join(map(str, nodes))
            raise Broken(f"{law}: {left!r} is not {right!r}\n  {lines}")

    # --- the laws

    def a_predicate_splits_rows_in_three(self, writer: queries.Writer) -> None:
        chain = self.rows(writer)
        truth = wrapped(self.condition(writer, chain.model), "bool")
        named = chain.then("annotate", (), (("t", truth),))
        parts = [
            self.keys(named.then("filter", (), ((name, Lit(value)),)).node)
            for name, value in (("t", True), ("t", False), ("t__isnull", True))
        ]
        found, whole = sorted(key for part in parts for key in part), sorted(self.keys(chain.node))
        self.same("true, false and null make the whole", found, whole, named.node)

    def exclude_is_the_rest_of_filter(self, writer: queries.Writer) -> None:
        chain = self.rows(writer)
        # Along a relation to many, filter() asks for one row that meets all of it and exclude() for none that
        # meets any part.
        condition = self.condition(writer, chain.model)
        while writer.chance(0.5):
            other = self.condition(writer, chain.model)
            condition = Bin(writer.rng.choice("&|"), condition, Not(other) if writer.chance(0.3) else other)
        yes = set(self.keys(chain.then("filter", (condition,)).node))
        no = set(self.keys(chain.then("exclude", (condition,)).node))
        whole = set(self.keys(chain.node))
        self.same("filter and exclude share no row", yes & no, set(), chain.node, condition)
        self.same("filter and exclude miss no row", yes | no, whole, chain.node, condition)
        twice = set(self.keys(chain.then("filter", (Not(Not(condition)),)).node))
        self.same("two negations are none", twice, yes, chain.node, condition)

    def count_is_the_length(self, writer: queries.Writer) -> None:
        chain = writer.chain(self.model(writer), budget=2)
        if chain.multiplied:
            return  # an order along a relation to many repeats rows, and counting needs no order
        if writer.chance(0.5):
            named = writer.composer.annotations(chain.model)
            chain = chain.then("annotate", (), tuple((name, node) for name, (node, _) in named.items()))
            for name, (_, kind) in named.items():
                chain = chain.then("filter", (), (writer.composer.comparison(name, kind),))
        rows = self.run(call("list", chain.node))
        self.same("count is the length", self.run(Call(chain.node, "count")), len(rows), chain.node)
        self.same("exists is whether there are any", self.run(Call(chain.node, "exists")), bool(rows), chain.node)

    def a_union_of_parts_is_the_whole(self, writer: queries.Writer) -> None:
        chain = self.rows(writer)
        condition = self.condition(writer, chain.model)
        truth = (("t", wrapped(condition, "bool")),)
        chain = chain.call("order_by")  # an order by what is not selected has no meaning in a union
        named = chain.then("alias", (), truth)
        parts = [
            named.then("filter", (), ((name, Lit(value)),)).call("values_list", Lit("pk")).node
            for name, value in (("t", True), ("t", False), ("t__isnull", True))
        ]
        union = Call(parts[0], "union", tuple(parts[1:]))
        whole = set(self.keys(chain.node))
        self.same("a union of parts is the whole", {key for (key,) in self.run(call("list", union))}, whole, union)
        self.same("its count too", self.run(Call(union, "count")), len(whole), union)
        left = chain.call("values_list", Lit("pk")).node
        rest = Call(left, "difference", (parts[0],))
        others = {key for (key,) in self.run(call("list", rest))}
        true = {key for (key,) in self.run(call("list", parts[0]))}
        self.same("a difference is what is left", others, whole - true, rest)
        both = Call(left, "intersection", (parts[0],))
        self.same("an intersection is in both", {key for (key,) in self.run(call("list", both))}, true, both)

    def values_are_those_of_instances(self, writer: queries.Writer) -> None:
        chain = self.rows(writer)
        named = writer.composer.annotations(chain.model)
        chain = chain.then("annotate", (), tuple((name, node) for name, (node, _) in named.items()))
        chain = chain.call("order_by", Lit("pk"))
        names = [*writer.kinds(chain.model), *named]
        instances = self.run(call("list", chain.node))
        dicts = self.run(call("list", Call(chain.node, "values", tuple(map(Lit, names)))))
        expected = [{name: getattr(instance, name) for name in names} for instance in instances]
        self.same("values are those of instances", sides.normalised(dicts), sides.normalised(expected), chain.node)
        rows = self.run(call("list", Call(chain.node, "values_list", tuple(map(Lit, names)))))
        tuples = [tuple(row.values()) for row in dicts]
        self.same("tuples are dicts without names", sides.normalised(rows), sides.normalised(tuples), chain.node)

    def a_slice_is_a_slice_of_the_list(self, writer: queries.Writer) -> None:
        chain = self.ordered(writer)
        rows = self.run(call("list", chain.node))
        low, high = writer.rng.randint(0, 4), writer.rng.randint(4, 9)
        cut = Index(chain.node, low, high, slice=True)
        self.same("a slice is a slice of the list", self.run(call("list", cut)), rows[low:high], cut)
        self.same("the count of a slice is its length", self.run(Call(cut, "count")), len(rows[low:high]), cut)
        inner = Index(cut, 1, 3, slice=True)
        self.same("a slice of a slice", self.run(call("list", inner)), rows[low:high][1:3], inner)

    def reverse_turns_the_list_round(self, writer: queries.Writer) -> None:
        chain = self.ordered(writer)
        rows = self.run(call("list", chain.node))
        turned = chain.call("reverse").node
        self.same("reverse turns the list round", self.run(call("list", turned)), rows[::-1], turned)
        first, last = self.run(Call(chain.node, "first")), self.run(Call(chain.node, "last"))
        ends = (rows[0], rows[-1]) if rows else (None, None)
        self.same("first and last are the ends", (first, last), ends, chain.node)

    def aggregates_are_computed_from_the_values(self, writer: queries.Writer) -> None:
        chain = self.rows(writer)
        kind = writer.rng.choice(["int", "float", "decimal", "date"])
        expression = writer.composer.expression(chain.model, kind, 1)
        named = chain.then("annotate", (), (("x", expression),)).node
        values = self.run(Call(named, "values_list", (Lit("x"),), FLAT))
        present = [value for value in values if value is not None]
        terms = {"n": call("Count", Lit("x")), "low": call("Min", Lit("x")), "high": call("Max", Lit("x"))}
        expected = {"n": len(present), "low": min(present, default=None), "high": max(present, default=None)}
        if kind in ("int", "float"):
            terms["sum"] = call("Sum", Lit("x"))
            expected["sum"] = math.fsum(present) if present else None
        found = self.run(Call(named, "aggregate", (), tuple(terms.items())))
        self.same("aggregates are computed from the values", rounded(found), rounded(expected), named)

    def a_subquery_finds_the_same_rows(self, writer: queries.Writer) -> None:
        chain = writer.chain(self.model(writer), budget=2, plain=True)
        keys = set(self.keys(chain.node))
        model = queries.Get(queries.Name(chain.model), "objects")
        inside = Call(model, "filter", (), (("pk__in", chain.node),))
        self.same("rows are in their own query", set(self.keys(inside)), keys, inside)
        outer = Call(chain.node, "filter", (), (("pk", call("OuterRef", Lit("pk"))),))
        exists = Call(model, "filter", (call("Exists", outer),))
        self.same("rows exist in their own query", set(self.keys(exists)), keys, exists)

    def annotations_change_no_rows(self, writer: queries.Writer) -> None:
        chain = self.rows(writer)
        named = writer.composer.annotations(chain.model)
        if writer.chance(0.4):
            named["s"] = (writer.composer.single(chain.model), "int")
        if writer.chance(0.4):
            named["c"] = (call("Count", Lit(writer.path(chain.model, deep=1).text)), "int")
        annotated = chain.then("annotate", (), tuple((name, node) for name, (node, _) in named.items()))
        before, after = sorted(self.keys(chain.node)), sorted(self.keys(annotated.node))
        self.same("annotations change no rows", after, before, annotated.node)

    def windows_number_the_rows(self, writer: queries.Writer) -> None:
        chain = self.rows(writer)
        window = call("Window", call("RowNumber"), order_by=call("F", Lit("pk")))
        numbered = chain.then("annotate", (), (("w", window),))
        rows = sorted(self.run(call("list", numbered.call("values_list", Lit("pk"), Lit("w")).node)))
        self.same("rows are numbered in order", [n for _, n in rows], list(range(1, len(rows) + 1)), numbered.node)
        few = numbered.then("filter", (), (("w__lte", Lit(3)),))
        self.same("the first of them", sorted(self.keys(few.node)), [key for key, _ in rows[:3]], few.node)

    def groups_add_up(self, writer: queries.Writer) -> None:
        chain = self.rows(writer)
        kind = writer.rng.choice(["int", "text", "date", "bool"])
        key = writer.composer.expression(chain.model, kind, 1)
        if "F(" not in str(key) or "Case" in str(key):
            return  # rows grouped by a constant, as which a CASE may turn out, are one group even without rows
        groups = chain.call("order_by").then("annotate", (), (("k", key),)).call("values", Lit("k"))
        counted = groups.then("annotate", (), (("n", call("Count", Lit("pk"))),))
        rows = self.run(call("list", counted.node))
        whole = self.run(Call(chain.node, "count"))
        self.same("groups add up to all rows", sum(row["n"] for row in rows), whole, counted.node)
        distinct = groups.call("distinct").node
        self.same("there is one group a value", len(rows), self.run(Call(distinct, "count")), counted.node, distinct)

    def relations_are_what_their_columns_say(self, writer: queries.Writer) -> None:
        name = writer.rng.choice(["shelf", "spare", "near"])
        columns = (name, "room" if name == "near" else f"{name}_room", f"{name}_place", f"{name}__label")
        parcels = queries.Get(queries.Name("Parcel"), "objects")
        rows = self.run(call("list", Call(parcels, "values_list", tuple(map(Lit, ("pk", *columns))))))
        self.same("a relation is its columns", [row[1] for row in rows], [row[2:4] for row in rows], parcels)
        key = writer.key("Shelf")
        if key[0] is None:
            return
        referring = {row[0] for row in rows if row[1] == tuple(key)}
        equal, among = Call(parcels, "filter", (), ((name, Lit(key)),)), Lit([key, (99, "z")])
        self.same("filter finds what refers", set(self.keys(equal)), referring, equal)
        inside = Call(parcels, "filter", (), ((f"{name}__in", among),))
        self.same("in finds what refers", set(self.keys(inside)), referring, inside)
        others = Call(parcels, "exclude", (), ((name, Lit(key)),))
        self.same("exclude finds the rest", set(self.keys(others)), {row[0] for row in rows} - referring, others)
        nothing = Call(parcels, "filter", (), ((name, Lit(None)),))
        alone = {row[0] for row in rows if None in row[2:4]}
        self.same("None finds what refers to nothing", set(self.keys(nothing)), alone, nothing)
        accessor = {"shelf": "parcels", "spare": "spared", "near": "nearby"}[name]
        shelves = queries.Get(queries.Name("Shelf"), "objects")
        counted = Call(shelves, "annotate", (), (("n", call("Count", Lit(accessor))),))
        found = self.run(call("list", Call(counted, "values_list", (Lit("pk"), Lit("n")))))
        expected = Counter(row[1] for row in rows)
        self.same("shelves count what refers", dict(found), {pk: expected[pk] for pk, _ in found}, counted)
        held = self.run(call("list", Call(shelves, "prefetch_related", (Lit(accessor),))))
        groups = {shelf.pk: {parcel.pk for parcel in getattr(shelf, accessor).all()} for shelf in held}
        whole = {shelf.pk: {row[0] for row in rows if row[1] == shelf.pk} for shelf in held}
        self.same("prefetched are those that refer", groups, whole, shelves)
        for way in ("select_related", "prefetch_related"):
            loaded = self.run(call("list", Call(parcels, way, (Lit(name),))))
            labels = {parcel.pk: getattr(getattr(parcel, name), "label", None) for parcel in loaded}
            self.same(f"{way} finds the row", labels, {row[0]: row[4] for row in rows}, parcels)

    def links_are_seen_from_both_sides(self, writer: queries.Writer) -> None:
        links = set(self.run(call("list", Call(queries.Get(queries.Name("Parcel"), "objects"), "values_list",
                                               (Lit("pk"), Lit("former"))))))  # fmt: skip
        links = {(parcel, shelf) for parcel, shelf in links if None not in shelf}
        for model, accessor, turned in (("Parcel", "former", False), ("Shelf", "once", True)):
            rows = self.run(call("list", Call(queries.Get(queries.Name(model), "objects"), "prefetch_related",
                                              (Lit(accessor),))))  # fmt: skip
            found = {(row.pk, other.pk) for row in rows for other in getattr(row, accessor).all()}
            self.same("links are seen from both sides", {(b, a) if turned else (a, b) for a, b in found}, links)
            for row in rows:
                mine = {other.pk for other in getattr(row, accessor).order_by("pk")}
                self.same("a manager finds them one by one", mine, {b for a, b in found if a == row.pk})

    def a_query_met_again_is_not_planned_again(self, writer: queries.Writer) -> None:
        from rowsmith.query.shape import cache

        query = writer.composer.query()
        if query.writes:
            return
        first = self.side.run(query.node, False)
        if isinstance(first, sides.Failure):
            return
        before = cache.info()
        again = self.side.run(query.node, False)
        if query.ordered or not isinstance(first, list):
            self.same("asked again, the same answer", again, first, query.node)
        after = cache.info()
        if not one_of_a_kind(query.node) and after.sweeps == before.sweeps:
            self.same("a query met again is not planned again", after.planned, before.planned, query.node)

    # --- random rows

    def model(self, writer: queries.Writer) -> str:
        return writer.rng.choice([*queries.BOOK_HEAVY, "Parcel", "Parcel"])

    def rows(self, writer: queries.Writer) -> queries.Chain:
        """Rows of a model, each at most once."""
        model = self.model(writer)
        chain = queries.Chain(model, Call(queries.Get(queries.Name(model), "objects"), "all"))
        if writer.chance(0.6):
            condition = self.condition(writer, model)
            chain = chain.then(writer.rng.choice(["filter", "exclude"]), (condition,))
        return chain

    def condition(self, writer: queries.Writer, model: str) -> Node:
        """A condition that compares with plain values only, and along relations to one.

        Two columns of which one is NULL are neither equal nor different, and nothing is known to be outside of a
        subquery with a NULL in it.
        """
        while True:
            found = writer.composer.own_condition(model)
            if not re.search(r"F\(|objects", str(found)):
                return found

    def ordered(self, writer: queries.Writer) -> queries.Chain:
        chain = self.rows(writer)
        path = writer.path(chain.model, deep=1, many=False, relation_end=False)
        names = [] if path.kind == "json" else [Lit(writer.rng.choice(["", "-"]) + path.text)]
        return chain.call("order_by", *names, Lit(writer.rng.choice(["pk", "-pk"])))


FLAT = (("flat", Lit(True)),)


def one_of_a_kind(node: Node) -> bool:
    """Does the query hold a value that no other query of its shape could stand for?"""
    text = str(node)
    return "__in" in text or "9223372036854775" in text or "1267650600228229401496703205376" in text


def rounded(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: f"{value + 0.0:.9g}" if isinstance(value, float) else value for name, value in answer.items()} | {
        name: f"{float(answer[name]) + 0.0:.9g}" for name in ("sum",) if answer.get(name) is not None
    }


def run(
    place: places.Place, count: int, seed: int, *, only: int | None = None, stop_after: int = 10, progress: bool = False
) -> tuple[Court, list[str]]:
    """Try laws on `count` random queries; what was broken."""
    import rowsmith

    schema.extend()
    side = sides.Rowsmith(place)
    rowsmith.create_tables(*side.models.values())
    court = Court(side)
    broken: list[str] = []
    rows: dict[str, list[data.Row]] = {}
    started = time.perf_counter()
    try:
        for i in range(count) if only is None else [only]:
            if i % PER_UNIVERSE == 0 or not rows:
                rows = data.universe(f"{seed} {i // PER_UNIVERSE}")
                side.fill(rows)
            writer = queries.Writer(f"{seed} {i}", rows, aggregates=True, single=True)
            law = writer.rng.choice(court.laws)
            try:
                law(writer)
            except Exception as error:
                if forgivable(error):
                    continue
                broken.append(f"--- {i} of seed {seed}, {law.__name__}: {type(error).__name__}: {error}")
                if progress:
                    print(broken[-1], flush=True)
                if len(broken) >= stop_after:
                    break
            if progress and i % 5000 == 4999:
                print(f"{i + 1} tried, {len(broken)} broken, {time.perf_counter() - started:.0f} s", flush=True)
    finally:
        side.close()
    return court, broken


def forgivable(error: Exception) -> bool:
    """Did the database refuse what a random expression computes, such as a number that is too large?"""
    names = {kind.__name__ for kind in type(error).__mro__}
    if re.search("parser stack overflow|double precision %", str(error)):
        return True  # the depth of SQLite's parser is a limit that is told; PostgreSQL has no % for floats
    return not isinstance(error, Broken) and bool(
        names & {"DataError", "OverflowError", "NotSupportedError", "ObjectDoesNotExist"}
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.properties.laws", description=__doc__)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--backend", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--server", metavar="URL", help="a PostgreSQL server; one is started without it")
    parser.add_argument("--only", type=int, metavar="I", help="this one alone")
    parser.add_argument("--stop-after", type=int, default=10, metavar="N")
    options = parser.parse_args(arguments)
    with places.sqlite() if options.backend == "sqlite" else places.postgresql(options.server) as place:
        court, broken = run(
            place, options.count, options.seed, only=options.only, stop_after=options.stop_after, progress=True
        )
    for law, times in sorted(court.tried.items()):
        print(f"{times:8d} x {law}")
    print(f"{options.count} queries of seed {options.seed} ({place.version}): {len(broken)} laws broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
