"""Searching text, one noun a module; `rowsmith.postgres.search` is its face."""
