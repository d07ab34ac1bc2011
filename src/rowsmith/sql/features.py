"""Features: what a database can do, stated once and handed to whoever plans for it."""

from __future__ import annotations

from rowsmith.records import Record


class Features(Record):
    """Facts about one database server or library, by what they mean to a planner."""

    vendor: str
    returning: bool = True  # INSERT, UPDATE and DELETE can hand back rows
    array_parameters: bool = False  # a list binds as one value, and unnest() turns it into rows
    max_parameters: int = 32766  # bound values allowed in one statement
    max_identifier_length: int | None = None  # characters of a name; None means any number
    distinct_on: bool = False
    select_for_update: bool = False
    select_for_update_of: bool = False
    select_for_update_no_key: bool = False
    upsert_needs_target: bool = True
    aggregate_filter: bool = True
    deferrable_constraints: bool = True
    json_contains: bool = True
    nulls_sort_first: bool = False  # where NULL stands in an ascending order that says nothing about it
    supports_comments: bool = False
    supports_tablespaces: bool = False
    transactional_ddl: bool = True
    server_side_cursors: bool = False
    native_xor: bool = False
    boolean_expressions: bool = True  # a predicate may stand where a value may
    default_keyword: bool = True  # VALUES (..., DEFAULT, ...)
    max_operand_depth: int = (
        400  # how deep a chain of AND or OR may nest before it is written as a balanced tree
    )
    max_query_depth: int = 300  # how deep expressions may nest
