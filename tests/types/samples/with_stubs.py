"""What checkers know with stubs: every name, lookup and value."""

from __future__ import annotations

import datetime
import decimal
from typing import Any, assert_type

from rowsmith.models import Count, F, Q, QuerySet
from shop.models import OPENED, Book, BookQuerySet, Cover, Shelf, Status, Tag, newest
from shop.people import Author


def instances(author: Author, book: Book, cover: Cover, tag: Tag) -> None:
    assert_type(book.id, int)
    assert_type(book.title, str)
    assert_type(book.subtitle, str | None)
    assert_type(book.price, decimal.Decimal)
    assert_type(book.published, datetime.date | None)
    assert_type(book.added, datetime.datetime)
    assert_type(book.long, bool)
    assert_type(book.author, Author)
    assert_type(book.author_id, int)
    assert_type(book.editor, Author | None)
    assert_type(book.editor_id, int | None)
    assert_type(author.mentor, Author | None)
    assert_type(author.mentor_id, int | None)
    assert_type(book.cover, Cover)
    assert_type(cover.book, Book)
    assert_type(book.get_status_display(), str)
    assert_type(book.get_next_by_added(), Book)
    assert_type(OPENED, datetime.datetime)
    assert_type(Status.OUT.label, str)
    assert_type(Shelf("x").name, Any)
    assert_type(Shelf("x").books, list[Book])
    assert_type(newest(3, author=author), list[Book])
    book.titel  # wrong
    book.author.nam  # wrong
    book.title = 3  # wrong
    book.author_id = "x"  # wrong
    book.author = tag  # wrong
    book.author = None  # wrong
    Book.titel  # wrong
    newest("x")  # wrong
    Shelf(3)  # wrong


def related(author: Author, book: Book, tag: Tag) -> None:
    assert_type(author.books.get(title="Sea"), Book)
    assert_type(author.books.first(), Book | None)
    assert_type(author.books.create(title="Sea", price=3), Book)
    assert_type(author.pupils.get(name="Ann"), Author)
    assert_type(book.tags.get(label="blue"), Tag)
    assert_type(tag.books.filter(pages__gt=3).count(), int)
    for pupil in author.pupils.filter(age__isnull=False):
        assert_type(pupil, Author)
    book.tags.add(tag, 3)
    book.tags.set([tag])
    book.tags.create(label="blue", through_defaults={})
    author.books.filter(titel="Sea")  # wrong
    author.books.create(titel="Sea")  # wrong
    book.tags.get(lable="blue")  # wrong
    book.tags.add(author)  # wrong
    book.tags.set([author])  # wrong
    tag.books.exclude(title=3)  # wrong
    tag.books.order_by("titel")  # wrong


def conditions(author: Author, book: Book, tag: Tag) -> None:
    Book.objects.filter(title="Sea", author=author, author__name="Ann", pages__gt=3)
    Book.objects.filter(Q(pages=3), price__lt=3, published__year=2001, author__born__year__gte=1990)
    Book.objects.filter(author_id=3, author__in=[author, 3], tags=tag, tags__label__startswith="b", editor=None)
    Book.objects.filter(title__in=["Sea"], pages__range=(1, 2), subtitle__isnull=True, pk=3, cover__colour="red")
    Book.objects.filter(author__in=Author.objects.filter(age__gt=3), title=F("subtitle"), added__date="2020-01-01")
    Book.objects.filter(Book.title.startswith("S"), Book.author == author, Book.author_id == 3, Book.pages > 3)
    Author.objects.filter(books__title__icontains="sea", books=book, pupils__name="Bob")
    Author.objects.exclude(born__gt=datetime.date(2000, 1, 1)).filter(name__regex="^A")
    assert_type(Book.objects.filter(title="Sea").get(), Book)
    assert_type(Book.objects.filter(title="Sea").exclude(pages=3).first(), Book | None)
    Book.objects.filter(titel="Sea")  # wrong
    Book.objects.filter(title__startwith="S")  # wrong
    Book.objects.filter(title=3)  # wrong
    Book.objects.filter(title=None)  # wrong
    Book.objects.filter(author=tag)  # wrong
    Book.objects.filter(author_id="x")  # wrong
    Book.objects.filter(pages__gt="x")  # wrong
    Book.objects.filter(pages__in=["x"])  # wrong
    Book.objects.filter(pages__range=("a", "b"))  # wrong
    Book.objects.filter(published__year="x")  # wrong
    Book.objects.filter(published__yaer=3)  # wrong
    Book.objects.filter(author__nam="x")  # wrong
    Book.objects.filter(author__age__gt="x")  # wrong
    Book.objects.filter(tags__lable="x")  # wrong
    Book.objects.filter(title__isnull="x")  # wrong
    Book.objects.filter(cover__color="x")  # wrong
    Book.objects.filter(author__mentor__name="x")  # wrong
    Book.objects.filter(Book.titel == "x")  # wrong
    Book.objects.exclude(titel="Sea")  # wrong
    Book.objects.filter(title="Sea").get(titel="Sea")  # wrong
    Book.objects.all().filter(title="Sea").exclude(pages="x")  # wrong
    Author.objects.filter(book__title="Sea")  # wrong
    Author.objects.get(nam="Ann")  # wrong


