"""MLflow's tracking database in an SQLite file: read only, without MLflow."""

from __future__ import annotations

import math
import sqlite3
from array import array
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from ..errors import ImportFileError
from ..run_store import Points
from .imported import FoundPath
from .mlflow_run import DeletedRun, MlflowRun
from .series_points import points_of
from .table_rows import MOST_POINTS

__all__ = ["is_sqlite", "read_database"]

_MAGIC = b"SQLite format 3\x00"
_LARGEST = 1.7976931348623157e308

_RUNS = """
select r.run_uuid, r.name, r.user_id, r.status, r.start_time, r.end_time, r.lifecycle_stage,
       r.artifact_uri, e.name, e.lifecycle_stage
from runs r join experiments e on e.experiment_id = r.experiment_id
order by r.start_time, r.run_uuid
"""
# In the order in which they were logged.
_METRICS = "select run_uuid, key, step, value, is_nan, timestamp from metrics order by rowid"


def is_sqlite(path: Path) -> bool:
    """Whether a file is an SQLite database."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def read_database(found: FoundPath) -> Iterator[MlflowRun | DeletedRun]:
    """The runs in a database; raises ImportFileError."""
    try:
        with closing(
            sqlite3.connect(f"file:{quote(str(found.path.resolve()))}?mode=ro", uri=True)
        ) as connection:
            yield from _runs(connection, found)
    except sqlite3.Error as error:
        raise ImportFileError(
            f"{found.name}: cannot be read as a tracking database of MLflow: {error}"
        ) from error


@dataclass(slots=True)
class _Rows:
    steps: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))
    times: array[float] = field(default_factory=lambda: array("d"))


def _runs(connection: sqlite3.Connection, found: FoundPath) -> Iterator[MlflowRun | DeletedRun]:
    metrics, infinite = _read_metrics(connection, found.name)
    params = _texts(connection, "select run_uuid, key, value from params order by rowid")
    tags = _texts(connection, "select run_uuid, key, value from tags order by rowid")
    for row in connection.execute(_RUNS).fetchall():
        run_id, name, user, status, start, end, stage, artifacts, experiment, of_experiment = row
        place = f"{found.name}#{run_id}"
        if "deleted" in (stage, of_experiment):
            yield DeletedRun(place, run_id, experiment)
            continue
        notes = [f"{place}: artifacts at {artifacts} are not imported"] if artifacts else []
        if infinite.get(run_id):
            notes.append(
                f"{place}: {infinite[run_id]} values are 1.797e308, which stands "
                "for infinity in MLflow"
            )
        yield MlflowRun(
            file=place,
            files=(found.path,),
            run_id=run_id,
            experiment=experiment,
            status=status,
            start=(start or 0) / 1000,
            end=None if end is None else end / 1000,
            params=params.get(run_id, {}),
            tags=tags.get(run_id, {}),
            points={key: _points(rows) for key, rows in metrics.get(run_id, {}).items()},
            user=user or "",
            name=name or "",
            notes=tuple(notes),
        )


def _texts(connection: sqlite3.Connection, query: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for run_id, key, value in connection.execute(query):
        found.setdefault(run_id, {})[key] = str(value)
    return found


def _read_metrics(
    connection: sqlite3.Connection, name: str
) -> tuple[dict[str, dict[str, _Rows]], dict[str, int]]:
    """The rows of every run and metric, and how many values of a run stand for infinity."""
    found: dict[str, dict[str, _Rows]] = {}
    infinite: dict[str, int] = {}
    for number, row in enumerate(connection.execute(_METRICS)):
        run_id, key, step, value, is_nan, timestamp = row
        if number >= MOST_POINTS:
            raise ImportFileError(f"{name}: has more than {MOST_POINTS:,} points")
        if not isinstance(step, int):
            raise ImportFileError(f"{name}: run {run_id}: {key}: step {step} is no whole number")
        rows = found.setdefault(run_id, {}).get(key)
        if rows is None:
            rows = found[run_id][key] = _Rows()
        rows.steps.append(step)
        rows.values.append(math.nan if is_nan else value)
        rows.times.append(timestamp / 1000)
        if abs(value) == _LARGEST:
            infinite[run_id] = infinite.get(run_id, 0) + 1
    return found, infinite


def _points(rows: _Rows) -> Points:
    import numpy as np

    return points_of(
        np.frombuffer(rows.steps, dtype=np.int64).copy(),
        np.frombuffer(rows.values, dtype=np.float64).copy(),
        np.frombuffer(rows.times, dtype=np.float64).copy(),
    )
