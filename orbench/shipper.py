"""The shipper: moves journals into the store; idempotent, resumable, safe to run twice at once.

The store keeps, for each segment, how many of its bytes it holds. A stretch of a segment and that
watermark are stored in one transaction, and only if the watermark still stands where the stretch
begins: of two shippers with the same stretch one stores it and the other goes on behind it.

A segment whose writer is gone (its lock is free) is read to the end, torn tail included, and
closed. When the process that began a run is gone without having said how it ended, the run is
closed as killed. Segments that are wholly in the store are removed; one in which something was
cut is kept under `<journal>/damaged`.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .errors import JournalError, StoreError
from .events import ArtifactLogged, RunEnded, RunStarted
from .journal import BLOB_FOLDER, NO_LOCKS, SEGMENT_SUFFIX
from .journal_reader import SegmentReader, Stretch
from .run import LOST_AFTER_SECONDS, RunStatus
from .run_store import RunStore, Shipment

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["RecoveryReport", "RunShipper", "recover", "run_folders"]

DAMAGED_FOLDER = "damaged"


@dataclass(slots=True)
class RecoveryReport:
    """What `recover` did: one sentence for each thing a person should know, in order."""

    shipped_runs: list[str] = field(default_factory=list)
    ended_runs: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def sentences(self) -> list[str]:
        """The report as lines to print; empty when there is nothing to say."""
        lines = []
        if self.ended_runs:
            lines.append(
                f"closed as killed, with every point they logged: {', '.join(self.ended_runs)}"
            )
        return [*lines, *(f"journal damaged: {text}" for text in self.cut), *self.problems]


class RunShipper:
    """Ships the segments of one run; keeps its place in each between calls."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the run's folder in the journal; its name is the run id."""
        self.folder = folder
        self.run_id = folder.name
        self._readers: dict[str, SegmentReader] = {}
        self._done: set[str] = set()
        self.cut: list[str] = []

    def ship(self, store: RunStore, *, own: Path | None = None, ended: bool = False) -> int:
        """Ship all that is there; returns how many shipments were made.

        `own` is the segment that this process writes itself: it is alive, whatever its lock
        says, until `ended`.
        """
        count = 0
        for path in self.segments():
            gone = ended if path == own else _writer_is_gone(path)
            count += self._ship_segment(store, path, gone=gone)
        return count

    def segments(self) -> list[Path]:
        """The run's segments, oldest first."""
        with contextlib.suppress(FileNotFoundError):
            return sorted(self.folder.glob(f"*{SEGMENT_SUFFIX}"))
        return []

    def segment_id(self, path: Path) -> str:
        """The name by which the store knows a segment."""
        return f"{self.run_id}/{path.stem}"

    @property
    def complete(self) -> bool:
        """Whether every segment there is was closed and is in the store."""
        return all(path.name in self._done for path in self.segments())

    def _ship_segment(self, store: RunStore, path: Path, *, gone: bool) -> int:
        if path.name in self._done:
            return 0
        reader = self._readers.get(path.name)
        segment_id = self.segment_id(path)
        if reader is None:
            reader = SegmentReader(path)
            reader.skip_to(min(store.watermark(segment_id), path.stat().st_size))
            self._readers[path.name] = reader
        count = 0
        while True:
            stretch = reader.read(writer_gone=gone)
            at_end = stretch.end >= path.stat().st_size
            closing = gone and (at_end or stretch.end == stretch.start)
            if stretch.end > stretch.start or closing:
                count += self._store(store, segment_id, stretch, closing=closing)
                if reader.position != stretch.end:
                    continue
            if closing:
                self._done.add(path.name)
            if closing or at_end or stretch.end == stretch.start:
                return count

    def _store(self, store: RunStore, segment_id: str, stretch: Stretch, *, closing: bool) -> int:
        """Store a stretch; if another shipper was first, go to where the store is now."""
        shipment = Shipment(
            segment_id=segment_id,
            run_id=self.run_id,
            start=stretch.start,
            end=stretch.end,
            events=stretch.events,
            points=stretch.points,
            blobs=self._blobs(stretch),
            heartbeat=stretch.last_time,
            closed=closing,
            damage="; ".join(self._damage(segment_id, stretch)),
        )
        reader = self._readers[segment_id.partition("/")[2] + SEGMENT_SUFFIX]
        try:
            stored = store.ship(shipment)
        except BaseException:
            # Nothing was stored: read the same stretch again next time.
            self._readers.pop(reader.path.name)
            raise
        if not stored:
            reader.position = stretch.start
            reader.skip_to(min(store.watermark(segment_id), reader.path.stat().st_size))
            return 0
        self.cut.extend(self._damage(segment_id, stretch))
        return 1

    def _damage(self, segment_id: str, stretch: Stretch) -> list[str]:
        damage = [f"{segment_id}: {text}" for text in stretch.cut]
        if stretch.unknown:
            damage.append(f"{segment_id}: {stretch.unknown} events of a kind not known here")
        return damage

    def _blobs(self, stretch: Stretch) -> dict[str, Path]:
        folder = self.folder / BLOB_FOLDER
        logged = (event for event in stretch.events if isinstance(event, ArtifactLogged))
        # A hash from the file is a name only if it looks like one.
        names = {event.sha256 for event in logged if event.sha256.isalnum()}
        return {name: folder / name for name in names if (folder / name).is_file()}

    def end_as_killed(self, store: RunStore) -> bool:
        """Close a run whose owner is gone and has not said how it ended; False if it has."""
        owners = [path for path in self.segments() if _is_owner(path)]
        if not owners or not all(_writer_is_gone(path) for path in self.segments()):
            return False
        record = store.details(self.run_id).record
        if record.status not in (RunStatus.RUNNING, RunStatus.LOST):
            return False
        last = max(path.stat().st_mtime for path in self.segments())
        path = owners[-1]
        offset = store.watermark(self.segment_id(path))
        event = RunEnded(
            status=RunStatus.KILLED, ended=last, error="its process died without ending the run"
        )
        shipment = Shipment(
            self.segment_id(path), self.run_id, offset, offset, events=(event,), closed=True
        )
        return store.ship(shipment)

    def clear(self) -> None:
        """Remove what is wholly in the store; damaged segments are set aside, not removed."""
        if not self.complete:
            return
        if self.cut:
            aside = self.folder.parent / DAMAGED_FOLDER
            aside.mkdir(exist_ok=True)
            with contextlib.suppress(OSError):
                self.folder.rename(aside / f"{self.run_id}-{time.time_ns():x}")
            return
        for path in [*self.segments(), *(self.folder / BLOB_FOLDER).glob("*")]:
            path.unlink(missing_ok=True)
        for folder in (self.folder / BLOB_FOLDER, self.folder):
            with contextlib.suppress(OSError):
                folder.rmdir()


