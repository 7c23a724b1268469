"""Two stages: a cheap look that may only suspect, then fresh seeds that confirm or clear.

At 3 runs on each env and an alpha of .10 a candidate is suspected; only then 5 more runs are
needed, on the envs suspected, and they alone are judged, at the check's own alpha. A false alarm
needs both to err. Runs of the first stage never count in the second: they were picked for being
bad.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..wording import number_of
from .drops import TaskPair
from .judgement import DropSettings, Judgement, Verdict
from .judging import judge
from .scored import ScoredRun, ScoredSet

__all__ = ["CONFIRM_RUNS", "SUSPECT_ALPHA", "SUSPECT_RUNS", "Staged", "staged", "task_pairs"]

SUSPECT_RUNS, SUSPECT_ALPHA = 3, 0.10
CONFIRM_RUNS = 5


@dataclass(frozen=True, slots=True)
class Staged:
    """The outcome of two stages: the judgement that counts, and what happened in a sentence.

    `lacking` has (env, runs) that a decision still needs.
    """

    judgement: Judgement
    said: str
    lacking: tuple[tuple[str, int], ...] = ()


def task_pairs(
    baseline: ScoredSet, candidate: ScoredSet, envs: Iterable[str]
) -> tuple[TaskPair, ...]:
    """The scores of both sides on these envs."""
    first, second = baseline.by_env(), candidate.by_env()
    return tuple(TaskPair(env, _scores(first[env]), _scores(second[env])) for env in envs)


def staged(
    baseline: ScoredSet, candidate: ScoredSet, envs: Sequence[str], settings: DropSettings
) -> Staged:
    """Judge a candidate in two stages on these envs; runs count in the order they were started."""
    runs = {env: sorted(candidate.by_env()[env], key=_by_start) for env in envs}
    few = tuple(
        (env, SUSPECT_RUNS - len(some)) for env, some in runs.items() if len(some) < SUSPECT_RUNS
    )
    first = replace(
        candidate, runs=tuple(run for some in runs.values() for run in some[:SUSPECT_RUNS])
    )
    look = judge(
        task_pairs(baseline, first, envs),
        replace(settings, alpha=max(SUSPECT_ALPHA, settings.alpha)),
    )
    if few:
        look = _undecided(look, f"the first stage needs {SUSPECT_RUNS} runs on each env")
        return Staged(look, f"First stage: {_runs_lacking(few)}.", few)
    if look.verdict is not Verdict.REGRESSED:
        said = f"First stage, {SUSPECT_RUNS} runs on each env at alpha {look.settings.level:g}: "
        return Staged(look, f"{said}not suspected, hence no second stage.")
    return _confirmed(baseline, candidate, runs, look, settings)


def _confirmed(
    baseline: ScoredSet,
    candidate: ScoredSet,
    runs: dict[str, list[ScoredRun]],
    look: Judgement,
    settings: DropSettings,
) -> Staged:
    """The second stage: fresh runs on the envs suspected, or on all if the suite is."""
    by_env = [task.task for task in look.regressed]
    suspects = list(runs) if look.suite.verdict is Verdict.REGRESSED else by_env
    said = f"First stage, at alpha {look.settings.level:g}: suspected, as {look.why}."
    needed = SUSPECT_RUNS + CONFIRM_RUNS
    lacking = tuple((env, needed - len(runs[env])) for env in suspects if len(runs[env]) < needed)
    if lacking:
        undecided = _undecided(look, f"suspected, not confirmed: {look.why}")
        return Staged(undecided, f"{said} Second stage: {_runs_lacking(lacking)}.", lacking)
    fresh = replace(
        candidate,
        runs=tuple(run for env in suspects for run in runs[env][SUSPECT_RUNS:needed]),
    )
    judgement = judge(task_pairs(baseline, fresh, suspects), settings)
    told = f"{CONFIRM_RUNS} fresh runs on {number_of(len(suspects), 'env')}"
    return Staged(judgement, f"{said} Second stage: {told} alone are judged.")


def _undecided(look: Judgement, why: str) -> Judgement:
    return replace(look, verdict=Verdict.INCONCLUSIVE, why=why)


def _runs_lacking(lacking: Sequence[tuple[str, int]]) -> str:
    total = sum(number for _, number in lacking)
    envs = ", ".join(f"{number} on {env}" for env, number in lacking[:5])
    more = f" and {len(lacking) - 5} more envs" if len(lacking) > 5 else ""
    return f"{number_of(total, 'more run')} needed ({envs}{more})"


def _scores(runs: Sequence[ScoredRun]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([run.score for run in runs], dtype=np.float64)


def _by_start(run: ScoredRun) -> tuple[float, bool, int, str]:
    return (run.started, run.seed is None, run.seed or 0, run.run_id)
