"""Checking a store: everything is read, decoded and compared; nothing is changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from sqlalchemy import Connection, ForeignKey, Table, exists, func, select

from orbench.errors import StoreDamagedError
from orbench.run import RunStatus

from .artifacts import part_data
from .check_series import check_series
from .columns import Columns, flat_rows
from .compression import FrameError
from .documents import DocumentError, parse_document, unpack_document
from .engine import Database
from .findings import Finding, FindingKind
from .preparation import package_rows, unpack_piece
from .removal import unheld_blob, unreferenced_document
from .schema import open_checked
from .tables import (
    baselines,
    blobs,
    console,
    documents,
    metadata,
    packages,
    params,
    runs,
    summary_values,
    tracker_links,
)

__all__ = ["Finding", "FindingKind", "check_store"]

Progress = Callable[[int, int], None]
"""Called with the number of runs checked and of all runs."""

_JSON_COLUMNS = ("config", "config_notes", "summary", "command", "variables", "seeds", "capture")


def check_store(url: str, *, progress: Progress | None = None) -> list[Finding]:
    """All that is wrong with the store at a URL; empty when it is whole.

    What is being shipped at this moment may show as incomplete or orphaned.
    """
    database = open_checked(url)
    found: list[Finding] = []
    try:
        for finding in _findings(database, progress):
            found.append(finding)
    except StoreDamagedError as error:
        found.append(Finding(FindingKind.DAMAGED, "the store", f"the check ended early: {error}"))
    finally:
        database.close()
    return found


def _findings(database: Database, progress: Progress | None) -> Iterator[Finding]:
    with database.read() as connection:
        yield from _check_file(connection)
        yield from _check_references(connection)
        keys = list(connection.execute(select(runs.c.run_key).order_by(runs.c.run_key)).scalars())
    for done, key in enumerate(keys):
        if progress is not None:
            progress(done, len(keys))
        with database.read() as connection:
            yield from _check_run(connection, key)
            yield from check_series(connection, key)
            yield from _check_console(connection, key)
    with database.read() as connection:
        yield from _check_documents(connection)
        yield from _check_links_and_baselines(connection)
        yield from _check_blobs(connection)


def _check_file(connection: Connection) -> Iterator[Finding]:
    if connection.dialect.name != "sqlite":
        return
    for line in connection.exec_driver_sql("PRAGMA integrity_check").scalars():
        if line != "ok":
            yield Finding(FindingKind.DAMAGED, "the file", f"the file is damaged: {line}")


def _check_references(connection: Connection) -> Iterator[Finding]:
    """Rows that refer to rows that are not there, for every foreign key of the schema."""
    for table in metadata.sorted_tables:
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name):
            count = _dangling(connection, table, key)
            if count:
                yield _dangling_finding(table.name, key, count)


def _dangling_finding(table: str, key: ForeignKey, count: int) -> Finding:
    # What goes with its parent belongs to it; anything else only names it.
    belongs = key.ondelete is not None
    rows = f"{count} rows of {table}" if count > 1 else f"1 row of {table}"
    verb = ("belong" if belongs else "refer") + ("" if count > 1 else "s")
    return Finding(
        FindingKind.ORPHANED if belongs else FindingKind.MISSING,
        table,
        f"{rows} {verb} to {key.column.table.name} that are not there",
    )


def _dangling(connection: Connection, table: Table, key: ForeignKey) -> int:
    parent = key.column.table.alias()
    there = exists().where(parent.c[key.column.name] == key.parent)
    query = select(func.count()).select_from(table).where(key.parent.is_not(None), ~there)
    return connection.execute(query).scalar_one()


def _check_run(connection: Connection, run_key: int) -> Iterator[Finding]:
    row = connection.execute(select(runs).where(runs.c.run_key == run_key)).mappings().one_or_none()
    if row is None:
        return  # removed since
    subject = f"run {row['run_id']}"
    if row["status"] not in list(RunStatus):
        sentence = f"{subject} has status '{row['status']}', which does not exist"
        yield Finding(FindingKind.DAMAGED, subject, sentence)
    for column in _JSON_COLUMNS:
        try:
            document = parse_document(row[column] or "{}")
        except DocumentError as error:
            yield Finding(FindingKind.DAMAGED, subject, f"the {column} of {subject} {error}")
            continue
        table = {"config": params, "summary": summary_values}.get(column)
        if table is not None and _flattened(connection, table, run_key) != flat_rows(document):
            sentence = f"{table.name} of {subject} are not those of its {column}"
            yield Finding(FindingKind.DISAGREES, subject, sentence)


def _flattened(
    connection: Connection, table: Table, run_key: int
) -> dict[str, tuple[str, float | None, str | None]]:
    rows = connection.execute(select(table).where(table.c.run_key == run_key))
    return {row.key: (row.kind, row.number, row.text) for row in rows}


def _check_console(connection: Connection, run_key: int) -> Iterator[Finding]:
    query = select(runs.c.run_id, console).select_from(console.join(runs))
    rows = query.where(console.c.run_key == run_key).order_by(console.c.ordinal)
    for row in connection.execute(rows.execution_options(yield_per=64)):
        try:
            unpack_piece(row.size, row.data)
        except FrameError as error:
            subject = f"run {row.run_id}"
            sentence = f"piece {row.ordinal} of the console of {subject} {error}"
            yield Finding(FindingKind.DAMAGED, subject, sentence)


def _check_documents(connection: Connection) -> Iterator[Finding]:
    query = select(documents, unreferenced_document().label("orphaned"))
    for row in connection.execute(query.execution_options(yield_per=16)).mappings():
        subject = f"{row['kind']} document {row['sha256'][:12]}"
        if row["orphaned"]:
            sentence = f"{subject} belongs to no run"
            yield Finding(FindingKind.ORPHANED, subject, sentence)
        try:
            document = unpack_document(row["sha256"], row["kind"], row["size"], row["data"])
        except DocumentError as error:
            yield Finding(FindingKind.DAMAGED, subject, f"{subject} {error}")
            continue
        if row["kind"] == "environment":
            said = {(r["name"], r["version"]) for r in package_rows(row["sha256"], document)}
            these = packages.c.environment == row["sha256"]
            columns = select(packages.c.name, packages.c.version)
            if said != {(r.name, r.version) for r in connection.execute(columns.where(these))}:
                sentence = f"the rows of packages of {subject} are not those it lists"
                yield Finding(FindingKind.DISAGREES, subject, sentence)


def _check_links_and_baselines(connection: Connection) -> Iterator[Finding]:
    links = select(runs.c.run_id, tracker_links).join_from(tracker_links, runs)
    named = [
        (f"link of run {row['run_id']} to {row['tracker']}", row["document"])
        for row in connection.execute(links).mappings()
    ]
    for row in connection.execute(select(baselines)).mappings():
        named.append((f"baseline {row['name']}", row["document"]))
    for subject, text in named:
        try:
            parse_document(text)
        except DocumentError as error:
            yield Finding(FindingKind.DAMAGED, subject, f"{subject} {error}")


def _check_blobs(connection: Connection) -> Iterator[Finding]:
    query = select(blobs, unheld_blob().label("orphaned")).order_by(blobs.c.sha256)
    for row in connection.execute(query).mappings().all():
        subject = f"artifact {row['sha256'][:12]}"
        if row["orphaned"]:
            sentence = f"{subject} ({row['size']} bytes) belongs to no run"
            yield Finding(FindingKind.ORPHANED, subject, sentence)
        elif not row["complete"]:
            sentence = f"the bytes of {subject} are not in the store, or not all"
            yield Finding(FindingKind.INCOMPLETE, subject, sentence)
        if row["complete"]:
            yield from _check_bytes(connection, subject, row)


def _check_bytes(connection: Connection, subject: str, row: Columns) -> Iterator[Finding]:
    digest = hashlib.sha256()
    try:
        for part in range(row["parts"]):
            digest.update(part_data(connection, row["sha256"], part))
    except StoreDamagedError as error:
        yield Finding(FindingKind.DAMAGED, subject, str(error))
        return
    if digest.hexdigest() != row["sha256"]:
        sentence = f"{subject} does not have the bytes of its checksum"
        yield Finding(FindingKind.DAMAGED, subject, sentence)
