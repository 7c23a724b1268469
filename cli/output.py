"""Printing: data on stdout in the format asked for, notes on stderr.

A table is Rich's on a terminal and aligned text elsewhere; where it does not fit (the terminal, or
COLUMNS where that is set) it becomes records, so that nothing is cut off. Without a terminal and
without COLUMNS a line is as long as it needs to be.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orbench.run import JsonValue

from .cells import Kind, for_people, for_programs, json_text
from .layout import Column, choose_layout, plain_records, plain_table
from .options import Format

__all__ = [
    "Field",
    "Table",
    "fits_page",
    "note",
    "page_width",
    "print_object",
    "print_table",
    "print_text",
    "table_lines",
]


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a table: its name for programs and, if another, its heading for people."""

    name: str
    kind: Kind = Kind.VALUE
    heading: str = ""
    may_fold: bool = False

    @property
    def title(self) -> str:
        """The heading for people."""
        return self.heading or self.name


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of raw values under fields; `rows[i][j]` belongs to `fields[j]`."""

    fields: Sequence[Field]
    rows: Sequence[Sequence[JsonValue]]
    empty: str = "nothing to show"

    def without(self, names: Iterable[str]) -> Table:
        """The table without the fields of these names."""
        dropped = set(names)
        kept = [index for index, field in enumerate(self.fields) if field.name not in dropped]
        rows = [[row[index] for index in kept] for row in self.rows]
        return Table([self.fields[index] for index in kept], rows, self.empty)


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
            print_columns(_columns(table))
    else:
        print_text(_WRITERS[fmt](table))


def print_columns(columns: Sequence[Column]) -> None:
    """Print columns of text for people: Rich's table on a terminal, else plain text."""
    width = page_width()
    if sys.stdout.isatty() and choose_layout(columns, width, can_fold=True).as_table:
        _print_rich(columns)
    else:
        print_text(_plain_lines(columns, width))


def fits_page(table: Table) -> bool:
    """Whether the page is wide enough for the table, with nothing folded."""
    return choose_layout(_columns(table), page_width(), can_fold=False).as_table


def table_lines(table: Table, width: int | None) -> list[str]:
    """A table as lines of plain text at most `width` wide: aligned, or records."""
    return _plain_lines(_columns(table), width)


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


def _columns(table: Table) -> list[Column]:
    return [
        Column(
            heading=place.title,
            cells=[for_people(row[index], place.kind) for row in table.rows],
            right=all(_is_number(row[index]) for row in table.rows) and place.kind is not Kind.TIME,
            may_fold=place.may_fold,
        )
        for index, place in enumerate(table.fields)
    ]


def _is_number(value: JsonValue) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


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


def _json_lines(table: Table) -> list[str]:
    names = [place.name for place in table.fields]
    objects = [json_text(dict(zip(names, values, strict=True))) for values in _exact_rows(table)]
    return ["[", *(f"{text}," for text in objects[:-1]), *objects[-1:], "]"]


def _exact_rows(table: Table) -> Iterable[list[JsonValue]]:
    for row in table.rows:
        yield [
            for_programs(value, place.kind) for value, place in zip(row, table.fields, strict=True)
        ]


def _csv_lines(table: Table) -> list[str]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([place.name for place in table.fields])
    for row in _exact_rows(table):
        writer.writerow(
            [json_text(value) if isinstance(value, list | dict) else value for value in row]
        )
    return [text.getvalue().removesuffix("\n")]


def _markdown_lines(table: Table) -> list[str]:
    columns = _columns(table)
    head = " | ".join(_markdown(column.heading) for column in columns)
    rule = " | ".join("---:" if column.right else "---" for column in columns)
    rows = zip(*(column.cells for column in columns), strict=True)
    body = [" | ".join(_markdown(cell) for cell in row) for row in rows]
    return [f"| {line} |" for line in (head, rule, *body)]


def _markdown(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")


def _latex_lines(table: Table) -> list[str]:
    columns = _columns(table)
    rows = zip(*(column.cells for column in columns), strict=True)
    return [
        f"\\begin{{tabular}}{{{''.join('r' if column.right else 'l' for column in columns)}}}",
        "\\toprule",
        _latex_row(column.heading for column in columns),
        "\\midrule",
        *(_latex_row(row) for row in rows),
        "\\bottomrule",
        "\\end{tabular}",
    ]


def _latex_row(cells: Iterable[str]) -> str:
    return " & ".join(_latex(cell) for cell in cells) + " \\\\"


_LATEX_SPECIAL = {
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


def _latex(text: str) -> str:
    return "".join(_LATEX_SPECIAL.get(character, character) for character in text)


_WRITERS = {
    Format.JSON: _json_lines,
    Format.CSV: _csv_lines,
    Format.MARKDOWN: _markdown_lines,
    Format.LATEX: _latex_lines,
}
