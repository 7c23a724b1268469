"""The files of a watched folder, and what tells that one has changed."""

from __future__ import annotations

import contextlib
import os
from bisect import bisect_left
from pathlib import Path

__all__ = ["Files", "files_in", "files_of"]

Files = list[tuple[str, int, int]]
"""Files by path, each with its size and time; sorted."""


def files_in(folder: Path) -> Files:
    """Every file below a folder, with its size and time."""
    files: Files = []
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                path = os.path.join(place, name)  # noqa: PTH118 - of many files, often
                told = os.stat(path)  # noqa: PTH116
                files.append((path, told.st_size, told.st_mtime_ns))
    return sorted(files)


def files_of(path: Path, files: Files) -> Files:
    """Those that are this file or lie in this folder."""
    at = bisect_left(files, (str(path),))
    if files[at : at + 1] and files[at][0] == str(path):
        return files[at : at + 1]
    first = bisect_left(files, (f"{path}{os.sep}",))
    return files[first : bisect_left(files, (f"{path}{chr(ord(os.sep) + 1)}",))]
