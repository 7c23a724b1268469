"""Logs as tables: text that a program appends rows to while it trains, and may die in a row of.

A last line without its line feed is a row that was being written: it is left out, and said.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ..errors import ImportFileError
from .cells import CellError, as_number
from .table_file import MOST_COLUMNS, MOST_LINE_CHARACTERS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LogTable", "numbers", "read_log"]

_MOST_CELLS = 50_000_000


@dataclass(frozen=True, slots=True)
class LogTable:
    """A log: its columns with a cell for each row, the comments (`#`) in it, and what was cut."""

    name: str
    columns: dict[str, list[str]]
    comments: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """The number of rows."""
        return max(map(len, self.columns.values()), default=0)


def read_log(path: Path, name: str, delimiter: str = ",") -> LogTable:
    """The rows of a log, its header repeated by a restart or not; raises ImportFileError."""
    comments: list[str] = []
    notes: list[str] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = _whole_lines(file, name, comments, notes)
            header, rows = _rows(csv.reader(lines, delimiter=delimiter), name)
    except UnicodeDecodeError as error:
        raise ImportFileError(f"{name}: is not UTF-8 text; is it such a log?") from error
    if not header:
        raise ImportFileError(f"{name}: is empty, or has no whole line")
    cells = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in header]
    return LogTable(name, dict(zip(header, cells, strict=True)), tuple(comments), tuple(notes))


def numbers(cells: Sequence[str], place: str) -> NDArray[np.float64]:
    """Cells as float64 (n), NaN for an empty one; raises ImportFileError for what is no number."""
    import numpy as np

    try:
        if "" not in cells:
            return np.array(cells, dtype=np.float64)
    except ValueError:
        pass  # found below, by its row
    made = np.empty(len(cells), dtype=np.float64)
    for row, cell in enumerate(cells):
        try:
            number = as_number(cell)
        except CellError as error:
            raise ImportFileError(f"{place}: row {row + 1}: {error}") from error
        made[row] = math.nan if number is None else number
    return made


def _whole_lines(file: IO[str], name: str, comments: list[str], notes: list[str]) -> Iterator[str]:
    for line in _bounded(file, name):
        if not line.endswith(("\n", "\r")):
            notes.append(f"{name}: its last line is cut off, {len(line):,} characters left out")
        elif line.startswith("#"):
            comments.append(line[1:].strip())
        elif line.strip():
            yield line


def _bounded(file: IO[str], name: str) -> Iterator[str]:
    while line := file.readline(MOST_LINE_CHARACTERS):
        if len(line) >= MOST_LINE_CHARACTERS:
            raise ImportFileError(
                f"{name}: has a line of more than {MOST_LINE_CHARACTERS:,} characters"
            )
        yield line


def _rows(reader: Iterator[list[str]], name: str) -> tuple[list[str], list[list[str]]]:
    rows: list[list[str]] = []
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if len(header) > MOST_COLUMNS or len(set(header)) < len(header):
            raise ImportFileError(f"{name}: has {len(header):,} columns, or two of one name")
        most = _MOST_CELLS // max(len(header), 1)
        for cells in reader:
            if len(cells) != len(header):
                raise ImportFileError(
                    f"{name}: row {len(rows) + 1} has {len(cells)} cells and the header "
                    f"{len(header)}; is it such a log?"
                )
            if cells == header:  # written again by a program that was started again
                continue
            rows.append(cells)
            if len(rows) > most:
                raise ImportFileError(f"{name}: has more than {most:,} rows; split it")
    except csv.Error as error:
        raise ImportFileError(f"{name}: below row {len(rows)}: {error}") from error
    return header, rows
