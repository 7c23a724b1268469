"""Tables in files: CSV, JSON and JSON Lines as named columns and rows of cells, within bounds.

A file is foreign: a line, a JSON text, the number of columns may be of any size, so each has a
limit. Rows are read as they are asked for, so that only what is mapped is held in memory.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ..config import flatten
from ..errors import ImportFileError
from ..run import JsonValue

__all__ = [
    "ARRAY_SUFFIXES",
    "MOST_COLUMNS",
    "SUFFIXES",
    "Cell",
    "TableFile",
    "open_table",
]

Cell = str | int | float | bool | list[JsonValue] | None
"""One cell: text as it stands in a CSV file, or a JSON value. None where there is nothing."""

TEXT_SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson")
ARRAY_SUFFIXES = (".npy", ".npz")
PARQUET_SUFFIXES = (".parquet", ".pq")
SUFFIXES = (*TEXT_SUFFIXES, *ARRAY_SUFFIXES, *PARQUET_SUFFIXES)

MOST_COLUMNS = 10_000
MOST_LINE_CHARACTERS = 16 * 2**20
MOST_JSON_BYTES = 256 * 2**20

_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table: the names of its columns, a way to read its rows, and what was cut off at its end.

    `rows()` may be called again, and yields one cell for each column. `cut` is known when the rows
    were read: a sentence, or nothing.
    """

    name: str
    columns: tuple[str, ...]
    rows: Callable[[], Iterator[Sequence[Cell]]]
    cut: list[str] = field(default_factory=list)


def open_table(path: Path, name: str, *, transpose: bool = False) -> TableFile:
    """The table in a file, whose kind its suffix tells; `name` is what errors call it.

    `transpose` turns a 2-D array round: its rows become columns. Raises ImportFileError.
    """
    suffix = path.suffix.lower()
    if suffix in ARRAY_SUFFIXES:
        from .array_file import open_arrays

        return _checked(open_arrays(path, name, transpose=transpose))
    if transpose:
        raise ImportFileError(f"{name}: only an array is transposed; this is a table of rows")
    if suffix in PARQUET_SUFFIXES:
        from .parquet_file import open_parquet

        return _checked(open_parquet(path, name))
    if suffix == ".json":
        return _checked(_json_table(path, name))
    if suffix in (".jsonl", ".ndjson"):
        return _checked(_json_lines_table(path, name))
    return _checked(_csv_table(path, name))


def _checked(table: TableFile) -> TableFile:
    if len(table.columns) > MOST_COLUMNS:
        raise ImportFileError(
            f"{table.name}: has {len(table.columns):,} columns, of which at most {MOST_COLUMNS:,} "
            "are read; --transpose turns an array round"
        )
    return table


# -- CSV


def _csv_table(path: Path, name: str) -> TableFile:
    skipped, first = _csv_header(path, name)
    delimiter = max(_DELIMITERS, key=first.count)
    cells = next(csv.reader([first], delimiter=delimiter), [])
    if not cells:
        raise ImportFileError(f"{name}: is empty, or has nothing but comments")
    # Numbers alone are no names: columns are then called by their places, and the line is a row.
    has_header = not all(_is_number(cell) for cell in cells)
    columns = _named([cell.strip() for cell in cells] if has_header else [""] * len(cells))

    cut: list[str] = []

    def rows() -> Iterator[Sequence[Cell]]:
        with _opened(path, name) as file:
            lines = _Lines(file, name)
            for _ in range(skipped + has_header):
                next(lines, None)
            reader = csv.reader(lines, delimiter=delimiter)
            yield from _csv_rows(reader, lines, len(columns), cut)

    return TableFile(name, columns, rows, cut)


def _csv_header(path: Path, name: str) -> tuple[int, str]:
    """How many lines of comments and blanks come first, and the line behind them."""
    with _opened(path, name) as file:
        for number, line in enumerate(_Lines(file, name)):
            if line.strip() and not line.startswith("#"):
                return number, line
    return 0, ""


def _csv_rows(
    reader: Iterator[list[str]], lines: _Lines, width: int, cut: list[str]
) -> Iterator[Sequence[Cell]]:
    number, name = 0, lines.name
    try:
        for cells in reader:
            if not cells:
                continue
            number += 1
            if len(cells) < width and lines.is_cut:
                cut[:] = [lines.cut_in_words]
                return
            if len(cells) != width:
                raise ImportFileError(
                    f"{name}: row {number} has {len(cells)} cells and the header {width}; mend or "
                    "cut the row"
                )
            yield cells
    except csv.Error as error:
        raise ImportFileError(f"{name}: below row {number}: {error}") from error


