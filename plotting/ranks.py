"""The figure of ranks as data: the mean rank of each run set and how often it has which rank."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .tables import Cell, Column, Table

__all__ = ["RankRow", "RanksFigure"]


@dataclass(frozen=True, slots=True)
class RankRow:
    """The ranks of one run set: `shares` has the probability of rank 1, 2, ...; 1 is best."""

    label: str
    mean: float
    low: float | None
    high: float | None
    n: int
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RanksFigure:
    """A row for each run set, from top to bottom. Everything that is drawn is in here.

    `labels` decides the colours by its order.
    """

    rows: tuple[RankRow, ...]
    labels: tuple[str, ...]
    title: str
    notes: tuple[str, ...]

    @property
    def caption(self) -> str:
        """The caption: one paragraph."""
        return " ".join(self.notes)

    @property
    def numbers(self) -> Table:
        """Every number in long form: mean ranks with their intervals, then the probabilities."""
        names = ("run_set", "n", "quantity", "value", "low", "high")
        return Table(
            title=self.title or "Ranks",
            columns=tuple(Column(name, name) for name in names),
            rows=tuple(cells for row in self.rows for cells in _rows(row)),
            notes=self.notes,
        )


def _rows(row: RankRow) -> Iterable[tuple[Cell, ...]]:
    yield (row.label, row.n, "mean rank", row.mean, row.low, row.high)
    for rank, share in enumerate(row.shares, start=1):
        yield (row.label, row.n, f"probability of rank {rank}", share, None, None)
