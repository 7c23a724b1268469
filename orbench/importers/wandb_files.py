"""The wandb importer: runs out of the `.wandb` files of W&B, offline ones and those synced.

A run is one such file. All that W&B knows stands in its records, except for what it writes only to
the folder `files` beside it: the installed packages (`requirements.txt`), and what the program
saved. The wandb package is not needed. What names a run is looked for in `--set`, `--map` and
`--path`, then in its config, then in CleanRL's `{env_id}__{exp_name}__{seed}__{time}`.
"""

from __future__ import annotations

import fnmatch
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ImportFileError
from ..metric import SYSTEM_PREFIX
from ..run import Document, JsonValue, RunStatus
from ..run_store import Points
from .found_files import find_files
from .imported import FoundPath, ImportedArtifact, ImportedRun
from .name_pattern import cleanrl_names
from .naming import Naming
from .series_points import row_counts
from .source_run import SourceRun, named
from .wandb_content import WandbContent, gather, json_value
from .wandb_facts import WandbFacts, wandb_facts, wandb_metadata
from .wandb_log import WandbLog, WandbLogError, scan_log
from .wandb_series import WandbSeries, series_of
from .wire import WireError

__all__ = ["WandbImporter", "read_wandb"]

_SUFFIX = ".wandb"
_MOST_BYTES = 8 * 2**30
_MOST_SMALL_BYTES = 4 * 2**20
_MOST_ARTIFACTS = 10_000
_FILES_SHOWN = 5
_REQUIREMENTS, _METADATA = "requirements.txt", "wandb-metadata.json"
_TOLD_BY_RECORDS = (
    *(_REQUIREMENTS, _METADATA, "config.yaml", "wandb-summary.json", "output.log"),
    "conda-environment.yaml",
)


@dataclass(frozen=True, slots=True)
class WandbImporter:
    """Reads `.wandb` files; `step_key` is the key of the steps.

    Tried with logs of the clients 0.13.11, 0.15.12, 0.16.6, 0.17.9, 0.18.7, 0.19.11, 0.21.4 and
    0.31.0.
    """

    naming: Naming = field(default_factory=Naming)
    step_key: str | None = None
    name: str = "wandb"

    def find(self, paths: Sequence[Path]) -> list[FoundPath]:
        """The logs at these paths; raises ImportFileError for a path with none."""
        return find_files(paths, f"*{_SUFFIX}", f"log of W&B (run-ID{_SUFFIX})")

    def read(self, found: FoundPath) -> Iterator[ImportedRun]:
        """The one run in a log; raises ImportFileError and UsageError."""
        yield named(read_wandb(found, self.step_key), self.name, self.naming)


def read_wandb(found: FoundPath, step_key: str | None = None) -> SourceRun:
    """All that a log says; raises ImportFileError, and UsageError for a step key it does not have.

    A log that was cut gives what is whole, and a note says what was cut.
    """
    log, content = _read(found)
    modified = found.path.stat().st_mtime
    start = _finite(content.start, _finite(min(content.times, default=None), modified))
    series = series_of(content, found.name, step_key, start)
    counted = {k: v for k, v in series.points.items() if not k.startswith(SYSTEM_PREFIX)}
    folder = found.path.parent / "files"
    names = content.run
    facts = _facts(content, folder)
    artifacts = tuple(_artifacts(folder, found)) if folder.is_dir() else ()
    return SourceRun(
        file=found.name,
        points=series.points,
        started=start,
        ended=_end(content, series.points, start),
        files=(found.path,),
        told=_told(content),
        config=_config(content),
        rows=row_counts(counted, series.empty),
        status=_status(content),
        exit_code=content.exit_code,
        identity=f"{names.get('project', '')}/{names.get('id', found.path.stem)}@{start:.3f}",
        tags=content.tags,
        summary=_summary(content),
        facts=facts.facts,
        console=tuple(content.console),
        host=names.get("host") or facts.host,
        artifacts=artifacts,
        details=_details(content, series, facts.command),
        notes=tuple(f"{found.name}: {said}" for said in _notes(log, content, series, artifacts)),
    )


