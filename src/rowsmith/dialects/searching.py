"""Searching: what databases have in common in how documents are put together and kept current."""

from __future__ import annotations

from collections.abc import Callable

from rowsmith.sql.search import CreateDocuments, DocumentPart, DocumentStep

Quote = Callable[[str], str]
Joined = Callable[[str, str, str], str]


def text_of(quote: Quote, part: DocumentPart, row: str, joined: Joined) -> str:
    """One text of the document of `row`; those of several rows are joined in order.

    joined:  what selects a text from rows in an order, as one text.
    """
    if not part.steps:
        return f"{row}.{quote(part.column)}"
    rows = chain(quote, part.steps, row)
    order = ", ".join(f"s{number}.{quote(key)}" for number, step in enumerate(part.steps) for key in step.key)
    return joined(f"s{len(part.steps) - 1}.{quote(part.column)}", rows, order)


def chain(quote: Quote, steps: tuple[DocumentStep, ...], row: str) -> str:
    """The tables along the steps from `row`, joined, with the condition for the first."""
    joins = []
    for number, step in enumerate(steps):
        before = f"s{number - 1}" if number else row
        condition = _pairs(quote, step, before, f"s{number}")
        table = f"{quote(step.table)} s{number}"
        joins.append(table if not number else f"JOIN {table} ON {condition}")
    return f"{' '.join(joins)} WHERE {_pairs(quote, steps[0], row, 's0')}"


def _pairs(quote: Quote, step: DocumentStep, here: str, there: str) -> str:
    return " AND ".join(f"{there}.{quote(b)} = {here}.{quote(a)}" for a, b in step.pairs)


def watched_columns(node: CreateDocuments) -> dict[str, tuple[str, ...]]:
    """The tables that documents are made of, each with the columns of it that count; their own table first."""
    found: dict[str, dict[str, None]] = {node.table: {node.key: None}}
    for part in node.parts:
        table = node.table
        for step in part.steps:
            found[table].update(dict.fromkeys(here for here, _ in step.pairs))
            table = step.table
            found.setdefault(table, {}).update(dict.fromkeys(there for _, there in step.pairs))
            found[table].update(dict.fromkeys(step.key))
        found[table][part.column] = None
    return {table: tuple(columns) for table, columns in found.items()}


def ways_on(node: CreateDocuments, table: str, *, own: bool) -> dict[tuple[DocumentStep, ...], tuple[str, ...]]:
    """The steps that lead on from a row of `table`, each with the columns of the row that they begin with.

    own:  from the rows that have the documents; else from those that documents lead to.
    """
    found: dict[tuple[DocumentStep, ...], tuple[str, ...]] = {}
    for part in node.parts:
        places = [0] if own else [number for number, step in enumerate(part.steps, 1) if step.table == table]
        for place in places:
            if rest := part.steps[place:]:
                found[rest] = tuple(here for here, _ in rest[0].pairs)
    return found


def affected_rows(quote: Quote, node: CreateDocuments, table: str, row: str, *, own: bool = True) -> list[str]:
    """What selects the keys of the documents that a row of `table` is part of.

    row:  OLD or NEW, within a trigger.
    own:  with the document of the row itself, when the table is the documents' own.
    """
    key = quote(node.key)
    found: dict[str, None] = {}
    if own and table == node.table:
        found[f"SELECT {row}.{key}"] = None
    for part in node.parts:
        for number, step in enumerate(part.steps):
            if step.table == table:
                found[_keys(quote, node, part.steps[:number], step, row)] = None
    return list(found)


def _keys(quote: Quote, node: CreateDocuments, before: tuple[DocumentStep, ...], step: DocumentStep, row: str) -> str:
    """The keys of the rows from which steps lead to `row`."""
    key, table = quote(node.key), quote(node.table)
    joins, last = "", "d"
    for number, each in enumerate(before):
        joins += f" JOIN {quote(each.table)} s{number} ON {_pairs(quote, each, last, f's{number}')}"
        last = f"s{number}"
    return f"SELECT d.{key} FROM {table} d{joins} WHERE {_pairs(quote, step, last, row)}"
