r"""Tables in LaTeX: booktabs, numbers in the `S` columns of siunitx, the best in bold.

A score takes two columns: its number, aligned at the point, and what stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orbench.stats import Estimate

from .cell_text import Cell, ScoreCell, cell_parts, cell_text
from .tables import Table

__all__ = ["latex"]

_NUMBER = re.compile(r"(?P<sign>-?)(?P<whole>\d+)(\.(?P<part>\d+))?(e(?P<power>[-+]?\d+))?")
_BOLD = r"\bfseries "


def latex(table: Table) -> str:
    """A whole `table`: the notes are its caption."""
    columns = [_column(table, place) for place in range(len(table.columns))]
    caption = " ".join([*([f"{table.title}."] if table.title else []), *table.notes])
    return (
        "\n".join(
            [
                r"% \usepackage{booktabs} \usepackage{siunitx} % siunitx 3 or newer",
                r"\begin{table}",
                r"\centering",
                *([rf"\caption{{{_escaped(caption)}}}"] if caption else []),
                rf"\begin{{tabular}}{{{' '.join(column.format for column in columns)}}}",
                r"\toprule",
                _line(column.heading for column in columns),
                r"\midrule",
                *(_line(column.cells[row] for column in columns) for row in range(len(table.rows))),
                r"\bottomrule",
                r"\end{tabular}",
                r"\end{table}",
            ]
        )
        + "\n"
    )


@dataclass(frozen=True, slots=True)
class _LatexColumn:
    """A column of a table as one or two of LaTeX: its format, its heading, its cells."""

    format: str
    heading: str
    cells: list[str]


def _column(table: Table, place: int) -> _LatexColumn:
    column = table.columns[place]
    title = _escaped(column.title)
    cells = [row[place] for row in table.rows]
    numbers = [number for cell in cells if (number := _number(cell))]
    if any(isinstance(cell, Estimate | ScoreCell) for cell in cells):
        room = rf"S[{_table_format(numbers)}, detect-weight] @{{\;}} l"
        return _LatexColumn(room, rf"\multicolumn{{2}}{{c}}{{{title}}}", list(map(_score, cells)))
    if column.numeric and all(_number(cell) or not cell_text(cell) for cell in cells):
        room = f"S[{_table_format(numbers)}]"
        return _LatexColumn(room, f"{{{title}}}", list(map(_number, cells)))
    texts = [_escaped(cell_text(cell)) for cell in cells]
    return _LatexColumn("r" if column.numeric else "l", title, texts)


def _line(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _score(cell: Cell) -> str:
    """A number and, in the next column, its spread; what is no number spans both."""
    if not isinstance(cell, Estimate | ScoreCell):
        return rf"\multicolumn{{2}}{{c}}{{{_escaped(cell_text(cell))}}}"
    parts = cell_parts(cell)
    beside = [_beside(part) for part in (parts.spread, parts.flag) if part]
    return f"{_BOLD if parts.best else ''}{_number(cell)} & {' '.join(beside)}"


def _beside(text: str) -> str:
    """A spread or a flag in mathematics, where a minus is one; `[no interval]` stays text."""
    if re.search(r"[a-z]{2}", text):
        return _escaped(text)
    powers = re.sub(r"e([-+]\d+)", lambda power: rf" \times 10^{{{int(power[1])}}}", text)
    signs = powers.replace("± ", r"\pm\,")
    return f"${signs}$"


def _number(cell: Cell) -> str:
    """A number as siunitx reads it; empty for what is none."""
    text = cell_parts(cell).number if isinstance(cell, Estimate | ScoreCell) else cell_text(cell)
    found = _NUMBER.fullmatch(text)
    if found is None:
        return ""
    mantissa = text.partition("e")[0]
    return f"{mantissa}e{int(found['power'])}" if found["power"] else mantissa


def _table_format(numbers: Sequence[str]) -> str:
    """The room that the numbers take: sign, digits before and after the point, exponent."""
    found = [_NUMBER.fullmatch(number) for number in numbers]
    parts = [one.groupdict(default="") for one in found if one is not None]
    sign = "-" if any(one["sign"] for one in parts) else ""
    whole = max((len(one["whole"]) for one in parts), default=1)
    part = max((len(one["part"]) for one in parts), default=0)
    powers = [one["power"].removeprefix("+") for one in parts if one["power"]]
    power = (
        f"e{'-' if any('-' in one for one in powers) else ''}{_widest(powers)}" if powers else ""
    )
    return f"table-format = {sign}{whole}{f'.{part}' if part else ''}{power}"


def _widest(powers: Iterable[str]) -> int:
    return max(len(power.removeprefix("-")) for power in powers)


_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "±": r"$\pm$",
        "\N{EM DASH}": "---",
        **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    }
)


def _escaped(text: str) -> str:
    # A row of LaTeX that starts with a bracket would be read as an option of the line before.
    escaped = text.translate(_ESCAPES)
    return f"{{{escaped}}}" if escaped.startswith("[") else escaped
