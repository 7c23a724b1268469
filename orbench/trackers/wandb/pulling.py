"""A W&B run as an imported run: whole, or some of its metrics alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...artifact import checked_name
from ...errors import RecordingError
from ...importers import ImportedArtifact, ImportedRun, RowCounts, wandb_facts, wandb_metadata
from ...metric import SYSTEM_PREFIX
from ...repeats import count_repeats
from ...rlops.conditions import USER_TAG
from ...run_store import ArtifactRecord, ConsolePiece, Points
from ..record_file import RECORD_NAME, RecordFile, imported_run, read_record
from .artifact_files import artifact_paths
from .connection import Connection
from .files import WandbFile, fetch_bytes, fetch_file, list_files
from .history import STEP, TIME, read_events, read_keys, read_rows
from .metric_names import original_name, sent_name
from .naming import env_id_of, exp_name_of, seed_of, status_of, untold
from .place import WandbPlace
from .points import GLOBAL_STEP, Columns, event_columns, flat, step_axis
from .runs import WandbRun, seconds

if TYPE_CHECKING:
    from .points import Axis

__all__ = ["pull_metrics", "pull_run"]

_IMPORTER = "wandb"
_OUTPUT, _METADATA, _REQUIREMENTS = "output.log", "wandb-metadata.json", "requirements.txt"
_OWN_FILES = ("config.yaml", "wandb-summary.json", _OUTPUT, _METADATA, _REQUIREMENTS)

_MOST_KEYS_TOLD = 8


@dataclass(frozen=True, slots=True)
class _Series:
    """Points by metric, and what is to be said of how they were read."""

    points: Mapping[str, Points]
    notes: tuple[str, ...]


def pull_metrics(
    connection: Connection, place: WandbPlace, run: WandbRun, metrics: Sequence[str]
) -> ImportedRun:
    """A run with these metrics alone, by one request; none of its files."""
    notes: list[str] = []
    step_key = str(run.mark.get("step_key") or GLOBAL_STEP)
    system = [name for name in metrics if name.startswith(SYSTEM_PREFIX)]
    names = {sent_name(name, step_key): name for name in metrics if name not in system}
    rows = read_keys(connection, place, run, [*names, step_key], notes)
    columns = Columns(no_time=run.created)
    for key, found in rows.items():
        for row in found:
            columns.add(key, row.get(key), int(row[STEP]), row.get(TIME))
    axis = step_axis(columns, step_key)
    points = {
        metric: columns.points(key, axis) for key, metric in names.items() if key in columns.values
    }
    if system:
        read = _system_points(connection, place, run, step_key, notes)
        points |= {metric: found for metric, found in read.items() if metric in system}
    if not run.mark and axis is not None:
        # It is what the steps are; as a metric of its own it says nothing more.
        points.pop(step_key, None)
    notes += _told(columns, axis, step_key)
    return _imported(place, run, _Series(points, tuple(notes)))


def pull_run(connection: Connection, place: WandbPlace, run: WandbRun, folder: Path) -> ImportedRun:
    """A run with all of its points, console output and files; these are put below `folder`.

    What orbench pushed comes out of the record beside it, as it was; its points come out of W&B's
    rows where these are more.
    """
    files = {file.name: file for file in list_files(connection, place, run.name)}
    fetching = _Fetching(connection, files, folder)
    if run.mark and RECORD_NAME in files:
        return _recorded(connection, place, run, fetching)
    imported = _imported(place, run, _all_points(connection, place, run))
    if not run.mark:
        imported = _with_foreign_facts(imported, fetching)
    artifacts = tuple(fetching.own_files(run)) if not run.mark else ()
    return replace(
        imported,
        artifacts=artifacts,
        console=tuple(fetching.output(run)),
        notes=(*imported.notes, *fetching.notes),
    )


def _recorded(
    connection: Connection, place: WandbPlace, run: WandbRun, fetching: _Fetching
) -> ImportedRun:
    """A run out of the record that orbench put beside it."""
    record = read_record(fetching.fetched(RECORD_NAME))
    imported = imported_run(record, _IMPORTER, str(place), run.name)
    if not _has_all(record, run):
        series = _all_points(connection, place, run)
        imported = replace(imported, points=series.points, notes=series.notes)
    artifacts = tuple(fetching.recorded(record.artifacts))
    return replace(
        imported,
        tags=run.tags,  # they may have been changed there since
        artifacts=artifacts,
        rows=_counts(imported.points),
        notes=(*imported.notes, *fetching.notes),
    )


def _has_all(record: RecordFile, run: WandbRun) -> bool:
    """Whether a record is as new as the rows: a push may have been cut off before it was sent."""
    step_key = str(run.mark.get("step_key") or GLOBAL_STEP)
    there = {
        key: count
        for key, count in run.counts.items()
        if not key.startswith("_") and key != step_key
    }
    here = {
        sent_name(name, step_key): len(points.steps)
        for name, points in record.points.items()
        if not name.startswith(SYSTEM_PREFIX) and len(points.steps)
    }
    return here == there


def _all_points(connection: Connection, place: WandbPlace, run: WandbRun) -> _Series:
    notes: list[str] = []
    step_key = str(run.mark.get("step_key") or GLOBAL_STEP)
    columns = Columns(no_time=run.created)
    for row in read_rows(connection, place, run, notes):
        for key, value in flat(row):
            columns.add(key, value, int(row[STEP]), row.get(TIME))
    axis = step_axis(columns, step_key)
    points = {
        original_name(key) if run.mark else key: columns.points(key, axis)
        for key in columns.values
        if key != step_key or axis is None
    }
    points |= _system_points(connection, place, run, step_key, notes)
    notes += _told(columns, axis, step_key)
    return _Series(points, tuple(notes))


def _system_points(
    connection: Connection, place: WandbPlace, run: WandbRun, step_key: str, notes: list[str]
) -> dict[str, Points]:
    events = read_events(connection, place, run, notes)
    columns = event_columns(events, step_key, run.created)
    return {metric: columns.points(metric) for metric in columns.values}


def _told(columns: Columns, axis: Axis | None, step_key: str) -> Iterable[str]:
    """What cannot be kept as points, and which steps are not the program's own."""
    if columns.others:
        names = sorted(columns.others)
        more = f" and {len(names) - _MOST_KEYS_TOLD} more" if len(names) > _MOST_KEYS_TOLD else ""
        yield (
            f"{sum(columns.others.values()):,} values are no numbers and were left out, of "
            f"{', '.join(names[:_MOST_KEYS_TOLD])}{more}"
        )
    if axis is not None and axis.missing:
        count = sum(axis.missing.values())
        yield f"{count:,} values have no {step_key} in their row; they stand at the one before"
    if axis is None and step_key in columns.values:
        yield f"{step_key} is no count of steps; the steps are the rows of W&B"


