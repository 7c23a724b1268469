"""Measures: what of a run is gated, a metric it logged or what it took to train.

A measure gives one number a run. Names that start with `run.` are of the run itself; every other
name is a metric that it logged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..errors import ScoreError, UsageError, near
from ..metric import SYSTEM_PREFIX, SeriesSummary
from ..repeats import DEFAULT_REPEATS, RepeatRule, parse_repeats
from ..run import RunRecord
from ..run_set import RunSet
from ..score import score_matrix
from ..selection import parse_selection

if TYPE_CHECKING:
    from ..run_store import RunStore

__all__ = ["DEFAULT_SELECT", "RUN_MEASURES", "Measure", "measure_named"]

DEFAULT_SELECT = "last-10%"

_RUN = "run."
_MEMORY = f"{SYSTEM_PREFIX}process_rss_bytes"


class Measure(Protocol):
    """Gives each run one number."""

    @property
    def name(self) -> str:
        """What is measured, as one asks for it."""
        ...

    @property
    def selection(self) -> str:
        """How a run's series becomes one number, as one asks for it; empty where there is none."""
        ...

    @property
    def text(self) -> str:
        """How the number is made, as a caption says it."""
        ...

    @property
    def lower_is_better(self) -> bool:
        """Whether lower numbers are better unless one says otherwise."""
        ...

    def scores(self, store: RunStore, runs: Sequence[RunRecord]) -> Mapping[str, float]:
        """The number of each run, by run id; runs that have none are left out.

        Raises ScoreError for one that is not finite.
        """
        ...


@dataclass(frozen=True, slots=True)
class LoggedMetric:
    """A metric that runs logged, by a selection rule."""

    name: str
    selection: str = DEFAULT_SELECT
    repeats: RepeatRule = DEFAULT_REPEATS

    @property
    def text(self) -> str:
        """The rule as a caption says it."""
        return f"{parse_selection(self.selection).text} ({self.name})"

    @property
    def lower_is_better(self) -> bool:
        """Higher is better, unless the lowest value is what is asked for."""
        return self.selection == "lowest"

    def scores(self, store: RunStore, runs: Sequence[RunRecord]) -> Mapping[str, float]:
        """The score of every run with points of the metric."""
        ids = [run.run_id for run in runs]
        series = {one.run_id: one for one in store.series(ids, self.name)}
        given = RunSet("", tuple(runs))
        every = tuple({run.status for run in runs})
        rule = parse_selection(self.selection)
        matrix = score_matrix(given, series, self.name, rule, every, self.repeats)
        return {
            run_id: float(score)
            for column in matrix.tasks
            for run_id, score in zip(column.run_ids, column.scores, strict=True)
        }


@dataclass(frozen=True, slots=True)
class RunDuration:
    """The wall time of a run in seconds."""

    name: str = "run.duration"
    selection: str = ""
    text: str = "the seconds from the start of a run to its end"
    lower_is_better: bool = True

    def scores(self, store: RunStore, runs: Sequence[RunRecord]) -> Mapping[str, float]:
        """The durations."""
        return {run.run_id: run.duration for run in runs if run.duration is not None}


@dataclass(frozen=True, slots=True)
class StepsPerSecond:
    """The steps that a run logged over the seconds it took to get there."""

    name: str = "run.steps_per_second"
    selection: str = ""
    text: str = "the last step that a run logged over the seconds from its start to then"
    lower_is_better: bool = False

    def scores(self, store: RunStore, runs: Sequence[RunRecord]) -> Mapping[str, float]:
        """The rates of all runs that logged a step above 0."""
        ids = [run.run_id for run in runs]
        names = [name for name in store.metric_names() if not name.startswith(SYSTEM_PREFIX)]
        last: dict[str, SeriesSummary] = {}
        for one in store.summaries(ids, names):
            if one.run_id not in last or one.last_step > last[one.run_id].last_step:
                last[one.run_id] = one
        found = {}
        for run in runs:
            if run.run_id in last:
                seconds = last[run.run_id].last_wall_time - run.started
                if seconds > 0 and last[run.run_id].last_step > 0:
                    found[run.run_id] = last[run.run_id].last_step / seconds
        return found


@dataclass(frozen=True, slots=True)
class PeakMemory:
    """The most resident memory that a run's processes had when they were looked at, in MiB."""

    name: str = "run.memory"
    selection: str = ""
    text: str = f"the largest {_MEMORY} of a run, in MiB"
    lower_is_better: bool = True

    def scores(self, store: RunStore, runs: Sequence[RunRecord]) -> Mapping[str, float]:
        """The peaks of all runs whose system metrics were sampled."""
        found = {
            one.run_id: one.maximum / 2**20
            for one in store.summaries([run.run_id for run in runs], [_MEMORY])
        }
        for run_id, peak in found.items():
            if not math.isfinite(peak):
                raise ScoreError(f"{_MEMORY} of run {run_id} is {peak}; leave the run out")
        return found


RUN_MEASURES: Mapping[str, Measure] = {
    one.name: one for one in (RunDuration(), StepsPerSecond(), PeakMemory())
}
"""What is measured of runs besides what they log."""


def measure_named(name: str, select: str = DEFAULT_SELECT, repeats: str = "keep") -> Measure:
    """The measure of this name; `select` and `repeats` are rules for a metric that was logged.

    Raises UsageError for an unknown name after `run.` and for rules that do not parse.
    """
    if name.startswith(_RUN):
        if name in RUN_MEASURES:
            return RUN_MEASURES[name]
        raise UsageError(
            f"nothing of a run is called '{name}'; there are {', '.join(RUN_MEASURES)}"
            f"{near(name, RUN_MEASURES)}"
        )
    parse_selection(select)
    return LoggedMetric(name, select, parse_repeats(repeats))
