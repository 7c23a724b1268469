"""The check: a policy and a store make an outcome, with all that a report tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import ScoreError
from ..run_set import DEFAULT_INCLUDE, left_out_in_words
from ..wording import number_of
from .judgement import Judgement, Verdict
from .judging import judge
from .naming import named
from .next_runs import NextRuns, next_runs
from .policy import GatedMeasure, Policy
from .power import runs_to_decide
from .rules import BrokenRule, broken
from .scored import ScoredRun, ScoredSet, commits_in_words, envs_in_order
from .sides import Sides, two_sides
from .stages import staged, task_pairs

if TYPE_CHECKING:
    from ..run_store import RunStore

__all__ = ["CheckResult", "Gated", "check"]


@dataclass(frozen=True, slots=True)
class Gated:
    """One measure, judged. `notes` are sentences on the runs and on how they were judged.

    `next_runs` are the seeds that would help to decide, if they are known.
    """

    sides: Sides
    judgement: Judgement
    notes: tuple[str, ...]
    next_runs: tuple[NextRuns, ...] = ()

    @property
    def name(self) -> str:
        """What was measured."""
        return self.sides.measure.name

    @property
    def headline(self) -> str:
        """Verdict and reason in one line."""
        why = self.judgement.refusal or self.judgement.why
        return f"{self.judgement.verdict}: {self.name}: {why}"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found: every measure, and the rules that the runs break."""

    gated: tuple[Gated, ...]
    broken: tuple[BrokenRule, ...]
    policy: Policy

    @property
    def verdict(self) -> Verdict:
        """The worst of all: REGRESSED, then INCONCLUSIVE, then PASS."""
        verdicts = {one.judgement.verdict for one in self.gated}
        verdicts |= {one.verdict for one in self.broken}
        order = (Verdict.REGRESSED, Verdict.INCONCLUSIVE)
        return next((one for one in order if one in verdicts), Verdict.PASS)

    @property
    def exit_code(self) -> int:
        """0 for PASS, 1 for REGRESSED, 3 for INCONCLUSIVE unless the policy allows that."""
        if self.verdict is Verdict.INCONCLUSIVE and self.policy.allow_inconclusive:
            return 0
        return self.verdict.exit_code

    @property
    def headlines(self) -> tuple[str, ...]:
        """One line for each measure and each broken rule, the verdict first."""
        rules = (f"{one.verdict}: {one.name}: {one.why}" for one in self.broken)
        return (*(one.headline for one in self.gated), *rules)

    @property
    def next_runs(self) -> tuple[NextRuns, ...]:
        """The seeds to run next over all measures, each env once with the most seeds."""
        found: dict[str, NextRuns] = {}
        for one in (run for gated in self.gated for run in gated.next_runs):
            if one.env_id not in found or len(one.seeds) > len(found[one.env_id].seeds):
                found[one.env_id] = one
        return tuple(found[env] for env in envs_in_order(found))


def check(store: RunStore | None, policy: Policy) -> CheckResult:
    """Judge a candidate against a baseline as a policy says.

    `store` may be None where both sides are files. Raises UsageError, ScoreError, NoRunsError,
    BaselineError and the errors of filters and stores, each of one line.
    """
    gated = tuple(_gated(store, policy, measure) for measure in policy.measures)
    first = gated[0].sides
    return CheckResult(gated, broken(policy.rules, first.baseline, first.candidate), policy)


def _gated(store: RunStore | None, policy: Policy, measure: GatedMeasure) -> Gated:
    baseline = measure.baseline or policy.baseline
    include = policy.include or DEFAULT_INCLUDE
    sides = two_sides(store, baseline, policy.candidate, measure, include)
    envs, dropped = _envs(sides, shared=policy.shared_envs)
    settings = policy.settings(measure, sides.lower_is_better)
    if policy.two_stage:
        found = staged(sides.baseline, sides.candidate, envs, settings)
        judgement, said, lacking = found.judgement, found.said, list(found.lacking)
    else:
        judgement = judge(task_pairs(sides.baseline, sides.candidate, envs), settings)
        said, lacking = "", _lacking(sides, judgement)
    notes = tuple(note for note in (*_notes(sides, judgement), dropped, said) if note)
    return Gated(sides, judgement, notes, next_runs(sides.candidate, lacking))


