"""Printing: data on stdout in the format asked for, notes on stderr.

A table is Rich's on a terminal and aligned text elsewhere; where it does not fit (the terminal, or
COLUMNS where that is set) it becomes records, so that nothing is cut off. Without a terminal and
without COLUMNS a line is as long as it needs to be.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence

from orbench.run import JsonValue

from .cells import json_text
from .formats import formatted
from .layout import Column, choose_layout, plain_records, plain_table
from .options import Format
from .table import Table, text_columns

__all__ = [
    "fits_page",
    "note",
    "page_width",
    "print_columns",
    "print_object",
    "print_table",
    "print_text",
    "table_lines",
    "wrapped",
]


def note(text: str) -> None:
    """Print a line for people on stderr."""
    print(text, file=sys.stderr)  # noqa: T201 - printing is what this module is for


def print_text(lines: Iterable[str]) -> None:
    """Print lines on stdout."""
    for line in lines:
        print(line)  # noqa: T201


def print_object(value: JsonValue) -> None:
    """Print one thing as a JSON object on stdout."""
    print_text([json_text(value, indent=2)])


def print_table(table: Table, fmt: Format) -> None:
    """Print a table on stdout in this format; an empty one says so on stderr."""
    if not table.rows:
        note(table.empty)
    if fmt is Format.TABLE:
        if table.rows:
            print_columns(text_columns(table))
    else:
        print_text(formatted(table, fmt))


def print_columns(columns: Sequence[Column]) -> None:
    """Print columns of text for people: Rich's table on a terminal, else plain text."""
    width = page_width()
    if sys.stdout.isatty() and choose_layout(columns, width, can_fold=True).as_table:
        _print_rich(columns)
    else:
        print_text(_plain_lines(columns, width))


def fits_page(table: Table) -> bool:
    """Whether the page is wide enough for the table, with nothing folded."""
    return choose_layout(text_columns(table), page_width(), can_fold=False).as_table


def table_lines(table: Table, width: int | None) -> list[str]:
    """A table as lines of plain text at most `width` wide: aligned, or records."""
    return _plain_lines(text_columns(table), width)


def _plain_lines(columns: Sequence[Column], width: int | None) -> list[str]:
    if choose_layout(columns, width, can_fold=False).as_table:
        return plain_table(columns)
    return plain_records(columns, width)


def wrapped(sentence: str) -> list[str]:
    """A sentence as lines that fit the page."""
    width = page_width()
    return [sentence] if width is None else textwrap.wrap(sentence, width)


def page_width() -> int | None:
    """Columns of text on the page: COLUMNS, else the terminal's, else None for no limit."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit():
        return shutil.get_terminal_size().columns
    return None


def _print_rich(columns: Sequence[Column]) -> None:
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    grid = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        grid.add_column(
            Text(column.heading),
            justify="right" if column.right else "left",
            no_wrap=not column.may_fold,
            overflow="fold",
            min_width=column.least_width if column.may_fold else column.width,
        )
    for row in zip(*(column.cells for column in columns), strict=True):
        grid.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    Console(highlight=False).print(grid)


_STYLES = {
    "finished": "green",
    "running": "cyan",
    "failed": "red",
    "killed": "red",
    "lost": "yellow",
}
