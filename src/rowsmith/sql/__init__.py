"""The SQL tree: what can be said to a database, as frozen values that know neither models nor vendors."""
