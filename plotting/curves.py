"""Figures of lines with bands, as data: panels, lines, caption and numbers, before any drawing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .axis import Axis, logarithmic
from .tables import Cell, Column, Table

__all__ = ["CurveLine", "CurvesFigure", "Panel", "RunLine", "counted_legend", "on_log_axes"]

FloatArray = NDArray[np.float64]

# A band may reach this many times the range of the lines beyond them before the axis cuts it: the
# honest band of two runs can be ten times as high as anything they did.
_BAND_REACH = 0.5


@dataclass(frozen=True, slots=True)
class RunLine:
    """A single run, to be drawn thinly: float64 (points) each."""

    run_id: str
    x: FloatArray
    values: FloatArray


@dataclass(frozen=True, slots=True)
class CurveLine:
    """One line: float64 (points) each; `low` and `high` are None where there is no band.

    `n` is the number of runs behind it; `runs` has those to draw as well, often none.
    """

    label: str
    x: FloatArray
    values: FloatArray
    low: FloatArray | None
    high: FloatArray | None
    n: int
    runs: tuple[RunLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """The lines of one env or statistic, below a title that may be shorter than its name."""

    name: str
    title: str
    lines: tuple[CurveLine, ...]

    def y_range(self, axis: Axis) -> tuple[float, float]:
        """The ends of the vertical axis: all lines, and bands as far as `_BAND_REACH` lets them."""
        if axis.limits is not None:
            return axis.limits
        low, high = _range([line.values for line in self.lines])
        reach = _BAND_REACH * (high - low)
        band_low, band_high = self._band_range
        if reach > 0:
            band_low, band_high = max(band_low, low - reach), min(band_high, high + reach)
        if axis.log:
            # A band may go below zero where its line does not: the axis cannot follow.
            band_low = max(band_low, low / 2)
        return axis.ends(min(low, band_low), max(high, band_high))

    def cut(self, axis: Axis) -> bool:
        """Whether a band reaches beyond the axis."""
        low, high = self.y_range(axis)
        return self._band_range[0] < low or self._band_range[1] > high

    @property
    def _band_range(self) -> tuple[float, float]:
        ends = [end for line in self.lines for end in (line.low, line.high) if end is not None]
        thin = [run.values for line in self.lines for run in line.runs]
        return _range([*ends, *thin, *(line.values for line in self.lines)])


@dataclass(frozen=True, slots=True)
class CurvesFigure:
    """A grid of panels of lines with one legend. Everything that is drawn is in here.

    `labels` decides the styles by its order; `legend` has the text of those that are drawn.
    `panel_name` is the column of the panels' names in the numbers; `sentences` make the caption.
    """

    panels: tuple[Panel, ...]
    labels: tuple[str, ...]
    legend: Mapping[str, str]
    x: Axis
    y: Axis
    title: str
    sentences: tuple[str, ...]
    panel_name: str = "env_id"

    @property
    def notes(self) -> tuple[str, ...]:
        """The caption's sentences: those given, and what the axes cut."""
        cut = ", ".join(panel.title for panel in self.panels if panel.cut(self.y))
        return (*self.sentences, f"Bands reach beyond the axis: {cut}.") if cut else self.sentences

    @property
    def caption(self) -> str:
        """The caption: one paragraph."""
        return " ".join(self.notes)

    @property
    def numbers(self) -> Table:
        """Every plotted number in long form: a row for each point of each line.

        Where single runs are drawn their points follow, with their `run_id`.
        """
        with_runs = any(line.runs for panel in self.panels for line in panel.lines)
        columns = [self.panel_name, "run_set", "n", self.x.name, self.y.name, "low", "high"]
        rows = (
            row for panel in self.panels for line in panel.lines for row in _rows(panel.name, line)
        )
        if with_runs:
            columns.insert(2, "run_id")
        return Table(
            title=self.title or self.y.label,
            columns=tuple(Column(name, name) for name in columns),
            rows=tuple(row if with_runs else (*row[:2], *row[3:]) for row in rows),
            notes=self.notes,
        )


def on_log_axes(figure: CurvesFigure, *, x: bool = False, y: bool = False) -> CurvesFigure:
    """The figure with one or both axes logarithmic; points at or left of x = 0 are left out.

    Raises FigureError where a line has values that a logarithmic vertical axis cannot show.
    """
    if y:
        lines = [line for panel in figure.panels for line in panel.lines]
        lowest = [float(line.values.min()) for line in lines]
        thin = [float(run.values.min()) for line in lines for run in line.runs]
        figure = replace(figure, y=logarithmic(figure.y, [*lowest, *thin], "--log-y"))
    if x:
        figure = _log_x(figure)
    return figure


def _log_x(figure: CurvesFigure) -> CurvesFigure:
    lines = [line for panel in figure.panels for line in panel.lines]
    axis = logarithmic(figure.x, (float(line.x[-1]) for line in lines), "--log-x")
    panels = tuple(
        replace(panel, lines=tuple(map(_right_of_zero, panel.lines))) for panel in figure.panels
    )
    if all(line.x[0] > 0 for line in lines):
        return replace(figure, x=axis)
    note = f"Points at {axis.name} 0 or below have no place on the logarithmic axis."
    return replace(figure, panels=panels, x=axis, sentences=(*figure.sentences, note))


def _right_of_zero(line: CurveLine) -> CurveLine:
    kept = line.x > 0
    runs = tuple(
        replace(run, x=run.x[run.x > 0], values=run.values[run.x > 0]) for run in line.runs
    )
    low, high = (None if end is None else end[kept] for end in (line.low, line.high))
    return replace(line, x=line.x[kept], values=line.values[kept], low=low, high=high, runs=runs)


def counted_legend(labels: Sequence[str], panels: Iterable[Panel]) -> dict[str, str]:
    """A legend that says how many runs a line stands for, of the labels that have lines."""
    sizes: dict[str, set[int]] = {}
    for panel in panels:
        for line in panel.lines:
            sizes.setdefault(line.label, set()).add(line.n)
    return {
        label: f"{label} ({_n_in_words(sorted(sizes[label]))})"
        for label in labels
        if label in sizes
    }


def _rows(panel: str, line: CurveLine) -> Iterable[tuple[Cell, ...]]:
    nothing = [None] * len(line.x)
    low = nothing if line.low is None else line.low.tolist()
    high = nothing if line.high is None else line.high.tolist()
    for point in zip(line.x.tolist(), line.values.tolist(), low, high, strict=True):
        yield (panel, line.label, None, line.n, *point)
    for run in line.runs:
        for x, value in zip(run.x.tolist(), run.values.tolist(), strict=True):
            yield (panel, line.label, run.run_id, 1, x, value, None, None)


def _range(arrays: Sequence[FloatArray]) -> tuple[float, float]:
    """The least and the greatest number; a band may have NaN where its method gives no end."""
    finite = [one[np.isfinite(one)] for one in arrays]
    known = [one for one in finite if len(one)]
    return min(float(one.min()) for one in known), max(float(one.max()) for one in known)


def _n_in_words(sizes: Sequence[int]) -> str:
    return f"n={sizes[0]}" if len(sizes) == 1 else f"n={sizes[0]}\N{EN DASH}{sizes[-1]}"
