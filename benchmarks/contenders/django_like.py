"""The work in the query language that Django and rowsmith share, so that both run the very same lines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from benchmarks import data
from benchmarks.contenders.hand import CHECK, authors, diner_values, filter_arguments, fresh, shelves, values
from benchmarks.worker import Timer


def define(models: Any, module: str) -> dict[str, Any]:
    """The models on the benchmark's tables."""

    def on(table: str) -> type:
        return type("Meta", (), {"app_label": "bench", "db_table": table})

    class Author(models.Model):  # type: ignore[misc]
        __module__ = module
        name = models.CharField(max_length=60)
        country = models.CharField(max_length=20)
        Meta = on("bench_author")

    class Tag(models.Model):  # type: ignore[misc]
        __module__ = module
        label = models.CharField(max_length=40)
        Meta = on("bench_tag")

    class Book(models.Model):  # type: ignore[misc]
        __module__ = module
        title = models.CharField(max_length=100)
        pages = models.IntegerField()
        copies = models.BigIntegerField()
        price = models.DecimalField(max_digits=7, decimal_places=2)
        rating = models.FloatField()
        in_print = models.BooleanField()
        published = models.DateTimeField()
        day = models.DateField()
        isbn = models.UUIDField()
        meta = models.JSONField()
        author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="books")
        tags = models.ManyToManyField(Tag, related_name="books")
        Meta = on("bench_book")

    class Review(models.Model):  # type: ignore[misc]
        __module__ = module
        stars = models.IntegerField()
        text = models.TextField()
        author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="reviews")
        Meta = on("bench_review")

    class Venue(models.Model):  # type: ignore[misc]
        __module__ = module
        name = models.CharField(max_length=60)
        city = models.CharField(max_length=20)
        rating = models.FloatField()
        opened = models.DateField()
        Meta = on("bench_venue")

    class Diner(Venue):
        __module__ = module
        seats = models.IntegerField()
        price = models.DecimalField(max_digits=7, decimal_places=2)
        is_open = models.BooleanField()
        menu = models.TextField()
        checked = models.DateTimeField()
        Meta = on("bench_diner")

    return {"Author": Author, "Book": Book, "Diner": Diner, "Review": Review, "Tag": Tag}


class Undo(Exception):
    """Leaves a transaction without keeping it."""


