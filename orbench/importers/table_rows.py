"""Rows into runs: the points of each run in compact arrays, with every problem named by its row."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..config import unflatten
from ..errors import ImportFileError
from ..repeats import count_repeats
from ..run import Document
from ..run_store import Points
from .cells import CellError, Number, as_config_value, as_name, as_seed, as_step
from .imported import RowCounts
from .mapping import IDENTITY
from .row_cells import ReadNumber, Row, RowCells, Sums
from .row_plan import Reading, RowPlan
from .table_file import Cell, TableFile

__all__ = ["MOST_POINTS", "MOST_SERIES", "RunRows", "read_rows"]

MOST_POINTS = 20_000_000
MOST_SERIES = 100_000
"""A file gives at most this many points and series (metrics of runs): what is held in memory."""

_Key = tuple[Cell, ...]


@dataclass(slots=True)
class SeriesRows:
    """The points of one metric of a run while they are read."""

    steps: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))
    times: array[float] = field(default_factory=lambda: array("d"))


@dataclass(slots=True)
class RunRows:
    """The rows of one run: what names it, and its points by metric.

    `times` are seconds since the epoch (`timed` is wall_time), since the run began (elapsed), or
    none at all.
    """

    project: str
    exp_name: str
    env_id: str
    seed: int | None
    config: Document
    timed: str | None
    series: dict[str, SeriesRows] = field(default_factory=dict)
    sums: Sums = field(default_factory=dict)
    empty: int = 0

    def span(self) -> tuple[float, float] | None:
        """The first and the last time of any point, None without times."""
        finite = [time for one in self.series.values() for time in one.times if math.isfinite(time)]
        return (min(finite), max(finite)) if finite else None

    def points(self, offset: float) -> dict[str, Points]:
        """The points by metric; `offset` is added to every time, and is the time of none."""
        import numpy as np

        made = {}
        for metric, rows in self.series.items():
            values = np.array(rows.values, dtype=np.float64)
            times = np.array(rows.times, dtype=np.float64) if rows.times else np.zeros(len(values))
            made[metric] = Points(np.array(rows.steps, dtype=np.int64), values, times + offset)
        return made

    def counts(self, points: Mapping[str, Points]) -> RowCounts:
        """What is peculiar in the rows."""
        found = [count_repeats(one.steps) for one in points.values()]
        return RowCounts(
            sum(one.rows for one in found), sum(one.restarts for one in found), self.empty
        )


def read_rows(table: TableFile, plan: RowPlan) -> list[RunRows]:
    """The runs in a table, in the order in which they come; raises ImportFileError."""
    try:
        reader = _RowReader(table, plan)
    except CellError as error:
        raise ImportFileError(f"{table.name}: {error}") from error
    try:
        for row in table.rows():
            reader.add(row)
    except CellError as error:
        raise ImportFileError(f"{table.name}: row {reader.number + 1}: {error}") from error
    return reader.runs


class _RowReader:
    """Takes the rows of one table; holds the runs found so far."""

    def __init__(self, table: TableFile, plan: RowPlan) -> None:
        self.number = -1
        self._table = table.name
        self._runs: dict[_Key, RunRows] = {}
        self._points = self._series = 0
        cells = RowCells(table.columns)
        self._names = [cells.cell(plan.identity.get(name)) for name in IDENTITY]
        self._config = {
            key: cells.cell(reading) for key, reading in plan.config.items() if reading.source
        }
        # What all rows have in common tells no runs apart, and may be of any kind.
        self._constants = {
            key: as_config_value(reading.constant) if reading.is_from_path else reading.constant
            for key, reading in plan.config.items()
            if not reading.source
        }
        self._seedless = _may_lack_seed(plan.identity.get("seed"))
        self._step = None if plan.step is None else cells.number(plan.step)
        self._metric = cells.cell(plan.metric)
        self._values = [(value, cells.value(value.source, value.text)) for value in plan.values]
        self._timed, self._time = _time_reader(cells, plan)

    @property
    def runs(self) -> list[RunRows]:
        """The runs so far, in the order in which they came."""
        return list(self._runs.values())

    def add(self, row: Row) -> None:
        """Add the points of a row to its run, or to its runs."""
        self.number += 1
        names = [read(self.number, row) for read in self._names]
        config = [read(self.number, row) for read in self._config.values()]
        for value, read in self._values:
            told = value.names
            named = names
            if told:
                named = [told.get(name, cell) for name, cell in zip(IDENTITY, names, strict=True)]
            run = self._run((*named, *config))
            # Running sums go on in rows without a value too.
            step = self._step and self._step(self.number, row, run.sums)
            time = self._time(self.number, row, run.sums)
            mean, spread = read(self.number, row, run.sums)
            if mean is None:
                run.empty += 1
                continue
            metric = value.metric
            if metric is None:
                metric = as_name(self._metric(self.number, row), "metric")
            self._append(run, metric, step, mean, time)
            if spread is not None:
                self._append(run, f"{metric}/std", step, spread, time)

    def _append(
        self, run: RunRows, metric: str, step: Number | None, value: float, time: Number | None
    ) -> None:
        rows = run.series.get(metric)
        if rows is None:
            self._series += 1
            rows = run.series[metric] = SeriesRows()
        self._points += 1
        if self._points > MOST_POINTS or self._series > MOST_SERIES:
            raise ImportFileError(
                f"{self._table}: has more than {MOST_POINTS:,} points or {MOST_SERIES:,} series; "
                "split it into several files"
            )
        if self._step is None:
            step = len(rows.steps)  # the rows of each series are counted
        elif step is None:
            raise CellError("an empty cell is no step")
        rows.steps.append(as_step(step))
        rows.values.append(value)
        if self._timed is not None:
            rows.times.append(math.nan if time is None else time)

    def _run(self, key: _Key) -> RunRows:
        """The run of these names and config values."""
        try:
            run = self._runs.get(key)
        except TypeError:
            raise CellError("a list names no run, and is no config value") from None
        if run is None:
            if len(self._runs) >= MOST_SERIES:
                raise ImportFileError(
                    f"{self._table}: has more than {MOST_SERIES:,} runs; is the right column "
                    "mapped to seed, env_id and exp_name?"
                )
            run = self._runs[key] = self._new_run(key)
        return run

    def _new_run(self, key: _Key) -> RunRows:
        project, exp_name, env_id, seed, *config = key
        read = zip(self._config, map(as_config_value, config), strict=True)
        return RunRows(
            project=as_name(project, "project"),
            exp_name=as_name(exp_name, "exp_name"),
            env_id=as_name(env_id, "env_id"),
            seed=None if seed is None and self._seedless else as_seed(seed),
            config=unflatten(self._constants | dict(read)),
            timed=self._timed,
        )


def _may_lack_seed(reading: Reading | None) -> bool:
    """Whether it was said that runs have no seed, as by `--set seed=none`."""
    return reading is not None and reading.source is None and reading.constant is None


def _time_reader(cells: RowCells, plan: RowPlan) -> tuple[str | None, ReadNumber]:
    """Which time the rows have, and how it is read."""
    if plan.wall_time is not None:
        return "wall_time", cells.time(plan.wall_time)
    if plan.elapsed is not None:
        return "elapsed", cells.number(plan.elapsed)
    return None, lambda number, row, sums: None
