"""From what was typed to the runs meant: ids, prefixes and filters; errors name near ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orbench.errors import MetricNotFoundError, NoRunsError, ProjectNotFoundError, near

from .options import where_from

if TYPE_CHECKING:
    from orbench.filters import Filter
    from orbench.run import RunRecord
    from orbench.run_store import RunStore

__all__ = ["require_metrics", "runs_named", "selected_runs", "why_nothing"]

_MOST_NAMES = 20


def runs_named(store: RunStore, arguments: Sequence[str]) -> list[str]:
    """Run ids from arguments that are run ids or prefixes, or else together one filter.

    Words of letters and digits only are run ids. Raises RunNotFoundError, AmbiguousRunError,
    FilterError, or NoRunsError for a filter that selects nothing.
    """
    if all(argument.isalnum() and argument != "all" for argument in arguments):
        return list(dict.fromkeys(store.resolve(argument) for argument in arguments))
    where = where_from(list(arguments))
    ids = store.run_ids(where)
    if not ids:
        raise NoRunsError(why_nothing(store, where))
    return ids


def selected_runs(store: RunStore, where: Filter | None) -> list[RunRecord]:
    """The runs a filter selects, oldest first; raises NoRunsError when there are none."""
    runs = store.runs(where)
    if not runs:
        raise NoRunsError(why_nothing(store, where))
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


def why_nothing(store: RunStore, where: Filter | None) -> str:
    """Why a filter selected no run, and what to do; raises ProjectNotFoundError for a project."""
    projects = store.projects()
    if not projects:
        return "the store has no runs yet; `orbench record -- python train.py` records one"
    for project in _projects_asked_for(where):
        if project not in projects:
            hint = near(project, projects) or f"; there are {', '.join(projects[:_MOST_NAMES])}"
            raise ProjectNotFoundError(f"no run belongs to the project '{project}'{hint}")
    return "no run matches the filter; `orbench list` shows the runs there are"


def _projects_asked_for(where: Filter | None) -> list[str]:
    """The projects that every selected run must belong to, where the filter names them."""
    from orbench.filters import And, Compare

    parts = where.parts if isinstance(where, And) else (where,)
    return [
        value.text
        for part in parts
        if isinstance(part, Compare) and part.field.space == "project" and part.operator == "="
        for value in part.values
        if not value.is_glob
    ]
