"""N+1: finding the line that loads one and the same relation for each instance of a list by itself."""

from __future__ import annotations

import linecache
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from rowsmith import bridge
from rowsmith.execution.fetch_modes import everywhere, watched_loads

logger = logging.getLogger("rowsmith.n_plus_one")


class NPlusOneQueries(AssertionError):
    """A relation was loaded for several instances one by one.

    label:   what was loaded, such as `Book.author`.
    place:   file and line of the code that asked for it.
    """

    def __init__(self, message: str, label: str, place: str) -> None:
        super().__init__(message)
        self.label = label
        self.place = place


@contextmanager
def n_plus_one(
    action: Literal["raise", "warn"] = "raise", *, threshold: int = 2, allow: Collection[str] = ()
) -> Iterator[None]:
    """Find relations and deferred columns that this block loads for each instance by itself.

    action:     "raise" raises NPlusOneQueries where the load happens that is one too many; "warn" tells the logger
    `rowsmith.n_plus_one` once for each line and relation.
    threshold:  for how many instances one line must load the same thing.
    allow:      labels that are no finding, such as "Book.author".
    """
    if action not in ("raise", "warn"):
        raise ValueError(f"action is 'raise' or 'warn', not {action!r}.")
    if threshold < 2:
        raise ValueError(f"threshold is at least 2, as one instance alone is no list, not {threshold!r}.")
    seen: dict[tuple[str, str], set[Any]] = {}

    def watch(label: str, remedy: str, instance: Any) -> None:
        if label in allow:
            return
        frame = bridge.caller()
        place = f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else "unknown code"
        instances = seen.setdefault((label, place), set())
        instances.add((type(instance), instance.pk))
        if len(instances) != threshold:
            return
        line = "" if frame is None else linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        message = (
            f"{label} was loaded for {threshold} instances one by one at {place}{f': {line}' if line else ''}. "
            f"Add {remedy} to the query, or .fetch_mode(models.FETCH_PEERS)."
        )
        if action == "raise":
            # The next load at this line is a finding again, should this one be caught.
            instances.clear()
            raise NPlusOneQueries(message, label, place)
        logger.warning(message)

    with watched_loads(watch):
        yield


class Findings:
    """What was loaded one by one while tests ran: for each place and label, how many instances, in which tests."""

    def __init__(self, threshold: int = 2) -> None:
        self.threshold = threshold
        self.found: dict[tuple[str, str, str], dict[str, int]] = {}

    @contextmanager
    def watching(self, test: str) -> Iterator[None]:
        """Watch all loads of this block, of whichever thread or task they are."""
        seen: dict[tuple[str, str, str], set[Any]] = {}

        def watch(label: str, remedy: str, instance: Any) -> None:
            frame = bridge.caller()
            place = f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else "unknown code"
            seen.setdefault((place, label, remedy), set()).add((type(instance), instance.pk))

        everywhere.append(watch)
        try:
            yield
        finally:
            everywhere.remove(watch)
            for key, instances in seen.items():
                if len(instances) >= self.threshold:
                    self.found.setdefault(key, {})[test] = len(instances)

    def lines(self) -> Iterator[str]:
        """The findings as text, the worst first."""
        for (place, label, remedy), tests in sorted(self.found.items(), key=lambda item: -max(item[1].values())):
            worst = max(tests, key=lambda test: tests[test])
            others = f" and {len(tests) - 1} more tests" if len(tests) > 1 else ""
            yield f"{place}: {label} was loaded for {tests[worst]} instances one by one, in {worst}{others}."
            yield f"    Add {remedy} to the query, or .fetch_mode(models.FETCH_PEERS)."
