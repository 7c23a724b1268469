"""Facts of one kind of many runs: each shared document is read and unpacked once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from orbench.errors import StoreDamagedError, UsageError, near
from orbench.events import FACT_KINDS, SHARED_FACT_KINDS
from orbench.run import Document

from .documents import DocumentError, parse_document, unpack_document
from .engine import Database, batched
from .tables import documents, runs

__all__ = ["read_facts"]


def read_facts(database: Database, run_ids: Sequence[str], kind: str) -> dict[str, Document]:
    """See `RunStore.facts`."""
    if kind not in FACT_KINDS:
        raise UsageError(
            f"no facts of kind '{kind}'; there are {', '.join(FACT_KINDS)}{near(kind, FACT_KINDS)}"
        )
    texts: dict[str, str] = {}
    with database.read() as connection:
        for batch in batched(dict.fromkeys(run_ids)):
            query = select(runs.c.run_id, runs.c[kind]).where(runs.c.run_id.in_(batch))
            texts |= {run_id: text for run_id, text in connection.execute(query) if text}
        shared = _shared(connection, texts.values()) if kind in SHARED_FACT_KINDS else None
    found = {}
    for run_id in dict.fromkeys(run_ids):
        if run_id in texts:
            try:
                found[run_id] = _document(texts[run_id], shared)
            except DocumentError as error:
                raise StoreDamagedError(
                    f"the {kind} document of run {run_id} {error}; run `orbench store check`"
                ) from error
    return found


def _document(text: str, shared: dict[str, Document] | None) -> Document:
    """The document in a run's column: its own, or the shared one that the column names."""
    if shared is None:
        return parse_document(text)
    if text not in shared:
        raise DocumentError("is missing or fails its checksum")
    return shared[text]


def _shared(connection: Connection, hashes: Iterable[str]) -> dict[str, Document]:
    """Shared documents by hash; those that cannot be read are left out."""
    found: dict[str, Document] = {}
    for batch in batched(dict.fromkeys(hashes)):
        for row in connection.execute(select(documents).where(documents.c.sha256.in_(batch))):
            try:
                found[row.sha256] = unpack_document(row.sha256, row.kind, row.size, row.data)
            except DocumentError:
                continue
    return found
