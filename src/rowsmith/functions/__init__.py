"""Functions of the database by name: what each takes and returns. How one is spelled, its dialect alone knows."""
