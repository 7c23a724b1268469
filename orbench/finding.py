"""Finding runs, or saying why there are none: near names and the conditions that fail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .errors import MetricNotFoundError, NoRunsError, ProjectNotFoundError, near
from .filter_fields import SERIES_FIELDS
from .filter_tree import And, Compare, Filter
from .filters import where as fields_are

if TYPE_CHECKING:
    from .run import RunRecord
    from .run_store import RunStore

__all__ = ["find_runs", "find_runs_by_id", "metric_not_found", "no_runs"]

_MOST_NAMES = 20
_MOST_CONDITIONS = 10
_IDS_AT_ONCE = 900
_NAMES_OF_RUNS = ("project", "exp_name", "env_id", "host")


def find_runs(store: RunStore, where: Filter | None = None) -> list[RunRecord]:
    """The runs that a filter selects, oldest first.

    Raises NoRunsError, or ProjectNotFoundError, which say why there are none.
    """
    runs = store.runs(where)
    if not runs:
        raise no_runs(store, where)
    return runs


def find_runs_by_id(store: RunStore, run_ids: Iterable[str]) -> list[RunRecord]:
    """The runs with these ids, or ids that begin so, in this order, each once.

    Raises RunNotFoundError with near ids, AmbiguousRunError, or NoRunsError for no ids.
    """
    wanted = list(dict.fromkeys(run_ids))
    if not wanted:
        raise NoRunsError("the list of run ids is empty; name a run, or give a filter")
    found = _by_id(store, wanted)
    resolved = [run_id if run_id in found else store.resolve(run_id) for run_id in wanted]
    found |= _by_id(store, [run_id for run_id in resolved if run_id not in found])
    return [found[run_id] for run_id in dict.fromkeys(resolved)]


def _by_id(store: RunStore, run_ids: Sequence[str]) -> dict[str, RunRecord]:
    found: dict[str, RunRecord] = {}
    for start in range(0, len(run_ids), _IDS_AT_ONCE):
        batch = run_ids[start : start + _IDS_AT_ONCE]
        found |= {run.run_id: run for run in store.runs(fields_are(run_id=batch))}
    return found


def no_runs(store: RunStore, where: Filter | None) -> NoRunsError | ProjectNotFoundError:
    """The error that says why a filter selects no run."""
    count = len(store.run_ids())
    if not count or where is None:
        return NoRunsError(
            "the store has no runs yet; `orbench record -- python train.py` records one"
        )
    for condition in _conditions(where):
        if store.run_ids(condition):
            continue
        hint = _near_values(store, condition)
        if _names(condition, "project"):
            return ProjectNotFoundError(f"no run belongs to {condition}{hint}")
        runs = (
            f"the only run does not fulfil {condition}"
            if count == 1
            else (f"none of the {count} runs fulfils {condition}")
        )
        return NoRunsError(f"{runs}{hint or '; `orbench list` shows the runs'}")
    return NoRunsError(
        f"none of the {count} runs fulfils all conditions at once, though each alone has runs; "
        "`orbench list` shows the runs"
    )


def _conditions(where: Filter) -> Sequence[Filter]:
    return where.parts[:_MOST_CONDITIONS] if isinstance(where, And) else (where,)


def _names(condition: Filter, *spaces: str) -> bool:
    """Whether a condition asks for runs by the whole name of one of these fields."""
    return (
        isinstance(condition, Compare)
        and condition.field.space in spaces
        and condition.operator == "="
        and not any(value.is_glob for value in condition.values)
    )


def _near_values(store: RunStore, condition: Filter) -> str:
    if not isinstance(condition, Compare):
        return ""
    asked, space = condition.values[0].text, condition.field.space
    if space in ("metric", *SERIES_FIELDS):
        return near(condition.field.name or asked, store.metric_names())
    if not _names(condition, *_NAMES_OF_RUNS):
        return ""
    known = sorted({str(getattr(run, space)) for run in store.runs()} - {""})
    return near(asked, known) or _there_are(known)


def metric_not_found(metric: str, known: Iterable[str]) -> MetricNotFoundError:
    """The error for a metric that none of the selected runs has; `known` are those they have."""
    names = list(known)
    if not names:
        return MetricNotFoundError(
            f"no selected run has the metric '{metric}'; they have logged no metric at all"
        )
    return MetricNotFoundError(
        f"no selected run has the metric '{metric}'{near(metric, names)}{_there_are(names)}"
    )


def _there_are(names: Sequence[str]) -> str:
    if not names:
        return ""
    rest = len(names) - _MOST_NAMES
    more = f" and {rest} more" if rest > 0 else ""
    return f"; there are {', '.join(names[:_MOST_NAMES])}{more}"
