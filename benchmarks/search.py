"""Searching beside plain SQL on the same database: latency, and what the index takes.

    python -m benchmarks.search            both databases, and docs/benchmarks-search.md
    python -m benchmarks.search --quick    fewer rounds, and nothing is written

The texts are the glosses of WordNet. The plain SQL is what one would write by hand for one database: FTS5 over the
table's content with its own rank, and a generated column of PostgreSQL's configuration "english" with ts_rank(). Each
search is asked for the first twenty rows; figures are medians of wall-clock time, rounds interleaved, in one process.
"""

from __future__ import annotations

import argparse
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import rowsmith
from rowsmith import models
from rowsmith.search import SearchIndex, Snippet
from tests import wordnet
from tests.servers import postgresql

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "benchmarks-search.md"
SEARCHES = (
    ("a rare word", "lexicographer", "lexicographer"),
    ("a frequent word", "person", "person"),
    ("two words", "musical instrument", "musical instrument"),
    ("four words", "chemical element atomic number", "chemical element atomic number"),
    ("a phrase", '"large body of water"', '"large body of water"'),
    ("one of two, without a third", "ship OR boat -steam", "(ship OR boat) NOT steam"),
    ("a beginning", "psych*", "psych*"),
)
"""What each is called, as it is typed, and in the language of FTS5."""


class Gloss(models.Model):
    words = models.TextField()
    gloss = models.TextField()

    class Meta:
        app_label = "bench"
        indexes = [SearchIndex(fields={"words": "A", "gloss": "B"}, fuzzy=True)]


class Unindexed(models.Model):
    """The same texts for the plain SQL, whose index is made by hand."""

    words = models.TextField()
    gloss = models.TextField()

    class Meta:
        app_label = "bench"


PLAIN = {
    "sqlite": (
        "SELECT g.id, g.words, g.gloss, bm25(plain, 10, 4) AS rank "
        "FROM plain JOIN bench_unindexed g ON g.id = plain.rowid WHERE plain MATCH %s ORDER BY rank, g.id LIMIT 20"
    ),
    "postgresql": (
        "SELECT id, words, gloss, ts_rank(plain, query, 1) AS rank "
        "FROM bench_unindexed, to_tsquery('english', %s) query WHERE plain @@ query ORDER BY rank DESC, id LIMIT 20"
    ),
}
TSQUERIES = {
    "a rare word": "lexicographer", "a frequent word": "person", "two words": "musical & instrument",
    "four words": "chemical & element & atomic & number", "a phrase": "large <-> body <2> water",
    "one of two, without a third": "(ship | boat) & !steam", "a beginning": "psych:*",
}  # fmt: skip
LIKE = "SELECT id FROM bench_unindexed WHERE gloss LIKE '%%musical%%' AND gloss LIKE '%%instrument%%'"


def size(vendor: str, path: Path | None) -> int:
    """Bytes of the whole database."""
    with rowsmith.connections["default"].cursor() as cursor:
        if vendor == "postgresql":
            cursor.execute("VACUUM FULL")
            tables = "relname IN ('bench_gloss', 'bench_unindexed')"
            asked = f"SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE {tables}"
            [(found,)] = cursor.execute(asked).fetchall()
            return int(found)
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert path is not None
    return path.stat().st_size


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def fill(model: Any, rows: Sequence[tuple[int, str, str]]) -> float:
    instances = [model(id=number, words=words, gloss=gloss) for number, words, gloss in rows]
    return timed(lambda: model.objects.bulk_create(instances, batch_size=20_000))


def index_by_hand(vendor: str) -> None:
    statements = {
        "sqlite": [
            "CREATE VIRTUAL TABLE plain USING fts5(words, gloss, content='bench_unindexed', content_rowid='id', "
            "tokenize='porter')",
            "INSERT INTO plain (plain) VALUES ('rebuild')",
        ],
        "postgresql": [
            "ALTER TABLE bench_unindexed ADD COLUMN plain tsvector GENERATED ALWAYS AS (setweight(to_tsvector("
            "'english', words), 'A') || setweight(to_tsvector('english', gloss), 'B')) STORED",
            "CREATE INDEX plain_gin ON bench_unindexed USING gin (plain)",
        ],
    }
    with rowsmith.connections["default"].cursor() as cursor:
        for statement in statements[vendor]:
            cursor.execute(statement)


