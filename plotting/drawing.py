"""Draws figures of lines with matplotlib's objects: no pyplot, no global state, no display."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .curves import CurvesFigure, Panel
from .frame import Frame, grid_of
from .style import LineStyle, Look, line_styles, matplotlib_settings, theme_named
from .ticks import divide

__all__ = ["draw_curves"]

_BAND_ALPHA = 0.2
_MARKERS_PER_LINE = 6
_NARROWEST_INCHES = 1.0


def draw_curves(figure: CurvesFigure, look: Look | None = None) -> Figure:
    """Draw a figure of lines: a grid of panels, the legend below, axis labels shared.

    Raises FigureError if there is no panel, or for a theme or width that does not exist.
    """
    look = look or Look()
    theme = theme_named(look.theme)
    grid = grid_of(len(figure.panels), look, narrowest=_NARROWEST_INCHES)
    styles = line_styles((*look.labels, *figure.labels), theme)
    with matplotlib_settings(theme, small=grid.small):
        frame = Frame.of(
            grid,
            [panel.title for panel in figure.panels],
            look.panel[1] if look.panel else grid.panel * (0.68 if grid.columns <= 2 else 0.8),
            handles=[
                Line2D([], [], label=text, **_line_look(styles[label], 1.3, 2, None))
                for label, text in figure.legend.items()
            ],
            title=figure.title,
            look=look,
        )
        for axes, panel in zip(frame.panels, figure.panels, strict=True):
            _draw_panel(axes, panel, figure, styles, small=grid.small)
            divide(axes, "x", figure.x, grid.panel)
            divide(axes, "y", figure.y, grid.panel)
        return frame.finish(figure.x.label, figure.y.label)


def _draw_panel(
    axes: Axes,
    panel: Panel,
    figure: CurvesFigure,
    styles: Mapping[str, LineStyle],
    *,
    small: bool,
) -> None:
    alpha = _BAND_ALPHA * min(1.0, math.sqrt(4 / len(panel.lines)))
    for place, line in enumerate(panel.lines):
        style = styles[line.label]
        for run in line.runs:
            axes.plot(run.x, run.values, color=style.colour, linewidth=0.4, alpha=0.5, zorder=2)
        if line.low is not None and line.high is not None:
            axes.fill_between(
                line.x, line.low, line.high, color=style.colour, alpha=alpha, linewidth=0
            )
        look = _line_look(style, 1.0 if small else 1.3, len(line.x), place)
        axes.plot(line.x, line.values, label=line.label, zorder=3, **look)
    axes.margins(x=0.02)
    if figure.x.log:
        axes.set_xscale("log")
    if figure.y.log:
        axes.set_yscale("log")
    axes.set_ylim(panel.y_range(figure.y))


def _line_look(style: LineStyle, width: float, points: int, place: int | None) -> dict[str, Any]:
    """Keyword arguments of a line; matplotlib takes too many kinds of value for a closer type.

    `place` is the line's among those of its panel, None for a line of the legend.
    """
    look: dict[str, Any] = {
        "color": style.colour,
        "linestyle": style.dashes,
        "linewidth": width,
    }
    # A line of one point cannot be seen without a marker.
    if style.marker or points == 1:
        look |= {"marker": style.marker or "o", "markersize": 3 * width}
        if place is not None:
            every = max(1, points // _MARKERS_PER_LINE)
            # Lines start their markers at different places, so that they do not hide each other.
            look["markevery"] = (place % every, every)
    return look
