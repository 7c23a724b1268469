"""What every importer gives: runs as plain values, with where they came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..run import Document, RunStatus
from ..run_store import Points

__all__ = ["FoundPath", "ImportedRun", "Importer", "RowCounts"]


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
class ImportedRun:
    """One run out of a file, ready to be put into a store.

    `points` are in the order of the file. `provenance` says where the run came from: the
    importer, the file (relative), its sha256, and how it was read; it is kept as the run's
    command. Times are seconds since the epoch.
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