def run_folders(journal: Path) -> Iterator[Path]:
    """The folders of the runs that have something in the journal, oldest name first."""
    with contextlib.suppress(FileNotFoundError):
        for folder in sorted(journal.iterdir()):
            if folder.is_dir() and folder.name != DAMAGED_FOLDER:
                yield folder


def recover(
    store: RunStore, journal: Path, *, progress: Callable[[str], None] | None = None
) -> RecoveryReport:
    """Ship what earlier processes left in the journal and close the runs that were killed.

    Runs that are being recorded are shipped too, as far as they are, and left open. A problem
    with one run is reported and does not keep the others from being shipped.
    """
    report = RecoveryReport()
    for folder in run_folders(journal):
        shipper = RunShipper(folder)
        if not shipper.segments():
            continue
        if progress is not None:
            progress(folder.name)
        try:
            if shipper.ship(store):
                report.shipped_runs.append(folder.name)
            if shipper.end_as_killed(store):
                report.ended_runs.append(folder.name)
            if shipper.complete:
                store.compact(folder.name)
            shipper.clear()
        except FileNotFoundError:
            continue  # another shipper was faster and has cleared the folder
        except (StoreError, JournalError, OSError) as error:
            report.problems.append(f"the journal of run {folder.name} waits: {error}")
        report.cut.extend(shipper.cut)
    return report


def _is_owner(path: Path) -> bool:
    """Whether the writer of this segment began (or resumed) the run."""
    reader = SegmentReader(path)
    stretch = reader.read(writer_gone=False, at_most=64 * 1024)
    if reader.opened is not None:
        return reader.opened.owner
    return any(isinstance(event, RunStarted) and not event.attached for event in stretch.events)


def _writer_is_gone(path: Path) -> bool:
    """Whether the process that wrote a segment is dead: its lock is free.

    Where the file system has no locks, a segment that was not written to for
    `LOST_AFTER_SECONDS` counts as left.
    """
    if fcntl is not None:
        try:
            fd = os.open(path, os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
        else:
            return True
        finally:
            os.close(fd)
    return time.time() - path.stat().st_mtime > LOST_AFTER_SECONDS
