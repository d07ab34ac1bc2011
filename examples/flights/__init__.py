"""A year of flights: models, a loader and a tour of fourteen questions, sync and async."""
