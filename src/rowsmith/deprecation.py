"""Deprecation: spellings that leave, told at the line that uses them."""

from __future__ import annotations

import sys
import warnings


class RemovedInRowsmith20(DeprecationWarning):
    """What it is about works until rowsmith 2.0."""


def discourage(message: str) -> None:
    """Warn of a spelling that leaves, at the nearest line outside of the library.

    message:  when it goes, and what to write instead.
    """
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("rowsmith."):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, RemovedInRowsmith20, stacklevel=level)
