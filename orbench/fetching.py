"""`fetch`: the series of the runs that a filter selects, out of a store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext

from .errors import UsageError
from .filters import Filter, parse
from .filters import where as fields_are
from .finding import find_runs, find_runs_by_id, metric_not_found
from .metric import Series
from .run import RunRecord
from .run_set import LeftOut
from .run_store import RunStore, open_store
from .series_table import COLUMNS, SeriesTable

__all__ = ["COLUMNS", "SeriesTable", "fetch"]


def fetch(
    where: str | Filter | Iterable[str] | None = None,
    *,
    metric: str | None = None,
    metrics: Sequence[str] | None = None,
    store: RunStore | str | None = None,
) -> SeriesTable:
    """The series of one metric, or of several, of the runs that `where` selects.

    `where` is a filter (`"exp_name=ppo seed<3"`, or what `parse` made of one), a list of run ids,
    or None for all runs. `store` is an open store or a URL, by default that of ORBENCH_STORE.
    Runs without points of a metric are in `left_out`.

    Raises NoRunsError, ProjectNotFoundError or RunNotFoundError where there are no runs, and
    MetricNotFoundError for a metric that none of the runs has; all of them name what is near.
    """
    if isinstance(metrics, str):
        raise UsageError(f"metrics is a list of names; for one write metric={metrics!r}")
    if metric is not None and not isinstance(metric, str):
        raise UsageError(f"metric is one name; for several write metrics={metric!r}")
    names = list(dict.fromkeys([*([] if metric is None else [metric]), *(metrics or ())]))
    if not names:
        raise UsageError("name what to fetch: metric='charts/episodic_return', or metrics=[...]")
    selecting = parse(where) if isinstance(where, str) else where
    opened = open_store(store) if store is None or isinstance(store, str) else nullcontext(store)
    with opened as source:
        if selecting is None or isinstance(selecting, Filter):
            runs = find_runs(source, selecting)
        else:
            runs = find_runs_by_id(source, selecting)
            selecting = fields_are(run_id=[run.run_id for run in runs])
        run_ids = [run.run_id for run in runs]
        series: list[Series] = []
        for name in names:
            found = source.series(run_ids, name)
            if not found:
                raise metric_not_found(name, source.metric_names(selecting))
            series += found
    return SeriesTable(tuple(runs), tuple(series), tuple(_left_out(runs, series, names)))


def _left_out(
    runs: Iterable[RunRecord], series: Iterable[Series], metrics: Iterable[str]
) -> Iterable[LeftOut]:
    having = {(one.metric, one.run_id) for one in series}
    for metric in metrics:
        for run in runs:
            if (metric, run.run_id) not in having:
                reason = f"without points of {metric}"
                yield LeftOut(run.run_id, run.exp_name, run.env_id, reason)
