"""Learning curves as data: panels, lines, bands, caption and numbers, before anything is drawn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbench.metric import Series
from orbench.run import RunRecord
from orbench.run_set import DEFAULT_INCLUDE
from orbench.stats import CurveSettings, LearningCurve, LearningCurves, learning_curves

from .tables import Column, Table

__all__ = [
    "CurveLine",
    "CurvesFigure",
    "Panel",
    "curves_figure",
    "metric_in_words",
    "plot_curves",
    "vertices",
]

FloatArray = NDArray[np.float64]

_NO_ENV = "(no env)"
_MANY_ENVS = 4
_LONG_NAME = 20

# A band may reach this many times the range of the lines beyond them before the axis cuts it: the
# honest band of two runs can be ten times as high as anything they did.
_BAND_REACH = 0.5


@dataclass(frozen=True, slots=True)
class CurveLine:
    """One line: float64 (points) each; `low` and `high` are None where there is no band.

    `runs` has the steps and values of single runs to draw thinly behind it, often none.
    """

    label: str
    steps: FloatArray
    values: FloatArray
    low: FloatArray | None
    high: FloatArray | None
    n: int
    runs: tuple[tuple[FloatArray, FloatArray], ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """The lines of one env, below a title that may be shorter than the env's name."""

    env_id: str
    title: str
    lines: tuple[CurveLine, ...]

    @property
    def y_range(self) -> tuple[float, float]:
        """The ends of the vertical axis: all lines, and bands as far as `_BAND_REACH` lets them."""
        low, high = _range([line.values for line in self.lines])
        reach = _BAND_REACH * (high - low)
        band_low, band_high = self._band_range
        if reach > 0:
            band_low, band_high = max(band_low, low - reach), min(band_high, high + reach)
        low, high = min(low, band_low), max(high, band_high)
        margin = 0.04 * (high - low) or 0.05 * abs(high) or 1.0
        return low - margin, high + margin

    @property
    def cut(self) -> bool:
        """Whether a band reaches beyond the axis."""
        low, high = self.y_range
        return self._band_range[0] < low or self._band_range[1] > high

    @property
    def _band_range(self) -> tuple[float, float]:
        ends = [end for line in self.lines for end in (line.low, line.high) if end is not None]
        thin = [values for line in self.lines for _, values in line.runs]
        return _range([*ends, *thin, *(line.values for line in self.lines)])


@dataclass(frozen=True, slots=True)
class CurvesFigure:
    """A grid of panels with one legend. Everything that is drawn is in here.

    `labels` is the order of the legend and decides the styles; `notes` are the caption's sentences.
    """

    panels: tuple[Panel, ...]
    labels: tuple[str, ...]
    x_label: str
    y_label: str
    title: str
    notes: tuple[str, ...]

    @property
    def caption(self) -> str:
        """The caption: one paragraph."""
        return " ".join(self.notes)

    @property
    def legend(self) -> dict[str, str]:
        """What the legend says for each label: the label and how many runs a line stands for."""
        sizes = {
            label: sorted(
                {line.n for panel in self.panels for line in panel.lines if line.label == label}
            )
            for label in self.labels
        }
        return {label: f"{label} ({_n_in_words(n)})" for label, n in sizes.items()}

    @property
    def numbers(self) -> Table:
        """Every plotted number in long form: a row for each point of each line."""
        columns = ("env_id", "run_set", "n", "step", "value", "low", "high")
        return Table(
            title=self.title or self.y_label,
            columns=tuple(Column(name, name) for name in columns),
            rows=tuple(
                row for panel in self.panels for line in panel.lines for row in _rows(panel, line)
            ),
            notes=self.notes,
        )


