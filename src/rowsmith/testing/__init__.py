"""What tests of programs that use rowsmith need."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rowsmith.testing.cases import DatabaseOperationForbidden, TestCase, TransactionTestCase
    from rowsmith.testing.configuration import isolate_apps, override_configuration
    from rowsmith.testing.databases import TestDatabases, setup_test_databases, teardown_test_databases
    from rowsmith.testing.features import skipIfDBFeature, skipUnlessDBFeature
    from rowsmith.testing.one_by_one import NPlusOneQueries, n_plus_one
    from rowsmith.testing.statements import CaptureQueriesContext, recorded_statements

# Where each name is at home. They are imported when first asked for: the pytest plugin is loaded by every run of pytest
# where rowsmith is installed, most of which want nothing of it.
_HOMES = {
    "CaptureQueriesContext": "statements",
    "DatabaseOperationForbidden": "cases",
    "NPlusOneQueries": "one_by_one",
    "TestCase": "cases",
    "TestDatabases": "databases",
    "TransactionTestCase": "cases",
    "isolate_apps": "configuration",
    "n_plus_one": "one_by_one",
    "override_configuration": "configuration",
    "recorded_statements": "statements",
    "setup_test_databases": "databases",
    "skipIfDBFeature": "features",
    "skipUnlessDBFeature": "features",
    "teardown_test_databases": "databases",
}

__all__ = [
    "CaptureQueriesContext",
    "DatabaseOperationForbidden",
    "NPlusOneQueries",
    "TestCase",
    "TestDatabases",
    "TransactionTestCase",
    "isolate_apps",
    "n_plus_one",
    "override_configuration",
    "recorded_statements",
    "setup_test_databases",
    "skipIfDBFeature",
    "skipUnlessDBFeature",
    "teardown_test_databases",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'rowsmith.testing' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(f"rowsmith.testing.{home}"), name)
    return value
