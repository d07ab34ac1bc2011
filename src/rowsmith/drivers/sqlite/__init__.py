"""SQLite through the standard library's `sqlite3`."""

from rowsmith.drivers.sqlite.driver import Driver

__all__ = ["Driver"]
