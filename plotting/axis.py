"""The axis of a figure as data: what it says, what its numbers are called, how it is divided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from orbench.errors import FigureError

__all__ = ["Axis", "logarithmic"]

# The part of an axis that is left free beyond the outermost number.
_MARGIN = 0.04


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a figure.

    `label` stands beside it, `name` is the column of its numbers in CSV and JSON. `limits` are its
    ends where the data do not decide them; a `whole` axis has ticks at whole numbers only.
    """

    label: str
    name: str = "value"
    log: bool = False
    limits: tuple[float, float] | None = None
    whole: bool = False

    def ends(self, low: float, high: float) -> tuple[float, float]:
        """The ends of an axis for numbers from `low` to `high`, with a margin."""
        if self.limits is not None:
            return self.limits
        if self.log and low > 0:
            ratio = (high / low) ** _MARGIN if high > low else 1.5
            return low / ratio, high * ratio
        margin = _MARGIN * (high - low) or 0.05 * abs(high) or 1.0
        return low - margin, high + margin


def logarithmic(axis: Axis, shown: Iterable[float], option: str) -> Axis:
    """The axis with logarithmic divisions.

    `shown` are the lines' or points' numbers on it; raises FigureError if one is not above 0,
    naming the `option` to leave out.
    """
    lowest = min(shown, default=1.0)
    if lowest <= 0:
        raise FigureError(
            f"a logarithmic axis has no place for {lowest:g} ({axis.label}); leave out {option}"
        )
    return replace(axis, log=True)
