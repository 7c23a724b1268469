"""The options of every figure: which runs, what a score is, how it is redrawn, how it looks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .opening import opened_store
from .options import FilterArguments, StoreOption, where_from
from .output import note, print_text
from .statistics_options import (
    ByOption,
    EngineOption,
    IncludeOption,
    LevelOption,
    MetricOption,
    NormaliseOption,
    RepeatsOption,
    SeedOption,
    SelectOption,
    names_or,
    runs_and_series,
)

if TYPE_CHECKING:
    from orbench.metric import Series
    from orbench.normalisation import Normaliser
    from orbench.plotting import AnyFigure, IntervalSettings
    from orbench.run import RunRecord
    from orbench.score import ScoreMatrix

__all__ = [
    "Picture",
    "Redrawn",
    "RedrawnByEngine",
    "RedrawnOften",
    "RepsOption",
    "Scoring",
    "Selected",
]

RepsOption = Annotated[int, typer.Option("--reps", metavar="N", help="How often runs are redrawn.")]


@dataclass(frozen=True, slots=True)
class Selected:
    """The runs of a figure, their metric and what makes a run set of them."""

    metric: MetricOption
    where: FilterArguments = None
    by: ByOption = None
    include: IncludeOption = None
    store_url: StoreOption = None

    @property
    def group_by(self) -> tuple[str, ...]:
        """The keys that make run sets."""
        return names_or(self.by, ("exp_name",))

    @property
    def included(self) -> tuple[str, ...]:
        """The states that count."""
        from orbench.run_set import DEFAULT_INCLUDE

        return names_or(self.include, DEFAULT_INCLUDE)

    def read(self) -> tuple[list[RunRecord], list[Series]]:
        """The runs and their series; raises NoRunsError and MetricNotFoundError."""
        with opened_store(self.store_url) as store:
            return runs_and_series(store, where_from(self.where), self.metric)

    def labels(self, runs: list[RunRecord]) -> tuple[str, ...]:
        """The labels of all run sets: their order decides the colours, whatever is drawn."""
        from orbench.run_set import group_runs

        return tuple(one.label for one in group_runs(runs, self.group_by))


@dataclass(frozen=True, slots=True)
class Scoring:
    """What the score of a run is."""

    select: SelectOption = "last-10%"
    repeats: RepeatsOption = "keep"
    normalise: NormaliseOption = ""

    def read(self, selected: Selected) -> tuple[list[RunRecord], tuple[ScoreMatrix, ...]]:
        """The runs, and the score matrices of their run sets, normalised if asked for."""
        from orbench.normalisation import normalised

        runs, series = selected.read()
        matrices = self._matrices(selected, runs, series)
        return runs, normalised(matrices, self.normalise) if self.normalise else matrices

    def normaliser(
        self, selected: Selected, runs: list[RunRecord], series: list[Series]
    ) -> Normaliser | None:
        """The normaliser asked for, None for scores in the units logged."""
        from orbench.normalisation import normaliser

        if not self.normalise:
            return None
        return normaliser(self.normalise, self._matrices(selected, runs, series))

    def _matrices(
        self, selected: Selected, runs: list[RunRecord], series: list[Series]
    ) -> tuple[ScoreMatrix, ...]:
        from orbench.repeats import parse_repeats
        from orbench.score import score_matrices
        from orbench.selection import parse_selection

        return score_matrices(
            runs,
            series,
            metric=selected.metric,
            group_by=selected.group_by,
            select=parse_selection(self.select),
            include=selected.included,
            repeats=parse_repeats(self.repeats),
        )


@dataclass(frozen=True, slots=True)
class Redrawn:
    """How intervals are made by redrawing runs."""

    interval: Annotated[
        str,
        typer.Option(
            "--interval",
            metavar="METHOD",
            help="How intervals are made: calibrated, percentile, basic, bc or bca.",
        ),
    ] = "calibrated"
    level: LevelOption = 0.95
    reps: RepsOption = 2000
    seed: SeedOption = 0

    @property
    def settings(self) -> IntervalSettings:
        """The same as figures take it."""
        from orbench.plotting import IntervalSettings

        return IntervalSettings(self.interval, self.level, self.reps, self.seed)


@dataclass(frozen=True, slots=True)
class RedrawnByEngine(Redrawn):
    """The same where another engine can do it."""

    engine: EngineOption = "numpy"

    @property
    def settings(self) -> IntervalSettings:
        """The same as figures take it."""
        from orbench.plotting import IntervalSettings

        return IntervalSettings(self.interval, self.level, self.reps, self.seed, self.engine)


@dataclass(frozen=True, slots=True)
class RedrawnOften(RedrawnByEngine):
    """The same with as many replicates as an aggregate deserves."""

    reps: RepsOption = 50_000


@dataclass(frozen=True, slots=True)
class Picture:
    """Where a figure is written, and how it looks."""

    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FILE", help="Where to write; its suffix is a format."),
    ]
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", "-f", metavar="FORMAT", help="png, svg or pdf; repeatable."),
    ] = None
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="A title.")] = ""
    theme: Annotated[str, typer.Option("--theme", metavar="NAME", help="light or dark.")] = "light"
    width: Annotated[
        str | None,
        typer.Option("--width", metavar="NAME", help="single or double column; by default fits."),
    ] = None
    columns: Annotated[
        int | None, typer.Option("--columns", metavar="N", min=1, help="Panels side by side.")
    ] = None

    def save(self, figure: AnyFigure, labels: tuple[str, ...]) -> None:
        """Write the figure, print the paths of all files, and note its caption."""
        from orbench.plotting import Look, save_figure

        look = Look(self.theme, self.width, self.columns, labels)
        paths = save_figure(figure, self.out, formats=self.formats or (), look=look)
        print_text(map(str, paths))
        note(figure.caption)
