"""Loading: rows become instances, dicts or tuples, by a function generated for each plan."""
