"""Figures of points with intervals, as data: a panel for each env, statistic or opponent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .axis import Axis, logarithmic
from .tables import Cell, Column, Table

__all__ = ["Mark", "PointsFigure", "PointsPanel", "RunPoint", "points_on_log_axis"]


@dataclass(frozen=True, slots=True)
class RunPoint:
    """The score of a single run."""

    run_id: str
    value: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A point with its interval, None where there is none.

    `row` is the text beside it, `label` decides its colour, and `names` say in the numbers what it
    is of. `n` is the number of runs behind it; `runs` has those to draw as well.
    """

    names: tuple[str, ...]
    row: str
    label: str
    point: float
    low: float | None
    high: float | None
    n: int
    runs: tuple[RunPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class PointsPanel:
    """The marks of one env or statistic, below a title that may be shorter than its name."""

    name: str
    title: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class PointsFigure:
    """A grid of panels with the same rows. Everything that is drawn is in here.

    `rows` stand beside the panels from top to bottom, `labels` decides the colours by its order.
    `names` are the columns of the marks' names; `reference` is a value with a line through it.
    """

    panels: tuple[PointsPanel, ...]
    rows: tuple[str, ...]
    labels: tuple[str, ...]
    axis: Axis
    title: str
    notes: tuple[str, ...]
    names: tuple[str, ...]
    reference: float | None = None

    @property
    def caption(self) -> str:
        """The caption: one paragraph."""
        return " ".join(self.notes)

    @property
    def numbers(self) -> Table:
        """Every number in long form: a row for each mark, then its runs where they are drawn."""
        marks = [mark for panel in self.panels for mark in panel.marks]
        run_id = ("run_id",) if any(mark.runs for mark in marks) else ()
        columns = (*self.names, *run_id, "n", self.axis.name, "low", "high")
        rows = [
            (*mark.names, *row) for mark in marks for row in _rows(mark, with_runs=bool(run_id))
        ]
        return Table(
            title=self.title or self.axis.label,
            columns=tuple(Column(name, name) for name in columns),
            rows=tuple(rows),
            notes=self.notes,
        )


def points_on_log_axis(figure: PointsFigure) -> PointsFigure:
    """The figure with a logarithmic axis; raises FigureError where a number has no place on it."""
    shown = (
        value
        for panel in figure.panels
        for mark in panel.marks
        for value in (mark.point, mark.low, *(run.value for run in mark.runs))
        if value is not None
    )
    return replace(figure, axis=logarithmic(figure.axis, shown, "--log-x"))


def _rows(mark: Mark, *, with_runs: bool) -> Iterable[tuple[Cell, ...]]:
    run_id: tuple[Cell, ...] = (None,) if with_runs else ()
    yield (*run_id, mark.n, mark.point, mark.low, mark.high)
    for run in mark.runs:
        yield (run.run_id, 1, run.value, None, None)
