"""Tortoise ORM, on aiosqlite and asyncpg."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tortoise import Tortoise as Library
from tortoise import fields
from tortoise.expressions import F, Subquery
from tortoise.functions import Avg, Count, Max
from tortoise.models import Model
from tortoise.transactions import in_transaction

from benchmarks import data
from benchmarks.contenders.hand import CHECK, family, filter_arguments, fresh, shelves, values
from benchmarks.worker import Timer


class Author(Model):
    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=60)
    country = fields.CharField(max_length=20)

    class Meta:
        table = "bench_author"


class Tag(Model):
    id = fields.BigIntField(primary_key=True)
    label = fields.CharField(max_length=40)

    class Meta:
        table = "bench_tag"


class Book(Model):
    id = fields.BigIntField(primary_key=True)
    title = fields.CharField(max_length=100)
    pages = fields.IntField()
    copies = fields.BigIntField()
    price = fields.DecimalField(max_digits=7, decimal_places=2)
    rating = fields.FloatField()
    in_print = fields.BooleanField()
    published = fields.DatetimeField()
    day = fields.DateField()
    isbn = fields.UUIDField()
    meta: Any = fields.JSONField()
    author: Any = fields.ForeignKeyField("models.Author", related_name="books")
    tags: Any = fields.ManyToManyField(
        "models.Tag", through="bench_book_tags", forward_key="tag_id", backward_key="book_id"
    )

    class Meta:
        table = "bench_book"


class Review(Model):
    id = fields.BigIntField(primary_key=True)
    stars = fields.IntField()
    text = fields.TextField()
    author: Any = fields.ForeignKeyField("models.Author", related_name="reviews")

    class Meta:
        table = "bench_review"


class Undo(Exception):
    """Leaves a transaction without keeping it."""


class Tortoise:
    def __init__(self, backend: str, url: str) -> None:
        if backend == "sqlite":
            self.url = "sqlite://" + url.removeprefix("sqlite://")
        else:
            self.url = url.replace("postgresql://", "asyncpg://", 1) + "?minsize=16&maxsize=16"

    async def start(self) -> None:
        await Library.init(
            db_url=self.url, modules={"models": [__name__]}, use_tz=True, timezone="UTC", _enable_global_fallback=True
        )

    async def stop(self) -> None:
        await Library.close_connections()

    async def get(self, timer: Timer, n: int) -> Any:
        with timer:
            found = [await Book.get(id=i) for i in range(1, n + 1)]
        return map(values, found)

    async def filter(self, timer: Timer, n: int) -> Any:
        found: list[Any] = []
        with timer:
            for i in range(n):
                copies, pages = filter_arguments(i)
                found = (
                    await Book.filter(copies=copies, pages__gt=pages, in_print=True).order_by("pages", "id").limit(20)
                )
        return map(values, found)

    async def instances(self, timer: Timer, n: int) -> Any:
        with timer:
            found = await Book.filter(id__lte=n).order_by("id")
        return map(values, found)

    async def dicts(self, timer: Timer, n: int) -> Any:
        with timer:
            found = await Book.filter(id__lte=n).order_by("id").values()
        return ((row[name] for name in data.BOOK_COLUMNS) for row in found)

    async def tuples(self, timer: Timer, n: int) -> Any:
        with timer:
            found = await Book.filter(id__lte=n).order_by("id").values_list(*data.BOOK_COLUMNS)
        return found

    async def parent(self, timer: Timer, n: int) -> Any:
        with timer:
            found = await Book.filter(id__lte=n).order_by("id").select_related("author")
        return ((*values(b), b.author.id, b.author.name) for b in found)

    async def children(self, timer: Timer, n: int) -> Any:
        with timer:
            found = await Author.filter(id__lte=n).order_by("id").prefetch_related("books")
        return family(found)

    async def many(self, timer: Timer, n: int) -> Any:
        with timer:
            found = await Book.filter(id__lte=n).order_by("id").prefetch_related("tags")
        return ((b.id, *sorted(t.id for t in b.tags)) for b in found)

    async def group(self, timer: Timer, n: int) -> Any:
        found: list[Any] = []
        with timer:
            for i in range(n):
                low, high = shelves(i)
                found = (
                    await Book.filter(copies__gte=low, copies__lt=high)
                    .annotate(n=Count("id"), mean=Avg("rating"), most=Max("pages"))
                    .group_by("in_print")
                    .order_by("in_print")
                    .values("in_print", "n", "mean", "most")
                )
        return (row.values() for row in found)

    async def build(self, timer: Timer, n: int) -> Any:
        with timer:
            for i in range(n):
                (
                    Book.filter(title__icontains="sea", pages__gt=i, copies__lt=900, price__gte=5, rating__lt=4.5)
                    .filter(in_print=True, day__gt=data.START.date(), id__lt=10_000)
                    .filter(author__name__startswith="Author", author__reviews__stars__gt=3)
                    .annotate(twice=F("pages") * 2)
                    .filter(author_id__in=Subquery(Author.filter(country="sea").values("id")))
                    .order_by("-pages", "id")
                    .sql()
                )
        return []

    async def undone(self, timer: Timer, work: Callable[[], Awaitable[Any]]) -> Any:
        found: list[Any] = []
        try:
            async with in_transaction() as connection:
                with timer:
                    await work()
                _, rows = await connection.execute_query(CHECK)
                found.append(tuple(rows[0]))
                raise Undo
        except Undo:
            return found

    def new(self, n: int) -> list[dict[str, Any]]:
        return [dict(zip(data.BOOK_COLUMNS[1:], fresh(i), strict=True)) for i in range(1, n + 1)]

    async def save_new(self, timer: Timer, n: int) -> Any:
        rows = self.new(n)

        async def work() -> None:
            for row in rows:
                await Book(**row).save()

        return await self.undone(timer, work)

    async def bulk_new(self, timer: Timer, n: int) -> Any:
        books = [Book(**row) for row in self.new(n)]
        return await self.undone(timer, lambda: _awaited(Book.bulk_create(books)))

    async def save_changed(self, timer: Timer, n: int) -> Any:
        books = await Book.filter(id__lte=n).order_by("id")

        async def work() -> None:
            for i, book in enumerate(books):
                book.title = f"Changed {i}"
                book.pages = i
                await book.save(update_fields=["title", "pages"])

        return await self.undone(timer, work)

    async def bulk_changed(self, timer: Timer, n: int) -> Any:
        books = await Book.filter(id__lte=n).order_by("id")
        for i, book in enumerate(books):
            book.title, book.pages = f"Changed {i}", i
        return await self.undone(timer, lambda: _awaited(Book.bulk_update(books, ["title", "pages"], 2000)))

    async def cascade(self, timer: Timer, n: int) -> Any:
        """It leaves cascades to the database, and these tables have none: a statement for each, in order."""

        async def work() -> None:
            from tortoise import connections

            connection = connections.get("default")
            await connection.execute_query(
                f"DELETE FROM bench_book_tags WHERE book_id IN (SELECT id FROM bench_book WHERE author_id <= {int(n)})"
            )
            await Book.filter(author_id__lte=n).delete()
            await Review.filter(author_id__lte=n).delete()
            await Author.filter(id__lte=n).delete()

        return await self.undone(timer, work)

    async def tasks(self, timer: Timer, n: int) -> Any:
        async def task(k: int) -> list[Any]:
            return [await Book.get(id=i) for i in range(1 + k, n + 1, 64)]

        with timer:
            groups = await asyncio.gather(*(task(k) for k in range(64)))
        return map(values, sorted((b for group in groups for b in group), key=lambda b: b.id))


async def _awaited(query: Any) -> Any:
    return await query


def open(backend: str, url: str) -> Tortoise:
    return Tortoise(backend, url)
