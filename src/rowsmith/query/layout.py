"""Layout: what the columns of a row become, column by column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rowsmith.exceptions import FieldError
from rowsmith.expressions.arithmetic import MixedTypes
from rowsmith.query.query import RowForm
from rowsmith.records import Record
from rowsmith.sql.computed import comes_as_stored
from rowsmith.sql.expressions import Expression, items_of
from rowsmith.sql.types import Computed, Type


class Item(Record):
    """One column of a row: the field that reads it, or its type alone."""

    type: Type
    field: Any = None


def item_of(node: Expression, field: Any) -> Item:
    """The column of a row that an expression fills; FieldError when it is not known how to read it."""
    if isinstance(field, MixedTypes):
        raise FieldError(f"Cannot read the result: {field}")
    return Item(node.type if comes_as_stored(node) else Computed(node.type), field)


def items_and_widths(chosen: Iterable[tuple[Expression, Any]]) -> tuple[tuple[Item, ...], tuple[int, ...]]:
    """The columns that expressions fill, and how many each of them does; no numbers where each fills one."""
    items: list[Item] = []
    widths: list[int] = []
    for node, field in chosen:
        nodes = items_of(node)
        if len(nodes) == 1:
            items.append(item_of(nodes[0], field))
        else:
            items += [item_of(*pair) for pair in zip(nodes, _members(field, len(nodes)), strict=True)]
        widths.append(len(nodes))
    return tuple(items), tuple(widths) if len(items) != len(widths) else ()


def _members(field: Any, size: int) -> tuple[Any, ...]:
    members: tuple[Any, ...] = getattr(getattr(field, "key", field), "members", ())
    return members if len(members) == size else (None,) * size


class Instance(Record):
    """Columns that make one instance.

    places:    the index of the column of each field; fields of the same value share one.
    fields:    the fields loaded.
    deferred:  whether some concrete fields are left out.
    related:   instances selected along with this one.
    """

    model: Any
    places: tuple[int, ...]
    fields: tuple[Any, ...]
    deferred: bool
    related: tuple[Related, ...] = ()

    @property
    def key(self) -> int:
        """The index of a column that is never NULL where there is an instance."""
        keys = self.model._meta.pk_fields
        return next(place for place, field in zip(self.places, self.fields, strict=True) if field in keys)


class Related(Record):
    """An instance that hangs on another.

    name:        what select_related() calls the relation.
    cache_name:  where the parent keeps it.
    back:        where it keeps the parent, for one-to-one relations; None otherwise.
    optional:    whether the row may hold none, which a NULL key tells.
    """

    name: str
    cache_name: str
    back: str | None
    optional: bool
    instance: Instance


class Layout(Record):
    """A whole row: an instance with annotations behind it, or items under keys.

    form:      instance, dict, tuple, flat or named.
    items:     every column of the row.
    instance:  for the form "instance".
    names:     the keys of the items; for instances, of the annotations, which start at `extra`.
    widths:    how many columns each name has, where some have several.
    mode:      how instances load what they lack; None for the usual way.
    """

    form: RowForm
    items: tuple[Item, ...]
    names: tuple[str, ...] = ()
    instance: Instance | None = None
    extra: int = 0
    mode: Any = None
    widths: tuple[int, ...] = ()

    @property
    def spans(self) -> tuple[range, ...]:
        """The columns under each name."""
        start, found = self.extra, []
        for width in self.widths or (1,) * len(self.names):
            found.append(range(start, start + width))
            start += width
        return tuple(found)
