"""PostgreSQL through psycopg 3, for threads and for event loops."""

from rowsmith.drivers.postgresql.driver import Driver

__all__ = ["Driver"]
