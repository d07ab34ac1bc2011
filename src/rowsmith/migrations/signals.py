"""Signals around migrating: sent for each app, before and after."""

from __future__ import annotations

import sys
from typing import Any

from rowsmith.migrations import places
from rowsmith.signals import post_migrate, pre_migrate


def emit_pre_migrate(
    *, using: str, verbosity: int = 1, interactive: bool = False, stdout: Any = None, plan: Any = (), apps: Any = None
) -> None:
    """Send `pre_migrate` for each app.

    plan:  the migrations to come, each told whether it is undone.
    apps:  the models as they are before.
    """
    _emit(pre_migrate, using, verbosity, interactive, stdout, plan, apps)


def emit_post_migrate(
    *, using: str, verbosity: int = 1, interactive: bool = False, stdout: Any = None, plan: Any = (), apps: Any = None
) -> None:
    """Send `post_migrate` for each app; also when nothing was to be done."""
    _emit(post_migrate, using, verbosity, interactive, stdout, plan, apps)


def _emit(signal: Any, using: str, verbosity: int, interactive: bool, stdout: Any, plan: Any, apps: Any) -> None:
    registry = places.registry()
    for app_config in registry.get_app_configs():
        signal.send(
            sender=app_config,
            app_config=app_config,
            verbosity=verbosity,
            interactive=interactive,
            stdout=stdout if stdout is not None else sys.stdout,
            using=using,
            plan=list(plan),
            apps=apps if apps is not None else registry,
        )
