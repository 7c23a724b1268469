"""Checking series: every chunk is decoded and compared with what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from sqlalchemy import Connection, select

from .chunks import ChunkError, decode
from .columns import Columns, to_null
from .findings import Finding, FindingKind
from .series_totals import SeriesTotals
from .tables import chunks, metrics, runs, series

__all__ = ["check_series"]

_CHUNKS_AT_ONCE = 64


def check_series(connection: Connection, run_key: int) -> Iterator[Finding]:
    """What is wrong with the series of one run."""
    query = (
        select(runs.c.run_id, metrics.c.name, series)
        .select_from(series.join(runs).join(metrics))
        .where(series.c.run_key == run_key)
        .order_by(series.c.series_key)
    )
    for row in connection.execute(query).mappings().all():
        subject = f"metric '{row['name']}' of run {row['run_id']}"
        yield from _check_one(connection, subject, row)


def _check_one(connection: Connection, subject: str, row: Columns) -> Iterator[Finding]:
    totals = SeriesTotals.empty()
    whole = True
    query = select(chunks).where(chunks.c.series_key == row["series_key"])
    ordered = query.order_by(chunks.c.ordinal).execution_options(yield_per=_CHUNKS_AT_ONCE)
    ordinal = -1
    for chunk in connection.execute(ordered).mappings():
        ordinal = chunk["ordinal"]
        try:
            found = _chunk_totals(chunk)
        except ChunkError as error:
            whole = False
            yield Finding(FindingKind.DAMAGED, subject, f"chunk {ordinal} of {subject} {error}")
            continue
        totals = totals.then(found)
        if _differs(chunk, found):
            sentence = f"chunk {ordinal} of {subject} holds other points than its row says"
            yield Finding(FindingKind.DISAGREES, subject, sentence)
    if whole:
        yield from _check_totals(subject, row, totals)
    if row["next_ordinal"] <= ordinal:
        sentence = f"{subject} has a chunk {ordinal} where the next is to be {row['next_ordinal']}"
        yield Finding(FindingKind.DISAGREES, subject, sentence)


def _chunk_totals(chunk: Columns) -> SeriesTotals:
    blobs = (chunk["steps"], chunk["values"], chunk["wall_times"])
    return SeriesTotals.of(decode(chunk["n"], chunk["codec"], chunk["checksum"], *blobs))


def _differs(chunk: Columns, found: SeriesTotals) -> bool:
    said = [chunk[name] for name in ("nan_count", "last_step", "minimum", "maximum", "last")]
    numbers = [to_null(number) for number in (found.minimum, found.maximum, found.last)]
    return said != [found.nan_count, found.last_step, *numbers]


def _check_totals(subject: str, row: Columns, totals: SeriesTotals) -> Iterator[Finding]:
    said = SeriesTotals.from_row(row)
    if totals.n < said.n:
        sentence = f"{subject} has {totals.n} of its {said.n} points; chunks are missing"
        yield Finding(FindingKind.MISSING, subject, sentence)
    elif said.columns() != totals.columns():
        wrong = [f.name for f in fields(said) if said.columns()[f.name] != totals.columns()[f.name]]
        sentence = f"{subject} has totals that its points do not have: {', '.join(wrong)}"
        yield Finding(FindingKind.DISAGREES, subject, sentence)
