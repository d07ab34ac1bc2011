"""Drivers: text to rows, one thin package per client library; nothing here knows of dialects, queries or
pools."""
