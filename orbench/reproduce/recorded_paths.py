"""Paths out of a record: relative, and within the folder that they are used in."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import PurePosixPath

from ..errors import ReproductionError

__all__ = ["checked_folder", "checked_link", "checked_path", "refuse_paths_behind_links"]


def checked_path(path: str) -> str:
    """A path below its folder and not in `.git`; raises ReproductionError for any other."""
    parts = PurePosixPath(path).parts
    outside = not parts or path.startswith("/") or "\0" in path or ".." in parts
    if outside or any(part.lower() == ".git" for part in parts):
        raise ReproductionError(f"the record's path {path!r:.80} would leave its folder")
    return path


def checked_folder(path: str) -> str:
    """As `checked_path`, or the folder itself (`.`)."""
    return "." if path in ("", ".") else checked_path(path)


def checked_link(path: str, target: str) -> str:
    """Where a link at a path points, if that lies below the folder; raises ReproductionError."""
    inside = os.path.normpath(PurePosixPath(path).parent / target)
    if PurePosixPath(target).is_absolute() or inside.startswith("..") or "\0" in target:
        raise ReproductionError(f"the link {path!r:.80} -> {target!r:.80} would leave its folder")
    return target


def refuse_paths_behind_links(paths: Iterable[str], links: Iterable[str]) -> None:
    """Raise ReproductionError if a path is, or lies below, one of the links."""
    behind = {PurePosixPath(link) for link in links}
    for path in paths:
        place = PurePosixPath(path)
        if behind & {place, *place.parents}:
            raise ReproductionError(
                f"the record's file {path!r:.80} would be written through a link"
            )
