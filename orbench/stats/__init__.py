"""Statistics of scores: pure numpy, seeded, no I/O."""