def _imported(place: WandbPlace, run: WandbRun, series: _Series) -> ImportedRun:
    """A run by what the list of runs tells; what orbench itself wrote of it counts."""
    file = f"{place}/{run.name}"
    first, last = _span(series.points, run)
    told = run.mark
    user = (f"{USER_TAG}{run.user}",) if run.user and not told else ()
    return ImportedRun(
        importer=_IMPORTER,
        file=file,
        project=str(told.get("project") or place.name),
        exp_name=str(told.get("exp_name") or exp_name_of(run)),
        env_id=str(told.get("env_id") or env_id_of(run)),
        seed=told.get("seed") if told else seed_of(run),
        points=series.points,
        started=float(told.get("started") or first),
        ended=last,
        provenance={"importer": _IMPORTER, "file": file},
        config=run.config,
        status=status_of(run),
        rows=_counts(series.points),
        identity=file,
        run_id=str(told.get("run_id") or ""),
        tags=(*run.tags, *user),
        summary={key: value for key, value in run.summary.items() if not key.startswith("_")},
        notes=series.notes if told else (*untold(run), *series.notes),
    )


def _with_foreign_facts(imported: ImportedRun, fetching: _Fetching) -> ImportedRun:
    """With what W&B's own files say of a run that orbench did not push."""
    metadata = wandb_metadata(fetching.content(_METADATA) or b"")
    told = wandb_facts(metadata, fetching.content(_REQUIREMENTS) or b"")
    return replace(
        imported,
        facts=told.facts,
        host=told.host,
        started=min(seconds(told.started) or imported.started, imported.started),
        provenance={**told.command, **imported.provenance},
    )


@dataclass(slots=True)
class _Fetching:
    """The files of a run, fetched into a folder under names of their own."""

    connection: Connection
    files: Mapping[str, WandbFile]
    folder: Path
    notes: list[str] = field(default_factory=list)
    count: int = 0

    def fetched(self, name: str) -> Path:
        self.count += 1
        path = self.folder / f"file-{self.count}"
        fetch_file(self.connection, self.files[name], path)
        return path

    def content(self, name: str) -> bytes | None:
        return fetch_bytes(self.connection, self.files[name]) if name in self.files else None

    def recorded(self, artifacts: Sequence[ArtifactRecord]) -> Iterator[ImportedArtifact]:
        """The artifacts that a record names."""
        for name, one in artifact_paths(artifacts):
            if name in self.files:
                path = self.fetched(name)
                yield ImportedArtifact(one.name, path, one.logged, one.kind, dict(one.metadata))
            else:
                self.notes.append(f"the file {name} is no longer there")

    def own_files(self, run: WandbRun) -> Iterator[ImportedArtifact]:
        """The files of a run, as artifacts, but for those that W&B writes itself."""
        for name in self.files:
            if name in _OWN_FILES:
                continue
            if _is_name(name):
                yield ImportedArtifact(name, self.fetched(name), run.heartbeat, "wandb-file")
            else:
                self.notes.append(
                    f"the file {name!r:.60} has a name that is no artifact's; left out"
                )

    def output(self, run: WandbRun) -> Iterator[ConsolePiece]:
        """The console output; which stream a line came from is not kept in the file."""
        if data := self.content(_OUTPUT):
            yield ConsolePiece("stdout", run.heartbeat, data)


def _is_name(name: str) -> bool:
    try:
        return checked_name(name) == name
    except RecordingError:
        return False


def _span(points: Mapping[str, Points], run: WandbRun) -> tuple[float, float]:
    """When the run began and ended, as far as its rows and the server tell."""
    import numpy as np

    times = [one.wall_times for one in points.values() if len(one.wall_times)]
    first = min([run.created or np.inf, *(float(one.min()) for one in times)])
    last = max([run.heartbeat, *(float(one.max()) for one in times)])
    return (first if np.isfinite(first) else last), last


def _counts(points: Mapping[str, Points]) -> RowCounts:
    found = [count_repeats(one.steps) for one in points.values()]
    return RowCounts(sum(one.rows for one in found), sum(one.restarts for one in found))
