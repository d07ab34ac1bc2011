"""rowsmith: models and queries over SQL databases, sync and async."""

from __future__ import annotations

__version__ = "0.1.0"
