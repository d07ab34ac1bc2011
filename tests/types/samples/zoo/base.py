"""What animals have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowsmith import models

if TYPE_CHECKING:
    from zoo.beasts import Animal


class Aged(models.QuerySet["Animal"]):
    def older(self, than: int) -> Aged:
        return self.filter(age__gt=than)

    async def anything(self, *, limit: int | None = None) -> list[Animal]:
        return [animal async for animal in self[:limit]]


class Named(models.Model):
    name = models.CharField(max_length=10)

    class Meta:
        abstract = True

    def shout(self) -> str:
        return self.name.upper()
