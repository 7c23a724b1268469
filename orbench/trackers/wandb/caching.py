"""Histories of W&B kept in a store, so that what did not change there is read once.

A run of W&B is cached as an imported run with a link to its project. The link has the revision
that was read and which metrics were asked for; a run is read again, by one request, when it
changed or when a metric is asked for that was not. What is in the store is never less than W&B
has of these metrics: nothing is sampled.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path

from ...finding import metric_not_found
from ...importers import ImportedRun, deliver
from ...metric import SYSTEM_PREFIX
from ...run_store import RunStore, TrackerLink
from ..cached import Cached
from ..side_by_side import side_by_side
from ..tracker import RemoteRun
from .metric_names import original_name
from .runs import WandbRun
from .tracker import WandbTracker

__all__ = ["cache_runs", "check_metrics"]

_AT_ONCE = 8

Tell = Callable[[int, int], None]
"""Called with how many runs are done, and of how many."""

_Stale = tuple[RemoteRun, tuple[str, ...]]
_Kept = tuple[str, list[str]]


def cache_runs(
    store: RunStore,
    tracker: WandbTracker,
    runs: Iterable[RemoteRun],
    metrics: Sequence[str],
    tell: Tell = lambda done, total: None,
) -> Cached:
    """Bring these metrics of these runs up to date in the store; raises TrackerError.

    Runs that this store pushed itself are not read: it has them.
    """
    links = {
        str(link.document.get("remote_id")): link
        for link in store.tracker_links(tracker=tracker.place)
    }
    here = set(store.run_ids())
    cached = Cached()
    stale: list[_Stale] = []
    for run in runs:
        link = links.get(run.remote_id)
        if link is None and run.orbench_run_id in here:
            cached.run_ids.append(run.orbench_run_id)
        elif link is not None and _is_current(link, run, metrics):
            cached.run_ids.append(link.run_id)
        else:
            stale.append((run, _wanted(store, link, metrics)))
    numbers = count(1)

    def pulled(one: _Stale) -> ImportedRun:
        # With metrics no file is fetched, so that any folder will do.
        return tracker.pull(one[0], Path(), one[1])

    def kept(one: _Stale, imported: ImportedRun) -> _Kept:
        run, names = one
        run_id = _kept(store, tracker, run, names, imported, links.get(run.remote_id))
        tell(next(numbers), len(stale))
        return run_id, [f"{run.name}: {note}" for note in imported.notes]

    for run_id, notes in side_by_side(pulled, kept, stale, _AT_ONCE, stop=tracker.close):
        cached.run_ids.append(run_id)
        cached.notes += notes
    cached.read = len(stale)
    return cached


def check_metrics(runs: Sequence[RemoteRun], metrics: Iterable[str]) -> None:
    """Raise MetricNotFoundError, with near names, for a metric that none of these runs has.

    The list of runs tells their metrics, but not the system metrics.
    """
    known = {
        original_name(key)
        for run in runs
        if isinstance(run.client, WandbRun)
        for key in run.client.counts
        if not key.startswith("_")
    }
    for metric in metrics:
        if metric not in known and not metric.startswith(SYSTEM_PREFIX):
            raise metric_not_found(metric, sorted(known))


def _is_current(link: TrackerLink, run: RemoteRun, metrics: Sequence[str]) -> bool:
    """Whether a run was pulled whole as it is now, or these metrics of it were read."""
    if link.document.get("pulled") == run.revision:
        return True
    read = link.document.get("read") or {}
    return bool(read.get("revision") == run.revision and set(metrics) <= set(read["metrics"]))


def _wanted(store: RunStore, link: TrackerLink | None, metrics: Sequence[str]) -> tuple[str, ...]:
    """What is asked for, and what the store has of the run already: it is read again with it."""
    there = [] if link is None else [one.metric for one in store.details(link.run_id).metrics]
    return tuple(dict.fromkeys([*there, *metrics]))


def _kept(
    store: RunStore,
    tracker: WandbTracker,
    run: RemoteRun,
    names: Sequence[str],
    imported: ImportedRun,
    link: TrackerLink | None,
) -> str:
    run_id = deliver(store, imported).run_id
    read = {"revision": run.revision, "metrics": list(names)}
    document = {**(link.document if link else {}), "remote_id": run.remote_id, "read": read}
    store.link_tracker(TrackerLink(run_id, tracker.place, document, time.time()))
    return run_id
