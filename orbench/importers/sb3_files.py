"""The files of Stable-Baselines3: monitor.csv, progress.csv and evaluations.npz as points.

Formats: `stable_baselines3.common.monitor`, `.logger` (CSVOutputFormat) and `.callbacks`
(EvalCallback), and those of OpenAI baselines before them. Steps are environment steps.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ImportFileError
from ..run import JsonValue
from .array_file import read_arrays
from .log_table import LogTable, numbers, read_log
from .progress_log import LogPoints, ProgressLayout
from .series_points import points_of, whole_steps

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PROGRESS", "read_evaluations", "read_monitors"]

# As CleanRL and the Gymnasium integration call them, so that runs compare across tools.
EPISODIC_RETURN = "charts/episodic_return"
EPISODIC_LENGTH = "charts/episodic_length"

PROGRESS = ProgressLayout(
    steps=(
        *("time/total_timesteps", "time/total timesteps", "total_timesteps"),
        *("misc/total_timesteps", "total timesteps", "TimestepsSoFar", "total/steps", "steps"),
        *("timesteps", "timesteps_total"),
    ),
    elapsed=("time/time_elapsed", "time_elapsed", "misc/time_elapsed", "TimeElapsed"),
)

_EVALUATIONS = {
    "results": "eval/episodic_return",
    "ep_lengths": "eval/episodic_length",
    "successes": "eval/success",
}


# -- monitor.csv


def read_monitors(files: Sequence[tuple[Path, str]]) -> LogPoints:
    """The episodes of all envs of a run, in the order in which they ended.

    As `load_results` of SB3 does: the step is the sum of the lengths so far, over all files.
    """
    import numpy as np

    logs = [_read_monitor(path, name) for path, name in files]
    columns = list(dict.fromkeys(column for log in logs for column in log.columns))
    # What an env wrote stays in its order, whatever its clock did.
    ordered = [np.maximum.accumulate(log.times) for log in logs if len(log.times)]
    order = np.argsort(np.concatenate(ordered), kind="stable") if ordered else np.array([], int)
    joined = {
        column: np.concatenate(
            [log.columns.get(column, np.full(len(log.times), math.nan)) for log in logs]
        )[order]
        for column in columns
    }
    times = np.concatenate([log.times for log in logs])[order]
    steps = whole_steps(np.cumsum(joined["l"]), files[0][1])
    empty = 0
    points = {}
    for column, values in joined.items():
        # Columns besides r and l may be empty, or of some envs only.
        there = ~np.isnan(values) if column not in ("r", "l") else np.ones(len(values), bool)
        empty += int(len(values) - there.sum())
        metric = {"r": EPISODIC_RETURN, "l": EPISODIC_LENGTH}.get(column, f"charts/{column}")
        points[metric] = points_of(steps[there], values[there], times[there])
    started = min(log.started for log in logs)
    return LogPoints(
        points,
        (started, float(times.max()) if len(times) else started),
        logs[0].env_id,
        {"n_envs": len(logs)} if len(logs) > 1 else {},
        empty,
        tuple(note for log in logs for note in log.notes),
    )


@dataclass(frozen=True, slots=True)
class _Monitor:
    """One env's episodes: columns (n) but t, which is the wall time (n) of their ends."""

    started: float
    env_id: str
    columns: dict[str, NDArray[np.float64]]
    times: NDArray[np.float64]
    notes: tuple[str, ...]


def _read_monitor(path: Path, name: str) -> _Monitor:
    log = read_log(path, name)
    header = _monitor_header(log)
    missing = [column for column in ("r", "l", "t") if column not in log.columns]
    if missing:
        raise ImportFileError(
            f"{name}: has no column {' and '.join(missing)}, so it is no monitor.csv; for another "
            "table there is orbench import table"
        )
    columns: dict[str, NDArray[np.float64]] = {}
    notes = list(log.notes)
    for column, cells in log.columns.items():
        try:
            columns[column] = numbers(cells, f"{name}: column '{column}'")
        except ImportFileError:
            if column in ("r", "l", "t"):
                raise
            notes.append(f"{name}: column '{column}' is text, left out")
    started = _number(header.get("t_start"), path.stat().st_mtime)
    return _Monitor(
        started=started,
        env_id=str(header.get("env_id") or ""),
        times=columns.pop("t") + started,
        columns=columns,
        notes=tuple(notes),
    )


def _monitor_header(log: LogTable) -> Mapping[str, JsonValue]:
    """What the first line says: SB3 and baselines write JSON behind a `#`."""
    if not log.comments:
        return {}
    try:
        header = json.loads(log.comments[0])
    except (ValueError, RecursionError) as error:
        raise ImportFileError(f"{log.name}: its first line is no JSON: {error}") from error
    if not isinstance(header, dict):
        raise ImportFileError(f"{log.name}: its first line is no JSON object")
    return header


def _number(value: JsonValue, default: float) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else default


# -- evaluations.npz


def read_evaluations(path: Path, name: str) -> LogPoints:
    """Every episode of every evaluation, at the step of the evaluation; raises ImportFileError."""
    import numpy as np

    arrays = read_arrays(path, name)
    if "timesteps" not in arrays or "results" not in arrays:
        raise ImportFileError(f"{name}: has no timesteps and results: it is no evaluations.npz")
    steps = whole_steps(np.asarray(arrays["timesteps"], np.float64).reshape(-1), name)
    time = path.stat().st_mtime
    points = {}
    for key, metric in _EVALUATIONS.items():
        if key not in arrays:
            continue
        array = arrays[key]
        if len(array) != len(steps) or array.dtype.kind not in "biuf" or not array.size:
            raise ImportFileError(
                f"{name}: {key} of shape {array.shape} does not go with {len(steps)} timesteps"
            )
        values = np.asarray(array, np.float64).reshape(len(steps), -1)
        repeated = np.repeat(steps, values.shape[1])
        points[metric] = points_of(repeated, values.reshape(-1), time)
    left_out = [key for key in arrays if key not in _EVALUATIONS and key != "timesteps"]
    said = f"{name}: {', '.join(left_out)} left out" if left_out else ""
    return LogPoints(points, notes=(said,) if said else ())
