"""Importers of other packages: what goes wrong in one is told of the file, in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ImportFileError, OrbenchError
from .imported import FoundPath, ImportedRun, Importer

if TYPE_CHECKING:
    from ..importer_kinds import ImporterKind
    from .naming import Naming

__all__ = ["BroughtImporter"]


@dataclass(frozen=True, slots=True)
class BroughtImporter:
    """An importer that another package brings; `who` names the kind and the package in errors.

    The runs that it gives are looked at before they come near a store.
    """

    inner: Importer
    who: str

    @classmethod
    def of(cls, kind: ImporterKind, naming: Naming, who: str) -> BroughtImporter:
        """The importer that a kind makes; raises ImportFileError for whatever goes wrong."""
        with _told("", who):
            return cls(kind.importer(naming), who)

    @property
    def name(self) -> str:
        """The importer's own name."""
        return self.inner.name

    def find(self, paths: Sequence[Path]) -> list[FoundPath]:
        """What it finds; raises ImportFileError for whatever goes wrong."""
        with _told(f"{' '.join(map(str, paths))}: ", self.who):
            return list(self.inner.find(paths))

    def read(self, found: FoundPath) -> Iterator[ImportedRun]:
        """The runs that it reads, all or none; raises ImportFileError for whatever goes wrong."""
        with _told(f"{found.name}: ", self.who):
            runs = [_checked(run) for run in self.inner.read(found)]
        yield from runs


@contextmanager
def _told(place: str, who: str) -> Iterator[None]:
    try:
        yield
    except OrbenchError:
        raise
    except Exception as error:  # the package's fault, not ours: the other files are read
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise ImportFileError(f"{place}{who} failed: {said}") from error


def _checked(run: object) -> ImportedRun:
    """The run, if it is one that a store can take; raises TypeError and ValueError."""
    if not isinstance(run, ImportedRun):
        raise TypeError(f"gave {type(run).__name__}, not an ImportedRun")
    for metric, points in run.points.items():
        arrays = (points.steps, points.values, points.wall_times)
        kinds = [getattr(array, "dtype", None) for array in arrays]
        if kinds != [np.int64, np.float64, np.float64]:
            raise TypeError(f"{metric}: points are int64 steps, float64 values and wall times")
        if len({array.shape for array in arrays}) > 1 or points.steps.ndim != 1:
            raise ValueError(f"{metric}: steps, values and wall times are of different shapes")
        if len(points.steps) and points.steps.min() < 0:
            raise ValueError(f"{metric}: a step is a whole number from 0")
    return run
