"""Now: the time of the database."""

from __future__ import annotations

from rowsmith.expressions.func import Func
from rowsmith.sql import types


class Now(Func):
    """The instant at which the statement began; in SQLite to the millisecond."""

    function = "STATEMENT_TIMESTAMP"
    arity = 0
    result = types.DateTime()
