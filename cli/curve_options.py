"""The options of figures whose lines run over training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from .plot_options import Picture, RepsOption, Scoring, Selected
from .statistics_options import LevelOption, SeedOption

if TYPE_CHECKING:
    from orbench.normalisation import Normaliser
    from orbench.run import RunRecord
    from orbench.stats import LearningCurves

__all__ = ["CurveBands", "CurveLook", "TrainingLines"]

_LogX = Annotated[bool, typer.Option("--log-x", help="A logarithmic horizontal axis.")]
_LogY = Annotated[bool, typer.Option("--log-y", help="A logarithmic vertical axis.")]
_Smooth = Annotated[
    int,
    typer.Option(
        "--smooth", metavar="ROWS", help="Rolling mean over this many rows of a run; 1 is none."
    ),
]


@dataclass(frozen=True, slots=True)
class CurveBands:
    """How the bands of curves are made."""

    interval: Annotated[
        str,
        typer.Option(
            "--interval", metavar="METHOD", help="The band: calibrated, percentile, std or none."
        ),
    ] = "calibrated"
    level: LevelOption = 0.95
    reps: RepsOption = 2000
    seed: SeedOption = 0


@dataclass(frozen=True, slots=True)
class TrainingLines:
    """How lines over training are made."""

    over: Annotated[str, typer.Option("--over", metavar="AXIS", help="step or wall-time.")] = "step"
    smooth: _Smooth = 1
    points: Annotated[
        int, typer.Option("--points", metavar="N", help="At most this many points a line.")
    ] = 200
    log_x: _LogX = False
    log_y: _LogY = False

    def read(
        self, selected: Selected, scoring: Scoring
    ) -> tuple[list[RunRecord], LearningCurves, Normaliser | None]:
        """The runs, their learning curves (without bands), and the normaliser asked for."""
        from orbench.stats import CurveSettings, learning_curves

        settings = CurveSettings(
            interval="none",
            smoothing=self.smooth,
            points=self.points,
            over=self.over.replace("-", " "),
        )
        runs, series = selected.read()
        curves = learning_curves(
            runs,
            series,
            group_by=selected.group_by,
            include=selected.included,
            settings=settings,
        )
        return runs, curves, scoring.normaliser(selected, runs, series)


@dataclass(frozen=True, slots=True)
class CurveLook:
    """How curves are made and drawn, besides their bands."""

    aggregate: Annotated[
        str, typer.Option("--aggregate", metavar="NAME", help="The line: mean, median or iqm.")
    ] = "mean"
    smooth: _Smooth = 1
    points: Annotated[
        int | None,
        typer.Option(
            "--points", metavar="N", help="At most this many points a line; by default fits."
        ),
    ] = None
    each_run: Annotated[
        bool, typer.Option("--runs", help="Draw the single runs too, as thin lines.")
    ] = False
    y_label: Annotated[
        str, typer.Option("--y-label", metavar="TEXT", help="By default the metric's name.")
    ] = ""
    log_x: _LogX = False
    log_y: _LogY = False

    def draw(self, selected: Selected, bands: CurveBands, picture: Picture, *, over: str) -> None:
        """Draw learning curves over steps or wall time, and write them."""
        from orbench.plotting import on_log_axes, plot_curves

        runs, series = selected.read()
        figure = plot_curves(
            runs,
            series,
            group_by=selected.group_by,
            include=selected.included,
            aggregate=self.aggregate,
            interval=bands.interval,
            level=bands.level,
            smoothing=self.smooth,
            points=self.points,
            reps=bands.reps,
            seed=bands.seed,
            over=over,
            each_run=self.each_run,
            title=picture.title,
            y_label=self.y_label,
        )
        picture.save(on_log_axes(figure, x=self.log_x, y=self.log_y), selected.labels(runs))
