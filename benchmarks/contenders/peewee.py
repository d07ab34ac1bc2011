"""Peewee."""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Callable
from typing import Any

import peewee

from benchmarks import data
from benchmarks.contenders.hand import CHECK, authors, family, filter_arguments, fresh, shelves, values
from benchmarks.worker import Timer

database = peewee.DatabaseProxy()


class JsonText(peewee.TextField):
    def db_value(self, value: Any) -> Any:
        return json.dumps(value)

    def python_value(self, value: Any) -> Any:
        return json.loads(value)


class Utc(peewee.DateTimeField):
    """Peewee's own field has no time zone."""

    def db_value(self, value: dt.datetime) -> Any:
        return value.replace(tzinfo=None)

    def python_value(self, value: Any) -> Any:
        return dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC)


class Undo(Exception):
    """Leaves a transaction without keeping it."""


def define(backend: str) -> dict[str, Any]:
    if backend == "postgresql":
        from playhouse.postgres_ext import BinaryJSONField, DateTimeTZField

        json_field, datetime_field = functools.partial(BinaryJSONField, index=False), DateTimeTZField
    else:
        json_field, datetime_field = JsonText, Utc

    class Base(peewee.Model):
        class Meta:
            database = globals()["database"]

    class Author(Base):
        name = peewee.CharField()
        country = peewee.CharField()

        class Meta:
            table_name = "bench_author"

    class Tag(Base):
        label = peewee.CharField()

        class Meta:
            table_name = "bench_tag"

    class Book(Base):
        title = peewee.CharField()
        pages = peewee.IntegerField()
        copies = peewee.BigIntegerField()
        price = peewee.DecimalField(max_digits=7, decimal_places=2, auto_round=True)
        rating = peewee.FloatField()
        in_print = peewee.BooleanField()
        published = datetime_field()
        day = peewee.DateField()
        isbn = peewee.UUIDField()
        meta = json_field()
        author = peewee.ForeignKeyField(Author, backref="books", on_delete="CASCADE")

        class Meta:
            table_name = "bench_book"

    class BookTag(Base):
        book = peewee.ForeignKeyField(Book, backref="links")
        tag = peewee.ForeignKeyField(Tag, backref="links")

        class Meta:
            table_name = "bench_book_tags"

    class Review(Base):
        stars = peewee.IntegerField()
        text = peewee.TextField()
        author = peewee.ForeignKeyField(Author, backref="reviews")

        class Meta:
            table_name = "bench_review"

    return {model.__name__: model for model in (Author, Tag, Book, BookTag, Review)}


