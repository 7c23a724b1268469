"""Whether a run is still as it was when it was pushed, and how a pulled one differs from it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..importers import ImportedRun
    from ..run_store import Points, RunDetails, RunStore

__all__ = ["differences", "fingerprint"]

_FIELDS = ("project", "exp_name", "env_id", "seed", "status", "exit_code", "error", "parent_id")
_NAMED_AT_MOST = 3


def fingerprint(details: RunDetails) -> str:
    """A hash of all that a store knows of a run without reading a point: it changes with the run.

    A point or a piece of console output moves a count or the heartbeat.
    """
    text = json.dumps(dataclasses.asdict(details), sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def differences(store: RunStore, run: ImportedRun) -> tuple[str, ...]:
    """Sentences on what a tracker has otherwise than the store that recorded the run."""
    details = store.details(run.run_id)
    record = details.record
    said = [
        f"{name} is {getattr(run, name)!s} there, {getattr(record, name)!s} in the store"
        for name in _FIELDS
        if getattr(run, name) != getattr(record, name)
    ]
    for name in ("config", "summary"):
        if _text(getattr(run, name)) != _text(getattr(record, name)):
            said.append(f"its {name} is another one there")
    if sorted(run.tags) != sorted(record.tags):
        said.append(f"its tags are {', '.join(run.tags) or 'none'} there")
    stored = {summary.metric: summary.n for summary in details.metrics}
    other = [
        metric
        for metric in sorted(stored.keys() | run.points.keys())
        if not _same(store, run.run_id, metric, stored.get(metric, 0), run.points.get(metric))
    ]
    if other:
        more = f" and {len(other) - _NAMED_AT_MOST} more" if len(other) > _NAMED_AT_MOST else ""
        said.append(f"points of {', '.join(other[:_NAMED_AT_MOST])}{more} are others there")
    return tuple(said)


def _same(store: RunStore, run_id: str, metric: str, stored: int, there: Points | None) -> bool:
    """Bit by bit: NaN is NaN here."""
    if there is None or stored != len(there.steps):
        return stored == 0 and there is None
    here = store.series([run_id], metric)[0]
    return (
        here.steps.tobytes() == there.steps.tobytes()
        and here.values.tobytes() == there.values.tobytes()
    )


def _text(document: object) -> str:
    return json.dumps(document, sort_keys=True)
