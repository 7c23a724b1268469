"""What of a shipment can be made ready before a lock is taken: documents, console, artifacts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orbench.events import (
    FACT_KINDS,
    SHARED_FACT_KINDS,
    ArtifactLogged,
    ConsoleWritten,
    Event,
    FactsCaptured,
)
from orbench.filter_fields import package_name
from orbench.run import Document
from orbench.run_store import Shipment

from .columns import finite_time, fitted, storable
from .compression import FrameError, compress, decompress
from .documents import StoredDocument, document_text, pack_document

__all__ = ["MAX_PIECE_BYTES", "Prepared", "package_rows", "prepare", "unpack_piece"]

MAX_PIECE_BYTES = 256 * 1024
"""A row of the console holds at most this many bytes."""

_PIECE_SECONDS = 1.0
_STREAM_LIMIT = 8


@dataclass(frozen=True, slots=True)
class Prepared:
    """The rows of a shipment that do not depend on what the store holds, without a run key.

    `documents` are the shared facts, `packages` their package rows by document, `facts` the
    run's own facts by column, save the seeds, which are merged with what is known of them.
    `notices` says what could not be kept as it came.
    """

    documents: tuple[StoredDocument, ...]
    packages: tuple[dict[str, str], ...]
    facts: Mapping[str, str]
    console: tuple[dict[str, Any], ...]
    artifacts: tuple[dict[str, Any], ...]
    notices: tuple[str, ...]


def prepare(shipment: Shipment) -> Prepared:
    """Compress, hash and fit what a shipment's events carry."""
    captured: dict[str, Document] = {}
    for event in shipment.events:
        if isinstance(event, FactsCaptured):
            captured[event.kind] = event.document
    unknown = sorted(set(captured) - set(FACT_KINDS))
    documents = tuple(
        pack_document(kind, captured[kind]) for kind in SHARED_FACT_KINDS if kind in captured
    )
    own = {
        kind: document_text(document)
        for kind, document in captured.items()
        if kind in FACT_KINDS and kind not in (*SHARED_FACT_KINDS, "seeds")
    }
    environment = next((d.sha256 for d in documents if d.kind == "environment"), None)
    packages = () if environment is None else package_rows(environment, captured["environment"])
    return Prepared(
        documents=documents,
        packages=tuple(packages),
        facts=own | {document.kind: document.sha256 for document in documents},
        console=tuple(_console_rows(shipment.events)),
        artifacts=tuple(_artifact_rows(shipment.events)),
        notices=tuple(f"facts of kind '{storable(kind)}' are not known here" for kind in unknown),
    )


def package_rows(environment: str, document: Document) -> Iterator[dict[str, str]]:
    """The rows of `packages` for an environment document with this hash, one for each name."""
    listed = document.get("packages")
    named: dict[str, str] = {}
    for package in listed if isinstance(listed, list) else ():
        if isinstance(package, Mapping) and package.get("name"):
            version = package.get("version")
            named[fitted(package_name(str(package["name"])), 200)] = fitted(str(version or ""), 200)
    for name, version in named.items():
        yield {"environment": environment, "name": name, "version": version}


def unpack_piece(size: int, data: bytes) -> bytes:
    """The bytes of a row of the console; raises FrameError."""
    if not 0 < size <= MAX_PIECE_BYTES:
        raise FrameError(f"claims {size} bytes, where at most {MAX_PIECE_BYTES} are possible")
    return decompress(data, size)


def _artifact_rows(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    for event in events:
        if isinstance(event, ArtifactLogged):
            yield {
                "name": fitted(event.name, 500),
                "kind": fitted(event.kind, 64),
                "sha256": fitted(event.sha256, 64),
                "size": event.size,
                "logged": finite_time(event.logged, 0.0),
                "metadata": document_text(event.metadata),
            }


def _console_rows(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    """Console pieces as rows; pieces of one stream within a second share a row."""
    stream, time, data = "", 0.0, bytearray()
    for event in events:
        if not isinstance(event, ConsoleWritten):
            continue
        full = len(data) + len(event.data) > MAX_PIECE_BYTES
        if full or event.stream != stream or not 0 <= event.time - time < _PIECE_SECONDS:
            yield from _console_row(stream, time, data)
            stream, time, data = event.stream, event.time, bytearray()
        data += event.data
    yield from _console_row(stream, time, data)


def _console_row(stream: str, time: float, data: bytearray) -> Iterator[dict[str, Any]]:
    for start in range(0, len(data), MAX_PIECE_BYTES):
        piece = bytes(data[start : start + MAX_PIECE_BYTES])
        yield {
            "stream": storable(stream)[:_STREAM_LIMIT],
            "time": finite_time(time, 0.0),
            "size": len(piece),
            "data": compress(piece),
        }
