"""Showing: a stop of the tour as its source, its SQL, its time and its answer."""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import Any

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from examples.flights.tour import Stop, plain

MOST_ROWS = 12
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905


def source(stop: Stop) -> str:
    """The body of the stop's function."""
    lines = inspect.getsource(stop.ask).splitlines()[1:]
    return textwrap.dedent("\n".join(lines)).removeprefix("return ")


def pretty(sql: str) -> str:
    """A statement broken into its clauses, with long lists of columns cut short."""
    sql = re.sub(r"^SELECT (DISTINCT )?(.*?) FROM ", lambda m: cut(m[1] or "", m[2]), sql, count=1, flags=re.DOTALL)
    clauses = re.compile(r" (?:FROM|WHERE|GROUP BY|HAVING|ORDER BY|LIMIT|(?:LEFT OUTER |LEFT |INNER |)JOIN)\b")
    lines, start = [], 0
    for found in clauses.finditer(sql):
        before = sql[: found.start()]
        if before.count("(") == before.count(")"):  # a subquery stays on its line
            lines.append(sql[start : found.start()])
            start = found.start() + 1
    return "\n".join([*lines, sql[start:]])


def cut(distinct: str, columns: str) -> str:
    parts = columns.split(", ")
    plain = [part for part in parts if "(" not in part]
    if len(plain) > 6:
        rest = [part for part in parts if "(" in part]
        columns = ", ".join([*plain[:3], f"... /* {len(plain) - 3} more columns */", *rest])
    return f"SELECT {distinct}{columns} FROM "


def statements(queries: list[Any]) -> list[str]:
    """What was sent to the database, without the beginning and the end of transactions."""
    found = []
    for query in queries:
        sql = str(query["sql"])
        if not re.match(r"(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b", sql):
            found.append(pretty(sql))
    return found


def cell(value: Any) -> str:
    match value:
        case None:
            return "[dim]-[/]"
        case bool():
            return str(value)
        case float():
            return f"{value:,.2f}"
        case int():
            return f"{value:,}"
    return str(value)


def by_month(rows: list[dict[str, Any]]) -> Table:
    """One line an airline, one column a month."""
    table = Table(header_style="bold")
    table.add_column("airline")
    for month in MONTHS:
        table.add_column(month, justify="right")
    counts: dict[str, dict[int, int]] = {}
    for row in rows:
        counts.setdefault(row["carrier__name"], {})[row["month"]] = row["flights"]
    for name, months in counts.items():
        table.add_row(name, *[cell(months.get(month)) for month in range(1, 13)])
    return table


def answer_table(stop: Stop, found: Any) -> Table:
    rows = plain(stop, found)
    if not isinstance(rows, list):
        rows = [rows if isinstance(rows, dict) else {"answer": rows}]
    if rows and set(rows[0]) == {"carrier__name", "month", "flights"}:
        return by_month(rows)
    table = Table(header_style="bold")
    for name in rows[0] if rows else ["no rows"]:
        numeric = isinstance(rows[0][name], (int, float)) if rows else False
        table.add_column(name, justify="right" if numeric else "left")
    for row in rows[:MOST_ROWS]:
        table.add_row(*map(cell, row.values()))
    if len(rows) > MOST_ROWS:
        table.caption = f"and {len(rows) - MOST_ROWS:,} more rows"
        table.caption_justify = "left"
    return table


def show(console: Console, number: int, stop: Stop, found: Any, sql: list[str], seconds: float) -> None:
    console.rule(f"[bold]{number}. {stop.title}", align="left")
    console.print(Syntax(source(stop), "python", background_color="default"))
    for statement in sql:
        console.print(Syntax(statement, "sql", background_color="default", word_wrap=True))
    console.print(answer_table(stop, found))
    console.print(f"[dim]{1000 * seconds:,.1f} ms[/]\n")
