"""Agreement: the type that several expressions have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rowsmith.expressions.arithmetic import MixedTypes
from rowsmith.sql import expressions as sql
from rowsmith.sql import types

_TEXTS = (types.Text, types.Varchar)
_WHOLE = (types.Integer, types.Serial)


def common_type(operands: Sequence[sql.Expression]) -> types.Type | None:
    """The type that all operands have, in whatever size; None when they differ, Unknown when none of them says."""
    told = [operand.type for operand in operands if not isinstance(operand.type, types.Unknown)]
    if not told:
        return types.Unknown()
    first = told[0]
    if all(type_ == first for type_ in told):
        return first
    for family, common in ((_TEXTS, types.Text()), (_WHOLE, types.Integer(64))):
        if all(isinstance(type_, family) for type_ in told):
            return common
    return None if any(type(type_) is not type(first) for type_ in told) else types.unsized(first)


def disagreement(operands: Iterable[sql.Expression]) -> MixedTypes:
    """What stands for the field of something made of operands whose types differ."""
    first, *others = [operand.type for operand in operands if not isinstance(operand.type, types.Unknown)]
    return MixedTypes(first, "and", next(other for other in others if type(other) is not type(first)))
