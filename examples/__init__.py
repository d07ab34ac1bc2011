"""Programs that show rowsmith at work."""
