"""Judging: from the scores of baseline and candidate to a verdict. Pure; numpy only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import ScoreError
from .bounds import upper_bound
from .drops import (
    RelabelledDrops,
    TaskPair,
    TaskScale,
    relabelled_drops,
)
from .judgement import DropSettings, Judgement, SuiteJudgement, TaskJudgement, Verdict
from .naming import MOST_NAMED, named
from .power import TaskSpread, found_drop, found_on_one_task, runs_to_decide, smallest_p
from .relabelling import relabellings
from .significance import MarginTest, Significance, drop_significance

__all__ = ["judge"]


def judge(pairs: Sequence[TaskPair], settings: DropSettings) -> Judgement:
    """The verdict on a candidate against a baseline, from the scores of both on every task.

    Scores of `pairs` are as measured; `settings` says whether lower ones are better. Raises
    ScoreError for no tasks, a score that is not finite, and a margin that means nothing on a task.
    """
    if not pairs:
        raise ScoreError("baseline and candidate share no env: there is nothing to judge")
    turned = [_turned(pair, settings.lower_is_better) for pair in pairs]
    scales = [TaskScale.of(pair, settings.margin.unit) for pair in turned]
    refusal = _refusal(turned, settings)
    tests = None if refusal else _Tests.of(turned, scales, settings)
    tasks = tuple(
        _task(place, pair, scales[place], tests, settings, len(pairs))
        for place, pair in enumerate(pairs)
    )
    suite = _suite(turned, scales, tasks, tests, settings)
    verdict = _verdict(suite, tasks, settings)
    return Judgement(
        verdict, _why(verdict, suite, tasks, settings), suite, tasks, settings, refusal
    )


def _turned(pair: TaskPair, lower_is_better: bool) -> TaskPair:
    """The scores with higher ones the better."""
    for scores in (pair.baseline, pair.candidate):
        if not len(scores):
            raise ScoreError(f"baseline or candidate has no runs on {pair.task}")
        if not np.isfinite(scores).all():
            raise ScoreError(f"a score on {pair.task} is not finite; leave its run out")
    sign = -1.0 if lower_is_better else 1.0
    return TaskPair(pair.task, sign * pair.baseline, sign * pair.candidate)


@dataclass(frozen=True, slots=True)
class _Tests:
    """The tests of all tasks under one set of relabellings."""

    drops: tuple[RelabelledDrops, ...]
    weights: tuple[float, ...]
    significance: Significance
    settings: DropSettings

    @classmethod
    def of(
        cls, pairs: Sequence[TaskPair], scales: Sequence[TaskScale], settings: DropSettings
    ) -> _Tests:
        made = relabellings([pair.sizes for pair in pairs], settings.relabellings, settings.seed)
        drops = tuple(map(relabelled_drops, pairs, made, scales))
        # From the spread of all runs to units of the margin.
        weights = tuple(scale.spread / scale.unit for scale in scales)
        return cls(drops, weights, drop_significance(drops), settings)

    def bound(self, places: Sequence[int]) -> float | None:
        """What the mean drop of the tasks at these places is below, in units of the margin."""
        weights = [self.weights[place] / len(places) for place in places]
        test = MarginTest.of([self.drops[place] for place in places], weights)
        return upper_bound(test, test.observed(0.0), self.settings.level, self.settings.size)


def _refusal(pairs: Sequence[TaskPair], settings: DropSettings) -> str:
    """Why no verdict can be reached with so many runs, whatever they scored; empty if one can."""
    single = [pair.task for pair in pairs if min(pair.sizes) < 2]
    if single:
        return (
            f"baseline and candidate need at least 2 runs on each env; there is 1 on"
            f" {named(single)}: run more seeds there"
        )
    sizes = [pair.sizes for pair in pairs]
    smallest = smallest_p(sizes, settings.relabellings)
    if smallest <= settings.level:
        return ""
    needed = runs_to_decide([size[0] for size in sizes], settings.demand)
    advice = (
        f"{needed} runs of the candidate on each env would do"
        if needed
        else "run more seeds of both, or give more permutations"
    )
    return (
        f"with these numbers of runs no p-value is below {smallest:.3g}, above the alpha of"
        f" {settings.level:.3g}: {advice}"
    )


def _task(
    place: int,
    pair: TaskPair,
    scale: TaskScale,
    tests: _Tests | None,
    settings: DropSettings,
    tasks: int,
) -> TaskJudgement:
    baseline, candidate = float(pair.baseline.mean()), float(pair.candidate.mean())
    sign = -1.0 if settings.lower_is_better else 1.0
    told = settings.margin.scale
    bound = tests.bound([place]) if tests else None
    p_value = tests.significance.tasks[place] if tests else None
    found = found_on_one_task(
        _spread(pair, scale),
        pair.sizes,
        tasks,
        settings.demand,
    )
    return TaskJudgement(
        task=pair.task,
        baseline_runs=len(pair.baseline),
        candidate_runs=len(pair.candidate),
        baseline_mean=baseline,
        candidate_mean=candidate,
        drop=told * sign * (baseline - candidate) / scale.unit,
        bound=_times(bound, told),
        p_value=p_value,
        found=_times(found, told),
        verdict=_one_verdict(p_value, bound, settings),
    )


def _suite(
    pairs: Sequence[TaskPair],
    scales: Sequence[TaskScale],
    tasks: Sequence[TaskJudgement],
    tests: _Tests | None,
    settings: DropSettings,
) -> SuiteJudgement:
    found = found_drop(
        [_spread(pair, scale) for pair, scale in zip(pairs, scales, strict=True)],
        [pair.sizes for pair in pairs],
        settings.demand,
    )
    bound = tests.bound(range(len(pairs))) if tests else None
    p_value = tests.significance.suite if tests else None
    return SuiteJudgement(
        drop=math.fsum(task.drop for task in tasks) / len(tasks),
        bound=_times(bound, settings.margin.scale),
        p_value=p_value,
        found=_times(found, settings.margin.scale),
        verdict=_one_verdict(p_value, bound, settings),
    )


def _spread(pair: TaskPair, scale: TaskScale) -> TaskSpread:
    """The spread of runs within baseline and candidate, pooled."""
    degrees = len(pair.baseline) + len(pair.candidate) - 2
    squares = sum(float(((one - one.mean()) ** 2).sum()) for one in (pair.baseline, pair.candidate))
    return TaskSpread(math.sqrt(squares / max(degrees, 1)), scale.unit)


def _one_verdict(p_value: float | None, bound: float | None, settings: DropSettings) -> Verdict:
    if bound is not None and bound <= settings.size:
        return Verdict.PASS
    if p_value is not None and p_value <= settings.level:
        return Verdict.REGRESSED
    return Verdict.INCONCLUSIVE


def _verdict(
    suite: SuiteJudgement, tasks: Sequence[TaskJudgement], settings: DropSettings
) -> Verdict:
    verdicts = [suite.verdict, *(task.verdict for task in tasks)]
    if Verdict.REGRESSED in verdicts:
        return Verdict.REGRESSED
    needed = verdicts if settings.every_task else verdicts[:1]
    return Verdict.PASS if set(needed) == {Verdict.PASS} else Verdict.INCONCLUSIVE


def _why(
    verdict: Verdict,
    suite: SuiteJudgement,
    tasks: Sequence[TaskJudgement],
    settings: DropSettings,
) -> str:
    """The verdict in a sentence, without its name."""
    margin = settings.margin
    everywhere = "on average over envs" if len(tasks) > 1 else f"on {tasks[0].task}"
    if verdict is Verdict.REGRESSED:
        return _what_regressed(suite, tasks, settings)
    bound = margin.in_words(suite.bound)
    if verdict is Verdict.PASS:
        each = ", nor on any env by itself" if settings.every_task and len(tasks) > 1 else ""
        return f"the drop {everywhere} is at most {bound}, within the margin of {margin.text}{each}"
    if settings.every_task and suite.verdict is Verdict.PASS:
        open_tasks = [task.task for task in tasks if task.verdict is not Verdict.PASS]
        return f"not shown to be within the margin of {margin.text}: {named(open_tasks)}"
    may_be = f"it may be as large as {bound}" if suite.bound is not None else "nothing bounds it"
    return (
        f"no drop is shown {everywhere}, nor that it is within the margin of {margin.text}:"
        f" {may_be}"
    )


def _what_regressed(
    suite: SuiteJudgement, tasks: Sequence[TaskJudgement], settings: DropSettings
) -> str:
    margin = settings.margin
    found = sorted(
        (task for task in tasks if task.verdict is Verdict.REGRESSED),
        key=lambda task: (task.p_value or 0.0, -task.drop),
    )
    parts = [
        f"{task.task} dropped by {margin.in_words(task.drop)} (p = {task.p_value:.2g})"
        for task in found[:MOST_NAMED]
    ]
    if len(found) > MOST_NAMED:
        parts.append(f"{len(found) - MOST_NAMED} more envs dropped")
    if len(tasks) > 1 and suite.verdict is Verdict.REGRESSED:
        told = f"all envs together dropped by {margin.in_words(suite.drop)} on average"
        parts.insert(0, f"{told} (p = {suite.p_value:.2g})")
    return ", ".join(parts)


def _times(value: float | None, scale: float) -> float | None:
    return None if value is None else value * scale
