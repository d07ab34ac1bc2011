"""`python -m examples.flights`: load a year of flights and take the tour, in sync and in async.

Without DATABASE_URL the flights go into a SQLite file in a temporary folder.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import rowsmith
from examples.flights import load, show, tour


def visit(console: Console) -> dict[str, Any]:
    """Every stop in turn, in sync."""
    connection = rowsmith.connections["default"]
    answers = {}
    for number, stop in enumerate(tour.STOPS, 1):
        connection.force_debug_cursor = True
        connection.queries_log.clear()
        started = time.perf_counter()
        found = tour.answer(stop)
        seconds = time.perf_counter() - started
        sql = show.statements(list(connection.queries))
        connection.force_debug_cursor = False
        show.show(console, number, stop, found, sql, seconds)
        answers[stop.name] = tour.plain(stop, found)
    return answers


async def avisit(console: Console, expected: dict[str, Any]) -> bool:
    """Every stop at once, in async; True when all answers are those of the first tour."""
    table = Table(header_style="bold")
    for title, justify in (("stop", "left"), ("ms", "right"), ("same answer", "left")):
        table.add_column(title, justify=justify)  # type: ignore[arg-type]

    async def timed(stop: tour.Stop) -> tuple[Any, float]:
        started = time.perf_counter()
        found = await tour.aanswer(stop)
        return found, time.perf_counter() - started

    started = time.perf_counter()
    found = await asyncio.gather(*map(timed, tour.STOPS))
    whole = time.perf_counter() - started
    right = True
    for stop, (rows, seconds) in zip(tour.STOPS, found, strict=True):
        same = tour.plain(stop, rows) == expected[stop.name]
        right &= same
        table.add_row(stop.title, f"{1000 * seconds:,.1f}", "[green]yes[/]" if same else "[red]no[/]")
    console.rule("[bold]The same stops at once, in async: `async for`, `await ...acount()`", align="left")
    console.print(table)
    console.print(f"[dim]{1000 * whole:,.1f} ms for all of them[/]\n")
    await rowsmith.aclose_all()
    return right


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m examples.flights", description=__doc__)
    parser.add_argument("--keep", metavar="FILE", help="put the flights into this SQLite file and keep it")
    parser.add_argument("--no-load", action="store_true", help="the flights are there already")
    parser.add_argument("--answers", metavar="FILE", type=Path, help="write the answers as JSON")
    options = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 120)
    with tempfile.TemporaryDirectory(prefix="flights-") as folder:
        file = Path(options.keep) if options.keep else Path(folder) / "flights.db"
        url = os.environ.get("DATABASE_URL") or f"sqlite:///{file}"
        rowsmith.configure(url)
        started = time.perf_counter()
        if not options.no_load:
            console.rule("[bold]Loading every flight that left New York in 2013", align="left")
            load.load(console)
            seconds = time.perf_counter() - started
            console.print(f"[dim]{sum(load.ROWS.values()):,} rows in {seconds:.1f} s[/]\n")
        answers = visit(console)
        right = asyncio.run(avisit(console, answers))
        if options.answers:
            options.answers.write_text(json.dumps(answers, indent=1), encoding="utf-8")
        rowsmith.close_all()
        console.print(f"[dim]All in all {time.perf_counter() - started:.1f} s.[/]")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
