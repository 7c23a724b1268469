"""Draws figures of ranks: mean ranks with their intervals, and how probable each rank is."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from orbench.errors import FigureError

from .axis import Axis
from .drawing_points import draw_mark, name_rows, panel_height, room_for_rows
from .frame import Frame, Grid
from .points import Mark
from .ranks import RanksFigure
from .style import (
    WIDTHS,
    Look,
    Theme,
    line_styles,
    matplotlib_settings,
    mixed,
    theme_named,
    width_named,
)
from .ticks import divide

__all__ = ["draw_ranks"]

_BAR = 0.8
# The shade of the last rank, in parts of the colour of the first.
_FAINTEST = 0.2


def draw_ranks(figure: RanksFigure, look: Look | None = None) -> Figure:
    """Draw mean ranks with intervals beside stacked bars of the probability of each rank.

    Raises FigureError if there is no row, or for a theme or width that does not exist.
    """
    look = look or Look()
    theme = theme_named(look.theme)
    if not figure.rows:
        raise FigureError("there are no ranks to draw")
    names = [row.label for row in figure.rows]
    grid = Grid(WIDTHS["double"] if look.width is None else width_named(look.width), 2, 1)
    with matplotlib_settings(theme):
        shades = _shades(max(len(row.shares) for row in figure.rows), theme)
        room = room_for_rows(names, grid)
        frame = Frame.of(
            grid,
            ["Mean rank", "Rank probability"],
            panel_height(names, small=False),
            handles=[
                Patch(color=shade, label=f"rank {rank}") for rank, shade in enumerate(shades, 1)
            ],
            title=figure.title,
            title_room=room / 2,
        )
        left, right = frame.panels
        _draw_means(left, figure, look, theme)
        _draw_shares(right, figure, shades)
        for axes in frame.panels:
            name_rows(axes, names, room, named=axes is left)
            divide(axes, "x", Axis("", whole=axes is left), (grid.width - room) / 2)
        return frame.finish("")


def _draw_means(axes: Axes, figure: RanksFigure, look: Look, theme: Theme) -> None:
    styles = line_styles((*look.labels, *figure.labels), theme)
    for place, row in enumerate(figure.rows):
        mark = Mark((), row.label, row.label, row.mean, row.low, row.high, row.n)
        draw_mark(axes, mark, place, styles[row.label], theme)
    last = max(2, len(figure.rows))
    axes.set_xlim(1 - 0.04 * last, last + 0.04 * last)


def _draw_shares(axes: Axes, figure: RanksFigure, shades: Sequence[str]) -> None:
    for place, row in enumerate(figure.rows):
        left = 0.0
        for share, shade in zip(row.shares, shades, strict=False):
            axes.barh(place, share, _BAR, left=left, color=shade, linewidth=0)
            left += share
    axes.set_xlim(0, 1)


def _shades(ranks: int, theme: Theme) -> list[str]:
    """A colour for each rank, the first the strongest."""
    step = (1 - _FAINTEST) / max(1, ranks - 1)
    return [mixed(theme.colours[0], theme.background, 1 - place * step) for place in range(ranks)]
