"""Ratios as a table in the terminal, as a page of the docs, and as a plot."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from benchmarks.absolute import BARS
from benchmarks.works import WORKS

PACKAGES = {
    "rowsmith": "rowsmith", "django": "Django", "sqlalchemy": "SQLAlchemy", "peewee": "peewee",
    "tortoise": "tortoise-orm", "piccolo": "piccolo",
}  # fmt: skip
TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass
class Results:
    """Seconds of client CPU time for one operation, by work and contender."""

    backend: str
    contenders: tuple[str, ...]
    seconds: dict[tuple[str, str], float] = field(default_factory=dict)
    errors: dict[tuple[str, str], str] = field(default_factory=dict)

    def works(self) -> list[str]:
        return [key for key in WORKS if any(place[0] == key for place in (*self.seconds, *self.errors))]

    def ratio(self, key: str, contender: str) -> float | None:
        mine, limit = self.seconds.get((key, contender)), self.limit(key)
        return mine / limit if mine is not None and limit else None

    def limit(self, key: str) -> float | None:
        """The time that counts as 1.00."""
        return self.seconds.get((key, WORKS[key].unit))

    def bar(self, key: str) -> float | None:
        return WORKS[key].bars.get(self.backend)

    def missed(self) -> list[str]:
        """The works on which rowsmith is above its bar, behind a peer, or wrong."""
        found = []
        for key in self.works():
            mine, bar = self.ratio(key, "rowsmith"), self.bar(key)
            peers = [r for name in self.contenders[1:] if name != "rowsmith" and (r := self.ratio(key, name))]
            lead = WORKS[key].lead
            if (key, "rowsmith") in self.errors or (
                mine is not None and ((bar is not None and mine > bar) or any(mine * lead >= peer for peer in peers))
            ):
                found.append(key)
        return found


def duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def cell(results: Results, key: str, contender: str) -> str:
    if error := results.errors.get((key, contender)):
        return "wrong" if error == "wrong result" else "error"
    ratio = results.ratio(key, contender)
    return f"{ratio:.2f}" if ratio is not None else "-"


def text(results: Results) -> str:
    """The table for a terminal."""
    others = [name for name in results.contenders if name != "hand"]
    missed = set(results.missed())
    lines = [f"{TITLES[results.backend]}: ratios to hand-written code, client CPU time",
             f"{'':<38} {'hand':>9} {'bar':>6}" + "".join(f"{name:>12}" for name in others)]  # fmt: skip
    for key in results.works():
        limit, bar = results.limit(key), results.bar(key)
        lines.append(
            f"{WORKS[key].title:<38} {duration(limit) if limit else '-':>9} {bar if bar else '-':>6}"
            + "".join(f"{cell(results, key, name):>12}" for name in others)
            + ("   above its bar or a peer" if key in missed else "")
        )
    said = set()
    for (key, name), error in results.errors.items():
        if (name, error) not in said:
            lines.append(f"  {name}, {WORKS[key].title}: {error}")
            said.add((name, error))
    return "\n".join(lines)


def machine() -> str:
    return (
        f"{platform.system()} on {platform.machine()}, {platform.python_implementation()} "
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def versions(contenders: tuple[str, ...]) -> str:
    found = []
    for name in (*contenders, "psycopg"):
        try:
            found.append(f"{PACKAGES.get(name, name)} {metadata.version(PACKAGES.get(name, name))}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


INTRODUCTION = """# Benchmarks

How much client CPU time each library takes, as a ratio to hand-written code on the standard driver that builds
the same objects: 1.00 is the limit, lower is better. The bar is what rowsmith promises to stay below.
"""

METHOD = """
## How it is measured

