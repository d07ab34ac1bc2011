"""Raw rows: a statement that the caller wrote, read as instances of a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from rowsmith.db.handler import connections
from rowsmith.exceptions import FieldDoesNotExist, ProgrammingError, did_you_mean
from rowsmith.execution.reading import loader
from rowsmith.loading.source import Loader
from rowsmith.query.layout import Instance, Item, Layout
from rowsmith.records import Record
from rowsmith.sql import types

Parameters = Sequence[Any] | Mapping[str, Any]


class RawRows(Record):
    """What a statement returned: the names of its columns after translation, and its rows as instances."""

    columns: tuple[str, ...]
    instances: list[Any]


def fetch_raw(
    model: Any, text: str, params: Parameters, translations: Mapping[str, str], alias: str
) -> RawRows:
    """Run a statement and make instances of its rows; columns are told by their names, not by their order.

    params:        values for `%s` or `%(name)s`; without any, percent signs in the text are left alone.
    translations:  names of fields by the names of columns that have other ones.
    raises:        FieldDoesNotExist without the model's key; ProgrammingError for a statement without rows.
    """
    connection = connections[alias]
    result = connection.query(text, params or None)
    if result.rows is None:
        raise ProgrammingError(f"raw() takes a statement that returns rows, which this one does not: {text}")
    found = tuple(column[0] for column in result.description)
    load = _loader(model, alias, connection.epoch, found, tuple(sorted(translations.items())))
    columns = tuple(translations.get(name, name) for name in found)
    return RawRows(columns, load(result.rows))


@lru_cache(maxsize=256)
def _loader(
    model: Any, alias: str, epoch: object, columns: tuple[str, ...], translations: tuple[tuple[str, str], ...]
) -> Loader:
    """What makes instances of rows with these columns. `epoch` changes when earlier loaders are out of date."""
    places = _places(model._meta, columns, dict(translations))
    options = model._meta
    fields = tuple(field for field in options.concrete_fields if field in places)
    missing = [key.column for key in options.pk_fields if key not in places]
    if missing:
        raise FieldDoesNotExist(
            f"A raw query must include the primary key of {options.object_name}, the column {missing[0]!r}."
            f"{did_you_mean(missing[0], columns)} It returned: {', '.join(columns)}."
        )
    known = set(places.values())
    repeated = {columns[place] for place in known}
    extra = [
        place for place, name in enumerate(columns) if place not in known and name not in repeated
    ]
    order = [*(places[field] for field in fields), *extra]
    items = (*(Item(field.sql_type, field) for field in fields), *(Item(types.Unknown()) for _ in extra))
    instance = Instance(model, tuple(range(len(fields))), fields, len(fields) < len(options.concrete_fields))
    layout = Layout("instance", items, tuple(columns[place] for place in extra), instance, len(fields))
    load = loader(layout, len(items), connections[alias], f"raw {options.label}")
    if order == list(range(len(columns))):
        return load
    pick = itemgetter(*order) if len(order) > 1 else lambda row: (row[order[0]],)

    def reordered(rows: Iterable[tuple[Any, ...]]) -> list[Any]:
        return load(map(pick, rows))

    return reordered


def _places(options: Any, columns: Sequence[str], translations: Mapping[str, str]) -> dict[Any, int]:
    """The place of each field that the columns hold; of two columns with one name the first counts."""
    by_column = {field.column: field for field in options.concrete_fields}
    by_name = {name: field for field in options.concrete_fields for name in (field.attname, field.name)}
    places: dict[Any, int] = {}
    for place, name in enumerate(columns):
        if name in translations:
            wanted = translations[name]
            field = by_name.get(wanted) or by_column.get(wanted)
        else:
            field = by_column.get(name)
        if field is not None:
            places.setdefault(field, place)
    return places
