"""Shape: a query without its values, met again each time the same calls are made with other values."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Any
from weakref import WeakSet

from rowsmith.expressions.protocol import on_change
from rowsmith.lookups.base import Unfit
from rowsmith.query.query import Query, query_of
from rowsmith.query.slots import Slots
from rowsmith.records import Record

Values = tuple[Any, ...]
Build = Callable[..., Query]

LARGEST_KEY = 500
"""Steps with more values than this are planned each time: a cache entry for each such step would never be met again."""


class Shape:
    """A query and everything that was worked out for it once.

    children:  the shapes that one more call leads to, by that call's fingerprint.
    prepare:   what turns the raw values of the call that leads here into prepared ones.
    compiled:  rendered statements with their loaders, by database and kind.
    kept:      whether the parent holds it; otherwise it serves one queryset only.
    """

    __slots__ = ("__weakref__", "children", "compiled", "kept", "prepare", "query", "used")

    def __init__(self, query: Query, prepare: Callable[[Sequence[Any]], Values], kept: bool) -> None:
        self.query = query
        self.prepare = prepare
        self.kept = kept
        self.children: dict[Hashable, Shape] = {}
        self.compiled: dict[Hashable, Any] = {}
        self.used = True

    def __repr__(self) -> str:
        return f"<Shape of {self.query.options.label}: {self.query.width} values, {len(self.children)} children>"


class CacheInfo(Record):
    """Figures of the shape cache: shapes held, the most that are held, shapes planned, sweeps done."""

    size: int
    limit: int
    planned: int
    sweeps: int


class ShapeCache:
    """Every shape that is held, from the roots down; when there are too many, leaves not used lately go."""

    def __init__(self, limit: int = 20_000) -> None:
        self.limit = limit
        self.size = 0
        self.planned = 0
        self.sweeps = 0
        self._roots: WeakSet[Shape] = WeakSet()
        self._lock = Lock()

    def root(self, options: Any) -> Shape:
        """The shape of all rows of a model."""
        shape: Shape | None = options.root_shape
        if shape is None:
            shape = options.root_shape = Shape(query_of(options), tuple, True)
            self._roots.add(shape)
        return shape

    def clear(self) -> None:
        """Forget every shape, as when the configuration changes."""
        with self._lock:
            for root in list(self._roots):
                root.query.options.root_shape = None
            self._roots.clear()
            self.size = 0

    def forget(self) -> None:
        """Forget what names meant and how expressions were written, also for querysets that are held."""
        with self._lock:
            pending = list(self._roots)
            while pending:
                shape = pending.pop()
                pending.extend(shape.children.values())
                shape.children.clear()
                shape.compiled.clear()
            self.size = 0

    def info(self) -> CacheInfo:
        """The figures of the cache."""
        return CacheInfo(self.size, self.limit, self.planned, self.sweeps)

    def keep(self, parent: Shape, key: Hashable, child: Shape) -> Shape:
        """Hold `child` under its parent; the one that is there already when two threads made it at once."""
        kept = parent.children.setdefault(key, child)
        if kept is child:
            self.size += 1
            if self.size > self.limit:
                self._sweep()
        return kept

    def _sweep(self) -> None:
        with self._lock:
            self.sweeps += 1
            unchanged = 0
            # A first pass may only mark; a leaf that goes makes a leaf of its parent.
            while self.size > self.limit * 3 // 4 and unchanged < 2:
                # Counted anew: the shapes of a model whose fields changed went without notice.
                kept = sum([_sweep_below(root) for root in list(self._roots)])
                unchanged = unchanged + 1 if kept == self.size else 0
                self.size = kept


def _sweep_below(root: Shape) -> int:
    """Drop the unused leaves below a root, and mark the others so that they go next time unless used until then.

    returns: how many shapes are left.
    """
    kept = 0
    pending = [root]
    while pending:
        shape = pending.pop()
        for key, child in list(shape.children.items()):
            if child.children:
                pending.append(child)
            elif child.used:
                child.used = False
            else:
                shape.children.pop(key, None)
                continue
            kept += 1
    return kept


cache = ShapeCache()
on_change.append(cache.forget)


def extend(
    shape: Shape, values: Values, key: Hashable | None, raw: Sequence[Any], build: Build, *said: Any
) -> tuple[Shape, Values]:
    """The shape and the values after one more call.

    key:    the call's fingerprint; None when the call can have no equal.
    raw:    its plain values, in the order of the fingerprint.
    build:  makes the next query when this shape is new, of the last one, the slots for `raw`, and `said`.
    """
    keep = shape.kept and key is not None and len(raw) <= LARGEST_KEY
    if keep:
        child = shape.children.get(key)
        if child is not None:
            try:
                return child, values + child.prepare(raw)
            except Unfit:
                keep = False
    slots = Slots(raw, shape.query.width)
    cache.planned += 1
    query = build(shape.query, slots, *said)
    if shape.query.sticky:
        # Only the very next call shares the joins of a related manager.
        query = query.but(sticky=frozenset())
    if slots.database is not None:
        query = query.but(database=slots.database)
    keep = keep and slots.faithful and not slots.unfit
    child = Shape(query.but(width=slots.base + len(slots.specs)), slots.preparation(), keep)
    prepared = tuple(slots.prepared)
    if keep:
        child = cache.keep(shape, key, child)
    return child, values + prepared
