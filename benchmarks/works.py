"""What is measured: each piece of work, how much of it, and the bar that rowsmith promises to stay below."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """`size` operations or rows a measurement; `bars`: the promised ratio to hand-written code.

    unit:  the contender whose cost is 1.00.
    lead:  how many times cheaper than every peer rowsmith promises to be.
    """

    key: str
    title: str
    size: int
    quick: int
    bars: dict[str, float]
    repeats: int = 3
    unit: str = "hand"
    lead: float = 1.0

    def amount(self, quick: bool) -> int:
        return self.quick if quick else self.size


WORKS = {
    work.key: work
    for work in (
        Work("get", "get by primary key", 3000, 1000, {"sqlite": 1.6, "postgresql": 1.4}),
        Work("filter", "three conditions, order, first 20", 600, 200, {"sqlite": 1.4, "postgresql": 1.3}),
        Work("instances", "50,000 rows to instances", 50_000, 50_000, {"sqlite": 1.2, "postgresql": 1.15}),
        Work("dicts", "50,000 rows to dicts", 50_000, 50_000, {"sqlite": 1.1, "postgresql": 1.1}),
        Work("tuples", "50,000 rows to tuples", 50_000, 50_000, {"sqlite": 1.1, "postgresql": 1.1}),
        Work("parent", "10,000 rows with their parent", 10_000, 10_000, {"sqlite": 1.4, "postgresql": 1.3}),
        Work("inherited", "10,000 rows of an inherited model", 10_000, 10_000, {"sqlite": 1.2, "postgresql": 1.15}),
        Work("children", "1,000 parents with children", 1000, 1000, {"sqlite": 1.5, "postgresql": 1.4}, 5),
        Work("many", "1,000 rows with many-to-many", 1000, 1000, {"sqlite": 1.5, "postgresql": 1.4}, 5),
        Work("group", "group-by with three aggregates", 600, 200, {"sqlite": 1.5, "postgresql": 1.4}),
        Work("subquery", "ten rows with a subquery's value", 600, 200, {"sqlite": 1.5, "postgresql": 1.6}),
        Work("window", "fifty rows with their rank", 600, 200, {"sqlite": 1.5, "postgresql": 1.6}),
        Work("union", "a union of two queries", 600, 200, {"sqlite": 1.5, "postgresql": 1.6}),
        # Ten conditions, two joins, an annotation and a subquery; nothing is sent. There is nothing by hand to build.
        Work("build", "build a query of ten conditions", 1000, 300, {}, unit="rowsmith", lead=10.0),
        Work("save_new", "insert by save()", 1000, 500, {"sqlite": 2.0, "postgresql": 1.5}),
        Work("bulk_new", "bulk_create 20,000", 20_000, 20_000, {"sqlite": 1.8, "postgresql": 1.8}, 2),
        Work("save_changed", "change two fields and save()", 1000, 500, {"sqlite": 4.0, "postgresql": 1.6}),
        Work("bulk_changed", "bulk_update 5,000", 5000, 5000, {"sqlite": 2.0, "postgresql": 2.0}, 2),
        # One deletion takes 0.4 ms of client time; the median of two would be that of cold code.
        Work("cascade", "cascade delete through a queryset", 400, 400, {"sqlite": 1.3, "postgresql": 1.2}, 15),
        Work("tasks", "64 tasks get by key on 16 connections", 4000, 1500, {"postgresql": 1.3}),
    )
}
