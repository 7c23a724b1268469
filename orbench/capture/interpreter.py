"""The Python that a recorded program runs on, where it is not the one that records."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from . import python_facts as asked
from .command import is_python

__all__ = ["ask_python", "interpreter_of"]

_ASK_SECONDS = 10.0
_ASK = "import sys; path = sys.argv.pop(); exec(compile(open(path).read(), path, 'exec'))"


def interpreter_of(argv: Sequence[str], folder: Path) -> str | None:
    """The Python that a command line runs on, by its name or its `#!` line; None if not known."""
    program = _found(argv[0], folder) if argv else None
    if program is None or is_python(program):
        return program
    try:
        with Path(program).open("rb") as file:
            first = file.read(512).partition(b"\n")[0]
    except OSError:
        return None
    words = [os.fsdecode(word) for word in first.removeprefix(b"#!").split()]
    if not first.startswith(b"#!") or not words:
        return None
    if words[0].endswith("/env"):
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    interpreter = _found(words[0], folder) if words else None
    return interpreter if interpreter is not None and is_python(interpreter) else None


def _found(name: str, folder: Path) -> str | None:
    """The absolute path of a program as a shell in `folder` would find it."""
    if os.sep in name:
        path = str(folder / name)
        return path if os.access(path, os.X_OK) else None
    return shutil.which(name)


def ask_python(interpreter: str, folder: Path) -> dict[str, Any] | None:
    """`python_facts` of a Python, asked in `folder`; None if it does not answer.

    It is started as the recorded program is, with the same environment variables.
    """
    if _is_ours(interpreter):
        return asked.python_facts()
    try:
        done = subprocess.run(
            [interpreter, "-c", _ASK, str(asked.__file__)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ASK_SECONDS,
            check=True,
        )
        answer = msgspec.json.decode(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, msgspec.DecodeError, IndexError):
        return None
    is_sound = isinstance(answer, dict) and {"python", "path"} <= answer.keys()
    return answer if is_sound else None


def _is_ours(interpreter: str) -> bool:
    """Whether it is this Python under one of the names in its folder (python, python3, ...).

    Links are not followed: a venv's Python is a link to the one that it was made from.
    """
    if not sys.executable or not Path(interpreter).exists():
        return False
    here, there = Path(sys.executable), Path(interpreter)
    return here.parent == there.parent and here.samefile(there)
