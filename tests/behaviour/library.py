"""The models that the behaviour suite asks questions of, and small sets of rows to ask about."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from rowsmith import models


class Author(models.Model):
    name = models.CharField(max_length=50)
    nickname = models.CharField(max_length=50, null=True)
    age = models.IntegerField(null=True)
    born = models.DateField(null=True)
    mentor = models.ForeignKey("self", models.SET_NULL, null=True, related_name="pupils")

    def __str__(self):
        return self.name


class Publisher(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        ordering = ["-name"]


class Tag(models.Model):
    label = models.CharField(max_length=30, unique=True)

    class Meta:
        ordering = ["label"]

    def __str__(self):
        return self.label


class Book(models.Model):
    title = models.CharField(max_length=100)
    author = models.ForeignKey(Author, models.CASCADE)
    editor = models.ForeignKey(Author, models.SET_NULL, null=True, related_name="edited")
    publisher = models.ForeignKey(Publisher, models.PROTECT, null=True, related_name="books")
    tags = models.ManyToManyField(Tag, related_name="books")
    pages = models.IntegerField(default=100)
    rating = models.FloatField(null=True)
    price = models.DecimalField(max_digits=8, decimal_places=2, default=Decimal("10.00"))
    published = models.DateField(null=True)
    in_print = models.BooleanField(default=True)

    def __str__(self):
        return self.title


class Review(models.Model):
    book = models.ForeignKey(Book, models.CASCADE, related_name="reviews", related_query_name="review")
    stars = models.IntegerField()
    text = models.TextField(default="")

    class Meta:
        get_latest_by = "stars"


class Cover(models.Model):
    """At most one for each book."""

    book = models.OneToOneField(Book, models.CASCADE)
    colour = models.CharField(max_length=20)


class Event(models.Model):
    name = models.CharField(max_length=50)
    day = models.DateField(null=True)
    clock = models.TimeField(null=True)
    at = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    length = models.DurationField(null=True)


class Stock(models.Model):
    """Text that is unique, for upserts."""

    code = models.CharField(max_length=50, unique=True)
    name = models.CharField(max_length=50, default="")
    count = models.IntegerField(default=0)
    changed = models.DateTimeField(auto_now=True)


class Blog(models.Model):
    name = models.CharField(max_length=50)


class Writer(models.Model):
    name = models.CharField(max_length=50, null=True)


class Entry(models.Model):
    blog = models.ForeignKey(Blog, models.CASCADE)
    headline = models.CharField(max_length=100)
    year = models.IntegerField()
    authors = models.ManyToManyField(Writer)


ALL = (Author, Publisher, Tag, Book, Review, Cover)
BLOGS = (Blog, Writer, Entry)


def shelve() -> SimpleNamespace:
    """Three authors, five books, four tags and seven reviews.

    =========  ======  =======  =========  ===========  =====  ======  =====================  ============
    book       author  editor   publisher  tags         pages  rating  published              stars
    =========  ======  =======  =========  ===========  =====  ======  =====================  ============
    Sea        Ann     Bob      North      blue, deep   100    4.5     2001-01-31             5, 3
    Seaside    Ann     None     North      blue         200    None    2002-02-28             4
    Hill       Bob     Ann      South      green        300    3.0     None                   1, 2, 5
    Valley     Bob     Bob      None       -            400    2.0     2004-04-30             -
    Desert     Cid     None     None       deep, green  500    None    2005-05-31             3
    =========  ======  =======  =========  ===========  =====  ======  =====================  ============
    """
    made: dict[str, Any] = {}
    made["ann"] = Author.objects.create(name="Ann", nickname="Annie", age=30, born=date(1990, 1, 1))
    made["bob"] = Author.objects.create(name="Bob", age=40, mentor=made["ann"])
    made["cid"] = Author.objects.create(name="Cid", nickname="", mentor=made["bob"])
    made["north"] = Publisher.objects.create(name="North")
    made["south"] = Publisher.objects.create(name="South")
    for label in ("blue", "deep", "green", "unused"):
        made[label] = Tag.objects.create(label=label)
    rows = [
        ("Sea", "ann", "bob", "north", "blue deep", 100, 4.5, date(2001, 1, 31), (5, 3)),
        ("Seaside", "ann", None, "north", "blue", 200, None, date(2002, 2, 28), (4,)),
        ("Hill", "bob", "ann", "south", "green", 300, 3.0, None, (1, 2, 5)),
        ("Valley", "bob", "bob", None, "", 400, 2.0, date(2004, 4, 30), ()),
        ("Desert", "cid", None, None, "deep green", 500, None, date(2005, 5, 31), (3,)),
    ]
    for title, author, editor, publisher, tags, pages, rating, published, stars in rows:
        book = Book.objects.create(
            title=title,
            author=made[author],
            editor=made.get(editor),
            publisher=made.get(publisher),
            pages=pages,
            rating=rating,
            price=Decimal(pages) / 8,
            published=published,
        )
        book.tags.add(*(made[label] for label in tags.split()))
        for count in stars:
            Review.objects.create(book=book, stars=count, text=f"{title} {count}")
        made[title.lower()] = book
    return SimpleNamespace(**made)


def schedule() -> None:
    """Four events around the turn of years and quarters, one without any date."""
    Event.objects.create(
        name="new year",
        day=date(2005, 1, 1),
        clock=time(0, 0, 1),
        at=datetime(2005, 1, 1, 0, 0, 1, tzinfo=UTC),
        until=datetime(2005, 1, 1, 2, 0, 1, tzinfo=UTC),
        length=timedelta(hours=2),
    )
    Event.objects.create(
        name="spring",
        day=date(2005, 4, 30),
        clock=time(9, 30),
        at=datetime(2005, 4, 30, 9, 30, tzinfo=UTC),
        until=datetime(2005, 5, 1, 9, 30, tzinfo=UTC),
        length=timedelta(days=1),
    )
    Event.objects.create(
        name="silvester",
        day=date(2006, 12, 31),
        clock=time(23, 59, 59, 999999),
        at=datetime(2006, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        until=datetime(2007, 1, 1, 0, 0, tzinfo=UTC),
        length=timedelta(microseconds=1),
    )
    Event.objects.create(name="never")


def blogs() -> SimpleNamespace:
    """Beatles has two entries about Lennon of 2008 and 2009; Pop has another of 2008 and one about Lennon of
    2020; Quiet has no entry."""
    beatles, pop, quiet = (Blog.objects.create(name=name) for name in ("Beatles", "Pop", "Quiet"))
    Entry.objects.create(blog=beatles, headline="Lennon sings", year=2008)
    Entry.objects.create(blog=beatles, headline="Lennon plays", year=2009)
    Entry.objects.create(blog=pop, headline="Something else", year=2008)
    Entry.objects.create(blog=pop, headline="Lennon again", year=2020)
    return SimpleNamespace(beatles=beatles, pop=pop, quiet=quiet)


def titles(books: Any) -> list[str]:
    """The titles of books in the order they come."""
    return [book.title for book in books]


def names(rows: Any) -> list[Any]:
    """The names of rows in the order they come."""
    return [row.name for row in rows]
