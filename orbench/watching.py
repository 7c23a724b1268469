"""Watching: what a program logs with other tools goes into the run that `orbench record` records.

    with watching(run, [parse_watch("tensorboard:runs")], say):
        ...  # the program runs

A thread looks into each folder about once a second and logs what is new there, with the steps and
times that the tool wrote, and once more when the program has ended. What lay there before the
program began stays out. The program waits for none of it, and nothing that fails here ends it.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .errors import ImportFileError, OrbenchError, UsageError, near
from .events import RunStarted

if TYPE_CHECKING:
    from .importers.imported import FoundPath
    from .importers.source_run import SourceRun
    from .recorder import Run
    from .run import JsonValue
    from .run_store import Points

__all__ = ["WATCHED_KINDS", "FolderReader", "Watch", "parse_watch", "watching"]

LOOK_SECONDS = 1.0
"""How often a folder is looked into; less often where reading it takes long."""

SETTLE_SECONDS = 1.0
"""Points younger than this wait for the next look: of several files a row may still be coming."""

# Of a log that knows only how long ago something was, times are as exact as the file's.
_SAME_SECONDS = 0.5

# A look may take this part of the time.
_SHARE = 0.05


class FolderReader(Protocol):
    """What a kind knows: the runs in a folder, and all that one of them says so far."""

    def find(self, folder: Path) -> list[FoundPath]:
        """The runs in a folder; raises ImportFileError where there is none."""
        ...

    def read(self, found: FoundPath) -> SourceRun:
        """A run as it is now; raises ImportFileError for what cannot be read (yet)."""
        ...


class _Sb3Reader:
    def find(self, folder: Path) -> list[FoundPath]:
        from .importers.sb3 import find_sb3

        return find_sb3(folder)

    def read(self, found: FoundPath) -> SourceRun:
        from .importers.sb3 import read_sb3

        return read_sb3(found)


class _TensorboardReader:
    def find(self, folder: Path) -> list[FoundPath]:
        from .importers.tensorboard import TensorboardImporter

        return TensorboardImporter().find([folder])

    def read(self, found: FoundPath) -> SourceRun:
        from .importers.tensorboard import TensorboardImporter, read_tensorboard

        return read_tensorboard(found, TensorboardImporter().pattern)


WATCHED_KINDS: Mapping[str, Callable[[], FolderReader]] = {
    "sb3": _Sb3Reader,
    "tensorboard": _TensorboardReader,
}
"""The kinds of `--watch KIND:DIR`."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A folder that is watched, and what writes there."""

    kind: str
    folder: Path


def parse_watch(text: str) -> Watch:
    """The watch that `KIND:DIR` says; raises UsageError."""
    kind, colon, folder = text.partition(":")
    if not colon or not folder:
        raise UsageError(f"--watch '{text}' is not KIND:DIR, as in tensorboard:runs")
    if kind not in WATCHED_KINDS:
        raise UsageError(
            f"--watch '{text}': there is no kind '{kind}'{near(kind, WATCHED_KINDS)}; kinds are "
            f"{', '.join(WATCHED_KINDS)}"
        )
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise UsageError(f"--watch '{text}': {folder} is a file; name the folder it lies in")
    return Watch(kind, path)


