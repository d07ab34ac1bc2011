"""The limit: the same objects built by hand on the standard driver, as a good engineer would write it."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import sqlite3
import uuid
from collections import defaultdict
from decimal import Decimal
from typing import Any

from benchmarks import data
from benchmarks.worker import Timer

BOOK = "id, title, pages, copies, price, rating, in_print, published, day, isbn, meta, author_id"
WITH_PARENT = ", ".join(f"b.{name.strip()}" for name in BOOK.split(",")) + ", a.id, a.name, a.country"


SUBQUERY = """SELECT a.id, a.name, a.country,
    (SELECT b.title FROM bench_book b WHERE b.author_id = a.id ORDER BY b.pages DESC, b.id LIMIT 1)
    FROM bench_author a WHERE a.id > {0} AND a.id <= {0} ORDER BY a.id"""
WINDOW = """SELECT id, rank() OVER (PARTITION BY in_print ORDER BY pages DESC, id) FROM bench_book WHERE copies = {0}
    ORDER BY id"""
UNION = """SELECT id, title FROM bench_book WHERE copies = {0} UNION SELECT id, title FROM bench_book WHERE copies = {0}
    ORDER BY 1"""


def authors(i: int) -> tuple[int, int]:
    """Ten authors, by the key before the first and that of the last."""
    return i * 10, i * 10 + 10


DINERS = """SELECT v.id, v.name, v.city, v.rating, v.opened, d.seats, d.price, d.is_open, d.menu, d.checked
    FROM bench_diner d JOIN bench_venue v ON v.id = d.venue_ptr_id WHERE v.id <= {0} ORDER BY v.id"""


class Diner:
    """A venue with columns of its own; the key of its row is that of the venue."""

    def __init__(
        self,
        id: int,
        name: str,
        city: str,
        rating: float,
        opened: dt.date,
        seats: int,
        price: Decimal,
        is_open: bool,
        menu: str,
        checked: dt.datetime,
    ) -> None:
        self.id = id
        self.name = name
        self.city = city
        self.rating = rating
        self.opened = opened
        self.venue_ptr_id = id
        self.seats = seats
        self.price = price
        self.is_open = is_open
        self.menu = menu
        self.checked = checked


def diner_values(diner: Any) -> tuple[Any, ...]:
    return tuple(getattr(diner, name) for name in data.DINER_FIELDS)


class Author:
    def __init__(self, id: int, name: str, country: str) -> None:
        self.id = id
        self.name = name
        self.country = country


class Ranked(Author):
    """An author with one more value."""

    def __init__(self, id: int, name: str, country: str, extra: Any) -> None:
        super().__init__(id, name, country)
        self.extra = extra


class Tag:
    def __init__(self, id: int, label: str) -> None:
        self.id = id
        self.label = label


class Book:
    def __init__(
        self,
        id: int | None,
        title: str,
        pages: int,
        copies: int,
        price: Decimal,
        rating: float,
        in_print: bool,
        published: dt.datetime,
        day: dt.date,
        isbn: uuid.UUID,
        meta: Any,
        author_id: int,
    ) -> None:
        self.id = id
        self.title = title
        self.pages = pages
        self.copies = copies
        self.price = price
        self.rating = rating
        self.in_print = in_print
        self.published = published
        self.day = day
        self.isbn = isbn
        self.meta = meta
        self.author_id = author_id


def values(book: Any) -> tuple[Any, ...]:
    return tuple(getattr(book, name) for name in data.BOOK_COLUMNS)


def family(parents: list[Any]) -> Any:
    """The parents' keys with their children's values."""
    for parent in parents:
        books = sorted(parent.books, key=lambda book: book.id)
        yield (parent.id, *(value for book in books for value in values(book)))


def fresh(i: int) -> tuple[Any, ...]:
    """The values of a book that is not in the table yet, without its key."""
    return data.book(data.BOOKS + i)[1:]


def filter_arguments(i: int) -> tuple[int, int]:
    return i % data.SHELVES, 100 + i % 400


def shelves(i: int) -> tuple[int, int]:
    """Four shelves, two hundred books."""
    return i % (data.SHELVES - 4), i % (data.SHELVES - 4) + 4


class Sqlite:
    """On `sqlite3`."""

    def __init__(self, path: str) -> None:
        self.raw = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        self.raw.execute("PRAGMA foreign_keys = ON")

    # --- rows to Python values

    @staticmethod
    def read(row: tuple[Any, ...]) -> Book:
        id, title, pages, copies, price, rating, in_print, published, day, isbn, meta, author_id = row
        return Book(
            id,
            title,
            pages,
            copies,
            Decimal(f"{price:.2f}"),
            rating,
            in_print == 1,
            dt.datetime.fromisoformat(published).replace(tzinfo=dt.UTC),
            dt.date.fromisoformat(day),
            uuid.UUID(isbn),
            json.loads(meta),
            author_id,
        )

    @staticmethod
    def read_tuple(row: tuple[Any, ...]) -> tuple[Any, ...]:
        id, title, pages, copies, price, rating, in_print, published, day, isbn, meta, author_id = row
        return (
            id,
            title,
            pages,
            copies,
            Decimal(f"{price:.2f}"),
            rating,
            in_print == 1,
            dt.datetime.fromisoformat(published).replace(tzinfo=dt.UTC),
            dt.date.fromisoformat(day),
            uuid.UUID(isbn),
            json.loads(meta),
            author_id,
        )

    @staticmethod
    def read_dict(row: tuple[Any, ...]) -> dict[str, Any]:
        id, title, pages, copies, price, rating, in_print, published, day, isbn, meta, author_id = row
        return {
            "id": id,
            "title": title,
            "pages": pages,
            "copies": copies,
            "price": Decimal(f"{price:.2f}"),
            "rating": rating,
            "in_print": in_print == 1,
            "published": dt.datetime.fromisoformat(published).replace(tzinfo=dt.UTC),
            "day": dt.date.fromisoformat(day),
            "isbn": uuid.UUID(isbn),
            "meta": json.loads(meta),
            "author_id": author_id,
        }

    @staticmethod
    def bound(book: Book) -> tuple[Any, ...]:
        return (
            book.title,
            book.pages,
            book.copies,
            str(book.price),
            book.rating,
            book.in_print,
            book.published.astimezone(dt.UTC).replace(tzinfo=None).isoformat(" "),
            book.day.isoformat(),
            book.isbn.hex,
            json.dumps(book.meta),
            book.author_id,
        )

    # --- work

    def _rows(self, n: int) -> sqlite3.Cursor:
        return self.raw.execute(f"SELECT {BOOK} FROM bench_book WHERE id <= ? ORDER BY id", (n,))

    def get(self, timer: Timer, n: int) -> Any:
        found = []
        with timer:
            for i in range(1, n + 1):
                row = self.raw.execute(f"SELECT {BOOK} FROM bench_book WHERE id = ?", (i,)).fetchone()
                found.append(self.read(row))
        return map(values, found)

    def filter(self, timer: Timer, n: int) -> Any:
        sql = f"""SELECT {BOOK} FROM bench_book WHERE copies = ? AND pages > ? AND in_print = 1
                  ORDER BY pages, id LIMIT 20"""
        found: list[Book] = []
        with timer:
            for i in range(n):
                found = [self.read(row) for row in self.raw.execute(sql, filter_arguments(i))]
        return map(values, found)

    def instances(self, timer: Timer, n: int) -> Any:
        with timer:
            found = [self.read(row) for row in self._rows(n)]
        return map(values, found)

    def dicts(self, timer: Timer, n: int) -> Any:
        read = self.read_dict
        with timer:
            found = [read(row) for row in self._rows(n)]
        return (row.values() for row in found)

    def tuples(self, timer: Timer, n: int) -> Any:
        read = self.read_tuple
        with timer:
            found = [read(row) for row in self._rows(n)]
        return found

    def parent(self, timer: Timer, n: int) -> Any:
        sql = f"""SELECT {WITH_PARENT} FROM bench_book b JOIN bench_author a ON a.id = b.author_id
                  WHERE b.id <= ? ORDER BY b.id"""
        found = []
        with timer:
            for row in self.raw.execute(sql, (n,)):
                book = self.read(row[:12])
                book.author = Author(*row[12:])  # type: ignore[attr-defined]
                found.append(book)
        return ((*values(b), b.author.id, b.author.name) for b in found)  # type: ignore[attr-defined]

    def inherited(self, timer: Timer, n: int) -> Any:
        with timer:
            found = [
                Diner(
                    id,
                    name,
                    city,
                    rating,
                    dt.date.fromisoformat(opened),
                    seats,
                    Decimal(f"{price:.2f}"),
                    is_open == 1,
                    menu,
                    dt.datetime.fromisoformat(checked).replace(tzinfo=dt.UTC),
                )
                for id, name, city, rating, opened, seats, price, is_open, menu, checked in self.raw.execute(
                    DINERS.format("?"), (n,)
                )
            ]
        return map(diner_values, found)

    def children(self, timer: Timer, n: int) -> Any:
        execute = self.raw.execute
        with timer:
            sql = "SELECT id, name, country FROM bench_author WHERE id <= ? ORDER BY id"
            parents = [Author(*row) for row in execute(sql, (n,))]
            groups: dict[int, list[Book]] = defaultdict(list)
            for row in execute(f"SELECT {BOOK} FROM bench_book WHERE author_id <= ?", (n,)):
                groups[row[11]].append(self.read(row))
            for parent in parents:
                parent.books = groups[parent.id]  # type: ignore[attr-defined]
        return family(parents)

    def many(self, timer: Timer, n: int) -> Any:
        with timer:
            books = [self.read(row) for row in self._rows(n)]
            groups: dict[int, list[Tag]] = defaultdict(list)
            for book_id, id, label in self.raw.execute(
                """SELECT l.book_id, t.id, t.label FROM bench_tag t JOIN bench_book_tags l ON l.tag_id = t.id
                   WHERE l.book_id <= ?""",
                (n,),
            ):
                groups[book_id].append(Tag(id, label))
            for book in books:
                book.tags = groups[book.id]  # type: ignore[attr-defined, index]
        return ((b.id, *sorted(t.id for t in b.tags)) for b in books)  # type: ignore[attr-defined]

    def group(self, timer: Timer, n: int) -> Any:
        sql = """SELECT in_print, count(*), avg(rating), max(pages) FROM bench_book WHERE copies >= ? AND copies < ?
                 GROUP BY in_print ORDER BY in_print"""
        found: list[Any] = []
        with timer:
            for i in range(n):
                found = [
                    {"in_print": in_print == 1, "n": count, "mean": mean, "most": most}
                    for in_print, count, mean, most in self.raw.execute(sql, shelves(i))
                ]
        return (row.values() for row in found)

    def subquery(self, timer: Timer, n: int) -> Any:
        found: list[Any] = []
        with timer:
            for i in range(n):
                found = [Ranked(*row) for row in self.raw.execute(SUBQUERY.format("?"), authors(i))]
        return ((a.id, a.name, a.country, a.extra) for a in found)

    def window(self, timer: Timer, n: int) -> Any:
        found: list[Any] = []
        with timer:
            for i in range(n):
                found = list(self.raw.execute(WINDOW.format("?"), (i,)))
        return found

    def union(self, timer: Timer, n: int) -> Any:
        found: list[Any] = []
        with timer:
            for i in range(n):
                found = list(self.raw.execute(UNION.format("?"), (i, i + 1)))
        return found

    INSERT = f"INSERT INTO bench_book ({BOOK.removeprefix('id, ')}) VALUES ({', '.join('?' * 11)})"

    def save_new(self, timer: Timer, n: int) -> Any:
        raw = self.raw
        rows = [fresh(i) for i in range(1, n + 1)]
        with timer:
            raw.execute("BEGIN IMMEDIATE")
            for row in rows:
                book = Book(None, *row)
                book.id = raw.execute(self.INSERT, self.bound(book)).lastrowid
        return self.written()

    def bulk_new(self, timer: Timer, n: int) -> Any:
        books = [Book(None, *fresh(i)) for i in range(1, n + 1)]
        with timer:
            self.raw.execute("BEGIN IMMEDIATE")
            self.raw.executemany(self.INSERT, map(self.bound, books))
        return self.written()

    def save_changed(self, timer: Timer, n: int) -> Any:
        books = [self.read(row) for row in self._rows(n)]
        raw = self.raw
        with timer:
            raw.execute("BEGIN IMMEDIATE")
            for i, book in enumerate(books):
                book.title = f"Changed {i}"
                book.pages = i
                raw.execute(
                    "UPDATE bench_book SET title = ?, pages = ? WHERE id = ?",
                    (book.title, book.pages, book.id),
                )
        return self.written()

    def bulk_changed(self, timer: Timer, n: int) -> Any:
        books = [self.read(row) for row in self._rows(n)]
        for i, book in enumerate(books):
            book.title, book.pages = f"Changed {i}", i
        with timer:
            self.raw.execute("BEGIN IMMEDIATE")
            self.raw.executemany(
                "UPDATE bench_book SET title = ?, pages = ? WHERE id = ?",
                ((b.title, b.pages, b.id) for b in books),
            )
        return self.written()

    def cascade(self, timer: Timer, n: int) -> Any:
        raw = self.raw
        with timer:
            raw.execute("BEGIN IMMEDIATE")
            raw.execute(
                """DELETE FROM bench_book_tags WHERE book_id IN
                   (SELECT id FROM bench_book WHERE author_id <= ?)""",
                (n,),
            )
            raw.execute("DELETE FROM bench_book WHERE author_id <= ?", (n,))
            raw.execute("DELETE FROM bench_review WHERE author_id <= ?", (n,))
            raw.execute("DELETE FROM bench_author WHERE id <= ?", (n,))
        return self.written()

    def written(self) -> list[tuple[Any, ...]]:
        """What the open transaction would keep; it is then undone."""
        found = [tuple(self.raw.execute(CHECK).fetchone())]
        self.raw.execute("ROLLBACK")
        return found


CHECK = """SELECT (SELECT count(*) FROM bench_author) AS authors, (SELECT count(*) FROM bench_book) AS books,
    (SELECT sum(pages) FROM bench_book) AS pages, (SELECT sum(length(title)) FROM bench_book) AS letters,
    (SELECT count(*) FROM bench_review) AS reviews, (SELECT count(*) FROM bench_book_tags) AS links"""


class Postgresql:
    """On `psycopg`, which already hands out Python values."""

    def __init__(self, url: str) -> None:
        import psycopg

        self.url = url
        self.psycopg = psycopg
        self.raw = psycopg.connect(url, autocommit=True, options="-c timezone=UTC")
        self.cursor = self.raw.cursor()

    def get(self, timer: Timer, n: int) -> Any:
        found = []
        cursor = self.cursor
        with timer:
            for i in range(1, n + 1):
                row = cursor.execute(f"SELECT {BOOK} FROM bench_book WHERE id = %s", (i,)).fetchone()
                found.append(Book(*row))
        return map(values, found)

    def filter(self, timer: Timer, n: int) -> Any:
        sql = f"""SELECT {BOOK} FROM bench_book WHERE copies = %s AND pages > %s AND in_print
                  ORDER BY pages, id LIMIT 20"""
        found: list[Book] = []
        with timer:
            for i in range(n):
                found = [Book(*row) for row in self.cursor.execute(sql, filter_arguments(i)).fetchall()]
        return map(values, found)

    def _rows(self, n: int) -> list[tuple[Any, ...]]:
        return self.cursor.execute(f"SELECT {BOOK} FROM bench_book WHERE id <= %s ORDER BY id", (n,)).fetchall()

    def instances(self, timer: Timer, n: int) -> Any:
        with timer:
            found = [Book(*row) for row in self._rows(n)]
        return map(values, found)

    def dicts(self, timer: Timer, n: int) -> Any:
        names = data.BOOK_COLUMNS
        with timer:
            found = [dict(zip(names, row, strict=True)) for row in self._rows(n)]
        return (row.values() for row in found)

    def tuples(self, timer: Timer, n: int) -> Any:
        with timer:
            found = self._rows(n)
        return found

    def parent(self, timer: Timer, n: int) -> Any:
        sql = f"""SELECT {WITH_PARENT} FROM bench_book b JOIN bench_author a ON a.id = b.author_id
                  WHERE b.id <= %s ORDER BY b.id"""
        found = []
        with timer:
            for row in self.cursor.execute(sql, (n,)).fetchall():
                book = Book(*row[:12])
                book.author = Author(*row[12:])  # type: ignore[attr-defined]
                found.append(book)
        return ((*values(b), b.author.id, b.author.name) for b in found)  # type: ignore[attr-defined]

    def inherited(self, timer: Timer, n: int) -> Any:
        with timer:
            found = [Diner(*row) for row in self.cursor.execute(DINERS.format("%s"), (n,)).fetchall()]
        return map(diner_values, found)

    def children(self, timer: Timer, n: int) -> Any:
        execute = self.cursor.execute
        with timer:
            sql = "SELECT id, name, country FROM bench_author WHERE id <= %s ORDER BY id"
            parents = [Author(*row) for row in execute(sql, (n,)).fetchall()]
            groups: dict[int, list[Book]] = defaultdict(list)
            for row in execute(f"SELECT {BOOK} FROM bench_book WHERE author_id <= %s", (n,)).fetchall():
                groups[row[11]].append(Book(*row))
            for parent in parents:
                parent.books = groups[parent.id]  # type: ignore[attr-defined]
        return family(parents)

    def many(self, timer: Timer, n: int) -> Any:
        with timer:
            books = [Book(*row) for row in self._rows(n)]
            groups: dict[int, list[Tag]] = defaultdict(list)
            sql = """SELECT l.book_id, t.id, t.label FROM bench_tag t JOIN bench_book_tags l ON l.tag_id = t.id
                     WHERE l.book_id <= %s"""
            for book_id, id, label in self.cursor.execute(sql, (n,)).fetchall():
                groups[book_id].append(Tag(id, label))
            for book in books:
                book.tags = groups[book.id]  # type: ignore[attr-defined, index]
        return ((b.id, *sorted(t.id for t in b.tags)) for b in books)  # type: ignore[attr-defined]

    def group(self, timer: Timer, n: int) -> Any:
        sql = """SELECT in_print, count(*), avg(rating), max(pages) FROM bench_book WHERE copies >= %s AND copies < %s
                 GROUP BY in_print ORDER BY in_print"""
        found: list[Any] = []
        with timer:
            for i in range(n):
                rows = self.cursor.execute(sql, shelves(i)).fetchall()
                found = [{"in_print": p, "n": c, "mean": mean, "most": most} for p, c, mean, most in rows]
        return (row.values() for row in found)

    def subquery(self, timer: Timer, n: int) -> Any:
        found: list[Any] = []
        sql = SUBQUERY.format("%s")
        with timer:
            for i in range(n):
                found = [Ranked(*row) for row in self.cursor.execute(sql, authors(i)).fetchall()]
        return ((a.id, a.name, a.country, a.extra) for a in found)

    def window(self, timer: Timer, n: int) -> Any:
        found: list[Any] = []
        sql = WINDOW.format("%s")
        with timer:
            for i in range(n):
                found = self.cursor.execute(sql, (i,)).fetchall()
        return found

    def union(self, timer: Timer, n: int) -> Any:
        found: list[Any] = []
        sql = UNION.format("%s")
        with timer:
            for i in range(n):
                found = self.cursor.execute(sql, (i, i + 1)).fetchall()
        return found

    INSERT = f"INSERT INTO bench_book ({BOOK.removeprefix('id, ')}) VALUES ({', '.join(['%s'] * 11)}) RETURNING id"

    def bound(self, book: Book) -> tuple[Any, ...]:
        return (
            book.title,
            book.pages,
            book.copies,
            book.price,
            book.rating,
            book.in_print,
            book.published,
            book.day,
            book.isbn,
            self.psycopg.types.json.Jsonb(book.meta),
            book.author_id,
        )

    def save_new(self, timer: Timer, n: int) -> Any:
        execute = self.cursor.execute
        rows = [fresh(i) for i in range(1, n + 1)]
        with timer:
            execute("BEGIN")
            for row in rows:
                book = Book(None, *row)
                (book.id,) = execute(self.INSERT, self.bound(book)).fetchone()
        return self.written()

    def bulk_new(self, timer: Timer, n: int) -> Any:
        books = [Book(None, *fresh(i)) for i in range(1, n + 1)]
        columns = BOOK.removeprefix("id, ")
        with timer:
            self.cursor.execute("BEGIN")
            with self.cursor.copy(f"COPY bench_book ({columns}) FROM STDIN") as copy:
                for book in books:
                    copy.write_row(self.bound(book))
        return self.written()

    def save_changed(self, timer: Timer, n: int) -> Any:
        books = [Book(*row) for row in self._rows(n)]
        execute = self.cursor.execute
        with timer:
            execute("BEGIN")
            for i, book in enumerate(books):
                book.title = f"Changed {i}"
                book.pages = i
                execute(
                    "UPDATE bench_book SET title = %s, pages = %s WHERE id = %s",
                    (book.title, book.pages, book.id),
                )
        return self.written()

    def bulk_changed(self, timer: Timer, n: int) -> Any:
        books = [Book(*row) for row in self._rows(n)]
        for i, book in enumerate(books):
            book.title, book.pages = f"Changed {i}", i
        with timer:
            self.cursor.execute("BEGIN")
            self.cursor.execute(
                """UPDATE bench_book SET title = v.title, pages = v.pages
                   FROM unnest(%s::bigint[], %s::text[], %s::int[]) AS v (id, title, pages)
                   WHERE bench_book.id = v.id""",
                ([b.id for b in books], [b.title for b in books], [b.pages for b in books]),
            )
        return self.written()

    def cascade(self, timer: Timer, n: int) -> Any:
        execute = self.cursor.execute
        with timer:
            execute("BEGIN")
            execute(
                """DELETE FROM bench_book_tags WHERE book_id IN
                   (SELECT id FROM bench_book WHERE author_id <= %s)""",
                (n,),
            )
            execute("DELETE FROM bench_book WHERE author_id <= %s", (n,))
            execute("DELETE FROM bench_review WHERE author_id <= %s", (n,))
            execute("DELETE FROM bench_author WHERE id <= %s", (n,))
        return self.written()

    def written(self) -> list[tuple[Any, ...]]:
        found = [tuple(self.cursor.execute(CHECK).fetchone())]
        self.cursor.execute("ROLLBACK")
        return found

    async def tasks(self, timer: Timer, n: int) -> Any:
        free: asyncio.Queue[Any] = asyncio.Queue()
        for _ in range(16):
            raw = await self.psycopg.AsyncConnection.connect(self.url, autocommit=True, options="-c timezone=UTC")
            free.put_nowait(raw)
        sql = f"SELECT {BOOK} FROM bench_book WHERE id = %s"

        async def get(i: int) -> Book:
            raw = await free.get()
            try:
                cursor = await raw.execute(sql, (i,))
                return Book(*await cursor.fetchone())
            finally:
                free.put_nowait(raw)

        async def task(k: int) -> list[Book]:
            return [await get(i) for i in range(1 + k, n + 1, 64)]

        with timer:
            groups = await asyncio.gather(*(task(k) for k in range(64)))
        while not free.empty():
            await free.get_nowait().close()
        return map(values, sorted((b for group in groups for b in group), key=lambda b: b.id or 0))


def open(backend: str, url: str) -> Sqlite | Postgresql:
    return Sqlite(url.removeprefix("sqlite:///")) if backend == "sqlite" else Postgresql(url)
