"""The public face of lookups."""

from rowsmith.expressions.transforms import Transform
from rowsmith.lookups.base import Lookup
from rowsmith.lookups.comparison import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    IsNull,
    LessThan,
    LessThanOrEqual,
    Range,
)
from rowsmith.lookups.dates import YearExact, YearGt, YearGte, YearLt, YearLte
from rowsmith.lookups.text import (
    Contains,
    EndsWith,
    IContains,
    IEndsWith,
    IExact,
    IRegex,
    IStartsWith,
    Regex,
    StartsWith,
)

__all__ = [
    "Contains",
    "EndsWith",
    "Exact",
    "GreaterThan",
    "GreaterThanOrEqual",
    "IContains",
    "IEndsWith",
    "IExact",
    "IRegex",
    "IStartsWith",
    "In",
    "IsNull",
    "LessThan",
    "LessThanOrEqual",
    "Lookup",
    "Range",
    "Regex",
    "StartsWith",
    "Transform",
    "YearExact",
    "YearGt",
    "YearGte",
    "YearLt",
    "YearLte",
]
