"""The mlflow importer: runs out of `mlruns/` folders and tracking databases in SQLite files.

Servers are reached through MLflow's client, by `orbench sync pull`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ImportFileError, UsageError
from .found_files import checked_path, name_of, unique
from .imported import FoundPath, ImportedRun
from .mlflow_folder import find_runs, read_run
from .mlflow_run import MLFLOW, DeletedRun, deleted_runs, imported
from .naming import Naming

__all__ = ["MlflowImporter"]


@dataclass(frozen=True, slots=True)
class MlflowImporter:
    """Reads what MLflow's file store and its SQLite store keep."""

    naming: Naming = field(default_factory=Naming)
    name: str = MLFLOW

    def find(self, paths: Sequence[Path]) -> list[FoundPath]:
        """The runs in folders, and the databases; raises ImportFileError for a path with none."""
        return unique(found for path in paths for found in _at(path))

    def read(self, found: FoundPath) -> Iterator[ImportedRun]:
        """The run in a folder, or all in a database; raises ImportFileError and UsageError."""
        if not found.path.is_dir():
            yield from self._read_database(found)
            return
        run = read_run(found)
        if isinstance(run, DeletedRun):
            yield from deleted_runs([run])
            return
        yield imported(run, self.naming)

    def _read_database(self, found: FoundPath) -> Iterator[ImportedRun]:
        from .mlflow_database import read_database

        runs = list(read_database(found))
        there = [run for run in runs if not isinstance(run, DeletedRun)]
        yield from deleted_runs(run for run in runs if isinstance(run, DeletedRun))
        # All or none of a file: a run that nothing names is told before the first is given.
        yield from [imported(run, self.naming) for run in there]


def _at(path: Path) -> list[FoundPath]:
    from .mlflow_database import is_sqlite

    if str(path).startswith(("http:/", "https:/")):
        raise UsageError(f"{path} is a server; orbench sync pull brings runs from one")
    checked_path(path)
    if path.is_dir():
        found = find_runs(path)
        if not found:
            raise ImportFileError(f"{path}: the folder has no run of MLflow (a meta.yaml of one)")
        return found
    if not is_sqlite(path):
        raise ImportFileError(f"{path}: is neither a folder of MLflow's nor an SQLite database")
    return [FoundPath(path, name_of(path, path.parent))]
