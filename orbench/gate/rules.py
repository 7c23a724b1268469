"""Rules of a policy besides the drop: small objects, each of which says why it failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..run import RunStatus
from .judgement import Verdict
from .naming import named
from .scored import ScoredSet

__all__ = ["BrokenRule", "MaxDuration", "MaxFailed", "MinRuns", "RequiredEnvs", "Rule", "broken"]

_ENDED_BADLY = (RunStatus.FAILED, RunStatus.KILLED, RunStatus.LOST)


class Rule(Protocol):
    """Looks at the runs of both sides."""

    @property
    def name(self) -> str:
        """The key in a policy."""
        ...

    @property
    def verdict(self) -> Verdict:
        """What can be said of a candidate that breaks the rule."""
        ...

    def __call__(self, baseline: ScoredSet, candidate: ScoredSet) -> str:
        """One sentence on why the rule is broken, or nothing."""
        ...


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule that the runs break, and the sentence that says why."""

    name: str
    verdict: Verdict
    why: str


@dataclass(frozen=True, slots=True)
class MinRuns:
    """Both sides have this many runs on each env that counts."""

    runs: int
    name: str = "min-runs"
    verdict: Verdict = Verdict.INCONCLUSIVE

    def __call__(self, baseline: ScoredSet, candidate: ScoredSet) -> str:
        """Names the envs with fewer."""
        few = [
            f"{side} {len(runs)} on {env}"
            for side, scored in (("baseline", baseline), ("candidate", candidate))
            for env, runs in scored.by_env().items()
            if len(runs) < self.runs
        ]
        return f"at least {self.runs} runs on each env are asked for: {named(few)}" if few else ""


@dataclass(frozen=True, slots=True)
class MaxFailed:
    """At most this share of the candidate's runs ended badly."""

    share: float
    name: str = "max-failed"
    verdict: Verdict = Verdict.REGRESSED

    def __call__(self, baseline: ScoredSet, candidate: ScoredSet) -> str:
        """Counts them, and names some."""
        bad = [run for run in candidate.left_out if run.reason in _ENDED_BADLY]
        total = len(candidate.runs) + len(candidate.left_out)
        if not total or len(bad) <= self.share * total:
            return ""
        told = named([f"{run.run_id} on {run.env_id} {run.reason}" for run in bad])
        return (
            f"{len(bad)} of the candidate's {total} runs did not finish, more than"
            f" {100 * self.share:g}%: {told}"
        )


@dataclass(frozen=True, slots=True)
class RequiredEnvs:
    """The candidate was run on these envs."""

    envs: tuple[str, ...]
    name: str = "envs"
    verdict: Verdict = Verdict.INCONCLUSIVE

    def __call__(self, baseline: ScoredSet, candidate: ScoredSet) -> str:
        """Names the envs that are missing."""
        there = candidate.by_env()
        missing = [env for env in self.envs if env not in there]
        return f"the candidate has no run on {named(missing)}, as asked for" if missing else ""


@dataclass(frozen=True, slots=True)
class MaxDuration:
    """No run of the candidate took longer than this many seconds."""

    seconds: float
    name: str = "max-duration"
    verdict: Verdict = Verdict.REGRESSED

    def __call__(self, baseline: ScoredSet, candidate: ScoredSet) -> str:
        """Names the runs that took longer."""
        long = [
            f"{run.run_id} on {run.env_id} took {run.duration:.0f} s"
            for run in candidate.runs
            if run.duration is not None and run.duration > self.seconds
        ]
        return f"runs may take {self.seconds:g} s: {named(long)}" if long else ""


def broken(
    rules: Sequence[Rule], baseline: ScoredSet, candidate: ScoredSet
) -> tuple[BrokenRule, ...]:
    """The rules that the runs break."""
    said = ((rule, rule(baseline, candidate)) for rule in rules)
    return tuple(BrokenRule(rule.name, rule.verdict, why) for rule, why in said if why)
