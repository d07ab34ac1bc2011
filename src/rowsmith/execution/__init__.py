"""Execution: where a query meets a database: reading, writing, cascades and prefetching."""
