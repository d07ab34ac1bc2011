"""Searching texts, alike on every database: an index declared in Meta, `objects.search()`, and shown snippets."""

from __future__ import annotations

from rowsmith.search.expressions import Highlight, Snippet
from rowsmith.search.index import SearchIndex
from rowsmith.search.rebuilding import arebuild, rebuild

__all__ = ["Highlight", "SearchIndex", "Snippet", "arebuild", "rebuild"]
