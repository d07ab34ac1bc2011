"""Source: the text of a generated loader, the names that it refers to, and its compilation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from keyword import iskeyword
from typing import Any
from unicodedata import normalize

from rowsmith.generated import define
from rowsmith.query.layout import Item
from rowsmith.sql.codec import Codec
from rowsmith.sql.types import Type

Loader = Callable[[Iterable[tuple[Any, ...]]], list[Any]]
CodecOf = Callable[[Type], Codec]


def is_plain(name: str) -> bool:
    """Whether a name can stand behind a dot, and means itself there: Python reads some letters as others."""
    return name.isidentifier() and not iskeyword(name) and (name.isascii() or normalize("NFKC", name) == name)


class Source:
    """Lines of one generated function, with conversions written into them."""

    def __init__(self, codec_of: CodecOf, connection: Any) -> None:
        self.codec_of = codec_of
        self.connection = connection
        self.names: dict[str, Any] = {}
        self.lines: list[str] = []

    def name(self, value: Any, hint: str) -> str:
        """A name in the function's scope for `value`."""
        name = f"_{hint}{len(self.names)}"
        self.names[name] = value
        return name

    def store(self, target: str, name: str, value: str, depth: int) -> None:
        """Write what stores `value` as an attribute of `target`."""
        self.add(f"{target}.{name} = {value}" if is_plain(name) else f"setattr({target}, {name!r}, {value})", depth)

    def add(self, line: str, depth: int = 1) -> None:
        self.lines.append("    " * depth + line)

    def conversion(self, item: Item, variable: str) -> str:
        """The Python expression for one column's value, given the variable that holds what the driver returned."""
        codec = self.codec_of(item.type)
        text = variable
        if codec.inline is not None:
            for name, value in codec.names.items():
                if self.names.setdefault(name, value) is not value and self.names[name] != value:
                    # Two codecs use one name for different things: this one calls its function instead.
                    break
            else:
                text = f"None if {variable} is None else {codec.inline.format(v=variable)}"
                return self._customised(item, f"({text})")
        if codec.decode is not None:
            decode = self.name(codec.decode, "decode")
            text = f"(None if {variable} is None else {decode}({variable}))"
        return self._customised(item, text)

    def _customised(self, item: Item, text: str) -> str:
        from_db_value = getattr(item.field, "from_db_value", None)
        if from_db_value is None:
            return text
        convert = self.name(from_db_value, "from_db_value")
        connection = self.name(self.connection, "connection")
        return f"{convert}({text}, None, {connection})"

    def tuple_of(self, values: Sequence[str], span: range) -> str:
        """The Python expression for what stands in some columns: the value of one, a tuple of several."""
        chosen = [values[number] for number in span]
        return chosen[0] if len(chosen) == 1 else f"({', '.join(chosen)})"

    def compile(self, label: str) -> Loader:
        """The function, with its source where debuggers and tracebacks look for it."""
        text = "\n".join(self.lines) + "\n"
        function: Loader = define("load", text, self.names, f"loader of {label}")
        return function


def unconverted(items: Iterable[Item], codec_of: CodecOf) -> bool:
    """Whether every column is right as the driver returns it."""
    for item in items:
        codec = codec_of(item.type)
        if codec.decode is not None or codec.inline is not None:
            return False
        if getattr(item.field, "from_db_value", None) is not None:
            return False
    return True
