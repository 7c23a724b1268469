"""Tables in the formats of people and of programs: one function for each format."""

from __future__ import annotations

import html
from collections.abc import Iterable

from orbench.errors import FigureError, near
from orbench.stats import Estimate

from .cell_text import Cell, ScoreCell, cell_parts, cell_text
from .latex_tables import latex
from .machine_tables import as_csv, as_json
from .tables import Column, Table

__all__ = ["TABLE_FORMATS", "html_cell", "render_table"]


def render_table(table: Table, form: str) -> str:
    """The table in one of `TABLE_FORMATS`; raises FigureError for another, with near names.

    The best of a row, where that was tested, is bold, or has a star in plain text. `latex` is a
    whole `table`, which needs the packages booktabs and siunitx; `html` a `figure` with no style.
    """
    if form not in _RENDERERS:
        raise FigureError(
            f"there is no table format '{form}'; use {', '.join(TABLE_FORMATS)}"
            f"{near(form, TABLE_FORMATS)}"
        )
    return _RENDERERS[form](table)


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
    return "\n".join([lines[0], rule, *lines[1:], *_notes(table)]) + "\n"


def _markdown(table: Table) -> str:
    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cells)} |"

    rule = "|".join(" ---: " if column.numeric else " --- " for column in table.columns)
    head = line(_markdown_text(column.title) for column in table.columns)
    rows = (line(map(_markdown_cell, row)) for row in table.rows)
    return "\n".join([head, f"|{rule}|", *rows, *_notes(table)]) + "\n"


def _markdown_cell(cell: Cell) -> str:
    if isinstance(cell, ScoreCell) and cell.best:
        return f"**{_markdown_text(_plain(cell))}**"
    return _markdown_text(cell_text(cell))


def _markdown_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")


def _html(table: Table) -> str:
    head = "".join(
        f'<th scope="col"{_side(column)}>{html.escape(column.title)}</th>'
        for column in table.columns
    )
    rows = (f"<tr>{_html_row(table, row)}</tr>" for row in table.rows)
    notes = f"<figcaption>{html.escape(' '.join(table.notes))}</figcaption>"
    return "\n".join(
        [
            "<figure>",
            "<table>",
            *([f"<caption>{html.escape(table.title)}</caption>"] if table.title else []),
            f"<thead><tr>{head}</tr></thead>",
            "<tbody>",
            *rows,
            "</tbody>",
            "</table>",
            *([notes] if table.notes else []),
            "</figure>\n",
        ]
    )


def _html_row(table: Table, row: tuple[Cell, ...]) -> str:
    cells = (
        f"<td{_side(column)}>{html_cell(cell)}</td>"
        for column, cell in zip(table.columns, row, strict=True)
    )
    return "".join(cells)


def html_cell(cell: Cell) -> str:
    """A cell as HTML, escaped; the best of a row is strong."""
    if isinstance(cell, ScoreCell) and cell.best:
        return f"<strong>{html.escape(_plain(cell))}</strong>"
    return html.escape(cell_text(cell))


def _side(column: Column) -> str:
    return ' style="text-align: right"' if column.numeric else ""


def _plain(cell: Estimate | ScoreCell) -> str:
    """The text of a score without the mark of the best."""
    parts = cell_parts(cell)
    return " ".join(part for part in (parts.number, parts.spread, parts.flag) if part)


def _notes(table: Table) -> list[str]:
    return ["", *table.notes] if table.notes else []


_RENDERERS = {
    "text": _text,
    "markdown": _markdown,
    "latex": latex,
    "html": _html,
    "csv": as_csv,
    "json": as_json,
}
TABLE_FORMATS = tuple(_RENDERERS)
"""The formats that `render_table` writes."""
