"""What checkers know of models, managers and querysets by themselves."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any, assert_type

from rowsmith import models
from rowsmith.models import Count, F, Manager, Q, QuerySet


class Author(models.Model):
    name = models.CharField(max_length=5)
    nick = models.CharField(max_length=5, null=True)
    age = models.IntegerField()
    weight = models.FloatField(null=False)
    born = models.DateField(null=True)
    wakes = models.TimeField(null=True)
    seen = models.DateTimeField()
    slept = models.DurationField()
    pay = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    slug = models.SlugField("short name")
    mail = models.EmailField(null=True)
    page = models.URLField()
    about = models.TextField()
    active = models.BooleanField(default=True)
    key = models.UUIDField()
    photo = models.BinaryField()
    address = models.GenericIPAddressField()
    extra = models.JSONField(default=dict)

    books: models.Reverse[Book]
    first_of: Book
    written: int


def options() -> None:
    models.CharField("name", max_length=5, null=True, unique=True, db_collation="C", choices=[("a", "A")])
    models.DecimalField(max_digits=5, decimal_places=2, db_default=3)
    models.DateTimeField(auto_now_add=True, help_text="x")
    models.SlugField(allow_unicode=True)
    models.CharField(max_lenght=5)  # wrong
    models.CharField(max_length="x")  # wrong
    models.IntegerField(auto_now=True)  # wrong
    models.DecimalField(max_digit=5)  # wrong
    models.BooleanField(null="x")  # wrong


class BookQuerySet(models.QuerySet["Book"]):
    def long(self) -> BookQuerySet:
        return self.filter(pages__gt=500)


class BookManager(models.Manager["Book"]):
    def get_queryset(self) -> BookQuerySet:
        return BookQuerySet(self.model, using=self._db)

    def titled(self, title: str) -> QuerySet[Book]:
        return self.filter(title=title)


class Book(models.Model):
    id = models.UUIDField(primary_key=True)
    title = models.CharField(max_length=5)
    pages = models.PositiveSmallIntegerField()
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
    editor = models.ForeignKey(Author, models.SET_NULL, null=True, related_name="edited")
    first = models.OneToOneField(Author, models.CASCADE, related_name="first_of")
    sequel = models.ForeignKey("self", models.CASCADE)
    readers = models.ManyToManyField(Author, related_name="read")

    author_id: int
    objects = BookManager()
    rows = BookQuerySet.as_manager()


def values(author: Author, book: Book) -> None:
    assert_type(author.name, str)
    assert_type(author.nick, str | None)
    assert_type(author.age, int)
    assert_type(author.weight, float)
    assert_type(author.born, datetime.date | None)
    assert_type(author.wakes, datetime.time | None)
    assert_type(author.seen, datetime.datetime)
    assert_type(author.slept, datetime.timedelta)
    assert_type(author.pay, decimal.Decimal | None)
    assert_type(author.slug, str)
    assert_type(author.mail, str | None)
    assert_type(author.page, str)
    assert_type(author.about, str)
    assert_type(author.active, bool)
    assert_type(author.key, uuid.UUID)
    assert_type(author.address, str)
    assert_type(author.extra, Any)
    assert_type(book.id, uuid.UUID)
    assert_type(book.pages, int)
    assert_type(book.author, Author)
    assert_type(book.author_id, int)
    assert_type(book.editor, Author | None)
    assert_type(book.first, Author)
    assert_type(book.author.name, str)
    assert_type(author.first_of, Book)
    author.name = "Ann"
    author.nick = None
    author.pay = decimal.Decimal(3)
    book.author = author
    book.editor = None
    author.name = 5  # wrong
    author.age = None  # wrong
    author.age = "x"  # wrong
    author.born = 3  # wrong
    book.author = None  # wrong
    book.author = book  # wrong
    book.title.nothing  # wrong
    author.nick.upper()  # wrong
    author.nothing  # wrong
    Author.nothing  # wrong


def managers(author: Author) -> None:
    assert_type(Author.objects, Manager[Author])
    assert_type(Author.objects.all(), QuerySet[Author])
    assert_type(Author.objects.get(name="Ann"), Author)
    assert_type(Author.objects.first(), Author | None)
    assert_type(Author.objects.create(name="Ann"), Author)
    assert_type(Author.objects.get_or_create(name="Ann"), tuple[Author, bool])
    assert_type(Author.objects.bulk_create([author]), list[Author])
    assert_type(Author.objects.count(), int)
    assert_type(Author.objects.exists(), bool)
    assert_type(Author.objects.in_bulk([1]), dict[Any, Author])
    assert_type(Author.objects.aggregate(Count("pk")), dict[str, Any])
    assert_type(Author.objects.raw("SELECT 1")[0], Author)
    assert_type(Book.objects, BookManager)
    assert_type(Book.objects.titled("Sea").get(), Book)
    assert_type(Book.objects.get_queryset(), BookQuerySet)
    assert_type(Book.rows.long(), BookQuerySet)
    assert_type(Book.rows.long().first(), Book | None)
    for _ in Author.objects:  # wrong
        pass
    Author.objects.nothing()  # wrong
    Author.objects.long()  # wrong
    Book.objects.titled(3)  # wrong
    Author.objects.get().nothing  # wrong
    Author.objects.first().name  # wrong


def querysets(author: Author) -> None:
    authors = Author.objects.filter(name="Ann").exclude(age=3).order_by("-name").distinct().using("other")
    assert_type(authors, QuerySet[Author])
    assert_type(authors[0], Author)
    assert_type(authors[:3], QuerySet[Author])
    assert_type(list(authors), list[Author])
    assert_type(authors | authors, QuerySet[Author])
    assert_type(authors.union(authors), QuerySet[Author])
    assert_type(authors.values("name"), QuerySet[Author, dict[str, Any]])
    assert_type(authors.values("name")[0], dict[str, Any])
    assert_type(authors.values_list("name", "age").get(), tuple[Any, ...])
    assert_type(authors.dates("born", "year").first(), datetime.date | None)
    assert_type(authors.datetimes("seen", "day").get(), datetime.datetime)
    assert_type(authors.iterator(), Iterator[Author])
    assert_type(authors.aiterator(), AsyncIterator[Author])
    assert_type(authors.earliest("born"), Author)
    assert_type(authors.annotate(n=Count("books")).alias(m=F("age") + 1), QuerySet[Author])
    assert_type(authors.annotate(written=Count("books"))[0].written, int)
    assert_type(authors.delete(), tuple[int, dict[str, int]])
    assert_type(authors.explain(), str)
    for found in authors:
        assert_type(found, Author)
    authors.filter(Q(name="x") | ~Q(age=3), F("age").bitand(1))
    authors.filter("name")  # wrong
    authors.filter(True)  # wrong
    authors.order_by(3)  # wrong
    authors["x"]  # wrong
    authors.select_for_update(nowait="x", nothing=True)  # wrong
    authors.nothing()  # wrong


async def awaited() -> None:
    assert_type(await Author.objects.aget(name="Ann"), Author)
    assert_type(await Author.objects.afirst(), Author | None)
    assert_type(await Author.objects.acount(), int)
    assert_type(await Author.objects.acreate(name="Ann"), Author)
    async for author in Author.objects.filter(age=3):
        assert_type(author, Author)
    async for title in Book.objects.values("title"):
        assert_type(title, dict[str, Any])
    (await Author.objects.aget()).nothing  # wrong
    (await Author.objects.afirst()).name  # wrong


def related(author: Author, book: Book) -> None:
    assert_type(author.books.get(), Book)
    assert_type(author.books.filter(title="Sea"), QuerySet[Book])
    assert_type(author.books.create(title="Sea"), Book)
    assert_type(book.readers.first(), Author | None)
    assert_type(book.readers.all(), QuerySet[Author])
    for found in author.books.all():
        assert_type(found, Book)
    author.books.add(book, bulk=False)
    author.books.set([book], clear=True)
    book.readers.add(author, 5, through_defaults={"since": 2001})
    book.readers.remove(author)
    author.books.add(author)  # wrong
    author.books.set([author])  # wrong
    book.readers.add(book)  # wrong
    book.readers.nothing()  # wrong
    for _ in author.books:  # wrong
        pass


def attributes(author: Author, book: Book) -> None:
    assert_type(Author.name == "Ann", Q)
    assert_type(Author.name.startswith("A") & ~(Author.age > 3), Q)
    Author.objects.filter(Author.name == "Ann", Author.nick == None, Author.nick.icontains("n"))  # noqa: E711
    Author.objects.filter(Author.age.in_([1, 2]), Author.age.range(1, 3), Author.born.isnull())
    Author.objects.filter(Author.born.year >= 1990, Author.seen.hour == 3, Author.seen.date > datetime.date.today())
    Author.objects.filter(Author.pay > decimal.Decimal(3), Author.weight < Author.age)
    Author.objects.order_by(Author.name, Author.age.desc()).update(age=Author.age + 1)
    Book.objects.filter(Book.author == author, Book.author.in_([author]), Book.editor.isnull())
    Author.objects.only(Author.name).values(Author.age)
    Author.name.startswith(5)  # wrong
    Author.name.contains(None)  # wrong
    Author.age.startswith("A")  # wrong
    Author.name.year  # wrong
    Author.age > "x"  # wrong
    Author.born < 3  # wrong
    Author.age.in_(["x"])  # wrong
    Author.age.range("a", "b")  # wrong
    Author.wakes.year  # wrong
    Author.objects.filter(Author.name == 5)  # wrong
    Author.objects.filter(Author.name != 5)  # wrong
    Author.objects.filter(Author.name == None)  # wrong  # noqa: E711
