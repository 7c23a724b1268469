"""The files of `orbench rlops`: which there are, and what their names are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from orbench.errors import UsageError

from .output import note, print_text
from .rlops_options import PlotFlags, RliableFlags

if TYPE_CHECKING:
    from orbench.plotting import AnyFigure, IntervalSettings, Look, Table
    from orbench.rlops import CurveOptions, Normalised, SetResult

__all__ = ["RlopsFiles"]

_LEAST_REPS = 100
_CURVE_FORMATS = ("png", "pdf", "svg")
_AGGREGATE_FORMATS = ("png", "pdf")


@dataclass(frozen=True, slots=True)
class _Drawing:
    """A figure to be drawn and written as STEM and `name`, its numbers perhaps under another."""

    name: str
    figure: AnyFigure
    formats: Sequence[str]
    look: Look
    numbers: str | None = None


@dataclass(frozen=True, slots=True)
class RlopsFiles:
    """Writes what one comparison gives; every path begins with `stem`, and is printed."""

    stem: str
    results: Sequence[SetResult]
    envs: Sequence[str]
    options: CurveOptions
    pc: PlotFlags
    seed: int

    def write(self, rc: RliableFlags | None) -> None:
        """Write tables and curves, and what `rc` asks for, once all of it has been computed.

        STEM.md and .csv have the scores, STEM_runtimes the run times. Figures come with their
        captions (.txt) and numbers (.csv, .json); those of STEM.png are STEM_curves.
        """
        from orbench.plotting import rlops_run_times, rlops_scores

        tables = {
            "": rlops_scores(self.results, self.envs),
            "_runtimes": rlops_run_times(self.results, self.envs, self.options),
        }
        drawings = [*self._curves(), *(self._aggregates(rc) if rc else ())]
        for name, table in tables.items():
            self._write_table(name, table)
        for drawing in drawings:
            self._write_figure(drawing)

    def _curves(self) -> Iterator[_Drawing]:
        """STEM over steps and STEM-time over time."""
        from orbench.plotting import rlops_curves

        made = (self.results, self.envs, self.options)
        steps = rlops_curves(*made, y_label=self.pc.ylabel, x_label=self.pc.xlabel)
        # The table of scores is STEM.csv.
        yield _Drawing("", steps, _CURVE_FORMATS, self._look(), numbers="_curves")
        times = rlops_curves(*made, y_label=self.pc.ylabel)
        yield _Drawing("-time", times, _CURVE_FORMATS, self._look())

    def _aggregates(self, rc: RliableFlags) -> Iterator[_Drawing]:
        """What `--rliable` makes: sample efficiency, performance profile and aggregates."""
        from orbench.plotting import rlops_aggregates, rlops_profiles
        from orbench.rlops import normalised_results

        usual = RliableFlags()
        scores = normalised_results(self.results, rc.score_normalization_method)
        if rc.sample_efficiency_plots:
            how = self._intervals(rc, rc.efficiency_reps, usual.efficiency_reps)
            yield from self._efficiency(scores, rc, how)
        if rc.performance_profile_plots:
            how = self._intervals(rc, rc.profile_reps, usual.profile_reps)
            profiles = rlops_profiles(scores, rc.normalized_score_threshold, how)
            yield _Drawing("_performance_profile", profiles, _AGGREGATE_FORMATS, self._alike())
        if rc.aggregate_metrics_plots:
            how = self._intervals(rc, rc.aggregate_reps, usual.aggregate_reps)
            aggregates = rlops_aggregates(scores, how)
            yield _Drawing("_aggregate", aggregates, _AGGREGATE_FORMATS, self._alike())

    def _efficiency(
        self, scores: Normalised, rc: RliableFlags, how: IntervalSettings
    ) -> Iterator[_Drawing]:
        from orbench.plotting import rlops_bands, rlops_efficiency, rlops_walltime_efficiency
        from orbench.rlops import STATISTIC_NAMES, efficiency_statistic

        size = _size(rc.sample_efficiency_figsize)
        statistic = efficiency_statistic(rc.efficiency_method)
        panel = (size[0] / 2, size[1] / 2) if size else None
        look = replace(self._alike(), columns=2, panel=panel, share_x=self.pc.sharex)
        bands = rlops_bands(scores.over_steps, tuple(STATISTIC_NAMES.values()), how)
        figure = rlops_efficiency(scores, bands, how, x_label=self.pc.xlabel)
        yield _Drawing("_sample_efficiency", figure, _AGGREGATE_FORMATS, look)
        if statistic is not None:
            both = rlops_walltime_efficiency(scores, bands, statistic, how, self.options.time_unit)
            name = "_sample_walltime_efficiency"
            yield _Drawing(name, both, _AGGREGATE_FORMATS, self._alike())

    def _intervals(self, rc: RliableFlags, reps: int, usual: int) -> IntervalSettings:
        """How intervals are made; for too few replicates, as 10 in their examples, the default."""
        from orbench.plotting import IntervalSettings

        if reps < 1:
            raise UsageError(f"a number of bootstrap replicates is 1 or more, not {reps}")
        if reps < _LEAST_REPS:
            note(
                f"orbench: note: {reps} bootstrap replicates make no interval; {usual:,} are drawn"
            )
            reps = usual
        return IntervalSettings(rc.interval, reps=reps, seed=self.seed)

    def _look(self) -> Look:
        """How curves are drawn: as `--pc` says."""
        pc = self.pc
        if min(pc.cm, pc.rm) <= 0:
            raise UsageError(f"--pc.cm and --pc.rm are inches above 0, not {pc.cm} and {pc.rm}")
        return replace(
            self._alike(),
            columns=pc.ncols,
            panel=(pc.cm, pc.rm),
            share_x=pc.sharex,
            gaps=(pc.hspace, pc.wspace),
        )

    def _alike(self) -> Look:
        """What all figures have in common: a set has one colour in all of them."""
        from orbench.plotting import Look

        labels = tuple(one.label for one in self.results)
        return Look(labels=labels, legend_columns=self.pc.ncols_legend)

    def _write_table(self, name: str, table: Table) -> None:
        from orbench.plotting import render_table

        for suffix, form in ((".md", "markdown"), (".csv", "csv")):
            self._write(f"{name}{suffix}", render_table(table, form).encode())

    def _write_figure(self, drawing: _Drawing) -> None:
        from orbench.plotting import figure_files

        files = figure_files(drawing.figure, formats=drawing.formats, look=drawing.look)
        for suffix, content in files.items():
            of_numbers = suffix in (".csv", ".json") and drawing.numbers is not None
            self._write(f"{drawing.numbers if of_numbers else drawing.name}{suffix}", content)

    def _write(self, ending: str, content: bytes) -> None:
        from orbench.plotting import write_file

        path = Path(f"{self.stem}{ending}")
        write_file(path, content)
        print_text([str(path)])


def _size(values: str | None) -> tuple[float, float] | None:
    """Width and height in inches, as the command line gave them."""
    if values is None:
        return None
    try:
        width, height = (float(value) for value in json.loads(values))
    except ValueError:
        width = height = 0.0
    if not min(width, height) > 0:
        raise UsageError(
            "--rc.sample-efficiency-figsize is a width and a height in inches, like 14 6.8"
        )
    return width, height
