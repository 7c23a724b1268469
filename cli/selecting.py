"""From what was typed to the runs meant: ids, prefixes and filters; errors name near ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .options import where_from

if TYPE_CHECKING:
    from orbench.filters import Filter
    from orbench.run_store import RunStore

__all__ = ["require_metrics", "runs_named"]


def runs_named(store: RunStore, arguments: Sequence[str]) -> list[str]:
    """Run ids from arguments that are run ids or prefixes, or else together one filter.

    Words of letters and digits only are run ids. Raises RunNotFoundError, AmbiguousRunError,
    FilterError, or NoRunsError for a filter that selects nothing.
    """
    if all(argument.isalnum() and argument != "all" for argument in arguments):
        return list(dict.fromkeys(store.resolve(argument) for argument in arguments))
    from orbench.finding import no_runs

    where = where_from(list(arguments))
    ids = store.run_ids(where)
    if not ids:
        raise no_runs(store, where)
    return ids


def require_metrics(store: RunStore, where: Filter | None, metrics: Sequence[str]) -> None:
    """Raise MetricNotFoundError, with what there is, for a metric that no selected run has."""
    from orbench.finding import metric_not_found

    known = store.metric_names(where)
    for metric in metrics:
        if metric not in known:
            raise metric_not_found(metric, known)
