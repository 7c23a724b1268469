"""The tensorboard importer: runs out of folders with event files.

A run is a folder with event files, all of them together in the order in which they were begun;
folders below may belong to it (`event_folders`). What names a run is looked
for in `--set`, `--map` and `--path`, then in the folder's name by `--pattern` (CleanRL's
`{env_id}__{exp_name}__{seed}__{time}` unless another is given), then in its hyperparameters.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from ..config import merge, unflatten
from ..errors import ImportFileError
from ..run import JsonValue, RunStatus
from ..run_store import Points
from .cells import as_config_value
from .event_file import EventFile, read_event_file
from .event_folders import EventPart, has_phases, is_event_file, is_part, parts_of
from .found_files import checked_path, find_folders, name_of, unique
from .hyperparameters import hparams_of, table_of
from .imported import FoundPath, ImportedRun
from .name_pattern import CLEANRL_PATTERN, parse_pattern
from .naming import Naming
from .series_points import row_counts
from .source_run import SourceRun, named
from .wire import WireError

__all__ = ["TensorboardImporter", "read_tensorboard"]

_MOST_FILES = 10_000


@dataclass(frozen=True, slots=True)
class TensorboardImporter:
    """Reads event files as CleanRL, SB3, Tianshou, RLlib, Keras and JAX write them."""

    naming: Naming = field(default_factory=Naming)
    pattern: re.Pattern[str] = field(default_factory=lambda: parse_pattern(CLEANRL_PATTERN))
    name: str = "tensorboard"

    def find(self, paths: Sequence[Path]) -> list[FoundPath]:
        """The folders at these paths that are runs; raises ImportFileError for a path with none."""
        return unique(found for path in paths for found in _at(path))

    def read(self, found: FoundPath) -> Iterator[ImportedRun]:
        """The one run in a folder; raises ImportFileError and UsageError."""
        yield named(read_tensorboard(found, self.pattern), self.name, self.naming)


def _at(path: Path) -> Iterable[FoundPath]:
    checked_path(path)
    if not path.is_dir():
        if is_event_file(path.name):
            return [FoundPath(path, name_of(path, path.parent))]
        raise ImportFileError(f"{path}: is no event file; they are called events.out.tfevents...")

    def is_run(folder: Path, names: Collection[str]) -> bool:
        return any(map(is_event_file, names)) and (folder == path or not is_part(folder))

    def holds_parts(folder: Path, names: Collection[str]) -> bool:
        return is_run(folder, names) or has_phases(folder)

    return find_folders(path, holds_parts, "event file (events.out.tfevents...)")


def _parts(found: FoundPath) -> list[EventPart]:
    """The event files of a run; raises ImportFileError where they are too many."""
    if found.path.is_file():
        return [EventPart(found.path)]
    parts = list(parts_of(found.path))
    if len(parts) > _MOST_FILES:
        raise ImportFileError(f"{found.name}: has {len(parts):,} event files; the most are 10,000")
    return parts


def read_tensorboard(found: FoundPath, pattern: re.Pattern[str]) -> SourceRun:
    """All that the event files of a run say; raises ImportFileError."""
    parts = _parts(found)
    read = [(part, _read(found, part.path)) for part in parts]
    # Files of one folder follow each other in time, whatever their names are.
    read.sort(key=lambda one: (one[0].folder, one[1].first if math.isfinite(one[1].first) else 0.0))
    points = _joined(read)
    times = [time for _, file in read for time in (file.first, file.last) if time == time]
    modified = max(part.path.stat().st_mtime for part in parts)
    return SourceRun(
        file=found.name,
        points=points,
        started=min(times, default=modified),
        ended=max(times, default=modified),
        files=tuple(part.path for part, _ in read),
        told=_told(found, pattern),
        config=_config(file for _, file in read),
        rows=row_counts(points, 0),
        status=RunStatus.FINISHED,
        notes=tuple(_notes(found, read)),
    )


def _read(found: FoundPath, path: Path) -> EventFile:
    try:
        return read_event_file(path.read_bytes())
    except WireError as error:
        raise ImportFileError(f"{found.name}/{path.name}: is no event file: {error}") from error
    except OSError as error:
        raise ImportFileError(f"{path}: cannot be read: {error.strerror}") from error


def _joined(files: Iterable[tuple[EventPart, EventFile]]) -> dict[str, Points]:
    """The points of all files by metric, one file after the other."""
    by_metric: dict[str, list[Points]] = {}
    for part, file in files:
        for tag, points in file.points.items():
            by_metric.setdefault(part.metric(tag), []).append(points)
    return {
        metric: parts[0]
        if len(parts) == 1
        else Points(
            np.concatenate([part.steps for part in parts]),
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.wall_times for part in parts]),
        )
        for metric, parts in sorted(by_metric.items())
    }


def _told(found: FoundPath, pattern: re.Pattern[str]) -> dict[str, JsonValue]:
    """What the name of the folder says, by the pattern; the file's own folder for a lone file."""
    place = PurePosixPath(found.name)
    name = place.parent.name if found.path.is_file() else place.name
    fitted = pattern.fullmatch(name)
    if fitted is None:
        return {}
    return {key: text for key, text in fitted.groupdict().items() if key != "time"}


def _config(files: Iterable[EventFile]) -> dict[str, JsonValue]:
    """The hyperparameters that the texts of the files hold; later ones win."""
    config: dict[str, JsonValue] = {}
    for file in files:
        for text in file.texts:
            flat: Mapping[str, JsonValue] = {}
            if text.plugin == "hparams":
                flat = hparams_of(text.data)
            elif text.tag.removesuffix("/text_summary") in ("hyperparameters", "config", "args"):
                cells = table_of(text.data.decode("utf-8", "replace"))
                flat = {key: _config_value(value) for key, value in cells.items()}
            if flat:
                config = merge(config, unflatten(flat))
    return config


_WORDS: dict[str, JsonValue] = {"True": True, "False": False, "None": None}


def _config_value(text: str) -> JsonValue:
    """A cell of a table that Python wrote."""
    return _WORDS[text] if text in _WORDS else as_config_value(text)


def _notes(found: FoundPath, read: Sequence[tuple[EventPart, EventFile]]) -> Iterator[str]:
    left_out: Counter[str] = Counter()
    for part, file in read:
        left_out += file.other
        if file.cut:
            yield f"{found.name}: {part.path.name}: cut off: {file.cut}"
        if not file.points and not file.cut:
            yield f"{found.name}: {part.path.name}: holds no numbers"
    if left_out:
        counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(left_out.items()))
        yield f"{found.name}: left out, as they are no numbers: {counts}"
