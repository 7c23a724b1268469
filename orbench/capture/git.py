"""Questions to the `git` program: bounded in time and output, never prompting, changing nothing.

No hook, file system monitor, external diff or text conversion of the repository's config is run.
A repository of another user is refused by git itself; we do not overrule it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from .pacing import Deadline

__all__ = ["Git", "GitError", "GitOutputError", "find_git"]

_CONFIG = (
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false"),
    *("-c", "diff.ignoreSubmodules=dirty", "-c", "core.pager=cat", "-c", "color.ui=false"),
)
_SETTINGS = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ASKPASS": "",
    "LC_ALL": "C",
}
# These would point git at another repository, or run programs: the code's place is what counts.
_UNSET = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"),
    *("GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS", "GIT_PAGER", "GIT_PREFIX", "GIT_TRACE"),
)
_MAX_OUTPUT = 8 * 1024 * 1024
_READ = 65_536


class GitError(Exception):
    """git failed; the message is a clause that says why."""


class GitOutputError(GitError):
    """git printed more than was asked for."""


def find_git(environ: Mapping[str, str]) -> str | None:
    """The absolute path of the git program, None where it is not installed."""
    found = shutil.which("git", path=environ.get("PATH"))
    return os.path.abspath(found) if found else None  # noqa: PTH100 - links are not followed


class Git:
    """git, asked about the repository around one folder, until a deadline."""

    def __init__(self, program: str, folder: Path, deadline: Deadline) -> None:
        self.folder = folder
        self._program = program
        self._deadline = deadline
        self._environ = {key: value for key, value in os.environ.items() if key not in _UNSET}
        self._environ.update(_SETTINGS)

    def use_copy_of_index(self, folder: Path) -> None:
        """From now on work on a copy of the index in `folder`: `git diff` refreshes its index."""
        index = self.folder / os.fsdecode(
            self.output("rev-parse", "--git-path", "index").rstrip(b"\n")
        )
        copy = folder / "index"
        if index.exists():
            # With its times: git tells by them which files may have changed just after it.
            shutil.copy2(index, copy)
        self._environ["GIT_INDEX_FILE"] = str(copy)

    def line(self, *words: str) -> str | None:
        """The output as one line of text, None if git says no by its exit status."""
        try:
            return self.output(*words).decode("utf-8", "backslashreplace").strip()
        except _RefusedError:
            return None

    def names(self, *words: str, limit: int = _MAX_OUTPUT) -> list[bytes]:
        """The output's names, which end with a NUL each; raises as `output`."""
        return [name for name in self.output(*words, limit=limit).split(b"\0") if name]

    def output(self, *words: str, limit: int = _MAX_OUTPUT) -> bytes:
        """What `git WORDS` prints; raises GitOutputError beyond `limit` bytes, else GitError."""
        # Its errors go to a file: a pipe that nobody reads would stop it when full.
        with tempfile.TemporaryFile() as errors, self._started(words, errors) as process:
            overdue = threading.Event()

            def end() -> None:
                overdue.set()
                _kill(process)

            timer = threading.Timer(self._deadline.left(), end)
            timer.daemon = True
            timer.start()
            try:
                printed = _read(process, limit, words[0])
                status = process.wait()
            finally:
                timer.cancel()
            if overdue.is_set():
                raise GitError(f"git {words[0]} took too long")
            if status != 0:
                errors.seek(0)
                said = errors.read(_READ).decode("utf-8", "replace").strip() or f"status {status}"
                raise _RefusedError(f"git {words[0]}: {said.splitlines()[0][:300]}")
            return printed

    def _started(self, words: Sequence[str], errors: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self._program, *_CONFIG, *words],
            cwd=self.folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )


class _RefusedError(GitError):
    """git ended with an exit status other than 0."""


def _read(process: subprocess.Popen[bytes], limit: int, command: str) -> bytes:
    assert process.stdout is not None
    pieces: list[bytes] = []
    size = 0
    while piece := process.stdout.read(_READ):
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            _kill(process)
            raise GitOutputError(f"git {command} printed more than {limit} bytes")
    return b"".join(pieces)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End git and what it started: they are a process group of their own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError, AttributeError):
        process.kill()
