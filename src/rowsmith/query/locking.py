"""Locking: the tables whose rows select_for_update() locks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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
    aliases: dict[str, str | None] = {SELF: query.base}
    if layout.instance is not None:
        aliases.update(_followed(layout.instance, outputs, ""))
    unknown = [name for name in lock.of if name not in aliases]
    if unknown:
        raise FieldError(
            f"Invalid field name(s) given in select_for_update(of=(...)): {', '.join(map(repr, unknown))}."
            f"{did_you_mean(unknown[0], aliases)} Only relations that select_related() follows can be locked. "
            f"Choices are: {', '.join(aliases)}."
        )
    wanted = [aliases[name] for name in lock.of]
    held = tuple(dict.fromkeys(alias for alias in wanted if alias is not None and alias in selected))
    return replace(lock, of=held) if held else None


def _followed(instance: Instance, outputs: tuple[Output, ...], prefix: str) -> dict[str, str | None]:
    """The aliases of the tables selected along with an instance, by their paths; None where nothing is selected."""
    found: dict[str, str | None] = {}
    key = outputs[instance.key].expression
    assert isinstance(key, Column)
    tables: dict[Any, str] = {}
    for place, field in zip(instance.places, instance.fields, strict=True):
        column = outputs[place].expression
        # What is read from the model's own table is no sign of an ancestor's, whose key it may be.
        if isinstance(column, Column) and column.alias != key.alias:
            tables[field.model] = column.alias
    for path, ancestor in _links_up(instance.model._meta, prefix):
        found[path] = tables.get(ancestor)
    for related in instance.related:
        key = outputs[related.instance.key].expression
        assert isinstance(key, Column)
        found[prefix + related.name] = key.alias
        found.update(_followed(related.instance, outputs, f"{prefix}{related.name}{SEPARATOR}"))
    return found


def _links_up(options: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """The ancestors of a model by the names of the links that lead to them."""
    for parent, link in options.links:
        yield f"{prefix}{link.name}", parent
        yield from _links_up(parent._meta, f"{prefix}{link.name}{SEPARATOR}")
