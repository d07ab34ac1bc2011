"""Windows: what is computed of a row from the rows around it."""

from __future__ import annotations

from rowsmith.sql.expressions import AggregateCall, Expression, Ordering, Typed
from rowsmith.sql.nodes import Node


class Frame(Node):
    """The rows around the current one that count, by number (ROWS) or by value (RANGE).

    start, end:  how far before (negative) or behind the current row; None for all the way.
    exclusion:   rows of the frame that do not count: CURRENT ROW, GROUP, TIES or NO OTHERS.
    """

    mode: str
    start: int | None = None
    end: int | None = None
    exclusion: str | None = None


class WindowAggregate(AggregateCall):
    """An aggregate over the rows of a window."""


class Window(Typed):
    """A call over a window; `call` is a WindowAggregate or a function that only windows know."""

    call: Expression
    partition_by: tuple[Expression, ...] = ()
    order_by: tuple[Ordering, ...] = ()
    frame: Frame | None = None
