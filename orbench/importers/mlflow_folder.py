"""MLflow's file store, `mlruns/`: experiments, runs and what is in them, read without MLflow.

    mlruns/EXPERIMENT/meta.yaml
    mlruns/EXPERIMENT/RUN/meta.yaml, metrics/KEY, params/KEY, tags/KEY, artifacts/
    mlruns/.trash/EXPERIMENT/

A KEY may have slashes, and is then a file in folders. A line of a metric is `time value step`; old
ones have no step. Links are followed nowhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..artifact import checked_name
from ..errors import ImportFileError, RecordingError
from ..run import JsonValue
from ..run_store import Points
from .found_files import name_of
from .imported import FoundPath, ImportedArtifact
from .mlflow_run import DeletedRun, MlflowRun
from .series_points import points_of, whole_steps
from .yaml_text import parse_yaml

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["find_runs", "read_run"]

_META = "meta.yaml"
_MOST_TEXT_BYTES = 2**20
_MOST_METRIC_BYTES = 2**30


def find_runs(root: Path) -> list[FoundPath]:
    """The folders of runs below a folder, or itself; in order of their names."""
    found = []
    for place, folders, names in os.walk(root):
        folders.sort()
        if _META in names and _is_run(Path(place)):
            folders.clear()  # what lies in a run is the run's
            found.append(FoundPath(Path(place), name_of(Path(place), root)))
    return found


def _is_run(folder: Path) -> bool:
    """Whether a folder is a run's: an experiment's and a model's have a meta.yaml too."""
    return (
        (folder / "params").is_dir()
        or (folder / "metrics").is_dir()
        or ("run_id" in _text(folder / _META, _META))
    )


def read_run(found: FoundPath) -> MlflowRun | DeletedRun:
    """One run; raises ImportFileError."""
    folder = found.path
    meta = _meta(folder, found.name)
    run_id = meta.get("run_id") or meta.get("run_uuid")
    if not isinstance(run_id, str | int) or "start_time" not in meta:
        raise ImportFileError(f"{found.name}/{_META}: says no run_id and start_time: no run's")
    experiment = _experiment(folder.parent, str(meta.get("experiment_id", folder.parent.name)))
    if meta.get("lifecycle_stage") == "deleted" or ".trash" in folder.parts:
        return DeletedRun(found.name, str(run_id), experiment)
    metrics = dict(_entries(folder / "metrics"))
    notes: list[str] = []
    points = {
        key: _read_metric(path, f"{found.name}: {key}", notes) for key, path in metrics.items()
    }
    artifacts = tuple(_artifacts(folder / "artifacts", found.name, notes))
    end = _seconds(meta.get("end_time"))
    return MlflowRun(
        file=found.name,
        files=(folder / _META, *metrics.values()),
        run_id=str(run_id),
        experiment=experiment,
        status=meta.get("status"),
        start=_seconds(meta["start_time"]) or (folder / _META).stat().st_mtime,
        end=end,
        params=_texts(folder / "params", found.name),
        tags=_texts(folder / "tags", found.name),
        points={key: one for key, one in points.items() if len(one.steps)},
        artifacts=artifacts,
        user=str(meta.get("user_id") or ""),
        name=str(meta.get("run_name") or ""),
        notes=tuple(notes),
    )


def _meta(folder: Path, name: str) -> dict[str, JsonValue]:
    path = folder / _META
    values = parse_yaml(_text(path, f"{name}/{_META}"), f"{name}/{_META}")
    if not isinstance(values, dict):
        raise ImportFileError(f"{name}/{_META}: holds no mapping of names to values")
    return values


def _experiment(folder: Path, number: str) -> str:
    """The name of the experiment in a folder; its number where it has none."""
    if not (folder / _META).is_file():
        return number
    return str(_meta(folder, folder.name).get("name") or number)


def _seconds(value: JsonValue) -> float | None:
    """Milliseconds since the epoch as seconds; None for none."""
    return value / 1000 if isinstance(value, int | float) and not isinstance(value, bool) else None


def _entries(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files below a folder by their keys, in order."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(folder).as_posix(), path


def _texts(folder: Path, name: str) -> dict[str, str]:
    return {key: _text(path, f"{name}: {key}") for key, path in _entries(folder)}


def _text(path: Path, place: str) -> str:
    with path.open("rb") as file:
        data = file.read(_MOST_TEXT_BYTES + 1)
    if len(data) > _MOST_TEXT_BYTES:
        raise ImportFileError(f"{place}: has more than {_MOST_TEXT_BYTES:,} bytes")
    return data.decode("utf-8", "replace")


def _read_metric(path: Path, place: str, notes: list[str]) -> Points:
    import numpy as np

    if path.stat().st_size > _MOST_METRIC_BYTES:
        raise ImportFileError(f"{place}: has more than {_MOST_METRIC_BYTES:,} bytes")
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        notes.append(f"{place}: its last line is cut off, {len(data) - len(whole)} bytes left out")
    cells, lines = whole.split(), whole.count(b"\n")
    if len(cells) != 3 * lines:
        return _read_old_metric(whole, place)
    times, values, steps = _floats(cells, place).reshape(lines, 3).T
    return _points(np.ascontiguousarray(steps), values, times, place)


def _read_old_metric(data: bytes, place: str) -> Points:
    """Lines of any length: without a step as old clients wrote them, or with the name of data."""
    rows = [line.split() for line in data.split(b"\n") if line.strip()]
    short = next((number for number, row in enumerate(rows, 1) if len(row) < 2), None)
    if short is not None:
        raise ImportFileError(f"{place}: line {short} is not of the form 'time value step'")
    times = _floats([row[0] for row in rows], place)
    values = _floats([row[1] for row in rows], place)
    steps = _floats([row[2] if len(row) > 2 else b"0" for row in rows], place)
    return _points(steps, values, times, place)


def _points(
    steps: NDArray[np.float64], values: NDArray[np.float64], times: NDArray[np.float64], place: str
) -> Points:
    """The points of a metric; MLflow takes steps below 0 too."""
    return points_of(whole_steps(steps, place, below_zero=True), values, times / 1000)


def _floats(cells: list[bytes], place: str) -> NDArray[np.float64]:
    import numpy as np

    try:
        return np.array(cells, dtype=np.float64)
    except ValueError as error:
        raise ImportFileError(f"{place}: is no metric of MLflow: {error}") from error


def _artifacts(folder: Path, name: str, notes: list[str]) -> Iterator[ImportedArtifact]:
    for key, path in _entries(folder):
        try:
            checked_name(key)
        except RecordingError as error:
            notes.append(f"{name}: {error}, left out")
            continue
        yield ImportedArtifact(key, path, path.stat().st_mtime)
    links = [
        Path(place, one)
        for place, folders, names in os.walk(folder)
        for one in (*folders, *names)
        if Path(place, one).is_symlink()
    ]
    if links:
        notes.append(f"{name}: {len(links)} artifacts are links, left out")
