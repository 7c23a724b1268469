"""Planning: how many seeds for which drop, from the spread that runs had before.

`plan` answers with a table: the drops that so many runs on each env find, on all envs at once and
on the env where it is hardest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import ScoreError, UsageError
from .drops import TaskPair, TaskScale
from .judgement import DropSettings
from .margin import Margin, MarginUnit
from .power import TaskSpread, found_drop, found_on_one_task, runs_needed
from .scored import ScoredSet

__all__ = ["DEFAULT_RUNS", "Plan", "PlanRow", "plan", "spreads_of", "stated_spreads"]

DEFAULT_RUNS = (3, 5, 8, 10, 15, 20, 30)
"""The numbers of runs that a plan has rows for."""


@dataclass(frozen=True, slots=True)
class PlanRow:
    """What `candidate` runs on each env find against `baseline` runs, in the unit of the plan.

    `everywhere` is a drop on all envs at once, `alone` a drop on the env with the largest spread;
    None where no drop is found, however large.
    """

    baseline: int
    candidate: int
    everywhere: float | None
    alone: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What numbers of runs can find, and the runs that one drop needs.

    `runs_everywhere` and `runs_alone` are None where no number of runs that anybody would start
    finds `drop`; both are None without a drop as well.
    """

    spreads: Mapping[str, TaskSpread]
    settings: DropSettings
    rows: tuple[PlanRow, ...]
    drop: Margin | None
    runs_everywhere: int | None
    runs_alone: int | None

    @property
    def hardest(self) -> str:
        """The env with the largest spread in the unit of the plan."""
        return max(
            self.spreads, key=lambda env: self.spreads[env].deviation / self.spreads[env].unit
        )


def spreads_of(scored: ScoredSet, unit: MarginUnit) -> dict[str, TaskSpread]:
    """The spread of runs on every env.

    Raises ScoreError for envs with one run, and for units that mean nothing there.
    """
    found = {}
    for env, runs in scored.by_env().items():
        scores = np.array([run.score for run in runs])
        if len(scores) < 2:
            raise ScoreError(
                f"there is one run on {env}: its spread is not known; run more seeds, or give --sd"
            )
        scale = TaskScale.of(TaskPair(env, scores, scores), unit)
        found[env] = TaskSpread(float(scores.std(ddof=1)), scale.unit)
    return found


def stated_spreads(
    deviation: float, mean: float | None, tasks: int, unit: MarginUnit
) -> dict[str, TaskSpread]:
    """The same spread on so many envs, as a user states it; raises UsageError."""
    if not (deviation > 0 and math.isfinite(deviation)):
        raise UsageError(f"a standard deviation is a number above 0, not {deviation:g}")
    if tasks < 1:
        raise UsageError(f"the number of envs is a number from 1, not {tasks}")
    if unit is MarginUnit.PERCENT and not mean:
        raise UsageError("a drop in % is a part of a mean: give --mean with --sd")
    units = {MarginUnit.PERCENT: abs(mean or 1.0), MarginUnit.SD: deviation, MarginUnit.SCORE: 1.0}
    names = [f"env {number}" for number in range(1, tasks + 1)]
    return dict.fromkeys(names, TaskSpread(deviation, units[unit]))


def plan(
    spreads: Mapping[str, TaskSpread],
    settings: DropSettings,
    *,
    runs: Sequence[int] = DEFAULT_RUNS,
    baseline: int | None = None,
    drop: Margin | None = None,
) -> Plan:
    """What numbers of runs find on envs with these spreads.

    The baseline has `baseline` runs on each env, None for as many as the candidate. `settings`
    has alpha, power and the unit (of its margin). Raises UsageError for fewer than 2 runs.
    """
    if few := [number for number in (*runs, baseline or 2) if number < 2]:
        raise UsageError(f"a side has at least 2 runs on each env, not {few[0]}")
    if drop is not None and drop.unit is not settings.margin.unit:
        settings = replace(settings, margin=drop)
    every = tuple(spreads.values())
    demand = settings.demand
    told = settings.margin.scale
    hardest = max(every, key=lambda one: one.deviation / one.unit)
    rows = []
    for candidate in sorted(set(runs)):
        size = (baseline or candidate, candidate)
        everywhere = found_drop(every, [size] * len(every), demand)
        alone = found_on_one_task(hardest, size, len(every), demand)
        rows.append(PlanRow(*size, _told(everywhere, told), _told(alone, told)))
    needed: list[int | None] = [None, None]
    if drop is not None:
        needed = [
            runs_needed(every, drop.size / told, baseline=baseline, demand=demand, on_one=on_one)
            for on_one in (False, True)
        ]
    return Plan(dict(spreads), settings, tuple(rows), drop, *needed)


def _told(value: float | None, scale: float) -> float | None:
    return None if value is None else value * scale
