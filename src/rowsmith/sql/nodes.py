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

    _worked_out = ("_traits",)
    __match_args__: ClassVar[tuple[str, ...]]
    _branches: ClassVar[tuple[str, ...]] = ()
    """The positional fields that may hold nodes."""

    def __init_subclass__(cls) -> None:
        own = vars(cls).get("__annotations__", {})
        inherited = {name for base in cls.__mro__[1:] for name in getattr(base, "_branches", ())}
        cls._branches = tuple(
            name
            for name in cls.__match_args__
            if (own[name] not in _LEAVES if name in own else name in inherited)
        )


_LEAVES = frozenset({"str", "str | None", "int", "int | None", "bool", "bool | None", "Type", "Any"})
"""Annotations of fields that hold no nodes."""


def parts(node: Node) -> Iterator[Node]:
    """The nodes directly below `node`, in the order in which they are written."""
    for name in node._branches:
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif type(value) is tuple:
            for item in value:
                if isinstance(item, Node):
                    yield item


def traits(node: Node, of: Callable[[Node], int], stops: tuple[type[Node], ...]) -> int:
    """The traits of `node` and of all below it, joined; worked out once for each node.

    of:     the traits of a node by itself, one bit each.
    stops:  nodes whose traits are those of their own only.
    """
    try:
        found: int = node._traits  # type: ignore[attr-defined]
    except AttributeError:
        pass
    else:
        return found
    ordered: list[Node] = []
    pending = [node]
    while pending:
        current = pending.pop()
        ordered.append(current)
        if not isinstance(current, stops):
            pending.extend([part for part in parts(current) if not hasattr(part, "_traits")])
    store = Node._traits.__set__  # type: ignore[attr-defined]
    for current in reversed(ordered):
        found = of(current)
        if not isinstance(current, stops):
            for part in parts(current):
                found |= part._traits  # type: ignore[attr-defined]
        store(current, found)
    return found


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
    for name in node._branches:
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
