"""Agreement: the type that several expressions have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rowsmith.expressions.arithmetic import MixedTypes
from rowsmith.records import replace
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


def alike(operands: Sequence[sql.Expression]) -> tuple[sql.Expression, ...]:
    """`operands` in one form: documents and parts of documents, which some databases keep differently, become alike."""
    kinds = {type(operand.type) for operand in operands}
    if not {types.Json, types.JsonPart} <= kinds:
        return tuple(operands)
    if all(isinstance(o, sql.Parameter | sql.Ambient) for o in operands if type(o.type) is types.Json):
        return tuple([_retyped(operand, types.JsonPart) for operand in operands])
    return tuple([_retyped(operand, types.Json) for operand in operands])


def _retyped(operand: sql.Expression, kind: type[types.Json]) -> sql.Expression:
    type_ = operand.type
    if not isinstance(type_, types.Json) or type(type_) is kind:
        return operand
    told = kind(type_.encoder, type_.decoder)
    if isinstance(operand, sql.JsonPath):
        return replace(operand, form="json", type=told)
    return replace(operand, type=told) if isinstance(operand, sql.Typed) else operand
