"""Passing on what a program writes, byte for byte, while somebody takes a copy.

For each of stdout and stderr the program gets a pseudo-terminal where ours is a terminal, else a
pipe. Where stdout and stderr are one file or pipe (`2>&1`) the program gets one pipe for both:
the order of what it writes is exact, and all counts as stdout. Streams with different
destinations are passed on by threads of their own, so that one that is not read blocks no other.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import stat
import termios
import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from .errors import OrbenchError

__all__ = ["Pump", "Stream", "open_streams", "pumps_for"]

_READ_BYTES = 256 * 1024
# What a pipe can hold when its reader stops: a program cannot have left more behind.
_PIPE_BYTES = 1024 * 1024

_NAMES = {1: "stdout", 2: "stderr"}

Take = Callable[[str, memoryview], None]


@dataclass(slots=True)
class Stream:
    """One way out of the program.

    name: stdout or stderr. source: where we read what it writes. child_end: what the program
    gets as the descriptors in `numbers`. destination: where it goes. terminal: both are one.
    cut: why passing on ended early, in words.
    """

    name: str
    source: int
    child_end: int
    destination: int
    numbers: tuple[int, ...]
    terminal: bool
    cut: str = field(default="")

    def close_child_end(self) -> None:
        """After the program was started: only it (and its children) hold that end now."""
        os.close(self.child_end)

    def resize(self) -> None:
        """Give the pseudo-terminal the size of the real one."""
        if self.terminal:
            with contextlib.suppress(OSError, termios.error):
                termios.tcsetwinsize(self.source, termios.tcgetwinsize(self.destination))


def open_streams(numbers: Collection[int] = (1, 2)) -> list[Stream]:
    """The streams between a program to be started and these of our own stdout (1), stderr (2)."""
    if len(numbers) == 2 and _is_one_file(1, 2):
        return [_open_stream(1, (1, 2))]
    return [_open_stream(number, (number,)) for number in sorted(numbers)]


def _open_stream(destination: int, numbers: tuple[int, ...]) -> Stream:
    terminal = os.isatty(destination)
    source, child_end = _open_terminal(destination) if terminal else os.pipe()
    stream = Stream(_NAMES[destination], source, child_end, destination, numbers, terminal)
    stream.resize()
    return stream


def _open_terminal(like: int) -> tuple[int, int]:
    """A pseudo-terminal (master, slave) set like a real one, but with output left as it is.

    The real one makes CR LF of each line end; it must not find one made already.
    """
    try:
        master, slave = os.openpty()
    except OSError as error:
        raise OrbenchError(
            f"cannot open a pseudo-terminal ({error.strerror}); redirect the output to a pipe"
        ) from error
    modes = termios.tcgetattr(like)
    modes[1] &= ~termios.OPOST
    modes[3] &= ~termios.ECHO
    termios.tcsetattr(slave, termios.TCSANOW, modes)
    return master, slave


def _is_one_file(one: int, other: int) -> bool:
    """Whether two descriptors lead into one file, pipe or socket; a device keeps them apart."""
    first, second = os.fstat(one), os.fstat(other)
    return os.path.samestat(first, second) and not stat.S_ISCHR(first.st_mode)


def pumps_for(streams: Iterable[Stream], take: Take, grace_seconds: float) -> list[Pump]:
    """A pump per destination: streams to one terminal share one, which keeps them in order."""
    groups: dict[tuple[int, int, int], list[Stream]] = {}
    for stream in streams:
        status = os.fstat(stream.destination)
        groups.setdefault((status.st_dev, status.st_ino, status.st_rdev), []).append(stream)
    return [Pump(group, take, grace_seconds) for group in groups.values()]


class Pump(threading.Thread):
    """Passes streams on until the program and all who hold its ends have closed them.

    A copy of everything read is given to `take`, after it was passed on. When a destination is
    closed the source is closed too, so that the program's next write fails as it would without
    us. After `program_ended` those who still hold an end (a daemon that the program left behind)
    have `grace_seconds` left; then what lies in the pipe is passed on and the rest is not read.
    """

    def __init__(self, streams: Iterable[Stream], take: Take, grace_seconds: float) -> None:
        """`take` gets the stream's name and a view that is valid only during the call."""
        super().__init__(name="orbench-passthrough", daemon=True)
        self._streams = {stream.source: stream for stream in streams}
        self._take = take
        self._grace = grace_seconds
        self._stop_at = float("inf")
        self._buffer = memoryview(bytearray(_READ_BYTES))
        self._woken, self._wake = os.pipe()

    def program_ended(self) -> None:
        """Say that the program has ended; the thread ends within the grace period."""
        self._stop_at = time.monotonic() + self._grace
        os.close(self._wake)

    def give_up(self) -> None:
        """Leave a destination that nobody reads; what is not passed on by now is lost to it."""
        for stream in list(self._streams.values()):
            stream.cut = "nobody read it; the rest was not passed on"

    def run(self) -> None:
        """The thread's body; see the class."""
        poll = select.poll()
        for source in (*self._streams, self._woken):
            poll.register(source, select.POLLIN)
        while self._streams and time.monotonic() < self._stop_at:
            for fd, _ in poll.poll(self._patience()):
                if fd == self._woken:
                    poll.unregister(fd)
                elif not self._pass_on(self._streams[fd]):
                    poll.unregister(fd)
                    del self._streams[fd]
                    os.close(fd)
        for stream in self._streams.values():
            self._pass_on_what_is_there(stream)
            os.close(stream.source)
        os.close(self._woken)

    def _patience(self) -> float | None:
        """Milliseconds to wait for output; None before the program has ended."""
        left = self._stop_at - time.monotonic()
        return None if left == float("inf") else max(0.0, left * 1000)

    def _pass_on_what_is_there(self, stream: Stream) -> None:
        """Pass on what the program left in the pipe; others may write to it without end."""
        stream.cut = "a process that the program left behind held it open; it was closed"
        os.set_blocking(stream.source, False)
        for _ in range(_PIPE_BYTES // 4096):
            if not self._pass_on(stream):
                return

    def _pass_on(self, stream: Stream) -> bool:
        """Read once and pass it on; False at the end of the source or of the destination."""
        try:
            size = os.readv(stream.source, [self._buffer])
        except OSError:  # EIO: a pseudo-terminal that nobody holds any more
            return False
        data = self._buffer[:size]
        try:
            _write_all(stream.destination, data)
        except OSError as error:
            if error.errno != errno.EPIPE:
                stream.cut = f"it could not be written: {error.strerror}"
            return False
        finally:
            self._take(stream.name, data)
        return size > 0


def _write_all(fd: int, data: memoryview) -> None:
    """Write all of it, also to a destination that somebody has set to non-blocking."""
    while data:
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:
            select.select([], [fd], [])
