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
    Subquery,
    Value,
    When,
)

__all__ = [
    "Case",
    "Combinable",
    "Exists",
    "Expression",
    "ExpressionWrapper",
    "F",
    "Func",
    "OrderBy",
    "OuterRef",
    "RawSQL",
    "Subquery",
    "Value",
    "When",
]
