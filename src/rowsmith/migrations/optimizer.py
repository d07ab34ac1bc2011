"""The optimizer: fewer operations that come to the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rowsmith.migrations.operations import RenameField


def optimize(operations: Sequence[Any], app_label: str) -> list[Any]:
    """The fewest operations that pairs of them can be reduced to, each pair as `Operation.reduce` says."""
    found = list(operations)
    while True:
        shorter = _once(found, app_label)
        if shorter is None:
            return found
        found = shorter


def _once(operations: list[Any], app_label: str) -> list[Any] | None:
    """The operations after the first reduction that is possible; None when there is none."""
    for place, operation in enumerate(operations):
        may_move_on = True  # whether `operation` may change places with all between it and the other
        for distance, other in enumerate(operations[place + 1 :]):
            result = operation.reduce(other, app_label)
            if isinstance(result, list):
                between = operations[place + 1 : place + 1 + distance]
                rest = operations[place + 2 + distance :]
                before = operations[:place]
                if may_move_on:
                    shorter = [*before, *between, *result, *rest]
                elif all(one.reduce(other, app_label) is True for one in between):
                    # The later one comes forward instead.
                    shorter = [*before, *result, *between, *rest]
                else:
                    break
                # Two for two would go on for ever.
                if shorter != operations and _is_progress(operations, shorter):
                    return shorter
                break
            if not result:
                may_move_on = False
    return None


def _is_progress(before: list[Any], after: list[Any]) -> bool:
    if len(after) < len(before):
        return True
    return _order(after) < _order(before)


def _order(operations: list[Any]) -> int:
    """How far renamed fields stand behind their other changes: renaming comes first."""
    return sum(place for place, operation in enumerate(operations) if isinstance(operation, RenameField))