def plot_curves(
    runs: Iterable[RunRecord],
    series: Iterable[Series],
    *,
    group_by: Sequence[str] = ("exp_name",),
    include: Iterable[str] = DEFAULT_INCLUDE,
    aggregate: str = "mean",
    interval: str = "calibrated",
    level: float = 0.95,
    smoothing: int = 1,
    points: int | None = None,
    reps: int = 2000,
    seed: int | np.random.Generator = 0,
    each_run: bool = False,
    title: str = "",
    y_label: str = "",
) -> CurvesFigure:
    """The learning curves of runs: a panel for each env, a line for each run set.

    `series` is one metric of the runs. `points` is the most vertices a line has; None chooses by
    the number of panels. See `orbench.stats.CurveSettings` for the other numbers, and `draw_curves`
    and `save_figure` for what comes next. Raises NoRunsError and ScoreError.
    """
    runs = list(runs)
    points = points or vertices(len({run.env_id for run in runs}))
    settings = CurveSettings(aggregate, interval, level, smoothing, points, reps, seed)
    curves = learning_curves(runs, series, group_by=group_by, include=include, settings=settings)
    return curves_figure(curves, each_run=each_run, title=title, y_label=y_label)


def curves_figure(
    curves: LearningCurves, *, each_run: bool = False, title: str = "", y_label: str = ""
) -> CurvesFigure:
    """The figure of curves that are computed already."""
    ending = _shared_ending(curves.envs)
    panels = tuple(
        Panel(
            env,
            env.removesuffix(ending) or _NO_ENV,
            tuple(_line(one, each_run) for one in curves.curves if one.env_id == env),
        )
        for env in curves.envs
    )
    notes = [
        f"{title}." if title else "",
        f"{curves.metric} against steps.",
        *curves.notes,
        f"Titles leave out that all envs end in {ending}." if ending else "",
        "Thin lines are single runs." if each_run else "",
        _cut_in_words(panels),
    ]
    return CurvesFigure(
        panels=panels,
        labels=curves.labels,
        x_label="Steps",
        y_label=y_label or metric_in_words(curves.metric),
        title=title,
        notes=tuple(note for note in notes if note),
    )


def vertices(panels: int) -> int:
    """How many vertices a line needs in a grid of so many panels: the more, the smaller each is."""
    for most, points in ((1, 400), (4, 250), (12, 200), (30, 150)):
        if panels <= most:
            return points
    return 100


def metric_in_words(metric: str) -> str:
    """A metric as an axis says it.

    >>> metric_in_words("charts/episodic_return")
    'Episodic return'
    """
    words = metric.rstrip("/").rpartition("/")[2].replace("_", " ").strip()
    return words[:1].upper() + words[1:] or metric


def _shared_ending(envs: Sequence[str]) -> str:
    """An ending that many long names share (NoFrameskip-v4), from a capital or a hyphen on."""
    if len(envs) < _MANY_ENVS or max(map(len, envs)) < _LONG_NAME:
        return ""
    for start in re.finditer(r"[A-Z]|-", envs[0]):
        ending = envs[0][start.start() :]
        if ending not in envs and all(env.endswith(ending) for env in envs):
            return ending
    return ""


def _line(curve: LearningCurve, each_run: bool) -> CurveLine:
    found = curve.estimate
    return CurveLine(
        label=curve.label,
        steps=found.steps,
        values=found.point,
        low=found.low,
        high=found.high,
        n=found.n,
        runs=tuple((found.steps, values) for values in found.runs) if each_run else (),
    )


def _rows(panel: Panel, line: CurveLine) -> Iterable[tuple[str | int | float | None, ...]]:
    nothing = [None] * len(line.steps)
    low = nothing if line.low is None else line.low.tolist()
    high = nothing if line.high is None else line.high.tolist()
    for point in zip(line.steps.tolist(), line.values.tolist(), low, high, strict=True):
        yield (panel.env_id, line.label, line.n, *point)


def _cut_in_words(panels: Sequence[Panel]) -> str:
    cut = ", ".join(panel.title for panel in panels if panel.cut)
    return f"Bands reach beyond the axis: {cut}." if cut else ""


def _range(arrays: Sequence[FloatArray]) -> tuple[float, float]:
    return min(float(one.min()) for one in arrays), max(float(one.max()) for one in arrays)


def _n_in_words(sizes: Sequence[int]) -> str:
    return f"n={sizes[0]}" if len(sizes) == 1 else f"n={sizes[0]}\N{EN DASH}{sizes[-1]}"
