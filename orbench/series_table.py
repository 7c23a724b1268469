"""The series table: points of many runs in long form, as arrays, frames and files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from .errors import UsageError, near
from .metric import Series
from .run import RunRecord
from .run_set import LeftOut
from .wording import number_of

__all__ = ["COLUMNS", "SeriesTable"]

COLUMNS = (
    *("run_id", "project", "exp_name", "env_id", "seed"),
    *("metric", "step", "wall_time", "value"),
)
"""The columns of a series table, in order."""

_POINTS = {"step": "steps", "wall_time": "wall_times", "value": "values"}


@dataclass(frozen=True, slots=True)
class SeriesTable:
    """One row for each point of some series: `table["value"]` is a column, (points).

    `runs` are the selected runs, oldest first; `series` the series they have, by metric in the
    order asked for and then by run; `left_out` the runs that have no points of a metric. Columns
    are made when asked for: step is int64, wall_time and value are float64, seed is int64 (object
    with None where a run has no seed), the others are texts (object, each text held once).
    """

    runs: tuple[RunRecord, ...]
    series: tuple[Series, ...]
    left_out: tuple[LeftOut, ...] = ()

    def __len__(self) -> int:
        """The number of points."""
        return sum(map(len, self.series))

    def __repr__(self) -> str:
        """What a notebook shows: how much there is, not all of it."""
        named = ", ".join(dict.fromkeys(one.metric for one in self.series))
        text = f"{number_of(len(self), 'point')} of {named or 'no metric'}"
        text += f" from {number_of(len({one.run_id for one in self.series}), 'run')}"
        if self.left_out:
            lacking = number_of(len({one.run_id for one in self.left_out}), "run")
            text += f"; {lacking} without one of them"
        return f"<SeriesTable: {text}>"

    def __getitem__(self, column: str) -> NDArray[Any]:
        """A column, one of COLUMNS; raises UsageError for another."""
        if column in _POINTS:
            return self._joined(_POINTS[column])
        return np.repeat(self.labels(column), self.counts)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """All columns by their names."""
        return {column: self[column] for column in COLUMNS}

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many points each series has (series)."""
        return np.array([len(one) for one in self.series], dtype=np.int64)

    def labels(self, column: str) -> NDArray[Any]:
        """What each series has in a column that is the same for all its points (series)."""
        if column == "metric":
            return _objects([one.metric for one in self.series])
        if column not in COLUMNS or column in _POINTS:
            raise UsageError(
                f"a series table has no column '{column}'{near(column, COLUMNS)}; it has "
                f"{', '.join(COLUMNS)}"
            )
        by_id = {run.run_id: run for run in self.runs}
        found = [getattr(by_id[one.run_id], column) for one in self.series]
        if column == "seed" and None not in found:
            return np.array(found, dtype=np.int64)
        return _objects(found)

    def _joined(self, attribute: str) -> NDArray[Any]:
        dtype = np.int64 if attribute == "steps" else np.float64
        parts = [getattr(one, attribute) for one in self.series]
        return np.concatenate(parts) if parts else np.zeros(0, dtype)

    def to_pandas(self) -> Any:  # pandas need not be installed, so its types are not known here
        """A pandas.DataFrame, texts as categories; raises UsageError where there is no pandas."""
        from .series_frames import pandas_frame

        return pandas_frame(self)

    def to_polars(self) -> Any:  # as above
        """A polars.DataFrame, texts as categories; raises UsageError where there is no polars."""
        from .series_frames import polars_frame

        return polars_frame(self)

    def write(self, out: str | Path | IO[str] | IO[bytes], form: str | None = None) -> None:
        """Write the table to a path, whole or not at all, or to an open file.

        `form` is csv, json or parquet; by default the path's suffix. All are exact: CSV and JSON
        have the shortest digits that give the float64 back, and NaN, Infinity and -Infinity by
        name (in JSON, which is one array of objects, as strings). Raises UsageError for another
        form or a folder that is not there, MissingExtraError for parquet without pyarrow.
        """
        from .series_files import write_table

        write_table(self, out, form)


def _objects(values: list[Any]) -> NDArray[Any]:
    """An array of objects, also of none."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
