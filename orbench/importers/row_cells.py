"""Reading a target in a row: a reading made once into a function that is called for every row."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from .cells import CellError, Number, as_number, as_time, mean_and_spread
from .mapping import Source
from .row_plan import Reading, mean_columns
from .table_file import Cell

__all__ = ["ReadNumber", "Row", "RowCells", "Sums"]

Row = Sequence[Cell]

Sums = dict[str, tuple[int, Number]]
"""Running sums of a run by column: the row that was added last, and the sum."""

ReadCell = Callable[[int, Row], Cell]
ReadNumber = Callable[[int, Row, Sums], Number | None]
ReadValue = Callable[[int, Row, Sums], tuple[float | None, float | None]]


class RowCells:
    """Makes functions that read targets in the rows of a table with these columns.

    They are called with the number of the row, from 0, the row and the sums of its run, and raise
    CellErrors that name the column.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._places = {column: place for place, column in enumerate(columns)}

    def cell(self, reading: Reading | None) -> ReadCell:
        """A cell that names something; None where nothing says it."""
        if reading is None or reading.source is None:
            constant = None if reading is None else reading.constant
            return lambda number, row: constant
        source = reading.source
        if source.kind == "cumsum":
            return _refuse(reading.text)
        if source.kind == "column" and not source.is_scaled:
            place = self._places[source.name]
            return lambda number, row: row[place]
        numbers = self.number(reading)
        return lambda number, row: numbers(number, row, {})

    def time(self, reading: Reading) -> ReadNumber:
        """Seconds since the epoch, from a number or an ISO time."""
        source = reading.source
        if source is None or source.kind != "column" or source.is_scaled:
            return self.number(reading)
        place, column = self._places[source.name], source.name

        def read(number: int, row: Row, sums: Sums) -> Number | None:
            try:
                return as_time(row[place])
            except CellError as error:
                raise error.at(column) from None

        return read

    def value(self, source: Source, text: str) -> ReadValue:
        """A value and, from a cell like `12.5 ± 0.4`, its spread."""
        if source.kind != "column":
            numbers = self.number(Reading(text, source))
            return lambda number, row, sums: (numbers(number, row, sums), None)
        place, column = self._places[source.name], source.name

        def read(number: int, row: Row, sums: Sums) -> tuple[float | None, float | None]:
            try:
                mean, spread = mean_and_spread(row[place])
            except CellError as error:
                raise error.at(column) from None
            return _scaled(mean, source), _scaled(spread, source)

        return read

    def number(self, reading: Reading) -> ReadNumber:
        """A number, None for an empty cell."""
        source = reading.source
        if source is None:
            constant = as_number(reading.constant)
            return lambda number, row, sums: constant
        if source.kind == "group":
            return lambda number, row, sums: _scaled(number, source)
        if source.kind == "cumsum":
            return self._running_sum(source)
        if source.kind == "mean":
            return self._mean(source)
        column = self._column(source.name)
        if not source.is_scaled:
            return lambda number, row, sums: column(row)
        return lambda number, row, sums: _scaled(column(row), source)

    def _column(self, name: str) -> Callable[[Row], Number | None]:
        place = self._places[name]

        def read(row: Row) -> Number | None:
            try:
                return as_number(row[place])
            except CellError as error:
                raise error.at(name) from None

        return read

    def _mean(self, source: Source) -> ReadNumber:
        columns = [self._column(name) for name in mean_columns(source.name, self._columns)]

        def read(number: int, row: Row, sums: Sums) -> Number | None:
            there = [found for column in columns if (found := column(row)) is not None]
            return _scaled(_mean_of(there), source) if there else None

        return read

    def _running_sum(self, source: Source) -> ReadNumber:
        column = self._column(source.name)

        def read(number: int, row: Row, sums: Sums) -> Number | None:
            last, total = sums.get(source.name, (-1, 0))
            if last != number:  # several values of one row are of one step
                total += column(row) or 0
                sums[source.name] = (number, total)
            return _scaled(total, source)

        return read


def _mean_of(numbers: Sequence[Number]) -> float:
    """The mean; where a sum of infinities or beyond float64 stops fsum, as IEEE 754 adds."""
    try:
        return math.fsum(numbers) / len(numbers)
    except (OverflowError, ValueError):
        return sum(number / len(numbers) for number in numbers)


def _refuse(text: str) -> ReadCell:
    def read(number: int, row: Row) -> Cell:
        raise CellError(f"{text} is a running sum, which names nothing")

    return read


def _scaled(number: Number | None, source: Source) -> Number | None:
    if number is None or not source.is_scaled:
        return number
    return number * source.scale / source.divisor
