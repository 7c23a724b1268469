"""What a tracker does for `orbench sync`; W&B and MLflow fulfil it, one suite of tests checks it.

A tracker is reached through its own client and its own credentials. It knows of one place there
(a W&B project, an MLflow experiment). Nothing in training waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..importers import ImportedRun
from ..metric import Series
from ..run import Document
from ..run_store import ArtifactRecord, ConsolePiece, RunDetails

__all__ = ["Progress", "PushReport", "RemoteRun", "RunSource", "Tracker"]

Progress = Callable[[Document], None]
"""Called with the link's document as it is now, after each step that the tracker has confirmed."""


class RunSource(Protocol):
    """One run of a store, for a tracker to read from while it pushes."""

    @property
    def details(self) -> RunDetails:
        """Everything of the run besides points, console and the bytes of artifacts."""
        ...

    def series(self, metric: str) -> Series:
        """One metric, in the order logged."""
        ...

    def console(self) -> Iterable[ConsolePiece]:
        """The console output, in order of arrival."""
        ...

    def artifact_file(self, artifact: ArtifactRecord) -> Path:
        """A verified copy of an artifact's bytes, which lives as long as the push."""
        ...


@dataclass(frozen=True, slots=True)
class PushReport:
    """What a push sent, and sentences on what the tracker cannot hold as it is."""

    points: int = 0
    artifacts: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteRun:
    """A run as a tracker lists it: enough to tell whether it has to be read again.

    `revision` is any text that changes when the run does; `orbench_run_id` is set where orbench
    pushed it; `client` is whatever the tracker needs to pull it.
    """

    remote_id: str
    name: str
    revision: str
    orbench_run_id: str = ""
    client: object = field(default=None, compare=False)


class Tracker(Protocol):
    """A place in a tracker; see the module. Raises TrackerError and its kinds."""

    @property
    def place(self) -> str:
        """The place as links name it, without credentials: `mlflow://host:5000/experiment`."""
        ...

    def check(self, *, create: bool = False) -> None:
        """Ask whether the place is there and may be used; with `create`, make what is missing.

        One request or two, before many runs are gone through. Raises TrackerUnavailableError
        (down), and TrackerError (no access, no such place, with near names).
        """
        ...

    def push(self, run: RunSource, link: Document, progress: Progress) -> PushReport:
        """Send what the tracker does not have of a run yet.

        `link` is what an earlier push left (empty before the first); `remote_id` in it is the id
        there. A push that was cut off at any request and is made again doubles nothing and leaves
        nothing out. Several runs are pushed at once, from several threads.
        """
        ...

    def runs(self, *, since: float | None = None) -> Iterable[RemoteRun]:
        """The runs there, those changed after `since` (seconds since the epoch) if it is given."""
        ...

    def pull(
        self, run: RemoteRun, folder: Path, metrics: Sequence[str] | None = None
    ) -> ImportedRun:
        """A run with all of its points, never sampled; with `metrics`, these alone.

        Its artifacts are written into `folder`, which is empty and outlives the delivery; with
        `metrics` there are none.
        """
        ...

    def close(self) -> None:
        """Release connections; may be called twice, and while other threads ask: they may fail."""
        ...
