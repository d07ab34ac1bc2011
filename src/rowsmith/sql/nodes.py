"""Nodes: the root of every part of the SQL tree, and the walks over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, TypeVar

from rowsmith.records import Record, replace

N = TypeVar("N", bound="Node")


class Node(Record):
    """One frozen part of a tree.

    Its parts are the positional fields that hold nodes or tuples of nodes; what is given by keyword describes it only.
    """

    __match_args__: ClassVar[tuple[str, ...]]


def parts(node: Node) -> Iterator[Node]:
    """The nodes directly below `node`, in the order in which they are written."""
    for name in node.__match_args__:
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
    for name in node.__match_args__:
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
