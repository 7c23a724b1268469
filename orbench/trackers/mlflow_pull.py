"""One run out of MLflow: as orbench pushed it, or as another program logged it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import TrackerError, TrackerUnavailableError
from ..importers import ImportedArtifact, ImportedRun
from ..run import RunStatus
from ..run_store import Points
from .mlflow_names import RUN_TAG, milliseconds
from .mlflow_push import artifact_path
from .mlflow_server import RefusedError, next_page
from .record_file import RECORD_NAME, imported_run, read_record

if TYPE_CHECKING:
    from ..run import Document, JsonValue
    from .mlflow_server import MlflowServer
    from .record_file import RecordFile

__all__ = ["foreign_run", "pushed_run"]

_PAGE = 25_000
_BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
_STATUS = {
    "RUNNING": RunStatus.RUNNING,
    "SCHEDULED": RunStatus.RUNNING,
    "FINISHED": RunStatus.FINISHED,
    "FAILED": RunStatus.FAILED,
    "KILLED": RunStatus.KILLED,
}
# Under which names programs log what an experiment, an env and a seed are.
_EXP_NAMES = ("exp_name", "algo", "algorithm", "agent", "method", "model")
_ENV_IDS = ("env_id", "env", "env_name", "environment", "task", "game")
_SEEDS = ("seed", "random_seed", "rng_seed")


def pushed_run(
    server: MlflowServer, place: str, there: Document, folder: Path, metrics: Sequence[str] | None
) -> ImportedRun:
    """A run that orbench pushed, from its record; what was logged to it since is told."""
    remote_id = str(there["info"]["run_id"])
    path = folder / "record.zip"
    try:
        server.download(remote_id, RECORD_NAME, path)
    except RefusedError as error:
        raise TrackerError(
            f"run {remote_id} has no {RECORD_NAME}: its push was cut off, or the file was removed; "
            "push it again from the store that has it"
        ) from error
    record = read_record(path)
    run = imported_run(record, "mlflow", place, remote_id, _logged_since(record, there))
    if metrics is not None:
        return replace(run, points=_only(run.points, metrics))
    return replace(run, artifacts=tuple(_artifacts(server, remote_id, record, folder)))


def foreign_run(
    server: MlflowServer, place: str, there: Document, folder: Path, metrics: Sequence[str] | None
) -> ImportedRun:
    """A run that another program logged, with every point of its histories."""
    info, data = there["info"], there.get("data") or {}
    remote_id = str(info["run_id"])
    config = _config(data.get("params") or [])
    tags = {entry["key"]: entry["value"] for entry in data.get("tags") or []}
    said = {**tags, **{str(key): value for key, value in config.items()}}
    names = [entry["key"] for entry in data.get("metrics") or []]
    wanted = names if metrics is None else [name for name in names if name in metrics]
    points = {name: _history(server, remote_id, name) for name in wanted}
    started = info.get("start_time", 0) / 1000
    last = max((float(one.wall_times[-1]) for one in points.values()), default=started)
    own = str(info.get("run_name") or tags.get("mlflow.runName") or remote_id)
    exp_name, env_id, seed = _first(said, _EXP_NAMES), _first(said, _ENV_IDS), _seed(said)
    origin = {"importer": "mlflow", "file": f"{place}#{remote_id}"}
    return ImportedRun(
        importer="mlflow",
        file=origin["file"],
        project=_last_name(place),
        exp_name=str(exp_name or own),
        env_id=str(env_id or "unknown"),
        seed=seed,
        points={name: one for name, one in points.items() if len(one.steps)},
        started=started,
        ended=info["end_time"] / 1000 if info.get("end_time") else last,
        provenance={**origin, "name": own, "user": str(info.get("user_id") or "")},
        config=config,
        status=_STATUS.get(str(info.get("status")), RunStatus.FINISHED),
        identity=origin["file"],
        summary={"mlflow_tags": _plain_tags(tags)} if _plain_tags(tags) else {},
        artifacts=() if metrics is not None else tuple(_files(server, remote_id, folder)),
        notes=_untold(own, exp_name, env_id, seed),
    )


# -- what orbench pushed


def _artifacts(
    server: MlflowServer, remote_id: str, record: RecordFile, folder: Path
) -> Iterator[ImportedArtifact]:
    for index, (artifact, path) in enumerate(artifact_path(record.artifacts)):
        target = folder / f"{index}"
        server.download(remote_id, path, target)
        with target.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != artifact.sha256:
            raise TrackerError(
                f"artifact {artifact.name} of run {remote_id} is another file in MLflow than was "
                "pushed; push the run again with --again"
            )
        yield ImportedArtifact(
            artifact.name, target, artifact.logged, artifact.kind, artifact.metadata
        )


def _logged_since(record: RecordFile, there: Document) -> tuple[str, ...]:
    """What MLflow has of metrics that the record lacks: another program logged to the run."""
    listed = (there.get("data") or {}).get("metrics") or []
    more = [entry["key"] for entry in listed if int(entry["timestamp"]) > _newest(record, entry)]
    if not more:
        return ()
    return (
        f"points of {', '.join(sorted(more)[:5])} were logged in MLflow after orbench pushed the "
        "run, and are left there",
    )


def _newest(record: RecordFile, entry: Document) -> int:
    """The newest point of a metric that was pushed, in milliseconds; below all where none was."""
    points = record.points.get(entry["key"])
    if points is None or not len(points.steps):
        return -1
    return max(map(milliseconds, points.wall_times.tolist()))


def _only(points: Mapping[str, Points], metrics: Sequence[str]) -> dict[str, Points]:
    return {name: one for name, one in points.items() if name in metrics}


# -- what others logged


def _history(server: MlflowServer, remote_id: str, metric: str) -> Points:
    """Every point of a metric, in the order of time."""
    import numpy as np

    rows = _at_once(server, remote_id, metric) or _by_page(server, remote_id, metric)
    return Points(
        np.array([int(row.get("step", 0)) for row in rows], np.int64),
        np.array([float(row.get("value", 0.0)) for row in rows], np.float64),
        np.array([int(row.get("timestamp", 0)) / 1000 for row in rows], np.float64),
    )


def _at_once(server: MlflowServer, remote_id: str, metric: str) -> list[dict[str, Any]]:
    """The points as MLflow's own pages ask for them, which costs it the least; or none.

    It cuts at 25,000 without a word: with that many there may be more. Whatever is wrong with it,
    there is the other way.
    """
    asked = {"run_id": remote_id, "metric_key": metric, "max_results": _PAGE}
    try:
        rows = server.get(_BULK, **asked).get("metrics") or []
    except TrackerUnavailableError:
        raise
    except TrackerError:
        return []
    mine = all(row.get("run_id") == remote_id and row.get("key") == metric for row in rows)
    return rows if mine and len(rows) < _PAGE else []


def _by_page(server: MlflowServer, remote_id: str, metric: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    token, asked = "", {"run_id": remote_id, "metric_key": metric, "max_results": _PAGE}
    while True:
        page = server.get(
            "metrics/get-history", **asked, **({"page_token": token} if token else {})
        )
        rows += page.get("metrics") or []
        token = next_page(page, token)
        if not token:
            return rows


def _files(server: MlflowServer, remote_id: str, folder: Path) -> Iterator[ImportedArtifact]:
    for index, path in enumerate(_listed(server, remote_id, "")):
        target = folder / f"{index}"  # what a server calls a file is no path here
        server.download(remote_id, path, target)
        yield ImportedArtifact(path, target, 0.0)


def _listed(server: MlflowServer, remote_id: str, path: str) -> Iterator[str]:
    token = ""
    while True:
        asked = {"run_id": remote_id, **({"path": path} if path else {})}
        page = server.get("artifacts/list", **asked, **({"page_token": token} if token else {}))
        for entry in page.get("files") or []:
            if entry.get("is_dir"):
                yield from _listed(server, remote_id, str(entry["path"]))
            else:
                yield str(entry["path"])
        token = next_page(page, token)
        if not token:
            return


def _config(params: Iterable[Mapping[str, str]]) -> dict[str, JsonValue]:
    """Params, which are text, as the numbers they were; `optim.lr` goes under optim again."""
    config: dict[str, JsonValue] = {}
    for entry in sorted(params, key=lambda one: one["key"]):
        *above, name = entry["key"].split(".")
        place: Any = config
        for part in above:
            place = place.setdefault(part, {}) if isinstance(place, dict) else None
        if isinstance(place, dict) and not isinstance(place.get(name), dict):
            place[name] = _value(entry["value"])
        else:
            config[entry["key"]] = _value(entry["value"])
    return config


def _value(text: str) -> JsonValue:
    words = {"True": True, "False": False, "None": None}
    if text in words:
        return words[text]
    try:
        return json.loads(text) if len(text) < 400 else text
    except ValueError:
        return text


def _first(said: Mapping[str, JsonValue], names: Iterable[str]) -> JsonValue:
    return next((said[name] for name in names if said.get(name) not in (None, "")), None)


def _seed(said: Mapping[str, JsonValue]) -> int | None:
    try:
        return int(_first(said, _SEEDS))
    except (TypeError, ValueError):
        return None


def _untold(own: str, exp_name: JsonValue, env_id: JsonValue, seed: int | None) -> tuple[str, ...]:
    told = {"exp_name": exp_name, "env_id": env_id, "seed": seed}
    lacking = [name for name, value in told.items() if value is None]
    if not lacking:
        return ()
    return (f"'{own}' has no param or tag that tells {', '.join(lacking)}",)


def _plain_tags(tags: Mapping[str, str]) -> dict[str, str]:
    return {
        key: text for key, text in tags.items() if not key.startswith("mlflow.") and key != RUN_TAG
    }


def _last_name(place: str) -> str:
    from .places import parse_place

    return parse_place(place).path[-1]
