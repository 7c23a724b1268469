"""Normalisation: scores of envs on scales of their own become scores on one scale.

```python
from orbench.normalisation import normaliser, normaliser_names

print(normaliser_names())
atari = normaliser("atari")
print(atari.reference("ALE/Pong-v5"))   # Reference(low=-20.7, high=14.6, ...)
print(atari.caption)                    # what 0 and 1 are, the source and its version
```

A normaliser is data: for each env the score that becomes 0 and the one that becomes 1. It makes a
score matrix of a score matrix, and the new one says how it was normalised. An env without a
reference is an error, never a guess.
"""

from .env_names import EnvNames
from .references import Normaliser, Reference
from .registry import ENTRY_POINTS, normalised, normaliser, normaliser_names
from .tables import TABLE_SUFFIXES, read_table

__all__ = [
    "ENTRY_POINTS",
    "TABLE_SUFFIXES",
    "EnvNames",
    "Normaliser",
    "Reference",
    "normalised",
    "normaliser",
    "normaliser_names",
    "read_table",
]