class Peewee:
    def __init__(self, backend: str, url: str) -> None:
        if backend == "postgresql":
            from playhouse.postgres_ext import PostgresqlExtDatabase

            real: Any = PostgresqlExtDatabase(url, options="-c timezone=UTC", prefer_psycopg3=True)
        else:
            real = peewee.SqliteDatabase(url.removeprefix("sqlite:///"), pragmas={"foreign_keys": 1})
        database.initialize(real)
        real.connect()
        tables = define(backend)
        self.Author, self.Book, self.Tag = tables["Author"], tables["Book"], tables["Tag"]
        self.BookTag, self.Review = tables["BookTag"], tables["Review"]

    def get(self, timer: Timer, n: int) -> Any:
        with timer:
            found = [self.Book.get_by_id(i) for i in range(1, n + 1)]
        return map(values, found)

    def filter(self, timer: Timer, n: int) -> Any:
        Book = self.Book
        found: list[Any] = []
        with timer:
            for i in range(n):
                copies, pages = filter_arguments(i)
                wanted = (Book.copies == copies) & (Book.pages > pages) & (Book.in_print == True)  # noqa: E712
                found = list(Book.select().where(wanted).order_by(Book.pages, Book.id).limit(20))
        return map(values, found)

    def instances(self, timer: Timer, n: int) -> Any:
        with timer:
            found = list(self.Book.select().where(self.Book.id <= n).order_by(self.Book.id))
        return map(values, found)

    def dicts(self, timer: Timer, n: int) -> Any:
        with timer:
            found = list(self.Book.select().where(self.Book.id <= n).order_by(self.Book.id).dicts())
        return (row.values() for row in found)

    def tuples(self, timer: Timer, n: int) -> Any:
        with timer:
            found = list(self.Book.select().where(self.Book.id <= n).order_by(self.Book.id).tuples())
        return found

    def parent(self, timer: Timer, n: int) -> Any:
        Book, Author = self.Book, self.Author
        with timer:
            found = list(Book.select(Book, Author).join(Author).where(Book.id <= n).order_by(Book.id))
        return ((*values(b), b.author.id, b.author.name) for b in found)

    def children(self, timer: Timer, n: int) -> Any:
        Author = self.Author
        with timer:
            query = Author.select().where(Author.id <= n).order_by(Author.id)
            found = list(query.prefetch(self.Book))
        return family(found)

    def many(self, timer: Timer, n: int) -> Any:
        Book = self.Book
        with timer:
            query = Book.select().where(Book.id <= n).order_by(Book.id)
            found = list(query.prefetch(self.BookTag, self.Tag))
        return ((b.id, *sorted(link.tag.id for link in b.links)) for b in found)

    def group(self, timer: Timer, n: int) -> Any:
        Book, fn = self.Book, peewee.fn
        found: list[Any] = []
        with timer:
            for i in range(n):
                low, high = shelves(i)
                found = list(
                    Book.select(
                        Book.in_print,
                        fn.COUNT(Book.id).alias("n"),
                        fn.AVG(Book.rating).alias("mean"),
                        fn.MAX(Book.pages).alias("most"),
                    )
                    .where((Book.copies >= low) & (Book.copies < high))
                    .group_by(Book.in_print)
                    .order_by(Book.in_print)
                    .dicts()
                )
        return ((row["in_print"], row["n"], row["mean"], row["most"]) for row in found)

    def subquery(self, timer: Timer, n: int) -> Any:
        Author, Book = self.Author, self.Book
        found: list[Any] = []
        with timer:
            for i in range(n):
                low, high = authors(i)
                longest = (
                    Book.select(Book.title)
                    .where(Book.author == Author.id)
                    .order_by(Book.pages.desc(), Book.id)
                    .limit(1)
                )
                found = list(
                    Author.select(Author, longest.alias("extra"))
                    .where((Author.id > low) & (Author.id <= high))
                    .order_by(Author.id)
                )
        return ((a.id, a.name, a.country, a.extra) for a in found)

    def window(self, timer: Timer, n: int) -> Any:
        Book, fn = self.Book, peewee.fn
        found: list[Any] = []
        with timer:
            for i in range(n):
                rank = fn.RANK().over(partition_by=[Book.in_print], order_by=[Book.pages.desc(), Book.id])
                found = list(Book.select(Book.id, rank).where(Book.copies == i).order_by(Book.id).tuples())
        return found

    def union(self, timer: Timer, n: int) -> Any:
        Book = self.Book
        found: list[Any] = []
        with timer:
            for i in range(n):
                parts = [Book.select(Book.id, Book.title).where(Book.copies == copies) for copies in (i, i + 1)]
                found = list((parts[0] | parts[1]).order_by(peewee.SQL("id")).tuples())
        return found

    def build(self, timer: Timer, n: int) -> Any:
        Author, Book, Review = self.Author, self.Book, self.Review
        with timer:
            for i in range(n):
                (
                    Book.select(Book, (Book.pages * 2).alias("twice"))
                    .join(Author)
                    .join(Review)
                    .where(
                        Book.title.contains("sea"), Book.pages > i, Book.copies < 900, Book.price >= 5,
                        Book.rating < 4.5, Book.in_print == True, Book.day > data.START.date(),  # noqa: E712
                        Book.id < 10_000, Author.name.startswith("Author"), Review.stars > 3,
                    )
                    .where(Book.author.in_(Author.select(Author.id).where(Author.country == "sea")))
                    .order_by(Book.pages.desc(), Book.id)
                    .sql()
                )  # fmt: skip
        return []

    def undone(self, timer: Timer, work: Callable[[], Any]) -> Any:
        found: list[Any] = []
        try:
            with database.atomic():
                with timer:
                    work()
                found.append(tuple(database.execute_sql(CHECK).fetchone()))
                raise Undo
        except Undo:
            return found

    def new(self, n: int) -> list[dict[str, Any]]:
        names = [*data.BOOK_COLUMNS[1:-1], "author"]
        return [dict(zip(names, fresh(i), strict=True)) for i in range(1, n + 1)]

    def save_new(self, timer: Timer, n: int) -> Any:
        rows = self.new(n)

        def work() -> None:
            for row in rows:
                self.Book(**row).save(force_insert=True)

        return self.undone(timer, work)

    def bulk_new(self, timer: Timer, n: int) -> Any:
        books = [self.Book(**row) for row in self.new(n)]
        return self.undone(timer, lambda: self.Book.bulk_create(books, batch_size=2000))

    def save_changed(self, timer: Timer, n: int) -> Any:
        books = list(self.Book.select().where(self.Book.id <= n).order_by(self.Book.id))

        def work() -> None:
            for i, book in enumerate(books):
                book.title = f"Changed {i}"
                book.pages = i
                book.save(only=[self.Book.title, self.Book.pages])

        return self.undone(timer, work)

    def bulk_changed(self, timer: Timer, n: int) -> Any:
        Book = self.Book
        books = list(Book.select().where(Book.id <= n).order_by(Book.id))
        for i, book in enumerate(books):
            book.title, book.pages = f"Changed {i}", i
        return self.undone(timer, lambda: Book.bulk_update(books, [Book.title, Book.pages], batch_size=500))

    def cascade(self, timer: Timer, n: int) -> Any:
        Book, Author, BookTag, Review = self.Book, self.Author, self.BookTag, self.Review

        def work() -> None:
            books = Book.select(Book.id).where(Book.author <= n)
            BookTag.delete().where(BookTag.book.in_(books)).execute()
            Book.delete().where(Book.author <= n).execute()
            Review.delete().where(Review.author <= n).execute()
            Author.delete().where(Author.id <= n).execute()

        return self.undone(timer, work)


def open(backend: str, url: str) -> Peewee:
    return Peewee(backend, url)
