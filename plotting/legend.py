"""The legend below a figure: entries in even rows, none cut off, none dropped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from .fitting import broken, inches_of

__all__ = ["LegendEntries", "draw_legend", "legend_entries", "padding_of"]

# What stands beside a legend's text: the handle and the gaps, in type sizes.
_HANDLE_EMS = 4.9
# Above and below the legend: room that the shared label takes a part of.
_PAD_EMS = 0.9
_MOST_COLUMNS = 6


@dataclass(frozen=True, slots=True)
class LegendEntries:
    """Handles with their labels broken to fit, how many stand side by side, and lines of text."""

    handles: tuple[Artist, ...] = ()
    columns: int = 1
    lines: int = 0


def legend_entries(
    drawn: Figure, handles: Sequence[Artist], width: float, most: int | None = None
) -> LegendEntries:
    """Lay out a legend in a width in inches; labels wider than that are broken.

    At most `most` entries stand side by side, and never more than there is room for.
    """
    if not handles:
        return LegendEntries()
    texts = [str(handle.get_label()) for handle in handles]
    size = mpl.rcParams["legend.fontsize"]
    room = width - _HANDLE_EMS * size / 72
    widest = max(inches_of(drawn, text, size) for text in texts)
    if widest > room:
        letters = max(8, int(max(map(len, texts)) * room / widest))
        texts = [broken(text, letters) for text in texts]
        for handle, text in zip(handles, texts, strict=True):
            handle.set_label(text)
        return LegendEntries(tuple(handles), 1, sum(text.count("\n") + 1 for text in texts))
    columns = max(1, int(width / (_HANDLE_EMS * size / 72 + widest)))
    # No row nearly empty: as many rows as that takes, then as few columns as those need.
    rows = math.ceil(len(texts) / min(columns, most or _MOST_COLUMNS))
    most_lines = max(text.count("\n") + 1 for text in texts)
    return LegendEntries(tuple(handles), math.ceil(len(texts) / rows), rows * most_lines)


def draw_legend(drawn: Figure, entries: LegendEntries) -> Legend:
    """Draw the legend below everything else."""
    # matplotlib fills a legend column by column; we read it row by row.
    by_column = [
        handle
        for column in range(entries.columns)
        for handle in entries.handles[column :: entries.columns]
    ]
    return drawn.legend(
        handles=by_column,
        loc="outside lower center",
        ncols=entries.columns,
        handlelength=2.6,
        columnspacing=1.4,
        labelspacing=0.35,
        borderpad=_PAD_EMS,
        borderaxespad=0.0,
    )


def padding_of(legend: Legend) -> float:
    """The height of the room above and below the entries of a drawn legend, in pixels."""
    figure = legend.get_figure(root=True)
    assert figure is not None
    return float(_PAD_EMS * mpl.rcParams["legend.fontsize"] * figure.dpi / 72)
