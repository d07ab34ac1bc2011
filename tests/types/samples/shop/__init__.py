"""Models in two modules, for which stubs are written."""
