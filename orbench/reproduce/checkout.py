"""Putting the source of a run into an empty folder; whatever it is taken from stays untouched.

Git runs without hooks and prompts and with the usual protocols alone. Files of the record are
written only inside the folder, never through a link and never into `.git`.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ..errors import ReproductionError
from .recorded_paths import checked_link, checked_path
from .source_plan import SourceFile, SourcePlan

__all__ = ["GIT_OPTIONS", "check_out", "repository_of"]

GIT_OPTIONS = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.symlinks=true"),
    *("-c", "advice.detachedHead=false", "-c", "init.defaultBranch=main", "-c", "gc.auto=0"),
    *("-c", "protocol.version=2"),
)
_SETTINGS = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    "LC_ALL": "C",
}
_FETCH_SECONDS = 600


def check_out(source: SourcePlan, folder: Path, repositories: Sequence[str] = ()) -> str:
    """Put the source into an empty folder; returns where the commit was found.

    `repositories` (paths or URLs) are asked before the recorded remotes. Raises
    ReproductionError where nobody has the commit, a change does not apply, or a recorded path
    would leave the folder.
    """
    found = ""
    if source.commit:
        _git(folder, "init", "--quiet")
        found = _fetched(source, folder, [*repositories, *source.remotes])
    elif source.diff:
        _git(folder, "init", "--quiet")
    if source.diff:
        _apply(folder, source.diff, "the uncommitted changes")
    for file in source.files:
        _write(folder, file)
    return found


def repository_of(folder: Path) -> str | None:
    """The root of the git repository that a folder lies in, None outside of one."""
    done = _run(folder, "rev-parse", "--show-toplevel")
    return done.stdout.decode().strip() if done.returncode == 0 else None


def _fetched(source: SourcePlan, folder: Path, repositories: Sequence[str]) -> str:
    tried: list[str] = []
    for wanted in filter(None, (source.commit, source.pushed_commit)):
        for repository in dict.fromkeys(repositories):
            done = _run(
                folder,
                "fetch",
                "--quiet",
                "--no-tags",
                "--",
                repository,
                wanted,
                wait=_FETCH_SECONDS,
            )
            if done.returncode == 0:
                _git(folder, "checkout", "--quiet", "--detach", wanted)
                _check_out_submodules(folder)
                if wanted != source.commit:
                    _apply(folder, source.pushed_diff, "the commits that were not pushed")
                return repository
            tried.append(f"{repository}: {_last_line(done.stderr)}")
    where = "; ".join(dict.fromkeys(tried)) or "no repository is known"
    raise ReproductionError(
        f"no repository has commit {source.commit[:12]} ({where}); --repo PATH names one"
    )


def _check_out_submodules(folder: Path) -> None:
    if (folder / ".gitmodules").is_file():
        _git(folder, "submodule", "--quiet", "update", "--init", "--recursive")


def _apply(folder: Path, diff: bytes, what: str) -> None:
    """Apply changes; git itself refuses paths outside of the folder and behind links."""
    done = _run(folder, "apply", "--binary", "--whitespace=nowarn", "-", data=diff)
    if done.returncode != 0:
        raise ReproductionError(f"{what} do not apply: {_last_line(done.stderr)}")


def _write(folder: Path, file: SourceFile) -> None:
    place = _place(folder, checked_path(file.path))
    place.parent.mkdir(parents=True, exist_ok=True)
    if file.link:
        target = checked_link(file.path, file.link)
        place.unlink(missing_ok=True)
        place.symlink_to(target)
        return
    if place.is_symlink():
        raise ReproductionError(f"the record's file {file.path} would be written through a link")
    place.write_bytes(file.content)


def _place(folder: Path, path: str) -> Path:
    """The place of a path; raises ReproductionError if a link of the commit lies on the way."""
    place = folder / path
    above = place.parent
    while above != folder:
        if above.is_symlink():
            raise ReproductionError(f"the record's file {path} would be written through a link")
        above = above.parent
    return place


def _git(folder: Path, *words: str) -> None:
    done = _run(folder, *words, wait=_FETCH_SECONDS)
    if done.returncode != 0:
        raise ReproductionError(f"git {words[0]} failed: {_last_line(done.stderr)}")


def _run(
    folder: Path, *words: str, data: bytes = b"", wait: float = 60
) -> subprocess.CompletedProcess[bytes]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        return subprocess.run(
            ["git", *GIT_OPTIONS, *words],
            cwd=folder,
            env=environ | _SETTINGS,
            input=data,
            capture_output=True,
            timeout=wait,
            check=False,
        )
    except FileNotFoundError:
        raise ReproductionError("git is not installed; it is needed to get the source") from None
    except subprocess.TimeoutExpired:
        raise ReproductionError(f"git {words[0]} took longer than {wait:.0f} s") from None


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].removeprefix("fatal: ").removeprefix("error: ") if lines else "it said nothing"
