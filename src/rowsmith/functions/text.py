"""Text: its parts, its case, its length, and texts made of others."""

from __future__ import annotations

from typing import Any

from rowsmith.expressions.agreement import common_type
from rowsmith.expressions.func import Func
from rowsmith.expressions.transforms import Transform
from rowsmith.expressions.values import Value
from rowsmith.functions.results import OfText, Textual, checked_number
from rowsmith.sql import expressions as sql
from rowsmith.sql import types

_SPACE = Value(" ")
_NOTHING = Value("")


class Lower(OfText):
    """The text in lower case."""

    lookup_name = "lower"


class Upper(OfText):
    """The text in upper case."""

    lookup_name = "upper"


class Reverse(OfText):
    """The text from its end to its start."""

    lookup_name = "reverse"


class Trim(OfText):
    """The text without spaces at either end."""

    lookup_name = "trim"


class LTrim(OfText):
    """The text without spaces at its start."""

    lookup_name = "ltrim"


class RTrim(OfText):
    """The text without spaces at its end."""

    lookup_name = "rtrim"


class Length(Transform):
    """How many characters the text has."""

    lookup_name = "length"
    result = types.Integer()


class Chr(OfText):
    """The character of a code point."""

    lookup_name = "chr"


class Ord(Transform):
    """The code point of the first character."""

    lookup_name = "ord"
    result = types.Integer()


class Concat(Textual):
    """Texts one after the other; NULL counts as the empty text, so the result never is NULL."""

    def __init__(self, *expressions: Any, **options: Any) -> None:
        if len(expressions) < 2:
            raise ValueError("Concat must take at least two expressions.")
        super().__init__(*expressions, **options)

    def result_type(self, *arguments: sql.Expression) -> types.Type | None:
        type_ = common_type(arguments)
        # The parts may have a limit to their length, but what they add up to has none.
        return types.Text() if isinstance(type_, types.Varchar) else type_


class ConcatPair(Concat):
    """Two texts one after the other."""

    function = "CONCAT"
    arity = 2


class Left(Textual):
    """The first `length` characters."""

    def __init__(self, expression: Any, length: Any, **options: Any) -> None:
        checked_number(length, "length", 1)
        super().__init__(expression, length, **options)


class Right(Textual):
    """The last `length` characters."""

    def __init__(self, expression: Any, length: Any, **options: Any) -> None:
        checked_number(length, "length", 1)
        super().__init__(expression, length, **options)


class Substr(Textual):
    """The characters from the one at `pos` on, counted from 1; at most `length` of them."""

    def __init__(self, expression: Any, pos: Any, length: Any = None, **options: Any) -> None:
        checked_number(pos, "pos", 1)
        checked_number(length, "length", 1)
        super().__init__(expression, pos, *(() if length is None else (length,)), **options)


class LPad(Textual):
    """The text filled up at its start, or cut at its end, to have `length` characters."""

    def __init__(self, expression: Any, length: Any, fill_text: Any = _SPACE, **options: Any) -> None:
        checked_number(length, "length", 0)
        super().__init__(expression, length, fill_text, **options)


class RPad(Textual):
    """The text filled up, or cut, at its end to have `length` characters."""

    def __init__(self, expression: Any, length: Any, fill_text: Any = _SPACE, **options: Any) -> None:
        checked_number(length, "length", 0)
        super().__init__(expression, length, fill_text, **options)


class Repeat(Textual):
    """The text `number` times."""

    def __init__(self, expression: Any, number: Any, **options: Any) -> None:
        checked_number(number, "number", 0)
        super().__init__(expression, number, **options)


class Replace(Textual):
    """The text with another put in place of each occurrence of `text`; upper and lower case are different."""

    def __init__(self, expression: Any, text: Any, replacement: Any = _NOTHING, **options: Any) -> None:
        super().__init__(expression, text, replacement, **options)


class StrIndex(Func):
    """Where `substring` starts in `string`, counted from 1; 0 where it does not."""

    function = "STRPOS"
    arity = 2
    result = types.Integer()

    def __init__(self, string: Any, substring: Any, **options: Any) -> None:
        super().__init__(string, substring, **options)
