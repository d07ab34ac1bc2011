"""Persistence: saving, deleting and reloading an instance."""

from __future__ import annotations


class Persistence:
    """What a model instance can do with its row."""
