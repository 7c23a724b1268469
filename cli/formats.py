"""Tables as JSON, CSV, Markdown and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from orbench.run import JsonValue

from .cells import for_programs, json_text
from .options import Format
from .table import Table, text_columns

__all__ = ["formatted"]


def formatted(table: Table, fmt: Format) -> list[str]:
    """The table in a format other than `table`, as lines.

    JSON and CSV have the names of fields and exact values; Markdown and LaTeX (with booktabs) have
    headings and cells as people read them, the signs of the format escaped.
    """
    return _WRITERS[fmt](table)


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
    columns = text_columns(table)
    head = " | ".join(_markdown(column.heading) for column in columns)
    rule = " | ".join("---:" if column.right else "---" for column in columns)
    rows = zip(*(column.cells for column in columns), strict=True)
    body = [" | ".join(_markdown(cell) for cell in row) for row in rows]
    return [f"| {line} |" for line in (head, rule, *body)]


def _markdown(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")


def _latex_lines(table: Table) -> list[str]:
    columns = text_columns(table)
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
