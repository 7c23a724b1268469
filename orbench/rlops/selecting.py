"""The runs of every compared set, out of a store; nothing that was found is dropped unsaid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING

from ..errors import NoRunsError, ProjectNotFoundError, UsageError, near
from ..filters import Filter
from ..filters import where as fields_are
from ..finding import metric_not_found
from ..run import RunRecord
from ..run_set import LeftOut, RunSet, split_by_status
from .conditions import Condition, among, conditions_of, env_name, in_project
from .grammar import Source
from .groups import ComparedSet

if TYPE_CHECKING:
    from ..run_store import RunStore

__all__ = ["SelectedSet", "project_of", "select_runs"]

_MOST_NAMES = 12


@dataclass(frozen=True, slots=True)
class SelectedSet:
    """The runs of one set, under the env names of the first list of `--env-ids`.

    `runs` holds those that count, one for each seed and env; `left_out` those that do not.
    """

    compared: ComparedSet
    runs: RunSet
    left_out: tuple[LeftOut, ...]

    @property
    def label(self) -> str:
        """The name in legends and tables."""
        return self.compared.label


def select_runs(
    store: RunStore,
    sets: Sequence[ComparedSet],
    *,
    include: Iterable[str] = (),
    check_empty: bool = True,
    read: Sequence[Sequence[str]] | None = None,
) -> tuple[SelectedSet, ...]:
    """The runs of every set. `include` names states that count besides finished.

    `read` has for each set the ids of runs to choose from, where they were just read from a
    tracker; without it those of the project count that the source of a set names.

    Raises NoRunsError for a set without runs, naming the condition that fails, and with
    `check_empty` also for a single env without any; ProjectNotFoundError and MetricNotFoundError.
    """
    include = tuple(include)
    envs = sets[0].env_ids
    if read is None:
        projects = store.projects()
        places = [in_project(project_of(one.source, projects)) for one in sets]
    else:
        places = [among(run_ids) for run_ids in read]
    return tuple(
        _selected(store, one, place, envs, include, check_empty)
        for one, place in zip(sets, places, strict=True)
    )


def project_of(source: Source, projects: Sequence[str]) -> str:
    """The store's name of the project that a source means.

    What comes from a tracker is kept as ENTITY/PROJECT, what was recorded here as PROJECT; with an
    entity the first is looked for first. Raises ProjectNotFoundError, and UsageError where
    several entities have a project of the name.
    """
    full = f"{source.entity}/{source.project}"
    if source.entity and full in projects:
        return full
    if source.project in projects:
        return source.project
    others = [name for name in projects if name.endswith(f"/{source.project}")]
    if len(others) == 1 and not source.entity:
        return others[0]
    if others and not source.entity:
        raise UsageError(
            f"several entities have a project '{source.project}': {_listed(others)}; add we=ENTITY"
        )
    asked = full if source.entity else source.project
    raise ProjectNotFoundError(
        f"the store has no project '{asked}'{near(asked, projects)}; there are {_listed(projects)}"
        if projects
        else "the store has no runs yet; `orbench record -- python train.py` records one"
    )


def _selected(
    store: RunStore,
    one: ComparedSet,
    place: Condition,
    envs: Sequence[str],
    include: Sequence[str],
    check_empty: bool,
) -> SelectedSet:
    conditions = conditions_of(one, place)
    where = Filter.all_of(*(condition.where for condition in conditions))
    found = store.runs(where)
    if not found:
        raise _nothing_found(store, one, conditions)
    _check_metrics(store, one, where)
    # The same env may have another name in each group: from here on it has that of the first.
    first_name = dict(zip(one.env_ids, envs, strict=True))
    runs = [
        replace(run, env_id=first_name[env_name(run, one.source.env_key)], exp_name=one.label)
        for run in found
        if env_name(run, one.source.env_key) in first_name
    ]
    counted, left_out = split_by_status(runs, one.label, include)
    kept, repeated = _one_of_each_seed(counted, one.label)
    if check_empty:
        _check_every_env(one, envs, kept, left_out)
    return SelectedSet(one, RunSet(one.label, kept), (*left_out, *repeated))


def _one_of_each_seed(
    runs: Sequence[RunRecord], label: str
) -> tuple[tuple[RunRecord, ...], tuple[LeftOut, ...]]:
    """Of several runs of one seed on one env the one that started last; runs without seed all."""
    latest: dict[tuple[str, int], RunRecord] = {}
    for run in sorted(runs, key=lambda run: (run.started, run.run_id)):
        if run.seed is not None:
            latest[run.env_id, run.seed] = run
    kept, left_out = [], []
    for run in runs:
        if run.seed is None or latest[run.env_id, run.seed].run_id == run.run_id:
            kept.append(run)
        else:
            reason = "with a seed that a later run has"
            left_out.append(LeftOut(run.run_id, label, run.env_id, reason))
    return tuple(kept), tuple(left_out)


def _check_metrics(store: RunStore, one: ComparedSet, where: Filter) -> None:
    known = store.metric_names(where)
    for metric in one.source.metrics:
        if metric not in known:
            error = metric_not_found(metric, known)
            raise type(error)(f"{one.label}: {error}")


def _check_every_env(
    one: ComparedSet,
    envs: Sequence[str],
    kept: Sequence[RunRecord],
    left_out: Sequence[LeftOut],
) -> None:
    having = {run.env_id for run in kept}
    for env, own_name in zip(envs, one.env_ids, strict=True):
        if env in having:
            continue
        states = sorted({run.reason for run in left_out if run.env_id == env})
        why = f" that counts (there are runs, but {', '.join(states)})" if states else ""
        raise NoRunsError(
            f"{one.label} has no run on {own_name}{why}; leave that env out, or use "
            "--no-check-empty-runs to leave its cell empty"
            + (", or --include to count such runs" if states else "")
        )


def _nothing_found(
    store: RunStore, one: ComparedSet, conditions: Sequence[Condition]
) -> NoRunsError:
    """The error that names the first condition with which no run is left, and what there is."""
    up_to = accumulate((condition.where for condition in conditions), Filter.all_of)
    before = fields_are(project=store.projects())
    for condition, where in zip(conditions, up_to, strict=True):
        if not store.run_ids(where):
            others = store.runs(before)
            known = sorted({name for run in others for name in condition.known(run)})
            there = f"; there are {_listed(known)}" if known else ""
            return NoRunsError(
                f"{one.label}: no run of those asked for so far {condition.has}"
                f"{near(condition.asked, known)}{there}"
            )
        before = where
    return NoRunsError(f"{one.label}: no run fulfils all that was asked for at once")


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")
