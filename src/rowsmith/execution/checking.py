"""Checking: every finding about models, those that a query or a database has to tell among them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rowsmith import config
from rowsmith.db import connections
from rowsmith.db.router import router
from rowsmith.metadata.checks import check_models
from rowsmith.metadata.database_checks import check_database, is_wanted
from rowsmith.metadata.findings import CheckFailed, CheckMessage
from rowsmith.query.definition_checks import check_expressions


def findings(models: Iterable[Any], databases: Iterable[str] = ()) -> list[CheckMessage]:
    """The findings about the models; what only a database can tell, for those of `databases`."""
    chosen = list(models)
    found = check_models(chosen)
    # What is mistaken in itself is not asked for more, which might fail on the same mistake.
    mistaken = {getattr(message.obj, "model", message.obj) for message in found if message.is_serious()}
    sound = [model for model in chosen if model not in mistaken]
    for model in sound:
        found += check_expressions(model)
    for alias in databases:
        connection = connections[alias]
        there = [model for model in sound if router.allow_migrate_model(alias, model)]
        found += check_database(there, connection.server_features, connection.vendor)
    return loud(found)


def loud(messages: Iterable[CheckMessage]) -> list[CheckMessage]:
    """The messages that the configuration does not silence."""
    silenced = config.current().silenced_checks
    return [message for message in messages if message.id not in silenced]


def raise_errors(models: Iterable[Any], alias: str) -> None:
    """Raise CheckFailed when any finding is an error."""
    serious = [message for message in findings(models, [alias]) if message.is_serious()]
    if serious:
        raise CheckFailed(serious)


def has_table(model: Any, connection: Any) -> bool:
    """Whether the model is to have a table in the database."""
    return is_wanted(model, connection.server_features, connection.vendor)
