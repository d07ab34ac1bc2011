"""Indexes as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rowsmith.expressions.names import F
from rowsmith.metadata.deconstruction import Deconstructible, public_path
from rowsmith.metadata.names import digest


class Index(Deconstructible):
    """An index over columns or expressions.

    fields:      names of fields, with a `-` before those in descending order.
    expressions: what to index instead of fields.
    condition:   a Q that the indexed rows meet.
    include:     fields that only ride along (PostgreSQL).
    """

    suffix = "idx"
    max_name_length = 30
    searched = False
    """Whether it is of documents that are searched, and not of columns."""

    def __init__(
        self,
        *expressions: Any,
        fields: Sequence[str] = (),
        name: str | None = None,
        db_tablespace: str | None = None,
        opclasses: Sequence[str] = (),
        condition: Any = None,
        include: Sequence[str] | None = None,
    ) -> None:
        if opclasses and not name:
            raise ValueError("An index must be named to use opclasses.")
        if condition is not None and not getattr(condition, "conditional", False):
            raise ValueError(f"Index.condition must be a Q or an expression, not {condition!r}.")
        if condition is not None and not name:
            raise ValueError("An index must be named to use condition.")
        if not isinstance(fields, list | tuple):
            raise ValueError(f"Index.fields must be a list or tuple, not {fields!r}.")
        if not isinstance(opclasses, list | tuple):
            raise ValueError(f"Index.opclasses must be a list or tuple, not {opclasses!r}.")
        if not expressions and not fields:
            raise ValueError("At least one field or expression is required to define an index.")
        if expressions and fields:
            raise ValueError("Index.fields and expressions are mutually exclusive.")
        if expressions and not name:
            raise ValueError("An index must be named to use expressions.")
        if expressions and opclasses:
            raise ValueError("Index.opclasses cannot be used with expressions; use OpClass() instead.")
        if opclasses and len(fields) != len(opclasses):
            raise ValueError("Index.fields and Index.opclasses must have the same number of elements.")
        if any(not isinstance(field, str) for field in fields):
            raise ValueError(f"Index.fields must contain only names, not {list(fields)!r}.")
        if include is not None and not isinstance(include, list | tuple):
            raise ValueError(f"Index.include must be a list or tuple, not {include!r}.")
        if include and not name:
            raise ValueError("A covering index must be named.")
        self.fields = list(fields)
        self.fields_orders = [(field.removeprefix("-"), "DESC" if field.startswith("-") else "") for field in fields]
        self.expressions = tuple(F(item) if isinstance(item, str) else item for item in expressions)
        self.name = name or ""
        self.db_tablespace = db_tablespace
        self.opclasses = tuple(opclasses)
        self.condition = condition
        self.include = tuple(include) if include else ()

    @property
    def contains_expressions(self) -> bool:
        return bool(self.expressions)

    def set_name_with_model(self, model: Any) -> None:
        """Give an unnamed index a name that is the same in every process and short enough everywhere."""
        columns = [model._meta.get_field(name).column for name, _ in self.fields_orders]
        signed = [
            f"-{column}" if order else column for column, (_, order) in zip(columns, self.fields_orders, strict=True)
        ]
        table = str(model._meta.db_table).strip('"').replace(".", "_").replace('"', "")
        self.name = f"{table[:11]}_{columns[0][:7]}_{digest(table, *signed, self.suffix, length=6)}_{self.suffix}"
        if self.name[0] == "_" or self.name[0].isdigit():
            self.name = f"D{self.name[1:]}"

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        keywords: dict[str, Any] = {"name": self.name}
        for option in ("fields", "db_tablespace", "opclasses", "condition", "include"):
            if value := getattr(self, option):
                keywords[option] = value
        return public_path(type(self)), self.expressions, keywords

    def __repr__(self) -> str:
        shown = [f"fields={self.fields!r}"] if self.fields else [repr(item) for item in self.expressions]
        shown.append(f"name={self.name!r}")
        for option in ("db_tablespace", "opclasses", "condition", "include"):
            if value := getattr(self, option):
                shown.append(f"{option}={value!r}")
        return f"<{type(self).__name__}: {' '.join(shown)}>"
