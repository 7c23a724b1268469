"""The files of W&B runs: listed, fetched, sent."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import TrackerError
from .connection import BinaryFile, Connection
from .place import WandbPlace
from .queries import CREATE_FILES, FILES

__all__ = ["BinaryFile", "WandbFile", "fetch_bytes", "fetch_file", "list_files", "send_file"]

_PAGE = 500
_MOST_IN_MEMORY = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class WandbFile:
    """A file of a run: its name there, its size and where its bytes are."""

    name: str
    size: int
    url: str


def list_files(
    connection: Connection, place: WandbPlace, run: str, names: Sequence[str] = ()
) -> Iterator[WandbFile]:
    """The files of a run, all or those with these names."""
    cursor = None
    while True:
        data = connection.graphql(
            FILES,
            project=place.project,
            entity=place.entity,
            name=run,
            fileCursor=cursor,
            fileLimit=_PAGE,
            fileNames=list(names),
        )
        found = (data.get("project") or {}).get("run")
        if found is None:
            raise TrackerError(f"run {run} is no longer there: it was deleted in W&B")
        for edge in found["files"]["edges"]:
            node = edge["node"]
            yield WandbFile(
                str(node["name"]), int(node.get("sizeBytes") or 0), str(node["directUrl"])
            )
        page = found["files"]["pageInfo"]
        if not page["hasNextPage"]:
            return
        cursor = page["endCursor"]


def fetch_file(connection: Connection, file: WandbFile, path: Path) -> None:
    """Write a file's bytes to a path; no more than it was said to have."""
    with path.open("w+b") as out:
        connection.download(file.url, out, file.size)


def fetch_bytes(connection: Connection, file: WandbFile) -> bytes:
    """A file's bytes, which must not be very many."""
    out = io.BytesIO()
    connection.download(file.url, out, min(file.size, _MOST_IN_MEMORY))
    return out.getvalue()


def send_file(
    connection: Connection,
    place: WandbPlace,
    run: str,
    name: str,
    opened: Callable[[], BinaryFile],
) -> None:
    """Put a file beside a run, in place of one of the same name."""
    data = connection.graphql(
        CREATE_FILES, entity=place.entity, project=place.project, run=run, files=[name]
    )["createRunFiles"]
    headers = dict(line.split(":", 1) for line in data.get("uploadHeaders") or ())
    connection.upload(data["files"][0]["uploadUrl"], headers, opened)
