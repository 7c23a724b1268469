"""Tables as data: rows of cells below columns, with the sentences that belong below them.

A cell is text, a number, None, a `Term`, an `Estimate` or a `ScoreCell`. The last two read
`point [low, high]` where people read them and become several columns where programs do.
"""

from __future__ import annotations

from dataclasses import dataclass

from orbench.stats import Estimate

from .cell_text import Cell, ScoreCell, Term, cell_text

__all__ = ["Cell", "Column", "Estimate", "ScoreCell", "Table", "Term", "cell_text"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `key` names it in CSV and JSON, `title` where people read.

    `parts` are what CSV and JSON have of a `ScoreCell` besides its number, in columns of their own
    (`key_low` and so on): of low, high, std, n and best those that no other column tells.
    """

    key: str
    title: str
    numeric: bool = True
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells below columns, with the sentences that belong below the table."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def texts(self) -> list[list[str]]:
        """The cells as people read them, row by row."""
        return [[cell_text(cell) for cell in row] for row in self.rows]
