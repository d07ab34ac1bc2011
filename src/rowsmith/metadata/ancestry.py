"""Ancestry: the tables that one model's rows are spread over, and the joins that lead from one to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rowsmith.fields.relation import Step
from rowsmith.records import replace

Way = tuple[Step, ...]
Links = tuple[tuple[Any, Any], ...]


def ways_up(links: Links) -> Mapping[Any, Way]:
    """The joins from a model's own table to that of each ancestor, by ancestor, nearest first.

    links:  each concrete parent, with the field that holds its key.
    """
    found: dict[Any, Way] = {parent: link.steps for parent, link in links}
    for parent, link in links:
        for ancestor, way in parent._meta.ways_up.items():
            found.setdefault(ancestor, continued(link.steps, way))
    return found


def continued(way: Way, steps: Way) -> Way:
    """`steps` taken at the end of `way`, without the tables on it from which they only need a key that is at hand."""
    if not way:
        return steps
    first, *others = steps
    pairs = first.pairs
    while way:
        known = {target: source for source, target in way[-1].pairs}
        if not all(source in known for source, _ in pairs):
            break
        pairs = tuple((known[source], target) for source, target in pairs)
        way = way[:-1]
    return (*way, first if pairs is first.pairs else replace(first, pairs=pairs), *others)


def clash(parents: list[Any]) -> tuple[Any, Any] | None:
    """Two fields of one name that a model would inherit from its parents; None when there are none."""
    seen: dict[str, Any] = {}
    for parent in parents:
        for field in (*parent._meta.fields, *parent._meta.many_to_many):
            if seen.setdefault(field.name, field) is not field:
                return seen[field.name], field
    return None


def key_of(values: Sequence[Any]) -> Any:
    """The values of a key's columns as queries take them: a tuple, unless there is just one."""
    return values[0] if len(values) == 1 else tuple(values)
