"""Properties that hold for any data and any query, checked on random ones."""
