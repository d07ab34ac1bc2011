"""Dialects: how each database spells the SQL tree, and what it can do."""