def _named(columns: Sequence[str]) -> tuple[str, ...]:
    """The names of columns; one without a name is called by its place, from 0."""
    return tuple(column or str(place) for place, column in enumerate(columns))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


# -- JSON


def _json_table(path: Path, name: str) -> TableFile:
    size = path.stat().st_size
    if size > MOST_JSON_BYTES:
        raise ImportFileError(
            f"{name}: has {size:,} bytes; a JSON file of more than {MOST_JSON_BYTES:,} is read as "
            "JSON Lines only (.jsonl, one object a line)"
        )
    with _opened(path, name) as file:
        document = _parsed(file.read(), name)
    if isinstance(document, list):
        return _records_table(name, lambda: _records(document, name), [])
    if isinstance(document, dict):
        return _columns_table(document, name)
    raise ImportFileError(f"{name}: is neither a list of objects nor an object of lists")


def _json_lines_table(path: Path, name: str) -> TableFile:
    cut: list[str] = []

    def values(lines: _Lines) -> Iterator[JsonValue]:
        first = True
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    value = _parsed(line, f"{name}: line {number}")
                except ImportFileError:
                    if first or not lines.is_cut:
                        raise
                    cut[:] = [lines.cut_in_words]
                    return
                first = False
                yield value

    def records() -> Iterator[Mapping[str, Cell]]:
        with _opened(path, name) as file:
            yield from _records(values(_Lines(file, name)), name)

    return _records_table(name, records, cut)


def _records(values: Iterable[JsonValue], name: str) -> Iterator[Mapping[str, Cell]]:
    for number, value in enumerate(values, 1):
        if not isinstance(value, dict):
            raise ImportFileError(f"{name}: row {number} is {type(value).__name__}, not an object")
        yield flatten(value)


def _records_table(
    name: str, records: Callable[[], Iterator[Mapping[str, Cell]]], cut: list[str]
) -> TableFile:
    """A table of objects; a key that some of them lack is an empty cell there."""
    found: dict[str, None] = {}
    for record in records():
        found |= dict.fromkeys(record)
        if len(found) > MOST_COLUMNS:
            break
    columns = tuple(found)
    return TableFile(
        name, columns, lambda: ([record.get(key) for key in columns] for record in records()), cut
    )


def _columns_table(document: Mapping[str, JsonValue], name: str) -> TableFile:
    """A table of lists, one for each column; what is no list is the same in every row."""
    lists = {key: value for key, value in document.items() if isinstance(value, list)}
    lengths = {len(value) for value in lists.values()}
    if len(lengths) != 1:
        said = f"of {len(lengths)} different lengths" if lengths else "without a list"
        raise ImportFileError(f"{name}: an object {said} is no table")
    length = lengths.pop()
    fixed = flatten({key: value for key, value in document.items() if key not in lists})
    columns = (*lists, *fixed)

    def rows() -> Iterator[Sequence[Cell]]:
        constants = list(fixed.values())
        for row in range(length):
            yield [*(value[row] for value in lists.values()), *constants]

    return TableFile(name, columns, rows)


def _parsed(text: str, place: str) -> JsonValue:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ImportFileError(f"{place}: is not JSON: {str(error) or 'nested too deep'}") from error


# -- text


class _opened:  # noqa: N801 - reads as the context manager that it is
    """The text of a file; what is no UTF-8 in it is an ImportFileError, wherever it is read."""

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name

    def __enter__(self) -> IO[str]:
        self._file = self._path.open(encoding="utf-8-sig", newline="")
        return self._file

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._file.close()
        if isinstance(error, UnicodeDecodeError):
            raise ImportFileError(
                f"{self._name}: is not UTF-8 text; convert it, as with iconv -t utf-8"
            ) from error


class _Lines:
    """The lines of a text, none of which may be longer than is reasonable."""

    def __init__(self, file: IO[str], name: str) -> None:
        self.name = name
        self._file, self._last = file, "\n"

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._file.readline(MOST_LINE_CHARACTERS)
        if not line:
            raise StopIteration
        if len(line) >= MOST_LINE_CHARACTERS:
            raise ImportFileError(
                f"{self.name}: has a line of more than {MOST_LINE_CHARACTERS:,} characters"
            )
        self._last = line
        return line

    @property
    def is_cut(self) -> bool:
        """Whether the line read last has no end, so that who wrote it may have been stopped."""
        return not self._last.endswith(("\n", "\r"))

    @property
    def cut_in_words(self) -> str:
        """The sentence on a last line that is left out."""
        return f"{self.name}: its last line is cut off, {len(self._last):,} characters left out"
