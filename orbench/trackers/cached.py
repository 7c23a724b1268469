"""What reading from a tracker into a store came to."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Cached"]


@dataclass(slots=True)
class Cached:
    """The ids that the runs have in the store, how many were read, and what is to be said."""

    run_ids: list[str] = field(default_factory=list)
    read: int = 0
    notes: list[str] = field(default_factory=list)
