"""What a check of a store finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "FindingKind"]


class FindingKind(StrEnum):
    """What is wrong: only `damaged`, `missing` and `disagrees` mean that something is lost."""

    DAMAGED = "damaged"  # bytes that are not those that were written
    MISSING = "missing"  # something is named that is not there
    DISAGREES = "disagrees"  # two places tell different things
    INCOMPLETE = "incomplete"  # an upload that was cut off, or is going on
    ORPHANED = "orphaned"  # something that belongs to nothing; it only takes up space


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and in a sentence what and where."""

    kind: FindingKind
    subject: str
    sentence: str
