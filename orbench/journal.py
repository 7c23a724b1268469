"""The journal: an append-only file per recording process, beside the store.

Layout of the folders, `<journal>` being `settings.journal_folder(url)`:

```
<journal>/<run id>/<segment>.seg     one per process that logs into the run
<journal>/<run id>/blobs/<sha256>    files that were logged as artifacts
<journal>/damaged/<run id>/...       segments in which something had to be cut
```

A segment is the magic `ORBJ`, a version byte and three bytes of 0, then frames, little-endian:

```
frame   = length: u32, crc32 of the body: u32, body
body    = 1, msgpack map                                     opened: who writes (first frame)
        | 2, layout: u32, msgpack list of metric names       layout: the names of points to come
        | 3, layout: u32, step: i64, wall time: f64, f64...  points: one call of `log`
        | 4, msgpack map                                     event: see `events`
```

One call of `log` is one write(2) of one frame to a file opened with O_APPEND: once it returned,
the kernel has the bytes, and the death of the process cannot take them back. A background thread
calls fsync every few seconds against power loss. The writer holds a lock (flock) on its segment
for life; the kernel lets go of it when the process dies, which is how a shipper knows.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import SupportsFloat
from zlib import crc32

import msgspec

from .errors import JournalError, JournalFullError, RunEndedError
from .events import Event, encode_event
from .logged_values import as_float, check_metric_name, checked_step, step_error
from .notices import warn

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no flock; liveness falls back to file times
    fcntl = None  # type: ignore[assignment]

__all__ = [
    "BLOB_FOLDER",
    "EVENT",
    "FRAME",
    "LAYOUT",
    "MAGIC",
    "MAX_FRAME_BYTES",
    "NO_LOCKS",
    "OPENED",
    "POINTS",
    "POINT_HEAD",
    "SEGMENT_SUFFIX",
    "JournalWriter",
    "SegmentOpened",
]

MAGIC = b"ORBJ\x01\x00\x00\x00"
OPENED, LAYOUT, POINTS, EVENT = 1, 2, 3, 4
FRAME = struct.Struct("<II")
LAYOUT_HEAD = struct.Struct("<BI")
POINT_HEAD = struct.Struct("<BIqd")
SEGMENT_SUFFIX = ".seg"
BLOB_FOLDER = "blobs"

MAX_FRAME_BYTES = 64 * 1024 * 1024
# What is held in memory while the disk is full before `log` refuses to go on.
MAX_HELD_BYTES = 64 * 1024 * 1024
_RETRY_SECONDS = 1.0

# What flock answers on a file system that has no locks.
NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL)
_OUT_OF_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class SegmentOpened(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first frame of a segment: which run it belongs to and who writes it.

    `owner`: this process began (or resumed) the run, so its death ends the run.
    """

    run_id: str
    host: str
    pid: int
    opened: float
    owner: bool = False


