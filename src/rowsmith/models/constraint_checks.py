"""Constraint checks: asking, before a row is written, whether it would break a constraint; one query for each."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rowsmith.db import connections
from rowsmith.exceptions import ValidationError
from rowsmith.execution.constants import evaluate
from rowsmith.expressions import F, OrderBy, Q
from rowsmith.expressions.combinable import Shaped
from rowsmith.fields.base import is_expression
from rowsmith.fields.defaults import DatabaseDefault
from rowsmith.lookups.comparison import Exact, IsNull
from rowsmith.metadata.constraints import BaseConstraint, CheckConstraint, UniqueConstraint
from rowsmith.query.unstored import OverRow, fields_read


def judged(constraint: Any, model: Any, instance: Any, exclude: Collection[str], using: str) -> None:
    """Raise ValidationError when the row of `instance` would break `constraint`."""
    if isinstance(constraint, CheckConstraint):
        _judge_check(constraint, model, instance, exclude, using)
    elif isinstance(constraint, UniqueConstraint):
        _judge_unique(constraint, model, instance, exclude, using)
    else:
        raise NotImplementedError(f"{type(constraint).__name__} must implement validate().")


BaseConstraint.judged = staticmethod(judged)


def over_row(model: Any, expression: Any, instance: Any, exclude: Collection[str] = ()) -> OverRow | None:
    """A Q or an expression over the values of `instance`.

    returns: None where it cannot be told: it is about an excluded field, or about what only the database knows.
    """
    fields = fields_read(model, [expression])
    if fields is None:
        return None
    values: dict[str, Any] = {}
    for field in fields:
        if field.name in exclude:
            return None
        if field.generated:
            continue
        value = getattr(instance, field.attname)
        if isinstance(value, DatabaseDefault):
            value = value.expression
        if not is_expression(value):
            values[field.column] = field.get_prep_value(value)
        elif isinstance(value, Shaped) and fields_read(model, [value]) == ():
            values[field.column] = value
        else:
            # It is computed from the row as it is stored, or by SQL of the user's own.
            return None
    return OverRow(model, expression, values)


def _judge_check(constraint: CheckConstraint, model: Any, instance: Any, exclude: Collection[str], using: str) -> None:
    condition = over_row(model, constraint.condition, instance, exclude)
    if condition is None:
        return
    verdict = evaluate(connections[using], condition)
    if verdict is not None and not verdict:
        raise ValidationError(constraint.get_violation_error_message(), code=constraint.violation_error_code)


def _judge_unique(
    constraint: UniqueConstraint, model: Any, instance: Any, exclude: Collection[str], using: str
) -> None:
    rows = model._default_manager.using(using)
    nulls_differ = constraint.nulls_distinct is not False
    if any(name in exclude for name in constraint.fields):
        return
    columns = [member.name for name in constraint.fields for member in model._meta.get_field(name).members]
    for expression in (*map(F, columns), *map(_undirected, constraint.expressions)):
        computed = over_row(model, expression, instance, exclude)
        if computed is None:
            return
        if _is_null(computed):
            if nulls_differ:
                return
            rows = rows.filter(IsNull(expression, True))
            continue
        same = Q(Exact(expression, computed))
        if not nulls_differ:
            same |= Q(IsNull(expression, True)) & Q(IsNull(computed, True))
        rows = rows.filter(same)
    if constraint.condition is not None:
        meant = over_row(model, constraint.condition, instance, exclude)
        if meant is None:
            return
        rows = rows.filter(meant).filter(constraint.condition)
    if not instance._state.adding and instance._is_pk_set():
        rows = rows.exclude(pk=getattr(instance, model._meta.pk.attname))
    if rows.exists():
        raise _unique_error(constraint, model, instance)


def _is_null(computed: OverRow) -> bool:
    """Whether it is a single column that holds NULL, which then needs no comparison."""
    field = computed.model._meta.fields_map.get(getattr(computed.expression, "name", None))
    if field is None or field.generated:
        return False
    return any(computed.values[member.column] is None for member in field.members)


def _undirected(expression: Any) -> Any:
    """What is indexed, without the direction in which it is."""
    if isinstance(expression, OrderBy):
        expression = expression.expression
    return F(expression) if isinstance(expression, str) else expression


def _unique_error(constraint: UniqueConstraint, model: Any, instance: Any) -> ValidationError:
    """The constraint's own code and message where it has them, else those of unique fields."""
    told = (
        constraint.violation_error_code is not None
        or constraint.violation_error_message != constraint.default_violation_error_message
    )
    if told or not constraint.fields or constraint.condition is not None:
        return ValidationError(constraint.get_violation_error_message(), code=constraint.violation_error_code)
    error: ValidationError = instance.unique_error_message(model, constraint.fields)
    return error
