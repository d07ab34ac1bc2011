"""Piccolo, on aiosqlite and asyncpg. It has no reverse relations and no update of many rows by their values."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from typing import Any

from piccolo import columns as c
from piccolo.engine.postgres import PostgresEngine
from piccolo.engine.sqlite import SQLiteEngine
from piccolo.query.functions.aggregate import Avg, Count, Max
from piccolo.table import Table

from benchmarks import data
from benchmarks.contenders.hand import CHECK, filter_arguments, fresh, shelves
from benchmarks.worker import Timer

# On SQLite it converts by the declared type of a column, so it gets a copy of the tables that declares its own.
TYPES = {"decimal": "Numeric", "bool": "Boolean", "datetime": "Timestamptz", "char(32)": "UUID", "text": "JSON"}


class Undo(Exception):
    """Leaves a transaction without keeping it."""


def define(engine: Any, bookkeeping: type) -> dict[str, Any]:
    class Author(Table, tablename="bench_author", db=engine):
        id = bookkeeping(primary_key=True)
        name = c.Varchar(60)
        country = c.Varchar(20)

    class Book(Table, tablename="bench_book", db=engine):
        id = bookkeeping(primary_key=True)
        title = c.Varchar(100)
        pages = c.Integer()
        copies = c.BigInt()
        price = c.Numeric((7, 2))
        rating = c.DoublePrecision()
        in_print = c.Boolean()
        published = c.Timestamptz()
        day = c.Date()
        isbn = c.UUID()
        meta = c.JSONB()
        author = c.ForeignKey(Author, db_column_name="author_id")

    class Review(Table, tablename="bench_review", db=engine):
        id = bookkeeping(primary_key=True)
        stars = c.Integer()
        text = c.Text()
        author = c.ForeignKey(Author, db_column_name="author_id")

    class BookTag(Table, tablename="bench_book_tags", db=engine):
        id = bookkeeping(primary_key=True)
        book = c.ForeignKey(Book, db_column_name="book_id")
        tag = c.BigInt(db_column_name="tag_id")

    return {table.__name__: table for table in (Author, Book, Review, BookTag)}


NAMES = (*data.BOOK_COLUMNS[:-1], "author")


def values(book: Any) -> tuple[Any, ...]:
    return tuple(getattr(book, name) for name in NAMES)


class Piccolo:
    def __init__(self, backend: str, url: str) -> None:
        self.backend = backend
        if backend == "sqlite":
            self.path = tempfile.mkstemp(suffix=".db")[1]
            copy(url.removeprefix("sqlite:///"), self.path)
            self.engine: Any = SQLiteEngine(path=self.path)
            tables = define(self.engine, c.Serial)
        else:
            self.engine = PostgresEngine(config={"dsn": url, "server_settings": {"timezone": "UTC"}})
            tables = define(self.engine, c.BigSerial)
        self.Author, self.Book = tables["Author"], tables["Book"]
        self.Review, self.BookTag = tables["Review"], tables["BookTag"]

    async def start(self) -> None:
        if self.backend == "postgresql":
            await self.engine.start_connection_pool(min_size=16, max_size=16)

    async def stop(self) -> None:
        if self.backend == "postgresql":
            await self.engine.close_connection_pool()
        else:
            os.remove(self.path)

    async def get(self, timer: Timer, n: int) -> Any:
        Book = self.Book
        with timer:
            found = [await Book.objects().get(Book.id == i).output(load_json=True) for i in range(1, n + 1)]
        return map(values, found)

    async def filter(self, timer: Timer, n: int) -> Any:
        Book = self.Book
        found: list[Any] = []
        with timer:
            for i in range(n):
                copies, pages = filter_arguments(i)
                found = (
                    await Book.objects()
                    .where(Book.copies == copies, Book.pages > pages, Book.in_print.eq(True))
                    .order_by(Book.pages, Book.id)
                    .limit(20)
                    .output(load_json=True)
                )
        return map(values, found)

    async def instances(self, timer: Timer, n: int) -> Any:
        Book = self.Book
        with timer:
            found = await Book.objects().where(Book.id <= n).order_by(Book.id).output(load_json=True)
        return map(values, found)

    async def dicts(self, timer: Timer, n: int) -> Any:
        Book = self.Book
        with timer:
            found = await Book.select().where(Book.id <= n).order_by(Book.id).output(load_json=True)
        return ((row[name] for name in data.BOOK_COLUMNS) for row in found)

    async def parent(self, timer: Timer, n: int) -> Any:
        Book = self.Book
        with timer:
            query = Book.objects(Book.author).where(Book.id <= n).order_by(Book.id)
            found = await query.output(load_json=True)
        return ((*values(b)[:-1], b.author.id, b.author.id, b.author.name) for b in found)

    async def group(self, timer: Timer, n: int) -> Any:
        Book = self.Book
        found: list[Any] = []
        with timer:
            for i in range(n):
                low, high = shelves(i)
                found = (
                    await Book.select(
                        Book.in_print,
                        Count(Book.id, alias="n"),
                        Avg(Book.rating, alias="mean"),
                        Max(Book.pages, alias="most"),
                    )
                    .where(Book.copies >= low, Book.copies < high)
                    .group_by(Book.in_print)
                    .order_by(Book.in_print)
                )
        return ((row["in_print"], row["n"], row["mean"], row["most"]) for row in found)

    async def undone(self, timer: Timer, work: Callable[[], Awaitable[Any]]) -> Any:
        found: list[Any] = []
        try:
            async with self.engine.transaction():
                with timer:
                    await work()
                rows = await self.Book.raw(CHECK)
                found.append(tuple(rows[0].values()))
                raise Undo
        except Undo:
            return found

    def new(self, n: int) -> list[dict[str, Any]]:
        return [dict(zip(NAMES[1:], fresh(i), strict=True)) for i in range(1, n + 1)]

    async def save_new(self, timer: Timer, n: int) -> Any:
        rows = self.new(n)

        async def work() -> None:
            for row in rows:
                await self.Book(**row).save()

        return await self.undone(timer, work)

    async def bulk_new(self, timer: Timer, n: int) -> Any:
        books = [self.Book(**row) for row in self.new(n)]

        async def work() -> None:
            for start in range(0, len(books), 2000):  # the database binds only so many values at once
                await self.Book.insert(*books[start : start + 2000])

        return await self.undone(timer, work)

    async def save_changed(self, timer: Timer, n: int) -> Any:
        Book = self.Book
        books = await Book.objects().where(Book.id <= n).order_by(Book.id)

        async def work() -> None:
            for i, book in enumerate(books):
                book.title = f"Changed {i}"
                book.pages = i
                await book.save([Book.title, Book.pages])

        return await self.undone(timer, work)

    async def cascade(self, timer: Timer, n: int) -> Any:
        Author, Book, Review, BookTag = self.Author, self.Book, self.Review, self.BookTag

        async def work() -> None:
            await BookTag.delete().where(BookTag.book.is_in(Book.select(Book.id).where(Book.author <= n)))
            await Book.delete().where(Book.author <= n)
            await Review.delete().where(Review.author <= n)
            await Author.delete().where(Author.id <= n)

        return await self.undone(timer, work)


class AsyncPiccolo(Piccolo):
    """With 64 tasks, on PostgreSQL."""

    async def tasks(self, timer: Timer, n: int) -> Any:
        Book = self.Book

        async def task(k: int) -> list[Any]:
            query = Book.objects
            return [await query().get(Book.id == i).output(load_json=True) for i in range(1 + k, n + 1, 64)]

        with timer:
            groups = await asyncio.gather(*(task(k) for k in range(64)))
        return map(values, sorted((b for group in groups for b in group), key=lambda b: b.id))


def copy(source: str, target: str) -> None:
    """The tables with the types that Piccolo reads by, and their rows."""
    raw = sqlite3.connect(target, isolation_level=None)
    schema = data.SQLITE
    for theirs, its in TYPES.items():
        schema = schema.replace(f" {theirs} NOT NULL", f" {its} NOT NULL")
    raw.executescript(schema)
    raw.execute("ATTACH ? AS source", (source,))
    raw.execute("BEGIN")
    for table in data.TABLES:
        raw.execute(f"INSERT INTO {table} SELECT * FROM source.{table}")
    raw.execute("COMMIT")
    raw.close()


def open(backend: str, url: str) -> Piccolo:
    return Piccolo(backend, url) if backend == "sqlite" else AsyncPiccolo(backend, url)
