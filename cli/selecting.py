"""From what was typed to the runs meant: ids, prefixes and filters; errors name near ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orbench.errors import MetricNotFoundError, NoRunsError, near

from .options import where_from

if TYPE_CHECKING:
    from orbench.filters import Filter
    from orbench.run import RunRecord
    from orbench.run_store import RunStore

__all__ = ["require_metrics", "runs_named", "selected_runs"]

_MOST_NAMES = 20


def runs_named(store: RunStore, arguments: Sequence[str]) -> list[str]:
    """Run ids from arguments that are run ids or prefixes, or else together one filter.

    Words of letters and digits only are run ids. Raises RunNotFoundError, AmbiguousRunError,
    FilterError, or NoRunsError for a filter that selects nothing.
    """
    if all(argument.isalnum() for argument in arguments):
        return list(dict.fromkeys(store.resolve(argument) for argument in arguments))
    ids = store.run_ids(where_from(list(arguments)))
    if not ids:
        raise _no_runs(store)
    return ids


def selected_runs(store: RunStore, where: Filter | None) -> list[RunRecord]:
    """The runs a filter selects, oldest first; raises NoRunsError when there are none."""
    runs = store.runs(where)
    if not runs:
        raise _no_runs(store)
    return runs


def require_metrics(store: RunStore, where: Filter | None, metrics: Sequence[str]) -> None:
    """Raise MetricNotFoundError, with what there is, for a metric that no selected run has."""
    known = store.metric_names(where)
    for metric in metrics:
        if metric not in known:
            raise MetricNotFoundError(
                f"no selected run has the metric '{metric}'{near(metric, known)}; "
                + _what_there_is(list(known))
            )


def _what_there_is(metrics: Sequence[str]) -> str:
    if not metrics:
        return "they have logged no metric at all"
    shown = ", ".join(metrics[:_MOST_NAMES])
    rest = len(metrics) - _MOST_NAMES
    return f"there are {shown}" + (f" and {rest} more (see `orbench metrics`)" if rest > 0 else "")


def _no_runs(store: RunStore) -> NoRunsError:
    if not store.run_ids():
        return NoRunsError(
            "the store has no runs yet; `orbench record -- python train.py` records one"
        )
    return NoRunsError("no run matches the filter; `orbench list` shows the runs there are")
