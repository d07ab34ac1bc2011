"""System checks, as users run them and add to them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from rowsmith import config
from rowsmith.execution.checking import findings, loud
from rowsmith.metadata.findings import (
    CRITICAL,
    DEBUG,
    ERROR,
    INFO,
    WARNING,
    CheckFailed,
    CheckMessage,
)
from rowsmith.metadata.registry import apps

__all__ = [
    "CRITICAL",
    "DEBUG",
    "ERROR",
    "INFO",
    "WARNING",
    "CheckFailed",
    "CheckMessage",
    "Critical",
    "Debug",
    "Error",
    "Info",
    "Warning",
    "known_tags",
    "register",
    "run_checks",
]

Check = Callable[..., Iterable[CheckMessage]]

_registered: list[tuple[Check, frozenset[str], bool]] = []


def _maker(level: int) -> Callable[..., CheckMessage]:
    def make(msg: str, hint: str | None = None, obj: Any = None, id: str | None = None) -> CheckMessage:
        return CheckMessage(level, msg, hint, obj, id)

    return make


Debug, Info, Warning, Error, Critical = (_maker(level) for level in (DEBUG, INFO, WARNING, ERROR, CRITICAL))


def register(check: Check | str | None = None, *tags: str, deploy: bool = False) -> Any:
    """Add a function `check(app_configs, databases, **kwargs)` to those that `run_checks` calls; also a decorator."""
    if callable(check):
        _registered.append((check, frozenset(tags), deploy))
        return check
    names = (check, *tags) if check is not None else tags

    def add(function: Check) -> Check:
        _registered.append((function, frozenset(names), deploy))
        return function

    return add


def check_switches(app_configs: Any = None, databases: Any = None, **options: Any) -> Iterable[CheckMessage]:
    """Switches that belong to development: they keep every statement, or let a blocking call stop an event loop."""
    current = config.current()
    for name, consequence in (
        ("debug", "every statement is kept in memory"),
        ("echo", "every statement and its values are printed"),
    ):
        if getattr(current, name):
            yield Warning(f"{name} is on, so that {consequence}.", f"Configure {name}=False.", None, "rowsmith.W201")
    if os.environ.get("ROWSMITH_ALLOW_ASYNC_UNSAFE"):
        yield Warning(
            "ROWSMITH_ALLOW_ASYNC_UNSAFE is set, so that a blocking call may stop an event loop.",
            "Remove it from the environment.",
            None,
            "rowsmith.W202",
        )


register(check_switches, "security", deploy=True)


def known_tags(include_deployment_checks: bool = False) -> frozenset[str]:
    """The tags that checks carry."""
    return frozenset({"models"}).union(
        *(names for _, names, deploy in _registered if include_deployment_checks or not deploy)
    )


def run_checks(
    app_configs: Iterable[Any] | None = None,
    tags: Iterable[str] | None = None,
    databases: Iterable[str] | None = None,
    include_deployment_checks: bool = False,
) -> list[CheckMessage]:
    """The findings about the models of the given apps (or of all), and those of registered checks.

    tags:       run only the checks that carry one of them; the models' own carry "models".
    databases:  the aliases whose features may be asked about.
    """
    wanted = None if tags is None else set(tags)
    found: list[CheckMessage] = []
    if wanted is None or "models" in wanted:
        configs = apps.get_app_configs() if app_configs is None else list(app_configs)
        models = [model for config in configs for model in config.get_models(include_auto_created=True)]
        found += findings(models, databases or ())
    for check, names, deploy in _registered:
        if (deploy and not include_deployment_checks) or (wanted is not None and not wanted & names):
            continue
        found.extend(loud(check(app_configs=app_configs, databases=databases)))
    return found
