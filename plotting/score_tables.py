"""Tables of scores: a row for each number, or a row for each env with a column for each run set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from orbench.errors import FigureError
from orbench.stats import STATISTICS, ScoreRow, ScoreSummary

from .cell_text import MISSING, SPREADS, Cell, ScoreCell, Term
from .tables import Column, Table

__all__ = ["LAYOUTS", "score_table"]

LAYOUTS = ("long", "wide")
"""How scores are laid out: a row for each number, or for each env."""

_PARTS = ("low", "high", "std", "n", "best")
_OVER_ENVS = Term(None, "(over envs)")


def score_table(summary: ScoreSummary, *, layout: str = "long", spread: str = "interval") -> Table:
    """The table of a summary: a row for each number (long) or for each env (wide).

    `spread` is what stands beside a score of a wide table, one of `SPREADS`; a long one has both.
    Raises FigureError for an unknown layout or spread.
    """
    if layout not in LAYOUTS:
        raise FigureError(f"there is no layout '{layout}'; use {' or '.join(LAYOUTS)}")
    if spread not in SPREADS:
        raise FigureError(f"there is no spread '{spread}'; use {' or '.join(SPREADS)}")
    return _long(summary) if layout == "long" else _wide(summary, spread)


def _long(summary: ScoreSummary) -> Table:
    columns = (
        Column("env_id", "env", numeric=False),
        Column("run_set", "run set", numeric=False),
        Column("statistic", "statistic", numeric=False),
        Column("n", "n"),
        Column("score", f"score [{_level(summary)}]", parts=("low", "high", "best")),
        Column("std", "std"),
    )
    rows = tuple(
        (
            _OVER_ENVS if row.task is None else row.task,
            row.label,
            Term(row.estimate.statistic, STATISTICS[row.estimate.statistic].title),
            row.runs,
            ScoreCell(row.estimate, best=row.best),
            row.std,
        )
        for row in (*summary.cells, *summary.aggregates)
    )
    return Table(summary.metric, columns, rows, summary.notes)


def _wide(summary: ScoreSummary, spread: str) -> Table:
    columns = (
        Column("env_id", "env", numeric=False),
        *(Column(label, label, parts=_PARTS) for label in summary.labels),
    )
    usual = _usual_runs(summary.cells)
    cells = {(row.task, row.label): row for row in summary.cells}
    rows: list[tuple[Cell, ...]] = [
        (task, *(_cell(cells.get((task, label)), spread, usual) for label in summary.labels))
        for task in summary.tasks
    ]
    for statistic in dict.fromkeys(row.estimate.statistic for row in summary.aggregates):
        found = {
            row.label: ScoreCell(row.estimate, n=row.runs, best=row.best)
            for row in summary.aggregates
            if row.estimate.statistic == statistic
        }
        where = (
            f"({summary.shared_tasks[0]})" if len(summary.shared_tasks) == 1 else _OVER_ENVS.title
        )
        title = f"{STATISTICS[statistic].title} {where}"
        rows.append((title, *(found.get(label, MISSING) for label in summary.labels)))
    notes = [note for note in summary.notes if spread == "std" or note != summary.std_note]
    first = (_cells_in_words(summary, spread), _runs_in_words(summary.cells, usual))
    return Table(summary.metric, columns, tuple(rows), (*first, *notes))


def _cell(row: ScoreRow | None, spread: str, usual: int) -> Cell:
    if row is None:
        return MISSING
    return ScoreCell(row.estimate, spread, row.std, row.runs, row.runs != usual, row.best)


def _usual_runs(cells: Sequence[ScoreRow]) -> int:
    """The most frequent number of runs of a cell; of several the largest."""
    counts = Counter(row.runs for row in cells)
    return max(counts, key=lambda runs: (counts[runs], runs), default=0)


def _cells_in_words(summary: ScoreSummary, spread: str) -> str:
    interval = f"[{_level(summary)} interval]"
    if spread == "interval":
        return f"Cells: mean {interval}."
    over_envs = f"; aggregates: value {interval}" if summary.aggregates else ""
    return f"Cells: mean ± std of the runs{over_envs}."


def _runs_in_words(cells: Sequence[ScoreRow], usual: int) -> str:
    """How many runs a cell has: in every one, or where the cell does not say."""
    sizes = {row.runs for row in cells}
    return f"n: {usual} runs in every cell{' that does not say' if len(sizes) > 1 else ''}."


def _level(summary: ScoreSummary) -> str:
    return f"{100 * summary.cells[0].estimate.level:.4g}%" if summary.cells else ""
