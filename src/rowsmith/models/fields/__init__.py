"""The public face of fields, by kind."""
