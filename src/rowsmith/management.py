"""Commands, called from Python."""

from rowsmith.cli.commands import call_command
from rowsmith.cli.errors import CommandError

__all__ = ["CommandError", "call_command"]
