"""What has no hand-written limit: building a query, importing the library, the size of an instance.

`python -m benchmarks.absolute` prints one measurement of this process; `measure()` takes medians over fresh ones.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import data

ROOT = Path(__file__).resolve().parent.parent
COUNT = 2000


def query(models: Any, book: Any, author: Any, number: int) -> Any:
    """Twelve conditions, two joins, an annotation and a subquery."""
    known = author.objects.filter(country="sea", pk__gt=number).values("pk")
    return (
        book.objects.filter(title__icontains="sea", pages__gt=number, copies__lt=900, price__gte=5, rating__lt=4.5)
        .filter(in_print=True, published__year=2003, day__gt=data.START.date(), author__name__startswith="Author")
        .exclude(author__country="stone")
        .filter(models.Q(tags__label="a") | models.Q(tags__label="b"))
        .annotate(twice=models.F("pages") * 2)
        .filter(author__in=known)
        .order_by("-pages", "id")[:20]
    )


def seconds(work: Callable[[int], Any], count: int) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    for number in range(count):
        work(number)
    return (time.process_time() - start) / count


def size_of(make: Callable[[tuple[Any, ...]], Any]) -> float:
    """Bytes that one instance adds, its values included."""
    rows = [data.book(i) for i in range(1, COUNT + 1)]
    make(rows[0])
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = [make(row) for row in rows]
    size = (tracemalloc.get_traced_memory()[0] - before) / len(kept)
    tracemalloc.stop()
    return size


class Plain:
    """What a hand-written class for a book is."""

    def __init__(self, *values: Any) -> None:
        (
            self.id, self.title, self.pages, self.copies, self.price, self.rating, self.in_print, self.published,
            self.day, self.isbn, self.meta, self.author_id,
        ) = values  # fmt: skip


def one() -> Mapping[str, float]:
    """One measurement of each, in this process."""
    start = time.process_time()
    import rowsmith.models

    imported = time.process_time() - start
    from benchmarks.contenders.django_like import define
    from rowsmith.query.shape import cache

    rowsmith.configure("sqlite://:memory:")
    models = define(rowsmith.models, __name__)
    book, author = models["Book"], models["Author"]

    def new(number: int) -> None:
        cache.clear()
        query(rowsmith.models, book, author, number).sql_with_params()

    new(0)
    query(rowsmith.models, book, author, 0)
    return {
        "import of rowsmith.models, ms": imported * 1e3,
        "building that query, shape known, us": 1e6 * seconds(lambda n: query(rowsmith.models, book, author, n), COUNT),
        "building and rendering it, shape new, us": 1e6 * seconds(new, 100),
        "bytes of a loaded instance, to a plain object's": size_of(lambda row: book(*row))
        / size_of(lambda row: Plain(*row)),
    }


BARS = {
    "import of rowsmith.models, ms": 60,
    "building that query, shape known, us": 30,
    "building and rendering it, shape new, us": 400,
    "bytes of a loaded instance, to a plain object's": 1.3,
}


def measure(rounds: int) -> dict[str, float]:
    """Medians over fresh processes."""
    # Compiled modules are what an installed library has.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "benchmarks.absolute"]
    runs = []
    for _ in range(rounds + 1):
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout))
    return {name: statistics.median(run[name] for run in runs[1:]) for name in BARS}


if __name__ == "__main__":
    print(json.dumps(one()))
