"""Validation: checking an instance before it is saved."""

from __future__ import annotations


class Validation:
    """The `full_clean()` family of methods."""
