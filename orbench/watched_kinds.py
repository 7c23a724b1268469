"""The kinds of `--watch KIND:DIR`: which tool logs to a folder, and how its logs are read.

A program that logs with W&B is told by its environment where, and not to send anything: WANDB_DIR,
and WANDB_MODE=offline unless that is set already. Its logs reach the disk every second.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .errors import UsageError, near
from .metric import SYSTEM_PREFIX

if TYPE_CHECKING:
    from .importers.imported import FoundPath
    from .importers.source_run import SourceRun

__all__ = [
    "WATCHED_KINDS",
    "FolderReader",
    "Watch",
    "parse_watch",
    "placed",
    "program_variables",
]

_WANDB = "wandb"
_WANDB_SYSTEM = f"{SYSTEM_PREFIX}wandb/"


class FolderReader(Protocol):
    """What a kind knows: the runs in a folder, and all that one of them says so far."""

    only_grows: bool
    """Whether a log is of one run and only grows, so that its points are known by their place."""

    dated: bool
    """Whether the times of points tell which are from before the program began."""

    hint: str
    """What to look at where nothing came."""

    def find(self, folder: Path) -> list[FoundPath]:
        """The runs in a folder; raises ImportFileError where there is none."""
        ...

    def read(self, found: FoundPath) -> SourceRun:
        """A run as it is now; raises ImportFileError for what cannot be read (yet)."""
        ...


class _Sb3Reader:
    only_grows = False
    dated = False
    hint = ""

    def find(self, folder: Path) -> list[FoundPath]:
        from .importers.sb3 import find_sb3

        return find_sb3(folder)

    def read(self, found: FoundPath) -> SourceRun:
        from .importers.sb3 import read_sb3

        return read_sb3(found)


class _TensorboardReader:
    only_grows = False
    dated = True
    hint = ""

    def find(self, folder: Path) -> list[FoundPath]:
        from .importers.tensorboard import TensorboardImporter

        return TensorboardImporter().find([folder])

    def read(self, found: FoundPath) -> SourceRun:
        from .importers.tensorboard import TensorboardImporter, read_tensorboard

        return read_tensorboard(found, TensorboardImporter().pattern)


class _WandbReader:
    only_grows = True
    dated = True
    hint = "the program is to call wandb.init, with wandb installed and not disabled"

    def find(self, folder: Path) -> list[FoundPath]:
        from .importers.wandb_files import WandbImporter

        return WandbImporter().find([folder])

    def read(self, found: FoundPath) -> SourceRun:
        from .importers.wandb_files import read_wandb

        source = read_wandb(found)
        # Apart from those that orbench samples itself, some of which have the same name.
        points = {
            f"{_WANDB_SYSTEM}{name.removeprefix(SYSTEM_PREFIX)}"
            if name.startswith(SYSTEM_PREFIX)
            else name: one
            for name, one in source.points.items()
        }
        return replace(source, points=points)


WATCHED_KINDS: Mapping[str, Callable[[], FolderReader]] = {
    "sb3": _Sb3Reader,
    "tensorboard": _TensorboardReader,
    _WANDB: _WandbReader,
}
"""The kinds of `--watch`."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A folder that is watched, and what writes there; None is a new folder for W&B's logs."""

    kind: str
    folder: Path | None

    def __str__(self) -> str:
        return self.kind if self.folder is None else f"{self.kind}:{self.folder}"


def parse_watch(text: str) -> Watch:
    """The watch that `KIND:DIR`, or `wandb` alone, says; raises UsageError."""
    if text == _WANDB:
        return Watch(_WANDB, None)
    kind, colon, folder = text.partition(":")
    if not colon or not folder:
        hint = near(kind, [_WANDB]) if not colon else ""
        raise UsageError(f"--watch '{text}' is not KIND:DIR, as in tensorboard:runs{hint}")
    if kind not in WATCHED_KINDS:
        raise UsageError(
            f"--watch '{text}': there is no kind '{kind}'{near(kind, WATCHED_KINDS)}; kinds are "
            f"{', '.join(WATCHED_KINDS)}"
        )
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise UsageError(f"--watch '{text}': {folder} is a file; name the folder it lies in")
    try:
        os.scandir(path).close()
    except FileNotFoundError:
        pass  # the program makes it
    except OSError as error:
        raise UsageError(f"--watch '{text}': {folder} cannot be read: {error.strerror}") from error
    return Watch(kind, path)


def placed(watch: Watch, run_id: str, environ: Mapping[str, str]) -> Watch:
    """The watch of a run with its folder, which is made where W&B needs it; raises UsageError.

    W&B's own folder is `wandb/<run id>` where it would log otherwise.
    """
    if watch.kind != _WANDB:
        return watch
    folder = watch.folder or Path(environ.get("WANDB_DIR") or ".", "wandb", run_id)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"--watch {watch}: {folder} cannot be made: {error.strerror}; name another folder, as "
            "in --watch wandb:DIR"
        ) from error
    return replace(watch, folder=folder)


def program_variables(watches: Iterable[Watch], environ: Mapping[str, str]) -> dict[str, str]:
    """What the program finds in its environment, for its logs to come where they are watched."""
    variables: dict[str, str] = {}
    for watch in watches:
        if watch.kind == _WANDB and watch.folder is not None:
            variables["WANDB_DIR"] = str(watch.folder.absolute())
            variables.setdefault("WANDB_MODE", environ.get("WANDB_MODE") or "offline")
            # Else the log reaches the disk every 15 s. Clients before 0.31 do not know it.
            interval = "WANDB__TRANSACTION_LOG_FLUSH_INTERVAL"
            variables.setdefault(interval, environ.get(interval) or "1")
    return variables
