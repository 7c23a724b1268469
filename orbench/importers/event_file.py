"""TensorBoard event files as series: all points, many records at once.

Records of one length that begin alike differ in their numbers only: the layout of one is the
layout of all whose other bytes are the same. So one record of each layout is parsed, and the rest
is read as columns. This finds the same points as parsing each record, for any bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..run_store import Points
from .event_record import RecordLayout, Text, layout_of
from .tfrecord import Records, scan_records

__all__ = ["EventFile", "read_event_file"]

_FEW = 4


@dataclass(frozen=True, slots=True)
class EventFile:
    """What an event file holds: `points` by tag, in the order of the file, and its texts.

    `other` counts values that are no numbers, by kind; `cut` says what was left at the end;
    `first` and `last` are the first and last wall time, NaN without any.
    """

    points: Mapping[str, Points]
    texts: tuple[Text, ...]
    other: Counter[str] = field(default_factory=Counter)
    cut: str = ""
    first: float = float("nan")
    last: float = float("nan")


@dataclass(slots=True)
class _Column:
    """Points of one tag found so far, with the place of their record in the file."""

    order: list[NDArray[np.int64]] = field(default_factory=list)
    steps: list[NDArray[np.int64]] = field(default_factory=list)
    values: list[NDArray[np.float64]] = field(default_factory=list)
    times: list[NDArray[np.float64]] = field(default_factory=list)


def read_event_file(data: bytes) -> EventFile:
    """Read a whole event file; raises WireError if its records are no events."""
    records = scan_records(data)
    reader = _Reader(data, records)
    for length in np.unique(records.lengths):
        reader.read(np.flatnonzero(records.lengths == length), int(length))
    points = {tag: _joined(column) for tag, column in sorted(reader.columns.items())}
    texts = tuple(text for _, text in sorted(reader.texts, key=lambda pair: pair[0]))
    times = reader.times
    first, last = min(times, default=np.nan), max(times, default=np.nan)
    return EventFile(points, texts, reader.other, records.cut, first, last)


class _Reader:
    """Reads groups of records of one length."""

    def __init__(self, data: bytes, records: Records) -> None:
        self.columns: dict[str, _Column] = {}
        self.texts: list[tuple[int, Text]] = []
        self.other: Counter[str] = Counter()
        self.times: list[float] = []
        self._data = data
        self._whole = np.frombuffer(data, np.uint8)
        self._records = records

    def read(self, rows: NDArray[np.int64], length: int) -> None:
        """Read the records at these places, which have one length."""
        while len(rows):
            start = int(self._records.starts[rows[0]])
            layout = layout_of(self._data[start : start + length])
            alone = len(rows) <= _FEW or layout.texts
            alike = rows[:1] if alone else self._alike(rows, length, layout)
            self._take(alike, length, layout)
            rows = np.setdiff1d(rows, alike, assume_unique=True)

    def _alike(
        self, rows: NDArray[np.int64], length: int, layout: RecordLayout
    ) -> NDArray[np.int64]:
        """The rows whose bytes are those of the first one, but for the numbers."""
        table = self._table(rows, length)
        fixed = np.ones(length, np.bool_)
        for place, size in _numbers(layout):
            fixed[place : place + size] = False
        same = (table[:, fixed] == table[0, fixed]).all(axis=1)
        if layout.step_size:
            step = table[:, layout.step : layout.step + layout.step_size]
            goes_on = step >= 0x80
            same &= goes_on[:, :-1].all(axis=1) & ~goes_on[:, -1]
        return np.asarray(rows[same])

    def _table(self, rows: NDArray[np.int64], length: int) -> NDArray[np.uint8]:
        return np.asarray(self._whole[self._records.starts[rows][:, None] + np.arange(length)])

    def _take(self, rows: NDArray[np.int64], length: int, layout: RecordLayout) -> None:
        self.texts += [(int(rows[0]), text) for text in layout.texts]
        for kind in layout.other:
            self.other[kind] += len(rows)
        table = self._table(rows, length)
        times = np.zeros(len(rows))
        if layout.wall_time >= 0:
            times = _column(table, layout.wall_time, "<f8")
            self.times += [float(times.min()), float(times.max())]
        if not layout.scalars:
            return
        steps = _steps(table, layout)
        for scalar in layout.scalars:
            column = self.columns.setdefault(scalar.tag, _Column())
            column.order.append(rows)
            column.steps.append(steps)
            column.values.append(_column(table, scalar.place, scalar.dtype))
            column.times.append(times)


def _numbers(layout: RecordLayout) -> Iterator[tuple[int, int]]:
    """The places and sizes of the numbers of a record."""
    if layout.wall_time >= 0:
        yield layout.wall_time, 8
    if layout.step >= 0:
        yield layout.step, layout.step_size
    for scalar in layout.scalars:
        yield scalar.place, int(scalar.dtype[2])


def _column(table: NDArray[np.uint8], place: int, dtype: str) -> NDArray[np.float64]:
    size = int(dtype[2])
    column = np.ascontiguousarray(table[:, place : place + size])
    return column.view(dtype)[:, 0].astype(np.float64)


def _steps(table: NDArray[np.uint8], layout: RecordLayout) -> NDArray[np.int64]:
    """The varints of the steps; an event without one is at step 0."""
    steps = np.zeros(len(table), np.uint64)
    for byte in range(layout.step_size):
        part = table[:, layout.step + byte].astype(np.uint64) & np.uint64(0x7F)
        steps |= part << np.uint64(7 * byte)
    return steps.view(np.int64)


def _joined(column: _Column) -> Points:
    order = np.argsort(np.concatenate(column.order), kind="stable")
    return Points(
        np.concatenate(column.steps)[order],
        np.concatenate(column.values)[order],
        np.concatenate(column.times)[order],
    )