Each contender runs in processes of its own, one after the other, round after round, so that what slows the
machine down slows all of them. Inside a process every piece of work is warmed up once; the garbage collector
stays on. Client CPU time (`time.process_time`) counts the library, the driver and, for SQLite, the engine,
which runs inside the process; a PostgreSQL server has a core of its own, where there is more than one. Writes
happen in a transaction that is undone, and what it would have kept is compared. Building a query sends nothing
and has nothing hand-written beside it: there rowsmith's own time is 1.00, and the promise is that every peer
takes ten times as long. A dash means that a contender has no such operation or was not measured; `error` and
`wrong` are what they say. The sources are in `benchmarks/contenders`: corrections from people who know a peer
better are welcome.
"""


def absolute_table(figures: dict[str, float]) -> Iterator[str]:
    """The figures that have no hand-written limit, beside their bars."""
    yield "\n## Without a limit to compare with\n"
    yield "| figure of rowsmith | measured | bar |"
    yield "|---|---:|---:|"
    for name, value in figures.items():
        yield f"| {name} | {value:.3g}{' (!)' if value > BARS[name] else ''} | {BARS[name]} |"
    yield "\nThe query has twelve conditions, two joins, an annotation and a subquery."


def markdown(found: list[Results], rounds: int, figures: dict[str, float]) -> Iterator[str]:
    yield INTRODUCTION
    yield f"Measured with `make bench` on {machine()}; {versions(found[0].contenders)}."
    yield f"Medians of {rounds} interleaved processes each; every result was compared with the hand-written one,"
    yield "row by row. Noise between runs is about a tenth; on a shared machine, a quarter."
    for results in found:
        others = [name for name in results.contenders if name != "hand"]
        missed = results.missed()
        yield f"\n## {TITLES[results.backend]}\n"
        yield "| work | hand-written | bar | " + " | ".join(others) + " |"
        yield "|---|---:|---:|" + "---:|" * len(others)
        for key in results.works():
            limit, bar = results.limit(key), results.bar(key)
            cells = [cell(results, key, name) for name in others]
            if key in missed and "rowsmith" in others:
                cells[others.index("rowsmith")] += " (!)"
            head = f"| {WORKS[key].title} | {duration(limit) if limit else '-'} | {bar if bar else '-'} | "
            yield head + " | ".join(cells) + " |"
        if missed:
            titles = ", ".join(WORKS[key].title for key in missed)
            yield f"\n(!) Above its bar, or not ahead of every peer: {titles}."
        else:
            yield "\nEvery figure is below its bar and ahead of every peer."
        yield f"\n![Ratios on {TITLES[results.backend]}](benchmarks-{results.backend}.svg)"
    yield from absolute_table(figures)
    yield METHOD.rstrip()


def plot(results: Results, path: Path) -> None:
    """A line for each work, a mark for each contender, on a logarithmic axis."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams["svg.hashsalt"] = "rowsmith"
    keys = [key for key in reversed(results.works()) if results.ratio(key, "rowsmith")]
    others = [name for name in results.contenders if name != "hand"]
    figure, axes = pyplot.subplots(figsize=(9, 0.42 * len(keys) + 1.4))
    marks = dict(zip(others, "osD^vP", strict=False))
    for name in others:
        points = [(results.ratio(key, name), i) for i, key in enumerate(keys) if results.ratio(key, name)]
        ours = name == "rowsmith"
        axes.scatter(
            [x for x, _ in points],
            [y for _, y in points],
            label=name,
            marker=marks[name],
            s=70 if ours else 36,
            color="#c0392b" if ours else None,
            alpha=1 if ours else 0.75,
            zorder=3 if ours else 2,
        )
    for i, key in enumerate(keys):
        if bar := results.bar(key):
            axes.plot([bar, bar], [i - 0.3, i + 0.3], color="#c0392b", linewidth=1.2, zorder=1)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    ticks = [1, 1.5, 2, 3, 5, 10, 20, 50, 100]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks(range(len(keys)), [WORKS[key].title for key in keys])
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("client CPU time as a ratio to hand-written code (lower is better; red line: rowsmith's bar)")
    axes.set_title(TITLES[results.backend], loc="left")
    axes.legend(loc="lower right", frameon=False, fontsize=8)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def write(found: list[Results], folder: Path, rounds: int, figures: dict[str, float]) -> list[Path]:
    page = folder / "benchmarks.md"
    page.write_text("\n".join(markdown(found, rounds, figures)) + "\n", encoding="utf-8")
    paths = [page]
    for results in found:
        path = folder / f"benchmarks-{results.backend}.svg"
        plot(results, path)
        paths.append(path)
    return paths
