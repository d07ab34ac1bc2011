"""Constraints as data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from enum import Enum
from typing import Any, ClassVar

from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.expressions.names import F
from rowsmith.metadata.deconstruction import Deconstructible, public_path


class Deferrable(Enum):
    """When a deferrable constraint is checked."""

    DEFERRED = "deferred"
    IMMEDIATE = "immediate"

    def __repr__(self) -> str:
        return f"Deferrable.{self.name}"


class BaseConstraint(Deconstructible):
    """A rule about the rows of a table, kept by the database and checked by `full_clean()`."""

    default_violation_error_message = "Constraint '%(name)s' is violated."

    judged: ClassVar[Callable[..., None]]
    """What asks the database whether a row that is not stored would break it; set by the floor that can ask."""

    def __init__(
        self,
        *,
        name: str,
        violation_error_code: str | None = None,
        violation_error_message: str | None = None,
    ) -> None:
        self.name = name
        self.violation_error_code = violation_error_code
        self.violation_error_message = violation_error_message or self.default_violation_error_message

    @property
    def contains_expressions(self) -> bool:
        return False

    def validate(
        self, model: Any, instance: Any, exclude: Collection[str] | None = None, using: str = DEFAULT_DB_ALIAS
    ) -> None:
        """Raise ValidationError when the row of `instance` would break the rule; skipped where it is about `exclude`.

        model:  the class that declares the constraint: that of the instance, or a parent.
        """
        BaseConstraint.judged(self, model, instance, exclude or (), using)

    def get_violation_error_message(self) -> str:
        return self.violation_error_message % {"name": self.name}

    def _keywords(self) -> dict[str, Any]:
        """What the constructor took, defaults left out."""
        keywords: dict[str, Any] = {"name": self.name}
        if self.violation_error_message != self.default_violation_error_message:
            keywords["violation_error_message"] = self.violation_error_message
        if self.violation_error_code is not None:
            keywords["violation_error_code"] = self.violation_error_code
        return keywords

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        return public_path(type(self)), (), self._keywords()

    def __repr__(self) -> str:
        _, args, keywords = self.deconstruct()
        shown = [repr(item) for item in args] + [f"{key}={value!r}" for key, value in keywords.items()]
        return f"<{type(self).__name__}: {' '.join(shown)}>"


class CheckConstraint(BaseConstraint):
    """Every row meets `condition`: a Q or a boolean expression."""

    def __init__(self, *, condition: Any, name: str, **options: Any) -> None:
        if not getattr(condition, "conditional", False):
            raise TypeError("CheckConstraint.condition must be a Q instance or boolean expression.")
        self.condition = condition
        super().__init__(name=name, **options)

    def _keywords(self) -> dict[str, Any]:
        return {**super()._keywords(), "condition": self.condition}


class UniqueConstraint(BaseConstraint):
    """No two rows have the same values in `fields`, or the same results of the expressions."""

    def __init__(
        self,
        *expressions: Any,
        fields: Sequence[str] = (),
        name: str | None = None,
        condition: Any = None,
        deferrable: Deferrable | None = None,
        include: Sequence[str] | None = None,
        opclasses: Sequence[str] = (),
        nulls_distinct: bool | None = None,
        violation_error_code: str | None = None,
        violation_error_message: str | None = None,
    ) -> None:
        if not name:
            raise ValueError("A unique constraint must be named.")
        if not expressions and not fields:
            raise ValueError("At least one field or expression is required to define a unique constraint.")
        if expressions and fields:
            raise ValueError("UniqueConstraint.fields and expressions are mutually exclusive.")
        if condition is not None and not getattr(condition, "conditional", False):
            raise ValueError("UniqueConstraint.condition must be a Q instance.")
        if isinstance(fields, str) or not all(isinstance(field, str) for field in fields):
            raise ValueError(f"UniqueConstraint.fields must be a list of names, not {fields!r}.")
        if deferrable is not None:
            if not isinstance(deferrable, Deferrable):
                raise TypeError("UniqueConstraint.deferrable must be a Deferrable instance.")
            for option, value in (
                ("a condition", condition),
                ("include", include),
                ("opclasses", opclasses),
                ("expressions", expressions),
            ):
                if value:
                    raise ValueError(f"UniqueConstraint with {option} cannot be deferred.")
        if expressions and opclasses:
            raise ValueError("UniqueConstraint.opclasses cannot be used with expressions; use OpClass() instead.")
        if include is not None and not isinstance(include, list | tuple):
            raise TypeError("UniqueConstraint.include must be a list or tuple.")
        if not isinstance(opclasses, list | tuple):
            raise TypeError("UniqueConstraint.opclasses must be a list or tuple.")
        if not isinstance(nulls_distinct, bool | None):
            raise TypeError("UniqueConstraint.nulls_distinct must be a bool.")
        if opclasses and len(fields) != len(opclasses):
            raise ValueError("UniqueConstraint.fields and UniqueConstraint.opclasses must have the same number.")
        self.fields = tuple(fields)
        self.expressions = tuple(F(item) if isinstance(item, str) else item for item in expressions)
        self.condition = condition
        self.deferrable = deferrable
        self.include = tuple(include) if include else ()
        self.opclasses = tuple(opclasses)
        self.nulls_distinct = nulls_distinct
        super().__init__(
            name=name,
            violation_error_code=violation_error_code,
            violation_error_message=violation_error_message,
        )

    @property
    def contains_expressions(self) -> bool:
        return bool(self.expressions)

    @property
    def is_index(self) -> bool:
        """Whether the database keeps this rule by a unique index, as a table constraint cannot say it."""
        return bool(self.expressions or self.condition is not None or self.include or self.opclasses)

    def _keywords(self) -> dict[str, Any]:
        keywords = super()._keywords()
        for option in ("fields", "condition", "deferrable", "include", "opclasses"):
            if value := getattr(self, option):
                keywords[option] = value
        if self.nulls_distinct is not None:
            keywords["nulls_distinct"] = self.nulls_distinct
        return keywords

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, _, keywords = super().deconstruct()
        return path, self.expressions, keywords