@contextlib.contextmanager
def watching(run: Run, watches: Sequence[Watch], say: Callable[[str], None]) -> Iterator[None]:
    """Log what is new in the folders into a run, while the block runs and at its end."""
    if not watches:
        yield
        return
    watchers = [_Watcher(run, watch, say) for watch in watches]
    ended = threading.Event()
    thread = threading.Thread(
        target=_look_until, args=(ended, watchers), name="orbench-watch", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        if not run.ended:
            for watcher in watchers:
                watcher.finish()


def _look_until(ended: threading.Event, watchers: Sequence[_Watcher]) -> None:
    wait = LOOK_SECONDS
    while not ended.wait(wait):
        before = time.monotonic()
        for watcher in watchers:
            watcher.look()
        wait = max(LOOK_SECONDS, (time.monotonic() - before) / _SHARE)


@dataclass(slots=True)
class _Logged:
    """How much of a series is logged: the points, and the last of them.

    `before` is the wall time of that point where it lay there before the program began.
    """

    count: int = 0
    last: tuple[int, bytes] | None = None
    before: float | None = None


@dataclass(slots=True)
class _Watcher:
    """Logs what is new in one folder; of several threads, one at a time."""

    run: Run
    watch: Watch
    say: Callable[[str], None]
    reader: FolderReader = field(init=False)
    _logged: dict[tuple[Path, str], _Logged] = field(default_factory=dict)
    _configs: dict[Path, object] = field(default_factory=dict)
    _seen: tuple[tuple[str, int, int], ...] = ()
    _waiting: bool = False
    _own: Path | None = None
    _failures: dict[Path, str] = field(default_factory=dict)
    _refused: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Note what lies there already: it is not the program's."""
        self.reader = WATCHED_KINDS[self.watch.kind]()
        self._seen = self._state()
        for found, source in self._runs():
            self._configs[found.path] = source.config
            for metric, points in source.points.items():
                if len(points.steps):
                    self._mark(found.path, metric, points, len(points.steps))
                    self._logged[found.path, metric].before = float(points.wall_times[-1])
        self._failures.clear()
        if self._logged:
            count = sum(one.count for one in self._logged.values())
            self.say(
                f"{self.watch.folder} has {count:,} points from before, which stay out; "
                f"orbench import {self.watch.kind} {self.watch.folder} brings them"
            )

    def look(self) -> None:
        """Log what is new and settled. What fails is tried again at the next look."""
        state = self._state()
        if state == self._seen and not self._waiting:
            return
        self._seen = state
        self._waiting = self._log_new(time.time() - SETTLE_SECONDS)

    def finish(self) -> None:
        """Log all that is new, and say what could not be read."""
        self._log_new(float("inf"))
        for failure in self._failures.values():
            self.say(f"not watched to its end: {failure}")

    def _state(self) -> tuple[tuple[str, int, int], ...]:
        """What tells that a file has changed, for every file in the folder."""
        state = []
        for place, _, names in os.walk(self.watch.folder):
            for name in names:
                with contextlib.suppress(OSError):
                    path = os.path.join(place, name)  # noqa: PTH118 - of many files, often
                    told = os.stat(path)  # noqa: PTH116
                    state.append((path, told.st_size, told.st_mtime_ns))
        return tuple(state)

    def _runs(self) -> Iterator[tuple[FoundPath, SourceRun]]:
        """The runs that can be read at this moment."""
        try:
            places = self.reader.find(self.watch.folder)
        except (OrbenchError, OSError):
            return  # nothing is there yet
        for found in places:
            try:
                source = self.reader.read(found)
            except (ImportFileError, OSError, ValueError) as error:
                self._failures[found.path] = " ".join(str(error).split())
                continue
            self._failures.pop(found.path, None)
            yield found, source

    def _log_new(self, until: float) -> bool:
        """Log what is new up to a time; returns whether there is more to log later."""
        later = False
        try:
            for found, source in self._runs():
                self._log_config(found, source)
                for metric, points in source.points.items():
                    later |= self._log_points(found, metric, points, until)
        except Exception as error:  # the program goes on, whatever this is
            self._failures[self.watch.folder] = f"{type(error).__name__}: {error}"
            later = True
        return later

    def _log_config(self, found: FoundPath, source: SourceRun) -> None:
        if self._configs.get(found.path) == source.config or not (source.config or source.points):
            return
        self._configs[found.path] = source.config
        place = self._place(found.path)
        if not place:
            self.run.emit(_names(source.told, self.run.started))
        if source.config:
            self.run.config.update({place: source.config} if place else source.config)

    def _log_points(self, found: FoundPath, metric: str, points: Points, until: float) -> bool:
        start = self._start(found.path, metric, points)
        end = start
        # In the order of the file: a younger point holds up those behind it.
        while end < len(points.steps) and points.wall_times[end] <= until:
            end += 1
        if end == start:
            return start < len(points.steps)
        place = self._place(found.path)
        name = f"{place}/{metric}" if place else metric
        rows = (points.steps, points.values, points.wall_times)
        steps, values, times = (one[start:end].tolist() for one in rows)
        try:
            for step, value, wall_time in zip(steps, values, times, strict=True):
                self.run.writer.log_at({name: value}, step, wall_time)
                start += 1
        except (UsageError, ValueError) as error:
            if name not in self._refused:
                self._refused.add(name)
                self.say(f"{found.name}: {error}")
            start = end
        finally:
            self._mark(found.path, metric, points, start)
        return end < len(points.steps)

    def _start(self, path: Path, metric: str, points: Points) -> int:
        """The first point that is not logged; from 0 where a file was begun anew."""
        logged = self._logged.get((path, metric), _Logged())
        if logged.count > len(points.steps) or logged.last != _point(points, logged.count - 1):
            return 0
        # The same numbers at another time: the same training with the same seed, once more.
        again = logged.before is not None and (
            abs(points.wall_times[logged.count - 1] - logged.before) > _SAME_SECONDS
        )
        return 0 if again else logged.count

    def _mark(self, path: Path, metric: str, points: Points, count: int) -> None:
        self._logged[path, metric] = _Logged(count, _point(points, count - 1))

    def _place(self, path: Path) -> str:
        """What the metrics of a run are called by: nothing for the first, else its folder."""
        if self._own is None:
            self._own = path
        return "" if path == self._own else path.relative_to(self.watch.folder).as_posix()


def _names(told: Mapping[str, JsonValue], started: float) -> RunStarted:
    """What a log says of the names of its run, which fills the gaps that the person left."""
    env_id, exp_name, seed = told.get("env_id"), told.get("exp_name"), told.get("seed")
    if isinstance(seed, str) and seed.isdigit() and len(seed) < 19:
        seed = int(seed)
    return RunStarted(
        started=started,
        attached=True,
        env_id=env_id if isinstance(env_id, str) else "",
        exp_name=exp_name if isinstance(exp_name, str) else "",
        seed=seed if isinstance(seed, int) else None,
    )


def _point(points: Points, place: int) -> tuple[int, bytes] | None:
    """A point, to know it again; NaN as any other value."""
    if place < 0:
        return None
    return int(points.steps[place]), points.values[place].tobytes()
