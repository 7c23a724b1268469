"""Draws figures of points with intervals: rows named at the left, a bar for each interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .fitting import fitted, inches_of
from .frame import Frame, Grid, grid_of
from .points import Mark, PointsFigure, PointsPanel
from .style import LineStyle, Look, Theme, line_styles, matplotlib_settings, theme_named
from .ticks import divide

__all__ = ["draw_mark", "draw_points", "name_rows", "panel_height", "room_for_rows"]

# What a row takes of a panel's height, and what a panel takes besides its rows.
_ROW_INCHES, _SMALL_ROW_INCHES, _TWO_LINES = 0.17, 0.115, 1.6
_PANEL_INCHES = 0.42
_NARROWEST_INCHES, _SMALL_NARROWEST_INCHES = 1.05, 0.8
_BETWEEN_TITLES_INCHES = 0.06
# Row names take at most this part of the figure's width.
_MOST_OF_WIDTH, _SMALL_MOST_OF_WIDTH, _ALONE_MOST_OF_WIDTH = 0.35, 0.25, 0.42
_BAR, _BAR_ALPHA = 0.62, 0.4


def draw_points(figure: PointsFigure, look: Look | None = None) -> Figure:
    """Draw points with intervals: a bar for an interval, a line across it for the point.

    A point without an interval is a ring. Raises FigureError as `draw_curves` does.
    """
    look = look or Look()
    theme = theme_named(look.theme)
    widest = grid_of(len(figure.panels), look)
    small = widest.small
    with matplotlib_settings(theme, small=small):
        room = room_for_rows(figure.rows, widest)
    narrowest = _SMALL_NARROWEST_INCHES if small else _NARROWEST_INCHES
    grid = grid_of(len(figure.panels), look, narrowest=narrowest, beside=room)
    styles = line_styles((*look.labels, *figure.labels), theme)
    inches = (grid.width - room) / grid.columns
    with matplotlib_settings(theme, small=small):
        frame = Frame.of(
            grid,
            [panel.title for panel in figure.panels],
            panel_height(figure.rows, small=small),
            title=figure.title,
            title_room=grid.panel - inches + _BETWEEN_TITLES_INCHES,
        )
        for place, (axes, panel) in enumerate(zip(frame.panels, figure.panels, strict=True)):
            _draw_panel(axes, panel, figure, styles, theme)
            divide(axes, "x", figure.axis, inches)
            name_rows(axes, figure.rows, room, named=place % grid.columns == 0)
        return frame.finish(figure.axis.label)


def room_for_rows(rows: Sequence[str], grid: Grid) -> float:
    """The inches that the names of rows take beside the panels of a grid."""
    drawn = Figure()
    size = mpl.rcParams["ytick.labelsize"]
    widest = max(inches_of(drawn, row, size) for row in rows)
    most = _SMALL_MOST_OF_WIDTH if grid.small else _MOST_OF_WIDTH
    if grid.columns == 1:
        most = _ALONE_MOST_OF_WIDTH
    return min(widest, most * grid.width) + 0.1


def panel_height(rows: Sequence[str], *, small: bool) -> float:
    """The height in inches of a panel with these rows, its title and its tick labels."""
    row = _SMALL_ROW_INCHES if small else _ROW_INCHES
    if any("\n" in name for name in rows):
        row *= _TWO_LINES
    return _PANEL_INCHES + len(rows) * row


def name_rows(axes: Axes, rows: Sequence[str], room: float, *, named: bool) -> None:
    """Put rows at 0, 1, ... from the top, with their names at the left if `named`."""
    size = mpl.rcParams["ytick.labelsize"]
    drawn = axes.get_figure(root=True)
    names = [""] * len(rows)
    if named and drawn is not None:
        names = fitted(drawn, rows, room, size)
    axes.set_yticks(range(len(rows)), names)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def draw_mark(axes: Axes, mark: Mark, row: int, style: LineStyle, theme: Theme) -> None:
    """Draw a point with its interval and its runs in a row."""
    colour = style.colour
    if mark.low is not None and mark.high is not None:
        width = mark.high - mark.low
        axes.add_patch(
            Rectangle(
                (mark.low, row - _BAR / 2),
                width,
                _BAR,
                color=colour,
                alpha=_BAR_ALPHA,
                linewidth=0,
            )
        )
        ends = (row - _BAR / 2, row + _BAR / 2)
        axes.plot(
            (mark.point, mark.point),
            ends,
            color=colour,
            linewidth=1.8,
            solid_capstyle="butt",
            clip_on=False,
            zorder=3,
        )
    else:
        axes.plot(
            mark.point,
            row,
            "o",
            color=colour,
            markerfacecolor="none",
            markersize=4.0,
            markeredgewidth=1.2,
            # At the end of an axis, as of a probability of 1, it is whole too.
            clip_on=False,
            zorder=3,
        )
    if mark.runs:
        # Runs of equal score stand side by side, each at a height of its own.
        places = ((place + 0.5) / len(mark.runs) - 0.5 for place in range(len(mark.runs)))
        axes.plot(
            [run.value for run in mark.runs],
            [row + _BAR * 0.8 * place for place in places],
            "o",
            color=theme.ink,
            alpha=0.7,
            markersize=1.8,
            markeredgewidth=0,
            zorder=4,
        )


def _draw_panel(
    axes: Axes,
    panel: PointsPanel,
    figure: PointsFigure,
    styles: Mapping[str, LineStyle],
    theme: Theme,
) -> None:
    if figure.reference is not None:
        axes.axvline(figure.reference, color=theme.faint, linewidth=0.8, linestyle=(0, (3, 2)))
    for mark in panel.marks:
        draw_mark(axes, mark, figure.rows.index(mark.row), styles[mark.label], theme)
    if figure.axis.log:
        axes.set_xscale("log")
    ends = [
        value
        for mark in panel.marks
        for value in (mark.point, mark.low, mark.high, *(run.value for run in mark.runs))
        if value is not None
    ]
    axes.set_xlim(figure.axis.ends(min(ends), max(ends)))
