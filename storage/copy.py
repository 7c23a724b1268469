"""Copying a store into another, SQLite and PostgreSQL either way: run by run, verified.

Each run is one transaction in the target, each part of an artifact another. A copy that was cut
off is simply made again: what is there already, compared by content, is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select, text

from orbench.errors import StoreDamagedError, StoreUrlError

from .artifacts import part_data
from .baselines import copy_baselines
from .columns import Columns
from .engine import Database, insert_or_ignore
from .ingest import REMOVAL_LOCK, locked_run
from .removal import delete_run
from .run_contents import fingerprint, run_row, write_run
from .schema import open_checked
from .tables import artifacts, blob_parts, blobs, chunks, runs, segments, series, store_info
from .tracker_links import stored_links, write_newest

__all__ = ["CopyReport", "copy_store"]

Progress = Callable[[int, int, str], None]
"""Called with the number of runs done, of all runs, and the id of the next one."""


@dataclass(slots=True)
class CopyReport:
    """What a copy did. Series, chunks and points are counted for the runs that were written."""

    copied: int = 0
    replaced: int = 0
    already_there: int = 0
    series: int = 0
    chunks: int = 0
    points: int = 0
    artifacts: int = 0
    artifact_bytes: int = 0
    kept: list[str] = field(default_factory=list)

    @property
    def runs(self) -> int:
        """The number of runs that are in the target as they are in the source."""
        return self.copied + self.replaced + self.already_there


def copy_store(source_url: str, target_url: str, *, progress: Progress | None = None) -> CopyReport:
    """Copy all runs of one store into another, which is made if it is not there.

    A run that the target has otherwise is replaced, unless the target holds more of it: such
    runs are kept, and `kept` says so. Raises StoreUrlError for one store twice and
    StoreDamagedError if what was written does not read back the same.
    """
    source = open_checked(source_url)
    try:
        target = open_checked(target_url, create=True)
        try:
            _refuse_same(source, target)
            report = _copy(source, target, progress)
            target.sync()
            return report
        finally:
            target.close()
    finally:
        source.close()


def _refuse_same(source: Database, target: Database) -> None:
    if _store_id(source) == _store_id(target):
        raise StoreUrlError(
            f"{source.location} and {target.location} are one store; copy to another place"
        )


def _store_id(database: Database) -> str:
    query = select(store_info.c.value).where(store_info.c.name == "store_id")
    with database.read() as connection:
        store_id: str = connection.execute(query).scalar_one()
        return store_id


def _copy(source: Database, target: Database, progress: Progress | None) -> CopyReport:
    report = CopyReport()
    with source.read() as connection:
        query = select(runs.c.run_id).order_by(runs.c.run_key)
        run_ids = list(connection.execute(query).scalars())
    for done, run_id in enumerate(run_ids):
        if progress is not None:
            progress(done, len(run_ids), run_id)
        with source.read() as connection:
            run = run_row(connection, run_id)
            if run is not None:  # else it was removed since
                _copy_run(connection, run, target, report)
    with source.read() as connection:
        for name in copy_baselines(connection, target):
            report.kept.append(f"baseline {name}: the target has another one of this name")
    return report


def _copy_run(source: Connection, run: Columns, target: Database, report: CopyReport) -> None:
    for blob in _blobs_of(source, run["run_key"]):
        _copy_blob(source, blob, target, report)
    wanted = fingerprint(source, run)
    links = list(stored_links(source, run["run_key"]).values())
    if _fingerprint_there(target, run["run_id"]) == wanted:
        _copy_links(links, target, run["run_id"])
        report.already_there += 1
        return
    with target.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock_shared({REMOVAL_LOCK})"))
        there = locked_run(connection, run["run_id"])
        if there is not None:
            if not _has_all_of(source, run, connection, there):
                report.kept.append(f"run {run['run_id']}: the target holds more of it")
                return
            links += stored_links(connection, there["run_key"]).values()
            delete_run(connection, there["run_key"])
        write_newest(connection, write_run(source, run, connection), links)
    if _fingerprint_there(target, run["run_id"]) != wanted:
        raise StoreDamagedError(
            f"run {run['run_id']} does not read back from {target.location} as it was written; "
            "copy again, and run `orbench store check` on both stores"
        )
    report.copied += there is None
    report.replaced += there is not None
    _count(source, run["run_key"], report)


def _copy_links(links: Collection[Columns], target: Database, run_id: str) -> None:
    """Bring the links to trackers up to date; they change without the run, which is whole."""
    if not links:
        return
    with target.write() as connection:
        there = locked_run(connection, run_id)
        if there is not None:
            write_newest(connection, there["run_key"], links)


def _fingerprint_there(target: Database, run_id: str) -> str | None:
    with target.read() as connection:
        run = run_row(connection, run_id)
        return None if run is None else fingerprint(connection, run)


def _has_all_of(source: Connection, run: Columns, target: Connection, there: Columns) -> bool:
    """Whether every journal segment is in the source as far as it is in the target."""
    ours, theirs = _watermarks(source, run), _watermarks(target, there)
    return all(ours.get(segment, -1) >= shipped for segment, shipped in theirs.items())


def _watermarks(connection: Connection, run: Columns) -> dict[str, int]:
    query = select(segments.c.segment_id, segments.c.shipped)
    rows = connection.execute(query.where(segments.c.run_key == run["run_key"]))
    return {row.segment_id: row.shipped for row in rows}


def _blobs_of(source: Connection, run_key: int) -> Iterator[Columns]:
    held = select(artifacts.c.sha256).where(artifacts.c.run_key == run_key)
    query = select(blobs).where(blobs.c.sha256.in_(held)).order_by(blobs.c.sha256)
    yield from source.execute(query).mappings().all()


def _copy_blob(source: Connection, blob: Columns, target: Database, report: CopyReport) -> None:
    """Copy a blob part by part; parts that are there from a copy that was cut off stay."""
    this = blobs.c.sha256 == blob["sha256"]
    with target.read() as connection:
        there = connection.execute(select(blobs).where(this)).mappings().one_or_none()
    if there is None:
        with target.write() as connection:
            incomplete = dict(blob) | {"complete": False}
            connection.execute(insert_or_ignore(connection, blobs), [incomplete])
    if not blob["complete"] or (there is not None and there["complete"]):
        return
    for part in range(blob["parts"]):
        _copy_part(source, blob["sha256"], part, target)
    with target.write() as connection:
        connection.execute(blobs.update().where(this), dict(blob))
    report.artifacts += 1
    report.artifact_bytes += blob["size"]


def _copy_part(source: Connection, sha256: str, part: int, target: Database) -> None:
    row = _part(source, sha256, part)
    if row is None:
        return  # missing in the source: `check` says so there, and of the copy too
    with target.read() as connection:
        there = _part(connection, sha256, part)
    if there is None:
        with target.write() as connection:
            connection.execute(insert_or_ignore(connection, blob_parts), [row])
    with target.read() as connection:
        there = _part(connection, sha256, part)
        # The same bytes may have been compressed otherwise by whoever put them there.
        if there != row and part_data(connection, sha256, part) != part_data(source, sha256, part):
            raise StoreDamagedError(
                f"part {part} of artifact {sha256} differs in the two stores; run "
                "`orbench store check` on both"
            )


def _part(connection: Connection, sha256: str, part: int) -> dict[str, Any] | None:
    this = (blob_parts.c.sha256 == sha256) & (blob_parts.c.part == part)
    row = connection.execute(select(blob_parts).where(this)).mappings().one_or_none()
    return None if row is None else dict(row)


def _count(source: Connection, run_key: int, report: CopyReport) -> None:
    totals = select(func.count(), func.coalesce(func.sum(series.c.n), 0))
    row = source.execute(totals.where(series.c.run_key == run_key)).one()
    report.series += row[0]
    report.points += int(row[1])
    of_run = select(func.count()).select_from(chunks.join(series))
    report.chunks += source.execute(of_run.where(series.c.run_key == run_key)).scalar_one()
