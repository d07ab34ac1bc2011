"""Lookups: what a condition may say of a field, one definition each."""
