"""Reading straight from W&B: what `orbench fetch` and `orbench rlops` call before the store.

Both ask the tracker which runs there are, bring those into the store as far as they are not there
or have changed, and give the ids under which the store has them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..errors import NoRunsError, UsageError
from .cached import Cached
from .places import Place, parse_place

if TYPE_CHECKING:
    from ..filters import Filter
    from ..rlops import ComparedSet
    from ..run_store import RunStore

__all__ = ["read_filtered", "read_sets"]

_OWN_STEPS = ("global_step", "_step", "step")


def read_filtered(
    store: RunStore,
    place: str,
    where: Filter | None,
    metrics: Sequence[str],
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Cached:
    """Bring metrics of the runs at a place that a filter selects into the store.

    Raises NoRunsError where W&B has none that may fulfil it, MetricNotFoundError for a metric
    that none of them has, TrackerError, and UsageError for a place in another tracker.
    """
    from .wandb import WandbTracker, api_filter, cache_runs, check_metrics, may_fulfil

    tracker = WandbTracker(_wandb(place))
    try:
        listed = [run for run in tracker.runs(where=api_filter(where)) if may_fulfil(where, run)]
        if not listed:
            asked = f" fulfils {where}" if where is not None else ""
            raise NoRunsError(f"no run at {tracker.place}{asked or ' yet'}")
        check_metrics(listed, metrics)
        return cache_runs(store, tracker, listed, metrics, tell)
    finally:
        tracker.close()


def read_sets(
    store: RunStore,
    source: str,
    sets: Sequence[ComparedSet],
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> list[Cached]:
    """Bring the runs of each set of `orbench rlops` into the store.

    `source` is `wandb`, or `wandb://HOST` for a server that wandb's settings do not name. Raises
    TrackerError; NoRunsError for a set without runs, MetricNotFoundError for one without the
    metric; UsageError for another source, and for a set without an entity (`we`).
    """
    from .wandb import WandbTracker, cache_runs, check_metrics, place_of, set_filter

    _wandb(f"{source.rstrip('/') if '://' in source else f'{source}:/'}/entity/project")
    host = source.partition("://")[2].strip("/")
    trackers: dict[str, WandbTracker] = {}
    found = []
    try:
        for one in sets:
            if not one.source.entity:
                raise UsageError(
                    f"'{one.label}' names no entity; W&B needs one: '?we=ENTITY&wpn="
                    f"{one.source.project}'"
                )
            place = place_of(host, one.source.entity, one.source.project)
            if place not in trackers:
                trackers[place] = WandbTracker(_wandb(place))
            axis = () if one.source.x_axis in _OWN_STEPS else (one.source.x_axis,)
            runs = list(trackers[place].runs(where=set_filter(one)))
            if not runs:
                raise NoRunsError(
                    f"{one.label}: {trackers[place].place} has no run of {one.experiment.name} "
                    f"(config.{one.source.exp_key}) on {', '.join(one.env_ids)} "
                    f"(config.{one.source.env_key}) that fulfils all that was asked for"
                )
            metrics = (*one.source.metrics, *axis)
            check_metrics(runs, metrics)
            found.append(cache_runs(store, trackers[place], runs, metrics, tell))
        return found
    finally:
        for tracker in trackers.values():
            tracker.close()


def _wandb(text: str) -> Place:
    place = parse_place(text)
    if place.kind != "wandb":
        raise UsageError(
            f"'{text}' cannot be read straight from; there is wandb://ENTITY/PROJECT, and "
            "`orbench sync pull` for other trackers"
        )
    return place
