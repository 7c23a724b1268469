"""The store as the rest of orbench sees it: the promises every back end keeps.

Promises. A store object may be used from several threads; it must not cross a fork (open a new
one). Every call is one transaction or a read; a call that raises has changed nothing. Errors are
`StoreError`s: `StoreUnavailableError` means that the same call may succeed later (locked, down,
full), every other one that it will not. Methods never return half-decoded data: a chunk that
fails its checksum raises `StoreDamagedError`, naming the run and metric.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Protocol, Self, cast

from .events import Event
from .metric import Series, SeriesSummary
from .run import Document, RunRecord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .filters import Filter

__all__ = [
    "ArtifactRecord",
    "ConsolePiece",
    "Points",
    "Removal",
    "RunDetails",
    "RunStore",
    "Shipment",
    "StoreInfo",
    "TrackerLink",
    "open_store",
]


@dataclass(frozen=True, slots=True)
class Points:
    """Points of one metric in the order logged: int64 steps, float64 values and wall times (n)."""

    steps: NDArray[np.int64]
    values: NDArray[np.float64]
    wall_times: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shipment:
    """A stretch of one journal segment, `start` to `end` in bytes, ready to be stored.

    `closed`: the segment's writer is gone and nothing follows. `damage`: what was cut, in words.
    `blobs` maps the sha256 of artifacts named in `events` to the files that hold their bytes.
    """

    segment_id: str
    run_id: str
    start: int
    end: int
    events: tuple[Event, ...] = ()
    points: Mapping[str, Points] = field(default_factory=dict)
    blobs: Mapping[str, Path] = field(default_factory=dict)
    heartbeat: float | None = None
    closed: bool = False
    damage: str = ""


@dataclass(frozen=True, slots=True)
class ArtifactRecord:
    """A file that a run logged. Of several with one name the last is the current one."""

    name: str
    kind: str
    sha256: str
    size: int
    logged: float
    metadata: Document = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConsolePiece:
    """A piece of console output: `stream` is stdout or stderr."""

    stream: str
    time: float
    data: bytes


@dataclass(frozen=True, slots=True)
class RunDetails:
    """All that a store knows of a run besides the points themselves.

    `facts` has the documents of `events.FACT_KINDS` that were captured. `damage` lists what
    was cut from its journals.
    """

    record: RunRecord
    facts: Mapping[str, Document]
    metrics: tuple[SeriesSummary, ...]
    artifacts: tuple[ArtifactRecord, ...]
    children: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrackerLink:
    """What a tracker knows a run as, and how far the two are in step.

    `tracker` is the place, as `wandb://host/entity/project`, never with a password; `document` is
    for `orbench.trackers` alone (the id there, watermarks); `updated` is when it was written.
    """

    run_id: str
    tracker: str
    document: Document
    updated: float


@dataclass(frozen=True, slots=True)
class Removal:
    """What `remove` took out, and which artifacts stayed because other runs hold them."""

    runs: int
    series: int
    points: int
    artifacts: int
    artifact_bytes: int
    artifacts_kept: int


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What a store is and holds. `location` never has a password in it."""

    location: str
    dialect: str
    store_id: str
    schema_version: str
    runs: int
    metrics: int
    series: int
    chunks: int
    points: int
    artifacts: int
    artifact_bytes: int
    size_bytes: int


