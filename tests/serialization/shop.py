"""Models of every kind that serialization treats in a way of its own, in a registry of their own."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

from rowsmith import models
from rowsmith.apps import Apps

registry = Apps()


class ByName(models.Manager):
    def get_by_natural_key(self, name):
        return self.get(name=name)


class Shop(models.Model):
    class Meta:
        abstract = True
        apps = registry
        app_label = "shop"


class Author(Shop):
    name = models.CharField(max_length=20, unique=True)
    friend = models.ForeignKey("self", models.SET_NULL, null=True)

    objects = ByName()

    def natural_key(self):
        return (self.name,)


class Tag(Shop):
    label = models.CharField(max_length=20)


class Book(Shop):
    author = models.ForeignKey(Author, models.CASCADE, null=True)
    tags = models.ManyToManyField(Tag)
    fans = models.ManyToManyField(Author, related_name="liked")
    title = models.CharField(max_length=20)
    at = models.DateTimeField(null=True)
    day = models.DateField(null=True)
    hour = models.TimeField(null=True)
    length = models.DurationField(null=True)
    price = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    weight = models.FloatField(null=True)
    sold = models.BooleanField(default=True)
    code = models.UUIDField(null=True)
    cover = models.BinaryField(null=True)
    facts = models.JSONField(null=True)
    address = models.GenericIPAddressField(null=True)
    secret = models.CharField(max_length=20, default="hush", serialize=False)

    saved = 0

    def save(self, *args, **kwargs):
        type(self).saved += 1
        super().save(*args, **kwargs)


class Novel(Book):
    pages = models.IntegerField(default=1)


class BestSeller(Novel):
    class Meta(Shop.Meta):
        abstract = False
        proxy = True


class Place(Shop):
    pk = models.CompositePrimaryKey("row", "shelf")
    row = models.IntegerField()
    shelf = models.CharField(max_length=3)
    name = models.CharField(max_length=20, default="")


class Archive(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(hidden=False)


class Note(Shop):
    text = models.CharField(max_length=20)
    hidden = models.BooleanField(default=False)

    objects = Archive()


MODELS = (Author, Tag, Book, Novel, Place, Note)


def fill():
    """One object of each kind, with a value in each field."""
    ann = Author.objects.create(name="Ann")
    tag = Tag.objects.create(label="blue")
    novel = Novel.objects.create(
        author=ann,
        title="Sea <&> \"é\"",
        at=dt.datetime(2020, 1, 2, 3, 4, 5, 678000, tzinfo=dt.UTC),
        day=dt.date(2020, 1, 2),
        hour=dt.time(3, 4, 5, 6000),
        length=dt.timedelta(days=1, seconds=3.5),
        price=Decimal("1.50"),
        weight=1.5,
        code=uuid.UUID(int=5),
        cover=b"\x00\xff",
        facts={"a": [1, None, "x"]},
        address="1.2.3.4",
        pages=3,
    )
    novel.tags.add(tag)
    novel.fans.add(ann)
    Place.objects.create(row=1, shelf="x", name="by the door")
    return novel


def everything():
    return [row for model in MODELS for row in model._base_manager.order_by("pk")]
