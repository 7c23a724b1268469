"""Rows as the records that the rest of orbench knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orbench.errors import StoreDamagedError
from orbench.run import LOST_AFTER_SECONDS, JsonValue, RunRecord, RunStatus
from orbench.run_store import ArtifactRecord

from .documents import DocumentError, parse_document
from .tables import runs

__all__ = ["RECORD_COLUMNS", "artifact_record", "document_in", "run_record"]

RECORD_COLUMNS = tuple(
    runs.c[name]
    for name in (
        "run_key run_id project exp_name env_id seed status started last_started ended heartbeat "
        "exit_code signal error parent_id host starts config config_notes summary"
    ).split()
)
"""What a query must select of `runs` for `run_record`."""


def run_record(row: Mapping[str, Any], tags: tuple[str, ...], now: float) -> RunRecord:
    """The record in a row of RECORD_COLUMNS; a running run not heard of lately is lost."""
    run_id = row["run_id"]
    status = RunStatus(row["status"])
    heard = row["started"] if row["heartbeat"] is None else row["heartbeat"]
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


def artifact_record(row: Mapping[str, Any]) -> ArtifactRecord:
    """The record in a row of `artifacts`."""
    return ArtifactRecord(
        name=row["name"],
        kind=row["kind"],
        sha256=row["sha256"],
        size=row["size"],
        logged=row["logged"],
        metadata=parse_document(row["metadata"]),
    )


def document_in(row: Mapping[str, Any], column: str) -> dict[str, JsonValue]:
    """The JSON document in a run's column; raises StoreDamagedError, naming the run."""
    try:
        return parse_document(row[column])
    except DocumentError as error:
        raise StoreDamagedError(
            f"the {column} of run {row['run_id']} {error}; run `orbench store check`"
        ) from error
