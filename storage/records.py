"""Rows as the records that the rest of orbench knows."""

from __future__ import annotations

from orbench.errors import StoreDamagedError
from orbench.run import LOST_AFTER_SECONDS, JsonValue, RunRecord, RunStatus
from orbench.run_store import ArtifactRecord

from .columns import Columns
from .documents import DocumentError, parse_document
from .tables import runs

__all__ = ["RECORD_COLUMNS", "artifact_record", "document_in", "run_record"]

RECORD_COLUMNS = (
    runs.c.run_key,
    runs.c.run_id,
    runs.c.project,
    runs.c.exp_name,
    runs.c.env_id,
    runs.c.seed,
    runs.c.status,
    runs.c.started,
    runs.c.last_started,
    runs.c.ended,
    runs.c.heartbeat,
    runs.c.exit_code,
    runs.c.signal,
    runs.c.error,
    runs.c.parent_id,
    runs.c.host,
    runs.c.starts,
    runs.c.config,
    runs.c.config_notes,
    runs.c.summary,
)
"""What a query must select of `runs` for `run_record`."""


def run_record(row: Columns, tags: tuple[str, ...], now: float) -> RunRecord:
    """The record in a row of RECORD_COLUMNS; a running run not heard of lately is lost."""
    run_id = row["run_id"]
    status = RunStatus(row["status"])
    heard = row["last_started"] if row["heartbeat"] is None else row["heartbeat"]
    if status is RunStatus.RUNNING and now - heard > LOST_AFTER_SECONDS:
        status = RunStatus.LOST
    return RunRecord(
        run_id=run_id,
        project=row["project"],
        exp_name=row["exp_name"],
        env_id=row["env_id"],
        seed=row["seed"],
        status=status,
        started=row["started"],
        ended=row["ended"],
        heartbeat=row["heartbeat"],
        exit_code=row["exit_code"],
        signal=row["signal"],
        error=row["error"],
        parent_id=row["parent_id"],
        host=row["host"],
        starts=row["starts"],
        config=document_in(row, "config"),
        config_notes=document_in(row, "config_notes"),
        summary=document_in(row, "summary"),
        tags=tags,
    )


def artifact_record(row: Columns) -> ArtifactRecord:
    """The record in a row of `artifacts`."""
    return ArtifactRecord(
        name=row["name"],
        kind=row["kind"],
        sha256=row["sha256"],
        size=row["size"],
        logged=row["logged"],
        metadata=_parsed(row["metadata"], f"the metadata of artifact '{row['name']}'"),
    )


def document_in(row: Columns, column: str) -> dict[str, JsonValue]:
    """The JSON document in a run's column; raises StoreDamagedError, naming the run."""
    return _parsed(row[column], f"the {column} of run {row['run_id']}")


def _parsed(text: str, what: str) -> dict[str, JsonValue]:
    try:
        return parse_document(text)
    except DocumentError as error:
        raise StoreDamagedError(f"{what} {error}; run `orbench store check`") from error
