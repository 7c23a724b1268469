"""Artifacts: copies of files that a run keeps, named by the hash of their bytes."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from .errors import JournalError, RecordingError
from .events import ArtifactLogged
from .journal import BLOB_FOLDER
from .run import JsonValue

__all__ = ["checked_name", "keep_artifact"]

_MAX_NAME = 500
_READ_BYTES = 1024 * 1024


def keep_artifact(
    path: Path, name: str | None, folder: Path, kind: str, metadata: dict[str, JsonValue]
) -> Iterator[ArtifactLogged]:
    """Copy a file, or every file below a folder, into a run's journal folder; yields the events.

    A folder's files are named `<name>/<path below it>`, links in it are not followed. Raises
    RecordingError for a path that is not there and for a name that would leave its folder.
    """
    chosen = path.resolve().name if name is None else name
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and not file.is_symlink():
                part = f"{chosen}/{file.relative_to(path).as_posix()}"
                yield _keep_file(file, part, folder, kind, metadata)
    elif path.is_file():
        yield _keep_file(path, chosen, folder, kind, metadata)
    else:
        raise RecordingError(f"no file or folder '{path}' to log as an artifact")


def _keep_file(
    path: Path, name: str, folder: Path, kind: str, metadata: dict[str, JsonValue]
) -> ArtifactLogged:
    blobs = folder / BLOB_FOLDER
    unnamed = blobs / f"{os.getpid()}-{time.time_ns():x}.new"
    try:
        blobs.mkdir(parents=True, exist_ok=True)
        sha256, size = _copy_and_hash(path, unnamed)
        unnamed.replace(blobs / sha256)
    except OSError as error:
        unnamed.unlink(missing_ok=True)
        raise JournalError(f"cannot keep artifact '{path}': {error.strerror or error}") from error
    return ArtifactLogged(
        name=checked_name(name),
        sha256=sha256,
        size=size,
        logged=time.time(),
        kind=kind[:64],
        metadata=metadata,
    )


def _copy_and_hash(path: Path, target: Path) -> tuple[str, int]:
    """Copy a file and make the copy durable; returns the hash and size of what was copied."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as source, target.open("xb") as out:
        while part := source.read(_READ_BYTES):
            digest.update(part)
            out.write(part)
            size += len(part)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest(), size


def checked_name(name: str) -> str:
    """An artifact's name: a relative path with forward slashes that stays in its folder.

    Raises RecordingError for any other.
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or "\x00" in name:
        raise RecordingError(f"artifact name {name!r:.80} is not a relative path without '..'")
    if len(name) > _MAX_NAME:
        raise RecordingError(f"artifact name {name[:40]!r}... has over {_MAX_NAME} characters")
    return name
