"""Random rows for the models of the differential test: small domains, many NULLs, awkward text."""

from __future__ import annotations

import datetime as dt
import decimal
import random
import uuid
from typing import Any

from tests.properties.schema import KINDS, TABLES, Column, ancestors, keys, target_of

Row = dict[str, Any]

WORDS = [
    "sea", "Sea", "SEAL", "the sea", "a_b", "a%b", "100%", "back\\slash", "it's", 'quo"te', "", " ", "Ann",
    "ann", "Bob", "Émile", "émile", "straße", "STRASSE", "İstanbul", "日本", "x", "xyzzy", "new\nline",
    "tab\there", "[a-c]", "a.c", "null", "None", "?", "%s", "{0}", "--", "café", "cafe\u0301", "😀",
]  # fmt: skip

ZONE = dt.UTC


def text(rng: random.Random, limit: int = 60) -> str:
    if rng.random() < 0.75:
        return rng.choice(WORDS)[:limit]
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 3)))[:limit]


def date(rng: random.Random) -> dt.date:
    if rng.random() < 0.3:
        return rng.choice(
            [dt.date(2019, 12, 30), dt.date(2020, 2, 29), dt.date(2021, 1, 3), dt.date(2020, 12, 31),
             dt.date(2021, 1, 1), dt.date(2000, 1, 1), dt.date(1, 1, 1), dt.date(9999, 12, 31)]
        )  # fmt: skip
    return dt.date(rng.randint(2018, 2022), rng.randint(1, 12), rng.randint(1, 28))


def time(rng: random.Random) -> dt.time:
    if rng.random() < 0.3:
        return rng.choice([dt.time(0, 0), dt.time(23, 59, 59, 999999), dt.time(12, 0, 0, 1), dt.time(12, 0)])
    return dt.time(rng.randint(0, 23), rng.choice([0, 15, 30]), rng.choice([0, 30]))


def datetime(rng: random.Random) -> dt.datetime:
    day = date(rng)
    # The first and last day of the calendar cannot be moved to another time zone.
    day = max(dt.date(1900, 1, 1), min(day, dt.date(2900, 1, 1)))
    return dt.datetime.combine(day, time(rng), ZONE)


def number(rng: random.Random, low: int = -5, high: int = 20) -> int:
    return rng.randint(low, high)


def real(rng: random.Random) -> float:
    return rng.choice([0.0, -1.5, 2.25, 3.5, 4.75, 1e10, 0.1, 0.2, 0.30000000000000004, -0.5, 100.125])


def money(rng: random.Random) -> decimal.Decimal:
    return decimal.Decimal(rng.randint(-500, 5000)) / 100 if rng.random() < 0.7 else decimal.Decimal("9.99")


def span(rng: random.Random) -> dt.timedelta:
    return dt.timedelta(
        days=rng.randint(-2, 3),
        seconds=rng.choice([0, 1, 3600, 86399]),
        microseconds=rng.choice([0, 1, 500000]),
    )


def uid(rng: random.Random) -> uuid.UUID:
    return uuid.UUID(int=rng.choice([1, 2, 3, rng.getrandbits(128)]))


def json(rng: random.Random) -> Any:
    return rng.choice([{"a": 1}, {"a": {"b": [1, 2, None]}}, [], [1, "x"], "text", 3, 2.5, True, {"é": "日本"}])


def value(rng: random.Random, kind: str, limit: int = 60) -> Any:
    """A value of one kind, from a domain small enough that equal values are common."""
    match kind:
        case "text":
            return text(rng, limit)
        case "int":
            return number(rng)
        case "float":
            return real(rng)
        case "decimal":
            return money(rng)
        case "bool":
            return rng.random() < 0.5
        case "date":
            return date(rng)
        case "datetime":
            return datetime(rng)
        case "time":
            return time(rng)
        case "duration":
            return span(rng)
        case "uuid":
            return uid(rng)
        case "json":
            return json(rng)
    raise LookupError(kind)


def column_value(rng: random.Random, column: Column, number_of_row: int) -> Any:
    if column.kind == "SlugField":
        return f"slug-{number_of_row}"
    if column.options.get("unique"):
        return None if rng.random() < 0.2 else f"978{number_of_row:010}"
    if column.null and rng.random() < 0.3:
        return None
    if column.kind == "PositiveIntegerField":
        return rng.randint(0, 20)
    return value(rng, KINDS[column.kind], column.options.get("max_length", 60))


UNSTORED = ("ManyToManyField", "ForeignObject")
"""Relations that are no column of the model's table."""


