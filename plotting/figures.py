"""All kinds of figures, and drawing one of any kind; matplotlib is imported only then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .curves import CurvesFigure
from .points import PointsFigure
from .ranks import RanksFigure
from .style import Look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["AnyFigure", "draw_figure"]

AnyFigure = CurvesFigure | PointsFigure | RanksFigure
"""A figure of any kind: `caption` and `numbers` say and hold what is drawn."""


def draw_figure(figure: AnyFigure, look: Look | None = None) -> Figure:
    """Draw a figure of any kind as a matplotlib figure. Raises FigureError."""
    if isinstance(figure, CurvesFigure):
        from .drawing import draw_curves

        return draw_curves(figure, look)
    if isinstance(figure, PointsFigure):
        from .drawing_points import draw_points

        return draw_points(figure, look)
    from .drawing_ranks import draw_ranks

    return draw_ranks(figure, look)
