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
    row_values: bool = True  # (a, b) can be compared with another row, and with those of a query
    lateral: bool = False  # a query in FROM may refer to the tables before it
    frame_exclusion: bool = True  # a window frame may leave rows out
    isolation_levels: tuple[str, ...] = ()  # what a transaction may be begun with; none where all are serializable
    # What a definition may say.
    can_rollback_ddl: bool = True  # a transaction that fails undoes what it did to tables
    check_constraints: bool = True  # a condition that every row meets is kept
    partial_indexes: bool = True  # an index, unique or not, of the rows that meet a condition
    expression_indexes: bool = True  # an index of what is computed from a row
    covering_indexes: bool = False  # an index may carry columns that it does not sort by
    operator_classes: bool = False  # a member of an index may name what it is compared by
    deferrable_unique: bool = False  # uniqueness may wait for the end of the transaction
    nulls_not_distinct: bool = False  # uniqueness may take NULLs to be equal
    stored_columns: bool = True  # a computed column may be kept with the row
    virtual_columns: bool = True  # a computed column may be computed when it is read
    expression_defaults: bool = True  # a column's default may be computed
    exclusion_constraints: bool = False  # rows may exclude each other by any operator
    vector_indexes: bool = False  # indexes find the nearest of many vectors
    comments: bool = False  # tables and columns carry comments
    column_collations: bool = True  # a column of text has a collation of its own
    set_default_on_delete: bool = True  # a foreign key may fall back to its column's default
    json: bool = True  # a column holds JSON documents
    extended_types: bool = False  # columns hold arrays, ranges, prepared text and the like
