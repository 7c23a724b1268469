"""What every figure has around its panels: grid, size, titles, legend and shared axis labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from orbench.errors import FigureError

from .fitting import broken, fitted, inches_of
from .legend import LegendEntries, draw_legend, legend_entries, padding_of
from .style import WIDTHS, Look, width_named

__all__ = ["Frame", "Grid", "grid_columns", "grid_of"]

# Panels narrower than this get the small type.
_SMALL_PANEL_INCHES = 1.5
_LEGEND_LINE_INCHES = 0.16
_AROUND_INCHES = 0.25
_TITLE_INCHES = 0.2


@dataclass(frozen=True, slots=True)
class Grid:
    """How panels are laid out; `width` is the figure's, in inches."""

    width: float
    columns: int
    rows: int

    @property
    def panel(self) -> float:
        """The width of a panel with its tick labels, in inches."""
        return self.width / self.columns

    @property
    def small(self) -> bool:
        """Whether panels are so small that type must be too."""
        return self.panel < _SMALL_PANEL_INCHES


def grid_of(panels: int, look: Look, *, narrowest: float = 0.0, beside: float = 0.0) -> Grid:
    """The grid for a number of panels, as the look asks for or else as fits.

    Where it is free to choose, panels are at least `narrowest` inches wide after `beside` inches
    went to text beside them. Raises FigureError for no panel and for a look that does not exist.
    """
    if not panels:
        raise FigureError("there is no panel to draw")
    if look.columns is not None and look.columns < 1:
        raise FigureError(f"a figure has 1 column of panels or more, not {look.columns}")
    columns = min(look.columns or grid_columns(panels), panels)
    width = WIDTHS["single" if columns == 1 else "double"]
    if look.width is not None:
        width = width_named(look.width)
    if look.panel is not None:
        width = columns * look.panel[0]
    if look.columns is None and narrowest:
        columns = max(1, min(columns, int((width - beside) / narrowest)))
    return Grid(width, columns, math.ceil(panels / columns))


def grid_columns(panels: int) -> int:
    """How many panels stand side by side: few enough to be read, no row nearly empty."""
    if panels <= 3:
        return panels
    if panels > 30:
        return 6
    choices = (2, 4) if panels <= 4 else (3, 4) if panels <= 12 else (4, 5)
    # The fewest empty places; of equal choices the wider grid.
    return min(choices, key=lambda columns: (-panels % columns, -columns))


@dataclass(slots=True)
class Frame:
    """A figure in the making; use it within `matplotlib_settings`.

    `panels` has the axes of each panel, in order; places of the grid without one are empty.
    """

    grid: Grid
    drawn: Figure
    panels: list[Axes]
    _height: float
    _entries: LegendEntries = field(default_factory=LegendEntries)

    @classmethod
    def of(
        cls,
        grid: Grid,
        titles: Sequence[str],
        panel_height: float,
        *,
        handles: Sequence[Artist] = (),
        title: str = "",
        title_room: float = 0.25,
        look: Look | None = None,
    ) -> Frame:
        """Panels of a height in inches below their titles, and the legend's room below them.

        A title keeps `title_room` inches free of its panel's width. Of `look` count the columns of
        the legend, the shared axis and the gaps.
        """
        look = look or Look()
        drawn = Figure(layout="constrained")
        FigureCanvasAgg(drawn)
        _set_gaps(drawn, grid, look)
        entries = legend_entries(drawn, handles, grid.width, look.legend_columns)
        around = _AROUND_INCHES + _LEGEND_LINE_INCHES * entries.lines
        height = grid.rows * panel_height + around + (_TITLE_INCHES if title else 0)
        drawn.set_size_inches(grid.width, height)
        if title:
            drawn.suptitle(title)
        places = drawn.subplots(grid.rows, grid.columns, squeeze=False, sharex=look.share_x)
        panels = list(places.flat[: len(titles)])
        size = mpl.rcParams["axes.titlesize"]
        shown = fitted(drawn, titles, grid.panel - title_room, size)
        for axes, text in zip(panels, shown, strict=True):
            axes.set_title(text)
            # Panels have no labels of their own: to look for a place for them takes long.
            axes.xaxis.set_label_coords(0.5, 0)
            axes.yaxis.set_label_coords(0, 0.5)
        for axes in places.flat[len(titles) :]:
            axes.set_axis_off()
        return cls(grid, drawn, panels, grid.rows * panel_height, entries)

    def finish(self, x_label: str, y_label: str = "") -> Figure:
        """Draw the legend and shared labels, make the layout once and keep it for every format."""
        drawn = self.drawn
        legend = draw_legend(drawn, self._entries) if self._entries.handles else None
        below = drawn.supxlabel(self._broken(x_label, self.grid.width)) if x_label else None
        left = drawn.supylabel(self._broken(y_label, self._height)) if y_label else None
        # The layout alone: a draw without rendering would make every tick and path once more.
        if (engine := drawn.get_layout_engine()) is not None:
            engine.execute(drawn)
        drawn.set_layout_engine(None)
        for axes in self.panels:
            if axes.title.get_window_extent().x1 > drawn.bbox.x1:
                axes.title.set(x=1, ha="right")
        # The layout leaves room for the label and the legend, but puts one on the other, and
        # centres labels on the figure where they belong to the panels.
        boxes = [axes.get_position() for axes in drawn.axes]
        low, high = min(box.y0 for box in boxes), max(box.y1 for box in boxes)
        if left is not None:
            left.set_y((low + high) / 2)
        if below is not None:
            middle = (min(box.x0 for box in boxes) + max(box.x1 for box in boxes)) / 2
            half = below.get_window_extent().width / drawn.bbox.width / 2
            below.set_x(max(half, min(middle, 1 - half)))
        if below is not None and legend is not None:
            below.set(y=self._between_panels_and(legend), va="center")
        return drawn

    def _broken(self, label: str, room: float) -> str:
        """A shared label, in lines where it is longer than `room` inches."""
        wide = inches_of(self.drawn, label, mpl.rcParams["figure.labelsize"])
        return label if wide <= room else broken(label, int(len(label) * room / wide))

    def _between_panels_and(self, legend: Legend) -> float:
        """The height, in parts of the figure's, between tick labels and the legend's text."""
        lowest = self.panels[(self.grid.rows - 1) * self.grid.columns :]
        extents = [axes.get_tightbbox() for axes in lowest]
        ticks = min(extent.y0 for extent in extents if extent is not None)
        entries = legend.get_window_extent().y1 - padding_of(legend)
        middle = self.drawn.transFigure.inverted().transform((0, (entries + ticks) / 2))
        return float(middle[1])


def _set_gaps(drawn: Figure, grid: Grid, look: Look) -> None:
    """Tell the layout, which takes them as parts of the figure, the gaps asked for."""
    engine = drawn.get_layout_engine()
    for name, gap, panels in zip(
        ("hspace", "wspace"), look.gaps, (grid.rows, grid.columns), strict=True
    ):
        if gap is not None and engine is not None:
            engine.set(**{name: gap * (panels - 1) / panels})
