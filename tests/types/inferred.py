"""What a type checker makes of models; read by test_inference, never run."""

from __future__ import annotations

import datetime
import decimal
import uuid
from typing import Any, assert_type

from rowsmith import models


class Author(models.Model):
    name = models.CharField(max_length=5)
    nick = models.CharField(max_length=5, null=True)
    age = models.IntegerField()
    weight = models.FloatField(null=False)
    born = models.DateField(null=True)
    seen = models.DateTimeField()
    pay = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    slug = models.SlugField("short name")
    active = models.BooleanField(default=True)
    key = models.UUIDField()
    extra = models.JSONField(default=dict)


class Book(models.Model):
    author = models.ForeignKey(Author, models.CASCADE)
    editor = models.ForeignKey(Author, models.SET_NULL, null=True, related_name="edited")
    first = models.OneToOneField(Author, models.CASCADE, related_name="first_of")
    sequel = models.ForeignKey("self", models.CASCADE)
    readers = models.ManyToManyField(Author, related_name="read")


def read(author: Author, book: Book) -> None:
    assert_type(author.name, str)
    assert_type(author.nick, str | None)
    assert_type(author.age, int)
    assert_type(author.weight, float)
    assert_type(author.born, datetime.date | None)
    assert_type(author.seen, datetime.datetime)
    assert_type(author.pay, decimal.Decimal | None)
    assert_type(author.slug, str)
    assert_type(author.active, bool)
    assert_type(author.key, uuid.UUID)
    assert_type(author.extra, Any)
    assert_type(book.author, Author)
    assert_type(book.editor, Author | None)
    assert_type(book.first, Author)
    assert_type(book.author.name, str)


def write(author: Author, book: Book) -> None:
    author.name = "x"
    author.nick = None
    book.author = author
    book.editor = None
    author.name = 5  # type: ignore[assignment]
    author.age = None  # type: ignore[assignment]
    book.author = None  # type: ignore[assignment]
