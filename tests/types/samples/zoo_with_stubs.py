"""What stubs tell of inherited models, keys of other types, and managers made of querysets."""

from __future__ import annotations

import uuid
from typing import assert_type
from zoo.beasts import Animal, Keeper, Like, Cat, OldCat, Cage, same, waited
from zoo.base import Aged


async def everything(a: Animal, k: Keeper, c: Cat, o: OldCat) -> None:
    assert_type(a.name, str)
    assert_type(a.kind, int)
    assert_type(a.keeper_id, uuid.UUID | None)
    assert_type(a.keeper, Keeper | None)
    assert_type(a.secret, Keeper)
    assert_type(a.secret_id, uuid.UUID)
    assert_type(a.friends.get(name="x"), Animal)
    assert_type(a.likes.get(since__year=3), Keeper)
    assert_type(k.liked.get(colour="x"), Animal)
    assert_type(k.animal_set.get(age=3), Animal)
    assert_type(k.like_set.first(), Like | None)
    assert_type(Animal.objects.older(3), Aged)
    assert_type(await Animal.objects.anything(limit=3), list[Animal])
    assert_type(Animal.make(), Animal)
    assert_type(Animal.help(1), dict[str, int])
    assert_type(a.shout(), str)
    assert_type(a.get_kind_display(), str)
    assert_type(c.lives, int)
    assert_type(c.name, str)
    assert_type(a.cat, Cat)
    assert_type(Cat.objects.get(name="x", lives=3, age__gt=3), Cat)
    assert_type(OldCat.objects.get(lives=3), OldCat)
    assert_type(o.name, str)
    assert_type(Cage(3).inside, list[Animal])
    assert_type(same(Keeper()), Keeper)
    assert_type(await waited(3), str)
    assert_type(Cat.objects.values_list("lives", flat=True).get(), int)
    Cat(name="x", lives=3, age=None)
    Animal.objects.filter(cat__lives=3, likes=k, likes__since__isnull=True, friends=a, friends__age=3, like__at__year=3)
    Animal.objects.create(name="x", nick="y", kind=Animal.Kind.CAT, colour="red", price=3)
    assert_type(Animal.young.get(name="x"), Animal)
    Animal.objects.filter(nam="x")  # wrong
    Cat.objects.filter(livs="x")  # wrong
    Cat.objects.filter(lives="x")  # wrong
    OldCat.objects.filter(lives="x")  # wrong
    Animal.objects.older("x")  # wrong
    k.animal_set.get(agee=3)  # wrong
    Animal.young.get(nam="x")  # wrong
    Cat(livs=3)  # wrong
