"""The sb3 importer: runs out of folders in which Stable-Baselines3 (or baselines) logged.

A run is a folder with a progress.csv, monitor.csv files or an evaluations.npz, all together; so is
each monitor file of a name of its own (`ppo-1.monitor.csv`). The folders of RL Zoo
(`ALGO/ENV_N/`, with args.yml and config.yml) say what their runs are called.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ..errors import ImportFileError
from ..run import JsonValue
from ..run_store import Points
from .found_files import checked_path, find_folders, name_of, unique
from .imported import FoundPath, ImportedRun
from .naming import Naming
from .progress_log import LogPoints, read_progress
from .sb3_files import PROGRESS, read_evaluations, read_monitors
from .series_points import row_counts
from .source_run import SourceRun, named
from .yaml_text import parse_yaml

__all__ = ["Sb3Importer", "find_sb3", "read_sb3"]

_PROGRESS, _EVALUATIONS = "progress.csv", "evaluations.npz"
_OF_FOLDER = re.compile(r"(?:\d+\.)?monitor\.csv")
_CONFIGS = ("args.yml", "config.yml")
_MOST_FILES = 10_000
_MOST_YAML_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Sb3Importer:
    """Reads what SB3's logger, Monitor, EvalCallback and RL Zoo write."""

    naming: Naming = field(default_factory=Naming)
    name: str = "sb3"

    def find(self, paths: Sequence[Path]) -> list[FoundPath]:
        """The runs at these paths; raises ImportFileError for a path with none."""
        return unique(found for path in paths for found in find_sb3(path))

    def read(self, found: FoundPath) -> Iterator[ImportedRun]:
        """The one run in a folder or file; raises ImportFileError and UsageError."""
        yield named(read_sb3(found), self.name, self.naming)


def find_sb3(path: Path) -> list[FoundPath]:
    """The folders below a path that are runs, and the monitor files that are one each.

    Raises ImportFileError where there is none.
    """
    checked_path(path)
    if not path.is_dir():
        if _is_log(path.name):
            return [FoundPath(path, name_of(path, path.parent))]
        raise ImportFileError(f"{path}: is no monitor.csv, progress.csv or evaluations.npz")

    def has_logs(folder: Path, names: Collection[str]) -> bool:
        return any(map(_is_log, names)) and not (
            folder != path and _is_evaluation_of_parent(folder, names)
        )

    what = "monitor.csv, progress.csv or evaluations.npz"
    return [run for folder in find_folders(path, has_logs, what) for run in _in_folder(folder)]


def _in_folder(folder: FoundPath) -> Iterator[FoundPath]:
    """The run that a folder is, and those in monitor files of a name of their own."""
    names = sorted(path.name for path in folder.path.iterdir())
    own = [
        name for name in names if name.endswith("monitor.csv") and not _OF_FOLDER.fullmatch(name)
    ]
    if any(_is_log(name) for name in names if name not in own):
        yield folder
    for name in own:
        yield FoundPath(folder.path / name, f"{folder.name}/{name}")


def _is_log(name: str) -> bool:
    return (
        name in (_PROGRESS, _EVALUATIONS) or name == "monitor.csv" or name.endswith(".monitor.csv")
    )


def _is_evaluation_of_parent(folder: Path, names: Collection[str]) -> bool:
    """Whether only evaluations are in a folder, and the other logs of the run in the one above."""
    logs = [name for name in names if _is_log(name)]
    above = folder.parent
    return logs == [_EVALUATIONS] and any(
        _is_log(path.name) and path.name != _EVALUATIONS for path in above.iterdir()
    )


def read_sb3(found: FoundPath) -> SourceRun:
    """All that the logs of a run say; raises ImportFileError."""
    files = _log_files(found.path)
    monitors = [path for path in files if path.name.endswith("monitor.csv")]
    logs = []
    if monitors:
        logs.append(read_monitors([(path, _told(found, path)) for path in monitors]))
    started = logs[0].span[0] if logs and logs[0].span else None
    for path in files:
        if path.name == _PROGRESS:
            logs.append(read_progress(path, _told(found, path), PROGRESS, started))
        elif path.name == _EVALUATIONS:
            logs.append(read_evaluations(path, _told(found, path)))
    config, configs, notes = _zoo_config(found)
    return _joined(found, logs, config, (*files, *configs), notes)


