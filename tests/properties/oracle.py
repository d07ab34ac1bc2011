"""The Django application that holds the oracle's models."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import AppConfig

from tests.properties import schema


class Shop(AppConfig):
    name = "tests.properties.oracle"
    label = schema.APP
    path = "."


@cache
def shop() -> dict[str, Any]:
    from django.db import models

    return schema.build(models, "tests.properties.oracle")
