"""Order: the column that keeps the place of a row among those of the same parent."""

from __future__ import annotations

from typing import Any

from rowsmith.fields.numbers import IntegerField

ORDER = "_order"
"""What the column and its attribute are called."""


class OrderWrt(IntegerField[Any, Any]):
    """The column that `Meta.order_with_respect_to` adds; a new row gets the place behind the last one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "name": ORDER, "editable": False})

    def get_internal_type(self) -> str:
        return "IntegerField"
