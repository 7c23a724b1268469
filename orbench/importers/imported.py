"""What every importer gives: runs as plain values, with where they came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..run import Document, RunStatus
from ..run_store import ConsolePiece, Points

__all__ = ["FoundPath", "ImportedArtifact", "ImportedRun", "Importer", "RowCounts"]


@dataclass(frozen=True, slots=True)
class FoundPath:
    """Something to import: where it lies, and its name, relative with `/`, as runs record it."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class RowCounts:
    """What was found in the rows of a run; nothing of it is left out but empty cells.

    `repeated` rows have a step that an earlier row of the same metric has; `restarts` are the
    places where steps go back; `empty` cells have no value.
    """

    repeated: int = 0
    restarts: int = 0
    empty: int = 0


@dataclass(frozen=True, slots=True)
class ImportedArtifact:
    """A file that belongs to an imported run; its bytes lie at `path` until it is delivered."""

    name: str
    path: Path
    logged: float
    kind: str = "file"
    metadata: Document = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """One run out of a file or a tracker, ready to be put into a store.

    `points` are in the order of the file. `provenance` says where the run came from: the
    importer, the file (relative), its sha256, and how it was read; it is kept as the run's
    command. Times are seconds since the epoch.

    `identity` is what the source itself calls the run (an id that is unique there): with one, the
    run is the same however its name or config changes. Without, project, exp_name, env_id, seed
    and config name it. `run_id` is the id to keep, where the source is a run that orbench pushed.
    `facts` are documents by `events.FACT_KINDS`, except command. `notes` are
    sentences for whoever imports: what was cut, what could not be told.
    """

    importer: str
    file: str
    project: str
    exp_name: str
    env_id: str
    seed: int | None
    points: Mapping[str, Points]
    started: float
    ended: float
    provenance: Document
    config: Document = field(default_factory=dict)
    status: RunStatus = RunStatus.FINISHED
    rows: RowCounts = RowCounts()
    identity: str = ""
    run_id: str = ""
    tags: tuple[str, ...] = ()
    summary: Document = field(default_factory=dict)
    facts: Mapping[str, Document] = field(default_factory=dict)
    console: tuple[ConsolePiece, ...] = ()
    artifacts: tuple[ImportedArtifact, ...] = ()
    exit_code: int | None = None
    error: str | None = None
    host: str = ""
    parent_id: str | None = None
    signal: int | None = None
    config_notes: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """The number of points of all metrics."""
        return sum(len(points.steps) for points in self.points.values())

    def __str__(self) -> str:
        seed = "no seed" if self.seed is None else f"seed {self.seed}"
        return f"{self.exp_name} on {self.env_id}, {seed}"


class Importer(Protocol):
    """Reads runs out of what another tool wrote; knows nothing of a store."""

    @property
    def name(self) -> str:
        """The name in commands and in the provenance of runs."""
        ...

    def find(self, paths: Sequence[Path]) -> list[FoundPath]:
        """What there is to import at these paths, in order.

        Raises ImportFileError for a path with nothing in it.
        """
        ...

    def read(self, found: FoundPath) -> Iterable[ImportedRun]:
        """The runs in one of what `find` gave, all of them or an error.

        Raises ImportFileError for what is wrong with the file, and UsageError for what is wrong
        with how it is to be read.
        """
        ...
