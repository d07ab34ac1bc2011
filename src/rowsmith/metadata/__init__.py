"""Metadata: what a model is, without behaviour. Options, registry, indexes, constraints, tables."""
