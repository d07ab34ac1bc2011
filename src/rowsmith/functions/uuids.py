"""UUIDs made by the database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rowsmith.expressions.func import Func
from rowsmith.sql import types


class UUID4(Func):
    """A random UUID."""

    function = "UUIDV4"
    arity = 0
    result = types.Uuid()


class UUID7(Func):
    """A UUID that begins with the time, moved by `shift`, so that later ones sort behind earlier ones."""

    function = "UUIDV7"
    result = types.Uuid()

    def __init__(self, shift: timedelta | Any = None, **options: Any) -> None:
        super().__init__(*(() if shift is None else (shift,)), **options)
