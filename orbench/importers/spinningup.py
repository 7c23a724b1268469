"""The spinningup importer: folders with a progress.txt and, beside it, a config.json.

Format: `spinup.utils.logx.EpochLogger`. Steps are TotalEnvInteracts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ImportFileError
from .found_files import checked_path, find_folders, name_of, unique
from .imported import FoundPath, ImportedRun
from .json_file import read_json_object
from .naming import Naming
from .progress_log import ProgressLayout, read_progress
from .series_points import row_counts
from .source_run import SourceRun, named

__all__ = ["SpinningUpImporter"]

_PROGRESS, _CONFIG = "progress.txt", "config.json"
_LAYOUT = ProgressLayout(
    steps=("TotalEnvInteracts", "EnvInteracts", "Epoch"), elapsed=("Time",), delimiter="\t"
)


@dataclass(frozen=True, slots=True)
class SpinningUpImporter:
    """Reads what Spinning Up's logger writes; config.json names the run, but for its env."""

    naming: Naming = field(default_factory=Naming)
    name: str = "spinningup"

    def find(self, paths: Sequence[Path]) -> list[FoundPath]:
        """The folders with a progress.txt at these paths; raises ImportFileError."""
        return unique(found for path in paths for found in _at(path))

    def read(self, found: FoundPath) -> Iterator[ImportedRun]:
        """The one run in a folder; raises ImportFileError and UsageError."""
        progress, config_file = found.path / _PROGRESS, found.path / _CONFIG
        log = read_progress(progress, f"{found.name}/{_PROGRESS}", _LAYOUT)
        files = [progress]
        config = {}
        if config_file.is_file():
            files.append(config_file)
            config = read_json_object(config_file, f"{found.name}/{_CONFIG}")
            # What the logger says of itself: where its file lies, and a progress.txt so far.
            config.pop("logger", None)
        modified = progress.stat().st_mtime
        started, ended = log.span or (modified, modified)
        source = SourceRun(
            file=found.name,
            points=log.points,
            started=started,
            ended=ended,
            files=tuple(files),
            config=config,
            rows=row_counts(log.points, log.empty),
            notes=log.notes,
        )
        yield named(source, self.name, self.naming)


def _at(path: Path) -> list[FoundPath]:
    checked_path(path)
    if path.is_dir():

        def has_progress(folder: Path, names: Collection[str]) -> bool:
            return _PROGRESS in names

        return find_folders(path, has_progress, _PROGRESS)
    if path.name != _PROGRESS:
        raise ImportFileError(f"{path}: is no {_PROGRESS}")
    return [FoundPath(path.parent, name_of(path.parent, path.parent))]
