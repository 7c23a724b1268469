"""Tables as data, and their renderings: text, Markdown, LaTeX, CSV and JSON.

A cell is text, a number, None, a `Term`, or an `Estimate`, which reads `point [low, high]` where
people read it and becomes three columns where programs do.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orbench.errors import FigureError, near
from orbench.stats import STATISTICS, Estimate, ScoreRow, ScoreSummary

__all__ = ["TABLE_FORMATS", "Column", "Table", "Term", "cell_text", "render_table", "score_table"]


@dataclass(frozen=True, slots=True)
class Term:
    """A cell that reads differently to programs (`name`) and to people (`title`)."""

    name: str | None
    title: str


Cell = str | int | float | None | Estimate | Term

TABLE_FORMATS = ("text", "markdown", "latex", "csv", "json")
"""The formats that `render_table` writes."""

_LAYOUTS = ("long", "wide")


_OVER_ENVS = Term(None, "(over envs)")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `key` names it in CSV and JSON, `title` where people read."""

    key: str
    title: str
    numeric: bool = True


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


def score_table(summary: ScoreSummary, *, layout: str = "long") -> Table:
    """The table of a summary: a row for each number (long) or for each env (wide)."""
    if layout not in _LAYOUTS:
        raise FigureError(f"there is no layout '{layout}'; use {' or '.join(_LAYOUTS)}")
    return _long(summary) if layout == "long" else _wide(summary)


def _long(summary: ScoreSummary) -> Table:
    columns = (
        Column("env_id", "env", numeric=False),
        Column("run_set", "run set", numeric=False),
        Column("statistic", "statistic", numeric=False),
        Column("n", "n"),
        Column("score", f"score [{_level(summary)}]"),
        Column("std", "std"),
    )
    rows = tuple(
        (
            _OVER_ENVS if row.task is None else row.task,
            row.label,
            Term(row.estimate.statistic, STATISTICS[row.estimate.statistic].title),
            row.runs,
            row.estimate,
            row.std,
        )
        for row in (*summary.cells, *summary.aggregates)
    )
    return Table(summary.metric, columns, rows, summary.notes)


def _wide(summary: ScoreSummary) -> Table:
    columns = (
        Column("env_id", "env", numeric=False),
        *(Column(label, label) for label in summary.labels),
    )
    cells = {(row.task, row.label): row.estimate for row in summary.cells}
    rows: list[tuple[Cell, ...]] = [
        (task, *(cells.get((task, label)) for label in summary.labels)) for task in summary.tasks
    ]
    for statistic in dict.fromkeys(row.estimate.statistic for row in summary.aggregates):
        found = {
            row.label: row.estimate
            for row in summary.aggregates
            if row.estimate.statistic == statistic
        }
        where = (
            f"({summary.shared_tasks[0]})" if len(summary.shared_tasks) == 1 else _OVER_ENVS.title
        )
        title = f"{STATISTICS[statistic].title} {where}"
        rows.append((title, *(found.get(label) for label in summary.labels)))
    n = f"n: {_runs_in_words(summary.cells)}."
    return Table(summary.metric, columns, tuple(rows), (n, *summary.notes))


def _runs_in_words(cells: Sequence[ScoreRow]) -> str:
    sizes = sorted({row.runs for row in cells})
    if len(sizes) == 1:
        return f"{sizes[0]} runs in every cell"
    return "; ".join(f"{row.label} on {row.task} {row.runs}" for row in cells)


def _level(summary: ScoreSummary) -> str:
    return f"{100 * summary.cells[0].estimate.level:.4g}%" if summary.cells else ""


def render_table(table: Table, form: str) -> str:
    """The table in one of `TABLE_FORMATS`; raises FigureError for another, with near names."""
    renderers = {
        "text": _text,
        "markdown": _markdown,
        "latex": _latex,
        "csv": _csv,
        "json": _json,
    }
    if form not in renderers:
        raise FigureError(
            f"there is no table format '{form}'; use {', '.join(TABLE_FORMATS)}"
            f"{near(form, TABLE_FORMATS)}"
        )
    return renderers[form](table)


