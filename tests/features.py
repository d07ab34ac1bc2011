"""Which rows of the feature checklist the tests name, as a pytest plugin and as a command.

A test says what it proves with `@pytest.mark.feature("Q-041")`; an id that docs/features.md does not have is
an error at collection. `python -m tests.features` prints the rows that no test names, by section, and totals.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKLIST = Path(__file__).resolve().parent.parent / "docs" / "features.md"

ROW = re.compile(r"^- ([A-Z]+-\d+) (?:\[([SD])\] )?(.*)$")
SECTION = re.compile(r"^## (\d+\. .*)$")


@dataclass(frozen=True, slots=True)
class Row:
    """One behaviour of the checklist. `mark` is "S" (core), "D" (newer) or "" (rowsmith's own)."""

    id: str
    mark: str
    text: str
    section: str


def read_rows(text: str) -> Iterator[Row]:
    section = ""
    for line in text.splitlines():
        if heading := SECTION.match(line):
            section = heading[1]
        elif row := ROW.match(line):
            yield Row(row[1], row[2] or "", row[3], section)


def load_rows() -> dict[str, Row]:
    return {row.id: row for row in read_rows(CHECKLIST.read_text(encoding="utf-8"))}


def named_by(item: pytest.Item) -> Iterator[str]:
    for marker in item.iter_markers("feature"):
        yield from marker.args


def unknown_id(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{name!r} is no row of docs/features.md.{hint}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse marks that name no row, so that a typing error cannot pass for coverage."""
    rows = load_rows()
    wrong = {
        f"{item.nodeid}: {unknown_id(name, rows)}"
        for item in items
        for name in named_by(item)
        if name not in rows
    }
    if wrong:
        raise pytest.UsageError("\n".join(sorted(wrong)))


class Collector:
    """Remembers which tests name which row, while pytest collects without running."""

    def __init__(self) -> None:
        self.tests: dict[str, list[str]] = defaultdict(list)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            for name in named_by(item):
                self.tests[name].append(item.nodeid)


def collect(paths: Sequence[str]) -> dict[str, list[str]]:
    """Which tests name each row. Raises SystemExit with pytest's own words when collecting fails."""
    collector = Collector()
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main(["--collect-only", "-qq", *paths], plugins=[collector])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise SystemExit(f"The tests could not be collected.\n{said.getvalue()}")
    return collector.tests


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:5.1f} %" if whole else "      -"


def report(
    rows: dict[str, Row], tests: dict[str, list[str]], section: str | None, summary: bool
) -> Iterator[str]:
    by_section: dict[str, list[Row]] = defaultdict(list)
    for row in rows.values():
        if section is None or row.section.startswith(f"{section}.") or row.id.startswith(f"{section}-"):
            by_section[row.section].append(row)
    shown = [row for group in by_section.values() for row in group]
    if not summary:
        for title, group in by_section.items():
            missing = [row for row in group if row.id not in tests]
            if missing:
                yield f"\n{title}: {len(missing)} of {len(group)} rows have no test"
                for row in missing:
                    yield f"  {row.id:<6} {f'[{row.mark}]' if row.mark else '   '} {row.text}"
        yield ""
    yield f"{'section':<56} {'rows':>5} {'named':>6} {'share':>8}"
    for title, group in by_section.items():
        named = sum(row.id in tests for row in group)
        yield f"{title[:56]:<56} {len(group):>5} {named:>6} {percent(named, len(group)):>8}"
    for label, mark in (("core rows [S]", "S"), ("newer rows [D]", "D")):
        marked = [row for row in shown if row.mark == mark]
        named = sum(row.id in tests for row in marked)
        yield f"{label:<56} {len(marked):>5} {named:>6} {percent(named, len(marked)):>8}"
    named = sum(row.id in tests for row in shown)
    yield f"{'all rows':<56} {len(shown):>5} {named:>6} {percent(named, len(shown)):>8}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.features", description=__doc__.splitlines()[0])
    parser.add_argument("--section", help="only this section: its number, or the letters of its ids (Q)")
    parser.add_argument("--summary", action="store_true", help="only the totals")
    parser.add_argument("--tests", metavar="ID", help="the tests that name this row")
    parser.add_argument("paths", nargs="*", default=["tests"])
    options = parser.parse_args(arguments)
    rows = load_rows()
    if options.tests and options.tests not in rows:
        parser.error(unknown_id(options.tests, rows))
    tests = collect(options.paths)
    if options.tests:
        row = rows[options.tests]
        print(f"{row.id} {row.text}")
        print("\n".join(f"  {test}" for test in tests.get(row.id, ["no test"])))
        return 0
    print("\n".join(report(rows, tests, options.section, options.summary)).lstrip("\n"))
    return 0


if __name__ == "__main__":
    # Under its own name: pytest registers this file as a plugin and must not get a second copy.
    from tests import features

    sys.exit(features.main())
