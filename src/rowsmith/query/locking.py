"""Locking: the tables whose rows select_for_update() locks."""

from __future__ import annotations

from rowsmith.exceptions import FieldError, did_you_mean
from rowsmith.query.layout import Instance, Layout
from rowsmith.query.paths import SEPARATOR
from rowsmith.query.query import Query
from rowsmith.records import replace
from rowsmith.sql.expressions import Column
from rowsmith.sql.nodes import walk
from rowsmith.sql.select import Lock, Output

SELF = "self"


def lock_of(query: Query, layout: Layout, outputs: tuple[Output, ...]) -> Lock | None:
    """The lock of a query with the paths of its `of` turned into aliases of tables.

    Tables of which nothing is selected are not locked; without any other there is no lock.
    """
    lock = query.lock
    if lock is None or not lock.of:
        return lock
    selected = {part.alias for output in outputs for part in walk(output.expression) if isinstance(part, Column)}
    aliases = {SELF: query.base}
    if layout.instance is not None:
        aliases.update(_followed(layout.instance, outputs, ""))
    unknown = [name for name in lock.of if name not in aliases]
    if unknown:
        raise FieldError(
            f"Invalid field name(s) given in select_for_update(of=(...)): {', '.join(map(repr, unknown))}."
            f"{did_you_mean(unknown[0], aliases)} Only relations that select_related() follows can be locked. "
            f"Choices are: {', '.join(aliases)}."
        )
    held = tuple(dict.fromkeys(aliases[name] for name in lock.of if aliases[name] in selected))
    return replace(lock, of=held) if held else None


def _followed(instance: Instance, outputs: tuple[Output, ...], prefix: str) -> dict[str, str]:
    """The aliases of the tables selected along with an instance, by their paths."""
    found: dict[str, str] = {}
    for related in instance.related:
        first = outputs[related.instance.start].expression
        assert isinstance(first, Column)
        found[prefix + related.name] = first.alias
        found.update(_followed(related.instance, outputs, f"{prefix}{related.name}{SEPARATOR}"))
    return found
