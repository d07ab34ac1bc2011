"""Features: leaving tests out by what the database can do."""

from __future__ import annotations

import functools
import inspect
import unittest
from collections.abc import Callable
from typing import Any, TypeVar

from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.db import connections
from rowsmith.exceptions import did_you_mean
from rowsmith.sql.features import Features

F = TypeVar("F", bound=Callable[..., Any])


def skipIfDBFeature(*features: str, using: str = DEFAULT_DB_ALIAS) -> Callable[[F], F]:
    """Leave a test, or the tests of a class, out where the database has any of these features."""
    return _skipping(features, using, lambda held: any(held), "Database has the feature(s) ")


def skipUnlessDBFeature(*features: str, using: str = DEFAULT_DB_ALIAS) -> Callable[[F], F]:
    """Leave a test, or the tests of a class, out unless the database has all of these features."""
    return _skipping(features, using, lambda held: not all(held), "Database doesn't support the feature(s) ")


def _skipping(
    features: tuple[str, ...], using: str, out: Callable[[list[bool]], bool], reason: str
) -> Callable[[F], F]:
    known = Features.__match_args__
    for name in features:
        if name not in known:
            raise ValueError(
                f"There is no feature {name!r}.{did_you_mean(name, known)} There are: {', '.join(known)}."
            )

    def check() -> None:
        # Asked when the test runs: the database may be configured later than the class is defined.
        held = [bool(getattr(connections[using].server_features, name)) for name in features]
        if out(held):
            raise unittest.SkipTest(reason + ", ".join(features))

    def decorate(target: Any) -> Any:
        if isinstance(target, type):
            for name, member in list(vars(target).items()):
                if name.startswith("test") and callable(member):
                    setattr(target, name, decorate(member))
            return target
        if inspect.iscoroutinefunction(target):

            @functools.wraps(target)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                check()
                return await target(*args, **kwargs)

            return awaited

        @functools.wraps(target)
        def called(*args: Any, **kwargs: Any) -> Any:
            check()
            return target(*args, **kwargs)

        return called

    return decorate
