"""How run sets are compared: every choice that a number of a comparison depends on."""

from __future__ import annotations

from dataclasses import dataclass

from .repeats import DEFAULT_REPEATS, RepeatRule
from .run_set import DEFAULT_INCLUDE
from .selection import DEFAULT_SELECTION, Selection
from .stats import CURVE_INTERVALS, DEFAULT_STATISTICS, CurveSettings

__all__ = ["ComparisonSettings"]


@dataclass(frozen=True, slots=True)
class ComparisonSettings:
    """How run sets are compared; every field stands in a caption.

    `best` says which scores are: highest, lowest, or none, for which rank 1 is the highest.

    `normalise` names a normaliser (see `orbench.normalisation`), empty for scores in the units
    logged. `statistics` are over envs, none for those that suit the scores. `reps` are the
    replicates of scores, `curve_reps` those of curves and profiles, which have many points.
    `smoothing` is a rolling mean over rows, `points` the most points of a curve.
    """

    metric: str
    group_by: tuple[str, ...] = ("exp_name",)
    include: tuple[str, ...] = tuple(map(str, DEFAULT_INCLUDE))
    select: Selection = DEFAULT_SELECTION
    repeats: RepeatRule = DEFAULT_REPEATS
    normalise: str = ""
    statistics: tuple[str, ...] = ()
    method: str = "calibrated"
    level: float = 0.95
    reps: int = 50_000
    curve_reps: int = 2000
    seed: int = 0
    engine: str = "numpy"
    best: str = "highest"
    smoothing: int = 1
    points: int = 400

    @property
    def over_envs(self) -> tuple[str, ...]:
        """The statistics over envs: those asked for, or what suits the scores.

        An optimality gap needs a scale on which 1 is something to fall short of.
        """
        gap = ("optimality_gap",) if self.normalise else ()
        return self.statistics or (*DEFAULT_STATISTICS, *gap)

    @property
    def efficiency_statistic(self) -> str:
        """The statistic of sample efficiency: the first asked for, or the IQM."""
        return self.statistics[0] if self.statistics else "iqm"

    def curves(self, over: str) -> CurveSettings:
        """The settings of curves over steps or wall time.

        An interval method that curves do not have gives way to the percentile bootstrap.
        """
        return CurveSettings(
            interval=self.method if self.method in CURVE_INTERVALS else "percentile",
            level=self.level,
            smoothing=self.smoothing,
            points=self.points,
            reps=self.curve_reps,
            seed=self.seed,
            over=over,
        )
