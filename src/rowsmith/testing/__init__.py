"""What tests of programs that use rowsmith need."""

from rowsmith.testing.statements import CaptureQueriesContext, recorded_statements

__all__ = ["CaptureQueriesContext", "recorded_statements"]