def universe(seed: int | str) -> dict[str, list[Row]]:
    """Rows by table, keys included, many-to-many tables as "Model.field" with pairs of keys.

    Parents come first; a row refers only to earlier ones of its own table; some universes are empty.
    """
    rng = random.Random(f"rows {seed}")
    scale = rng.choice([0, 1, 1, 1, 1, 1, 1, 2, 2, 2])
    sizes = {"Country": 4, "Author": 8, "Profile": 5, "Publisher": 4, "Tag": 6, "Book": 16,
             "Contribution": 14, "Review": 18, "Chapter": 12, "Venue": 5, "Store": 6, "Flagship": 5,
             "Licence": 3, "Depot": 4, "Visit": 14, "Shelf": 6, "Item": 14, "Parcel": 12}  # fmt: skip
    rows: dict[str, list[Row]] = {}
    for model, table in TABLES.items():
        rows[model] = []
        places = rng.sample([(room, place) for room in (1, 2, 3) for place in ("a", "A", "b", "")], 12)
        codes = rng.sample(["AA", "BB", "CC", "aa", "bé", "Z", "", "%_"], 8)
        free_authors = [row["id"] for row in rows.get("Author", [])]
        rng.shuffle(free_authors)
        for i in range(rng.randint(0, sizes[model] * scale) if scale else 0):
            row: Row
            if model == "Country":
                if i >= len(codes):
                    break
                row = {"code": codes[i]}
            elif model == "Shelf":
                row = dict(zip(table.key, places.pop(), strict=True)) if places else {}
                if not row:
                    break
            else:
                row = {}
                family = [other for table in (model, *ancestors(model)) for other in rows[table]]
                for name in keys(model):
                    taken = [other[name] for other in family if name in other]
                    row[name] = max(taken) + rng.choice([1, 1, 1, 3]) if taken else 1
            complete = True
            for name, column in table.columns.items():
                if name in row or column.kind in UNSTORED or column.computed is not None:
                    continue
                if column.to is None:
                    row[name] = column_value(rng, column, i)
                    continue
                target = target_of(model, column)
                to_field = column.options.get("to_field") or keys(target)[0]
                if TABLES[target].key:
                    row[f"{name}_id"] = None
                    whole = [tuple(parent[part] for part in TABLES[target].key) for parent in rows[target]]
                    if "from_fields" in column.options:
                        # The room is a column of its own, whether or not it is that of a shelf.
                        whole = [each for each in whole if each[0] == row["room"]]
                    complete &= bool(whole) or column.null
                    if whole and not (column.null and rng.random() < 0.3):
                        row[f"{name}_id"] = rng.choice(whole)
                    continue
                if column.kind == "OneToOneField":
                    found = [free_authors.pop()] if free_authors else []
                else:
                    found = [parent[to_field] for parent in rows[target]]
                if not found and not column.null:
                    complete = False
                elif not found or (column.null and rng.random() < 0.3):
                    row[f"{name}_id"] = None
                else:
                    row[f"{name}_id"] = rng.choice(found)
            if model == "Item" and rows["Shelf"] and rng.random() < 0.8:
                row.update({name: rng.choice([held, held, held, held, None]) for name, held in
                            rng.choice(rows["Shelf"]).items() if name in ("room", "place")})  # fmt: skip
            if complete:
                rows[model].append(row)
                for parent in ancestors(model):
                    names = {*keys(parent), *(key for name in TABLES[parent].columns for key in (name, f"{name}_id"))}
                    rows[parent].append({name: held for name, held in row.items() if name in names})
    authors = [row["id"] for row in rows["Author"]]
    books = [row["id"] for row in rows["Book"]]
    tags = [row["id"] for row in rows["Tag"]]
    friends: set[tuple[int, int]] = set()
    for _ in range(len(authors)):
        a, b = rng.choice(authors), rng.choice(authors)
        friends |= {(a, b), (b, a)}
    rows["Author.friends"] = [{"from_author_id": a, "to_author_id": b} for a, b in sorted(friends)]
    pairs = {(rng.choice(books), rng.choice(tags)) for _ in range(2 * len(books)) if books and tags}
    rows["Book.tags"] = [{"book_id": a, "tag_id": b} for a, b in sorted(pairs)]
    venues = [row["id"] for row in rows["Venue"]]
    pairs = {(rng.choice(venues), rng.choice(tags)) for _ in range(len(venues)) if venues and tags}
    rows["Venue.labels"] = [{"venue_id": a, "tag_id": b} for a, b in sorted(pairs)]
    if "Parcel" in TABLES:
        shelves = [(row["room"], row["place"]) for row in rows["Shelf"]]
        linked = {(row["id"], rng.choice(shelves)) for row in rows["Parcel"] for _ in range(2)}
        rows["Parcel.former"] = [{"parcel_id": a, "shelf_id": b} for a, b in sorted(linked)]
    return rows
