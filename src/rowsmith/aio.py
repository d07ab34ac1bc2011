"""Plain code that uses the models, run on the event loop over the async driver: no thread, no second
spelling."""

from __future__ import annotations

from rowsmith.bridge import run

__all__ = ["run"]
