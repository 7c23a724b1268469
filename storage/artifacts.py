"""The bytes of artifacts: kept once by sha256, in parts of one MiB, verified when read.

Each part is written in a transaction of its own, so that a large file never keeps other writers
waiting; the blob counts only when all parts are there and it is marked complete. An upload that
was cut off goes on with the parts that are missing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, func, select, update

from orbench.errors import ArtifactNotFoundError, StoreDamagedError

from .compression import FrameError, compress, decompress
from .engine import Database, insert_or_ignore
from .tables import blob_parts, blobs

__all__ = ["PART_BYTES", "BlobError", "is_complete", "part_data", "read_blob", "upload"]

PART_BYTES = 1024 * 1024


class BlobError(ValueError):
    """A file is not, or no longer, what its hash says; the message is a clause."""


def upload(database: Database, sha256: str, path: Path) -> None:
    """Put a file's bytes into the store under their hash, unless they are there.

    Raises BlobError if the file cannot be read or does not have this hash.
    """
    with database.read() as connection:
        if is_complete(connection, sha256):
            return
        there = set(
            connection.execute(select(blob_parts.c.part).where(blob_parts.c.sha256 == sha256))
            .scalars()
            .all()
        )
    size = _verified_size(path, sha256)
    parts = -(-size // PART_BYTES)
    row = {"sha256": sha256, "size": size, "parts": parts, "complete": False}
    with database.write() as connection:
        connection.execute(insert_or_ignore(connection, blobs), [row])
        # A row may stand there for an artifact whose bytes were missing when it was logged.
        unfinished = (blobs.c.sha256 == sha256) & ~blobs.c.complete
        connection.execute(update(blobs).where(unfinished), row)
    for part, data in enumerate(_parts_of(path)):
        if part not in there:
            _write_part(database, sha256, part, data)
    with database.write() as connection:
        held = select(func.count()).where(blob_parts.c.sha256 == sha256)
        if connection.execute(held).scalar_one() == parts:
            connection.execute(update(blobs).where(blobs.c.sha256 == sha256), {"complete": True})


def is_complete(connection: Connection, sha256: str) -> bool:
    """Whether all bytes of a blob are in the store."""
    query = select(blobs.c.complete).where(blobs.c.sha256 == sha256)
    return bool(connection.execute(query).scalar_one_or_none())


def read_blob(database: Database, sha256: str, out: BinaryIO) -> int:
    """Write a blob's bytes to `out`; returns their number.

    Raises ArtifactNotFoundError, or StoreDamagedError when the bytes are not all there or are
    not those of the hash (by then they have been written).
    """
    with database.read() as connection:
        found = connection.execute(select(blobs).where(blobs.c.sha256 == sha256)).one_or_none()
    if found is None:
        raise ArtifactNotFoundError(
            f"the store has no artifact with sha256 '{sha256}'; `orbench show RUN` lists them"
        )
    if not found.complete:
        raise StoreDamagedError(
            f"the bytes of artifact {sha256} are not in the store; `orbench store check` says more"
        )
    digest = hashlib.sha256()
    size = 0
    for part in range(found.parts):
        with database.read() as connection:
            data = part_data(connection, sha256, part)
        digest.update(data)
        size += out.write(data)
    if digest.hexdigest() != sha256:
        raise StoreDamagedError(f"artifact {sha256} fails its checksum; it is damaged in the store")
    return size


def part_data(connection: Connection, sha256: str, part: int) -> bytes:
    """The bytes of one part; raises StoreDamagedError if it is missing or cannot be read."""
    query = select(blob_parts.c.compressed, blob_parts.c.data, blobs.c.size).select_from(
        blob_parts.join(blobs)
    )
    row = connection.execute(
        query.where(blob_parts.c.sha256 == sha256, blob_parts.c.part == part)
    ).one_or_none()
    if row is None:
        raise StoreDamagedError(f"part {part} of artifact {sha256} is missing in the store")
    expected = min(PART_BYTES, row.size - part * PART_BYTES)
    try:
        data = decompress(row.data, expected) if row.compressed else row.data
    except FrameError as error:
        raise StoreDamagedError(f"part {part} of artifact {sha256} {error}") from error
    if len(data) != expected:
        raise StoreDamagedError(f"part {part} of artifact {sha256} has {len(data)} bytes")
    return bytes(data)


def _verified_size(path: Path, sha256: str) -> int:
    digest = hashlib.sha256()
    size = 0
    for data in _parts_of(path):
        digest.update(data)
        size += len(data)
    if digest.hexdigest() != sha256:
        raise BlobError("its file does not have the bytes that were logged")
    return size


def _parts_of(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while data := file.read(PART_BYTES):
                yield data
    except OSError as error:
        raise BlobError(f"its file cannot be read: {error.strerror}") from error


def _write_part(database: Database, sha256: str, part: int, data: bytes) -> None:
    packed = compress(data)
    smaller = len(packed) < len(data)
    row = {
        "sha256": sha256,
        "part": part,
        "compressed": smaller,
        "data": packed if smaller else data,
    }
    with database.write() as connection:
        connection.execute(insert_or_ignore(connection, blob_parts), [row])