class JournalWriter:
    """Writes one process's segment of a run's journal.

    `log` and `write_event` may be called from several threads. After a fork the child goes on in
    a segment of its own. On a full disk frames are held in memory, in order, up to
    `MAX_HELD_BYTES`, and written as soon as there is room; `close` raises if they never were.
    """

    def __init__(self, folder: Path, run_id: str, *, owner: bool) -> None:
        """Opens nothing yet: the segment is made with the first frame."""
        self.folder = folder
        self.run_id = run_id
        self._owner = owner
        self._fd = -1
        self._closed = False
        self._lock = threading.RLock()
        self._layouts: dict[tuple[str, ...], tuple[struct.Struct, int]] = {}
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._retry_at = 0.0
        self._unsynced = False
        self.segment: Path | None = None
        _live_writers.add(self)

    # -- the hot path

    def log(self, metrics: Mapping[str, SupportsFloat], step: int) -> None:
        """Append one frame with these metrics at this step and the present wall time.

        Raises MetricValueError, StepError, RunEndedError, or JournalFullError when the disk has
        been full for longer than memory can bridge.
        """
        try:
            layout, number = self._layouts[tuple(metrics)]
            if step >> 63:
                raise step_error(step)
            body = layout.pack(POINTS, number, step, time.time(), *metrics.values())
        except (KeyError, TypeError, struct.error, ValueError, OverflowError, Warning):
            body = self._pack_with_care(metrics, step)
        frame = FRAME.pack(len(body), crc32(body)) + body
        self._unsynced = True
        if self._held or self._fd < 0:
            self._write_with_care(frame)
            return
        try:
            written = os.write(self._fd, frame)
        except OSError as error:
            self._after_failed_write(frame, 0, error)
            return
        if written != len(frame):
            self._after_failed_write(frame, written, None)

    def log_at(self, metrics: Mapping[str, SupportsFloat], step: int, wall_time: float) -> None:
        """`log`, of what was measured at another time (seconds since the epoch)."""
        body = self._pack_with_care(metrics, step, wall_time)
        self._unsynced = True
        self._write_with_care(FRAME.pack(len(body), crc32(body)) + body)

    def _pack_with_care(
        self, metrics: Mapping[str, SupportsFloat], step: int, wall_time: float | None = None
    ) -> bytes:
        """The body for metrics that are new, or not plain numbers, or wrong; now by default."""
        layout, number = self._layout(tuple(metrics))
        step = checked_step(step)
        values = [as_float(name, value) for name, value in metrics.items()]
        now = time.time() if wall_time is None else wall_time
        return layout.pack(POINTS, number, step, now, *values)

    def _layout(self, names: tuple[str, ...]) -> tuple[struct.Struct, int]:
        with self._lock:
            # A fork or a first write has to open the segment before the layouts are its own.
            self._ensure_open()
            known = self._layouts.get(names)
            if known is None:
                for name in names:
                    check_metric_name(name)
                number = len(self._layouts)
                known = struct.Struct(f"{POINT_HEAD.format}{len(names)}d"), number
                self._append(LAYOUT_HEAD.pack(LAYOUT, number) + msgspec.msgpack.encode(names))
                self._layouts[names] = known
        return known

    # -- the rest

    def write_event(self, event: Event) -> None:
        """Append one event."""
        self._append(bytes((EVENT,)) + encode_event(event))

    def sync(self) -> None:
        """Write what is held, then make all that was written survive a power loss."""
        with self._lock:
            if self._held:
                self._retry_held()
            if self._fd >= 0 and self._unsynced:
                self._unsynced = False
                os.fsync(self._fd)

    def close(self) -> None:
        """Sync and let go of the segment; raises JournalFullError if something stayed unwritten."""
        with self._lock:
            self.sync()
            self._closed = True
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1
            self._layouts.clear()
            if self._held:
                raise JournalFullError(
                    f"the disk of {self.folder} is full: {len(self._held)} records "
                    f"({self._held_bytes} bytes) of run {self.run_id} could not be written; "
                    "free some space"
                )

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def _append(self, body: bytes) -> None:
        if len(body) > MAX_FRAME_BYTES:
            raise JournalError(
                f"one record may have {MAX_FRAME_BYTES} bytes, this has {len(body)}; "
                "log a large value as an artifact"
            )
        self._unsynced = True
        self._write_with_care(FRAME.pack(len(body), crc32(body)) + body)

    def _write_with_care(self, frame: bytes) -> None:
        """Write a frame after those held back, opening the segment if need be."""
        with self._lock:
            self._ensure_open()
            if self._held:
                if time.monotonic() >= self._retry_at:
                    self._retry_held()
                if self._held:
                    self._hold(frame)
                    return
            try:
                written = os.write(self._fd, frame)
            except OSError as error:
                self._after_failed_write(frame, 0, error)
                return
            if written != len(frame):
                self._after_failed_write(frame, written, None)

    def _after_failed_write(self, frame: bytes, written: int, error: OSError | None) -> None:
        """Undo a torn frame and hold it in memory, or raise if it is not for want of space."""
        with self._lock:
            if self._closed or self._fd < 0:
                raise RunEndedError(f"run {self.run_id} has ended; nothing can be logged to it")
            if written:
                self._cut_tail(written)
            if error is not None and error.errno not in _OUT_OF_SPACE:
                raise JournalError(f"cannot write the journal {self.segment}: {error}") from error
            if not self._held:
                warn(
                    f"the disk of {self.folder} is full; run {self.run_id} keeps its points in "
                    "memory until there is room"
                )
            self._hold(frame)

    def _cut_tail(self, written: int) -> None:
        """Take a torn frame off the end; if another thread wrote behind it, a reader skips it."""
        size = os.fstat(self._fd).st_size
        os.ftruncate(self._fd, size - written)

    def _hold(self, frame: bytes) -> None:
        if self._held_bytes + len(frame) > MAX_HELD_BYTES:
            raise JournalFullError(
                f"the disk of {self.folder} is full and {self._held_bytes} bytes of run "
                f"{self.run_id} wait in memory; free some space"
            )
        self._held.append(frame)
        self._held_bytes += len(frame)
        self._retry_at = time.monotonic() + _RETRY_SECONDS

    def _retry_held(self) -> None:
        """Write what is held, in order, as far as there is room."""
        self._retry_at = time.monotonic() + _RETRY_SECONDS
        done = 0
        for frame in self._held:
            try:
                written = os.write(self._fd, frame)
            except OSError as error:
                if error.errno not in _OUT_OF_SPACE:
                    raise JournalError(f"cannot write {self.segment}: {error}") from error
                written = 0
            if written != len(frame):
                self._cut_tail(written)
                break
            done += 1
            self._held_bytes -= len(frame)
        del self._held[:done]

    def _ensure_open(self) -> None:
        if self._closed:
            raise RunEndedError(f"run {self.run_id} has ended; nothing can be logged to it")
        if self._fd >= 0:
            return
        opened = SegmentOpened(
            self.run_id, socket.gethostname(), os.getpid(), time.time(), self._owner
        )
        body = bytes((OPENED,)) + msgspec.msgpack.encode(opened)
        name = f"{time.time_ns():x}-{os.getpid()}"
        try:
            self._fd = _locked_file(
                self.folder, name, MAGIC + FRAME.pack(len(body), crc32(body)) + body
            )
        except OSError as error:
            raise JournalError(
                f"cannot make a journal in {self.folder}: {error.strerror}; give a writable place "
                "with --store or ORBENCH_JOURNAL"
            ) from error
        self.segment = self.folder / f"{name}{SEGMENT_SUFFIX}"

    def _after_fork(self) -> None:
        """In a child: leave the parent's segment to the parent and begin one's own when needed."""
        self._lock = threading.RLock()
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1
        self._owner = False
        self._layouts.clear()
        self._held.clear()
        self._held_bytes = 0
        self.segment = None


def _locked_file(folder: Path, name: str, head: bytes) -> int:
    """Make a segment that is locked and has its head before anyone can see it by its name.

    The lock is held until the process dies; file systems without flock are told by file times.
    """
    folder.mkdir(parents=True, exist_ok=True)
    unnamed = folder / f"{name}.new"
    fd = os.open(unnamed, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
    try:
        if fcntl is not None:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in NO_LOCKS:
                    raise
        if os.write(fd, head) != len(head):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        unnamed.rename(folder / f"{name}{SEGMENT_SUFFIX}")
    except BaseException:
        os.close(fd)
        unnamed.unlink(missing_ok=True)
        raise
    return fd


# Writers that a fork has to know of; weak, so that a forgotten run can go.
_live_writers: weakref.WeakSet[JournalWriter] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for writer in list(_live_writers):
        writer._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
