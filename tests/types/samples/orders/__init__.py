"""Models with keys of several columns and computed columns."""
