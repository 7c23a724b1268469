"""JSON documents: text that loses nothing, and shared documents kept once by content hash.

JSON here is as Python writes it: NaN and infinities stand as such, integers have any size, and
all but ASCII is escaped, so that every database takes the text (PostgreSQL refuses a NUL).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from orbench.config import normalise
from orbench.run import Document, JsonValue

from .compression import FrameError, compress, decompress

__all__ = [
    "MAX_DOCUMENT_BYTES",
    "DocumentError",
    "StoredDocument",
    "document_text",
    "pack_document",
    "parse_document",
    "unpack_document",
]

MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
"""A shared document larger than this, as JSON, is replaced by a note when it is stored."""


class DocumentError(ValueError):
    """A stored document cannot be read; the message is a clause like 'fails its checksum'."""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A shared document as its row holds it: `size` is that of the JSON, `data` is a zstd frame."""

    sha256: str
    kind: str
    size: int
    data: bytes


def document_text(document: Document) -> str:
    """The JSON text of a document; what JSON cannot hold is kept as `normalise` keeps it."""
    try:
        return json.dumps(document, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return json.dumps(normalise(document)[0], separators=(",", ":"))


def parse_document(text: str) -> dict[str, JsonValue]:
    """The document in a JSON text that `document_text` made; raises DocumentError."""
    if text == "{}":
        return {}
    try:
        document = _fast_or_exact(text)
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise DocumentError("is not a JSON object")
    return document


def _fast_or_exact(text: str) -> Any:
    """The value of a JSON text: msgspec is several times faster, but has no NaN."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return json.loads(text)


def pack_document(kind: str, document: Document) -> StoredDocument:
    """A document ready to be stored; the hash is over its kind and its canonical JSON."""
    text = _canonical(document)
    if len(text) > MAX_DOCUMENT_BYTES:
        note = f"{len(text)} bytes of JSON, more than the store keeps ({MAX_DOCUMENT_BYTES})"
        text = _canonical({"left_out": note})
    return StoredDocument(_hash(kind, text), kind, len(text), compress(text))


def unpack_document(sha256: str, kind: str, size: int, data: bytes) -> dict[str, JsonValue]:
    """The document in a row, verified against its hash; raises DocumentError."""
    if not 0 < size <= MAX_DOCUMENT_BYTES:
        raise DocumentError(f"claims {size} bytes, where at most {MAX_DOCUMENT_BYTES} are possible")
    try:
        text = decompress(data, size)
    except FrameError as error:
        raise DocumentError(str(error)) from error
    if _hash(kind, text) != sha256:
        raise DocumentError("fails its checksum")
    return parse_document(text.decode("ascii"))


def _canonical(document: Mapping[str, JsonValue]) -> bytes:
    plain = json.loads(document_text(document))
    return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode("ascii")


def _hash(kind: str, text: bytes) -> str:
    return hashlib.sha256(kind.encode() + b"\n" + text).hexdigest()
