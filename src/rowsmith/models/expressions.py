"""The public face of expressions."""

from rowsmith.expressions import (
    Case,
    Combinable,
    Exists,
    Expression,
    ExpressionWrapper,
    F,
    Func,
    OrderBy,
    OuterRef,
    RawSQL,
    RowRange,
    Subquery,
    Value,
    ValueRange,
    When,
    Window,
    WindowFrame,
    WindowFrameExclusion,
)
from rowsmith.expressions.arithmetic import CombinedExpression
from rowsmith.expressions.names import Sliced
from rowsmith.expressions.q import NegatedExpression

__all__ = [
    "Case",
    "Combinable",
    "CombinedExpression",
    "Exists",
    "Expression",
    "ExpressionWrapper",
    "F",
    "Func",
    "NegatedExpression",
    "OrderBy",
    "OuterRef",
    "RawSQL",
    "RowRange",
    "Sliced",
    "Subquery",
    "Value",
    "ValueRange",
    "When",
    "Window",
    "WindowFrame",
    "WindowFrameExclusion",
]
