"""Fields: what a column is. Its SQL type, its conversions, its validation, and relations as data."""
