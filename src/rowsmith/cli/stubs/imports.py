"""Imports: what a stub takes from other modules, each under a name that nobody else has."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

ALWAYS = """\
import datetime as _datetime
import decimal as _decimal
import uuid as _uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, overload

from typing_extensions import Self, TypedDict, Unpack

from rowsmith import models as _models
from rowsmith.execution.fetch_modes import FetchMode
from rowsmith.execution.raw import Parameters
from rowsmith.expressions.attributes import Attribute as _Attribute
from rowsmith.expressions.combinable import Shaped as _Shaped
from rowsmith.models.reverse import RelatedManager as _RelatedManager
from rowsmith.queryset.raw import RawQuerySet
from rowsmith.queryset.refining import Condition as _Condition
"""
OURS: Mapping[str, str] = {
    "Shaped": "_Shaped", "Attribute": "_Attribute", "Condition": "_Condition", "QuerySet": "_models.QuerySet",
    "date": "_datetime.date", "datetime": "_datetime.datetime", "tzinfo": "_datetime.tzinfo",
}  # fmt: skip
"""How the names in the signatures of the library's own methods are spelled below those imports."""


class Imports:
    """The names that one stub uses of other modules.

    module:   the module that the stub is for.
    covered:  the modules that have stubs with the names that are made for their models.
    """

    def __init__(self, module: str, covered: frozenset[str]) -> None:
        self.module = module
        self.covered = covered
        self._taken: dict[tuple[str, str], str] = {}

    def name(self, module: str, name: str) -> str:
        """What `name` of `module` is called in the stub."""
        if module == self.module:
            return name
        if module == "builtins":
            return name
        first, _, rest = name.partition(".")
        alias = self._taken.setdefault((module, first), f"_{module.replace('.', '_')}_{first.strip('_')}")
        return f"{alias}.{rest}" if rest else alias

    def model(self, model: Any) -> str:
        """What a model's class is called in the stub; Any for one that cannot be imported."""
        if "<locals>" in model.__qualname__ or model._meta.auto_created:
            return "Any"
        return self.name(model.__module__, model.__qualname__)

    def made(self, model: Any, name: str) -> str | None:
        """What a class that was made for `model` is called in the stub; None where its module has no stub."""
        if model.__module__ not in self.covered or "." in model.__qualname__:
            return None
        return self.name(model.__module__, name)

    def annotation(self, text: str, function: Callable[..., Any]) -> str:
        """An annotation of a user's method as it reads in the stub."""
        module = function.__module__
        if module == self.module:
            return text
        found = sys.modules[module].__dict__

        def spelled(match: re.Match[str]) -> str:
            word = match[0]
            if word in found:
                return self.name(module, word)
            return word

        return re.sub(r"(?<![\w.])[A-Za-z_]\w*", spelled, text)

    def lines(self) -> list[str]:
        """The import statements."""
        return [f"from {module} import {name} as {alias}" for (module, name), alias in sorted(self._taken.items())]
