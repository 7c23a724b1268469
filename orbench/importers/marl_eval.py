"""The marl-eval importer: raw experiment data in JSON, as marl-eval and MARLeval's users keep it.

    {ENV: {TASK: {ALGORITHM: {SEED: {"step_0": {"step_count": 1000, METRIC: [...]}, ...,
                                     "absolute_metrics": {METRIC: [...]}}}}}}

Every value of a metric is a point at its step_count. Absolute metrics, of the best policy at the
end, are `absolute/METRIC` at the last step.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ImportFileError
from ..run import JsonValue
from ..run_store import Points
from .found_files import find_files
from .imported import FoundPath, ImportedRun
from .json_file import read_json_object
from .naming import Naming
from .series_points import points_of, row_counts, whole_steps
from .source_run import SourceRun, named

__all__ = ["MarlEvalImporter"]

_STEP = re.compile(r"step_(\d{1,18})")
_ABSOLUTE = "absolute_metrics"

_Rows = dict[str, tuple[list[float], list[float]]]


@dataclass(frozen=True, slots=True)
class MarlEvalImporter:
    """Reads the JSON of marl-eval: the env is the project, the task the env."""

    naming: Naming = field(default_factory=Naming)
    name: str = "marl-eval"

    def find(self, paths: Sequence[Path]) -> list[FoundPath]:
        """The JSON files at these paths; raises ImportFileError for a path with none."""
        return find_files(paths, "*.json")

    def read(self, found: FoundPath) -> Iterator[ImportedRun]:
        """The runs in a file; raises ImportFileError and UsageError before it gives the first."""
        document = read_json_object(found.path, found.name)
        runs = [named(run, self.name, self.naming) for run in _runs(document, found)]
        yield from runs


def _runs(document: Mapping[str, JsonValue], found: FoundPath) -> Iterator[SourceRun]:
    modified = found.path.stat().st_mtime
    for env, tasks in document.items():
        for task, algorithms in _object(tasks, found, env).items():
            for algorithm, seeds in _object(algorithms, found, env, task).items():
                for seed, steps in _object(seeds, found, env, task, algorithm).items():
                    place = (env, task, algorithm, seed)
                    points = _points(_object(steps, found, *place), found, place, modified)
                    yield SourceRun(
                        file=found.name,
                        points=points,
                        started=modified,
                        ended=modified,
                        files=(found.path,),
                        told={
                            "project": env,
                            "env_id": task,
                            "exp_name": algorithm,
                            "seed": re.sub(r"^seed_", "", seed),
                        },
                        rows=row_counts({}),
                    )


def _points(
    steps: Mapping[str, JsonValue], found: FoundPath, place: tuple[str, ...], time: float
) -> dict[str, Points]:
    """The points of one run: each evaluation has several values at its step."""
    import numpy as np

    rows: _Rows = {}
    last = 0.0
    for key in sorted(steps, key=_order):
        values = _object(steps[key], found, *place, key)
        fitted = _STEP.fullmatch(key)
        if fitted is None and key != _ABSOLUTE:
            raise ImportFileError(
                f"{found.name}: {'/'.join((*place, key))} is neither step_N nor {_ABSOLUTE}"
            )
        if fitted is not None:
            last = _one(values.get("step_count", int(fitted[1])), found, (*place, key))
        for metric, cell in values.items():
            if metric != "step_count":
                _add(rows, metric if fitted else f"absolute/{metric}", last, cell, found, place)
    return {
        metric: points_of(
            whole_steps(np.array(at), f"{found.name}: {'/'.join(place)}"), np.array(values), time
        )
        for metric, (at, values) in rows.items()
    }


def _add(
    rows: _Rows,
    metric: str,
    step: float,
    cell: JsonValue,
    found: FoundPath,
    place: tuple[str, ...],
) -> None:
    at, values = rows.setdefault(metric, ([], []))
    for one in cell if isinstance(cell, list) else [cell]:
        at.append(step)
        values.append(_one(one, found, (*place, metric)))


def _one(value: JsonValue, found: FoundPath, place: tuple[str, ...]) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ImportFileError(f"{found.name}: {'/'.join(place)} holds {value!r:.40}, not numbers")
    return float(value)


def _order(key: str) -> tuple[bool, int]:
    """Steps in order, the absolute metrics last."""
    fitted = _STEP.fullmatch(key)
    return (fitted is None, int(fitted[1]) if fitted else 0)


def _object(value: JsonValue, found: FoundPath, *place: str) -> Mapping[str, JsonValue]:
    if not isinstance(value, dict):
        raise ImportFileError(
            f"{found.name}: {'/'.join(place)} is no object, so this is no data of marl-eval "
            "(env, task, algorithm, seed, step_N)"
        )
    return value