def _read(found: FoundPath) -> tuple[WandbLog, WandbContent]:
    try:
        if found.path.stat().st_size > _MOST_BYTES:
            raise ImportFileError(f"{found.name}: has more than {_MOST_BYTES:,} bytes")
        log = scan_log(found.path.read_bytes())
        return log, gather(log.records)
    except WandbLogError as error:
        raise ImportFileError(f"{found.name}: {error}") from error
    except WireError as error:
        raise ImportFileError(f"{found.name}: holds no records of W&B: {error}") from error
    except OSError as error:
        raise ImportFileError(f"{found.name}: cannot be read: {error.strerror}") from error


def _finite(value: float | None, otherwise: float) -> float:
    return value if value is not None and math.isfinite(value) and value > 0 else otherwise


def _end(content: WandbContent, points: dict[str, Points], start: float) -> float:
    """The last time that anything was written, or that the run's length tells."""
    times = [float(one.wall_times.max()) for one in points.values() if len(one.wall_times)]
    times += [piece.time for piece in content.console]
    if content.runtime is not None:
        times.append(start + content.runtime)
    return max(start, *(time for time in times if math.isfinite(time)), start)


def _status(content: WandbContent) -> RunStatus:
    if content.exit_code is None:
        return RunStatus.KILLED
    return RunStatus.FAILED if content.exit_code else RunStatus.FINISHED


def _told(content: WandbContent) -> dict[str, JsonValue]:
    """The project, and of CleanRL's names what the config does not say."""
    names = cleanrl_names(content.run.get("name", ""), content.config)
    return {"project": content.run.get("project", ""), **names}


def _config(content: WandbContent) -> dict[str, JsonValue]:
    """The config without what W&B keeps there of itself."""
    return {key: value for key, value in content.config.items() if key != "_wandb"}


def _summary(content: WandbContent) -> dict[str, JsonValue]:
    """The summary, keys below one another joined by a dot, without W&B's own."""
    return {
        ".".join(key): json_value(text)
        for key, text in content.summary.items()
        if key and not key[0].startswith("_")
    }


def _small(path: Path) -> bytes:
    """The bytes of a small file that may not be there."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _MOST_SMALL_BYTES:
        return b""
    return path.read_bytes()


def _facts(content: WandbContent, folder: Path) -> WandbFacts:
    """What the records tell, and what older clients tell beside the log."""
    told = wandb_metadata(_small(folder / _METADATA))
    git = told.get("git")
    told |= content.environment
    told["git"] = {**(git if isinstance(git, dict) else {}), **content.git}
    if content.args:
        told["args"] = list(content.args)
    return wandb_facts(told, _small(folder / _REQUIREMENTS))


def _details(content: WandbContent, series: WandbSeries, command: Document) -> dict[str, JsonValue]:
    """Where the run came from, and what it was started by."""
    names = {key: value for key, value in content.run.items() if key != "host"}
    return {"step": series.step_key, "wandb": names, **command}


def _artifacts(folder: Path, found: FoundPath) -> Iterator[ImportedArtifact]:
    """The files that the program saved beside the log; links are not followed."""
    count = 0
    for place, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(place) / name
            inside = path.relative_to(folder).as_posix()
            if inside in _TOLD_BY_RECORDS or path.is_symlink() or not path.is_file():
                continue
            count += 1
            if count > _MOST_ARTIFACTS:
                raise ImportFileError(
                    f"{found.name}: has more than {_MOST_ARTIFACTS:,} files beside it"
                )
            yield ImportedArtifact(inside, path, path.stat().st_mtime, "wandb-file")


def _notes(
    log: WandbLog,
    content: WandbContent,
    series: WandbSeries,
    artifacts: Sequence[ImportedArtifact],
) -> Iterator[str]:
    if log.damage:
        yield f"{log.damage} and were left out"
    if log.cut:
        yield f"cut off: {log.cut}"
    if content.exit_code is None:
        yield "says no end of its run: it was killed, or is still going on"
    if not content.history.rows:
        yield "holds no rows"
    yield from series.notes
    if series.left_out:
        counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(series.left_out.items()))
        yield f"left out, as they are no numbers: {counts}"
    known = [*_TOLD_BY_RECORDS, *(one.name for one in artifacts)]
    # A path may be a pattern, as a program gave it to `wandb.save`.
    missing = [path for path in sorted(content.files) if not fnmatch.filter(known, path)]
    if missing:
        shown = ", ".join(f"{path!r:.60}" for path in missing[:_FILES_SHOWN])
        yield f"{len(missing):,} saved files are links or not beside the log, left out: {shown}"
    if content.other:
        counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(content.other.items()))
        yield f"records of other things, whose files are not in the log: {counts}"
