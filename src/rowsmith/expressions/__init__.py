"""Expressions: what users compose queries of."""

from rowsmith.expressions.aggregates import (
    Aggregate,
    AnyValue,
    Avg,
    BitAnd,
    BitOr,
    BitXor,
    Count,
    Max,
    Min,
    StdDev,
    StringAgg,
    Sum,
    Variance,
)
from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.combinable import Combinable, Shaped, kind_of
from rowsmith.expressions.compiling import Compiler
from rowsmith.expressions.conditional import Case, When
from rowsmith.expressions.filtered import FilteredRelation
from rowsmith.expressions.func import Func
from rowsmith.expressions.names import F, OuterRef
from rowsmith.expressions.ordering import OrderBy
from rowsmith.expressions.q import Q
from rowsmith.expressions.raw import RawSQL
from rowsmith.expressions.subqueries import Exists, Subquery
from rowsmith.expressions.transforms import Transform
from rowsmith.expressions.values import ExpressionWrapper, Value
from rowsmith.expressions.windows import RowRange, ValueRange, Window, WindowFrame, WindowFrameExclusion

__all__ = [
    "Aggregate",
    "AnyValue",
    "Avg",
    "BitAnd",
    "BitOr",
    "BitXor",
    "Case",
    "Combinable",
    "Compiler",
    "Count",
    "Exists",
    "Expression",
    "ExpressionWrapper",
    "F",
    "FilteredRelation",
    "Func",
    "Max",
    "Min",
    "OrderBy",
    "OuterRef",
    "Q",
    "RawSQL",
    "Resolved",
    "RowRange",
    "Scope",
    "Shaped",
    "StdDev",
    "StringAgg",
    "Subquery",
    "Sum",
    "Transform",
    "Value",
    "ValueRange",
    "Variance",
    "When",
    "Window",
    "WindowFrame",
    "WindowFrameExclusion",
    "kind_of",
]
