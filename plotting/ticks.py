"""Ticks: round numbers, as many as there is room for, with units where numbers are long."""

from __future__ import annotations

import math
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.axis import Axis as MatplotlibAxis
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from .axis import Axis

__all__ = ["divide", "in_units"]

_SMALL_PANEL_INCHES = 1.5
_ROUND = [1, 2, 2.5, 5, 10]
_TICK_INCHES = 0.42


def divide(axes: Axes, which: Literal["x", "y"], axis: Axis, inches: float) -> None:
    """Give an axis of a panel of this width its ticks; horizontal ones have units from 1k on."""
    mine: MatplotlibAxis = axes.xaxis if which == "x" else axes.yaxis
    if which == "x":
        most, above = max(3, min(5, int(inches / _TICK_INCHES))), 1e3
    else:
        most, above = 4 if inches < _SMALL_PANEL_INCHES else 5, 1e4
    if axis.log:
        _logarithmic(mine, most)
    else:
        mine.set_major_locator(MaxNLocator(nbins=most, steps=_ROUND, integer=axis.whole))
    mine.set_major_formatter(FuncFormatter(lambda value, _: in_units(value, above=above)))


def _logarithmic(mine: MatplotlibAxis, most: int) -> None:
    low, high = mine.get_view_interval()
    decades = math.log10(high / low)
    # Less than two decades have hardly a power of ten: 2 and 5 are ticks too.
    subs = (1.0, 2.0, 5.0) if decades < 2 else (1.0,)
    mine.set_major_locator(LogLocator(subs=subs, numticks=most + 1))
    mine.set_minor_locator(NullLocator())


def in_units(value: float, above: float = 1e3) -> str:
    """A number as a tick says it: 500, 20k, 1.5M, 2B; units from `above` on."""
    for size, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= max(size, above):
            return f"{value / size:.4g}{unit}"
    return f"{value:.4g}"
