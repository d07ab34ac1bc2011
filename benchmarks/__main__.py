"""Measure rowsmith beside hand-written driver code and its peers, and report the ratios.

    python -m benchmarks                                   everything, and docs/benchmarks.md with its plot
    python -m benchmarks --only get,filter --contenders hand,rowsmith --backend sqlite --quick

Each contender is a process of its own; the processes of one round follow each other, and the rounds are
repeated, so that what slows the machine down for a while slows all of them down. The figure is the median over
the rounds of the client's CPU time. A ratio is to the hand-written code of the same run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import absolute, data, report
from benchmarks.works import WORKS

ROOT = Path(__file__).resolve().parent.parent
CONTENDERS = ("hand", "rowsmith", "django", "sqlalchemy", "peewee", "tortoise", "piccolo")


@contextlib.contextmanager
def database(backend: str) -> Iterator[str]:
    """The URL of a filled database that is gone afterwards."""
    if backend == "sqlite":
        with tempfile.TemporaryDirectory(prefix="rowsmith-bench-") as folder:
            path = Path(folder) / "bench.db"
            data.fill_sqlite(str(path))
            yield f"sqlite:///{path}"
        return
    with contextlib.ExitStack() as stack:
        url = os.environ.get("ROWSMITH_TEST_POSTGRESQL_URL")
        if not url:
            # The server of the tests, from a wheel: no system package, nothing left behind.
            from tests.servers import postgresql

            with cores(server=True):
                url = stack.enter_context(postgresql())
        data.fill_postgresql(url)
        with cores(server=False):
            yield url


@contextlib.contextmanager
def cores(*, server: bool) -> Iterator[None]:
    """Run what is started in this block on the server's core, or on all the others.

    A server beside its client on one core empties the client's caches at every statement, as no server on another
    machine does; and whether the system puts them there changes from run to run.
    """
    if not hasattr(os, "sched_setaffinity") or len(before := os.sched_getaffinity(0)) < 2:
        yield
        return
    os.sched_setaffinity(0, {max(before)} if server else before - {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def run_worker(contender: str, backend: str, url: str, keys: Sequence[str], quick: bool) -> list[dict[str, Any]]:
    """One process: a line for each piece of work it could do."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.worker", contender, backend, url, ",".join(keys),
         "quick" if quick else "full"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0:
        words = (done.stderr.strip().splitlines() or ["no output"])[-1]
        seen = {line["work"] for line in lines}
        lines += [{"work": key, "error": words, "trace": done.stderr[-3000:]} for key in keys if key not in seen]
    return lines


def measure(
    backend: str,
    url: str,
    contenders: Sequence[str],
    keys: Sequence[str],
    rounds: int,
    quick: bool,
    verbose: bool,
) -> report.Results:
    """Medians over interleaved rounds, by work and contender."""
    cpu: dict[tuple[str, str], list[float]] = defaultdict(list)
    digests: dict[tuple[str, str], str] = {}
    errors: dict[tuple[str, str], str] = {}
    seen: set[str] = set()
    for number in range(rounds):
        for contender in contenders:
            print(
                f"\r{backend}: round {number + 1} of {rounds}, {contender:<12}",
                end="",
                file=sys.stderr,
                flush=True,
            )
            for line in run_worker(contender, backend, url, keys, quick):
                place = (line["work"], contender)
                if "error" in line:
                    if verbose and line["trace"] not in seen:
                        print(f"\n{contender} {line['work']}:\n{line['trace']}", file=sys.stderr)
                        seen.add(line["trace"])
                    errors[place] = line["error"]
                else:
                    cpu[place].append(line["cpu"])
                    digests[place] = line["digest"]
    print("\r" + " " * 60 + "\r", end="", file=sys.stderr)
    results = report.Results(backend, tuple(contenders))
    for key in keys:
        expected = digests.get((key, "hand"))
        for contender in contenders:
            place = (key, contender)
            if cpu[place] and expected is not None and digests[place] != expected:
                errors[place] = "wrong result"
            if place in errors:
                results.errors[place] = errors[place]
            elif cpu[place]:
                results.seconds[place] = statistics.median(cpu[place])
    return results


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", help=f"works, by comma: {', '.join(WORKS)}")
    parser.add_argument("--contenders", default=",".join(CONTENDERS), help="by comma; hand is always measured")
    parser.add_argument("--backend", default="sqlite,postgresql", help="sqlite, postgresql, or both by comma")
    parser.add_argument("--rounds", type=int, help="processes of each contender (default 5, with --quick 3)")
    parser.add_argument("--quick", action="store_true", help="fewer operations and rounds; writes no report")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md though not all was measured")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the traceback of what fails")
    options = parser.parse_args(arguments)
    keys = options.only.split(",") if options.only else list(WORKS)
    if unknown := [key for key in keys if key not in WORKS]:
        parser.error(f"no such work: {', '.join(unknown)}. There are: {', '.join(WORKS)}.")
    contenders = options.contenders.split(",")
    if unknown := [name for name in contenders if name not in CONTENDERS]:
        parser.error(f"no such contender: {', '.join(unknown)}. There are: {', '.join(CONTENDERS)}.")
    contenders = ["hand", *(name for name in contenders if name != "hand")]
    rounds = options.rounds or (3 if options.quick else 5)
    found = []
    for backend in options.backend.split(","):
        asked = [key for key in keys if not WORKS[key].bars or backend in WORKS[key].bars]
        with database(backend) as url:
            results = measure(backend, url, contenders, asked, rounds, options.quick, options.verbose)
        print(report.text(results))
        found.append(results)
    everything = not options.only and set(contenders) == set(CONTENDERS)
    if options.write or (everything and not options.quick):
        for path in report.write(found, ROOT / "docs", rounds, absolute.measure(rounds)):
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if any(results.missed() for results in found) else 0


if __name__ == "__main__":
    sys.exit(main())
