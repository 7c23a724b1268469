"""The full record of a run as one file, which orbench puts beside what a tracker holds itself.

A tracker holds less than a store does (times in milliseconds, no infinity, no console ...). What a
pull gives back of a run that orbench pushed is read from this file: a zip of `record.json`,
`points.bin` (for each metric in order: int64 steps, float64 values, float64 wall times, little
endian) and `console.bin`. The bytes of artifacts are not in it. Equal runs give equal files.
"""

from __future__ import annotations

import dataclasses
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import TrackerError
from ..importers import ImportedRun
from ..run import RunRecord, RunStatus
from ..run_store import ArtifactRecord, ConsolePiece, Points

if TYPE_CHECKING:
    from .tracker import RunSource

__all__ = ["RECORD_NAME", "RecordFile", "imported_run", "read_record", "write_record"]

RECORD_NAME = "orbench/record.zip"
"""Where the file lies among a run's files in a tracker."""

_FORMAT = 1
_BYTES_OF_A_POINT = 24
_LARGEST_MEMBER = 1 << 32
# Deflate makes at most 1,032 bytes of one: a member that claims more lies.
_BEST_RATIO = 1_100


class _Metric(msgspec.Struct, frozen=True):
    name: str
    n: int


class _Piece(msgspec.Struct, frozen=True):
    stream: str
    time: float
    size: int


class _Head(msgspec.Struct, frozen=True):
    """What `record.json` holds; Any is whatever JSON can hold."""

    format: int
    run: RunRecord
    facts: dict[str, dict[str, Any]]
    artifacts: list[ArtifactRecord]
    metrics: list[_Metric]
    console: list[_Piece]
    damage: list[str]


# msgspec puts together what it knows of a type when the type is first used, and shows it to other
# threads half done: one that reads a record meanwhile brings the interpreter down. A module is
# imported by one thread alone, so it is done here.
msgspec.json.Decoder(_Head)


@dataclasses.dataclass(frozen=True, slots=True)
class RecordFile:
    """A record that was read: everything of a run but the bytes of its artifacts."""

    run: RunRecord
    facts: Mapping[str, Mapping[str, Any]]
    artifacts: tuple[ArtifactRecord, ...]
    points: Mapping[str, Points]
    console: tuple[ConsolePiece, ...]
    damage: tuple[str, ...]


def write_record(run: RunSource, path: Path) -> None:
    """Write the record of a run, as it is in the store now."""
    details = run.details
    console = list(run.console())
    series = [run.series(summary.metric) for summary in details.metrics]
    head = {
        "format": _FORMAT,
        "run": dataclasses.asdict(details.record),
        "facts": {kind: dict(document) for kind, document in details.facts.items()},
        "artifacts": [dataclasses.asdict(artifact) for artifact in details.artifacts],
        "metrics": [{"name": one.metric, "n": len(one)} for one in series],
        "console": [
            {"stream": piece.stream, "time": piece.time, "size": len(piece.data)}
            for piece in console
        ],
        "damage": list(details.damage),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(_member("record.json"), json.dumps(head, sort_keys=True, indent=1))
        with archive.open(_member("points.bin"), "w", force_zip64=True) as out:
            for one in series:
                out.write(one.steps.astype("<i8", copy=False).tobytes())
                out.write(one.values.astype("<f8", copy=False).tobytes())
                out.write(one.wall_times.astype("<f8", copy=False).tobytes())
        archive.writestr(_member("console.bin"), b"".join(piece.data for piece in console))


def read_record(path: Path) -> RecordFile:
    """Read a record; raises TrackerError for what is none, damaged or of a newer orbench."""
    try:
        with zipfile.ZipFile(path) as archive:
            data = json.loads(_read(archive, "record.json"))
            if isinstance(data, dict) and data.get("format", 0) != _FORMAT:
                raise TrackerError(
                    f"{RECORD_NAME} is of format {data.get('format')}, which this orbench does not "
                    "know; update orbench"
                )
            head = msgspec.convert(data, _Head)
            points = _points(head, _read(archive, "points.bin"))
            console = _console(head, _read(archive, "console.bin"))
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, NotImplementedError) as error:
        raise TrackerError(
            f"{RECORD_NAME} is damaged ({type(error).__name__}); push the run again"
        ) from error
    return RecordFile(
        head.run, head.facts, tuple(head.artifacts), points, console, tuple(head.damage)
    )


def imported_run(
    record: RecordFile, importer: str, place: str, remote_id: str, notes: tuple[str, ...] = ()
) -> ImportedRun:
    """The run of a record, without artifacts, as it is put into a store.

    The command it was started with is kept, and where it was pulled from beside it.
    """
    run = record.run
    last = run.ended if run.ended is not None else run.heartbeat
    facts = {kind: dict(one) for kind, one in record.facts.items() if kind != "command"}
    origin = {"importer": importer, "file": f"{place}#{remote_id}"}
    return ImportedRun(
        importer=importer,
        file=origin["file"],
        project=run.project,
        exp_name=run.exp_name,
        env_id=run.env_id,
        seed=run.seed,
        points={name: points for name, points in record.points.items() if len(points.steps)},
        started=run.started,
        ended=run.started if last is None else last,
        provenance={**record.facts.get("command", {}), **origin},
        config=run.config,
        config_notes=run.config_notes,
        status=RunStatus.RUNNING if run.status is RunStatus.LOST else run.status,
        identity=run.run_id,
        run_id=run.run_id,
        tags=run.tags,
        summary=run.summary,
        facts=facts,
        console=record.console,
        exit_code=run.exit_code,
        signal=run.signal,
        error=run.error,
        host=run.host,
        parent_id=run.parent_id,
        notes=notes,
    )


def _member(name: str) -> zipfile.ZipInfo:
    """A member without the time it was made, so that equal runs give equal files."""
    member = zipfile.ZipInfo(name)
    member.compress_type = zipfile.ZIP_DEFLATED
    return member


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    member = archive.getinfo(name)
    if member.file_size > min(_LARGEST_MEMBER, _BEST_RATIO * member.compress_size + 1_000):
        raise zipfile.BadZipFile(f"{name} claims {member.file_size:,} bytes")
    return archive.read(member)


def _points(head: _Head, data: bytes) -> dict[str, Points]:
    import numpy as np

    if len(data) != _BYTES_OF_A_POINT * sum(metric.n for metric in head.metrics):
        raise ValueError("points.bin has another size than record.json says")
    points: dict[str, Points] = {}
    place = 0
    for metric in head.metrics:
        steps = np.frombuffer(data, "<i8", metric.n, place)
        values = np.frombuffer(data, "<f8", metric.n, place + 8 * metric.n)
        times = np.frombuffer(data, "<f8", metric.n, place + 16 * metric.n)
        points[metric.name] = Points(
            steps.astype(np.int64), values.astype(np.float64), times.astype(np.float64)
        )
        place += _BYTES_OF_A_POINT * metric.n
    return points


def _console(head: _Head, data: bytes) -> tuple[ConsolePiece, ...]:
    pieces: list[ConsolePiece] = []
    place = 0
    for piece in head.console:
        pieces.append(ConsolePiece(piece.stream, piece.time, data[place : place + piece.size]))
        place += piece.size
    if place != len(data):
        raise ValueError("console.bin has another size than record.json says")
    return tuple(pieces)
