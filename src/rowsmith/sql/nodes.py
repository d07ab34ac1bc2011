"""Nodes: the root of every part of the SQL tree, and the walks over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, TypeVar

N = TypeVar("N", bound="Node")


@dataclass(frozen=True, slots=True)
class Node:
    """One frozen part of a tree; its parts are the fields that hold nodes or tuples of nodes."""


@cache
def _part_names(kind: type[Node]) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind) if not f.metadata.get("leaf"))


def parts(node: Node) -> Iterator[Node]:
    """The nodes directly below `node`, in the order in which they are written."""
    for name in _part_names(type(node)):
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif type(value) is tuple:
            for item in value:
                if isinstance(item, Node):
                    yield item


def walk(node: Node) -> Iterator[Node]:
    """`node` and everything below it, parents first, without recursion."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(list(parts(current))))


def rewrite(node: N, change: Callable[[Node], Node | None]) -> N:
    """A copy of `node` in which `change` replaced what it answered a node for; what it answers is not entered again."""
    changed = change(node)
    if changed is not None:
        return changed  # type: ignore[return-value]
    updates: dict[str, Any] = {}
    for name in _part_names(type(node)):
        value = getattr(node, name)
        if isinstance(value, Node):
            new: Any = rewrite(value, change)
            if new is not value:
                updates[name] = new
        elif type(value) is tuple and value:
            items = tuple(rewrite(item, change) if isinstance(item, Node) else item for item in value)
            if any(a is not b for a, b in zip(items, value, strict=True)):
                updates[name] = items
    return replace(node, **updates) if updates else node
