"""The folders that one run of TensorBoard lies in: its own, and those that writers put below it.

Keras writes the folders train and validation. `SummaryWriter.add_scalars("a/loss", {"x": 1})` of
torch writes the tag `a/loss` into a folder `a_loss_x`, one for each curve; its `add_hparams` writes
into a folder called by the time, of which several are trials, each a run. Any other folder with
event files is a run of its own, though one lies above it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .event_file import read_event_file
from .wire import WireError

__all__ = ["EventPart", "event_files", "has_phases", "is_event_file", "is_part", "parts_of"]

_EVENTS = re.compile(r"(?:.*\.)?tfevents\..*")
_PHASES = ("train", "validation", "eval", "test")
_TIME = re.compile(r"[0-9]{9,}\.[0-9]+")
_HEAD_BYTES = 64 * 1024  # enough to meet the tag of a curve


@dataclass(frozen=True, slots=True)
class EventPart:
    """An event file of a run; `folder` is the folder below the run's that it is in, "" for none."""

    path: Path
    folder: str = ""

    def metric(self, tag: str) -> str:
        """What a tag of the file is called in the run."""
        if self.folder in _PHASES:
            return f"{self.folder}/{tag}"
        start = _curves_of(tag)
        return f"{tag}/{self.folder[len(start) :]}" if self.folder.startswith(start) else tag


def is_event_file(name: str) -> bool:
    """Whether a file is called as event files are."""
    return _EVENTS.fullmatch(name) is not None


def event_files(folder: Path) -> list[Path]:
    """The event files in a folder, in order of their names."""
    return sorted(path for path in folder.iterdir() if path.is_file() and is_event_file(path.name))


def has_phases(folder: Path) -> bool:
    """Whether there are folders below one, as Keras writes them."""
    return any(one.name in _PHASES and one.is_dir() and event_files(one) for one in _below(folder))


def is_part(folder: Path) -> bool:
    """Whether a folder with event files belongs to the run in the folder above."""
    if folder.name in _PHASES:
        return True
    if _TIME.fullmatch(folder.name):
        return _is_only_trial(folder) and bool(event_files(folder.parent))
    return "_" in folder.name and bool(event_files(folder.parent)) and _is_curve(folder)


def parts_of(folder: Path) -> Iterator[EventPart]:
    """The event files of the run in a folder: its own, then those of each folder below."""
    yield from (EventPart(path) for path in event_files(folder))
    for one in _below(folder):
        if is_part(one):
            yield from (EventPart(path, one.name) for path in event_files(one))


def _below(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.is_dir())


def _curves_of(tag: str) -> str:
    """How the names of the folders begin that `add_scalars` makes of a tag."""
    return f"{tag.replace('/', '_')}_"


def _is_curve(folder: Path) -> bool:
    """Whether the tags in a folder are what its name says."""
    tags: set[str] = set()
    for path in event_files(folder)[:1]:
        try:
            with path.open("rb") as file:
                tags |= read_event_file(file.read(_HEAD_BYTES)).points.keys()
        except (OSError, WireError):
            return False  # what is wrong with it is told when it is read as a run
    return bool(tags) and all(folder.name.startswith(_curves_of(tag)) for tag in tags)


def _is_only_trial(folder: Path) -> bool:
    """Whether no folder beside is a trial too; of many the first two that are met tell."""
    return not any(
        one.name != folder.name and _TIME.fullmatch(one.name) and one.is_dir() and event_files(one)
        for one in folder.parent.iterdir()
    )
