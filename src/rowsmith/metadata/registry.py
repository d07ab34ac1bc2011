"""The registry: models by label, and what waits for a model that is not defined yet."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from rowsmith.exceptions import did_you_mean

_arrivals = itertools.count(1)

isolated: ContextVar[Apps | None] = ContextVar("isolated", default=None)
"""The registry that models enter for the time being, instead of the one for all; for tests."""


class AppConfig:
    """One app: the models that share a label."""

    def __init__(self, label: str, models: dict[str, Any]) -> None:
        self.label = label
        self.name = label
        self.verbose_name = label.replace("_", " ").title()
        self.models = models

    def __repr__(self) -> str:
        return f"<AppConfig: {self.label}>"

    def get_models(self, include_auto_created: bool = False, include_swapped: bool = False) -> Iterator[Any]:
        for model in self.models.values():
            if (include_auto_created or not model._meta.auto_created) and (include_swapped or not model._meta.swapped):
                yield model

    def get_model(self, name: str) -> Any:
        try:
            return self.models[name.lower()]
        except KeyError:
            known = [model.__name__ for model in self.models.values()]
            raise LookupError(f"App {self.label!r} has no model {name!r}.{did_you_mean(name, known)}") from None


class Apps:
    """Models by app label and name. Models enter on definition; there is one registry unless `Meta.apps` says else."""

    def __init__(self) -> None:
        self.all_models: dict[str, dict[str, Any]] = {}
        self._waiting: dict[str, list[Callable[[Any], None]]] = {}
        # One for each label: receivers of signals are told apart by it.
        self._configs: dict[str, AppConfig] = {}

    ready = models_ready = apps_ready = True

    def register(self, model: Any) -> Any:
        """Enter a model, and return the one it replaces, if any.

        A model that is defined again in the same module takes the place of the older one, as when a notebook cell
        runs twice; RuntimeError when another module uses the same label.
        """
        meta = model._meta
        models = self.all_models.setdefault(meta.app_label, {})
        old = models.get(meta.model_name)
        if old is not None and old.__module__ != model.__module__ and not meta.auto_created:
            raise RuntimeError(
                f"Two models are labelled {meta.label!r}: {old.__module__}.{old.__qualname__} and "
                f"{model.__module__}.{model.__qualname__}. Give one of them another Meta.app_label."
            )
        meta.registered = next(_arrivals)
        models[meta.model_name] = model
        return old

    def announce(self, model: Any) -> None:
        """Call what waits for `model`."""
        for callback in self._waiting.pop(model._meta.label_lower, ()):
            callback(model)

    def when_defined(self, label: str, callback: Callable[[Any], None]) -> None:
        """Call `callback(model)` now or as soon as the model with that label is defined."""
        app_label, _, name = label.partition(".")
        model = self.all_models.get(app_label, {}).get(name.lower())
        if model is not None:
            callback(model)
        else:
            self._waiting.setdefault(f"{app_label}.{name.lower()}", []).append(callback)

    @property
    def pending(self) -> list[str]:
        """The labels of models that something waits for."""
        return sorted(self._waiting)

    def get_model(self, app_label: str, model_name: str | None = None, require_ready: bool = True) -> Any:
        """The model by "app.Model", or by label and name; LookupError when there is none."""
        if model_name is None:
            app_label, _, model_name = app_label.partition(".")
        return self.get_app_config(app_label).get_model(model_name)

    def get_registered_model(self, app_label: str, model_name: str) -> Any:
        return self.get_model(app_label, model_name)

    def get_models(self, include_auto_created: bool = False, include_swapped: bool = False) -> list[Any]:
        """All models in the order of their definition."""
        found = [
            model
            for config in self.get_app_configs()
            for model in config.get_models(include_auto_created, include_swapped)
        ]
        return sorted(found, key=lambda model: model._meta.registered)

    def get_app_config(self, app_label: str) -> AppConfig:
        if app_label not in self.all_models:
            raise LookupError(f"No model has the app label {app_label!r}.{did_you_mean(app_label, self.all_models)}")
        config = self._configs.get(app_label)
        if config is None or config.models is not self.all_models[app_label]:
            config = self._configs[app_label] = AppConfig(app_label, self.all_models[app_label])
        return config

    def get_app_configs(self) -> list[AppConfig]:
        return [self.get_app_config(label) for label in self.all_models]

    def is_installed(self, app_label: str) -> bool:
        return app_label in self.all_models

    def clear_cache(self) -> None:
        """Forget what the registered models have derived from each other."""
        for model in self.get_models(include_auto_created=True, include_swapped=True):
            model._meta.expire()


apps = Apps()
"""The registry that models enter unless `Meta.apps` names another."""
