"""rowsmith beside hand-written driver code and beside its peers, measured as ratios in one run."""