class RunStore(Protocol):
    """What a back end must do; see the module for the promises it keeps."""

    @property
    def location(self) -> str:
        """The store's URL without a password."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def close(self) -> None:
        """Release connections; the object is of no use afterwards."""
        ...

    # -- writing

    def watermark(self, segment_id: str) -> int:
        """How many bytes of a journal segment are in the store already (0: none)."""
        ...

    def ship(self, shipment: Shipment) -> bool:
        """Store a shipment and move the watermark from `start` to `end`, both or neither.

        False, and nothing changed, if the watermark was not at `start`: somebody else shipped
        this stretch. A run that is not known yet is made.
        """
        ...

    def heartbeat(self, run_id: str, time: float) -> None:
        """Say that a run is alive; never moves its heartbeat back."""
        ...

    def compact(self, run_id: str) -> int:
        """Merge the small chunks of a run into full ones; returns how many chunks went away."""
        ...

    def change_tags(
        self, run_ids: Sequence[str], *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> int:
        """Put tags on runs and take tags off; returns how many runs changed."""
        ...

    def remove(self, run_ids: Sequence[str]) -> Removal:
        """Remove runs with their series, and the artifacts that no other run holds."""
        ...

    def link_tracker(self, link: TrackerLink) -> None:
        """Keep a run's link to a tracker, in place of the one there is; RunNotFoundError."""
        ...

    def unlink_tracker(self, run_id: str, tracker: str) -> bool:
        """Forget a run's link to a tracker; False if there is none."""
        ...

    def save_baseline(self, name: str, document: Document) -> bool:
        """Keep a baseline under a name, as JSON; True if it replaces one."""
        ...

    def remove_baseline(self, name: str) -> None:
        """Forget a baseline; raises BaselineNotFoundError (with near names)."""
        ...

    # -- finding

    def resolve(self, prefix: str) -> str:
        """The one run id that starts with `prefix`.

        Raises RunNotFoundError (with near ids) or AmbiguousRunError (with the candidates).
        """
        ...

    def runs(
        self,
        where: Filter | None = None,
        *,
        order_by: Sequence[str] = ("started",),
        limit: int | None = None,
    ) -> list[RunRecord]:
        """The runs a filter selects. `order_by` has field names, `-` before one to descend."""
        ...

    def run_ids(self, where: Filter | None = None) -> list[str]:
        """The ids of the runs a filter selects, oldest first; cheaper than `runs`."""
        ...

    def details(self, run_id: str) -> RunDetails:
        """Everything about one run; raises RunNotFoundError."""
        ...

    def facts(self, run_ids: Sequence[str], kind: str) -> dict[str, Document]:
        """The facts of one of `events.FACT_KINDS` of these runs, by run id; runs without are left
        out.

        One call for many runs costs a fraction of their `details`.
        """
        ...

    def projects(self) -> list[str]:
        """The names of all projects, sorted."""
        ...

    def metric_names(self, where: Filter | None = None) -> dict[str, int]:
        """Metric names of the selected runs, with the number of runs that have each, sorted."""
        ...

    def summaries(self, run_ids: Sequence[str], metrics: Sequence[str]) -> list[SeriesSummary]:
        """Summaries of these metrics of these runs, without decoding a chunk."""
        ...

    def series(self, run_ids: Sequence[str], metric: str) -> list[Series]:
        """One metric of these runs, in the order of `run_ids`; runs without it are left out."""
        ...

    def console(self, run_id: str, stream: str | None = None) -> Iterator[ConsolePiece]:
        """Console output in order of arrival, of one stream or both."""
        ...

    def read_artifact(self, sha256: str, out: BinaryIO) -> int:
        """Write an artifact's bytes to `out`, verified; returns the size."""
        ...

    def tracker_links(
        self, run_ids: Sequence[str] | None = None, tracker: str | None = None
    ) -> list[TrackerLink]:
        """The links of these runs (None: of all) to one tracker or to all; by run, then name."""
        ...

    def baselines(self) -> dict[str, float]:
        """The names of all baselines, sorted, with the time each was saved."""
        ...

    def baseline(self, name: str) -> Document:
        """The document of a baseline; raises BaselineNotFoundError (with near names)."""
        ...

    def info(self) -> StoreInfo:
        """What the store is and holds."""
        ...


# The one place where orbench reaches the storage layer, by name and only when a store is opened:
# the library depends on the Protocol above, the layer that fulfils it is bound late.
_STORE_LAYER = "orbench.storage"


def open_store(url: str | None = None, *, create: bool = False) -> RunStore:
    """Open the store at a SQLAlchemy URL (default: settings.store_url()).

    `create` makes a store where there is none; without it that is a StoreMissingError.
    """
    from .settings import store_url

    layer = importlib.import_module(_STORE_LAYER)
    return cast("RunStore", layer.open_store(store_url(url), create=create))
