"""From imported runs to a store: each once, however often and in how many pieces it is imported.

A run's id is made of what names it, so that it is the same one in every import. What the store
already has of it is compared, bit by bit, with what the file has now: rows that follow are added,
rows that are there are not added again. Where the rows differ, the file holds another run of the
same name: it becomes a run of its own, and is told.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import count
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ..errors import StoreUnavailableError
from ..run import derived_run_id
from ..run_store import Points, Shipment
from .contents import artifact_events, content_hash, contents

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..capture import Redactor
    from ..metric import Series
    from ..run_store import RunStore
    from .imported import ImportedRun

__all__ = ["Delivery", "Outcome", "deliver", "imported_run_id", "plan_delivery"]


_ATTEMPTS = 10


class Outcome(StrEnum):
    """What an import did, or would do, with a run.

    A changed run has no new point, but another config, summary, state, file or the like.
    """

    NEW = "new"
    GROWN = "grown"
    CHANGED = "changed"
    KNOWN = "known"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where a run goes in a store: its id, and what of it is not there yet.

    `start` is the store's watermark of the run. `differs` are runs of the same name whose rows
    are others. A run without a point that its source gives no identity is not put into a store,
    and has no id.
    """

    run_id: str
    outcome: Outcome
    start: int
    points: Mapping[str, Points]
    differs: tuple[str, ...] = ()

    @property
    def added(self) -> int:
        """How many points are added."""
        return sum(len(points.steps) for points in self.points.values())


def plan_delivery(store: RunStore | None, run: ImportedRun) -> Delivery:
    """Find out what of a run is new to a store; None is a store that is not there yet."""
    if not run.points and not run.identity:
        return Delivery("", Outcome.EMPTY, 0, {})
    differs: list[str] = []
    for ordinal in count():
        run_id = _run_id(run, ordinal)
        start = store.watermark(_segment_id(run_id)) if store is not None else 0
        if store is None or start == 0:
            return Delivery(run_id, Outcome.NEW, 0, run.points, tuple(differs))
        new = _new_points(store, run_id, run)
        if new is not None:
            outcome = Outcome.GROWN if new else _unchanged_or_not(store, run_id, run)
            return Delivery(run_id, outcome, start, new, tuple(differs))
        differs.append(run_id)
    raise AssertionError("count() does not end")


def deliver(store: RunStore, run: ImportedRun) -> Delivery:
    """Put what is new of a run into a store; all of it or, on an error, nothing.

    Safe to do twice at once: of two that add the same rows one does, the other finds them there.
    Secrets in its texts, by shape or because they stand in the environment, are left out.
    """
    for _ in range(_ATTEMPTS):
        plan = plan_delivery(store, run)
        if plan.outcome in (Outcome.KNOWN, Outcome.EMPTY):
            return plan
        if store.ship(_shipment(store, run, plan)):
            return plan
    raise StoreUnavailableError(
        f"{run.file}: {run} is imported by others at the same time; try again later"
    )


def _unchanged_or_not(store: RunStore, run_id: str, run: ImportedRun) -> Outcome:
    """Without identity the id is made of the config, and only rows can be new."""
    if not run.identity:
        return Outcome.KNOWN
    stored = store.details(run_id).facts.get("command", {}).get("content")
    return Outcome.KNOWN if stored == content_hash(run) else Outcome.CHANGED


def _shipment(store: RunStore, run: ImportedRun, plan: Delivery) -> Shipment:
    first = plan.outcome is Outcome.NEW
    redactor = _redactor(tuple(os.environ.items()))
    events = contents(run, redactor, None if first else _of_run(store, plan.run_id))
    logged, blobs = artifact_events(run, () if first else store.details(plan.run_id).artifacts)
    return Shipment(
        segment_id=_segment_id(plan.run_id),
        run_id=plan.run_id,
        start=plan.start,
        # One more than the points, so that whatever else is new is there once too.
        end=plan.start + plan.added + 1,
        events=(*events, *logged),
        points=plan.points,
        blobs=blobs,
        heartbeat=run.ended,
        closed=True,
    )


@lru_cache(maxsize=1)
def _redactor(environ: tuple[tuple[str, str], ...]) -> Redactor:
    """The redactor of these environment variables, made once and not for each run."""
    from ..capture import Redactor

    return Redactor.from_environment(dict(environ))


def _of_run(store: RunStore, run_id: str) -> Mapping[str, int]:
    """How many bytes the store has of each stream of a run's console."""
    sizes: dict[str, int] = {}
    for piece in store.console(run_id):
        sizes[piece.stream] = sizes.get(piece.stream, 0) + len(piece.data)
    return sizes


def _segment_id(run_id: str) -> str:
    return f"{run_id}/import"


def _run_id(run: ImportedRun, ordinal: int) -> str:
    """The id of the run of this name, or of the next ones whose rows differ.

    Without a seed many runs have one name, so that the file's name tells them apart.
    """
    if run.run_id and ordinal == 0:
        return run.run_id
    if run.identity:
        return imported_run_id(run.importer, run.identity, ordinal)
    file = run.file if run.seed is None else ""
    named = [run.importer, run.project, run.exp_name, run.env_id, run.seed, run.config, file]
    return _derived_id([*named, ordinal])


def imported_run_id(importer: str, identity: str, ordinal: int = 0) -> str:
    """The id that a run has whose source calls it `identity`: what its children name as parent."""
    return _derived_id([importer, identity, ordinal])


def _derived_id(named: Sequence[object]) -> str:
    text = json.dumps(named, sort_keys=True)
    return derived_run_id(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())


def _new_points(store: RunStore, run_id: str, run: ImportedRun) -> dict[str, Points] | None:
    """What a run has beyond what the store has of it; None where they are different runs."""
    details = store.details(run_id)
    stored = {summary.metric for summary in details.metrics}
    new: dict[str, Points] = {}
    for metric in stored | run.points.keys():
        there = store.series([run_id], metric) if metric in stored else []
        here = run.points.get(metric)
        rest = _rest(there[0], here) if there and here is not None else here
        if rest is None and here is not None:
            return None
        if rest is not None and len(rest.steps):
            new[metric] = rest
    there_file = details.facts.get("command", {}).get("file")
    if new and not run.identity and not _same_file(there_file, run.file):
        return None
    # Rows that the file no longer has are another run, unless all it has are the store's first.
    if new and not stored <= run.points.keys():
        return None
    return new


def _same_file(stored: object, file: str) -> bool:
    """Whether a file may be a grown one: its name is the same, wherever it was read from."""
    return PurePosixPath(str(stored)).name == PurePosixPath(file).name


def _rest(there: Series, here: Points) -> Points | None:
    """The points behind those that are stored; None where the shared ones differ."""
    import numpy as np

    shared = min(len(there), len(here.steps))
    if not np.array_equal(there.steps[:shared], here.steps[:shared]):
        return None
    # Bit by bit: NaN is NaN here.
    if not np.array_equal(_bits(there.values[:shared]), _bits(here.values[:shared])):
        return None
    rest = slice(shared, None)
    return Points(here.steps[rest], here.values[rest], here.wall_times[rest])


def _bits(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    return values.view("uint64")