def _joined(
    found: FoundPath,
    logs: Sequence[LogPoints],
    config: dict[str, JsonValue],
    files: tuple[Path, ...],
    notes: Sequence[str],
) -> SourceRun:
    points: dict[str, Points] = {}
    for log in logs:
        points |= log.points
    spans = [log.span for log in logs if log.span is not None]
    modified = max(path.stat().st_mtime for path in files)
    env_id = next((log.env_id for log in logs if log.env_id), "")
    # An evaluation has all its episodes at one step: nothing peculiar.
    counted = {name: one for name, one in points.items() if not name.startswith("eval/")}
    for log in logs:
        config = {**log.config, **config}
    return SourceRun(
        file=found.name,
        points=points,
        started=min((span[0] for span in spans), default=modified),
        ended=max((span[1] for span in spans), default=modified),
        files=files,
        told=_names(found, env_id, config.get("args")),
        config=config,
        rows=row_counts(counted, sum(log.empty for log in logs)),
        notes=(*(note for log in logs for note in log.notes), *notes),
    )


def _names(found: FoundPath, env_id: str, args: JsonValue) -> dict[str, JsonValue]:
    """What RL Zoo's args.yml, the header of a monitor and the usual folders say."""
    said = args if isinstance(args, dict) else {}
    place = PurePosixPath(found.name)
    zoo = re.fullmatch(r"(?P<env_id>.+-v\d+)_\d+", place.name)
    env_id = str(said.get("env") or "") or env_id or (zoo["env_id"] if zoo else "")
    seed = said.get("seed")
    return {
        "env_id": env_id,
        "exp_name": said.get("algo") or (place.parent.name if zoo else _algorithm(place, env_id)),
        "seed": seed if isinstance(seed, int) and seed >= 0 else None,
    }


def _algorithm(place: PurePosixPath, env_id: str) -> str:
    """The algorithm in `ALGO/ENV` or `ALGO-ENV`, for the env that the logs name; or nothing.

    Of the env only the version may be another one than in the logs.
    """
    if not env_id:
        return ""
    family = re.escape(re.sub(r"-v\d+$", "", env_id).replace("/", "-"))
    fitted = re.fullmatch(rf"(?:(?P<algo>\w+)[-_])?{family}(?:-v\d+)?", place.name)
    return (fitted["algo"] or place.parent.name) if fitted else ""


def _log_files(path: Path) -> list[Path]:
    """The logs of a run, monitors by number."""
    if not path.is_dir():
        return [path]
    here = [one for one in path.iterdir() if _OF_FOLDER.fullmatch(one.name)]
    here.sort(key=lambda one: (int("0" + one.name.partition(".")[0].strip("monitr")), one.name))
    here += [path / name for name in (_PROGRESS, _EVALUATIONS) if (path / name).is_file()]
    if not (path / _EVALUATIONS).is_file():
        below = sorted(one for one in path.iterdir() if one.is_dir() and not one.is_symlink())
        here += [
            one / _EVALUATIONS
            for one in below
            if (one / _EVALUATIONS).is_file()
            and _is_evaluation_of_parent(one, [file.name for file in one.iterdir()])
        ][:1]
    if len(here) > _MOST_FILES:
        raise ImportFileError(f"{path}: has {len(here):,} logs, too many for one run")
    return here


def _zoo_config(found: FoundPath) -> tuple[dict[str, JsonValue], tuple[Path, ...], list[str]]:
    """The hyperparameters of RL Zoo with its arguments as `args`; and the files they are in."""
    if not found.path.is_dir():
        return {}, (), []
    folders = [found.path, *sorted(one for one in found.path.iterdir() if one.is_dir())]
    for folder in folders:
        files = [folder / name for name in _CONFIGS if (folder / name).is_file()]
        if files:
            break
    else:
        return {}, (), []
    read = {path.name: _read_yaml(path, _told(found, path)) for path in files}
    config = read.get("config.yml", {})
    if "args.yml" in read:
        config = {**config, "args": read["args.yml"]}
    return config, tuple(files), []


def _read_yaml(path: Path, name: str) -> dict[str, JsonValue]:
    if path.stat().st_size > _MOST_YAML_BYTES:
        raise ImportFileError(f"{name}: has more than {_MOST_YAML_BYTES:,} bytes; is it a config?")
    try:
        values = parse_yaml(path.read_text(encoding="utf-8"), name)
    except UnicodeDecodeError as error:
        raise ImportFileError(f"{name}: is not UTF-8 text") from error
    if not isinstance(values, dict):
        raise ImportFileError(f"{name}: holds no mapping of names to values")
    return values


def _told(found: FoundPath, path: Path) -> str:
    """What a file of a run is called in errors and notes."""
    if path == found.path:
        return found.name
    return f"{found.name}/{path.relative_to(found.path).as_posix()}"
