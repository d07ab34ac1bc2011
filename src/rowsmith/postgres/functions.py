"""Functions of PostgreSQL: keys made at random, and the time at which a transaction began."""

from __future__ import annotations

from rowsmith.expressions.func import Func
from rowsmith.sql import expressions as sql
from rowsmith.sql import types


class RandomUUID(Func):
    """A UUID of version 4, another one for each row."""

    function = "UUIDV4"
    arity = 0
    result = types.Uuid()
    allowed_default = True


class TransactionNow(Func):
    """When the transaction began: the same for all of its statements."""

    arity = 0
    result = types.DateTime()
    allowed_default = True

    def call(self, arguments: tuple[sql.Expression, ...], type_: types.Type) -> sql.Expression:
        return sql.Native("transaction_timestamp", arguments, type=type_)
