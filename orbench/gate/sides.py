"""Sides: from what was asked for, a filter, a name or a file, to the scored runs of one side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NoRunsError, ScoreError, UsageError
from ..run_set import DEFAULT_INCLUDE
from .baselines import (
    Baseline,
    is_baseline_file,
    is_baseline_name,
    missing_baseline,
    read_baseline_file,
    stored_baseline,
)
from .measures import DEFAULT_SELECT, Measure, measure_named
from .policy import GatedMeasure
from .scored import ScoredSet, scored_runs

if TYPE_CHECKING:
    from ..run_store import RunStore

__all__ = ["Sides", "needs_store", "saved_baseline", "two_sides"]


@dataclass(frozen=True, slots=True)
class Sides:
    """Baseline and candidate scored by one measure."""

    baseline: ScoredSet
    candidate: ScoredSet
    measure: Measure
    lower_is_better: bool


def needs_store(texts: Sequence[str]) -> bool:
    """Whether one of these is looked for in a store: a filter or a name."""
    return any(text and not is_baseline_file(text) for text in texts)


def saved_baseline(store: RunStore | None, text: str) -> Baseline | None:
    """The saved baseline that a text means, None if it is a filter.

    Raises BaselineError, and BaselineNotFoundError for a word that is no filter either.
    """
    if is_baseline_file(text):
        return read_baseline_file(Path(text))
    if not is_baseline_name(text) or store is None:
        return None
    if text not in store.baselines():
        raise missing_baseline(store, text)
    return stored_baseline(store, text)


def two_sides(
    store: RunStore | None,
    baseline: str,
    candidate: str,
    asked: GatedMeasure,
    include: Sequence[str] = DEFAULT_INCLUDE,
) -> Sides:
    """Baseline and candidate, scored alike.

    What `asked` leaves open is as a saved baseline says, else the default. Raises UsageError where
    a side or the metric is not told, ScoreError where the two are scored differently or share
    runs, and as `saved_baseline` and `scored_runs` do.
    """
    for side, text in (("baseline", baseline), ("candidate", candidate)):
        if not text:
            raise UsageError(f"no {side}: give {_HOW[side]}, or {side} in a policy file")
    saved = {text: saved_baseline(store, text) for text in (baseline, candidate)}
    first = saved[baseline] or saved[candidate]
    measure, lower = _measure(asked, first)
    both = []
    for text in (baseline, candidate):
        if (one := saved[text]) is not None:
            _require_alike(one, measure, asked)
            both.append(one.scored)
        else:
            both.append(_from_store(store, text, measure, include))
    _require_other_runs(*both)
    return Sides(both[0], both[1], measure, lower)


_HOW = {
    "baseline": "--baseline with a filter, the name of a saved baseline or its file",
    "candidate": "a filter, as in exp_name=ppo tag:pr",
}


def _measure(asked: GatedMeasure, saved: Baseline | None) -> tuple[Measure, bool]:
    """What is measured, and whether lower is better."""
    if not asked.metric and saved is None:
        raise UsageError("no metric: give --metric; `orbench metrics` lists them")
    name = asked.metric or (saved.scored.measure if saved else "")
    select = asked.select or (saved.scored.selection if saved else "") or DEFAULT_SELECT
    repeats = asked.repeats or (saved.repeats if saved else "keep")
    measure = measure_named(name, select, repeats)
    if asked.better:
        return measure, asked.better == "lower"
    return measure, saved.lower_is_better if saved else measure.lower_is_better


def _require_alike(saved: Baseline, measure: Measure, asked: GatedMeasure) -> None:
    """Raise ScoreError where a baseline was saved with other scores than those asked for."""
    if saved.scored.measure != measure.name:
        raise ScoreError(
            f"baseline '{saved.name}' has scores of {saved.scored.measure}, not of {measure.name}:"
            " scores of two metrics are not compared; save a baseline of that metric"
        )
    if saved.scored.selection != measure.selection:
        raise ScoreError(
            f"baseline '{saved.name}' was scored by {saved.scored.selection}, not by"
            f" {measure.selection}; leave out --select or save it again"
        )
    if asked.repeats and saved.repeats != asked.repeats:
        raise ScoreError(
            f"baseline '{saved.name}' was scored with repeats {saved.repeats}, not {asked.repeats};"
            " leave out --repeats or save it again"
        )
    if asked.better and (asked.better == "lower") != saved.lower_is_better:
        direction = "lower" if saved.lower_is_better else "higher"
        raise ScoreError(
            f"baseline '{saved.name}' was saved with {direction} scores as the better ones;"
            " leave out --better or save it again"
        )


def _from_store(
    store: RunStore | None, text: str, measure: Measure, include: Sequence[str]
) -> ScoredSet:
    from ..filters import parse
    from ..finding import metric_not_found

    if store is None:
        raise UsageError(f"'{text}' is looked for in a store, and there is none")
    where = None if text == "all" else parse(text)
    if not measure.name.startswith("run."):
        known = store.metric_names(where)
        if known and measure.name not in known:
            raise metric_not_found(measure.name, known)
    return scored_runs(store, where, measure, label=text, include=include)


def _require_other_runs(baseline: ScoredSet, candidate: ScoredSet) -> None:
    shared = sorted(baseline.run_ids & candidate.run_ids)
    if not shared:
        return
    if baseline.run_ids == candidate.run_ids:
        raise NoRunsError(
            "candidate and baseline are the same runs: narrow one of the two filters,"
            " as with tag:v1 and tag:v2"
        )
    named = ", ".join(shared[:4]) + (f" and {len(shared) - 4} more" if len(shared) > 4 else "")
    raise NoRunsError(
        f"{len(shared)} runs are in baseline and candidate alike ({named}): narrow the filters"
    )
