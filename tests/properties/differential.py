"""The same random queries asked of rowsmith and of Django, on one SQLite file, and the answers compared.

    python -m tests.properties.differential --count 20000 --seed 1

A mismatch is printed as Python, with the SQL and the answer of both, after what does not matter was cut away.
Query i of seed s is the same on every machine; `--only i` runs it alone.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.properties import data, places, program, queries, sides

PER_UNIVERSE = 100

# Errors of the oracle that it does not promise: the database refused what the library had let through.
STUMBLES = {
    "OperationalError", "ProgrammingError", "DatabaseError", "InterfaceError", "DataError", "OverflowError",
    "RecursionError", "AssertionError", "NotImplementedError", "UnboundLocalError", "KeyError", "ImportError",
    "FullResultSet", "EmptyResultSet",
}  # fmt: skip

# Errors of the oracle where there is an answer. It wants to be told the type of CharField beside TextField, of two
# sizes of integer, and of what is not read; the condition of its FilteredRelation takes no queryset; and it looks for
# the first day of years that no row can have; its many-to-many managers have no reverse(); and names of rows cannot
# begin with an underscore. The key of a child, which is a relation, takes no range there. Relations of several columns
# are no expressions to it, and lose their values inside of other queries.
TOLD = re.compile(
    "mixed types|Cannot infer type|within a FilteredRelation|[Yy]ear .*out of range|not callable"
    "|Unsupported lookup 'range' for OneToOneField|cannot start with an underscore"
    r"|multi-column subqueries|multicolumn fields with F|lookup of '\w+' must have 2 elements|support item assignment"
    r"|ExpressionList expression does not support composite|COUNT\(DISTINCT\) doesn't support composite"
)

FAMILIES = [
    {"FieldError", "TypeError", "ValueError", "ValidationError", "FieldDoesNotExist", "AttributeError"},
    {"ObjectDoesNotExist"},
    {"MultipleObjectsReturned"},
    {"NotSupportedError"},
    {"IntegrityError"},
    {"IndexError"},
]


@dataclass
class Tally:
    """What a run saw."""

    compared: int = 0
    errors: int = 0
    stumbles: int = 0
    contradictions: list[str] = field(default_factory=list)
    refused: int = 0
    told: int = 0
    mistakes: list[str] = field(default_factory=list)
    softer: Counter[str] = field(default_factory=Counter)
    mismatches: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)


def verdict(query: queries.Query, expected: Any, found: Any, tally: Tally | None = None) -> str | None:
    """Why the answers differ, or None when they agree."""
    tally = tally or Tally()
    match expected, found:
        case sides.Failure(), sides.Failure():
            if expected.kind in STUMBLES:
                tally.stumbles += 1
                return None
            if TOLD.search(expected.message):
                tally.told += 1
                return None
            tally.errors += 1
            if expected.kind in found.ancestors:
                return None
            for family in FAMILIES:
                if family.intersection(expected.ancestors) and family.intersection(found.ancestors):
                    tally.softer[f"{expected.kind} there, {found.kind} here"] += 1
                    return None
            return f"errors of different families: {expected.kind} there, {found.kind} here"
        case sides.Failure(), _:
            if expected.kind in STUMBLES:
                tally.stumbles += 1
                return None
            if TOLD.search(expected.message):
                tally.told += 1
                return None
            if "both deferred and traversed" in expected.message and found == []:
                tally.told += 1  # what is known to have no rows is not planned
                return None
            return f"{expected.kind} there, an answer here"
        case _, sides.Failure():
            return f"an answer there, {found.kind} here"
    if "<NotImplementedType>" in str(expected):
        tally.stumbles += 1  # a default of its own has slipped out
        return None
    if query.writes and isinstance(expected, tuple) and isinstance(found, tuple):
        if expected[1] != found[1]:
            return "different rows stored"
        expected, found = expected[0], found[0]
    if not query.ordered and isinstance(expected, list) and isinstance(found, list):
        expected, found = sorted(expected, key=repr), sorted(found, key=repr)
    return None if expected == found else "different answers"


def compare(query: queries.Query, oracle: sides.Side, subject: sides.Side, tally: Tally | None = None) -> str | None:
    return verdict(query, oracle.run(query.node, query.writes), subject.run(query.node, query.writes), tally)


def contradicts_itself(query: queries.Query, oracle: sides.Side, subject: sides.Side) -> bool:
    """Does the oracle answer two spellings of the query differently, while the subject answers all alike?

    Then the oracle is no judge of it, provided that the subject's answer is one of the oracle's.
    """
    spellings = [replace(query, node=node) for node in program.same(query.node)]
    mine = subject.run(query.node, query.writes)
    if any(verdict(query, mine, subject.run(other.node, query.writes)) for other in spellings):
        return False
    answers = [oracle.run(other.node, query.writes) for other in spellings]
    return any(verdict(query, answer, mine) is None for answer in answers)


def refused_earlier(reason: str, query: queries.Query, oracle: sides.Side) -> bool:
    """Did rowsmith refuse a wrong value at the call, which Django never looks at because nothing can match anyhow?"""
    refused = re.match(r"an answer there, (InvalidValue|ValueError|TypeError|UnknownName) here", reason)
    return refused is not None and not oracle.statements(query.node, query.writes)


def family_of(reason: str) -> str:
    return reason.split(":")[0]


def shrink(
    query: queries.Query, reason: str, oracle: sides.Side, subject: sides.Side, tries: int = 400
) -> queries.Query:
    """The smallest query, by cutting parts away, on which the two still differ in the same way."""
    progress = True
    while progress and tries > 0:
        progress = False
        for node in program.smaller(query.node):
            tries -= 1
            if tries <= 0:
                break
            candidate = replace(query, node=node)
            try:
                # Without the order that decides a slice the database may choose: such a cut proves nothing.
                if "order_by" in str(query) and "order_by" not in str(candidate) and "[" in str(candidate):
                    continue
                again = compare(candidate, oracle, subject)
            except Exception:
                continue
            if again is not None and family_of(again) == family_of(reason):
                query, progress = candidate, True
                break
    return query


def describe(
    label: str,
    query: queries.Query,
    reason: str,
    oracle: sides.Side,
    subject: sides.Side,
    whole: queries.Query,
) -> str:
    lines = [f"--- {label}: {reason}", str(query)]
    if whole != query:
        lines.append(f"cut from: {whole}")
    for side in (oracle, subject):
        lines.append(f"  {side.name}:")
        try:
            sent = side.statements(query.node, query.writes)
            lines += [f"    {sql}" for sql in sent if not re.search(r"sqlite_master|pragma_table_info|quote\(", sql)]
        except Exception as error:
            lines.append(f"    (no SQL: {error})")
        answer = side.run(query.node, query.writes)
        if query.writes and isinstance(answer, tuple):
            answer = answer[0]  # which rows differ is told below
        lines.append(f"    -> {clipped(answer)}")
    expected, found = (side.run(query.node, query.writes) for side in (oracle, subject))
    lines += [f"  {line}" for line in difference(expected, found)]
    return "\n".join(lines)


def clipped(answer: Any, limit: int = 1500) -> str:
    text = str(answer)
    return text if len(text) <= limit else f"{text[:limit]} ... ({len(text)} characters)"


def difference(expected: Any, found: Any, where: str = "answer") -> Iterator[str]:
    """Where two answers part, as a few lines."""
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield f"{where}: {len(expected)} there, {len(found)} here"
        only_there = [item for item in expected if item not in found]
        only_here = [item for item in found if item not in expected]
        yield from (f"{where}, only there: {clipped(item, 300)}" for item in only_there[:3])
        yield from (f"{where}, only here: {clipped(item, 300)}" for item in only_here[:3])
    elif isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted({*expected, *found}, key=str):
            if expected.get(key) != found.get(key):
                yield from difference(expected.get(key), found.get(key), f"{where}[{key!r}]")
    elif isinstance(expected, tuple) and isinstance(found, tuple) and len(expected) == len(found):
        for i, (a, b) in enumerate(zip(expected, found, strict=True)):
            if a != b:
                yield from difference(a, b, f"{where}[{i}]")
    elif expected != found:
        yield f"{where}: {clipped(expected, 200)} there, {clipped(found, 200)} here"


def run(
    place: places.Place,
    count: int,
    seed: int,
    *,
    subject_name: str = "rowsmith",
    only: int | None = None,
    aggregates: bool = True,
    expressions: float = 0.5,
    stop_after: int = 10,
    cut: bool = True,
    progress: bool = False,
) -> Tally:
    """Ask `count` random queries of both; the tally holds what differed."""
    tally = Tally()
    oracle = sides.Django(place)
    oracle.create_tables()
    subject: sides.Side
    subject = sides.Rowsmith(place) if subject_name == "rowsmith" else sides.ReversedDjango(place)
    try:
        rows: dict[str, list[data.Row]] = {}
        started = time.perf_counter()
        for i in range(count) if only is None else [only]:
            if i % PER_UNIVERSE == 0 or not rows:
                rows = data.universe(f"{seed} {i // PER_UNIVERSE}")
                oracle.fill(rows)
            query = queries.Writer(f"{seed} {i}", rows, aggregates=aggregates, expressions=expressions).query()
            tally.compared += 1
            reason = compare(query, oracle, subject, tally)
            if reason is not None and oracle.mistakes(query.model, query.node, query.writes):
                tally.mistakes.append(str(query))
            elif reason is not None and refused_earlier(reason, query, oracle):
                tally.refused += 1
            elif reason is not None and contradicts_itself(query, oracle, subject):
                tally.contradictions.append(str(query))
            elif reason is not None:
                small = shrink(query, reason, oracle, subject) if cut else query
                if small is not query and contradicts_itself(small, oracle, subject):
                    # What remains of the mismatch once everything else is cut away is Django's own.
                    tally.contradictions.append(str(small))
                    continue
                label = f"query {i} of seed {seed}"
                tally.mismatches.append(describe(label, small, reason, oracle, subject, query))
                tally.kinds[reason] += 1
                if progress:
                    print(tally.mismatches[-1], flush=True)
                if len(tally.mismatches) >= stop_after:
                    break
            if progress and tally.compared % 1000 == 0:
                seconds = time.perf_counter() - started
                print(
                    f"{tally.compared} queries, {len(tally.mismatches)} mismatches, {seconds:.0f} s",
                    flush=True,
                )
    finally:
        oracle.close()
        subject.close()
    return tally


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.properties.differential", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--backend", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--server", metavar="URL", help="a PostgreSQL server; one is started without it")
    parser.add_argument("--only", type=int, metavar="I", help="this query alone")
    parser.add_argument("--stop-after", type=int, default=10, metavar="N", help="mismatches to see before stopping")
    parser.add_argument("--no-aggregates", action="store_true", help="leave out annotate() and aggregate()")
    parser.add_argument(
        "--expressions", type=float, default=0.5, metavar="SHARE", help="how many queries are made of expressions"
    )
    parser.add_argument("--no-shrink", action="store_true", help="print mismatches as they were found")
    parser.add_argument("--contradictions", action="store_true", help="print where Django contradicts itself")
    parser.add_argument(
        "--self-check",
        action="store_true",
        help="Django beside Django with unordered rows reversed: shows queries whose answer is not decided",
    )
    options = parser.parse_args(arguments)
    with places.sqlite() if options.backend == "sqlite" else places.postgresql(options.server) as place:
        version = place.version
        tally = run_with(place, options)
    if options.contradictions:
        print("\n".join(tally.contradictions))
    for words, times in tally.softer.most_common():
        print(f"{times:6d} x {words}")
    print(
        f"{tally.compared} queries of seed {options.seed} ({version}): "
        f"{len(tally.mismatches)} mismatches, {tally.errors} agreed errors, "
        f"{tally.stumbles} on which Django itself stumbled, "
        f"{len(tally.contradictions)} on which it contradicts itself, "
        f"{len(tally.mistakes)} with its known mistake, {tally.refused} refused earlier, "
        f"{tally.told} answered without the output_field that Django asks for"
    )
    return 1 if tally.mismatches else 0


def run_with(place: places.Place, options: argparse.Namespace) -> Tally:
    return run(
        place,
        options.count,
        options.seed,
        subject_name="django" if options.self_check else "rowsmith",
        only=options.only,
        aggregates=not options.no_aggregates,
        expressions=options.expressions,
        stop_after=options.stop_after,
        cut=not options.no_shrink,
        progress=True,
    )


if __name__ == "__main__":
    sys.exit(main())
