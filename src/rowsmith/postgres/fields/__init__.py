"""Fields of types that PostgreSQL alone has: arrays, ranges, and texts by their keys."""

from psycopg.types.range import Range

from rowsmith.postgres.fields.arrays import ArrayField
from rowsmith.postgres.fields.hstore import HStoreField
from rowsmith.postgres.fields.ranges import (
    BigIntegerRangeField,
    DateRangeField,
    DateTimeRangeField,
    DecimalRangeField,
    IntegerRangeField,
    RangeBoundary,
    RangeField,
    RangeOperators,
)

__all__ = [
    "ArrayField",
    "BigIntegerRangeField",
    "DateRangeField",
    "DateTimeRangeField",
    "DecimalRangeField",
    "HStoreField",
    "IntegerRangeField",
    "Range",
    "RangeBoundary",
    "RangeField",
    "RangeOperators",
]
