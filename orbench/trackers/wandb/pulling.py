"""A W&B run as an imported run: whole, or some of its metrics alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...artifact import checked_name
from ...errors import RecordingError
from ...importers import ImportedArtifact, ImportedRun, RowCounts
from ...metric import SYSTEM_PREFIX
from ...repeats import count_repeats
from ...rlops.conditions import USER_TAG
from ...run_store import ConsolePiece, Points
from .connection import Connection
from .files import WandbFile, fetch_bytes, fetch_file, list_files
from .foreign_facts import facts_of
from .history import STEP, TIME, read_events, read_keys, read_rows
from .metric_names import original_name, sent_name
from .naming import env_id_of, exp_name_of, seed_of, status_of
from .place import WandbPlace
from .points import GLOBAL_STEP, Columns, event_columns, flat, step_axis
from .record import CONSOLE_FILE, RECORD_FILE, Record, read_console, read_record
from .runs import WandbRun

if TYPE_CHECKING:
    from .points import Axis

__all__ = ["pull_metrics", "pull_run"]

_IMPORTER = "wandb"
_OUTPUT = "output.log"

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
    return _imported(place, run, _Series(points, tuple(notes)), None)


def pull_run(connection: Connection, place: WandbPlace, run: WandbRun, folder: Path) -> ImportedRun:
    """A run with all of its points, console output and files; these are put below `folder`."""
    notes: list[str] = []
    files = {file.name: file for file in list_files(connection, place, run.name)}
    record = None
    if run.mark and RECORD_FILE in files:
        record = read_record(fetch_bytes(connection, files[RECORD_FILE]))
    series = _all_points(connection, place, run)
    imported = _imported(place, run, series, record)
    if record is None:
        imported = _with_foreign_facts(connection, files, imported)
    taken = record.artifacts if record else None
    artifacts = tuple(_artifacts(connection, files, taken, run, folder, notes))
    console = tuple(_console(connection, files, run, record))
    notes = [*imported.notes, *notes]
    return replace(imported, artifacts=artifacts, console=console, notes=tuple(notes))


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


def _imported(
    place: WandbPlace, run: WandbRun, series: _Series, record: Record | None
) -> ImportedRun:
    file = f"{place}/{run.name}"
    provenance: dict[str, object] = {"importer": _IMPORTER, "file": file}
    ours = str(run.mark.get("run_id") or "")
    first, last = _span(series.points, run)
    imported = ImportedRun(
        importer=_IMPORTER,
        file=file,
        project=place.name,
        exp_name=exp_name_of(run),
        env_id=env_id_of(run),
        seed=seed_of(run),
        points=series.points,
        started=first,
        ended=last,
        provenance=provenance,
        config=run.config,
        status=status_of(run),
        rows=_counts(series.points),
        identity=file,
        run_id=ours,
        tags=run.tags if ours or not run.user else (*run.tags, f"{USER_TAG}{run.user}"),
        summary={key: value for key, value in run.summary.items() if not key.startswith("_")},
        notes=series.notes,
    )
    return _as_recorded(imported, run, record)


def _as_recorded(imported: ImportedRun, run: WandbRun, record: Record | None) -> ImportedRun:
    """What orbench itself wrote of a run counts: in its record, else in its mark."""
    told = dict(record.run) if record else dict(run.mark)
    if not told:
        return imported
    imported = replace(
        imported,
        project=str(told.get("project") or imported.project),
        exp_name=str(told.get("exp_name") or imported.exp_name),
        env_id=str(told.get("env_id") or imported.env_id),
        seed=told.get("seed", imported.seed),
        started=float(told.get("started") or imported.started),
    )
    if record is None:
        return imported
    facts = dict(record.facts)
    command = facts.pop("command", {})
    return replace(
        imported,
        config=dict(told["config"]),
        summary=dict(told["summary"]),
        # Tags may have been changed there since.
        tags=tuple(dict.fromkeys([*told["tags"], *run.tags])),
        status=record.status,
        ended=float(told.get("ended") or imported.ended),
        exit_code=told.get("exit_code"),
        error=told.get("error"),
        host=str(told.get("host") or ""),
        parent_id=told.get("parent_id"),
        facts=facts,
        provenance={**imported.provenance, **command},
    )


def _with_foreign_facts(
    connection: Connection, files: Mapping[str, WandbFile], imported: ImportedRun
) -> ImportedRun:
    """With what W&B's own files say of a run that orbench did not push."""
    read = {
        name: fetch_bytes(connection, files[name])
        for name in ("wandb-metadata.json", "requirements.txt")
        if name in files
    }
    told = facts_of(read.get("wandb-metadata.json"), read.get("requirements.txt"))
    return replace(
        imported,
        facts=told.facts,
        host=told.host,
        started=min(told.started or imported.started, imported.started),
        provenance={**told.command, **imported.provenance},
    )


def _artifacts(
    connection: Connection,
    files: Mapping[str, WandbFile],
    recorded: Mapping[str, object] | None,
    run: WandbRun,
    folder: Path,
    notes: list[str],
) -> Iterable[ImportedArtifact]:
    """The files that are artifacts: those that orbench put there, else all but W&B's own."""
    from ...run_store import ArtifactRecord

    own = ("config.yaml", "wandb-summary.json", "wandb-metadata.json", "requirements.txt", _OUTPUT)
    chosen = files if recorded is None else recorded
    for place, name in enumerate(chosen):
        if recorded is None and name in own:
            continue
        if name not in files:
            notes.append(f"the file {name} is no longer there")
            continue
        told = recorded[name] if recorded is not None else None
        path = folder / f"{run.name.replace('/', '_')}-{place}"
        fetch_file(connection, files[name], path)
        if isinstance(told, ArtifactRecord):
            yield ImportedArtifact(told.name, path, told.logged, told.kind, dict(told.metadata))
        elif _is_name(name):
            yield ImportedArtifact(name, path, run.heartbeat, "wandb-file")
        else:
            notes.append(f"the file {name!r:.60} has a name that is no artifact's; left out")


def _is_name(name: str) -> bool:
    try:
        return checked_name(name) == name
    except RecordingError:
        return False


def _console(
    connection: Connection, files: Mapping[str, WandbFile], run: WandbRun, record: Record | None
) -> Iterable[ConsolePiece]:
    if record is not None:
        if CONSOLE_FILE in files:
            data = fetch_bytes(connection, files[CONSOLE_FILE])
            yield from read_console(data.splitlines())
    elif _OUTPUT in files:
        # Which stream a line came from is not kept in the file.
        data = fetch_bytes(connection, files[_OUTPUT])
        if data:
            yield ConsolePiece("stdout", run.heartbeat, data)


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
