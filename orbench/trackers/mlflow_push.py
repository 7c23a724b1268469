"""One run to MLflow. Everything sent may be sent again: it is the same, to the millisecond.

MLflow keeps a point once, however often it is logged with the same step, time and value. So what
was sent but not confirmed is sent again, and a run is found by its tag before one is made.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import TrackerError
from .differing import fingerprint
from .mlflow_names import (
    RECORD_TAG,
    RUN_TAG,
    STATUS,
    milliseconds,
    params_of,
    refused_name,
    tags_of,
)
from .record_file import RECORD_NAME, write_record
from .tracker import PushReport

if TYPE_CHECKING:
    from ..metric import Series
    from ..run import Document
    from ..run_store import ArtifactRecord, RunDetails
    from .mlflow_server import MlflowServer
    from .tracker import Progress, RunSource

__all__ = ["MlflowPush", "artifact_path", "find_run"]

_METRICS_AT_ONCE = 1_000
_PARAMS_AT_ONCE = 100
_LARGEST_REQUEST = 900_000
_SAVE_EVERY = 20  # batches; what is sent twice after a kill is the same
_NOTED_AT_MOST = 5

# A point as MLflow's API takes it.
_Point = dict[str, Any]


def find_run(server: MlflowServer, experiment: str, run_id: str) -> Document | None:
    """The oldest run of an experiment that orbench pushed as `run_id`; tried once."""
    asked = {
        "experiment_ids": [experiment],
        "filter": f"tags.`{RUN_TAG}` = '{run_id}'",
        "order_by": ["attributes.start_time ASC"],
        "max_results": 1,
    }
    found = server.once("POST", "runs/search", asked).get("runs") or []
    return dict(found[0]) if found else None


def artifact_path(artifacts: Iterable[ArtifactRecord]) -> Iterator[tuple[ArtifactRecord, str]]:
    """Where each artifact lies: the current one under its name, earlier ones beside the record."""
    listed = list(artifacts)
    current = {artifact.name: artifact for artifact in listed}
    for artifact in listed:
        own = current[artifact.name] is artifact and not artifact.name.startswith("orbench/")
        yield artifact, artifact.name if own else f"orbench/artifacts/{artifact.sha256}"


class MlflowPush:
    """The push of one run; see the module."""

    def __init__(
        self,
        server: MlflowServer,
        experiment: str,
        run: RunSource,
        link: Document,
        progress: Progress,
    ) -> None:
        self._server = server
        self._experiment = experiment
        self._run = run
        self._details: RunDetails = run.details
        self._link: dict[str, Any] = dict(link)
        self._progress = progress
        self._notes: list[str] = []

    def push(self) -> PushReport:
        """Send what is new, the mark that all of it is there last."""
        there = self._found_or_made()
        remote_id = str(there["info"]["run_id"])
        self._confirmed(remote_id=remote_id, experiment_id=self._experiment)
        self._tell_what_it_is(remote_id, there)
        points = self._send_points(remote_id)
        artifacts = self._send_artifacts(remote_id)
        self._send_record(remote_id)
        self._end(remote_id)
        return PushReport(points, artifacts, tuple(self._notes))

    # -- the run

    def _found_or_made(self) -> Document:
        remote_id = self._link.get("remote_id")
        if remote_id:
            return self._known(str(remote_id))
        return self._server.pace.call(self._find_or_make)

    def _known(self, remote_id: str) -> Document:
        from .mlflow_server import RefusedError

        try:
            found = self._server.get("runs/get", run_id=remote_id)["run"]
        except RefusedError as error:
            if error.code != "RESOURCE_DOES_NOT_EXIST":
                raise
            found = {"info": {"lifecycle_stage": "deleted"}}
        if found["info"].get("lifecycle_stage") == "deleted":
            raise TrackerError(
                f"run {remote_id} was deleted in MLflow; restore it there, or push --again to make "
                "a new one"
            )
        return dict(found)

    def _find_or_make(self) -> Document:
        record = self._details.record
        found = find_run(self._server, self._experiment, record.run_id)
        if found is not None:
            return found
        body = {
            "experiment_id": self._experiment,
            "start_time": milliseconds(record.started),
            "tags": _entries(tags_of(self._details, "")),
        }
        return dict(self._server.once("POST", "runs/create", body)["run"])

    def _tell_what_it_is(self, remote_id: str, there: Document) -> None:
        data = there.get("data") or {}
        tags = tags_of(self._details, self._parent())
        old = {entry["key"]: entry["value"] for entry in data.get("tags") or []}
        new_tags = {key: text for key, text in tags.items() if old.get(key) != text}
        params, said = params_of(self._details.record.config)
        self._note(said)
        has = {entry["key"]: entry["value"] for entry in data.get("params") or []}
        changed = [key for key, text in params.items() if has.get(key, text) != text]
        self._note(
            f"config {key} has changed; MLflow keeps the first value of a param" for key in changed
        )
        new_params = {key: text for key, text in params.items() if key not in has}
        for batch in _batches(_entries(new_params), _PARAMS_AT_ONCE):
            self._log(remote_id, params=batch)
        for batch in _batches(_entries(new_tags), _PARAMS_AT_ONCE):
            self._log(remote_id, tags=batch)

    def _parent(self) -> str:
        parent = self._details.record.parent_id
        if not parent:
            return ""
        found = self._server.pace.call(lambda: find_run(self._server, self._experiment, parent))
        return "" if found is None else str(found["info"]["run_id"])

    def _end(self, remote_id: str) -> None:
        record = self._details.record
        body: dict[str, Any] = {"run_id": remote_id, "status": STATUS[record.status]}
        if record.ended is not None:
            body["end_time"] = milliseconds(record.ended)
        self._server.post("runs/update", body)
        self._log(remote_id, tags=_entries({RECORD_TAG: fingerprint(self._details)}))

    # -- points

    def _send_points(self, remote_id: str) -> int:
        sent: dict[str, list[Any]] = dict(self._link.get("points") or {})
        waiting: list[_Point] = []
        reached: dict[str, list[Any]] = {}
        count = batches = 0
        for summary in self._details.metrics:
            reason = refused_name(summary.metric)
            if reason:
                self._note([f"metric {summary.metric[:60]} is in the record only: {reason}"])
                continue
            series = self._run.series(summary.metric)
            start = _sent_of(series, sent.get(summary.metric))
            self._note_values(series)
            for end in range(start, len(series), _METRICS_AT_ONCE):
                waiting += _points(series, end, end + _METRICS_AT_ONCE)
                if len(waiting) < _METRICS_AT_ONCE:
                    continue
                batch, waiting = waiting[:_METRICS_AT_ONCE], waiting[_METRICS_AT_ONCE:]
                count += self._log_points(remote_id, batch)
                batches += 1
                if batches % _SAVE_EVERY == 0:
                    count += self._log_points(remote_id, waiting)
                    waiting = []
                    here = min(end + _METRICS_AT_ONCE, len(series))
                    reached[summary.metric] = [here, _digest(series, here)]
                    self._confirmed(points={**sent, **reached})
            reached[summary.metric] = [len(series), _digest(series, len(series))]
        count += self._log_points(remote_id, waiting)
        self._confirmed(points={**sent, **reached})
        return count

    def _log_points(self, remote_id: str, batch: list[_Point]) -> int:
        if not batch:
            return 0
        size = len(msgspec.json.encode(batch)) if len(batch[0]["key"]) > 100 else 0
        if size > _LARGEST_REQUEST and len(batch) > 1:
            middle = len(batch) // 2
            self._log_points(remote_id, batch[:middle])
            self._log_points(remote_id, batch[middle:])
        else:
            self._log(remote_id, metrics=batch)
        return len(batch)

    def _note_values(self, series: Series) -> None:
        import numpy as np

        infinite = int(np.isinf(series.values).sum())
        if infinite:
            self._note(
                [
                    f"metric {series.metric} has {infinite:,} infinite values, which MLflow holds "
                    "as 1.797e308; the record has them as they are"
                ]
            )
        columns = np.empty((len(series), 3))
        columns[:, 0] = np.floor(series.wall_times * 1000)
        columns[:, 1], columns[:, 2] = series.steps, series.values
        same = len(series) - len(np.unique(columns, axis=0))
        if same:
            self._note(
                [
                    f"metric {series.metric} has {same:,} points with the step, value and "
                    "millisecond of another; MLflow holds them once, the record all"
                ]
            )

    # -- files

    def _send_artifacts(self, remote_id: str) -> int:
        done = list(self._link.get("artifacts") or [])
        count = 0
        for artifact, path in artifact_path(self._details.artifacts):
            mark = f"{path} {artifact.sha256}"
            if mark in done:
                continue
            self._upload(remote_id, self._run.artifact_file(artifact), path)
            done.append(mark)
            count += 1
            self._confirmed(artifacts=list(done))
        return count

    def _send_record(self, remote_id: str) -> None:
        with tempfile.TemporaryDirectory(prefix="orbench-record-") as folder:
            path = Path(folder) / "record"
            write_record(self._run, path)
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != self._link.get("record"):
                self._upload(remote_id, path, RECORD_NAME)
                self._confirmed(record=digest)

    def _upload(self, remote_id: str, source: Path, path: str) -> None:
        folder, _, name = path.rpartition("/")
        with tempfile.TemporaryDirectory(prefix="orbench-upload-") as place:
            # The client names a file there as it is named here.
            named = Path(place) / name
            named.symlink_to(source)
            self._server.upload(remote_id, named, folder)

    # -- telling

    def _log(self, remote_id: str, **what: list[dict[str, Any]]) -> None:
        self._server.post("runs/log-batch", {"run_id": remote_id, **what})

    def _confirmed(self, **what: object) -> None:
        if any(self._link.get(name) != value for name, value in what.items()):
            self._link |= what
            self._progress(dict(self._link))

    def _note(self, sentences: Iterable[str]) -> None:
        said = list(sentences)
        self._notes += said[:_NOTED_AT_MOST]
        if len(said) > _NOTED_AT_MOST:
            self._notes.append(f"{len(said) - _NOTED_AT_MOST:,} more like these")


def _points(series: Series, start: int, end: int) -> list[_Point]:
    rows = zip(
        series.values[start:end].tolist(),
        series.steps[start:end].tolist(),
        series.wall_times[start:end].tolist(),
        strict=True,
    )
    key = series.metric
    return [
        {
            "key": key,
            "value": value if math.isfinite(value) else _word(value),
            "timestamp": milliseconds(wall_time),
            "step": step,
        }
        for value, step, wall_time in rows
    ]


def _word(value: float) -> str:
    """JSON has no word for it; protobuf's JSON has."""
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _sent_of(series: Series, mark: list[Any] | None) -> int:
    """How many points are there already: none where the first ones are no longer the same."""
    if mark is None or mark[0] > len(series) or _digest(series, mark[0]) != mark[1]:
        return 0
    return int(mark[0])


def _digest(series: Series, count: int) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for column in (series.steps, series.values, series.wall_times):
        digest.update(column[:count].tobytes())
    return digest.hexdigest()


def _entries(values: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _batches(entries: list[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """Batches of at most `size` that are surely under MLflow's megabyte."""
    return (list(batch) for batch in _batched(entries, min(size, _LARGEST_REQUEST // 25_000)))


def _batched(entries: list[dict[str, Any]], size: int) -> Iterator[tuple[dict[str, Any], ...]]:
    waiting = iter(entries)
    while batch := tuple(itertools.islice(waiting, size)):
        yield batch
