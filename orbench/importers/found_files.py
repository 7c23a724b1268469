"""Files and folders to import: found, named relative, and hashed; links to folders not followed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePath

from ..errors import ImportFileError, near
from .imported import FoundPath

__all__ = [
    "checked_path",
    "find_files",
    "find_folders",
    "name_of",
    "sha256_of",
    "sha256_of_files",
    "unique",
]


def checked_path(path: Path) -> Path:
    """The path, if there is something; raises ImportFileError with near names."""
    if not path.exists():
        beside = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
        raise ImportFileError(f"{path}: there is no such file{near(path.name, beside)}")
    return path


def find_files(paths: Sequence[Path], pattern: str, what: str = "") -> list[FoundPath]:
    """The files at these paths: those given, and in folders those whose names fit, as `*.json`.

    Raises ImportFileError, which says `what` was looked for, for a path with none.
    """
    what = what or f"file {pattern}"
    return unique(found for path in paths for found in _files_at(path, pattern, what))


def _files_at(path: Path, pattern: str, what: str) -> list[FoundPath]:
    checked_path(path)
    if not path.is_dir():
        return [FoundPath(path, name_of(path, path.parent))]
    files = sorted(
        Path(place) / name
        for place, _, names in os.walk(path)
        for name in names
        if fnmatchcase(name, pattern)
    )
    if not files:
        raise ImportFileError(f"{path}: the folder has no {what}")
    return [FoundPath(file, name_of(file, path)) for file in files]


def find_folders(
    root: Path, wanted: Callable[[Path, Collection[str]], bool], what: str
) -> list[FoundPath]:
    """The folders in a folder, itself among them, whose file names are `wanted`; in order.

    Raises ImportFileError, which says `what` was looked for, where there is none.
    """
    found = [
        Path(place) for place, _, names in os.walk(root) if wanted(Path(place), frozenset(names))
    ]
    if not found:
        raise ImportFileError(f"{root}: the folder has no {what}")
    return [FoundPath(folder, name_of(folder, root)) for folder in sorted(found)]


def unique(found: Iterable[FoundPath]) -> list[FoundPath]:
    """Each place once, in order, however it was given."""
    return list({one.path.resolve(): one for one in found}.values())


def name_of(file: Path, root: Path) -> str:
    """The name that a file is recorded by: as given, or from its folder on; never absolute."""
    if not file.is_absolute() and ".." not in file.parts and file != Path():
        return file.as_posix()
    folder = root.resolve()
    return (PurePath(folder.name) / file.resolve().relative_to(folder)).as_posix()


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_files(paths: Sequence[Path]) -> str:
    """The sha256 of what several files hold, in the order given: of the list of their hashes."""
    return hashlib.sha256("".join(map(sha256_of, paths)).encode()).hexdigest()
