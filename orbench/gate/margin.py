"""The margin: the largest drop that does not matter, in the units that its user thinks in."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum

from ..errors import UsageError

__all__ = ["DEFAULT_MARGIN", "Margin", "MarginUnit", "parse_margin"]


class MarginUnit(StrEnum):
    """What a drop is measured in."""

    PERCENT = "%"
    """Hundredths of the baseline's mean on the env."""
    SD = "sd"
    """Standard deviations of the baseline's runs on the env."""
    SCORE = ""
    """The units of the score itself."""


@dataclass(frozen=True, slots=True)
class Margin:
    """A drop of at most `size`, in `unit`, does not matter; `size` is not negative."""

    size: float
    unit: MarginUnit = MarginUnit.PERCENT

    def __post_init__(self) -> None:
        if not (math.isfinite(self.size) and self.size >= 0):
            raise UsageError(f"a margin is a number from 0, not {self.size:g}; as in 5%")
        if self.unit is MarginUnit.PERCENT and self.size >= 100:
            raise UsageError(f"a margin of {self.size:g}% would let everything pass; as in 5%")

    @property
    def text(self) -> str:
        """The margin as one writes it."""
        return self.in_words(self.size)

    @property
    def scale(self) -> float:
        """What a drop in fractions (of a mean, of a deviation) is multiplied with to be shown."""
        return 100.0 if self.unit is MarginUnit.PERCENT else 1.0

    def in_words(self, size: float | None, digits: int = 3) -> str:
        """A drop in this unit as one writes it; nothing for None."""
        if size is None:
            return ""
        gap = " " if self.unit is MarginUnit.SD else ""
        return f"{size:.{digits}g}{gap}{self.unit}" if math.isfinite(size) else "unbounded"


DEFAULT_MARGIN = Margin(10.0)

_WRITTEN = re.compile(r"\s*([0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?)\s*(%|sd|)\s*", re.IGNORECASE)


def parse_margin(text: str) -> Margin:
    """The margin that is written 5%, 0.5sd or, in the units of the score, 12.5.

    Raises UsageError.
    """
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise UsageError(
            f"'{text}' is no margin; write 5% (of the baseline's mean), 0.5sd (standard deviations"
            " of its runs) or 12.5 (units of the score)"
        )
    return Margin(float(written[1]), MarginUnit(written[2].lower()))
