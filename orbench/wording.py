"""How counts are said."""

from __future__ import annotations

__all__ = ["number_of"]


def number_of(count: int, word: str) -> str:
    """A count with its word: `1 run`, `1,284 runs`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
