"""Naming a few of many: sentences name what they are about, but not hundreds of it."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["MOST_NAMED", "named"]

MOST_NAMED = 5
"""So many names stand in a sentence; the others are counted."""


def named(names: Sequence[str]) -> str:
    """The names, or the first of them and how many more there are.

    >>> named(["a", "b", "c", "d", "e", "f", "g"])
    'a, b, c, d, e and 2 more'
    """
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
