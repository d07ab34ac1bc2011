"""What goes wrong with a command, as an error."""

from __future__ import annotations


class CommandError(Exception):
    """A command cannot do what it was asked; on the command line it is printed, and `returncode` the exit code."""

    def __init__(self, *args: object, returncode: int = 1) -> None:
        self.returncode = returncode
        super().__init__(*args)
