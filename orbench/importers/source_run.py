"""A run as its source has it, before it has the names that orbench needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..run import Document, JsonValue, RunStatus
from ..run_store import ConsolePiece, Points
from .found_files import sha256_of_files
from .imported import ImportedArtifact, ImportedRun, RowCounts
from .naming import Naming
from .series_points import row_counts

__all__ = ["SourceRun", "named"]


@dataclass(frozen=True, slots=True)
class SourceRun:
    """What a source says of one run; `told` is what it says by target (env_id, seed, ...).

    `files` are those that it was read from. `known` is what names may be taken from besides the
    config, `details` goes into the provenance. `rows` are counted from the points unless given. The
    rest is as in `ImportedRun`.
    """

    file: str
    points: Mapping[str, Points]
    started: float
    ended: float
    files: tuple[Path, ...]
    told: Mapping[str, JsonValue] = field(default_factory=dict)
    config: Document = field(default_factory=dict)
    rows: RowCounts | None = None
    status: RunStatus = RunStatus.FINISHED
    identity: str = ""
    tags: tuple[str, ...] = ()
    summary: Document = field(default_factory=dict)
    facts: Mapping[str, Document] = field(default_factory=dict)
    artifacts: tuple[ImportedArtifact, ...] = ()
    parent_id: str | None = None
    known: Document = field(default_factory=dict)
    console: tuple[ConsolePiece, ...] = ()
    exit_code: int | None = None
    host: str = ""
    details: Document = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def named(source: SourceRun, importer: str, naming: Naming) -> ImportedRun:
    """The run with names; raises UsageError for one that nothing says."""
    config = naming.config(source.file, source.config)
    names = naming.names(source.file, source.told, {**source.known, **config})
    rows = row_counts(source.points) if source.rows is None else source.rows
    provenance: dict[str, JsonValue] = {
        "importer": importer,
        "file": source.file,
        "files": [path.name for path in source.files],
        "sha256": sha256_of_files(source.files),
        "mapping": naming.document(),
        **source.details,
        "repeated_rows": rows.repeated,
        "restarts": rows.restarts,
        "empty_cells": rows.empty,
    }
    if source.notes:
        provenance["notes"] = list(source.notes)
    return ImportedRun(
        importer=importer,
        file=source.file,
        project=names.project,
        exp_name=names.exp_name,
        env_id=names.env_id,
        seed=names.seed,
        points=source.points,
        started=source.started,
        ended=source.ended,
        provenance=provenance,
        config=config,
        status=source.status,
        rows=rows,
        identity=source.identity,
        tags=source.tags,
        summary=source.summary,
        facts=source.facts,
        artifacts=source.artifacts,
        parent_id=source.parent_id,
        console=source.console,
        exit_code=source.exit_code,
        host=source.host,
        notes=source.notes,
    )
