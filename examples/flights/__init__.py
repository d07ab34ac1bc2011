"""A year of flights: models, a loader and a tour of a dozen queries, sync and async."""