def cell_text(cell: Cell) -> str:
    """A cell as people read it: as many digits as an interval leaves meaning to.

    >>> cell_text(0.123456)
    '0.1235'
    """
    if cell is None:
        return ""
    if isinstance(cell, Term):
        return cell.title
    if isinstance(cell, Estimate):
        return _estimate_text(cell)
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)


def _estimate_text(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        why = "n=1" if estimate.note else "no interval"
        return f"{cell_text(estimate.point)} [{why}]"
    ends = (estimate.point, estimate.low, estimate.high)
    digits = _decimals(estimate.high - estimate.low, max(map(abs, ends)))
    if digits is None:
        point, low, high = (f"{end:.4g}" for end in ends)
    else:
        point, low, high = (f"{end:.{digits}f}" for end in ends)
    return f"{point} [{low}, {high}]"


def _decimals(width: float, size: float) -> int | None:
    """Decimals that show two digits of an interval's width; None where only %g will do."""
    if width == 0 or not 1e-4 <= size < 1e7:
        return None
    return min(max(0, 1 - math.floor(math.log10(width))), 6)


def _text(table: Table) -> str:
    titles = [column.title for column in table.columns]
    widths = [max(map(len, cells)) for cells in zip(titles, *table.texts, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if column.numeric else cell.ljust(width)
            for cell, width, column in zip(row, widths, table.columns, strict=True)
        ).rstrip()
        for row in [titles, *table.texts]
    ]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([lines[0], rule, *lines[1:], *_notes(table, "")]) + "\n"


def _markdown(table: Table) -> str:
    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    rule = "|".join(" ---: " if column.numeric else " --- " for column in table.columns)
    head = line(column.title for column in table.columns)
    return "\n".join([head, f"|{rule}|", *map(line, table.texts), *_notes(table, "")]) + "\n"


def _latex(table: Table) -> str:
    align = "".join("r" if column.numeric else "l" for column in table.columns)

    def line(cells: Iterable[str]) -> str:
        return " & ".join(map(_latex_text, cells)) + r" \\"

    return (
        "\n".join(
            [
                r"% \usepackage{booktabs}",
                rf"\begin{{tabular}}{{{align}}}",
                r"\toprule",
                line(column.title for column in table.columns),
                r"\midrule",
                *map(line, table.texts),
                r"\bottomrule",
                r"\end{tabular}",
                *_notes(table, "% "),
            ]
        )
        + "\n"
    )


_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    }
)


def _latex_text(text: str) -> str:
    # A row of LaTeX that starts with a bracket would be read as an option of the line before.
    escaped = text.translate(_LATEX)
    return f"{{{escaped}}}" if escaped.startswith("[") else escaped


def _csv(table: Table) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    keys = _machine_keys(table)
    writer.writerow(keys)
    for row in _machine_rows(table):
        writer.writerow(["" if row[key] is None else row[key] for key in keys])
    return out.getvalue()


def _json(table: Table) -> str:
    """One array of objects; what is not finite is null, as JSON has no word for it."""
    return json.dumps(list(_machine_rows(table)), indent=1, ensure_ascii=False) + "\n"


def _has_interval(table: Table, place: int) -> bool:
    return any(isinstance(row[place], Estimate) for row in table.rows)


def _machine_keys(table: Table) -> list[str]:
    keys = []
    for place, column in enumerate(table.columns):
        ends = ("_low", "_high") if _has_interval(table, place) else ()
        keys += [column.key, *(column.key + end for end in ends)]
    return keys


def _machine_rows(table: Table) -> Iterable[dict[str, str | int | float | None]]:
    spread = [_has_interval(table, place) for place in range(len(table.columns))]
    keys = _machine_keys(table)
    for row in table.rows:
        values: list[str | int | float | None] = []
        for cell, three in zip(row, spread, strict=True):
            if isinstance(cell, Estimate):
                values += [cell.point, cell.low, cell.high]
            elif isinstance(cell, Term):
                values.append(cell.name)
            else:
                finite = None if isinstance(cell, float) and not math.isfinite(cell) else cell
                values += [finite, None, None] if three else [finite]
        yield dict(zip(keys, values, strict=True))


def _notes(table: Table, mark: str) -> list[str]:
    return ["", *(f"{mark}{note}" for note in table.notes)] if table.notes else []
