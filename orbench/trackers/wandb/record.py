"""The full record of a run as files beside what W&B itself can hold.

`orbench/record.json` has all that the store knows besides points and bytes; `orbench/console.jsonl`
has the console output piece by piece; artifacts lie below `artifacts/`, of several of one name the
current one there and the earlier ones below `orbench/earlier/`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import TrackerError
from ...run import Document, RunStatus
from ...run_store import ArtifactRecord, ConsolePiece, RunDetails

__all__ = [
    "CONSOLE_FILE",
    "RECORD_FILE",
    "Record",
    "artifact_paths",
    "console_lines",
    "read_console",
    "read_record",
    "record_text",
]

RECORD_FILE = "orbench/record.json"
CONSOLE_FILE = "orbench/console.jsonl"

_CURRENT, _EARLIER = "artifacts", "orbench/earlier"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Record:
    """What `record.json` says of a run; `artifacts` are by the path of their file."""

    run: Mapping[str, Any]  # by the names of RunRecord
    facts: Mapping[str, Document]
    artifacts: Mapping[str, ArtifactRecord]

    @property
    def status(self) -> RunStatus:
        """The state; one that this version does not know is running."""
        try:
            return RunStatus(self.run.get("status", ""))
        except ValueError:
            return RunStatus.RUNNING


def record_text(details: RunDetails) -> str:
    """A run's details as JSON text; NaN and infinities are kept as Python writes them."""
    run = details.record
    told = {
        "format": _FORMAT,
        "run": {
            "run_id": run.run_id,
            "project": run.project,
            "exp_name": run.exp_name,
            "env_id": run.env_id,
            "seed": run.seed,
            "status": run.status.value,
            "started": run.started,
            "ended": run.ended,
            "exit_code": run.exit_code,
            "signal": run.signal,
            "error": run.error,
            "parent_id": run.parent_id,
            "host": run.host,
            "starts": run.starts,
            "config": run.config,
            "config_notes": dict(run.config_notes),
            "summary": run.summary,
            "tags": list(run.tags),
        },
        "facts": dict(details.facts),
        "artifacts": [
            {
                "name": one.name,
                "kind": one.kind,
                "sha256": one.sha256,
                "size": one.size,
                "logged": one.logged,
                "metadata": one.metadata,
                "file": path,
            }
            for path, one in artifact_paths(details.artifacts)
        ],
        "damage": list(details.damage),
    }
    return json.dumps(told, indent=1, default=dict)


def read_record(data: bytes) -> Record:
    """The record in a file's bytes; raises TrackerError for a file that is none, or is newer."""
    try:
        told = json.loads(data)
        if told["format"] > _FORMAT:
            raise TrackerError(f"{RECORD_FILE} was written by a newer orbench; upgrade this one")
        artifacts = {
            str(one["file"]): ArtifactRecord(
                name=str(one["name"]),
                kind=str(one["kind"]),
                sha256=str(one["sha256"]),
                size=int(one["size"]),
                logged=float(one["logged"]),
                metadata=dict(one["metadata"]),
            )
            for one in told["artifacts"]
        }
        return Record(dict(told["run"]), dict(told["facts"]), artifacts)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise TrackerError(f"{RECORD_FILE} is no record of orbench ({error!r:.80})") from error


def artifact_paths(artifacts: Sequence[ArtifactRecord]) -> list[tuple[str, ArtifactRecord]]:
    """Where each artifact's file lies: the last of a name is the current one."""
    current = {one.name: place for place, one in enumerate(artifacts)}
    return [
        (
            f"{_CURRENT}/{one.name}"
            if current[one.name] == place
            else f"{_EARLIER}/{one.sha256}/{one.name}",
            one,
        )
        for place, one in enumerate(artifacts)
    ]


def console_lines(pieces: Iterable[ConsolePiece]) -> Iterator[str]:
    """Console output as lines of JSON: text where it is UTF-8, else base64."""
    for piece in pieces:
        told: dict[str, object] = {"stream": piece.stream, "time": piece.time}
        try:
            told["text"] = piece.data.decode("utf-8")
        except UnicodeDecodeError:
            told["base64"] = base64.b64encode(piece.data).decode("ascii")
        yield json.dumps(told) + "\n"


def read_console(lines: Iterable[bytes]) -> Iterator[ConsolePiece]:
    """The pieces that such lines hold; raises TrackerError for lines that hold none."""
    for number, line in enumerate(lines, 1):
        try:
            told = json.loads(line)
            data = (
                told["text"].encode("utf-8", "surrogatepass")
                if "text" in told
                else base64.b64decode(told["base64"], validate=True)
            )
            yield ConsolePiece(str(told["stream"]), float(told["time"]), data)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise TrackerError(f"{CONSOLE_FILE}, line {number}: is no piece of output") from error
