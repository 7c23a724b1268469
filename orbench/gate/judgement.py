"""The judgement: the verdict on a candidate, over the suite and on each task, with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..errors import UsageError
from ..stats.draws import Seed
from .margin import DEFAULT_MARGIN, Margin
from .power import Demand

__all__ = ["DropSettings", "Judgement", "SuiteJudgement", "TaskJudgement", "Verdict"]

_FEWEST_RELABELLINGS = 999


class Verdict(StrEnum):
    """What can be said of a candidate. Not to be found worse is not to be shown as good."""

    PASS = "PASS"  # noqa: S105 - no password
    """The drop is within the margin, and that is shown."""
    REGRESSED = "REGRESSED"
    """A drop is shown, and not that it is within the margin."""
    INCONCLUSIVE = "INCONCLUSIVE"
    """Neither is shown."""

    @property
    def exit_code(self) -> int:
        """What a command ends with: 0, 1 or 3."""
        return {Verdict.PASS: 0, Verdict.REGRESSED: 1, Verdict.INCONCLUSIVE: 3}[self]


@dataclass(frozen=True, slots=True)
class DropSettings:
    """How drops are judged.

    `margin` is the largest drop that does not matter; with `every_task` a PASS needs each task to
    be within it, else their mean. `alpha` is the chance of a false alarm and, for a PASS, of a
    larger drop; it is split evenly over `looks`, at the data as they come in, and over the
    `shares` of a check that judges several metrics. `relabellings` are drawn by `seed` where there
    are more. Raises UsageError.
    """

    margin: Margin = DEFAULT_MARGIN
    alpha: float = 0.05
    every_task: bool = False
    lower_is_better: bool = False
    looks: int = 1
    shares: int = 1
    power: float = 0.8
    relabellings: int = 20_000
    seed: Seed = 0

    def __post_init__(self) -> None:
        if not 0 < self.alpha <= 0.5:
            raise UsageError(f"alpha is above 0 and at most 0.5, not {self.alpha:g}; as in 0.05")
        if not 0 < self.power < 1:
            raise UsageError(f"power is between 0 and 1, not {self.power:g}; as in 0.8")
        if self.looks < 1:
            raise UsageError(f"the number of looks is a number from 1, not {self.looks}")
        if self.relabellings < _FEWEST_RELABELLINGS:
            raise UsageError(
                f"{self.relabellings} permutations are too few; give {_FEWEST_RELABELLINGS} or more"
            )

    @property
    def level(self) -> float:
        """The alpha of one look at one metric."""
        return self.alpha / (self.looks * self.shares)

    @property
    def demand(self) -> Demand:
        """What is asked of numbers of runs."""
        return Demand(self.level, self.power, self.relabellings)

    @property
    def size(self) -> float:
        """The margin as the tests take it: a percentage as a fraction."""
        return self.margin.size / self.margin.scale


@dataclass(frozen=True, slots=True)
class TaskJudgement:
    """One task. Means are in the units of the score; drops are in those of the margin.

    A drop is positive where the candidate is worse. `bound` is what the drop is below, at the level
    of one look; `found` is the drop that these runs find with the power asked for. Either is None
    where there is none. `p_value` is adjusted for all tasks and the suite.
    """

    task: str
    baseline_runs: int
    candidate_runs: int
    baseline_mean: float
    candidate_mean: float
    drop: float
    bound: float | None
    p_value: float | None
    found: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class SuiteJudgement:
    """All tasks: the mean of their drops, and as in `TaskJudgement` otherwise.

    `found` is the drop on all tasks at once that these runs find.
    """

    drop: float
    bound: float | None
    p_value: float | None
    found: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a candidate and all that it rests on; `why` says it in a sentence.

    `refusal` says why the runs cannot decide, if so, and what would do.
    """

    verdict: Verdict
    why: str
    suite: SuiteJudgement
    tasks: tuple[TaskJudgement, ...]
    settings: DropSettings
    refusal: str = ""

    @property
    def regressed(self) -> Sequence[TaskJudgement]:
        """The tasks on which a drop is shown, the surest first."""
        found = [task for task in self.tasks if task.verdict is Verdict.REGRESSED]
        return sorted(found, key=lambda task: (task.p_value or 0.0, -task.drop))
