"""W&B as a tracker: pushes and pulls of one project."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ...errors import TrackerError
from ...importers import ImportedRun
from ...run import Document
from ..pace import Pace
from ..places import Place
from ..tracker import Progress, PushReport, RemoteRun, RunSource
from .connection import Connection
from .credentials import api_key, http_timeout
from .offline import write_offline
from .place import WandbPlace, wandb_place
from .pulling import pull_metrics, pull_run
from .pushing import push_run
from .queries import VIEWER
from .runs import WandbRun, check_project, find_run, list_runs

__all__ = ["WandbTracker"]


class WandbTracker:
    """One project of W&B, reached with wandb's own credentials; several threads may use it.

    Nothing is read from the server until it is asked for, but the credentials are: raises
    TrackerError where there is no key. With `offline` pushes write
    folders there, for `wandb sync` to send.
    """

    def __init__(
        self,
        place: Place,
        pace: Pace | None = None,
        *,
        offline: Path | None = None,
        timeout: float | None = None,
    ) -> None:
        self._place: WandbPlace = wandb_place(place)
        self._offline = offline
        url = self._place.url
        # An offline folder needs no server, hence no key.
        key = "" if offline is not None else api_key(url)
        self._connection = Connection(url, key, pace, timeout=timeout or http_timeout())

    @property
    def place(self) -> str:
        """The project with its server: `wandb://api.wandb.ai/entity/project`."""
        return str(self._place)

    def check(self, *, create: bool = False) -> None:
        """Ask whether the project is there; with `create`, whether the key is accepted.

        W&B makes a project with its first run.
        """
        if self._offline is not None:
            return
        if create:
            self._connection.graphql(VIEWER)
        else:
            check_project(self._connection, self._place)

    def push(self, run: RunSource, link: Document, progress: Progress) -> PushReport:
        """Send what the project does not have of a run yet; see `Tracker.push`."""
        if self._offline is not None:
            return write_offline(self._place, self._offline, run, link, progress)
        return push_run(self._connection, self._place, run, link, progress)

    def runs(
        self, *, since: float | None = None, where: Document | None = None
    ) -> Iterator[RemoteRun]:
        """The runs of the project, a hundred for each request; `where` is a filter of W&B's."""
        for run in list_runs(self._connection, self._place, where=where, since=since):
            yield run.remote()

    def pull(
        self, run: RemoteRun, folder: Path, metrics: Sequence[str] | None = None
    ) -> ImportedRun:
        """A run with all of its points; with `metrics` these alone, by one request.

        Its files are put into `folder`.
        """
        known = run.client if isinstance(run.client, WandbRun) else self._found(run)
        if metrics is not None:
            return pull_metrics(self._connection, self._place, known, metrics)
        return pull_run(self._connection, self._place, known, folder)

    def close(self) -> None:
        """Close connections."""
        self._connection.close()

    def _found(self, run: RemoteRun) -> WandbRun:
        known = find_run(self._connection, self._place, run.remote_id)
        if known is None:
            raise TrackerError(f"run {run.remote_id} is no longer at {self._place}")
        return known
