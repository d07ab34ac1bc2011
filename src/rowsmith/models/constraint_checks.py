"""Constraint checks: asking, before a row is written, whether it would break a constraint."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rowsmith.db import connections
from rowsmith.exceptions import ValidationError
from rowsmith.execution.constants import columns_read, evaluate
from rowsmith.expressions import F, OrderBy
from rowsmith.fields.base import is_expression
from rowsmith.fields.defaults import DatabaseDefault
from rowsmith.metadata.constraints import CheckConstraint, UniqueConstraint


def validate(constraint: Any, model: Any, instance: Any, *, exclude: Collection[str] | None, using: str) -> None:
    """Raise ValidationError when `instance` breaks `constraint`; skipped when it is about an excluded field.

    A constraint class of the user's own brings a `validate` method, which is then called instead.
    """
    own = getattr(constraint, "validate", None)
    if own is not None:
        own(model, instance, exclude=exclude, using=using)
    elif isinstance(constraint, CheckConstraint):
        _validate_check(constraint, model, instance, exclude or (), using)
    elif isinstance(constraint, UniqueConstraint):
        _validate_unique(constraint, model, instance, exclude or (), using)


def judge(expression: Any, model: Any, instance: Any, using: str) -> Any:
    """What the database makes of a Q or an expression for the values of `instance`."""
    read = _fields_in(model, expression) or []
    values = {field.column: field.get_prep_value(getattr(instance, field.attname)) for field in read}
    return evaluate(connections[using], model, expression, values)


def _fields_in(model: Any, *expressions: Any) -> list[Any] | None:
    """The fields whose columns the expressions read; None when SQL text of the user's own hides them."""
    columns: set[str] = set()
    for expression in expressions:
        read = columns_read(model, expression)
        if read is None:
            return None
        columns |= read
    return [field for field in model._meta.concrete_fields if field.column in columns]


def _is_known(fields: list[Any], instance: Any) -> bool:
    """Whether the instance itself holds all the values, rather than leaving some to the database."""
    for field in fields:
        value = getattr(instance, field.attname)
        if is_expression(value) or isinstance(value, DatabaseDefault):
            return False
    return True


def _validate_check(
    constraint: CheckConstraint, model: Any, instance: Any, exclude: Collection[str], using: str
) -> None:
    fields = _fields_in(model, constraint.condition)
    if fields is None or any(field.name in exclude for field in fields) or not _is_known(fields, instance):
        return
    verdict = judge(constraint.condition, model, instance, using)
    if verdict is not None and not verdict:
        raise ValidationError(constraint.get_violation_error_message(), code=constraint.violation_error_code)


def _validate_unique(
    constraint: UniqueConstraint, model: Any, instance: Any, exclude: Collection[str], using: str
) -> None:
    parts = [_undirected(item) for item in constraint.expressions]
    fields = _fields_in(model, *parts, *([] if constraint.condition is None else [constraint.condition]))
    if fields is None:
        return
    fields += [model._meta.get_field(name) for name in constraint.fields]
    if any(field.name in exclude for field in fields) or not _is_known(fields, instance):
        return
    rows = model._default_manager.using(using)
    for name in constraint.fields:
        field = model._meta.get_field(name)
        value = getattr(instance, field.attname)
        if value is None:
            if constraint.nulls_distinct is not False:
                return
            rows = rows.filter(**{f"{field.attname}__isnull": True})
        else:
            rows = rows.filter(**{field.attname: value})
    for number, expression in enumerate(parts):
        value = judge(expression, model, instance, using)
        if value is None and constraint.nulls_distinct is not False:
            return
        alias = f"_expression{number}"
        rows = rows.alias(**{alias: expression}).filter(
            **{alias: value} if value is not None else {f"{alias}__isnull": True}
        )
    if constraint.condition is not None:
        if not judge(constraint.condition, model, instance, using):
            return
        rows = rows.filter(constraint.condition)
    if not instance._state.adding and instance._is_pk_set():
        rows = rows.exclude(pk=instance.pk)
    if rows.exists():
        raise _unique_error(constraint, model, instance)


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
