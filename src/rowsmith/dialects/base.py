"""Dialect: one database's spelling, codecs and features, together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, tzinfo
from typing import Any, ClassVar

from rowsmith.dialects.definitions import DefinitionRenderer
from rowsmith.dialects.renderer import Renderer
from rowsmith.sql.codec import Codec
from rowsmith.sql.features import Features
from rowsmith.sql.nodes import Node
from rowsmith.sql.statement import Statement
from rowsmith.sql.types import Computed, Float, Integer, Serial, Type


class Dialect:
    """Everything that the floors above need to know of one database, without a connection to it.

    use_tz:  datetimes are aware, and stored in `zone`.
    """

    name: ClassVar[str]
    renderer: ClassVar[type[Renderer]]
    definition_renderer: ClassVar[type[DefinitionRenderer]]
    on_connect: Sequence[Callable[[Any], None]] = ()

    def __init__(self, features: Features, *, use_tz: bool = True, zone: tzinfo = UTC) -> None:
        self.features = features
        self.use_tz = use_tz
        self.zone = zone
        self._codecs: dict[Type, Codec] = {}

    def render(self, tree: Node) -> Statement:
        """The statement that says what `tree` says."""
        return self.renderer(self).statement(tree)

    def codec(self, type_: Type) -> Codec:
        """How values of `type_` travel; the same object for equal types."""
        codec = self._codecs.get(type_)
        if codec is None:
            codec = self._codecs[type_] = (
                _computed(self, type_.of) if isinstance(type_, Computed) else self.make_codec(type_)
            )
        return codec

    def make_codec(self, type_: Type) -> Codec:
        raise NotImplementedError

    def column_type(self, type_: Type) -> str:
        raise NotImplementedError

    def quote_name(self, name: str) -> str:
        return self.renderer(self).quote(name)

    def definitions(self) -> DefinitionRenderer:
        """What spells CREATE and DROP."""
        return self.definition_renderer(self.quote_name)


def _computed(dialect: Dialect, type_: Type) -> Codec:
    """The codec of what was computed: sums and means of whole numbers come back as exact numbers, and the like."""
    if isinstance(type_, Integer | Serial):
        return Codec(decode=int, inline="int({v})")
    if isinstance(type_, Float):
        return Codec(decode=float, inline="float({v})")
    return dialect.codec(type_)
