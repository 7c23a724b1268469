"""Draws learning curves with matplotlib's objects: no pyplot, no global state, no display."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator

from orbench.errors import FigureError

from .learning_curves import CurvesFigure, Panel
from .style import WIDTHS, LineStyle, Look, line_styles, matplotlib_settings, theme_named

__all__ = ["draw_curves", "grid_columns", "in_units"]

# Panels narrower than this get the small type.
_SMALL_PANEL_INCHES = 1.5
_BAND_ALPHA = 0.2
_MARKERS_PER_LINE = 6
_LETTERS_AT_LEAST = 8
# What tick labels take of a panel's width.
_TICK_INCHES = 0.25
# What stands beside a legend's text: the handle and the gaps, in type sizes.
_HANDLE_EMS = 4.9
# Above and below the legend: room that the shared label takes a part of.
_LEGEND_PAD_EMS = 0.9
_LEGEND_COLUMNS = 6


def draw_curves(figure: CurvesFigure, look: Look | None = None) -> Figure:
    """Draw a figure: a grid of panels, the legend below, axis labels shared.

    Raises FigureError if there is no panel, or for a theme or width that does not exist.
    """
    look = look or Look()
    if not figure.panels:
        raise FigureError("there is no panel to draw")
    if look.columns is not None and look.columns < 1:
        raise FigureError(f"a figure has 1 column of panels or more, not {look.columns}")
    theme = theme_named(look.theme)
    columns = min(look.columns or grid_columns(len(figure.panels)), len(figure.panels))
    rows = math.ceil(len(figure.panels) / columns)
    width = _width(look.width, columns)
    inches = width / columns
    small = inches < _SMALL_PANEL_INCHES
    with matplotlib_settings(theme, small=small):
        styles = line_styles(figure.labels, theme)
        drawn = Figure(layout="constrained")
        FigureCanvasAgg(drawn)
        texts, side_by_side = _legend_grid(drawn, list(figure.legend.values()), width)
        lines = math.ceil(len(texts) / side_by_side) * max(text.count("\n") + 1 for text in texts)
        drawn.set_size_inches(width, _height(width, columns, rows, lines, bool(figure.title)))
        grid = drawn.subplots(rows, columns, squeeze=False)
        for axes, panel in zip(grid.flat, figure.panels, strict=False):
            axes.set_title(_fitted(drawn, panel.title, inches - _TICK_INCHES))
            _draw_panel(axes, panel, styles, small=small)
            _tick(axes, inches)
        for axes in grid.flat[len(figure.panels) :]:
            axes.set_axis_off()
        legend = _draw_legend(drawn, texts, side_by_side, [styles[one] for one in figure.legend])
        _label(drawn, figure, legend)
    return drawn


def grid_columns(panels: int) -> int:
    """How many panels stand side by side: few enough to be read, no row nearly empty."""
    if panels <= 3:
        return panels
    if panels > 30:
        return 6
    choices = (2, 4) if panels <= 4 else (3, 4) if panels <= 12 else (4, 5)
    # The fewest empty places; of equal choices the wider grid.
    return min(choices, key=lambda columns: (-panels % columns, -columns))


def in_units(value: float, above: float = 1e3) -> str:
    """A number as a tick says it: 500, 20k, 1.5M, 2B; units from `above` on."""
    for size, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= max(size, above):
            return f"{value / size:.4g}{unit}"
    return f"{value:.4g}"


def _width(name: str | None, columns: int) -> float:
    if name is None:
        return WIDTHS["single" if columns == 1 else "double"]
    if name not in WIDTHS:
        raise FigureError(f"there is no width '{name}'; use {' or '.join(WIDTHS)}")
    return WIDTHS[name]


def _height(width: float, columns: int, rows: int, legend_rows: int, titled: bool) -> float:
    panel = width / columns * (0.68 if columns <= 2 else 0.8)
    return rows * panel + 0.16 * legend_rows + 0.25 + (0.2 if titled else 0)


def _draw_panel(axes: Axes, panel: Panel, styles: dict[str, LineStyle], *, small: bool) -> None:
    alpha = _BAND_ALPHA * min(1.0, math.sqrt(4 / len(panel.lines)))
    for place, line in enumerate(panel.lines):
        style = styles[line.label]
        for steps, values in line.runs:
            axes.plot(steps, values, color=style.colour, linewidth=0.4, alpha=0.5, zorder=2)
        if line.low is not None and line.high is not None:
            axes.fill_between(
                line.steps, line.low, line.high, color=style.colour, alpha=alpha, linewidth=0
            )
        look = _line_look(style, 1.0 if small else 1.3, len(line.steps), place)
        axes.plot(line.steps, line.values, label=line.label, zorder=3, **look)
    axes.margins(x=0.02)
    axes.set_ylim(panel.y_range)


def _tick(axes: Axes, inches: float) -> None:
    """Round ticks, as many as a panel of this width has room for."""
    ticks = [1, 2, 2.5, 5, 10]
    axes.xaxis.set_major_locator(MaxNLocator(nbins=max(3, min(5, int(inches / 0.42))), steps=ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: in_units(step)))
    axes.yaxis.set_major_locator(
        MaxNLocator(nbins=4 if inches < _SMALL_PANEL_INCHES else 5, steps=ticks)
    )
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: in_units(value, above=1e4)))


def _line_look(style: LineStyle, width: float, points: int, place: int) -> dict[str, Any]:
    """Keyword arguments of a line; matplotlib takes too many kinds of value for a closer type."""
    look: dict[str, Any] = {
        "color": style.colour,
        "linestyle": style.dashes,
        "linewidth": width,
    }
    # A line of one point cannot be seen without a marker.
    if style.marker or points == 1:
        every = max(1, points // _MARKERS_PER_LINE)
        look |= {
            "marker": style.marker or "o",
            "markersize": 3 * width,
            # Lines start their markers at different places, so that they do not hide each other.
            "markevery": (place % every, every),
        }
    return look


def _label(drawn: Figure, figure: CurvesFigure, legend: Legend) -> None:
    """Title and shared axis labels, then the layout, made once and kept for every format."""
    below = drawn.supxlabel(figure.x_label)
    left = drawn.supylabel(figure.y_label)
    if figure.title:
        drawn.suptitle(figure.title)
    drawn.draw_without_rendering()
    drawn.set_layout_engine("none")
    # The layout leaves room for the label and the legend, but puts one on the other, and centres
    # labels on the figure where they belong to the panels.
    boxes = [axes.get_position() for axes in drawn.axes]
    low, high = min(box.y0 for box in boxes), max(box.y1 for box in boxes)
    left.set_y((low + high) / 2)
    below.set_x((min(box.x0 for box in boxes) + max(box.x1 for box in boxes)) / 2)
    extents = [axes.get_tightbbox() for axes in drawn.axes if axes.axison]
    ticks = min(extent.y0 for extent in extents if extent is not None)
    entries = max(text.get_window_extent().y1 for text in legend.get_texts())
    middle = (entries + ticks) / 2
    below.set(y=drawn.transFigure.inverted().transform((0, middle))[1], va="center")


def _legend_grid(drawn: Figure, texts: Sequence[str], width: float) -> tuple[list[str], int]:
    """The legend's texts, broken to fit a width in inches, and how many stand side by side."""
    size = mpl.rcParams["legend.fontsize"]
    room = width - _HANDLE_EMS * size / 72
    widest = max(_inches(drawn, text, size) for text in texts)
    if widest > room:
        letters = max(8, int(max(map(len, texts)) * room / widest))
        texts = ["\n".join(textwrap.wrap(text, letters)) or text for text in texts]
        return texts, 1
    columns = max(1, int(width / (_HANDLE_EMS * size / 72 + widest)))
    # No row nearly empty: as many rows as that takes, then as few columns as those need.
    rows = math.ceil(len(texts) / min(columns, _LEGEND_COLUMNS))
    return list(texts), math.ceil(len(texts) / rows)