class DjangoLike:
    """Needs `models` and `functions` (the modules), `tables` (its classes), `atomic` and `connection`."""

    def __init__(
        self, models: Any, functions: Any, tables: dict[str, Any], atomic: Callable[[], Any], connection: Any
    ) -> None:
        self.models = models
        self.functions = functions
        self.Author, self.Book = tables["Author"], tables["Book"]
        self.Review, self.Tag = tables["Review"], tables["Tag"]
        self.Diner = tables["Diner"]
        self.atomic = atomic
        self.connection = connection

    def get(self, timer: Timer, n: int) -> Any:
        manager = self.Book.objects
        with timer:
            found = [manager.get(pk=i) for i in range(1, n + 1)]
        return map(values, found)

    def filter(self, timer: Timer, n: int) -> Any:
        manager = self.Book.objects
        found: list[Any] = []
        with timer:
            for i in range(n):
                copies, pages = filter_arguments(i)
                found = list(manager.filter(copies=copies, pages__gt=pages, in_print=True).order_by("pages", "id")[:20])
        return map(values, found)

    def instances(self, timer: Timer, n: int) -> Any:
        with timer:
            found = list(self.Book.objects.filter(id__lte=n).order_by("id"))
        return map(values, found)

    def dicts(self, timer: Timer, n: int) -> Any:
        with timer:
            found = list(self.Book.objects.filter(id__lte=n).order_by("id").values())
        return (row.values() for row in found)

    def tuples(self, timer: Timer, n: int) -> Any:
        with timer:
            found = list(self.Book.objects.filter(id__lte=n).order_by("id").values_list())
        return found

    def parent(self, timer: Timer, n: int) -> Any:
        with timer:
            found = list(self.Book.objects.filter(id__lte=n).order_by("id").select_related("author"))
        return ((*values(b), b.author.id, b.author.name) for b in found)

    def inherited(self, timer: Timer, n: int) -> Any:
        with timer:
            found = list(self.Diner.objects.filter(id__lte=n).order_by("id"))
        return map(diner_values, found)

    def children(self, timer: Timer, n: int) -> Any:
        keys: list[Any] = []
        with timer:
            found = list(self.Author.objects.filter(id__lte=n).order_by("id").prefetch_related("books"))
        for parent in found:
            keys.append((parent.id, *(v for b in sorted(parent.books.all(), key=lambda b: b.id) for v in values(b))))
        return keys

    def many(self, timer: Timer, n: int) -> Any:
        with timer:
            found = list(self.Book.objects.filter(id__lte=n).order_by("id").prefetch_related("tags"))
        return ((b.id, *sorted(t.id for t in b.tags.all())) for b in found)

    def group(self, timer: Timer, n: int) -> Any:
        models, manager = self.models, self.Book.objects
        found: list[Any] = []
        with timer:
            for i in range(n):
                low, high = shelves(i)
                found = list(
                    manager.filter(copies__gte=low, copies__lt=high)
                    .values("in_print")
                    .annotate(n=models.Count("id"), mean=models.Avg("rating"), most=models.Max("pages"))
                    .order_by("in_print")
                )
        return (row.values() for row in found)

    def subquery(self, timer: Timer, n: int) -> Any:
        models, manager, books = self.models, self.Author.objects, self.Book.objects
        found: list[Any] = []
        with timer:
            for i in range(n):
                low, high = authors(i)
                longest = books.filter(author=models.OuterRef("pk")).order_by("-pages", "id").values("title")[:1]
                found = list(
                    manager.filter(id__gt=low, id__lte=high).annotate(extra=models.Subquery(longest)).order_by("id")
                )
        return ((a.id, a.name, a.country, a.extra) for a in found)

    def window(self, timer: Timer, n: int) -> Any:
        models, manager = self.models, self.Book.objects
        found: list[Any] = []
        with timer:
            for i in range(n):
                rank = models.Window(
                    self.functions.Rank(), partition_by=models.F("in_print"), order_by=["-pages", "id"]
                )
                found = list(
                    manager.filter(copies=i).annotate(rank=rank).order_by("id").values_list("id", "rank")
                )
        return found

    def union(self, timer: Timer, n: int) -> Any:
        manager = self.Book.objects
        found: list[Any] = []
        with timer:
            for i in range(n):
                other = manager.filter(copies=i + 1).values_list("id", "title")
                found = list(manager.filter(copies=i).values_list("id", "title").union(other).order_by("id"))
        return found

    def build(self, timer: Timer, n: int) -> Any:
        models, manager, authors = self.models, self.Book.objects, self.Author.objects
        with timer:
            for i in range(n):
                (
                    manager.filter(title__icontains="sea", pages__gt=i, copies__lt=900, price__gte=5, rating__lt=4.5)
                    .filter(in_print=True, day__gt=data.START.date(), id__lt=10_000)
                    .filter(author__name__startswith="Author", author__reviews__stars__gt=3)
                    .annotate(twice=models.F("pages") * 2)
                    .filter(author__in=authors.filter(country="sea").values("id"))
                    .order_by("-pages", "id")
                    .query.sql_with_params()
                )
        return []

    def undone(self, timer: Timer, work: Callable[[], None]) -> Any:
        """Run the work inside a transaction that is undone, and say what it would have kept."""
        found: list[Any] = []
        try:
            with self.atomic():
                with timer:
                    work()
                with self.connection.cursor() as cursor:
                    cursor.execute(CHECK)
                    found.append(tuple(cursor.fetchone()))
                raise Undo
        except Undo:
            return found

    def save_new(self, timer: Timer, n: int) -> Any:
        names = data.BOOK_COLUMNS[1:]
        rows = [dict(zip(names, fresh(i), strict=True)) for i in range(1, n + 1)]

        def work() -> None:
            for row in rows:
                self.Book(**row).save()

        return self.undone(timer, work)

    def bulk_new(self, timer: Timer, n: int) -> Any:
        names = data.BOOK_COLUMNS[1:]
        books = [self.Book(**dict(zip(names, fresh(i), strict=True))) for i in range(1, n + 1)]
        return self.undone(timer, lambda: self.Book.objects.bulk_create(books))

    def save_changed(self, timer: Timer, n: int) -> Any:
        books = list(self.Book.objects.filter(id__lte=n).order_by("id"))

        def work() -> None:
            for i, book in enumerate(books):
                book.title = f"Changed {i}"
                book.pages = i
                book.save()

        return self.undone(timer, work)

    def bulk_changed(self, timer: Timer, n: int) -> Any:
        books = list(self.Book.objects.filter(id__lte=n).order_by("id"))
        for i, book in enumerate(books):
            book.title, book.pages = f"Changed {i}", i
        return self.undone(timer, lambda: self.Book.objects.bulk_update(books, ["title", "pages"]))

    def cascade(self, timer: Timer, n: int) -> Any:
        return self.undone(timer, lambda: self.Author.objects.filter(id__lte=n).delete())


class AsyncDjangoLike(DjangoLike):
    """The same with awaitable twins that run on an async driver."""

    async def tasks(self, timer: Timer, n: int) -> Any:
        manager = self.Book.objects

        async def task(k: int) -> list[Any]:
            return [await manager.aget(pk=i) for i in range(1 + k, n + 1, 64)]

        with timer:
            groups = await asyncio.gather(*(task(k) for k in range(64)))
        return map(values, sorted((b for group in groups for b in group), key=lambda b: b.id))
