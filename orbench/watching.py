"""Watching: what a program logs with other tools goes into the run that `orbench record` records.

    with watching(run, [parse_watch("tensorboard:runs")], say) as watched:
        ...  # the program runs
    watched.finish(ending)

A thread looks into each folder about once a second and logs what is new there, with the steps and
times that the tool wrote, and once more when the program has ended. What lay there before the
program began stays out. The program waits for none of it, and nothing that fails here ends it.

The first run in a folder, the one that began first of those that are found together, is the
recorded run. Each further one is a run of its own, a child of the recorded run.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import OrbenchError
from .events import RunEnded
from .starting import start_child
from .watched_files import Files, files_in, files_of
from .watched_kinds import WATCHED_KINDS, FolderReader, Watch
from .watched_log import WatchedLog
from .wording import number_of

if TYPE_CHECKING:
    from .importers.imported import FoundPath
    from .importers.source_run import SourceRun
    from .recorder import Run

__all__ = ["Watching", "watching"]

LOOK_SECONDS = 1.0
"""How often a folder is looked into; less often where reading it takes long."""

SETTLE_SECONDS = 1.0
"""Points younger than this wait for the next look: of several files a row may still be coming."""

# A look may take this part of the time.
_SHARE = 0.05

# Each run that is being recorded has a file open. What is beyond waits for the program's end.
_MOST_OPEN = 200
_NOTES_AT_MOST = 20


@contextlib.contextmanager
def watching(run: Run, watches: Sequence[Watch], say: Callable[[str], None]) -> Iterator[Watching]:
    """Log what is new in the folders into a run while the block runs; the rest with `finish`."""
    owners: dict[str, str] = {}
    watched = Watching([_Watcher(run, watch, say, owners) for watch in watches])
    if not watches:
        yield watched
        return
    ended = threading.Event()
    thread = threading.Thread(
        target=watched.look_until, args=(ended,), name="orbench-watch", daemon=True
    )
    thread.start()
    try:
        yield watched
    finally:
        ended.set()
        thread.join()


class Watching:
    """The folders that are watched for one run."""

    def __init__(self, watchers: Sequence[_Watcher]) -> None:
        """For `watching`."""
        self._watchers = watchers

    def look_until(self, ended: threading.Event) -> None:
        """Look into the folders again and again; a thread's body."""
        wait = LOOK_SECONDS
        while not ended.wait(wait):
            before = time.monotonic()
            for watcher in self._watchers:
                watcher.look()
            wait = max(LOOK_SECONDS, (time.monotonic() - before) / _SHARE)

    def finish(self, ending: RunEnded) -> None:
        """Log all that is new, end the child runs, and say what is left out.

        `ending` is how the program ended, and so did the runs whose logs say no end.
        """
        for watcher in self._watchers:
            try:
                watcher.finish(ending)
            except Exception as error:  # the run ends, whatever this is
                watcher.say(f"not watched to its end: {type(error).__name__}: {error}")


