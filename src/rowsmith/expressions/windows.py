"""Window: an expression computed of each row from the rows around it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from enum import Enum
from typing import Any, ClassVar

from rowsmith.exceptions import FieldError, NotSupportedError
from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.combinable import Combinable
from rowsmith.expressions.names import F
from rowsmith.expressions.ordering import OrderBy
from rowsmith.records import as_dict, replace
from rowsmith.sql import expressions as sql
from rowsmith.sql.nodes import Node, rewrite, walk
from rowsmith.sql.select import Query
from rowsmith.sql.windows import Frame, WindowAggregate
from rowsmith.sql.windows import Window as WindowNode


class WindowFrameExclusion(Enum):
    """Which rows of a frame do not count: the current one, its peers with or without it, or none."""

    CURRENT_ROW = "CURRENT ROW"
    GROUP = "GROUP"
    TIES = "TIES"
    NO_OTHERS = "NO OTHERS"

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"


class WindowFrame:
    """The rows around the current one that count; RowRange and ValueRange say in which unit.

    start, end:  how far before (negative) or behind the current row; 0 is the row itself, None all the way.
    exclusion:   a WindowFrameExclusion; None leaves no row out.
    """

    frame_type: ClassVar[str] = ""

    def __init__(
        self, start: int | None = None, end: int | None = None, exclusion: WindowFrameExclusion | None = None
    ) -> None:
        self.start = start
        self.end = end
        if exclusion is not None and not isinstance(exclusion, WindowFrameExclusion):
            raise TypeError(
                f"{type(self).__name__}.exclusion must be a WindowFrameExclusion instance, not {exclusion!r}."
            )
        self.exclusion = exclusion
        self.check()

    def check(self) -> None:
        """Raise ValueError for bounds that the frame cannot have."""
        for name, bound in (("start", self.start), ("end", self.end)):
            if bound is not None and (not isinstance(bound, int) or isinstance(bound, bool)):
                raise ValueError(f"{name} argument must be an integer, zero, or None, but got {bound!r}.")
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ValueError(f"start cannot be greater than end ({self.start} > {self.end}).")

    def node(self) -> Frame:
        return Frame(self.frame_type, self.start, self.end, None if self.exclusion is None else self.exclusion.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WindowFrame) and self.node() == other.node()

    def __hash__(self) -> int:
        return hash(self.node())

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    def __str__(self) -> str:
        start = "UNBOUNDED PRECEDING" if self.start is None else _bound(self.start)
        end = "UNBOUNDED FOLLOWING" if self.end is None else _bound(self.end)
        excluded = "" if self.exclusion is None else f" EXCLUDE {self.exclusion.value}"
        return f"{self.frame_type} BETWEEN {start} AND {end}{excluded}"


def _bound(offset: int) -> str:
    if offset == 0:
        return "CURRENT ROW"
    return f"{-offset} PRECEDING" if offset < 0 else f"{offset} FOLLOWING"


class RowRange(WindowFrame):
    """A frame counted in rows: RowRange(-2, 0) is the current row and the two before it."""

    frame_type = "ROWS"


class ValueRange(WindowFrame):
    """A frame by the value of the sort key: ValueRange(None, 0) is all rows up to the peers of the current one."""

    frame_type = "RANGE"

    def check(self) -> None:
        super().check()
        if self.start is not None and self.start > 0:
            raise ValueError(f"start argument must be a negative integer, zero, or None, but got {self.start!r}.")
        if self.end is not None and self.end < 0:
            raise ValueError(f"end argument must be a positive integer, zero, or None, but got {self.end!r}.")


class Window(Expression):
    """An aggregate or a window function over the rows that share `partition_by`, in the order of `order_by`.

    partition_by:  a name, an expression, or several of them.
    order_by:      a name, with a leading `-` for descending, an expression, or several of them.
    frame:         a RowRange or a ValueRange.
    """

    def __init__(
        self,
        expression: Any,
        partition_by: Any = None,
        order_by: Any = None,
        frame: WindowFrame | None = None,
        output_field: Any = None,
    ) -> None:
        if not getattr(expression, "window_compatible", False):
            raise ValueError(
                f"Expression {type(expression).__name__!r} isn't compatible with OVER clauses. A window computes an "
                "aggregate or a window function, such as Window(Sum('price')) or Window(RowNumber())."
            )
        self.expression = expression
        self.partition_by = [_partition(part) for part in _several(partition_by)]
        self.order_by = [_sort_key(key) for key in _several(order_by)]
        if frame is not None and not isinstance(frame, WindowFrame):
            raise ValueError(f"Window.frame must be a RowRange or a ValueRange, not {frame!r}.")
        self.frame = frame
        if output_field is not None:
            self.output_field = output_field

    def __repr__(self) -> str:
        parts = []
        if self.partition_by:
            parts.append(f"PARTITION BY {', '.join(map(repr, self.partition_by))}")
        if self.order_by:
            parts.append(f"ORDER BY {', '.join(map(repr, self.order_by))}")
        if self.frame is not None:
            parts.append(str(self.frame))
        return f"<Window: {self.expression!r} OVER ({' '.join(parts)})>"

    @property
    def contains_aggregate(self) -> bool:
        """Whether what it is computed from is computed over a group; its own aggregate is computed over the window."""
        sources = (*self.expression.get_source_expressions(), *self.partition_by, *self.order_by)
        return any(getattr(source, "contains_aggregate", False) for source in sources)

    @property
    def contains_over_clause(self) -> bool:
        """Always: that is what a window is."""
        return True

    def get_source_expressions(self) -> list[Any]:
        return [self.expression, *self.partition_by, *self.order_by]

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        count = len(self.partition_by)
        self.expression, *others = expressions
        self.partition_by, self.order_by = others[:count], others[count:]

    def fingerprint(self, values: list[Any]) -> Hashable:
        key = self.expression.fingerprint(values)
        partition = tuple([part.fingerprint(values) for part in self.partition_by])
        order = tuple([part.fingerprint(values) for part in self.order_by])
        return (Window, key, partition, order, self.frame, None if self.output_field is None else self._field_key())

    def resolve(self, scope: Scope) -> Resolved:
        over = getattr(self.expression, "resolve_over", self.expression.resolve)
        inner: Resolved = over(scope)
        partition = tuple([item for part in self.partition_by for item in sql.items_of(part.resolve(scope).node)])
        order = tuple([item for key in self.order_by for item in _orderings(key, scope)])
        if any(isinstance(part, WindowNode) for source in (inner.node, *partition, *order) for part in walk(source)):
            raise FieldError(f"Cannot compute {self!r}: a window cannot be computed from another one.")
        frame = None if self.frame is None else self.frame.node()
        found = False

        def change(part: Node) -> Node | None:
            nonlocal found
            if isinstance(part, Query):
                return part
            if not isinstance(part, sql.Aggregate):
                return None
            found = True
            if part.distinct or part.order_by:
                # No database has them, and each says so in words of its own.
                kind = "distinct values" if part.distinct else "values in an order of their own"
                raise NotSupportedError(f"Cannot compute {self!r}: there are no windows over {kind}.")
            return WindowNode(WindowAggregate(**as_dict(part)), partition, order, frame, type=part.type)

        node = rewrite(inner.node, change)
        if not found:
            node = WindowNode(inner.node, partition, order, frame, type=inner.node.type)
        if self.output_field is not None and isinstance(node, sql.Typed):
            return Resolved(replace(node, type=scope.type_of(self.output_field)), self.output_field)
        return Resolved(node, inner.field)


def _several(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _partition(part: Any) -> Any:
    if isinstance(part, str):
        return F(part)
    if not isinstance(part, Combinable):
        raise ValueError(f"Window.partition_by takes names of fields and expressions, not {part!r}.")
    return part


def _sort_key(key: Any) -> Any:
    if isinstance(key, str):
        return OrderBy.by_name(key)
    if not isinstance(key, Combinable):
        raise ValueError(
            "Window.order_by must be either a string reference to a field, an expression, or a list or tuple of them, "
            f"not {key!r}."
        )
    return key


def _orderings(key: Any, scope: Scope) -> tuple[sql.Ordering, ...]:
    return (key if isinstance(key, OrderBy) else OrderBy(key)).resolve_keys(scope)
