"""Rows: loaders for values() and values_list()."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from rowsmith.loading.source import CodecOf, Loader, Source, unconverted
from rowsmith.query.layout import Layout


def row_loader(layout: Layout, width: int, codec_of: CodecOf, connection: Any, label: str) -> Loader:
    """The loader for dicts, tuples, bare values or named tuples.

    width:  how many columns a row has; those behind the layout's items are only there for the order.
    """
    exact = width == len(layout.items)
    if layout.form == "tuple" and exact and not layout.widths and unconverted(layout.items, codec_of):
        return list
    source = Source(codec_of, connection)
    variables = [f"c{number}" for number in range(len(layout.items))]
    values = [
        source.conversion(item, variable) for item, variable in zip(layout.items, variables, strict=True)
    ]
    if layout.widths:
        values = [source.tuple_of(values, span) for span in layout.spans]
    match layout.form:
        case "dict":
            made = (
                "{"
                + ", ".join(f"{name!r}: {value}" for name, value in zip(layout.names, values, strict=True))
                + "}"
            )
        case "flat":
            made = values[0]
        case "named":
            row = source.name(named_row(layout.names), "Row")
            made = f"{row}({', '.join(values)})"
        case _:
            made = f"({', '.join(values)},)"
    target = ", ".join(variables) + ("," if exact else ", *_")
    source.add("def load(rows):", 0)
    source.add(f"return [{made} for {target} in rows]")
    return source.compile(label)


def named_row(names: tuple[str, ...]) -> Any:
    """The named tuple class for rows with these names."""
    return namedtuple("Row", names, rename=True)  # the names are known at run time only
