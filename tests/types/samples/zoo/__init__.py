"""Models that inherit, and managers that are made of querysets."""
