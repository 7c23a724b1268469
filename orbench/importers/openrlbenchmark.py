"""The openrlbenchmark importer: runs out of the cache that its `rlops --scan-history` keeps.

| file | has |
|---|---|
| `ENTITY/PROJECT/ID/run.json` | what W&B says of a run: names, config, tags, user, state |
| `ENTITY/PROJECT/ID/run_df.csv` | its history, every row, as pandas writes it |
| `ENTITY/PROJECT/offline.sqlite` | the same as in the `run.json` of all runs of the project |

A run has the id that it has when it is read from W&B itself, and the same project, tags and steps:
the filters of `orbench rlops` select it, and a pull finds it in the store. Nothing is unpickled.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

import numpy as np

from ..errors import ImportFileError
from ..run import RunStatus
from .delivery import imported_run_id
from .found_files import checked_path, name_of, unique
from .imported import FoundPath, ImportedRun
from .json_file import read_json_object
from .log_table import LogTable, read_log
from .name_pattern import cleanrl_names
from .naming import Naming
from .openrlbenchmark_run import CachedRun, cached_run, runs_of_database
from .source_run import SourceRun, named
from .wandb_series import Values, WandbSeries, add_history

__all__ = ["OpenrlbenchmarkImporter"]

_HISTORY, _RUN, _DATABASE = "run_df.csv", "run.json", "offline.sqlite"
# The number of the row, which pandas writes without a name, and reads as this one.
_INDEX = ("", "Unnamed: 0")
_WANDB, _CLOUD = "wandb", "api.wandb.ai"
_CLOUD_PAGES = ("", "wandb.ai", "app.wandb.ai")
_WORDS = {"True": 1.0, "False": 0.0}
_STATES = {"finished": RunStatus.FINISHED, "failed": RunStatus.FAILED, "crashed": RunStatus.FAILED}
_STATES |= {"killed": RunStatus.KILLED, "preempted": RunStatus.KILLED}


@dataclass(frozen=True, slots=True)
class OpenrlbenchmarkImporter:
    """Reads the cache of openrlbenchmark 0.1 to 0.3."""

    naming: Naming = field(default_factory=Naming)
    name: str = "openrlbenchmark"

    def find(self, paths: Sequence[Path]) -> list[FoundPath]:
        """The folders of runs, and the databases; raises ImportFileError for a path with none."""
        return unique(found for path in paths for found in _at(path))

    def read(self, found: FoundPath) -> Iterator[ImportedRun]:
        """The run in a folder; of a database those that have no folder, which are told alone."""
        if not found.path.is_dir():
            yield from self._without_history(found)
            return
        cached, files = _described(found)
        source = _source(found, cached, files)
        run = named(source, self.name, self.naming)
        yield replace(run, run_id=imported_run_id(_WANDB, _identity(cached)))

    def _without_history(self, found: FoundPath) -> Iterator[ImportedRun]:
        """Runs that nothing was cached of but their names: they are told, and not stored."""
        for run in runs_of_database(found.path, found.name):
            if not _has_folder(found.path.parent, run.run_id):
                yield ImportedRun(
                    importer=self.name,
                    file=found.name,
                    project=f"{run.entity}/{run.project}",
                    exp_name=run.name or run.run_id,
                    env_id="(no history)",
                    seed=None,
                    points={},
                    started=0.0,
                    ended=0.0,
                    provenance={},
                    notes=(f"{found.name}: run {run.run_id} has no {_HISTORY} here, left out",),
                )


def _at(path: Path) -> Iterable[FoundPath]:
    checked_path(path)
    if not path.is_dir():
        if path.name in (_HISTORY, _RUN):
            return [FoundPath(path.parent, name_of(path.parent, path.parent))]
        if path.name == _DATABASE:
            return [FoundPath(path, name_of(path, path.parent))]
        raise ImportFileError(f"{path}: is neither {_HISTORY} nor {_RUN} nor {_DATABASE}")
    found = []
    for place, _, names in os.walk(path):
        if _HISTORY in names or _RUN in names:
            found.append(Path(place))
        if _DATABASE in names and _tells_more(Path(place) / _DATABASE):
            found.append(Path(place) / _DATABASE)
    if not found:
        raise ImportFileError(
            f"{path}: the folder has no run of openrlbenchmark's cache ({_HISTORY}, {_RUN})"
        )
    return [FoundPath(one, name_of(one, path)) for one in sorted(found)]


def _tells_more(database: Path) -> bool:
    """Whether a database has runs without a folder, or something is wrong with it."""
    try:
        runs = runs_of_database(database, database.name)
    except ImportFileError:
        return True
    return not all(_has_folder(database.parent, run.run_id) for run in runs)


def _has_folder(folder: Path, run_id: str) -> bool:
    # An id out of the database is a name of a folder here, and nothing above.
    return run_id == Path(run_id).name and (folder / run_id / _HISTORY).is_file()


def _described(found: FoundPath) -> tuple[CachedRun, tuple[Path, ...]]:
    """What is said of the run in a folder, and the files that say it; raises ImportFileError."""
    history, said = found.path / _HISTORY, found.path / _RUN
    if not history.is_file():
        raise ImportFileError(f"{found.name}: has no {_HISTORY}, which is a run's history")
    if said.is_file():
        run = cached_run(read_json_object(said, f"{found.name}/{_RUN}"))
        return _placed(run, found), (history, said)
    database = found.path.parent / _DATABASE
    known = runs_of_database(database, str(database)) if database.is_file() else []
    for run in known:
        if run.run_id == found.path.resolve().name:
            return _placed(run, found), (history,)
    raise ImportFileError(
        f"{found.name}: has no {_RUN}, and no {_DATABASE} above it says which run it is"
    )


def _placed(run: CachedRun, found: FoundPath) -> CachedRun:
    """A run with entity, project and id, which its folders name too; raises ImportFileError."""
    entity, project, run_id = ("", "", "", *found.path.resolve().parts)[-3:]
    placed = replace(
        run,
        entity=run.entity or entity,
        project=run.project or project,
        run_id=run.run_id or run_id,
    )
    if not (placed.entity.strip("/") and placed.project and placed.run_id):
        raise ImportFileError(f"{found.name}: nothing says the entity and project of the run")
    return placed


def _source(found: FoundPath, run: CachedRun, files: tuple[Path, ...]) -> SourceRun:
    from ..rlops.conditions import USER_TAG

    place = f"{found.name}/{_HISTORY}"
    log = read_log(files[0], place)
    left_out: Counter[str] = Counter()
    columns = {
        name: column
        for name, cells in log.columns.items()
        if name not in _INDEX and (column := _numbers(name, cells, left_out)) is not None
    }
    start = _start(run, columns.get("_timestamp"), files[0])
    series = WandbSeries()
    add_history(series, columns, log.rows, place, None, start)
    points = dict(sorted(series.points.items()))
    last = [float(one.wall_times.max()) for one in points.values() if len(one.wall_times)]
    return SourceRun(
        file=found.name,
        points=points,
        started=start,
        ended=max([start, *last]),
        files=files,
        told={"project": f"{run.entity}/{run.project}", **cleanrl_names(run.name, run.config)},
        config=run.config,
        status=_STATES.get(run.state, RunStatus.RUNNING),
        identity=_identity(run),
        tags=(*run.tags, *([f"{USER_TAG}{run.user}"] if run.user else ())),
        summary={key: value for key, value in run.summary.items() if not key.startswith("_")},
        details={
            "step": series.step_key,
            "wandb": {
                "entity": run.entity,
                "project": run.project,
                "id": run.run_id,
                "name": run.name,
                "url": run.url,
                "user": run.user,
            },
        },
        notes=(*log.notes, *_notes(place, log, series, left_out)),
    )


def _identity(run: CachedRun) -> str:
    """What `orbench fetch --from wandb://ENTITY/PROJECT` calls the run."""
    page = urlsplit(run.url).netloc
    host = _CLOUD if page in _CLOUD_PAGES else page
    return f"wandb://{host}/{quote(run.entity)}/{quote(run.project)}/{run.run_id}"


def _numbers(name: str, cells: Sequence[str], left_out: Counter[str]) -> Values | None:
    """The numbers in a column; texts are counted, empty cells are what rows did not log."""
    rows = [row for row, cell in enumerate(cells) if cell]
    texts = [cells[row] for row in rows]
    try:
        values = list(map(float, texts))
    except ValueError:
        kept = [(row, _number(text)) for row, text in zip(rows, texts, strict=True)]
        rows = [row for row, number in kept if number is not None]
        values = [number for _, number in kept if number is not None]
        left_out[name] += len(kept) - len(values)
    return Values(np.array(rows, np.int64), np.array(values, np.float64)) if rows else None


def _number(text: str) -> float | None:
    try:
        return _WORDS[text] if text in _WORDS else float(text)
    except ValueError:
        return None


def _start(run: CachedRun, times: Values | None, history: Path) -> float:
    """When the first row was logged, else when W&B says the run was made, else the file."""
    if times is not None and (known := times.values[np.isfinite(times.values)]).size:
        return float(known.min())
    try:
        at = datetime.fromisoformat(run.created.replace("Z", "+00:00"))
    except ValueError:
        return history.stat().st_mtime
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _notes(
    place: str, log: LogTable, series: WandbSeries, left_out: Mapping[str, int]
) -> Iterator[str]:
    if not log.rows:
        yield f"{place}: holds no rows"
    for said in series.notes:
        yield f"{place}: {said}"
    if counted := {name: count for name, count in left_out.items() if count}:
        counts = ", ".join(f"{count:,} of {name}" for name, count in sorted(counted.items()))
        yield f"{place}: left out, as they are no numbers: {counts}"
