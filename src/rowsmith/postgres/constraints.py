"""Constraints of PostgreSQL: rows that exclude each other."""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Sequence
from typing import Any

from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.db import connections
from rowsmith.exceptions import ValidationError
from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.combinable import Shaped
from rowsmith.expressions.names import F
from rowsmith.metadata.constraints import BaseConstraint, Deferrable
from rowsmith.models.constraint_checks import over_row
from rowsmith.sql import expressions as sql
from rowsmith.sql import types

_METHODS = ("gist", "hash", "spgist")
_OPERATOR = re.compile(r"[-+*/<>=~!@#%^&|`?]+")


class ExclusionConstraint(BaseConstraint):
    """No two rows compare as true in all of the expressions, each by its operator.

    expressions:  pairs of an expression, or the name of a field, and an operator.
    index_type:   the access method that keeps it: GiST, Hash or SP-GiST.
    condition:    a Q; rows that do not meet it exclude nothing.
    include:      fields that ride along in the index.
    """

    def __init__(
        self,
        *,
        name: str,
        expressions: Sequence[tuple[Any, str]],
        index_type: str | None = None,
        condition: Any = None,
        deferrable: Deferrable | None = None,
        include: Sequence[str] | None = None,
        violation_error_code: str | None = None,
        violation_error_message: str | None = None,
    ) -> None:
        method = (index_type or "gist").lower()
        if method not in _METHODS:
            raise ValueError("Exclusion constraints only support GiST, Hash, or SP-GiST indexes.")
        if not expressions:
            raise ValueError("At least one expression is required to define an exclusion constraint.")
        if not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in expressions):
            raise ValueError("The expressions must be a list of 2-tuples.")
        for _, operator in expressions:
            if not _OPERATOR.fullmatch(operator):
                raise ValueError(f"{operator!r} is not an operator.")
        if condition is not None and not getattr(condition, "conditional", False):
            raise ValueError("ExclusionConstraint.condition must be a Q instance.")
        if deferrable is not None and not isinstance(deferrable, Deferrable):
            raise ValueError("ExclusionConstraint.deferrable must be a Deferrable instance.")
        if include is not None and not isinstance(include, list | tuple):
            raise ValueError("ExclusionConstraint.include must be a list or tuple.")
        if include and method == "hash":
            raise ValueError("Covering exclusion constraints using Hash indexes are not supported.")
        self.expressions = [
            (F(expression) if isinstance(expression, str) else expression, operator)
            for expression, operator in expressions
        ]
        self.index_type = method
        self.condition = condition
        self.deferrable = deferrable
        self.include = tuple(include) if include else ()
        super().__init__(
            name=name,
            violation_error_code=violation_error_code,
            violation_error_message=violation_error_message,
        )

    @property
    def contains_expressions(self) -> bool:
        return True

    def _keywords(self) -> dict[str, Any]:
        keywords = {**super()._keywords(), "expressions": self.expressions}
        if self.index_type != "gist":
            keywords["index_type"] = self.index_type
        for option in ("condition", "deferrable", "include"):
            if value := getattr(self, option):
                keywords[option] = value
        return keywords

    def validate(
        self, model: Any, instance: Any, exclude: Collection[str] | None = None, using: str = DEFAULT_DB_ALIAS
    ) -> None:
        if not connections[using].server_features.exclusion_constraints:
            # The database does not keep it either, and a check has told so.
            return
        rows = model._default_manager.using(using)
        for expression, operator in self.expressions:
            computed = over_row(model, expression, instance, exclude or ())
            if computed is None:
                return
            rows = rows.filter(Operated(expression, operator, computed))
        if self.condition is not None:
            meant = over_row(model, self.condition, instance, exclude or ())
            if meant is None:
                return
            rows = rows.filter(meant).filter(self.condition)
        if not instance._state.adding and instance._is_pk_set():
            rows = rows.exclude(pk=getattr(instance, model._meta.pk.attname))
        if rows.exists():
            raise ValidationError(self.get_violation_error_message(), code=self.violation_error_code)


class Operated(Expression):
    """What an operator says of two expressions."""

    conditional = True

    def __init__(self, left: Shaped, operator: str, right: Shaped) -> None:
        self.left: Any = left
        self.operator = operator
        self.right: Any = right

    def __repr__(self) -> str:
        return f"{self.left!r} {self.operator} {self.right!r}"

    def get_source_expressions(self) -> list[Any]:
        return [self.left, self.right]

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (Operated, self.left.fingerprint(values), self.operator, self.right.fingerprint(values))

    def resolve(self, scope: Scope) -> Resolved:
        left, right = self.left.resolve(scope).node, self.right.resolve(scope).node
        return Resolved(sql.Infix(self.operator, left, right, type=types.Boolean()), scope.field_for(types.Boolean()))
