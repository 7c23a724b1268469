"""The source of a run as its record has it: a commit with changes, or files alone."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..errors import ReproductionError
from ..run import JsonValue
from .recorded_paths import checked_link, checked_path, refuse_paths_behind_links

__all__ = ["SourceFile", "SourcePlan", "source_plan"]

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file beside the commit: its path relative to the root, and its bytes or where it links."""

    path: str
    content: bytes = b""
    link: str = ""


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """Where the code comes from: `commit` of one of `remotes` (empty: no repository).

    `pushed_commit` is an ancestor that a remote has where it does not have the commit itself, and
    `pushed_diff` leads from there to the commit. `diff` holds the uncommitted changes.
    """

    commit: str = ""
    remotes: tuple[str, ...] = ()
    pushed: bool | None = None
    pushed_commit: str = ""
    pushed_diff: bytes = b""
    diff: bytes = b""
    files: tuple[SourceFile, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether there is more to it than the commit."""
        return bool(self.diff or self.files)


def source_plan(document: Mapping[str, JsonValue], losses: list[str]) -> SourcePlan:
    """The plan in a document `source`; adds to `losses` what the record does not hold.

    Raises ReproductionError for what cannot be a commit.
    """
    if document.get("redacted"):
        losses.append("a secret was replaced by *** in the recorded changes or files")
    for sentence in document.get("left_out", ()):
        losses.append(f"the source is not wholly recorded: {sentence}")
    listed = document.get("untracked" if document.get("kind") == "git" else "files") or ()
    files = tuple(_files(listed, losses))
    refuse_paths_behind_links(
        (file.path for file in files if not file.link), (file.path for file in files if file.link)
    )
    if document.get("kind") != "git":
        return SourcePlan(files=files)
    commit = str(document.get("commit") or "")
    if not commit:
        losses.append("the repository had no commit yet; only its uncommitted files are restored")
    elif not _COMMIT.fullmatch(commit):
        raise ReproductionError(f"the record names a commit {commit!r:.80}, which cannot be one")
    if document.get("submodules"):
        losses.append("submodules are checked out at their commits, without uncommitted changes")
    base = str(document.get("pushed_commit") or "")
    return SourcePlan(
        commit=commit,
        remotes=_remotes(document),
        pushed=document.get("pushed"),
        pushed_commit=base if _COMMIT.fullmatch(base) else "",
        pushed_diff=_bytes(document, "pushed_to_commit_diff"),
        diff=_bytes(document, "diff"),
        files=files,
    )


def _remotes(document: Mapping[str, JsonValue]) -> tuple[str, ...]:
    remotes = document.get("remotes")
    urls = [document.get("remote"), *(remotes.values() if isinstance(remotes, Mapping) else ())]
    return tuple(dict.fromkeys(url for url in urls if isinstance(url, str) and url))


def _bytes(document: Mapping[str, JsonValue], name: str) -> bytes:
    text = document.get(name)
    if isinstance(text, str):
        return text.encode("utf-8", "surrogateescape")
    packed = document.get(f"{name}_base64")
    try:
        return base64.b64decode(packed, validate=True) if isinstance(packed, str) else b""
    except (binascii.Error, ValueError):
        raise ReproductionError(f"the recorded {name} cannot be read: it is not base64") from None


def _files(listed: Iterable[Mapping[str, JsonValue]], losses: list[str]) -> Iterable[SourceFile]:
    for entry in listed:
        path = checked_path(str(entry.get("path", "")))
        if isinstance(entry.get("link"), str):
            yield SourceFile(path, link=checked_link(path, str(entry["link"])))
        elif "left_out" in entry:
            losses.append(f"{path} is not restored: {entry['left_out']}")
        else:
            yield SourceFile(path, _bytes(entry, "content"))
