"""Features: what a database can do, stated once and handed to whoever plans for it."""

from __future__ import annotations

from rowsmith.records import Record


class Features(Record):
    """Facts about one database server or library, by what they mean to a planner."""

    returning: bool = True  # INSERT, UPDATE and DELETE can hand back rows
    array_parameters: bool = False  # a list binds as one value, and unnest() turns it into rows
    max_parameters: int = 32766  # bound values allowed in one statement
    locking: frozenset[str] | None = None  # the options of a row lock; None where there are no such locks
    distinct_on: bool = False  # the first row of each group can be asked for
    deletes_together: bool = False  # one statement can delete from several tables
    max_operand_depth: int = 400  # a chain of AND or OR longer than this is written as a balanced tree
    range_offsets: bool = True  # a window frame by value may begin and end at a distance from the current row
    lateral: bool = False  # a query in FROM may refer to the tables before it
    frame_exclusion: bool = True  # a window frame may leave rows out
