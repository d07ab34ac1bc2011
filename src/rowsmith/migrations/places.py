"""Places: where the migrations of an app are.

They are the modules of a package beside the module that defines the app's models: `shop/migrations/` for the models in
`shop/models.py`, which have the label `shop`. Where the label is not the package's name, and for a module that is in
no package, the label comes first: `shop_migrations/`. The option `migration_modules` says otherwise, label by label;
None for an app that has no migrations.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rowsmith import config
from rowsmith.exceptions import ImproperlyConfigured
from rowsmith.metadata import names
from rowsmith.metadata.registry import Apps, isolated
from rowsmith.metadata.registry import apps as global_apps


def registry() -> Apps:
    """The models that there are."""
    return isolated.get() or global_apps


def _options() -> config.Configuration | None:
    try:
        return config.current()
    except ImproperlyConfigured:
        return None


def package_of(module: str) -> str:
    """The package that holds the models' module, and `migrations` beside it; empty for a module in no package."""
    parts = module.split(".")
    if "models" in parts[1:]:
        return ".".join(parts[: len(parts) - 1 - parts[::-1].index("models")])
    return ".".join(parts[:-1])


def labels() -> list[str]:
    """The apps that there are: those of models, and those for which the configuration names a place."""
    found = dict.fromkeys(registry().all_models)
    options = _options()
    if options is not None and isolated.get() is None:
        found.update(dict.fromkeys(options.migration_modules))
        for module in options.models:
            if module in sys.modules:
                found.setdefault(label_of_module(module))
    return sorted(found)


def label_of_module(module: str) -> str:
    options = _options()
    for package, keys in (options.apps if options is not None else {}).items():
        if (module == package or module.startswith(f"{package}.")) and keys.get("label"):
            return str(keys["label"])
    return names.app_label(module)


def migrations_module(app_label: str) -> str | None:
    """The dotted name of the package of an app's migrations; None where it is to have none."""
    options = _options()
    if options is not None and app_label in options.migration_modules:
        return options.migration_modules[app_label]
    module = _module_of_models(app_label)
    if module is None:
        return None
    package = package_of(module)
    own = label_of_module(module)
    name = "migrations" if package and own == app_label else f"{app_label}_migrations"
    return f"{package}.{name}" if package else name


def _module_of_models(app_label: str) -> str | None:
    for model in registry().all_models.get(app_label, {}).values():
        if not model._meta.auto_created:
            return str(model.__module__)
    options = _options()
    for module in options.models if options is not None else ():
        if label_of_module(module) == app_label:
            return module
    return None


def folder(app_label: str) -> Path:
    """The folder of an app's migrations, whether it is there already or not.

    raises:  ValueError where the app is to have none, or its package is not in a folder.
    """
    name = migrations_module(app_label)
    if name is None:
        raise ValueError(
            f"The app {app_label!r} is to have no migrations: it has no models, or migration_modules says None. Name "
            "their package there."
        )
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        spec = None
    if spec is not None:
        if spec.submodule_search_locations:
            return Path(next(iter(spec.submodule_search_locations)))
        raise ValueError(f"The migrations of {app_label!r} are to be in {name}, which is a module and no package.")
    parent, _, last = name.rpartition(".")
    if parent:
        places = list(getattr(importlib.import_module(parent), "__path__", ()))
        if not places:
            raise ValueError(f"{parent}, in which the migrations of {app_label!r} are to be, is no package.")
        return Path(places[0]) / last
    module = _module_of_models(app_label)
    file = getattr(sys.modules.get(module or ""), "__file__", None)
    return (Path(file).parent if file else Path(os.getcwd())) / last


def modules_in(name: str) -> Iterable[str] | None:
    """The names of the migrations in a package; None where there is no such package."""
    try:
        package = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            return None
        raise
    paths: Any = getattr(package, "__path__", None)
    if paths is None or getattr(package, "__file__", None) is None:
        return None
    found = {
        entry.name.partition(".")[0]
        for path in paths
        for entry in os.scandir(path)
        if entry.name.endswith((".py", ".pyc")) and entry.is_file()
    }
    return sorted(entry for entry in found if entry[0] not in "_~")
