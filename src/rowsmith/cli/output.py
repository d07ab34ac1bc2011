"""Output: where a command writes, how much, and in which colours."""

from __future__ import annotations

import sys
from typing import Any, TextIO

import click


class Output:
    """The two streams of a command.

    verbosity:    0 for nothing but results, 1 for what is done, 2 and 3 for more.
    color:        True and False decide; None asks the terminal.
    interactive:  whether somebody can be asked.
    """

    def __init__(
        self,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        verbosity: int = 1,
        color: bool | None = None,
        interactive: bool = True,
    ) -> None:
        self.stdout = stdout or sys.stdout
        self.stderr = stderr or sys.stderr
        self.verbosity = verbosity
        self.color = color
        self.interactive = interactive

    def write(self, text: str = "", *, end: bool = True, to_errors: bool = False, **style: Any) -> None:
        """One line, or its beginning; `style` as click.style() takes it."""
        stream = self.stderr if to_errors else self.stdout
        color = self.color if self.color is not None else bool(getattr(stream, "isatty", lambda: False)())
        shown = click.style(text, **style) if color and style and text else text
        stream.write(f"{shown}\n" if end else shown)
        if not end:
            stream.flush()

    def tell(self, text: str = "", level: int = 1, **more: Any) -> None:
        """As `write`, from a verbosity on."""
        if self.verbosity >= level:
            self.write(text, **more)

    def title(self, text: str, level: int = 1) -> None:
        self.tell(text, level, bold=True, fg="cyan")
