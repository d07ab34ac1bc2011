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
    told = [operand for operand in operands if not isinstance(operand.type, types.Unknown)]
    # A plain string goes with either kind of text.
    firm = [o.type for o in told if not (isinstance(o, sql.Parameter) and isinstance(o.type, types.Text))]
    if not told:
        return types.Unknown()
    if len(firm) < len(told) and not all(isinstance(type_, _TEXTS) for type_ in firm):
        return None
    first = firm[0] if firm else told[0].type
    if all(type_ == first for type_ in firm):
        return first
    if all(isinstance(type_, _WHOLE) for type_ in firm):
        return types.Integer(64)
    if any(type(type_) is not type(first) for type_ in firm):
        return None
    return types.Varchar() if isinstance(first, types.Varchar) else types.unsized(first)


def disagreement(operands: Iterable[sql.Expression]) -> MixedTypes:
    """What stands for the field of something made of operands whose types differ."""
    first, *others = [operand.type for operand in operands if not isinstance(operand.type, types.Unknown)]
    return MixedTypes(first, "and", next(other for other in others if type(other) is not type(first)))
