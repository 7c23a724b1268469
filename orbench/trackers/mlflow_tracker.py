"""MLflow as a tracker: an experiment on a server."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import TrackerError, near
from .mlflow_names import RUN_TAG
from .mlflow_pull import foreign_run, pushed_run
from .mlflow_push import MlflowPush
from .mlflow_server import MlflowServer, RefusedError, next_page
from .tracker import RemoteRun

if TYPE_CHECKING:
    from ..importers import ImportedRun
    from ..run import Document
    from .pace import Pace
    from .places import Place
    from .tracker import Progress, PushReport, RunSource

__all__ = ["MlflowTracker", "open_place"]

_RUNS_AT_ONCE = 1_000


def open_place(place: Place, pace: Pace) -> MlflowTracker:
    """The tracker of an `mlflow://` place; raises MissingExtraError without MLflow's client."""
    return MlflowTracker(place, MlflowServer(place.url, pace))


class MlflowTracker:
    """See `Tracker`."""

    def __init__(self, place: Place, server: MlflowServer) -> None:
        self._place = place
        self._server = server
        self._experiment = ""

    @property
    def place(self) -> str:
        """See `Tracker.place`."""
        return self._place.text

    def check(self, *, create: bool = False) -> None:
        """See `Tracker.check`."""
        self._experiment = self._server.pace.call(lambda: self._find(create=create))

    def push(self, run: RunSource, link: Document, progress: Progress) -> PushReport:
        """See `Tracker.push`."""
        return MlflowPush(self._server, self._experiment_id(), run, link, progress).push()

    def runs(self, *, since: float | None = None) -> Iterator[RemoteRun]:
        """See `Tracker.runs`. MLflow does not say when a run changed; its newest time is taken."""
        token = ""
        while True:
            asked: dict[str, Any] = {
                "experiment_ids": [self._experiment_id()],
                "max_results": _RUNS_AT_ONCE,
                "order_by": ["attributes.start_time ASC"],
            }
            page = self._server.post(
                "runs/search", asked | ({"page_token": token} if token else {})
            )
            for found in page.get("runs") or []:
                if since is None or _newest(found) >= since:
                    yield _remote_run(found)
            token = next_page(page, token)
            if not token:
                return

    def pull(
        self, run: RemoteRun, folder: Path, metrics: Sequence[str] | None = None
    ) -> ImportedRun:
        """See `Tracker.pull`."""
        assert isinstance(run.client, dict)
        read = pushed_run if run.orbench_run_id else foreign_run
        return read(self._server, self.place, run.client, folder, metrics)

    def close(self) -> None:
        """See `Tracker.close`. Connections belong to MLflow's client, which shares them."""

    def _experiment_id(self) -> str:
        if not self._experiment:
            self.check()
        return self._experiment

    def _find(self, *, create: bool) -> str:
        name = self._place.path[0]
        try:
            found = self._server.once("GET", "experiments/get-by-name", {"experiment_name": name})
        except RefusedError as error:
            if error.code != "RESOURCE_DOES_NOT_EXIST":
                raise
            if create:
                return str(
                    self._server.once("POST", "experiments/create", {"name": name})["experiment_id"]
                )
            raise TrackerError(
                f"{self._server.url} has no experiment '{name}'{near(name, self._names())}"
            ) from None
        experiment = found["experiment"]
        if experiment.get("lifecycle_stage") == "deleted":
            raise TrackerError(
                f"experiment '{name}' was deleted in MLflow; restore it there or name another"
            )
        return str(experiment["experiment_id"])

    def _names(self) -> list[str]:
        found = self._server.once("POST", "experiments/search", {"max_results": 1_000})
        return [str(one["name"]) for one in found.get("experiments") or []]


def _remote_run(found: dict[str, Any]) -> RemoteRun:
    info, data = found["info"], found.get("data") or {}
    tags = {entry["key"]: entry["value"] for entry in data.get("tags") or []}
    said = msgspec.json.encode([info, data], order="deterministic")
    return RemoteRun(
        remote_id=str(info["run_id"]),
        name=str(info.get("run_name") or ""),
        revision=hashlib.sha256(said).hexdigest()[:32],
        orbench_run_id=tags.get(RUN_TAG, ""),
        client=found,
    )


def _newest(found: dict[str, Any]) -> float:
    """Seconds since the epoch; a run that goes on may change at any time."""
    info = found["info"]
    if info.get("status") in ("RUNNING", "SCHEDULED"):
        return float("inf")
    times = [int(info.get("start_time") or 0), int(info.get("end_time") or 0)]
    times += [
        int(one.get("timestamp") or 0) for one in (found.get("data") or {}).get("metrics", [])
    ]
    return max(times) / 1000