def _envs(sides: Sides, *, shared: bool) -> tuple[list[str], str]:
    """The envs to judge, and what is to be said of others; raises ScoreError where they differ."""
    first, second = sides.baseline.by_env(), sides.candidate.by_env()
    only = {
        "baseline": [env for env in first if env not in second],
        "candidate": [env for env in second if env not in first],
    }
    both = [env for env in first if env in second]
    said = "; ".join(f"only the {side} has {named(envs)}" for side, envs in only.items() if envs)
    if not said or (shared and both):
        return both, f"Not judged: {said}." if said else ""
    if not both:
        raise ScoreError(f"baseline and candidate share no env: {said}")
    raise ScoreError(f"the envs differ: {said}; run what is missing, or judge with --shared-envs")


def _lacking(sides: Sides, judgement: Judgement) -> list[tuple[str, int]]:
    """The runs of the candidate on each env without which no verdict can be reached."""
    if not judgement.refusal:
        return []
    sizes = {task.task: (task.baseline_runs, task.candidate_runs) for task in judgement.tasks}
    needed = runs_to_decide([size[0] for size in sizes.values()], judgement.settings.demand)
    return [(env, needed - size[1]) for env, size in sizes.items()] if needed else []


def _notes(sides: Sides, judgement: Judgement) -> list[str]:
    """What a reader must know to believe the verdict."""
    settings = judgement.settings
    better = "lower" if sides.lower_is_better else "higher"
    split = ""
    if settings.looks * settings.shares > 1:
        parts = [
            f"{number} {what}"
            for number, what in ((settings.looks, "looks"), (settings.shares, "measures"))
            if number > 1
        ]
        split = f" ({settings.alpha:g} over {' and '.join(parts)})"
    return [
        f"Score: {sides.measure.text}; {better} is better.",
        f"Baseline: {_side(sides.baseline)}. Candidate: {_side(sides.candidate)}.",
        f"Alpha {settings.level:.3g}{split}, margin {settings.margin.text}"
        f"{' on every env' if settings.every_task else ''}; p-values are adjusted for all envs and"
        " the suite, bounds hold each by itself.",
        _power_in_words(judgement),
        left_out_in_words((*sides.baseline.left_out, *sides.candidate.left_out)),
        *_provenance(sides),
    ]


def _side(scored: ScoredSet) -> str:
    commits = commits_in_words(scored.runs)
    at = f" at {commits}" if commits else ""
    sizes = sorted({len(runs) for runs in scored.by_env().values()})
    most = number_of(sizes[-1], "run")
    each = most if len(sizes) == 1 else f"{sizes[0]} to {most}"
    return f"{scored.label}, {each} on each env{at}"


def _power_in_words(judgement: Judgement) -> str:
    settings = judgement.settings
    if judgement.suite.found is None:
        return "These numbers of runs find no drop, however large."
    told = settings.margin.in_words(judgement.suite.found)
    if len(judgement.tasks) == 1:
        return f"These runs find a drop of {told} with power {settings.power:g}."
    alone = [task.found for task in judgement.tasks if task.found is not None]
    one = (
        f", and a drop on one env alone of {settings.margin.in_words(min(alone))} to"
        f" {settings.margin.in_words(max(alone))}"
        if alone
        else ""
    )
    return (
        f"These runs find a drop of {told} on all envs at once with power {settings.power:g}{one}."
    )


def _provenance(sides: Sides) -> Iterable[str]:
    for side, scored in (("baseline", sides.baseline), ("candidate", sides.candidate)):
        if lacking := scored.without_source:
            yield (
                f"No source is recorded of {len(lacking)} of the {side}'s runs"
                f" ({named([run.run_id for run in lacking])}): it is not known what code they ran."
            )
        if repeated := _repeated(scored.runs):
            yield f"Several runs of one seed in the {side}, all counted: {named(repeated)}."
    hosts = [
        {run.host for run in one.runs if run.host} for one in (sides.baseline, sides.candidate)
    ]
    if sides.measure.name.startswith("run.") and hosts[0] != hosts[1]:
        told = [named(sorted(names)) or "unknown" for names in hosts]
        yield (
            f"Baseline and candidate ran on different machines ({told[0]}; {told[1]}): that alone"
            f" may change {sides.measure.name}."
        )


def _repeated(runs: Sequence[ScoredRun]) -> list[str]:
    counts = Counter((run.env_id, run.seed) for run in runs if run.seed is not None)
    return [f"seed {seed} on {env}" for (env, seed), count in counts.items() if count > 1]
