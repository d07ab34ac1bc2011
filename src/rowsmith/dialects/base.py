"""Dialect: one database's spelling, codecs and features, together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from decimal import Decimal as D
from typing import Any, ClassVar

from rowsmith.dialects.definitions import DefinitionRenderer
from rowsmith.dialects.renderer import Renderer
from rowsmith.sql.codec import Codec
from rowsmith.sql.features import Features
from rowsmith.sql.nodes import Node
from rowsmith.sql.statement import Statement
from rowsmith.sql.types import Computed, Decimal, Float, Integer, Serial, Type


class Dialect:
    """Everything that the floors above need to know of one database, without a connection to it.

    use_tz:  datetimes are aware, and stored in `zone`.
    """

    name: ClassVar[str]
    renderer: ClassVar[type[Renderer]]
    definition_renderer: ClassVar[type[DefinitionRenderer]]
    explain_command: ClassVar[str] = "EXPLAIN"
    explain_formats: ClassVar[Sequence[str]] = ()
    explain_options: ClassVar[Mapping[str, Sequence[str]]] = {}
    """The values that each option takes."""
    version_query: ClassVar[str | None] = None
    """What asks a server for its version as a whole number; None where it is part of this process."""
    transaction_id_query: ClassVar[str | None] = None
    """What asks for the number of the open transaction, NULL when it wrote nothing; None where they have none."""
    transaction_status_query: ClassVar[str] = ""
    """What asks by that number whether a transaction was 'committed', 'aborted', or is 'in progress'."""
    log_position_query: ClassVar[str | None] = None
    """What asks a primary how far its log is; None where that cannot be asked."""
    replayed_query: ClassVar[str] = ""
    """What asks a copy how far in the primary's log it is, and how many seconds behind."""
    on_connect: Sequence[Callable[[Any], None]] = ()

    def __init__(self, features: Features, *, use_tz: bool = True, zone: tzinfo = UTC) -> None:
        self.features = features
        self.use_tz = use_tz
        self.zone = zone
        self._codecs: dict[Type, Codec] = {}

    def features_of(self, version: int) -> Features:
        """What a server of that version can do; `features` are those of the newest."""
        return self.features

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

    def explain(self, format: str | None, options: Mapping[str, Any]) -> str:
        """What is written before a statement to have it explained; ValueError for what the database does not offer.

        Nothing of what was asked for becomes text: only names and values listed here do.
        """
        words = []
        if format is not None:
            if format.upper() not in self.explain_formats:
                known = ", ".join(self.explain_formats) or "none: leave format out"
                raise ValueError(f"{format!r} is not a recognized format of {self.name}. Allowed formats: {known}.")
            words.append(f"FORMAT {format.upper()}")
        unknown = [name for name in options if name.upper() not in self.explain_options]
        if unknown:
            known = ", ".join(name.lower() for name in self.explain_options) or "none"
            raise ValueError(f"Unknown options for {self.name}: {', '.join(sorted(unknown))}. It has: {known}.")
        for name, value in options.items():
            choices = self.explain_options[name.upper()]
            spelled = ("TRUE" if value else "FALSE") if isinstance(value, bool | int) else str(value).upper()
            if spelled not in choices:
                raise ValueError(f"The option {name!r} takes {', '.join(choices)}, not {value!r}.")
            words.append(f"{name.upper()} {spelled}")
        return self.explain_command + (f" ({', '.join(words)})" if words else "")

    def quote_name(self, name: str) -> str:
        return self.renderer(self).quote(name)

    def definitions(self) -> DefinitionRenderer:
        """What spells CREATE and DROP."""
        return self.definition_renderer(self.quote_name)


def _exact(value: Any) -> D:
    """An exact number that the database computed, perhaps as a floating-point one."""
    return D("%.15g" % value if type(value) is float else value)  # noqa: UP031 - the fastest spelling


def _computed(dialect: Dialect, type_: Type) -> Codec:
    """The codec of what was computed: sums and means of whole numbers come back as exact numbers, and the like."""
    if isinstance(type_, Integer | Serial):
        return Codec(decode=int, inline="int({v})")
    if isinstance(type_, Float):
        return Codec(decode=float, inline="float({v})")
    if isinstance(type_, Decimal) and dialect.codec(type_).decode is None:
        inline = "({v} if type({v}) is _D else _exact({v}))"
        return Codec(decode=_exact, inline=inline, names={"_D": D, "_exact": _exact})
    return dialect.codec(type_)
