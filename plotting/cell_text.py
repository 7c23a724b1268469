"""Cells of tables, and what people read in them: as many digits as a spread leaves meaning to."""

from __future__ import annotations

import math
from dataclasses import dataclass

from orbench.errors import FigureError
from orbench.stats import Estimate

__all__ = [
    "MISSING",
    "SPREADS",
    "Cell",
    "CellParts",
    "ScoreCell",
    "Term",
    "cell_parts",
    "cell_text",
]

SPREADS = ("interval", "std")
"""What stands beside a score: its interval, or the standard deviation of its runs."""


@dataclass(frozen=True, slots=True)
class Term:
    """A cell that reads differently to programs (`name`) and to people (`title`)."""

    name: str | None
    title: str


MISSING = Term(None, "\N{EM DASH}")
"""The cell of a run set that has no run there."""


@dataclass(frozen=True, slots=True)
class ScoreCell:
    """A score with its spread, one of `SPREADS`.

    `n` is the number of runs where no column says it, and `unusual` that other cells have another
    number. `best` says whether it is the best of its row by test; None where that was not tested.
    """

    estimate: Estimate
    spread: str = "interval"
    std: float | None = None
    n: int | None = None
    unusual: bool = False
    best: bool | None = None

    def __post_init__(self) -> None:
        if self.spread not in SPREADS:
            raise FigureError(f"there is no spread '{self.spread}'; use {' or '.join(SPREADS)}")


Cell = str | int | float | None | Estimate | ScoreCell | Term


@dataclass(frozen=True, slots=True)
class CellParts:
    """What people read of a score: a number, what stands beside it, and a flag, often empty.

    The spread is `[low, high]`, a `± std`, or in brackets why there is none.
    """

    number: str
    spread: str
    flag: str = ""
    best: bool = False


def cell_text(cell: Cell) -> str:
    """A cell as people read it; a `*` marks the best.

    >>> cell_text(0.123456)
    '0.1235'
    """
    if cell is None:
        return ""
    if isinstance(cell, Term):
        return cell.title
    if isinstance(cell, Estimate | ScoreCell):
        parts = cell_parts(cell)
        said = " ".join(part for part in (parts.number, parts.spread, parts.flag) if part)
        return f"{said}*" if parts.best else said
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)


def cell_parts(cell: Estimate | ScoreCell) -> CellParts:
    """The parts of a score; number and spread have two digits of the spread."""
    if isinstance(cell, Estimate):
        return CellParts(*_with_interval(cell))
    flag = f"(n={cell.n})" if cell.unusual and cell.n is not None and cell.n > 1 else ""
    if cell.spread == "std" and cell.std is not None:
        number, spread = _rounded(cell.std, cell.estimate.point, cell.std)
        return CellParts(number, f"± {spread}", flag, bool(cell.best))
    return CellParts(*_with_interval(cell.estimate), flag, bool(cell.best))


def _with_interval(estimate: Estimate) -> tuple[str, str]:
    low, high = estimate.low, estimate.high
    if low is None or high is None:
        return cell_text(estimate.point), "[n=1]" if estimate.note else "[no interval]"
    number, *ends = _rounded(high - low, estimate.point, low, high)
    return number, f"[{', '.join(ends)}]"


def _rounded(width: float, *numbers: float) -> list[str]:
    """Numbers with the decimals that show two digits of a width, or %g where only that will do."""
    if width == 0 or not 1e-4 <= max(map(abs, numbers)) < 1e7:
        return [f"{number:.4g}" for number in numbers]
    digits = min(max(0, 1 - math.floor(math.log10(width))), 6)
    return [f"{number:.{digits}f}" for number in numbers]
