"""Books and what belongs to them."""

from __future__ import annotations

import decimal
from datetime import datetime

from rowsmith import models
from shop.people import Author

LIMIT = 500
OPENED = datetime(2020, 1, 1)


class Status(models.TextChoices):
    DRAFT = "d", "Draft"
    OUT = "o", "Out"


class BookQuerySet(models.QuerySet["Book"]):
    def out(self) -> BookQuerySet:
        return self.filter(status=Status.OUT)

    def dearer_than(self, price: decimal.Decimal) -> models.QuerySet[Book]:
        return self.filter(price__gt=price)


class TagManager(models.Manager["Tag"]):
    def used(self) -> models.QuerySet[Tag]:
        return self.filter(books__isnull=False)


class Dated(models.Model):
    added = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True


class Tag(models.Model):
    label = models.CharField(max_length=5)

    objects = TagManager()


class Book(Dated):
    title = models.CharField(max_length=50)
    subtitle = models.CharField(max_length=50, null=True)
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
    editor = models.ForeignKey("shop.Author", models.SET_NULL, null=True, related_name="edited")
    tags = models.ManyToManyField(Tag, related_name="books")
    pages = models.IntegerField(default=3)
    price = models.DecimalField(max_digits=5, decimal_places=2)
    published = models.DateField(null=True)
    status = models.CharField(max_length=1, choices=Status.choices)
    data = models.JSONField(default=dict)

    objects = BookQuerySet.as_manager()

    class Meta:
        ordering = ["title"]

    def __str__(self):
        return self.title

    @property
    def long(self) -> bool:
        return self.pages > LIMIT


class Cover(models.Model):
    book = models.OneToOneField(Book, models.CASCADE)
    colour = models.CharField(max_length=20)


class Shelf:
    """No model, and yet part of the module."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.books: list[Book] = []


def newest(count: int = 3, *, author: Author | None = None) -> list[Book]:
    books = Book.objects.order_by("-added")
    return list((books.filter(author=author) if author else books)[:count])
