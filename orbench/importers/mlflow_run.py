"""One run as MLflow keeps it, in files or in a database, as a run of orbench's.

Its identity is MLflow's run id. Params are the config, typed as JSON where they are; experiment and
tags may name it too, by `--map env_id=tags.env`. Times in MLflow are milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..config import unflatten
from ..errors import UsageError
from ..run import Document, JsonValue, RunStatus
from ..run_store import Points
from .cells import as_config_value
from .delivery import imported_run_id
from .imported import ImportedArtifact, ImportedRun
from .naming import Naming
from .series_points import row_counts
from .source_run import SourceRun, named

__all__ = ["MLFLOW", "DeletedRun", "MlflowRun", "deleted_runs", "imported"]

MLFLOW = "mlflow"

# In meta.yaml by number, in a database by word.
_STATUSES: Mapping[JsonValue, RunStatus] = {
    **{1: RunStatus.LOST, 2: RunStatus.LOST, 3: RunStatus.FINISHED},
    **{4: RunStatus.FAILED, 5: RunStatus.KILLED},
    **{"RUNNING": RunStatus.LOST, "SCHEDULED": RunStatus.LOST, "FINISHED": RunStatus.FINISHED},
    **{"FAILED": RunStatus.FAILED, "KILLED": RunStatus.KILLED},
}
_WORDS: Mapping[str, JsonValue] = {"True": True, "False": False, "None": None}
_PARENT, _NAME, _ORBENCH_ID = "mlflow.parentRunId", "mlflow.runName", "orbench.run_id"
_LONGEST_TAG = 200


@dataclass(frozen=True, slots=True)
class MlflowRun:
    """A run of MLflow: `file` is the name of where it was found, `files` its files."""

    file: str
    files: tuple[Path, ...]
    run_id: str
    experiment: str
    status: JsonValue
    start: float
    end: float | None
    params: Mapping[str, str]
    tags: Mapping[str, str]
    points: Mapping[str, Points]
    artifacts: tuple[ImportedArtifact, ...] = ()
    user: str = ""
    name: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeletedRun:
    """A run that was deleted in MLflow, where it lies until it is collected."""

    file: str
    run_id: str
    experiment: str
    files: tuple[Path, ...] = field(default=())


def imported(run: MlflowRun, naming: Naming) -> ImportedRun:
    """The run with names; raises UsageError where nothing says them."""
    parent = run.tags.get(_PARENT, "")
    name = run.tags.get(_NAME, "") or run.name
    last = max((_latest(points) for points in run.points.values()), default=run.start)
    known: Document = {
        "tags": {key: value for key, value in run.tags.items() if "." not in key},
        "run_name": name,
        "experiment": run.experiment,
    }
    notes = run.notes
    if _ORBENCH_ID in run.tags:
        # Not under that id: the store may have the run itself, and would have its points twice.
        notes += (f"{run.file}: was pushed by orbench; orbench sync pull brings it as it was",)
    source = SourceRun(
        file=run.file,
        points=run.points,
        started=run.start,
        ended=run.end if run.end is not None else last,
        files=run.files,
        told={"project": run.experiment},
        config=_config(run.params),
        rows=row_counts(run.points),
        status=_STATUSES.get(run.status, RunStatus.LOST),
        identity=run.run_id,
        tags=_labels(run.tags),
        artifacts=run.artifacts,
        parent_id=imported_run_id(MLFLOW, parent) if parent else None,
        known=known,
        details={
            "mlflow": {
                "run_id": run.run_id,
                "experiment": run.experiment,
                "run_name": name,
                "user": run.user,
                "tags": dict(run.tags),
            }
        },
        notes=notes,
    )
    return named(source, MLFLOW, naming)


def deleted_runs(deleted: Iterable[DeletedRun]) -> Iterable[ImportedRun]:
    """Deleted runs as runs with nothing in them, which are told and not stored."""
    for one in deleted:
        yield ImportedRun(
            importer=MLFLOW,
            file=one.file,
            project=one.experiment,
            exp_name="(deleted)",
            env_id="(deleted)",
            seed=None,
            points={},
            started=0.0,
            ended=0.0,
            provenance={},
            notes=(f"{one.file}: run {one.run_id} is deleted in MLflow, left out",),
        )


def _config(params: Mapping[str, str]) -> dict[str, JsonValue]:
    """Params, nested at dots where that can be."""
    typed = {key: _typed(text) for key, text in params.items()}
    flat = {key: value for key, value in typed.items() if not isinstance(value, dict)}
    try:
        return unflatten(flat)
    except UsageError:
        return typed


def _typed(text: str) -> JsonValue:
    if text in _WORDS:
        return _WORDS[text]
    value = as_config_value(text)
    return text if isinstance(value, float) and not math.isfinite(value) else value


def _labels(tags: Mapping[str, str]) -> tuple[str, ...]:
    """Tags that are labels; those with a value are kept beside, in the provenance."""
    return tuple(
        key
        for key, value in tags.items()
        if value in ("", "true", "True")
        and not key.startswith("mlflow.")
        and key.strip()
        and len(key) <= _LONGEST_TAG
    )


def _latest(points: Points) -> float:
    return float(points.wall_times.max()) if len(points.wall_times) else 0.0