async def awaited(author: Author) -> None:
    assert_type(await Book.objects.aget(title="Sea"), Book)
    assert_type(await Book.objects.filter(pages=3).afirst(), Book | None)
    assert_type(await Book.objects.acreate(title="Sea", author=author, price=3), Book)
    assert_type(await Book.objects.aget_or_create(title="Sea"), tuple[Book, bool])
    await Book.objects.aget(titel="Sea")  # wrong
    await Book.objects.acreate(titel="Sea")  # wrong
    await Book.objects.aupdate(titel="Sea")  # wrong


def writes(author: Author, tag: Tag) -> None:
    assert_type(Book(title="Sea", author=author, price="3.5", published=None), Book)
    assert_type(Book.objects.create(title="Sea", author=author, price=3, status="d"), Book)
    assert_type(Book.objects.get_or_create(title="Sea", defaults={"pages": 3}), tuple[Book, bool])
    assert_type(Book.objects.update(pages=F("pages") + 1), int)
    assert_type(Book.objects.bulk_create([Book(title="Sea")]), list[Book])
    Book(titel="Sea")  # wrong
    Book(title=3)  # wrong
    Book(author=tag)  # wrong
    Book.objects.create(titel="Sea")  # wrong
    Book.objects.create(pages="x")  # wrong
    Book.objects.create(author=3)  # wrong
    Book.objects.get_or_create(titel="Sea")  # wrong
    Book.objects.update(titel=3)  # wrong
    Book.objects.update(pages="x")  # wrong


def names() -> None:
    Book.objects.order_by("title", "-author__name", "?", F("title").desc(), Book.pages, "pk")
    Book.objects.only("title", "author").defer("pages").select_related("author", "author__mentor")
    assert_type(Book.objects.values("title", "author__name").get(), dict[str, Any])
    assert_type(Book.objects.values_list("title", flat=True).get(), str)
    assert_type(Book.objects.values_list("subtitle", flat=True).get(), str | None)
    assert_type(Book.objects.values_list("author__age", flat=True).get(), int | None)
    assert_type(Book.objects.values_list("published__year", flat=True).get(), int | None)
    assert_type(list(Book.objects.values_list("pk", flat=True)), list[int])
    assert_type(Book.objects.values_list("title", "pages").get(), tuple[Any, ...])
    assert_type(Book.objects.annotate(n=Count("tags")).filter(n__gt=3).get(), Book)
    assert_type(Tag.objects.annotate(n=Count("books")), QuerySet[Tag])
    assert_type(Book.objects.out(), BookQuerySet)
    assert_type(Book.objects.dearer_than(decimal.Decimal(3)).get(), Book)
    assert_type(Tag.objects.used().get(), Tag)
    Book.objects.order_by("titel")  # wrong
    Book.objects.order_by("-titel")  # wrong
    Book.objects.order_by("author__nam")  # wrong
    Book.objects.values("titel")  # wrong
    Book.objects.values_list("titel", flat=True)  # wrong
    Book.objects.only("titel")  # wrong
    Book.objects.defer("titel")  # wrong
    Book.objects.select_related("title")  # wrong
    Book.objects.select_related("tags")  # wrong
    Book.objects.dearer_than("x")  # wrong
    Tag.objects.unused()  # wrong
