"""The commands that there are."""

from __future__ import annotations

import importlib
import os
import pkgutil
from pathlib import Path

import click

from rowsmith.cli import (
    check,
    dumpdata,
    flush,
    loaddata,
    makemigrations,
    migrate,
    showmigrations,
    sqlflush,
    sqlmigrate,
    squashmigrations,
)
from rowsmith.cli.command import call_command, main, rowsmith
from rowsmith.cli.stubs.modules import model_modules, source_of, stub_of

# Each is a module that enters its command by being imported.
__all__ = [
    "call_command",
    "check",
    "dumpdata",
    "flush",
    "loaddata",
    "main",
    "makemigrations",
    "migrate",
    "rowsmith",
    "showmigrations",
    "sqlflush",
    "sqlmigrate",
    "squashmigrations",
]


@rowsmith.command()
@click.argument("modules", nargs=-1, required=True)
@click.option("--hops", default=1, show_default=True, help="How many relations away names are known.")
@click.option("--check", is_flag=True, help="Write nothing; fail when a stub is not what it would be written as.")
def types(modules: tuple[str, ...], hops: int, check: bool) -> None:
    """Write stubs for the models in MODULES, and in the modules below them.

    A stub stands beside its module, and tells type checkers every name, lookup and value of filter(), create(),
    order_by(), values() and the like.
    """
    for name in modules:
        _import_all(name)
    found = model_modules(modules)
    if not found:
        raise click.UsageError(f"There are no models in {', '.join(modules)}, nor in modules below.")
    stale = 0
    for module, models in sorted(found.items()):
        path = source_of(module).with_suffix(".pyi")
        text = stub_of(module, models, frozenset(found), hops)
        if path.exists() and path.read_text() == text:
            click.echo(f"{_shown(path)} is up to date")
        elif check:
            stale += 1
            click.echo(f"{_shown(path)} is {'stale' if path.exists() else 'missing'}")
        else:
            path.write_text(text)
            click.echo(f"{_shown(path)} written")
    if stale:
        raise click.ClickException(f"Write them anew: rowsmith types {' '.join(modules)}")


def _import_all(name: str) -> None:
    """Import a module and, where it is a package, all modules below it."""
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise
        raise click.UsageError(f"There is no module {name!r} here.") from None
    for found in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{name}."):
        importlib.import_module(found.name)


def _shown(path: Path) -> str:
    return os.path.relpath(path)
