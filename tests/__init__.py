"""The tests of rowsmith: text per dialect, behaviour, types, properties, faults, examples."""
