"""Reading from a tracker before a command reads from the store, and saying what was read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .output import note
from .progress import counted

if TYPE_CHECKING:
    from orbench.filters import Filter
    from orbench.rlops import ComparedSet
    from orbench.run_store import RunStore
    from orbench.trackers import Cached

__all__ = ["read_into", "read_sets_into"]

_NOTES_AT_MOST = 20


def read_into(store: RunStore, source: str, where: Filter | None, metrics: Sequence[str]) -> Filter:
    """Bring the runs of a place that a filter selects into the store; a filter of these alone."""
    from orbench.filters import ALL
    from orbench.filters import where as fields_are
    from orbench.trackers import read_filtered

    with counted("runs read") as tell:
        found = read_filtered(store, source, where, metrics, tell)
    _say([found])
    return (ALL if where is None else where) & fields_are(run_id=found.run_ids)


def read_sets_into(store: RunStore, source: str, sets: Sequence[ComparedSet]) -> list[list[str]]:
    """Bring the runs of every set into the store; the ids that they have there, set by set."""
    from orbench.trackers import read_sets

    with counted("runs read") as tell:
        found = read_sets(store, source, sets, tell)
    _say(found)
    return [one.run_ids for one in found]


def _say(found: Sequence[Cached]) -> None:
    """What was read and what was there, and what the tracker's data are like."""
    runs = sum(len(one.run_ids) for one in found)
    read = sum(one.read for one in found)
    each = "run" if runs == 1 else "runs"
    note(f"{runs} {each} in the tracker: {read} read, {runs - read} unchanged in the store")
    notes = [sentence for one in found for sentence in one.notes]
    for sentence in notes[:_NOTES_AT_MOST]:
        note(f"orbench: note: {sentence}")
    if len(notes) > _NOTES_AT_MOST:
        note(f"orbench: note: and {len(notes) - _NOTES_AT_MOST} more like these")
