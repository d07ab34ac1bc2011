"""What tests of programs that use rowsmith need."""

from rowsmith.testing.cases import DatabaseOperationForbidden, TestCase, TransactionTestCase
from rowsmith.testing.configuration import isolate_apps, override_configuration
from rowsmith.testing.features import skipIfDBFeature, skipUnlessDBFeature
from rowsmith.testing.n_plus_one import NPlusOneQueries, n_plus_one
from rowsmith.testing.statements import CaptureQueriesContext, recorded_statements

__all__ = [
    "CaptureQueriesContext",
    "DatabaseOperationForbidden",
    "NPlusOneQueries",
    "TestCase",
    "TransactionTestCase",
    "isolate_apps",
    "n_plus_one",
    "override_configuration",
    "recorded_statements",
    "skipIfDBFeature",
    "skipUnlessDBFeature",
]
