"""FilteredRelation: a relation under a name of its own, joined on a condition."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from rowsmith.expressions.combinable import Shaped
from rowsmith.expressions.q import Q


class FilteredRelation(Shaped):
    """What annotate() gives a name: only related rows that meet `condition` hang on it.

    relation_name:  the path of a relation, perhaps from another FilteredRelation on.
    condition:      a Q; its names start at the model, as those of filter() do.
    """

    def __init__(self, relation_name: str, *, condition: Q | None = None) -> None:
        if not relation_name:
            raise ValueError("relation_name cannot be empty.")
        condition = Q() if condition is None else condition
        if not isinstance(condition, Q):
            raise ValueError(f"condition argument must be a Q() instance, not {condition!r}.")
        self.relation_name = relation_name
        self.condition = condition

    def __repr__(self) -> str:
        return f"FilteredRelation({self.relation_name!r}, condition={self.condition!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FilteredRelation):
            return NotImplemented
        return (self.relation_name, self.condition) == (other.relation_name, other.condition)

    def __hash__(self) -> int:
        return hash((self.relation_name, self.condition))

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (FilteredRelation, self.relation_name, self.condition.fingerprint(values))
