"""What tests of programs that use rowsmith need."""

from rowsmith.testing.n_plus_one import NPlusOneQueries, n_plus_one
from rowsmith.testing.statements import CaptureQueriesContext, recorded_statements

__all__ = ["CaptureQueriesContext", "NPlusOneQueries", "n_plus_one", "recorded_statements"]