def measure(vendor: str, url: str, path: Path | None, rounds: int) -> list[str]:
    """The lines of the report about one database."""
    rowsmith.configure(url)
    connection = rowsmith.connections["default"]
    rows = list(wordnet.glosses())
    rowsmith.drop_tables(Gloss, Unindexed)
    rowsmith.create_tables(Unindexed)
    without = fill(Unindexed, rows)
    bare = size(vendor, path)
    by_hand = timed(lambda: index_by_hand(vendor))
    with_plain = size(vendor, path)
    rowsmith.create_tables(Gloss)
    filled = fill(Gloss, rows)
    whole = size(vendor, path)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    def plain(text: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(PLAIN[vendor], (text,)).fetchall()

    times: dict[str, tuple[list[float], list[float], list[float]]] = {}
    for _ in range(rounds):
        for name, text, match in SEARCHES:
            ours, beside, shown = times.setdefault(name, ([], [], []))
            asked = match if vendor == "sqlite" else TSQUERIES[name]
            found = Gloss.objects.search(text)
            page = found.annotate(shown=Snippet("gloss", text, words=12))
            beside.append(timed(partial(plain, asked)))
            ours.append(timed(partial(list, found[:20])))
            shown.append(timed(partial(list, page[:20])))
    with connection.cursor() as cursor:
        like = statistics.median(timed(lambda: cursor.execute(LIKE).fetchall()) for _ in range(5))
    alike = statistics.median(
        timed(lambda: list(Gloss.objects.search("musicall instrumant", fuzzy=True)[:20])) for _ in range(3)
    )
    lines = ["| first twenty rows | rows found | plain SQL | `search()` | with snippets |", "|---|---:|---:|---:|---:|"]
    for name, text, _ in SEARCHES:
        ours, beside, shown = (statistics.median(one) * 1000 for one in times[name])
        count = Gloss.objects.search(text).count()
        lines.append(f"| {name}: `{text}` | {count:,} | {beside:.1f} ms | {ours:.1f} ms | {shown:.1f} ms |")
    megabyte = 1024 * 1024
    lines += [
        "",
        "| | plain SQL | `SearchIndex` |",
        "|---|---:|---:|",
        f"| size of the index, beside {bare / megabyte:.0f} MB of rows | {(with_plain - bare) / megabyte:.1f} MB "
        f"| {(whole - with_plain - bare) / megabyte:.1f} MB |",
        f"| filling the table, {without:.1f} s without index | {without + by_hand:.1f} s | {filled:.1f} s |",
        "",
        f"Two words by `LIKE '%...%'`, without any index and any order: {like * 1000:.0f} ms. "
        f"A fuzzy search for two words that no row has: {alike * 1000:.0f} ms.",
    ]
    rowsmith.drop_tables(Gloss, Unindexed)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description="Searching beside plain SQL on the same database.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and nothing is written")
    options = parser.parse_args()
    rounds = 5 if options.quick else 40
    lines = [
        "# Searching beside plain SQL",
        "",
        "How long `objects.search()` takes for the first twenty of the rows that it finds among the glosses of",
        "WordNet, beside what one would write by hand for that database alone: FTS5 with its own rank, and the",
        'configuration "english" of PostgreSQL with `ts_rank()`. The rules of the plain SQL differ between them.',
        "",
        f"Measured with `python -m benchmarks.search` on CPython {platform.python_version()}, SQLite "
        f"{sqlite3.sqlite_version}, PostgreSQL 18: medians of",
        f"{rounds} interleaved rounds, wall-clock time, on a machine that others use too.",
    ]
    with tempfile.TemporaryDirectory(prefix="rowsmith-bench-") as folder:
        path = Path(folder) / "search.db"
        lines += ["", "## SQLite", "", *measure("sqlite", f"sqlite:///{path}", path, rounds)]
        rowsmith.connections["default"].close()
    with postgresql() as url:
        lines += ["", "## PostgreSQL", "", *measure("postgresql", url, None, rounds)]
        rowsmith.connections["default"].shut_down()
    text = "\n".join(lines) + "\n"
    print(text)
    if not options.quick:
        TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
