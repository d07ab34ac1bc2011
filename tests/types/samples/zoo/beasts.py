"""Models with everything that makes a stub hard to write."""

from __future__ import annotations
import dataclasses
import datetime as dt
from typing import Any, TypeVar
from rowsmith import models
from zoo import base
from zoo.base import Named

T = TypeVar("T")


class Colour(models.CharField):
    pass


class Money(models.DecimalField):
    def from_db_value(self, value, expression, connection):
        return value


class AnimalManager(models.Manager.from_queryset(base.Aged)):
    def first_of(self, n: int):
        return self.all()[:n]


class Animal(Named):
    class Kind(models.IntegerChoices):
        CAT = 1
        DOG = 2

    kind = models.IntegerField(choices=Kind.choices, default=Kind.CAT)
    age = models.IntegerField(null=True)
    colour = Colour(max_length=5)
    price = Money(max_digits=5, decimal_places=2, null=True)
    friends = models.ManyToManyField("self")
    secret = models.ForeignKey("zoo.Keeper", models.CASCADE, related_name="+")
    keeper = models.ForeignKey("Keeper", models.CASCADE, null=True)
    likes = models.ManyToManyField("Keeper", through="Like", related_name="liked")
    meta = models.JSONField(default=dict)

    objects = AnimalManager()
    young = models.Manager()

    @property
    def nick(self) -> str:
        return self.name

    @nick.setter
    def nick(self, v: str) -> None:
        self.name = v

    @classmethod
    def make(cls, **kw: Any) -> Animal:
        return cls(**kw)

    @staticmethod
    def help(*a: int, b: int = 3, **c: str) -> dict[str, int]:
        return {}


class Keeper(models.Model):
    code = models.UUIDField(primary_key=True)
    since = models.DateTimeField(null=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.extra = 5


class Like(models.Model):
    animal = models.ForeignKey(Animal, models.CASCADE)
    keeper = models.ForeignKey(Keeper, models.CASCADE)
    at = models.DateField(default=dt.date.today)


class Cat(Animal):
    lives = models.IntegerField(default=9)


class OldCat(Cat):
    class Meta:
        proxy = True


@dataclasses.dataclass
class Cage:
    size: int = 5
    inside: list[Animal] = dataclasses.field(default_factory=list)


def same(x: T) -> T:
    return x


async def waited(x: int) -> str:
    return str(x)
