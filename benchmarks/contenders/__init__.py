"""One module for each contender: the same work, written as its users would write it."""