def _inches(drawn: Figure, text: str, size: float) -> float:
    """How wide a text is."""
    drawing = Text(0, 0, text, fontsize=size, figure=drawn)
    return float(drawing.get_window_extent().width / drawn.dpi)


def _draw_legend(
    drawn: Figure, texts: Sequence[str], columns: int, styles: Sequence[LineStyle]
) -> Legend:
    handles = [
        Line2D([], [], label=text, **(_line_look(style, 1.3, 2, 0) | {"markevery": None}))
        for text, style in zip(texts, styles, strict=True)
    ]
    # matplotlib fills a legend column by column; we read it row by row.
    by_column = [handle for column in range(columns) for handle in handles[column::columns]]
    return drawn.legend(
        handles=by_column,
        loc="outside lower center",
        ncols=columns,
        handlelength=2.6,
        columnspacing=1.4,
        labelspacing=0.35,
        borderpad=_LEGEND_PAD_EMS,
        borderaxespad=0.0,
    )


def _fitted(drawn: Figure, title: str, room: float) -> str:
    """The title, or its beginning and end around an ellipsis if it is wider than `room` inches."""
    size = mpl.rcParams["axes.titlesize"]
    letters = len(title)
    fitted = title
    while letters > _LETTERS_AT_LEAST and _inches(drawn, fitted, size) > room:
        letters -= 1
        head = letters // 2
        fitted = f"{title[:head]}\N{HORIZONTAL ELLIPSIS}{title[len(title) - letters + head :]}"
    return fitted
