"""What there is of an imported run besides its points, as the events of a shipment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..artifact import checked_name
from ..config_values import normalise
from ..events import (
    ArtifactLogged,
    ConfigUpdated,
    ConsoleWritten,
    Event,
    FactsCaptured,
    RunEnded,
    RunStarted,
    SummaryUpdated,
    TagsChanged,
)
from ..run import Document, RunStatus
from ..run_store import ArtifactRecord

if TYPE_CHECKING:
    from ..capture import Redactor
    from .imported import ImportedRun

__all__ = ["artifact_events", "content_hash", "contents"]

_ENDED = (RunStatus.FINISHED, RunStatus.FAILED, RunStatus.KILLED)


def contents(
    run: ImportedRun, redactor: Redactor, console_there: Mapping[str, int] | None
) -> Iterator[Event]:
    """The events that tell all of a run but its points and artifacts, without secrets.

    `console_there` has the bytes of each console stream that are stored; None for a new run.
    """
    # A run that has grown is no new start of it.
    attached = console_there is not None
    yield RunStarted(
        started=run.started,
        project=run.project,
        exp_name=run.exp_name,
        env_id=run.env_id,
        seed=run.seed,
        parent_id=run.parent_id,
        host=run.host,
        attached=attached,
    )
    if run.config:
        yield ConfigUpdated(
            values=dict(redactor.document(run.config)), notes=dict(run.config_notes)
        )
    if run.summary:
        yield SummaryUpdated(values=dict(redactor.document(run.summary)))
    if run.tags:
        yield TagsChanged(added=run.tags)
    for kind, document in run.facts.items():
        yield FactsCaptured(kind=kind, document=dict(redactor.document(document)))
    provenance = dict(redactor.document(run.provenance))
    if run.identity:
        provenance["content"] = content_hash(run)
    yield FactsCaptured(kind="command", document=provenance)
    yield from _console(run, redactor, console_there or {})
    if run.status in _ENDED:
        yield RunEnded(
            status=run.status.value,
            ended=run.ended,
            exit_code=run.exit_code,
            signal=run.signal,
            error=None if run.error is None else redactor.text(run.error),
        )


def content_hash(run: ImportedRun) -> str:
    """A hash of all that a source says of a run besides its points, to tell whether it changed."""
    said: Document = {
        "names": [run.project, run.exp_name, run.env_id, run.seed, run.parent_id, run.host],
        "end": [run.status.value, run.ended, run.exit_code, run.error],
        "config": run.config,
        "summary": run.summary,
        "tags": sorted(run.tags),
        "facts": run.facts,
        "console": [[piece.stream, len(piece.data)] for piece in run.console],
        "artifacts": [[one.name, one.kind, _hash(one.path)[0]] for one in run.artifacts],
    }
    text = json.dumps(normalise(said)[0], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def artifact_events(
    run: ImportedRun, there: Iterable[ArtifactRecord]
) -> tuple[list[ArtifactLogged], dict[str, Path]]:
    """The artifacts that the store does not have of the run yet, and where their bytes lie."""
    known = {(record.name, record.sha256) for record in there}
    events: list[ArtifactLogged] = []
    blobs: dict[str, Path] = {}
    for artifact in run.artifacts:
        sha256, size = _hash(artifact.path)
        if (artifact.name, sha256) in known:
            continue
        blobs[sha256] = artifact.path
        events.append(
            ArtifactLogged(
                name=checked_name(artifact.name),
                sha256=sha256,
                size=size,
                logged=artifact.logged,
                kind=artifact.kind[:64],
                metadata=dict(artifact.metadata),
            )
        )
    return events, blobs


def _console(
    run: ImportedRun, redactor: Redactor, there: Mapping[str, int]
) -> Iterator[ConsoleWritten]:
    """The pieces of each stream that follow what is stored of it."""
    left = dict(there)
    for piece in run.console:
        data = redactor.text(piece.data.decode("utf-8", "surrogateescape")).encode(
            "utf-8", "surrogateescape"
        )
        skipped = min(left.get(piece.stream, 0), len(data))
        left[piece.stream] = left.get(piece.stream, 0) - skipped
        if data[skipped:]:
            yield ConsoleWritten(stream=piece.stream, time=piece.time, data=data[skipped:])


def _hash(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return digest.hexdigest(), file.tell()
