"""A search page: the airports and airlines of the flights example, found by what somebody types."""
