"""The command of a run: its words, its entry point, and where it was started."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..config_values import storable_text
from ..run import Document, JsonValue
from .secrets import Redactor

__all__ = [
    "EntryPoint",
    "capture_command",
    "entry_point",
    "is_python",
    "relative",
    "repository_root",
    "source_folder",
]

_PYTHON = re.compile(r"(python|pypy)[0-9.]*w?(\.exe)?\Z", re.IGNORECASE)
_OPTIONS_WITH_VALUE = ("-W", "-X", "--check-hash-based-pycs")


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """What was started. `kind` is script, module, code, interactive or program.

    `name` is the script's path, the module's or the program's name; `script` is the script's
    absolute path where there is one.
    """

    kind: str
    name: str
    script: Path | None = None


def entry_point(argv: Sequence[str], folder: Path) -> EntryPoint:
    """What a command line starts when it is run in `folder`; looks into Python's own options."""
    if not argv:
        return EntryPoint("interactive", "")
    if not is_python(argv[0]):
        return EntryPoint("program", argv[0], _first_script(argv[1:], folder))
    words = iter(argv[1:])
    for word in words:
        if word in _OPTIONS_WITH_VALUE:
            next(words, None)
        elif word == "-m" or word.startswith("-m"):
            return EntryPoint("module", next(words, "") if word == "-m" else word[2:])
        elif word == "-c" or word == "-":
            return EntryPoint("code", word)
        elif not word.startswith("-"):
            return _script(word, folder)
    return EntryPoint("interactive", "")


def is_python(program: str) -> bool:
    """Whether a program is a Python, by its name."""
    return _PYTHON.match(os.path.basename(program)) is not None  # noqa: PTH119 - a word


def _script(word: str, folder: Path) -> EntryPoint:
    script = folder / word
    if _is_installed(script):
        return EntryPoint("program", script.name)
    return EntryPoint("script", word, script)


def _first_script(words: Sequence[str], folder: Path) -> Path | None:
    """The script that a launcher was given, as in `torchrun train.py`."""
    scripts = (folder / word for word in words if word.endswith(".py"))
    return next((script for script in scripts if script.is_file()), None)


def _is_installed(script: Path) -> bool:
    """Whether a script belongs to the Python installation: a console script, a package."""
    absolute = os.path.abspath(script)  # noqa: PTH100 - links are not followed
    return absolute.startswith((f"{sys.prefix}{os.sep}", f"{sys.base_prefix}{os.sep}bin{os.sep}"))


def repository_root(folder: Path) -> Path | None:
    """The root of the git repository (or worktree) that holds `folder`, by its `.git` entry."""
    return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), None)


def source_folder(argv: Sequence[str], folder: Path) -> Path:
    """Where the source of a run lies: the script's folder if in a repository, else `folder`."""
    script = entry_point(argv, folder).script
    if script is not None:
        place = Path(os.path.abspath(script)).parent  # noqa: PTH100 - links are not followed
        if repository_root(place) is not None or repository_root(folder) is None:
            return place
    return folder


def capture_command(redactor: Redactor, argv: Sequence[str], folder: Path) -> Document:
    """The document `command`: argv, entry point, cwd relative to the repository, executable."""
    root = repository_root(source_folder(argv, folder))
    entry = entry_point(argv, folder)
    told: dict[str, JsonValue] = {"kind": entry.kind, "name": entry.name}
    if entry.script is not None:
        told["script"] = relative(entry.script, root)
    return {
        "argv": redactor.argv([storable_text(word) for word in argv]),
        "entry": told,
        "cwd": relative(folder, root),
        "cwd_in_repository": root is not None and folder.is_relative_to(root),
        "executable": storable_text(_executable(argv)),
    }


def relative(path: Path, root: Path | None) -> str:
    """`path` relative to `root` with forward slashes if it lies below, else absolute."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - links are not followed
    if root is not None and absolute.is_relative_to(root):
        absolute = absolute.relative_to(root)
    return storable_text(absolute.as_posix())


def _executable(argv: Sequence[str]) -> str:
    if list(argv) == sys.orig_argv:
        return sys.executable or ""
    return (shutil.which(argv[0]) or argv[0]) if argv else ""
