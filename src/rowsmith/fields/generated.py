"""Generated fields: columns that the database computes from the other columns of the row."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from rowsmith.fields.base import Field, G, is_expression
from rowsmith.fields.defaults import NOT_PROVIDED
from rowsmith.fields.numbers import referring_type
from rowsmith.sql import types


class GeneratedField(Field[Any, G]):
    """A column whose value the database computes; it is read like any other, and never written.

    expression:    what it is computed by: of the row's own columns, and the same each time.
    output_field:  the field that says what the column holds, and converts what is read and compared.
    db_persist:    True stores the value with the row, False computes it whenever it is read.
    """

    generated = True
    output_field: Any  # a Field[Any, G]; told so, checkers would read it as the descriptor that it is

    def __init__(
        self, *, expression: Any, output_field: Field[Any, G], db_persist: bool | None = None, **options: Any
    ) -> None:
        if not isinstance(db_persist, bool):
            raise ValueError(
                f"GeneratedField.db_persist must be True (stored) or False (computed when read), not {db_persist!r}."
            )
        if not isinstance(output_field, Field) or output_field.is_relation:
            raise ValueError(
                "GeneratedField.output_field must be an instance of a field that is no relation, such as "
                f"IntegerField(), not {output_field!r}."
            )
        if not is_expression(expression):
            raise ValueError(
                f"GeneratedField.expression must be an expression, such as F('price') * F('amount'), not "
                f"{expression!r}."
            )
        if options.setdefault("editable", False):
            raise ValueError("GeneratedField cannot be editable.")
        if not options.setdefault("blank", True):
            raise ValueError("GeneratedField must be blank.")
        if options.get("default", NOT_PROVIDED) is not NOT_PROVIDED:
            raise ValueError("GeneratedField cannot have a default.")
        if options.get("db_default", NOT_PROVIDED) is not NOT_PROVIDED:
            raise ValueError("GeneratedField cannot have a database default.")
        # Whatever was said, the column holds NULL where the expression gives it.
        super().__init__(**{**options, "null": True})
        self.expression = expression
        self.output_field = output_field
        self.db_persist = db_persist

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False) -> None:
        # One of its own for each model: errors name the field, and models may share the definition.
        self.output_field = copy.copy(self.output_field)
        self.output_field.set_attributes_from_name(name)
        self.output_field.model = cls
        super().contribute_to_class(cls, name, private_only)

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        del keywords["blank"], keywords["editable"], keywords["null"]
        keywords |= {
            "expression": self.expression,
            "output_field": self.output_field,
            "db_persist": self.db_persist,
        }
        return name, path, args, keywords

    # The column holds what the output field's would ------------------------------------------------------------------

    @property
    def db_returning(self) -> bool:
        return True

    def get_internal_type(self) -> str:
        return self.output_field.get_internal_type()  # type: ignore[no-any-return]

    @cached_property
    def sql_type(self) -> types.Type:
        return referring_type(self.output_field.sql_type)

    @property
    def read_type(self) -> types.Type:
        # SQLite returns what the expression gave: a whole number, for one, where the column holds floats.
        return types.Computed(self.sql_type)

    def find_registered(self, name: str) -> Any:
        """The lookup or transform of a name: one of its own, else that of the output field."""
        own = vars(self).get("instance_lookups", {}).get(name)
        return own if own is not None else self.output_field.find_registered(name)

    def get_transform(self, name: str) -> Any:
        return super().get_transform(name) or self.output_field.get_transform(name)

    def _built_in_lookups(self) -> Mapping[str, Any]:
        return dict(self.output_field.get_lookups())

    def db_type(self, connection: Any) -> str | None:
        return self.output_field.db_type(connection)  # type: ignore[no-any-return]

    def rel_db_type(self, connection: Any) -> str | None:
        return self.output_field.rel_db_type(connection)  # type: ignore[no-any-return]

    def db_check(self, connection: Any) -> str | None:
        return self.output_field.db_check(connection)  # type: ignore[no-any-return]

    @property
    def prep_types(self) -> frozenset[type]:  # type: ignore[override]
        return self.output_field.prep_types  # type: ignore[no-any-return]

    @property
    def prep_condition(self) -> tuple[type, str] | None:  # type: ignore[override]
        return self.output_field.prep_condition  # type: ignore[no-any-return]

    @property
    def integer_range(self) -> tuple[int, int] | None:  # type: ignore[override]
        return self.output_field.integer_range  # type: ignore[no-any-return]

    @property
    def from_db_value(self) -> Any:
        return self.output_field.from_db_value  # AttributeError where it has none

    def to_python(self, value: Any) -> Any:
        return self.output_field.to_python(value)

    def get_prep_value(self, value: Any) -> Any:
        return self.output_field.get_prep_value(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return self.output_field.get_db_prep_value(value, connection, prepared)

    def value_to_string(self, instance: Any) -> str:
        return self.output_field.value_to_string(instance)  # type: ignore[no-any-return]