@dataclass(slots=True)
class _Watcher:
    """Logs what is new in one folder; of several threads, one at a time."""

    run: Run
    watch: Watch
    say: Callable[[str], None]
    owners: dict[str, str]
    _reader: FolderReader = field(init=False)
    _folder: Path = field(init=False)
    _logs: dict[Path, WatchedLog] = field(default_factory=dict)
    _children: list[str] = field(default_factory=list)
    _began: float = field(default_factory=time.time)
    _before: set[Path] = field(default_factory=set)
    _open: int = 0
    _taken: bool = False
    _seen: Files = field(default_factory=list)
    # Of each run, its files when all of it was logged.
    _done: dict[Path, Files] = field(default_factory=dict)
    _waiting: bool = False
    _failures: dict[Path, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Note what lies there already: it is not the program's."""
        assert self.watch.folder is not None, "the watch has a folder by now"
        self._reader = WATCHED_KINDS[self.watch.kind]()
        self._folder = self.watch.folder.absolute()
        self._seen = files_in(self._folder)
        if self._reader.dated:
            self._leave_out()
        else:
            self._note_before()

    def _leave_out(self) -> None:
        """Read none of the logs that are there: the program is not to wait for that.

        What it adds to one is told by its time; to one that only grows it adds nothing.
        """
        found = self._found()
        for one in found:
            if self._reader.only_grows:
                self._logs[one.path] = WatchedLog(one.name, only_grows=True, whole=True)
            self._done[one.path] = files_of(one.path, self._seen)
            self._before.add(one.path)
        if found:
            self._say_before(number_of(len(found), "run"))

    def _note_before(self) -> None:
        """Note how far the logs that are there go, as their times do not tell it."""
        count = runs = 0
        for found, source, files in self._changed(self._seen):
            log = WatchedLog(found.name, only_grows=False)
            points = log.note_before(source)
            self._logs[found.path], self._done[found.path] = log, files
            count, runs = count + points, runs + bool(points)
        self._failures.clear()
        if count:
            self._say_before(f"{number_of(runs, 'run')} with {number_of(count, 'point')}")

    def _say_before(self, what: str) -> None:
        self.say(f"{self.watch.folder} has {what} from before, which stay out{self._hint}")

    @property
    def _hint(self) -> str:
        return f"; orbench import {self.watch.kind} {self.watch.folder} brings what is missing"

    def look(self) -> None:
        """Log what is new and settled. What fails is tried again at the next look."""
        files = files_in(self._folder)
        if files == self._seen and not self._waiting:
            return
        self._seen = files
        self._waiting = self._log_new(files, time.time() - SETTLE_SECONDS)

    def finish(self, ending: RunEnded) -> None:
        """Log all that is new, end what was begun, and say what could not be read."""
        self._log_new(files_in(self._folder), float("inf"), ending)
        for log in self._logs.values():
            if log.run is not None and not log.whole:
                self._close(log, log.run, ending)
        for path, failure in self._failures.items():
            begun = self._logs.get(path)
            unlogged = begun is not None and begun.run is None
            self.say(f"not watched to its end: {failure}{self._hint if unlogged else ''}")
        if not self._taken and not self._failures:
            self.say(self._nothing_came())
        if self._children:
            shown = ", ".join(self._children[:_NOTES_AT_MOST])
            more = len(self._children) - _NOTES_AT_MOST
            self.say(
                f"{self.watch.folder} has {number_of(len(self._children) + 1, 'run')}: the first "
                f"is {self.run.run_id}, its child runs are {shown}"
                + (f" and {more:,} more" if more > 0 else "")
            )

    def _nothing_came(self) -> str:
        try:
            self._reader.find(self._folder)
        except Exception as error:
            why = str(error).replace(str(self._folder), str(self.watch.folder))
        else:
            why = f"{self.watch.folder}: nothing new came"
        hint = self._reader.hint
        return f"--watch {self.watch} found nothing: {why}{hint and f'; {hint}'}"

    def _found(self) -> list[FoundPath]:
        """The runs that are there, of which nothing may be yet."""
        try:
            return self._reader.find(self._folder)
        except Exception:  # of a folder in the making, whatever this is
            return []

    def _changed(
        self, files: Files, *, last: bool = False
    ) -> Iterator[tuple[FoundPath, SourceRun, Files]]:
        """The runs that can be read at this moment and are not logged as they are.

        With `last` those that are, too, if the program wrote them: their ends are not logged.
        """
        for found in self._found():
            log, own = self._logs.get(found.path), files_of(found.path, files)
            if log is not None and log.whole:
                continue
            wanted = last and log is not None and log.run is not None
            if self._done.get(found.path) == own and not wanted:
                continue
            try:
                source = self._reader.read(found)
            except Exception as error:  # of a file in the making, whatever this is
                self._failures[found.path] = " ".join(str(error).split()) or repr(error)
                continue
            self._failures.pop(found.path, None)
            yield found, source, own

    def _log_new(self, files: Files, until: float, ending: RunEnded | None = None) -> bool:
        """Log what is new up to a time; returns whether there is more to log later."""
        runs = self._changed(files, last=ending is not None)
        if not self._taken:
            runs = iter(sorted(runs, key=lambda one: one[1].started))
        later = False
        for found, source, own in runs:
            try:
                goes_on = self._log_run(found, source, until, ending)
            except Exception as error:  # the program goes on, whatever this is
                self._failures[found.path] = f"{found.name}: {type(error).__name__}: {error}"
                goes_on = True
            if goes_on:
                later = True
            else:
                self._done[found.path] = own
        return later

    def _log_run(
        self, found: FoundPath, source: SourceRun, until: float, ending: RunEnded | None
    ) -> bool:
        """`_log_new` of one run, which goes on or ends."""
        log = self._logs.get(found.path)
        if log is None:
            log = self._logs[found.path] = WatchedLog(found.name, self._reader.only_grows)
            if found.path in self._before:
                log.note_before(source, self._began)
        if log.run is None:
            if not log.has_news(source):
                return False
            if self._open >= _MOST_OPEN and ending is None:
                return True
            log.run = self._begin(log, source)
        later = log.log(log.run, source, until, self.say)
        over = source.exit_code is not None and log.run is not self.run and not later
        if ending is None and not over:
            return later
        log.log(log.run, source, float("inf"), self.say)
        log.log_end(log.run, self.watch.kind, source, self.say)
        for note in source.notes[:_NOTES_AT_MOST]:
            self.say(note)
        self._close(log, log.run, ending, source)
        return False

    def _begin(self, log: WatchedLog, source: SourceRun) -> Run:
        """The run that a log goes into: the recorded one, or a new child of it."""
        if not self._taken:
            self._taken = True
            log.owners = self.owners
            return self.run
        child = start_child(self.run, _between(self.run.started, source.started))
        self._open += 1
        self._children.append(child.run_id)
        return child

    def _close(
        self, log: WatchedLog, run: Run, ending: RunEnded | None, source: SourceRun | None = None
    ) -> None:
        """Want no more of a log, and end its run if it is a child."""
        log.whole = True
        if run is self.run:
            return
        self._open -= 1
        told = ending
        if source is not None and source.exit_code is not None:
            told = RunEnded(status=source.status, ended=source.ended, exit_code=source.exit_code)
        assert told is not None, "a log that says no end is closed when the program has ended"
        ended = told.ended if source is None else source.ended
        try:
            run.finish(
                told.status,
                exit_code=told.exit_code,
                signal=told.signal,
                error=told.error,
                ended=_between(run.started, ended),
            )
        except OrbenchError as error:
            self.say(str(error))


def _between(earliest: float, when: float) -> float:
    """A time that a log tells, not before the earliest that it can be and not to come."""
    return max(earliest, min(when, time.time()))
