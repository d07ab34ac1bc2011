"""dumpdata: objects as text."""

from __future__ import annotations

import bz2
import gzip
import lzma
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from rowsmith import serializers
from rowsmith.cli.command import DATABASE, command
from rowsmith.cli.errors import CommandError
from rowsmith.cli.migrate import connection_of
from rowsmith.cli.output import Output
from rowsmith.db.router import router
from rowsmith.migrations import places
from rowsmith.serializers.ordering import sort_dependencies

_OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".lzma": lzma.open, ".xz": lzma.open}


class ProxyModelWarning(Warning):
    """A proxy was named without the model whose rows it shows."""


@command()
@click.argument("app_labels", nargs=-1, metavar="[APP[.MODEL]]...")
@DATABASE
@click.option("--all", "-a", "use_base_manager", is_flag=True, help="Rows that the default manager hides, too.")
@click.option("--format", default="json", show_default=True, metavar="FORMAT", help="The format.")
@click.option("--indent", type=int, help="How far each level stands in.")
@click.option("--exclude", "-e", multiple=True, metavar="APP[.MODEL]", help="Leave out these; may be given often.")
@click.option("--natural-foreign", is_flag=True, help="Refer by natural keys.")
@click.option("--natural-primary", is_flag=True, help="Leave out keys where there are natural ones.")
@click.option("--pks", "primary_keys", metavar="KEY,...", help="Only these rows of the one model that is named.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="A file; .gz, .bz2, .lzma, .xz compress it.")
def dumpdata(
    out: Output,
    app_labels: tuple[str, ...],
    database: str,
    use_base_manager: bool,
    format: str,
    indent: int | None,
    exclude: Any,
    natural_foreign: bool,
    natural_primary: bool,
    primary_keys: str | None,
    output: Path | None,
) -> None:
    """Write the objects of a database, of all apps or of those that are named."""
    connection_of(database)
    keys = primary_keys.split(",") if primary_keys else None
    if keys is not None and (len(app_labels) != 1 or "." not in app_labels[0]):
        raise CommandError("You can only use --pks option with one model: app.Model.")
    models = _models(app_labels, chosen_models(exclude))
    try:
        serializers.get_serializer(format)
    except serializers.SerializerDoesNotExist as error:
        raise CommandError(f"Unknown serialization format: {format}. {error}") from error
    except ImportError as error:
        raise CommandError(f"The format {format} needs a library that is not there: {error}") from error

    def objects() -> Iterator[Any]:
        for model in sort_dependencies(models):
            if model._meta.proxy or not router.allow_migrate_model(database, model):
                continue
            manager = model._base_manager if use_base_manager else model._default_manager
            rows = manager.using(database).order_by("pk")
            yield from (rows if keys is None else rows.filter(pk__in=keys)).iterator()

    options: dict[str, Any] = {} if indent is None else {"indent": indent}
    opener = _OPENERS.get(output.suffix, open) if output is not None else None
    target: Any = nullcontext(out.stdout) if opener is None else opener(output, "wt", encoding="utf-8")
    with target as stream:
        serializers.serialize(
            format,
            objects(),
            stream=stream,
            use_natural_foreign_keys=natural_foreign,
            use_natural_primary_keys=natural_primary,
            **options,
        )


def _models(app_labels: Iterable[str], excluded: set[Any]) -> list[Any]:
    if app_labels:
        chosen = {model: None for label in app_labels for model in _named(label)}
    else:
        chosen = dict.fromkeys(places.registry().get_models())
    models = [model for model in chosen if model not in excluded]
    for model in models:
        if app_labels and model._meta.proxy and model._meta.concrete_model not in models:
            warnings.warn(
                f"{model._meta.label} is a proxy model and won't be serialized.", ProxyModelWarning, stacklevel=2
            )
    return models


def chosen_models(names: Iterable[str]) -> set[Any]:
    """The models that labels of apps and of models stand for."""
    return {model for name in names for model in _named(name)}


def _named(name: str) -> list[Any]:
    registry = places.registry()
    label, dot, model = name.partition(".")
    found = [one for one in registry.get_models() if one._meta.app_label == label]
    if not found:
        raise CommandError(f"No app with label '{label}'; there are: {', '.join(places.labels())}.")
    if not dot:
        return found
    for one in found:
        if one._meta.model_name == model.lower():
            return [one]
    raise CommandError(f"Unknown model: {name}; {label} has: {', '.join(one._meta.object_name for one in found)}.")
